"""What the client tells about its work: statistics and the call log are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

#: The outcome of an attempt that the service answered with success, that got no answer, or that was stopped.
SUCCESS = "Success"
NO_ANSWER = "NoAnswer"
CANCELLED = "Cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request that was sent: ``number`` counts the tries of one call from 1, ``duration`` is in seconds.

    ``outcome`` is the service's error code (or ``HTTP 502`` where it gave none), `SUCCESS`, `NO_ANSWER` or `CANCELLED`.
    """

    operation: str
    region: str
    type_name: str | None
    identifier: str | None
    number: int
    duration: float
    outcome: str


class Observer(Protocol):
    """Is told of every attempt, on the event loop's thread: it must be quick and must not raise."""

    def attempted(self, attempt: Attempt) -> None:
        """Called after each request, answered or not."""
