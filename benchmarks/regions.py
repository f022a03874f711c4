"""Listing and getting everything: 17 regions of 60 images over an endpoint that takes 50 ms for each request.

In turn, so that all see the same machine, and compared within a round:

- the driver: one SELECT with ``scan='list'``;
- the ideal, calls * latency / concurrency, and the floor: bare signed requests, as many and as concurrent, to an
  endpoint without latency, which is what the machine needs for them. The larger of the two is the least time. Aim: at
  most 1.3 times that;
- a loop of boto3 calls, one after the other: a part of it is measured, and scaled to the whole. Aim: at least 15 times
  as fast;
- a thread pool of boto3 calls, with a client for each region, gets submitted as pages come, and the number of threads
  that suits it best. Aim: no slower.

Then the same while the endpoint allows 25 requests a second in each region. Aim: at most 1.2 times what the limit
itself needs (a region's calls / 25), and at most 2 % of calls throttled. How many requests may come at once is the
endpoint's to choose: it is measured for a second's worth and for 0.4 seconds'; the driver sends 0.2 seconds' at once.

    python benchmarks/regions.py

The exit code is 1 if an aim is missed. Processor time is that of the client's process alone; it says what the clients
cost where the machine is too busy for their times to mean much.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from typing import NamedTuple

from bare import BareClient
from endpoint import ACCESS_KEY, SECRET_KEY, Endpoint, Setup, running
from report import aim, described, seconds, sized
from with_boto3 import Boto3Images

import ccdbapi

REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
    "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1",
    "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2",
)  # fmt: skip
IMAGES = sized(60)
PAGE_SIZE = 25
LATENCY = 0.05
CONCURRENCY = 64
RATE = 25
BURSTS = (RATE, 0.4 * RATE)

CALLS_PER_REGION = IMAGES + -(-IMAGES // PAGE_SIZE)
CALLS = CALLS_PER_REGION * len(REGIONS)

ROUNDS = sized(7)
POOL_SIZES = (8, 16, 32, 64, 128)
#: Gets of the sequential loop that are measured, after its first list.
SAMPLED_GETS = sized(20)

SETUP = Setup(IMAGES, REGIONS, page_size=PAGE_SIZE, latency=LATENCY)

SELECT = f"SELECT * FROM awscc.sagemaker.images WHERE region IN ({', '.join(map(repr, REGIONS))})"


class Spent(NamedTuple):
    """Seconds that it took, and those of them, in all threads together, that it computed."""

    time: float
    processor: float


class Round(NamedTuple):
    """What each took."""

    driver: Spent
    floor: Spent
    bare: Spent
    pool: Spent
    loop: Spent

    @property
    def least(self) -> float:
        """The least time in which all calls could have been made."""
        return max(CALLS * LATENCY / CONCURRENCY, self.floor.time)


def main() -> None:
    held = [*unlimited(), *(aim for burst in BURSTS for aim in limited(burst))]
    sys.exit(0 if all(held) else 1)


def unlimited() -> Iterator[bool]:
    """Whether each aim is held where nothing but the latency holds back."""
    with running(SETUP) as slow, running(SETUP._replace(latency=0)) as quick, driver(slow, rate_limit=None) as select:
        clients = {region: Boto3Images(slow.url, region, threads=max(POOL_SIZES)) for region in REGIONS}
        slow.calls()
        seconds(select)
        print(f"calls: {slow.calls()}")
        threads = min(POOL_SIZES, key=lambda size: min(seconds(lambda: pool(clients, size)) for _ in range(2)))
        rounds = [
            Round(
                driver=spent(select),
                floor=spent(lambda: bare(quick)),
                bare=spent(lambda: bare(slow)),
                pool=spent(lambda: pool(clients, threads)),
                loop=scaled(spent(lambda: sequential(clients[REGIONS[0]]))),
            )
            for _ in range(ROUNDS)
        ]
        print(f"ideal {CALLS * LATENCY / CONCURRENCY:.2f} s; medians of {ROUNDS} rounds:")
        for name in Round._fields:
            times, processor = zip(*(getattr(each, name) for each in rounds), strict=True)
            print(f"  {name:8}{described(times)} s, of the processor {described(processor)} s")
        print(f"  bare / least: {described([each.bare.time / each.least for each in rounds])}")
        print(f"  driver / bare: {described([each.driver.time / each.bare.time for each in rounds])}")
        yield aim("driver / least", [each.driver.time / each.least for each in rounds], at_most=1.3)
        yield aim("loop / driver", [each.loop.time / each.driver.time for each in rounds], at_least=15)
        pools = [each.pool.time / each.driver.time for each in rounds]
        yield aim(f"pool of {threads} threads / driver", pools, at_least=1)


def limited(burst: float) -> Iterator[bool]:
    """Whether each aim is held where the endpoint throttles."""
    print(f"at most {RATE} requests/s in each region, {burst:.0f} at once:")
    with running(SETUP._replace(throttle_rate=RATE, throttle_burst=burst)) as endpoint:
        times, throttled = [], []
        for _ in range(ROUNDS):
            # A connection of its own each time: its limiters know nothing yet of how much comes through.
            with driver(endpoint, rate_limit=RATE) as select:
                time.sleep(2 * burst / RATE)
                endpoint.calls()
                times.append(seconds(select))
            calls = endpoint.calls()
            throttled.append(calls.throttled / (calls.gets + calls.lists) * 100)
        print(f"  driver  {described(times)} s")
        yield aim("driver / limit", [each * RATE / CALLS_PER_REGION for each in times], at_most=1.2)
        yield aim("throttled, %", throttled, at_most=2)


@contextmanager
def driver(endpoint: Endpoint, rate_limit: float | None) -> Iterator[Callable[[], None]]:
    """What selects everything, on a connection of its own."""
    with ccdbapi.connect(
        endpoint_url=endpoint.url,
        scan="list",
        rate_limit=rate_limit,
        concurrency=CONCURRENCY,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    ) as connection:
        cursor = connection.cursor()
        # What a connection does once is no part of what is measured.
        cursor.execute(f"SELECT * FROM awscc.sagemaker.images WHERE region = '{REGIONS[0]}' LIMIT 1").fetchall()

        def select() -> None:
            assert len(cursor.execute(SELECT).fetchall()) == IMAGES * len(REGIONS)

        yield select


def bare(endpoint: Endpoint) -> None:
    async def everything() -> None:
        async with aclosing(BareClient(endpoint.url, CONCURRENCY)) as client:
            assert len(await client.everything(REGIONS)) == IMAGES * len(REGIONS)

    asyncio.run(everything())


def pool(clients: dict[str, Boto3Images], threads: int) -> None:
    with ThreadPoolExecutor(threads) as executor:

        def submit_gets(client: Boto3Images) -> list[Future[str]]:
            return [executor.submit(client.get, identifier) for page in client.pages() for identifier in page]

        regions = list(executor.map(submit_gets, clients.values()))
        assert len([get.result() for gets in regions for get in gets]) == IMAGES * len(REGIONS)


def sequential(client: Boto3Images) -> None:
    """The first of the loop's calls."""
    for identifier in next(client.pages())[:SAMPLED_GETS]:
        client.get(identifier)


def scaled(sample: Spent) -> Spent:
    """What the whole loop would take, by what its first calls took."""
    return Spent(*(each / (1 + SAMPLED_GETS) * CALLS for each in sample))


def spent(work: Callable[[], object]) -> Spent:
    started = time.process_time()
    taken = seconds(work)
    return Spent(taken, time.process_time() - started)


if __name__ == "__main__":
    main()
