"""The account of requests that change resources: how far each is, and what became of them in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import get_args

from ccdbapi.cloudcontrol.call import Dispatch
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.cloudcontrol.retry import leaves_open
from ccdbapi.exceptions import DatabaseError, Outcome, OutcomeState, of_account
from ccdbapi.execution.access import explain
from ccdbapi.execution.requests import Request

#: How many requests of each state a message names; the error's ``outcomes`` have all.
_NAMED = 3

_CANCELLED = frozenset({"CANCEL_IN_PROGRESS", "CANCEL_COMPLETE"})

#: Answers to a document that cannot be applied. AWS tells no reasons apart by its codes.
_INAPPLICABLE = frozenset({"InvalidRequestException", "ValidationException"})

#: Is told what has become of one request so far.
Log = Callable[[Outcome], object]

_GUARDED = (
    "the document applies only to a resource that is as its test operations say: if it was changed since it was read, "
    "nothing is overwritten, and the statement can be executed again"
)


def no_log(_: Outcome) -> None:
    """For requests that nobody takes down."""


class Entry:
    """How far one request is.

    ``dispatch`` tells of its sending, which ``sending`` does; ``event`` is the last that the service gave, ``failure``
    why it is not carried out, and ``logged`` the state that was logged last.
    """

    __slots__ = ("dispatch", "event", "failure", "log", "logged", "request", "sending")

    def __init__(self, request: Request, log: Log) -> None:
        self.request = request
        self.log = log
        self.dispatch = Dispatch(doubtful=request.resumed)
        self.sending: asyncio.Task[None] | None = None
        self.event: ProgressEvent | None = None
        self.failure: DatabaseError | None = None
        self.logged: OutcomeState | None = None

    @property
    def state(self) -> OutcomeState:
        if self.event is not None:
            return "done" if self.succeeded else "failed" if self.event.is_final else "unknown"
        if not self.dispatch.sent:
            return "not sent"
        refusal = self._refusal
        if refusal is None or self.dispatch.travelling or self.dispatch.doubtful or leaves_open(refusal.diag.code):
            return "unknown"
        return "failed"

    @property
    def succeeded(self) -> bool:
        """Whether the last event is what the request was for: to cancel one is to have it cancelled."""
        if self.event is None:
            return False
        return self.event.succeeded if self.request.handler != "cancel" else self.event.operation_status in _CANCELLED

    @property
    def under_way(self) -> bool:
        """Whether the service works on the request, or may be about to."""
        if self.event is not None:
            return not self.event.is_final and self.request.handler != "cancel"
        return self.sending is not None and not self.sending.done() and self.dispatch.travelling

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
        request, event, refusal = self.request, self.event, self._refusal
        status = f"last seen {event.operation_status}" if event is not None and not event.is_final else None
        return Outcome(
            state=self.state,
            operation=request.handler,
            type_name=request.resource_type.name,
            region=request.region,
            account=request.account or None,
            identifier=request.identifier or (event.identifier if event else None),
            client_token=request.client_token,
            request_token=event.request_token if event else None,
            code=None if refusal is None else refusal.diag.code,
            message=status if refusal is None else refusal.diag.message or str(refusal),
        )

    def settle(self) -> None:
        """Takes from the last event whether the request has failed."""
        if self.event is not None:
            failure = None if self.succeeded else self.event.error(self.request.region)
            self.fail(failure)

    def fail(self, failure: DatabaseError | None) -> None:
        """Takes down why the request is not carried out, with what the caller may lack."""
        if failure is not None:
            failure = explain(
                of_account(failure, self.request.account), self.request.resource_type, self.request.handler
            )
            if failure.diag.code in _INAPPLICABLE and self.request.is_guarded:
                failure = type(failure)(f"{failure}; {_GUARDED}", diag=failure.diag)
        self.failure = failure

    @property
    def _refusal(self) -> DatabaseError | None:
        """Why the request is not carried out, as far as that is known."""
        return self.failure or (self.dispatch.failure if self.event is None else None)


def by_resource(entries: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
    """The entries in groups within which order matters: Cloud Control refuses to change a resource twice at once."""
    groups: dict[object, list[Entry]] = {}
    for entry in entries:
        request = entry.request
        resource = (request.account, request.region, request.identifier) if request.identifier else request.client_token
        groups.setdefault(resource, []).append(entry)
    return list(groups.values())


def account_of(outcomes: Sequence[Outcome]) -> str:
    """What became of requests, in words: how many came to each state, and the first few of these."""
    states: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        states.setdefault(outcome.state, []).append(outcome)
    told = "; ".join(_described(state, states[state]) for state in get_args(OutcomeState) if state in states)
    return f"Of {len(outcomes)} request{'s' if len(outcomes) != 1 else ''}: {told or 'none'}."


def _described(state: str, outcomes: Sequence[Outcome]) -> str:
    named = [text for outcome in outcomes[:_NAMED] if (text := _tokens(state, outcome))]
    more = [f"and {len(outcomes) - _NAMED} more"] if len(outcomes) > _NAMED else []
    return f"{len(outcomes)} {state}" + (f" ({', '.join([*named, *more])})" if named else "")


def _tokens(state: str, outcome: Outcome) -> str:
    match state:
        case "done":
            return outcome.identifier or ""
        case "failed":
            token = f", request token {outcome.request_token}" if outcome.request_token else ""
            return f"{outcome.identifier or outcome.client_token}: {outcome.code}: {outcome.message}{token}"
        case "unknown":
            token = f"request token {outcome.request_token}, " if outcome.request_token else ""
            why = f", {outcome.message}" if outcome.message else ""
            name = outcome.identifier or outcome.type_name
            return f"{name}: {token}client token {outcome.client_token}{why}"
    return ""
