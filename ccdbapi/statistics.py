"""What a statement did, in figures."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Latency:
    """How long requests took, from sending to the answer, in seconds. All figures are 0 where there was none."""

    #: Each request's, in the order of their ends.
    seconds: array[float] = field(default_factory=lambda: array("d"), repr=False)

    @property
    def total(self) -> float:
        return sum(self.seconds)

    @property
    def minimum(self) -> float:
        return min(self.seconds, default=0.0)

    @property
    def median(self) -> float:
        ordered = sorted(self.seconds)
        middle = len(ordered) // 2
        return (ordered[middle] + ordered[~middle]) / 2 if ordered else 0.0

    @property
    def maximum(self) -> float:
        return max(self.seconds, default=0.0)

    def __str__(self) -> str:
        return f"{self.minimum:.3f}/{self.median:.3f}/{self.maximum:.3f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStatistics:
    """The calls of one ``operation``, region, account and resource type.

    ``type_name`` is None for operations on requests, which name none; ``account`` is the alias of one of the
    connection's accounts, empty if it has no such. ``calls`` were sent, which count once they are answered or stopped,
    again as often as ``retries`` tells: after one of ``throttles`` answers that asked to go slower, or of ``failures``,
    which are the service's other errors and requests that got no answer. That a resource does not exist is an answer.
    ``pages`` of lists came, and ``resources`` (in a list of requests: requests) by reads.
    """

    operation: str
    region: str
    type_name: str | None
    account: str = ""
    calls: int = 0
    retries: int = 0
    throttles: int = 0
    failures: int = 0
    pages: int = 0
    resources: int = 0
    latency: Latency = field(default_factory=Latency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a statement has done so far, or in all once it has ``ended``. See `CallStatistics` for the figures.

    It ends with its last row, an error, or when its result is dropped. ``rows`` were fetched. ``wall_time`` is the
    seconds since its beginning, in which rows may have waited to be fetched; in ``waiting_time`` of them it waited for
    AWS.
    """

    breakdown: tuple[CallStatistics, ...]
    rows: int
    wall_time: float
    waiting_time: float
    ended: bool

    @property
    def calls(self) -> int:
        return sum(part.calls for part in self.breakdown)

    @property
    def retries(self) -> int:
        return sum(part.retries for part in self.breakdown)

    @property
    def throttles(self) -> int:
        return sum(part.throttles for part in self.breakdown)

    @property
    def failures(self) -> int:
        return sum(part.failures for part in self.breakdown)

    @property
    def pages(self) -> int:
        return sum(part.pages for part in self.breakdown)

    @property
    def resources(self) -> int:
        return sum(part.resources for part in self.breakdown)

    @property
    def latency(self) -> Latency:
        return joined(part.latency for part in self.breakdown)

    def __str__(self) -> str:
        return (
            f"{self.calls} calls ({self.retries} retries, {self.throttles} throttled, {self.failures} failed), "
            f"{self.pages} pages, {self.resources} resources, {self.rows} rows in {self.wall_time:.3f} s, "
            f"{self.waiting_time:.3f} s of it waiting; latency {self.latency}"
        )


def merged(kinds: Iterable[CallStatistics]) -> tuple[CallStatistics, ...]:
    """The same figures, once for each operation, region, account and resource type."""
    alike: dict[tuple[str | None, ...], list[CallStatistics]] = {}
    for kind in kinds:
        alike.setdefault((kind.operation, kind.region, kind.account, kind.type_name), []).append(kind)
    return tuple(_sum(group) for group in alike.values())


def _sum(kinds: Sequence[CallStatistics]) -> CallStatistics:
    """The figures of all ``kinds`` together, as one of the first."""
    if len(kinds) == 1:
        return kinds[0]
    return replace(
        kinds[0],
        calls=sum(kind.calls for kind in kinds),
        retries=sum(kind.retries for kind in kinds),
        throttles=sum(kind.throttles for kind in kinds),
        failures=sum(kind.failures for kind in kinds),
        pages=sum(kind.pages for kind in kinds),
        resources=sum(kind.resources for kind in kinds),
        latency=joined(kind.latency for kind in kinds),
    )


def joined(latencies: Iterable[Latency]) -> Latency:
    """The latencies of all."""
    seconds = array("d")
    for latency in latencies:
        seconds.extend(latency.seconds)
    return Latency(seconds)
