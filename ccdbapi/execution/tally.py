"""Counts the calls of a statement as they are made."""

from __future__ import annotations

import threading
from array import array

from ccdbapi.cloudcontrol.observer import CANCELLED, SUCCESS, Attempt
from ccdbapi.statistics import CallStatistics, Latency


class _Group:
    """The figures of one operation, region and type. See `CallStatistics`."""

    __slots__ = ("calls", "failures", "pages", "resources", "retries", "seconds", "throttles")

    def __init__(self) -> None:
        self.calls = self.retries = self.throttles = self.failures = self.pages = self.resources = 0
        self.seconds = array("d")


class Tally:
    """The figures of a statement's calls, by operation, region and resource type. An `Observer`."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str, str | None], _Group] = {}
        self._lock = threading.Lock()

    def attempted(self, attempt: Attempt) -> None:
        """Counts it. On the event loop's thread."""
        with self._lock:
            key = attempt.operation, attempt.region, attempt.type_name
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = _Group()
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
        with self._lock:
            return tuple(
                CallStatistics(
                    operation=operation,
                    region=region,
                    type_name=type_name,
                    calls=group.calls,
                    retries=group.retries,
                    throttles=group.throttles,
                    failures=group.failures,
                    pages=group.pages,
                    resources=group.resources,
                    latency=Latency(group.seconds[:]),
                )
                for (operation, region, type_name), group in self._groups.items()
            )
