"""Carries out requests that change resources, and accounts for every one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypedDict, get_args

from ccdbapi.cloudcontrol.accounts import Clients
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.exceptions import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    Outcome,
    OutcomeState,
    of_account,
)
from ccdbapi.execution.access import explain
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.requests import Request

#: Requests under way at once, most of them waiting for the service; and how many of these are being sent. Those behind
#: them are not sent any more when one has failed.
WIDTH, SENDING = 512, 64

#: How many requests of each state a message names.
_NAMED = 20

#: Answers that leave open whether the request was carried out.
_OPEN = frozenset(
    {
        None,
        "HandlerFailureException",
        "HandlerInternalFailureException",
        "InternalFailure",
        "InternalServerError",
        "NetworkFailureException",
        "ServiceInternalErrorException",
        "ServiceUnavailable",
    }
)


#: What to do about requests that failed: raise the first one's error, and send no more; or send all, and return them.
Failures = Literal["raise", "return"]

_CANCELLED = frozenset({"CANCEL_IN_PROGRESS", "CANCEL_COMPLETE"})


#: Is told what has become of one request so far.
Log = Callable[[Outcome], object]


def _no_log(_: Outcome) -> None:
    pass


class _Options(TypedDict):
    client_token: str
    role_arn: str | None
    type_version_id: str | None


class _Entry:
    """How far one request is."""

    __slots__ = ("event", "failure", "log", "request", "sent")

    def __init__(self, request: Request, log: Log) -> None:
        self.request = request
        self.log = log
        self.sent = False
        self.event: ProgressEvent | None = None
        self.failure: DatabaseError | None = None

    @property
    def state(self) -> OutcomeState:
        if not self.sent:
            return "not sent"
        if self.event is not None:
            return "done" if self.succeeded else "failed" if self.event.is_final else "unknown"
        return "failed" if self.failure is not None and self.failure.diag.code not in _OPEN else "unknown"

    @property
    def succeeded(self) -> bool:
        """Whether the last event is what the request was for: to cancel one is to have it cancelled."""
        if self.event is None:
            return False
        return self.event.succeeded if self.request.handler != "cancel" else self.event.operation_status in _CANCELLED

    @property
    def last_event(self) -> ProgressEvent:
        """The event that the service gave last; for a request that it refused at once, what it would have told."""
        if self.event is not None:
            return self.event
        diag = self.failure.diag if self.failure is not None else None
        return ProgressEvent(
            type_name=self.request.resource_type.name,
            identifier=self.request.identifier or None,
            operation=self.request.handler.upper(),
            operation_status="FAILED",
            error_code=diag.code if diag else None,
            status_message=diag.message if diag else None,
        )

    @property
    def outcome(self) -> Outcome:
        request, event = self.request, self.event
        diag = self.failure.diag if self.failure is not None else None
        return Outcome(
            state=self.state,
            operation=request.handler,
            type_name=request.resource_type.name,
            region=request.region,
            account=request.account or None,
            identifier=request.identifier or (event.identifier if event else None),
            client_token=request.client_token,
            request_token=event.request_token if event else None,
            code=diag.code if diag else None,
            message=diag.message if diag else None,
        )


class Writing:
    """Requests on their way: what a statement that writes comes to."""

    def __init__(
        self,
        clients: Clients,
        requests: Sequence[Request],
        *,
        awaited: bool,
        failures: Failures = "raise",
        log: Sequence[Log] | None = None,
    ) -> None:
        self._clients = clients
        self._awaited = awaited
        self._failures = failures
        logs = log or [_no_log] * len(requests)
        self._entries = [_Entry(request, log) for request, log in zip(requests, logs, strict=True)]
        self._sending = asyncio.Semaphore(SENDING)
        self._failed = False
        self._cancelled = False
        self._task: asyncio.Task[object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def carry_out(self, patience: Patience) -> Sequence[tuple[Request, ProgressEvent]]:
        """Makes the requests and, if they are awaited, waits until all are final; their last events in order.

        Raises the error of the first request that failed, OperationalError when ``patience`` is exhausted; either
        tells what became of all of them. Where failures are returned, it raises only for what may have become of one.
        """
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        if self._cancelled:
            raise asyncio.CancelledError
        remaining = iter(_by_resource(self._entries))
        try:
            async with asyncio.timeout(patience.left), asyncio.TaskGroup() as group:
                for _ in range(min(WIDTH, len(self._entries))):
                    group.create_task(self._carry_out_each(remaining))
        except TimeoutError:
            raise self.accounted(patience.exhausted()) from None
        returned = self._failures == "return"
        failed = [entry for entry in self._entries if not (returned and entry.state == "failed")]
        failures = [entry.failure for entry in failed if entry.failure is not None]
        if failures:
            raise self.accounted(failures[0])
        return [(entry.request, entry.last_event) for entry in self._entries]

    def log_unsent(self) -> None:
        """Logs the requests that were not sent, and will not be."""
        for entry in self._entries:
            if not entry.sent:
                self._log(entry)

    def cancel(self) -> None:
        """Stops waiting, from any thread: `carry_out` is cancelled. What the service has begun goes on."""
        self._cancelled = True
        if self._task is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)

    def cancelled(self) -> DatabaseError:
        """The error for a statement that was cancelled."""
        return self.accounted(OperationalError("The statement was cancelled."))

    def accounted(self, error: DatabaseError) -> DatabaseError:
        """``error`` with an account of all the requests."""
        if len(self._entries) > 1 or error.diag.code is None:
            error = type(error)(f"{error} Of {len(self._entries)} requests: {self.account}.", diag=error.diag)
        error.outcomes = self.outcomes
        return error

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of the requests, in order."""
        return tuple(entry.outcome for entry in self._entries)

    @property
    def account(self) -> str:
        """What became of the requests, in words."""
        states: dict[str, list[Outcome]] = {}
        for entry in self._entries:
            states.setdefault(entry.state, []).append(entry.outcome)
        return "; ".join(_described(state, states[state]) for state in get_args(OutcomeState) if state in states)

    async def _carry_out_each(self, groups: Iterator[Sequence[_Entry]]) -> None:
        for group in groups:
            for entry in group:
                if self._failed:
                    return
                await self._carry_out_one(entry)

    async def _carry_out_one(self, entry: _Entry) -> None:
        request = entry.request
        try:
            async with self._sending:
                if self._failed:
                    return
                entry.sent = True
                entry.event = await self._send(request)
            entry.log(entry.outcome)
            if self._awaited:
                entry.event = await self._clients(request.account).wait(request.region, entry.event)
            entry.failure = None if entry.succeeded else entry.event.error(request.region)
        except DatabaseError as error:
            entry.failure = error
        except Exception as error:  # the other requests are still accounted for
            entry.failure = InternalError(f"The driver failed: {type(error).__name__}: {error}")
        if entry.failure is not None:
            self._failed |= self._failures == "raise" or entry.state == "unknown"
            failure = of_account(entry.failure, request.account)
            entry.failure = explain(failure, request.resource_type, request.handler)
        self._log(entry)

    def _log(self, entry: _Entry) -> None:
        try:
            entry.log(entry.outcome)
        except InterfaceError as error:
            self._failed = True
            entry.failure = entry.failure or InternalError(str(error))

    async def _send(self, request: Request) -> ProgressEvent:
        if request.request_token is not None:
            return ProgressEvent(
                type_name=request.resource_type.name,
                identifier=request.identifier or None,
                operation=request.handler.upper(),
                operation_status="IN_PROGRESS",
                request_token=request.request_token,
            )
        client = self._clients(request.account)
        create, update, delete = client.create_resource, client.update_resource, client.delete_resource
        options = _Options(
            client_token=request.client_token, role_arn=request.role_arn, type_version_id=request.type_version_id
        )
        if request.handler == "cancel":
            return await client.cancel_resource_request(request.region, request.identifier)
        if request.handler == "create":
            return await create(request.region, request.resource_type.name, request.document, **options)
        if request.handler == "delete":
            return await delete(request.region, request.resource_type.name, request.identifier, **options)
        return await update(request.region, request.resource_type.name, request.identifier, request.document, **options)


