"""Carries out requests that change resources, and accounts for every one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal, TypedDict

from ccdbapi.cloudcontrol.accounts import Clients
from ccdbapi.cloudcontrol.call import Dispatch
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.cloudcontrol.retry import throttles
from ccdbapi.exceptions import DatabaseError, Error, InterfaceError, InternalError, OperationalError, Outcome
from ccdbapi.execution.accounting import Entry, Log, account_of, by_resource, no_log
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.perseverance import in_the_end
from ccdbapi.execution.requests import Request
from ccdbapi.execution.stop import Stop

#: Requests under way at once, most of them waiting for the service; and how many of these are being sent. Those behind
#: them are not sent any more when one has failed. More where more calls than the usual number may be made at once.
WIDTH, SENDING, USUAL_CONCURRENCY = 512, 64, 64

#: Seconds that requests are given to be cancelled, and to tell what became of them.
PARTING = 10.0

#: What to do about requests that failed: raise the first one's error, and send no more; or send all, and return them.
Failures = Literal["raise", "return"]

#: Answers to a request that was not taken on since another one is under way on the resource. Once that is final it can
#: be made again, under the same client token. An UPDATE by columns then finds out by the ``test`` operations of its
#: document whether what it compared with is still there.
_CONCURRENT = frozenset({"ConcurrentOperationException", "ConcurrentModificationException"})


class _Options(TypedDict):
    client_token: str
    role_arn: str | None
    type_version_id: str | None
    dispatch: Dispatch


class Writing:
    """Requests on their way: what a statement that writes comes to.

    ``concurrency`` is how many calls the ``clients`` make at once.
    """

    def __init__(
        self,
        clients: Clients,
        requests: Sequence[Request],
        *,
        awaited: bool,
        failures: Failures = "raise",
        log: Sequence[Log] | None = None,
        concurrency: int = USUAL_CONCURRENCY,
    ) -> None:
        self._clients = clients
        self._awaited = awaited
        self._failures = failures
        logs = log or [no_log] * len(requests)
        self._entries = [Entry(request, log) for request, log in zip(requests, logs, strict=True)]
        times = max(1.0, concurrency / USUAL_CONCURRENCY)
        self._width, self._sending = int(WIDTH * times), asyncio.Semaphore(int(SENDING * times))
        #: Why nothing more is sent: the failure that came first.
        self._ending: Error | None = None
        self._bounded = False
        self._stop = Stop()

    async def carry_out(self, patience: Patience) -> Sequence[tuple[Request, ProgressEvent]]:
        """Makes the requests and, if they are awaited, waits until all are final; their last events in order.

        Requests that are awaited wait for others on their resources, and where ``patience`` has an end, those that are
        throttled are made again until then. Raises the error of the request that failed first, OperationalError when
        ``patience`` is exhausted, InterfaceError where they cannot be logged; each tells what became of all of them.
        Where failures are returned, it raises only for what is not known to have failed. Who cancels it has `call_off`
        to follow.
        """
        self._stop.begin()
        self._bounded = patience.left is not None
        remaining = iter(by_resource(self._entries))
        try:
            async with asyncio.timeout(patience.left), asyncio.TaskGroup() as group:
                for _ in range(min(self._width, len(self._entries))):
                    group.create_task(self._carry_out_each(remaining))
        except TimeoutError:
            await self._withdraw(self._entries)
            raise self.accounted(patience.exhausted()) from None
        except asyncio.CancelledError:
            # Not those that an answer is due to: it brings the token by which they can be cancelled.
            await self._withdraw([entry for entry in self._entries if not entry.dispatch.travelling])
            raise
        if self._ending is not None:
            raise self.accounted(self._ending)
        return [(entry.request, entry.last_event) for entry in self._entries]

    async def call_off(self) -> None:
        """Asks the service to cancel what is under way, and waits for what becomes of it, but not for long.

        Some may be carried out all the same: what counts is how they end. AWS: CancelResourceRequest.
        """
        self._stop.follow()
        entries = [entry for entry in self._entries if entry.under_way]
        try:
            async with asyncio.timeout(PARTING), asyncio.TaskGroup() as group:
                for entry in entries:
                    group.create_task(self._call_off(entry))
        except TimeoutError:
            pass
        finally:
            await self._withdraw(entries)
            for entry in entries:
                entry.settle()
                self._log(entry)

    def log_rest(self) -> None:
        """Logs what is not logged yet of requests that nothing more becomes of: those that were never taken on."""
        for entry in self._entries:
            if entry.state not in ("unknown", entry.logged):
                self._log(entry)

    def cancel(self) -> None:
        """Stops waiting, from any thread: `carry_out` is cancelled, or `call_off`."""
        self._stop.ask()

    def cancelled(self) -> Error:
        """The error for a statement that was cancelled."""
        return self.accounted(OperationalError("The statement was cancelled."))

    def accounted(self, error: Error) -> Error:
        """``error`` with an account of all the requests."""
        if len(self._entries) > 1 or error.diag.code is None:
            error = type(error)(f"{error} {self.account}", diag=error.diag)
        error.outcomes = self.outcomes
        return error

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of the requests, in order."""
        return tuple(entry.outcome for entry in self._entries)

    @property
    def answered(self) -> Sequence[tuple[Request, ProgressEvent]]:
        """The requests that the service has told of, with the last that it told of each."""
        return [(entry.request, entry.event) for entry in self._entries if entry.event is not None]

    @property
    def account(self) -> str:
        """What became of the requests, in words."""
        return account_of(self.outcomes)

    async def _carry_out_each(self, groups: Iterator[Sequence[Entry]]) -> None:
        for group in groups:
            for entry in group:
                if self._ending:
                    return
                await self._carry_out_one(entry)

    async def _carry_out_one(self, entry: Entry) -> None:
        request = entry.request
        try:
            passes = partial(self._passes, request)
            await in_the_end(lambda: self._send(entry), passes)
            if entry.event is None:
                return  # it is not sent any more
            self._log(entry)
            if self._awaited:
                event, client = entry.event, self._clients(request.account)
                entry.event = await in_the_end(lambda: client.wait(request.region, event), passes)
            entry.settle()
        except DatabaseError as error:
            entry.fail(error)
        except Exception as error:  # the other requests are still accounted for
            entry.fail(InternalError(f"The driver failed: {type(error).__name__}: {error}"))
        if entry.failure is not None and (self._failures == "raise" or entry.state != "failed"):
            self._ending = self._ending or entry.failure
        self._log(entry)

    def _passes(self, request: Request, failure: DatabaseError) -> bool:
        if self._ending:
            return False
        # What is being cancelled may be final already, and then stays so.
        waits = self._awaited and request.handler != "cancel" and failure.diag.code in _CONCURRENT
        return waits or (self._bounded and throttles(failure.diag.code))

    async def _send(self, entry: Entry) -> None:
        """Sends a request until it has its first event, unless nothing is to be sent any more."""
        async with self._sending:
            if self._ending and not entry.dispatch.sent:
                return
            # A task of its own, which brings the event whether that is waited for or not.
            entry.sending = asyncio.create_task(self._take_on(entry))
            entry.sending.add_done_callback(_looked_at)
            await asyncio.wait({entry.sending})
            await entry.sending

    async def _call_off(self, entry: Entry) -> None:
        client, region = self._clients(entry.request.account), entry.request.region
        if entry.sending is not None:
            await asyncio.wait({entry.sending})
        if entry.event is None or entry.event.request_token is None:
            return
        try:
            event = entry.event = await client.cancel_resource_request(region, entry.event.request_token)
        except DatabaseError:
            # It may be final already, which its status tells, whenever that was to be asked for.
            event = replace(entry.event, retry_after=None)
        with suppress(DatabaseError):
            entry.event = await client.wait(region, event)

    async def _withdraw(self, entries: Sequence[Entry]) -> None:
        """Sends the entries no more, if that has not come to its end."""
        tasks = [entry.sending for entry in entries if entry.sending is not None and not entry.sending.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _log(self, entry: Entry) -> None:
        entry.logged = entry.state
        try:
            entry.log(entry.outcome)
        except InterfaceError as error:
            # What is under way is still waited for: to know how it ends is all the more worth.
            behind = InterfaceError(f"{error} No more is sent, and the journal is behind what is told here.")
            self._ending = self._ending or behind

    async def _take_on(self, entry: Entry) -> None:
        entry.event = await self._first_event(entry.request, entry.dispatch)

    async def _first_event(self, request: Request, dispatch: Dispatch) -> ProgressEvent:
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
            client_token=request.client_token,
            role_arn=request.role_arn,
            type_version_id=request.type_version_id,
            dispatch=dispatch,
        )
        if request.handler == "cancel":
            return await client.cancel_resource_request(request.region, request.identifier, dispatch=dispatch)
        if request.handler == "create":
            return await create(request.region, request.resource_type.name, request.document, **options)
        if request.handler == "delete":
            return await delete(request.region, request.resource_type.name, request.identifier, **options)
        return await update(request.region, request.resource_type.name, request.identifier, request.document, **options)


def _looked_at(task: asyncio.Task[None]) -> None:
    """Has asyncio not report what the task raises as lost: its dispatch tells, to whoever asks."""
    if not task.cancelled():
        task.exception()
