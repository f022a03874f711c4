"""An adaptive token bucket: how many requests a second one region of one account is sent."""

from __future__ import annotations

import asyncio
import math

from ccdbapi.cloudcontrol.clock import Clock, SystemClock

#: A quiet bucket holds this many seconds' worth of requests, and always at least one.
BURST_SECONDS = 0.2
#: Seconds after which being throttled at the full rate is the first time again.
CALM_SECONDS = 10.0
#: What is left of the rate after the service throttled.
DECREASE = 0.7
#: Seconds in which the rate would climb from nothing back to the one it started with.
RECOVERY_SECONDS = 60.0
#: Requests a second below which the rate is never cut.
FLOOR = 0.5
# A token short of this little has been waited for: adding so short a time to a clock's may leave it as it is.
_ROUNDING = 1e-6


class RateLimiter:
    """Hands out permission to send, first come, first served.

    Starts at ``rate`` requests a second and never exceeds it: the setting is a promise to those who share the account's
    limit. Each throttled round trip cuts the rate to 70 %; from there it climbs back linearly. The first one only makes
    a pause: the service's bucket may be smaller than ours, or what we sent arrived closer together than it was sent,
    and neither says that the rate is too high.
    """

    def __init__(self, rate: float, *, clock: Clock | None = None) -> None:
        if not (rate > 0 and math.isfinite(rate)):
            raise ValueError(f"The rate must be a positive number of requests a second, not {rate!r}.")
        self._clock = clock or SystemClock()
        self._ceiling = rate
        self._rate = rate
        self._burst = max(1.0, rate * BURST_SECONDS)
        self._tokens = self._burst
        self._refilled_at = self._clock.monotonic()
        self._throttled_at = -math.inf
        # asyncio.Lock is fair, so whoever came first sleeps for the next token, and the others wait in line behind.
        self._turn = asyncio.Lock()

    @property
    def rate(self) -> float:
        """Requests a second allowed now."""
        self._refill()
        return self._rate

    @property
    def burst(self) -> float:
        """Requests that may follow each other at once after a quiet spell."""
        return self._burst

    async def acquire(self) -> float:
        """Waits until a request may be sent. Returns the moment of the permission, for `throttled`."""
        async with self._turn:
            self._refill()
            while self._tokens < 1 - _ROUNDING:
                await self._clock.sleep((1 - self._tokens) / self._rate)
                self._refill()
            self._tokens -= 1
            return self._refilled_at

    def throttled(self, permitted_at: float) -> bool:
        """The service throttled the request that `acquire` let go at ``permitted_at``. Whether that cut the rate.

        Requests sent before the last cut or pause say nothing about what was sent since: a burst throttled as a whole
        cuts once.
        """
        if permitted_at <= self._throttled_at:
            return False
        self._refill()
        was_calm = self._refilled_at - self._throttled_at > CALM_SECONDS
        self._throttled_at = self._refilled_at
        if was_calm and self._rate == self._ceiling:
            self._tokens = -self._burst
            return False
        self._rate = max(min(FLOOR, self._ceiling), self._rate * DECREASE)
        self._tokens = min(self._tokens, 0.0)
        return True

    def _refill(self) -> None:
        now = self._clock.monotonic()
        elapsed = now - self._refilled_at
        self._refilled_at = now
        # The rate before the climb, so that what is handed out stays below the line that the rate draws.
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._rate = min(self._ceiling, self._rate + elapsed * self._ceiling / RECOVERY_SECONDS)
