"""One call of the service: as many tries as it takes and is worth, each within the limits, and reported."""

from __future__ import annotations

import asyncio
import logging
import math
import weakref
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ccdbapi.cloudcontrol import observer
from ccdbapi.cloudcontrol.clock import Clock
from ccdbapi.cloudcontrol.limiter import RateLimiter
from ccdbapi.cloudcontrol.observer import CANCELLED, NO_ANSWER, SUCCESS, Attempt
from ccdbapi.cloudcontrol.retry import Backoff, Trace, Verdict, judge, trace
from ccdbapi.cloudcontrol.transport import Answer, EndpointError, Transport, TransportError
from ccdbapi.exceptions import DatabaseError, Diagnostics, InterfaceError, OperationalError, error_for, of_account

logger = logging.getLogger("ccdbapi.calls")

#: The try of a call that is worth a warning.
LATE_TRY = 5

#: Where the answers of operations that list have what they list.
_LISTED = {"ListResources": "ResourceDescriptions", "ListResourceRequests": "ResourceRequestStatusSummaries"}


@dataclass(slots=True)
class Dispatch:
    """How far the sending of a call is, for those who may have to give it up.

    ``tries`` is how often it has been sent, ``travelling`` tells whether an answer is due, ``failure`` what its latest
    try came to, and ``doubtful`` whether one of them may have been carried out although it failed.
    """

    tries: int = 0
    travelling: bool = False
    failure: DatabaseError | None = None
    doubtful: bool = False

    @property
    def sent(self) -> bool:
        """Whether it has been sent at all."""
        return self.tries > 0

    def departed(self) -> None:
        self.tries += 1
        self.travelling = True

    def stayed(self) -> None:
        """It could not be sent, although it was about to be."""
        self.tries -= 1
        self.travelling = False

    def failed(self, failure: DatabaseError, says: Trace) -> None:
        self.failure = failure
        if says is not Trace.SILENT:
            self.doubtful = says is Trace.OPEN


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of the service, where it goes, and its members as the service model names them."""

    operation: str
    region: str
    payload: Mapping[str, object] = field(repr=False)
    dispatch: Dispatch = field(default_factory=Dispatch, repr=False, compare=False)

    @property
    def type_name(self) -> str | None:
        return _string(self.payload.get("TypeName"))

    @property
    def identifier(self) -> str | None:
        return _string(self.payload.get("Identifier"))

    @property
    def client_token(self) -> str | None:
        return _string(self.payload.get("ClientToken"))

    def diagnostics(
        self, *, code: str | None = None, message: str | None = None, reply: Answer | None = None
    ) -> Diagnostics:
        return Diagnostics(
            code=code,
            message=message,
            operation=self.operation,
            region=self.region,
            type_name=self.type_name,
            identifier=self.identifier,
            request_id=reply.request_id if reply else None,
            request_token=_string(self.payload.get("RequestToken")),
        )


#: Carries out a call; raises the PEP 249 exception of its failure.
Send = Callable[[Call], Awaitable[Answer]]


class Places:
    """The requests that may be under way at once on an event loop: those of one client, or of several that share them.

    Locks belong to an event loop, and a forked child, or a host that calls asyncio.run() twice, brings a new one.
    """

    def __init__(self, number: int) -> None:
        if number < 1:
            raise InterfaceError("concurrency must be at least 1.")
        self._number = number
        self._semaphores: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )

    def here(self) -> asyncio.Semaphore:
        """The places on the running event loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._semaphores:
            self._semaphores[loop] = asyncio.Semaphore(self._number)
        return self._semaphores[loop]


class _Limits:
    """What bounds the calls made on one event loop: a limiter for each region."""

    def __init__(self, rate_limit: float | None, clock: Clock) -> None:
        self._rate_limit = rate_limit
        self._clock = clock
        self._limiters: dict[str, RateLimiter] = {}

    def limiter(self, region: str) -> RateLimiter | None:
        if self._rate_limit is None:
            return None
        if region not in self._limiters:
            self._limiters[region] = RateLimiter(self._rate_limit, clock=self._clock)
        return self._limiters[region]


