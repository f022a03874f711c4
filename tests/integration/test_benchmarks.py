"""Each benchmark runs, at a thousandth of its size: what it finds then says nothing about speed, and is not asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import console
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

#: Script → how the lines begin that it prints, in this order, between others.
PRINTED = {
    "bulk_insert.py": ["1 images; 25 requests/s", "  one INSERT: ", "    time / ideal: ", "  executemany: "],
    "catalog.py": ["one table, cold:", "memory for the names of all tables:", "live: reading the file:"],
    "dataframe.py": ["100 identifiers: driver ", "  ratio: "],
    "gets.py": ["one get, ms:", "  driver - bare: ", "2 gets: driver ", "  driver / boto3: "],
    "journal_faults.py": ["endpoint: 20 SUCCESS of 20 client tokens", "  each insert was made once: held"],
    "regions.py": ["calls: ", "  driver / least: ", "at most 25 requests/s", "  driver / limit: "],
    "shillelagh_adapter.py": ["| query | calls |", "| get by identifier | ", "| the first ten | "],
    "streaming.py": ["  pages of 1 for the first row: ", "peaks in MB, by fetchmany: "],
}
#: What they are made of.
PARTS = {"bare.py", "endpoint.py", "report.py", "with_boto3.py"}

Ran = dict[str, Future[subprocess.CompletedProcess[str]]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """All of them, some at once: most wait for an endpoint that is slow on purpose."""
    with ThreadPoolExecutor(4) as pool, pytest.MonkeyPatch.context() as environment:
        environment.setenv("CCDBAPI_BENCHMARK_SCALE", "0.001")
        yield {
            name: pool.submit(
                console.run, [sys.executable, str(BENCHMARKS / name)], home=tmp_path_factory.mktemp(Path(name).stem)
            )
            for name in PRINTED
        }


def test_every_benchmark_is_run() -> None:
    assert {path.name for path in BENCHMARKS.glob("*.py")} == PRINTED.keys() | PARTS


@pytest.mark.parametrize("name", PRINTED)
def test_a_benchmark_runs_and_prints(ran: Ran, name: str) -> None:
    done = ran[name].result()

    assert done.returncode in (0, 1), done.stderr  # 1 where an aim is missed
    assert not done.stderr
    rest = "\n" + done.stdout
    for expected in PRINTED[name]:
        _, found, rest = rest.partition("\n" + expected)
        assert found, f"{expected!r} is not in its place in:\n{done.stdout}"
        rest = "\n" + rest.partition("\n")[2]
