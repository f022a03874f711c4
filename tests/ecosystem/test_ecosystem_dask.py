"""Dask's dataframes over a URL of the dialect: each partition is a statement, and so has its own calls."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import dask
import dask.dataframe as dd
import pytest
import sqlalchemy as sa
from served import ACCESS_KEY, SECRET_KEY, demo_service

from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.service import CloudControl


@pytest.fixture
def service() -> CloudControl:
    return demo_service()


@pytest.fixture
def url(service: CloudControl) -> Iterator[str]:
    """What each of Dask's workers makes an engine of."""
    with serve_in_thread(service) as address, dask.config.set(scheduler="threads"):
        endpoint = quote(address, safe="")
        yield (
            f"awscc://{ACCESS_KEY}:{quote(SECRET_KEY, safe='')}@us-east-1/sagemaker"
            f"?regions=us-east-1,eu-west-1&endpoint_url={endpoint}"
        )


def test_a_table_is_partitioned_by_region(url: str, service: CloudControl) -> None:
    frame = dd.read_sql_table(
        "images_list_only",
        url,
        "region",
        divisions=["eu-west-1", "us-east-1", "us-east-2"],
        schema="sagemaker",
    )
    assert frame.npartitions == 2
    assert frame.map_partitions(len).compute().tolist() == [2, 6]
    assert frame.compute().index.value_counts().to_dict() == {"us-east-1": 6, "eu-west-1": 2}
    assert {call.operation for call in service.calls} == {"ListResources"}


def test_a_query_is_partitioned_by_a_number(url: str, service: CloudControl) -> None:
    images = sa.table("images_list_only", sa.column("image_arn"), schema="sagemaker")
    listed = sa.select(sa.func.length(images.c.image_arn).label("size"), images.c.image_arn).subquery()
    frame = dd.read_sql_query(sa.select(listed.c.size, listed.c.image_arn), url, listed.c.size, npartitions=2)
    assert frame.npartitions == 2
    computed = frame.compute()
    assert len(computed) == 8
    assert (computed["image_arn"].str.len() == computed.index).all()


def test_read_sql_tells_a_table_from_a_query(url: str) -> None:
    frame = dd.read_sql("images_list_only", url, "region", divisions=["eu-west-1", "us-east-2"], schema="sagemaker")
    assert len(frame.compute()) == 8
