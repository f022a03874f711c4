"""Counts the calls of a statement as they are made, and for which part of its plan."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from ccdbapi.cloudcontrol.observer import CANCELLED, SUCCESS, Attempt
from ccdbapi.statistics import CallStatistics, Latency, merged

#: A part of a plan: the name of a raw table, and the part's number there.
Part = tuple[str, int]

_part: ContextVar[Part | None] = ContextVar("ccdbapi_part", default=None)


@contextmanager
def counted_for(part: Part) -> Iterator[None]:
    """The calls made inside, also by tasks and coroutines that are started inside, count for ``part``."""
    token = _part.set(part)
    try:
        yield
    finally:
        _part.reset(token)


class _Group:
    """The figures of what is alike: for one part, of one operation, region, account and type. See `CallStatistics`."""

    __slots__ = ("calls", "failures", "like", "pages", "part", "resources", "retries", "seconds", "throttles")

    def __init__(self, part: Part | None, like: Attempt) -> None:
        self.part, self.like = part, like
        self.calls = self.retries = self.throttles = self.failures = self.pages = self.resources = 0
        self.seconds = array("d")


class Tally:
    """The figures of a statement's calls, by operation, region, account and resource type. An `Observer`."""

    def __init__(self) -> None:
        self._groups: dict[tuple[object, ...], _Group] = {}
        self._lock = threading.Lock()

    def attempted(self, attempt: Attempt) -> None:
        """Counts it. On the event loop's thread."""
        part = _part.get()
        with self._lock:
            key = part, attempt.operation, attempt.region, attempt.account, attempt.type_name
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = _Group(part, attempt)
            if attempt.number == 1:
                group.calls += 1
            else:
                group.retries += 1
            group.throttles += attempt.throttled
            group.failures += attempt.failed
            group.pages += attempt.outcome == SUCCESS and attempt.operation.startswith("List")
            group.resources += attempt.resources
            if attempt.outcome != CANCELLED:
                group.seconds.append(attempt.duration)

    def figures(self) -> tuple[CallStatistics, ...]:
        """The figures by now, in the order of the first calls. From any thread."""
        return merged(kind for kinds in self.by_part().values() for kind in kinds)

    def by_part(self) -> Mapping[Part | None, Sequence[CallStatistics]]:
        """The figures by now of each part; None: of what is for no part. From any thread."""
        parts: dict[Part | None, list[CallStatistics]] = {}
        with self._lock:
            for group in self._groups.values():
                figures = CallStatistics(
                    operation=group.like.operation,
                    region=group.like.region,
                    type_name=group.like.type_name,
                    account=group.like.account,
                    calls=group.calls,
                    retries=group.retries,
                    throttles=group.throttles,
                    failures=group.failures,
                    pages=group.pages,
                    resources=group.resources,
                    latency=Latency(group.seconds[:]),
                )
                parts.setdefault(group.part, []).append(figures)
        return parts
