"""Results handed over as Arrow data: to DuckDB, Parquet files, datasets and polars, without a row made in Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import ccdbapi
from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl

LISTED, PAGE = 200, 25
IMAGES = "SELECT region, image_arn FROM awscc.sagemaker.images_list_only WHERE region IN ('us-east-1', 'eu-west-1')"


@pytest.fixture
def images(service: CloudControl, cursor: ccdbapi.Cursor) -> ccdbapi.Cursor:
    """A cursor whose result are the images of the demo data."""
    demo.load(service)
    return cursor.execute(IMAGES)


@pytest.fixture
def reader(service: CloudControl, cursor: ccdbapi.Cursor) -> Iterator[pa.RecordBatchReader]:
    """`LISTED` rows, of which no more are read than are asked for; the calls that made them are not in the log."""
    cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [(f"w{n:03}",) for n in range(LISTED)])
    service.calls.clear()
    cursor.execute("SELECT name FROM awscc.glue.workflows_list_only WHERE name > '' LIMIT 190")
    with cursor.fetch_record_batches(PAGE) as reader:
        yield reader


def pages_read(service: CloudControl) -> int:
    return sum(call.operation == "ListResources" for call in service.calls)


def test_duckdb_reads_a_table(images: ccdbapi.Cursor) -> None:
    listed = images.fetch_arrow_table()
    with duckdb.connect() as database:
        database.register("listed", listed)
        counts = database.sql("SELECT region, count(*) FROM listed GROUP BY ALL ORDER BY ALL").fetchall()
    assert counts == [("eu-west-1", 2), ("us-east-1", 6)]


def test_duckdb_reads_batches_once(reader: pa.RecordBatchReader, service: CloudControl) -> None:
    with duckdb.connect() as database:
        database.register("listed", reader)
        assert database.sql("SELECT count(*), min(name), max(name) FROM listed").fetchall() == [(190, "w000", "w189")]
    assert pages_read(service) == LISTED // PAGE


def test_a_parquet_file_is_written_batch_by_batch(
    reader: pa.RecordBatchReader, service: CloudControl, tmp_path: Path
) -> None:
    with pq.ParquetWriter(tmp_path / "listed.parquet", reader.schema) as file:
        for written, batch in enumerate(reader, start=1):
            file.write_batch(batch)
            # One page waits in the engine, one batch is in the making, and the next page is on its way.
            assert pages_read(service) <= written + 3
    assert pq.read_table(tmp_path / "listed.parquet")["name"].to_pylist() == [f"w{n:03}" for n in range(190)]


def test_a_dataset_is_written_by_region(images: ccdbapi.Cursor, tmp_path: Path) -> None:
    by_region = ds.partitioning(pa.schema([("region", pa.string())]), flavor="hive")
    ds.write_dataset(images.fetch_record_batches(), tmp_path, format="parquet", partitioning=by_region)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["region=eu-west-1", "region=us-east-1"]
    assert ds.dataset(tmp_path, partitioning=by_region).count_rows(filter=ds.field("region") == "eu-west-1") == 2


def test_a_table_is_a_dataset(images: ccdbapi.Cursor) -> None:
    assert ds.dataset(images.fetch_arrow_table()).count_rows(filter=ds.field("region") == "us-east-1") == 6


def test_polars_takes_batches_as_they_are(images: ccdbapi.Cursor) -> None:
    frame = pl.from_arrow(images.fetch_record_batches().read_all())
    assert isinstance(frame, pl.DataFrame)
    assert frame.group_by("region").len().sort("region").rows() == [("eu-west-1", 2), ("us-east-1", 6)]
