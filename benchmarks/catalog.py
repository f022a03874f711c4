"""The catalogue's bounds, each measured in fresh processes, the best of several, beside what is asked of it.

    python benchmarks/catalog.py

Times start after ``import ccdbapi.catalog``; what that import takes is printed for itself. The exit code is 1 if a
bound is not held. The same is measured for a catalogue of ``connect(catalog='live')``, with all types in the cache.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from report import SCALE, sized

from ccdbapi.catalog import cache, packaged
from ccdbapi.catalog.cache import CachedType
from ccdbapi.catalog.records import operations

RUNS = sized(15)

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

#: As `TIMED`, for the types in the cache; what reading the file takes comes first.
CACHED = """
import time
from ccdbapi.catalog import cache
from ccdbapi.catalog.overlay import overlaid
started = time.perf_counter()
cached = cache.load({account!r}, {region!r})
loaded = time.perf_counter()
packaged = lambda: overlaid(cached)
{task}
print((loaded - started) * 1e3, (time.perf_counter() - loaded) * 1e3)
"""

ACCOUNT, REGION = "123456789012", "us-east-1"

EVERY_TYPE = """
import time
from ccdbapi.catalog import packaged
catalog = packaged()
started = time.perf_counter()
tables = [catalog.table(service, name) for service in catalog.services() for name in catalog.tables(service)]
print(len(tables), sum(len(table.columns) for table in tables), time.perf_counter() - started)
"""

REFLECTED = """
import time
import sqlalchemy
from sqlalchemy.engine.reflection import ObjectKind
inspector = sqlalchemy.inspect(sqlalchemy.create_engine("awscc://us-east-1"))
started = time.perf_counter()
told = [inspector.get_multi_columns(schema, kind=ObjectKind.ANY) for schema in inspector.get_schema_names()]
columns = sum(len(names) for tables in told for names in tables.values())
print(sum(map(len, told)), columns, time.perf_counter() - started)
"""


def main() -> None:
    """Prints the measurements, one a line."""
    held = []
    for name, task in TASKS.items():
        runs = [_run(TIMED.format(task=task)) for _ in range(RUNS)]
        held.append(_print(f"{name}, cold", min(took for _, took in runs), 50 if "names" in name else 5, "ms"))
    _print("import ccdbapi.catalog", min(imported for imported, _ in runs), None, "ms")
    (memory,) = _run(TRACED.format(task=TASKS["names of all tables"]))
    held.append(_print("memory for the names of all tables", memory, 30, "MB"))
    for program, how in ((EVERY_TYPE, ""), (REFLECTED, ", reflected")):
        tables, columns, seconds = _run(program)
        _print(f"all {tables:.0f} tables with their {columns:.0f} columns{how}", seconds * 1e3, None, "ms")
    data = files("ccdbapi.catalog").joinpath("data")
    _print("data files", sum(len(file.read_bytes()) for file in data.iterdir()) / 1e6, None, "MB")
    if SCALE == 1:  # building it may need the network
        held.append(_print("wheel", _wheel_size() / 1e6, 5, "MB"))
    _measure_cached()
    sys.exit(0 if all(held) else 1)


def _measure_cached() -> None:
    with tempfile.TemporaryDirectory() as directory:
        os.environ[cache.DIRECTORY_VARIABLE] = directory
        schemas = {name: packaged().resource_type(name).schema for name in packaged().type_names()}
        provenance = cache.Provenance(ACCOUNT, REGION, "2026-01-01T00:00:00+00:00")
        cache.store(
            provenance, {name: (CachedType(None, operations(each)), json.dumps(each)) for name, each in schemas.items()}
        )
        _print("live: file of all types", cache.cache_path(ACCOUNT, REGION).stat().st_size / 1e6, None, "MB")
        for name, task in TASKS.items():
            program = CACHED.format(account=ACCOUNT, region=REGION, task=task)
            runs = [_run(program) for _ in range(RUNS)]
            _print(f"live: {name}, cold", min(took for _, took in runs), None, "ms")
        _print("live: reading the file", min(loading for loading, _ in runs), None, "ms")


def _run(program: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return [float(value) for value in done.stdout.split()]


def _wheel_size() -> int:
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", directory, "."]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[1])
        return sum(wheel.stat().st_size for wheel in Path(directory).glob("*.whl"))


def _print(what: str, value: float, bound: float | None, unit: str) -> bool:
    """Whether the bound is held."""
    limit = "" if bound is None else f"  (bound {bound} {unit}, ratio {value / bound:.2f})"
    print(f"{what + ':':50} {value:8.2f} {unit}{limit}")
    return bound is None or value < bound


if __name__ == "__main__":
    main()
