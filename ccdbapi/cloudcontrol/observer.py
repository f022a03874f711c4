"""What is told of every request that is sent: statistics are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

#: The outcome of an attempt that the service answered with success, that got no answer, or that was stopped.
SUCCESS = "Success"
NO_ANSWER = "NoAnswer"
CANCELLED = "Cancelled"

#: What a read is told where there is nothing to read: an answer, and no failure.
_NOTHING_THERE = frozenset({"ResourceNotFoundException", "RequestTokenNotFoundException"})
_READS = frozenset({"GetResource", "GetResourceRequestStatus"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request that was sent: ``number`` counts the tries of one call from 1, ``duration`` is in seconds.

    ``outcome`` is the service's error code (or ``HTTP 502`` where it gave none), `SUCCESS`, `NO_ANSWER` or `CANCELLED`;
    ``throttled`` whether that code asks to go slower; ``resources`` is how many resources, or requests, a read brought;
    ``account`` is the alias of one of the connection's accounts, if it has such.
    """

    operation: str
    region: str
    type_name: str | None
    identifier: str | None
    number: int
    duration: float
    outcome: str
    throttled: bool = False
    resources: int = 0
    request_id: str | None = None
    account: str = ""

    @property
    def failed(self) -> bool:
        """Whether the service refused it, but for throttling, or gave no answer."""
        if self.throttled or self.outcome in (SUCCESS, CANCELLED):
            return False
        return self.operation not in _READS or self.outcome not in _NOTHING_THERE


class Observer(Protocol):
    """Is told of every attempt, on the event loop's thread: it must be quick and must not raise."""

    def attempted(self, attempt: Attempt) -> None:
        """Called after each request, answered or not."""


_observer: ContextVar[Observer | None] = ContextVar("ccdbapi_observer", default=None)


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """``observer`` is told of the attempts made inside, also by tasks and coroutines that are started inside.

    A client is shared by statements that run at once. Tasks inherit the context that they are started in, so each
    statement is told of its own calls, whatever lies between it and the client.
    """
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def current() -> Observer | None:
    """Who is told of attempts made here."""
    return _observer.get()
