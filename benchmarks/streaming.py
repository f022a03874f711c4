"""How soon the first row of a long listing is there, and how much memory its rows take.

100,000 images in pages of 100, over HTTP from another process, and a statement with a filter and no LIMIT, whose rows
are read by fetchmany(1000), or by batches. Each reading is a process of its own.

- Pages that the endpoint was asked for when the first row was there. The driver goes on asking while it hands the row
  out, so with 20 ms for each request, as far as one can see.
- Peak memory of the process that reads all rows, over that of one that reads the first 1,000 of a service that has no
  more. Aim: at most 60 MB.

    python benchmarks/streaming.py

The exit code is 1 if an aim is missed.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from endpoint import ACCESS_KEY, REGION, SECRET_KEY, Endpoint, Setup, running
from report import aim, sized

import ccdbapi

ROUNDS = sized(5)
MANY, FEW = sized(100_000), sized(1_000)
LATENCY = 0.02
WAYS = ("fetchmany", "fetch_record_batches")

SELECT = f"SELECT image_arn FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}' AND image_arn NOT LIKE '%x'"


def main() -> int:
    held = [first_row()]
    with running(Setup(MANY)) as many, running(Setup(FEW)) as few:
        for way in WAYS:
            peaks = [(peak(many, way, MANY), peak(few, way, FEW)) for _ in range(ROUNDS)]
            print(f"peaks in MB, by {way}: {', '.join(f'{high:.0f} and {low:.0f}' for high, low in peaks)}")
            over = [high - low for high, low in peaks]
            held.append(aim(f"MB for {MANY} rows over those for {FEW}, by {way}", over, at_most=60))
    return 0 if all(held) else 1


def first_row() -> bool:
    with running(Setup(MANY, latency=LATENCY)) as slow:
        pages = []
        for _ in range(ROUNDS):
            with connect(slow.url) as connection, connection.cursor() as cursor:
                slow.calls()
                assert cursor.execute(SELECT).fetchone() is not None
                pages.append(slow.calls().lists)
    return aim(f"pages of {MANY // 100} for the first row", pages, at_most=5)


def peak(endpoint: Endpoint, way: str, rows: int) -> float:
    """The peak memory, in MB, of a process that reads ``rows`` rows."""
    command = [sys.executable, __file__, endpoint.url, way, str(rows)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def read(endpoint_url: str, way: str, rows: int) -> float:
    """Reads ``rows`` rows, and returns the peak memory of this process in MB."""
    count = 0
    with connect(endpoint_url) as connection, connection.cursor() as cursor:
        cursor.execute(SELECT)
        if way == "fetchmany":
            while batch := cursor.fetchmany(1000):
                count += len(batch)
        else:
            count = sum(batch.num_rows for batch in cursor.fetch_record_batches())
    assert count == rows, count
    return own_peak()


def own_peak() -> float:
    """The peak memory of this process in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux what getrusage tells of a new process includes the one that started it.
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def connect(url: str) -> ccdbapi.Connection:
    return ccdbapi.connect(
        endpoint_url=url, rate_limit=None, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY
    )


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    print(read(sys.argv[1], sys.argv[2], int(sys.argv[3])))
