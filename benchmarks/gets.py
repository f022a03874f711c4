"""Gets by identifier: this driver beside boto3, against the emulator in another process.

1. One SELECT by identifier beside one bare ``get_resource``: the driver's overhead, in milliseconds. Aim: at most 10.
2. One SELECT of 2,000 identifiers in an IN list beside a thread pool of ``get_resource`` calls: calls a second. Aim: at
   least 3 times as many. The pool is given the size that suits it best.

    python benchmarks/gets.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from endpoint import ACCESS_KEY, REGION, SECRET_KEY, TYPE, endpoint, identifier

import ccdbapi

IMAGES = 2000
SINGLE_GETS = 200
ROUNDS = 7
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
        client = boto3.client(
            "cloudcontrol",
            region_name=REGION,
            endpoint_url=url,
            config=Config(max_pool_connections=max(POOL_SIZES)),
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        cursor = connection.cursor()

        def select(number: int) -> None:
            assert len(cursor.execute(SELECT, [identifiers[number]]).fetchall()) == 1

        def get(number: int) -> None:
            client.get_resource(TypeName=TYPE, Identifier=identifiers[number])

        def select_all() -> None:
            marks = ", ".join("?" * IMAGES)
            cursor.execute(f"{SELECT.removesuffix('= ?')} IN ({marks})", identifiers)
            assert len(cursor.fetchall()) == IMAGES

        def get_all(threads: int) -> None:
            with ThreadPoolExecutor(threads) as pool:
                assert len(list(pool.map(get, range(IMAGES)))) == IMAGES

        single(select, get)
        many(select_all, get_all)


def single(select: Callable[[int], None], get: Callable[[int], None]) -> None:
    """In turn, so that both see the same machine."""
    select(0)
    get(0)
    pairs = [(seconds(lambda: select(number)), seconds(lambda: get(number))) for number in range(SINGLE_GETS)]  # noqa: B023
    ours, theirs = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    print(f"one get: driver {ours:.2f} ms, boto3 {theirs:.2f} ms, overhead {ours - theirs:.2f} ms (medians)")


def many(select_all: Callable[[], None], get_all: Callable[[int], None]) -> None:
    select_all()
    threads = min(POOL_SIZES, key=lambda size: seconds(lambda: get_all(size)))
    rounds = [(seconds(select_all), seconds(lambda: get_all(threads))) for _ in range(ROUNDS)]
    ours, theirs = (IMAGES / statistics.median(times) for times in zip(*rounds, strict=True))
    ratios = [theirs_time / ours_time for ours_time, theirs_time in rounds]
    print(f"{IMAGES} gets: driver {ours:.0f} calls/s, boto3 in {threads} threads {theirs:.0f} calls/s")
    print(f"ratio {statistics.median(ratios):.2f} (median of {ROUNDS} rounds, {described(ratios)})")


def described(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
