"""How large benchmarks are, and how they tell what they found."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence

#: How much of its size a benchmark has: less than 1 shows that it runs, and nothing about speed.
SCALE = float(os.environ.get("CCDBAPI_BENCHMARK_SCALE", "1"))


def sized(number: int, *, least: int = 1) -> int:
    """The number, or as much of it as is wanted."""
    return max(least, int(number * SCALE))


def aim(what: str, values: Sequence[float], *, at_most: float | None = None, at_least: float | None = None) -> bool:
    """Whether the median is as it should be; says so."""
    median = statistics.median(values)
    held = (at_most is None or median <= at_most) and (at_least is None or median >= at_least)
    wanted = f"at most {at_most:g}" if at_most is not None else f"at least {at_least:g}"
    print(f"  {what}: {described(values)}, aim {wanted}: {'held' if held else 'MISSED'}")
    return held


def described(values: Sequence[float]) -> str:
    """The median, and the least and the greatest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
