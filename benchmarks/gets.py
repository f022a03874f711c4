"""Gets by identifier: this driver beside bare requests and boto3, against the emulator in another process.

1. One SELECT by identifier beside one bare signed request: the driver's overhead, in milliseconds. Aim: at most 8,
   after the first.
2. One SELECT of 2,000 identifiers in an IN list beside a thread pool of ``get_resource`` calls: calls a second. Aim: at
   least 3 times as many. The pool is given the size that suits it best.

    python benchmarks/gets.py

The exit code is 1 if an aim is missed.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from bare import BareClient
from endpoint import ACCESS_KEY, REGION, SECRET_KEY, endpoint, identifier
from report import aim, described, seconds, sized
from with_boto3 import Boto3Images

import ccdbapi

IMAGES = sized(2000)
SINGLE_GETS = sized(200)
ROUNDS = sized(7)
POOL_SIZES = (4, 8, 16, 32, 64)

SELECT = (
    "SELECT region, image_name, image_arn, image_role_arn, image_display_name, image_description, tags "
    f"FROM awscc.sagemaker.images WHERE region = '{REGION}' AND Identifier = ?"
)


def main() -> None:
    identifiers = [identifier(number) for number in range(IMAGES)]
    with (
        endpoint(IMAGES) as url,
        ccdbapi.connect(
            endpoint_url=url, rate_limit=None, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY
        ) as connection,
    ):
        client = Boto3Images(url, threads=max(POOL_SIZES))
        cursor = connection.cursor()

        def select(number: int) -> None:
            assert len(cursor.execute(SELECT, [identifiers[number]]).fetchall()) == 1

        def get(number: int) -> None:
            client.get(identifiers[number])

        def select_all() -> None:
            marks = ", ".join("?" * IMAGES)
            cursor.execute(f"{SELECT.removesuffix('= ?')} IN ({marks})", identifiers)
            assert len(cursor.fetchall()) == IMAGES

        def get_all(threads: int) -> None:
            with ThreadPoolExecutor(threads) as pool:
                assert len(list(pool.map(get, range(IMAGES)))) == IMAGES

        held = [single(url, identifiers, select, get), many(select_all, get_all)]
    sys.exit(0 if all(held) else 1)


def single(url: str, identifiers: Sequence[str], select: Callable[[int], None], get: Callable[[int], None]) -> bool:
    """Whether the driver's overhead is as aimed at. In turn, so that all see the same machine."""
    with asyncio.Runner() as runner:
        bare = runner.run(_bare_client(url))

        def request(number: int) -> None:
            runner.run(bare.get(REGION, identifiers[number]))

        ways = (select, request, get)
        rounds = [[seconds(lambda: way(number)) * 1000 for way in ways] for number in range(SINGLE_GETS + 1)]  # noqa: B023
        runner.run(bare.aclose())
    print("one get, ms:")
    driver, bare_requests, boto3 = zip(*rounds[1:], strict=True)
    for name, times in (("driver", driver), ("bare", bare_requests), ("boto3", boto3)):
        print(f"  {name:8}{described(times)}")
    return aim("driver - bare", [ours - least for ours, least, _ in rounds[1:]], at_most=8)


async def _bare_client(url: str) -> BareClient:
    return BareClient(url, concurrency=1)  # its session belongs to the loop that makes it


def many(select_all: Callable[[], None], get_all: Callable[[int], None]) -> bool:
    """Whether the driver makes as many calls a second as aimed at."""
    select_all()
    threads = min(POOL_SIZES, key=lambda size: seconds(lambda: get_all(size)))
    rounds = [(seconds(select_all), seconds(lambda: get_all(threads))) for _ in range(ROUNDS)]
    ours, theirs = (IMAGES / statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"{IMAGES} gets: driver {ours:.0f} calls/s, boto3 in {threads} threads {theirs:.0f} calls/s")
    return aim("driver / boto3", [theirs / ours for ours, theirs in rounds], at_least=3)


if __name__ == "__main__":
    main()
