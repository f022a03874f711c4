"""The adaptive token bucket, and the bounds of a client as a whole."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_transport import ScriptedTransport, error, ok
from virtual_time import LoopClock, run

from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.limiter import DECREASE, RECOVERY_SECONDS, RateLimiter
from ccdbapi.cloudcontrol.retry import Backoff

FOUND = ok(ResourceDescription={"Identifier": "a", "Properties": "{}"})
TYPE = "AWS::SSM::Parameter"


async def permissions(limiter: RateLimiter, arrivals: list[float]) -> list[float]:
    """The times at which callers who come at these times are let go."""

    async def caller(arrival: float) -> float:
        await asyncio.sleep(arrival)
        return await limiter.acquire()

    return await asyncio.gather(*(caller(arrival) for arrival in arrivals))


@given(
    rate=st.floats(0.1, 500),
    arrivals=st.lists(st.floats(0, 20), min_size=1, max_size=60),
    cuts=st.lists(st.floats(0, 20), max_size=5),
)
@settings(deadline=None)
def test_no_window_ever_holds_more_than_the_rate_allows(rate: float, arrivals: list[float], cuts: list[float]) -> None:
    async def main() -> tuple[list[float], float]:
        limiter = RateLimiter(rate, clock=LoopClock())

        async def cut(at: float) -> None:
            await asyncio.sleep(at)
            limiter.throttled(at)

        async with asyncio.TaskGroup() as tasks:
            for at in cuts:
                tasks.create_task(cut(at))
            times = await permissions(limiter, arrivals)
        return sorted(times), limiter.burst

    times, burst = run(main())
    assert len(times) == len(arrivals)
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + rate * (times[last] - times[first]) + 1e-5


@given(arrivals=st.lists(st.floats(0, 5), min_size=1, max_size=40, unique=True).map(sorted))
@settings(deadline=None)
def test_whoever_comes_first_goes_first(arrivals: list[float]) -> None:
    times = run(permissions_of(25, arrivals))
    assert times == sorted(times)


async def permissions_of(rate: float, arrivals: list[float]) -> list[float]:
    return await permissions(RateLimiter(rate, clock=LoopClock()), arrivals)


def test_a_first_call_waits_for_nothing_even_at_a_low_rate() -> None:
    assert run(permissions_of(0.1, [3.0])) == [3.0]


def test_a_fan_out_goes_at_the_full_rate() -> None:
    times = run(permissions_of(25, [0.0] * 255))
    assert times[:5] == [0] * 5
    assert times[-1] == pytest.approx(10)


def test_the_first_throttling_makes_a_pause_of_one_burst_and_leaves_the_rate() -> None:
    async def main() -> tuple[list[bool], float, float]:
        limiter = RateLimiter(100, clock=LoopClock())
        sent = [await limiter.acquire() for _ in range(20)]
        cuts = [limiter.throttled(permitted_at) for permitted_at in sent]
        return cuts, limiter.rate, await limiter.acquire()

    cuts, rate, permitted_at = run(main())
    assert (cuts, rate) == ([False] * 20, 100)
    assert permitted_at == pytest.approx(0.21)


@pytest.mark.parametrize(("quiet", "cuts"), [(9.9, True), (10.1, False)])
def test_after_a_calm_spell_throttling_is_the_first_again(quiet: float, cuts: bool) -> None:
    async def main() -> bool:
        limiter = RateLimiter(100, clock=LoopClock())
        limiter.throttled(await limiter.acquire())
        await asyncio.sleep(quiet)
        return limiter.throttled(await limiter.acquire())

    assert run(main()) is cuts


async def paused(rate: float) -> RateLimiter:
    """A limiter that was throttled a moment ago, for the first time."""
    limiter = RateLimiter(rate, clock=LoopClock())
    limiter.throttled(await limiter.acquire())
    return limiter


def test_one_round_trip_cuts_the_rate_once() -> None:
    async def main() -> list[float]:
        limiter = await paused(100)
        await asyncio.sleep(1)
        sent = [await limiter.acquire() for _ in range(20)]
        rates = []
        for permitted_at in sent:
            limiter.throttled(permitted_at)
            rates.append(limiter.rate)
        return rates

    assert run(main()) == [70] * 20


def test_a_request_sent_after_the_cut_cuts_again() -> None:
    async def main() -> float:
        limiter = await paused(100)
        limiter.throttled(await limiter.acquire())
        limiter.throttled(await limiter.acquire())
        return limiter.rate

    # In between it has climbed for the 1/70 s that the next permission took.
    assert run(main()) == pytest.approx((70 + 100 / RECOVERY_SECONDS / 70) * DECREASE)


def test_the_rate_climbs_back_within_a_minute_and_no_further() -> None:
    async def main() -> list[float]:
        limiter = await paused(60)
        limiter.throttled(await limiter.acquire())
        rates = [limiter.rate]
        for _ in range(3):
            await asyncio.sleep(10)
            rates.append(limiter.rate)
        return rates

    assert run(main()) == [42, 52, 60, 60]


@given(cuts=st.integers(1, 200), rate=st.floats(0.01, 1000))
def test_the_rate_never_falls_so_low_that_calls_stop(cuts: int, rate: float) -> None:
    async def main() -> float:
        limiter = RateLimiter(rate, clock=LoopClock())
        for number in range(cuts):
            await asyncio.sleep(0.001)
            limiter.throttled(0.001 * (number + 1))
        return limiter.rate

    assert run(main()) >= min(rate, 0.5)


def test_a_caller_that_gives_up_takes_no_permission_and_stops_nobody() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(1, clock=LoopClock())
        await limiter.acquire()
        first, second, third = (asyncio.create_task(limiter.acquire()) for _ in range(3))
        await asyncio.sleep(0.5)
        first.cancel()
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return [await third, await limiter.acquire()]

    assert run(main()) == [pytest.approx(1), pytest.approx(2)]


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="positive number"):
        RateLimiter(rate)


async def fan_out(client: Client, region: str, count: int) -> None:
    await asyncio.gather(*(client.get_resource(region, TYPE, str(number)) for number in range(count)))


@pytest.mark.parametrize(("rate_limit", "took"), [(25, 8), (None, 0), (0, 0), (float("inf"), 0)])
def test_the_client_keeps_to_the_rate(rate_limit: float | None, took: float) -> None:
    transport = ScriptedTransport(lambda *_: FOUND)
    run(fan_out(Client(transport, rate_limit=rate_limit, clock=LoopClock()), "us-east-1", 205))
    assert transport.sent_at[-1] == pytest.approx(took)


def test_every_region_has_a_rate_of_its_own_and_keeps_no_other_waiting() -> None:
    transport = ScriptedTransport(lambda *_: FOUND)

    async def main() -> None:
        client = Client(transport, rate_limit=5, concurrency=2, clock=LoopClock())
        await asyncio.gather(fan_out(client, "us-east-1", 100), fan_out(client, "eu-west-1", 3))

    run(main())
    sent = zip(transport.sent_at, transport.calls, strict=True)
    assert [at for at, (_, region, _) in sent if region == "eu-west-1"] == [
        0, pytest.approx(0.2), pytest.approx(0.4),
    ]  # fmt: skip


def test_no_more_calls_are_under_way_than_the_concurrency_allows() -> None:
    transport = ScriptedTransport(lambda *_: FOUND, latency=1)
    run(fan_out(Client(transport, rate_limit=None, concurrency=7, clock=LoopClock()), "us-east-1", 70))
    assert transport.most_under_way == 7
    assert transport.sent_at[-1] == 9


def test_a_client_with_a_higher_rate_than_the_endpoint_settles_near_the_endpoints() -> None:
    """An endpoint that takes 10 requests a second, against a client that starts at 25."""
    tokens, refilled = 10.0, 0.0

    def endpoint(*_: object) -> object:
        nonlocal tokens, refilled
        now = asyncio.get_running_loop().time()
        tokens, refilled = min(10.0, tokens + (now - refilled) * 10), now
        if tokens < 1:
            return error("ThrottlingException")
        tokens -= 1
        return FOUND

    transport = ScriptedTransport(endpoint, latency=0.1)  # type: ignore[arg-type]

    async def main() -> float:
        backoff = Backoff(jitter=lambda upper: upper / 2)
        client = Client(transport, clock=LoopClock(), backoff=backoff)
        await fan_out(client, "us-east-1", 300)
        return asyncio.get_running_loop().time()

    took = run(main())
    assert took < 1.5 * 30
    assert len(transport.calls) < 1.25 * 300


def test_a_client_may_be_used_on_one_loop_after_another() -> None:
    transport = ScriptedTransport(lambda *_: FOUND, latency=1)
    client = Client(transport, concurrency=1, clock=LoopClock())

    async def twice() -> None:
        await fan_out(client, "us-east-1", 2)

    run(twice())
    run(twice())
    assert len(transport.calls) == 4