def _by_resource(entries: Sequence[_Entry]) -> Sequence[Sequence[_Entry]]:
    """The entries in groups within which order matters: Cloud Control refuses to change a resource twice at once."""
    groups: dict[object, list[_Entry]] = {}
    for entry in entries:
        request = entry.request
        resource = (request.account, request.region, request.identifier) if request.identifier else request.client_token
        groups.setdefault(resource, []).append(entry)
    return list(groups.values())


def _described(state: str, outcomes: Sequence[Outcome]) -> str:
    named = [text for outcome in outcomes[:_NAMED] if (text := _tokens(state, outcome))]
    more = [f"and {len(outcomes) - _NAMED} more"] if len(outcomes) > _NAMED else []
    return f"{len(outcomes)} {state}" + (f" ({', '.join([*named, *more])})" if named else "")


def _tokens(state: str, outcome: Outcome) -> str:
    match state:
        case "done":
            return outcome.identifier or ""
        case "failed":
            reason = f"{outcome.code}: {outcome.message}"
            return f"{outcome.identifier or outcome.client_token}: {reason}, request token {outcome.request_token}"
        case "unknown":
            tokens = f"request token {outcome.request_token}, client token {outcome.client_token}"
            return f"{outcome.identifier or outcome.type_name}: {tokens}"
    return ""
