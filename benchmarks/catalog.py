"""The catalogue's bounds, each measured in fresh processes, the best of several, beside what is asked of it.

    python benchmarks/catalog.py

Times start after ``import ccdbapi.catalog``; what that import takes is printed for itself.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

RUNS = 15

#: What runs after the clock has started and before it is read.
TASKS = {
    "one table": "packaged().table('sagemaker', 'images')",
    "the largest type's table": "packaged().table('quicksight', 'dashboards')",
    "names of all tables": "catalog = packaged(); [catalog.tables(service) for service in catalog.services()]",
}

TIMED = """
import time
started = time.perf_counter()
from ccdbapi.catalog import packaged
imported = time.perf_counter()
{task}
print((imported - started) * 1e3, (time.perf_counter() - imported) * 1e3)
"""

TRACED = """
import tracemalloc
from ccdbapi.catalog import packaged
tracemalloc.start()
{task}
print(tracemalloc.get_traced_memory()[1] / 1e6)
"""

EVERY_TYPE = """
import time
from ccdbapi.catalog import packaged
catalog = packaged()
started = time.perf_counter()
tables = [catalog.table(service, name) for service in catalog.services() for name in catalog.tables(service)]
print(len(tables), sum(len(table.columns) for table in tables), time.perf_counter() - started)
"""


def main() -> None:
    """Prints the measurements, one a line."""
    for name, task in TASKS.items():
        runs = [_run(TIMED.format(task=task)) for _ in range(RUNS)]
        _print(f"{name}, cold", min(took for _, took in runs), 50 if "names" in name else 5, "ms")
    _print("import ccdbapi.catalog", min(imported for imported, _ in runs), None, "ms")
    _print("memory for the names of all tables", _run(TRACED.format(task=TASKS["names of all tables"]))[0], 30, "MB")
    tables, columns, seconds = _run(EVERY_TYPE)
    _print(f"all {tables:.0f} tables with their {columns:.0f} columns", seconds * 1e3, None, "ms")
    data = files("ccdbapi.catalog").joinpath("data")
    _print("data files", sum(len(file.read_bytes()) for file in data.iterdir()) / 1e6, None, "MB")
    _print("wheel", _wheel_size() / 1e6, 5, "MB")


def _run(program: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return [float(value) for value in done.stdout.split()]


def _wheel_size() -> int:
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", directory, "."]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[1])
        return sum(wheel.stat().st_size for wheel in Path(directory).glob("*.whl"))


def _print(what: str, value: float, bound: float | None, unit: str) -> None:
    limit = "" if bound is None else f"  (bound {bound} {unit}, ratio {value / bound:.2f})"
    print(f"{what + ':':50} {value:8.2f} {unit}{limit}")


if __name__ == "__main__":
    main()
