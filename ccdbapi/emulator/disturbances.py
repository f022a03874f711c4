"""What keeps requests from being answered: throttling, and faults drawn by chance."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.options import Faults
from ccdbapi.emulator.store import Scope


class Throttle:
    """A token bucket for each (account, region): ``rate`` requests a second, ``burst`` at once (None: one second's)."""

    def __init__(self, rate: float | None, burst: float | None = None) -> None:
        self._rate = rate
        self._capacity = burst if burst is not None else max(1.0, rate or 0.0)
        self._buckets: dict[Scope, tuple[float, float]] = {}

    def admit(self, scope: Scope, now: float) -> None:
        """Counts a request at ``now`` (seconds). Raises `ServiceError` (ThrottlingException) beyond the rate."""
        if self._rate is None:
            return
        level, since = self._buckets.get(scope, (self._capacity, now))
        level = min(self._capacity, level + max(0.0, now - since) * self._rate)
        admitted = level >= 1
        self._buckets[scope] = (level - 1 if admitted else level, now)
        if not admitted:
            raise _throttled()


class FaultSource:
    """Draws the faults of the options, from a generator of its own so that runs repeat."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._rng = random.Random(faults.seed)  # noqa: S311 - faults are no secret

    @contextmanager
    def around(self) -> Iterator[None]:
        """Surrounds the handling of a request with whatever goes wrong.

        Raises `ConnectionResetError` where no answer may be given, `ServiceError` where the service throttles or fails.
        """
        if self._occurs(self._faults.drop_before):
            raise ConnectionResetError("the connection broke before the request was handled")
        if self._occurs(self._faults.throttled):
            raise _throttled()
        if self._occurs(self._faults.server_error):
            raise refusal("ServiceInternalErrorException", "Internal error reported from downstream service")
        yield
        if self._occurs(self._faults.drop_after):
            raise ConnectionResetError("the connection broke after the request was handled")

    def _occurs(self, probability: float) -> bool:
        return probability > 0 and self._rng.random() < probability


def _throttled() -> ServiceError:
    return refusal("ThrottlingException", "Rate exceeded")