class Caller:
    """Carries calls out: retries, rate limits, the bound on concurrency, the report of every attempt.

    ``account`` is the alias that errors and reports name, empty where there is but one account.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        rate_limit: float | None,
        max_attempts: int,
        concurrency: int | Places,
        clock: Clock,
        backoff: Backoff,
        account: str = "",
    ) -> None:
        if max_attempts < 1:
            raise InterfaceError("max_attempts must be at least 1.")
        if rate_limit is not None and not rate_limit >= 0:
            raise InterfaceError(f"rate_limit must be a number of requests a second, or None, not {rate_limit!r}.")
        self._transport = transport
        self._rate_limit = rate_limit if rate_limit and math.isfinite(rate_limit) else None
        self._max_attempts = max_attempts
        self._places = concurrency if isinstance(concurrency, Places) else Places(concurrency)
        self._clock = clock
        self._backoff = backoff
        self._account = account
        self._limits: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Limits] = weakref.WeakKeyDictionary()

    async def send(self, call: Call) -> Answer:
        """The service's answer to ``call``, after as many tries as it takes and is worth."""
        try:
            return await self._send(call)
        except DatabaseError as error:
            raise of_account(error, self._account) from error.__cause__

    async def _send(self, call: Call) -> Answer:
        number = 1
        while True:
            failure: DatabaseError
            cause: Exception | None = None
            try:
                reply, verdict = await self._attempt(call, number)
            except (TransportError, OSError) as error:
                failure, cause, final = _unanswered(call, number, error), error, isinstance(error, EndpointError)
                says = Trace.OPEN if _left(error) else Trace.SILENT
            else:
                if verdict is None:
                    return reply
                failure, final = _refused(call, reply, number), verdict is Verdict.FINAL
                says = trace(reply.status, failure.diag.code)
            call.dispatch.failed(failure, says)
            if final or number >= self._max_attempts:
                raise failure from cause
            await self._clock.sleep(self._backoff.delay(number))
            number += 1

    @contextmanager
    def reading(self, first: Call) -> Iterator[Send]:
        """What sends the calls of one read, of which ``first`` is the first. The block ends well if the read did."""
        yield self.send

    async def _attempt(self, call: Call, number: int) -> tuple[Answer, Verdict | None]:
        """The answer, and what it says about trying again if it is a failure."""
        # The limiter comes before the place: calls that wait for one slow region must not keep the others from theirs.
        limiter = self._limits_here().limiter(call.region)
        permitted_at = await limiter.acquire() if limiter else 0.0
        async with self._places.here():
            started = self._clock.monotonic()
            outcome, reply, verdict = NO_ANSWER, None, None
            call.dispatch.departed()
            try:
                reply = await self._transport.send(call.operation, call.region, call.payload)
                outcome, verdict = _outcome(call, reply)
                call.dispatch.travelling = False
            except asyncio.CancelledError:
                outcome = CANCELLED
                raise
            except Exception as error:
                if _left(error):
                    call.dispatch.travelling = False
                else:
                    call.dispatch.stayed()
                raise
            finally:
                _report(
                    Attempt(
                        operation=call.operation,
                        region=call.region,
                        type_name=call.type_name,
                        identifier=call.identifier,
                        number=number,
                        duration=self._clock.monotonic() - started,
                        outcome=outcome,
                        throttled=verdict is Verdict.THROTTLED,
                        resources=0 if reply is None else _resources(call, reply),
                        request_id=None if reply is None else reply.request_id,
                        account=self._account,
                    )
                )
        if verdict is Verdict.THROTTLED and limiter is not None and limiter.throttled(permitted_at):
            logger.warning(
                "%s in %s was throttled (%s): slowing down to %.3g requests a second there",
                call.operation, _place(call.region, self._account), outcome, limiter.rate,
            )  # fmt: skip
        return reply, verdict

    def _limits_here(self) -> _Limits:
        loop = asyncio.get_running_loop()
        if loop not in self._limits:
            self._limits[loop] = _Limits(self._rate_limit, self._clock)
        return self._limits[loop]


def _left(error: Exception) -> bool:
    """Whether the request may have been sent, although `Transport.send` raised ``error``."""
    return not isinstance(error, DatabaseError) and getattr(error, "sent", True)


def _report(attempt: Attempt) -> None:
    watching = observer.current()
    if watching is not None:
        watching.attempted(attempt)
    place = _place(attempt.region, attempt.account)
    logger.debug(
        "%s %s %r in %s, try %d: %s after %.0f ms, request id %s",
        attempt.operation, attempt.type_name, attempt.identifier, place, attempt.number, attempt.outcome,
        attempt.duration * 1000, attempt.request_id,
    )  # fmt: skip
    if attempt.number == LATE_TRY and (attempt.failed or attempt.throttled):
        logger.warning(
            "%s %s %r in %s has been tried %d times, at last with %s",
            attempt.operation, attempt.type_name, attempt.identifier, place, LATE_TRY, attempt.outcome,
        )  # fmt: skip


def _place(region: str, account: str) -> str:
    return f"{region} of account {account}" if account else region


def _outcome(call: Call, reply: Answer) -> tuple[str, Verdict | None]:
    """What came of an attempt, in a word, and what it says about trying again if it is a failure."""
    if 200 <= reply.status < 300:
        return SUCCESS, None
    code = _error_code(reply)
    return code or f"HTTP {reply.status}", judge(call.operation, reply.status, code)


def _resources(call: Call, reply: Answer) -> int:
    listed = reply.body.get(_LISTED.get(call.operation, ""))
    return len(listed) if isinstance(listed, list) else int("ResourceDescription" in reply.body)


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _error_code(reply: Answer) -> str | None:
    """``com.amazonaws.cloudapiservice#ThrottlingException:http://…`` → ``ThrottlingException``."""
    code = _string(reply.body.get("__type")) or _string(reply.body.get("code"))
    return code.partition(":")[0].rpartition("#")[2] if code else None


def _refused(call: Call, reply: Answer, attempts: int) -> DatabaseError:
    code = _error_code(reply)
    message = _string(reply.body.get("Message")) or _string(reply.body.get("message"))
    if message is None and code is None:
        message = f"HTTP status {reply.status}"
    if attempts > 1:
        message = f"{message or 'no message was given'} [after {attempts} tries]"
    if reply.status >= 500 and call.client_token:
        message = f"{message} {_unknown_outcome(call)}"
    return error_for(call.diagnostics(code=code, message=message, reply=reply))


def _unanswered(call: Call, attempts: int, error: Exception) -> OperationalError:
    what = f"{call.type_name} {call.identifier or ''}".strip() if call.type_name else "the request"
    why = str(error) or type(error).__name__
    tries = f" in {attempts} tries" if attempts > 1 else ""
    message = f"{call.operation} of {what} in {call.region} got no answer{tries}: {why.removesuffix('.')}."
    if call.client_token and call.dispatch.sent:
        message = f"{message} {_unknown_outcome(call)}"
    return OperationalError(message, diag=call.diagnostics(message=why))


def _unknown_outcome(call: Call) -> str:
    return (
        f"Whether it was carried out is unknown; it is safe to repeat it with client_token('{call.client_token}') "
        "within 36 hours."
    )
