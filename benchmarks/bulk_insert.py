"""1,000 images in one go, on an endpoint that takes a second to make each: beside what the limits allow.

An insert takes two calls: CreateResource, whose answer says when the image will be there, and at that time a
GetResourceRequestStatus. Two things hold them back:

- with the settings as they are (25 requests a second, 64 at once), the rate. The ideal is calls / rate; the endpoint
  throttles what is more than that;
- without a limit on the rate, where each request takes 0.25 s, the concurrency. The ideal is
  calls * latency / concurrency.

Both for one INSERT of 1,000 rows, and for `executemany` of 1,000 sets of parameters. Aim: at most 1.3 times the ideal,
from the statement to the last image; at most 1.05 calls for each that is needed; at most 2 % of them throttled.

    python benchmarks/bulk_insert.py

The exit code is 1 if an aim is missed. Processor time is that of the client's process alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

from endpoint import ACCESS_KEY, REGION, SECRET_KEY, Setup, role, running
from report import aim, described, seconds, sized

import ccdbapi

IMAGES = sized(1000)
SETTLE = 1.0
#: What an image takes: a create, and its status when it is final.
CALLS = 2 * IMAGES

#: Those of `ccdbapi.connect`.
RATE, CONCURRENCY = 25, 64
LATENCY = 0.25
ROUNDS = sized(3)

INSERT = "INSERT INTO awscc.sagemaker.images (image_name, image_role_arn, region) VALUES "
ROW = f"(?, ?, '{REGION}')"

Work = Callable[[ccdbapi.Cursor, list[tuple[str, str]]], object]


def one_statement(cursor: ccdbapi.Cursor, images: list[tuple[str, str]]) -> None:
    cursor.execute(INSERT + ", ".join([ROW] * len(images)), [value for image in images for value in image])


def many_sets(cursor: ccdbapi.Cursor, images: list[tuple[str, str]]) -> None:
    cursor.executemany(INSERT + ROW, images)


WAYS: Mapping[str, Work] = {"one INSERT": one_statement, "executemany": many_sets}


def main() -> int:
    rate = CALLS / RATE
    print(f"{IMAGES} images; {RATE} requests/s: ideal {CALLS} / {RATE} = {rate:.1f} s")
    held = [measured(Setup(settle=SETTLE, throttle_rate=RATE), way, ideal=rate, rate_limit=RATE) for way in WAYS]
    concurrency = CALLS * LATENCY / CONCURRENCY
    print(f"{CONCURRENCY} at once, {LATENCY} s each: ideal {CALLS} * {LATENCY} / {CONCURRENCY} = {concurrency:.1f} s")
    slow = Setup(settle=SETTLE, latency=LATENCY)
    held += [measured(slow, way, ideal=concurrency, rate_limit=None, rounds=ROUNDS) for way in WAYS]
    return 0 if all(held) else 1


def measured(setup: Setup, way: str, *, ideal: float, rate_limit: float | None, rounds: int = 1) -> bool:
    """Whether the aims are held."""
    times, processor, calls, throttled = [], [], [], []
    for _ in range(rounds):
        with (
            running(setup) as endpoint,
            ccdbapi.connect(
                endpoint_url=endpoint.url,
                rate_limit=rate_limit,
                concurrency=CONCURRENCY,
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY,
            ) as connection,
        ):
            cursor = connection.cursor()
            # What a connection does once is no part of what is measured.
            cursor.execute(f"SELECT * FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}'").fetchall()
            endpoint.calls()
            images = [(f"image-{number}", role(number)) for number in range(IMAGES)]
            started = time.process_time()
            times.append(seconds(partial(WAYS[way], cursor, images)))
            processor.append(time.process_time() - started)
            assert cursor.rowcount == IMAGES
            made = endpoint.calls()
            assert made.operations.keys() == {"CreateResource", "GetResourceRequestStatus"}
            calls.append(sum(made.operations.values()) / CALLS)
            throttled.append(made.throttled / sum(made.operations.values()) * 100)
    print(f"  {way}: {described(times)} s, of the processor {described(processor)} s")
    return all(
        [
            aim("  time / ideal", [each / ideal for each in times], at_most=1.3),
            aim("  calls / those needed", calls, at_most=1.05),
            aim("  throttled, %", throttled, at_most=2),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
