"""pandas over an engine, a connection of SQLAlchemy, and the driver's own: one frame, whichever is given."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, get_args

import pandas as pd
import pytest
from engines import engine_over

import ccdbapi
from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl

LISTED, PAGE = 200, 25
WORKFLOWS = "SELECT name FROM awscc.glue.workflows_list_only"
IMAGES = "SELECT region, image_arn FROM awscc.sagemaker.images_list_only"

Kind = Literal["engine", "connection", "driver"]
KINDS = get_args(Kind)
Parameters = Sequence[object] | Mapping[str, object]


@contextmanager
def source(kind: Kind, service: CloudControl) -> Iterator[object]:
    """What pandas may be given."""
    if kind == "driver":
        with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection, warnings.catch_warnings():
            # pandas says that it tests SQLAlchemy's connections only.
            warnings.filterwarnings("ignore", "pandas only supports SQLAlchemy connectable", UserWarning)
            yield connection
    else:
        with engine_over(service, regions=["us-east-1"]) as engine:
            if kind == "engine":
                yield engine
            else:
                with engine.connect() as connected:
                    yield connected


def read(sql: str, source: object, parameters: Parameters | None = None, **options: object) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_sql(sql, source, params=parameters, **options)  # type: ignore[call-overload]
    return frame


def chunks_of(sql: str, source: object, size: int) -> Iterator[pd.DataFrame]:
    return iter(pd.read_sql(sql, source, chunksize=size))  # type: ignore[call-overload]


def pages_read(service: CloudControl) -> int:
    return sum(call.operation == "ListResources" for call in service.calls)


@pytest.fixture
def listed(service: CloudControl) -> CloudControl:
    """A service with `LISTED` workflows, and no calls in its log."""
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection:
        connection.cursor().executemany(
            "INSERT INTO awscc.glue.workflows (name, max_concurrent_runs) VALUES (?, ?)",
            [(f"w{n:03}", n or None) for n in range(LISTED)],
        )
    service.calls.clear()
    return service


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_takes_the_calls_of_the_statement(service: CloudControl, kind: Kind) -> None:
    demo.load(service)
    with source(kind, service) as given:
        frame = read(f"{IMAGES} ORDER BY image_arn", given)
    assert list(frame.columns) == ["region", "image_arn"]
    assert len(frame) == 6
    assert [(call.operation, call.region) for call in service.calls] == [("ListResources", "us-east-1")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("where", "parameters"),
    [
        ("region = ?", ("eu-west-1",)),
        ("region IN (?, ?) AND image_arn LIKE ?", ("eu-west-1", "us-east-1", "%sklearn%")),
    ],
)
def test_parameters_reach_the_plan(service: CloudControl, kind: Kind, where: str, parameters: Sequence[object]) -> None:
    demo.load(service)
    with source(kind, service) as given:
        frame = read(f"{IMAGES} WHERE {where}", given, parameters)
    assert set(frame["region"]) == {"eu-west-1"}
    assert {call.region for call in service.calls} == {value for value in parameters if value != "%sklearn%"}


def test_the_driver_takes_parameters_by_name_too(service: CloudControl) -> None:
    demo.load(service)
    with source("driver", service) as given:
        assert len(read(f"{IMAGES} WHERE region = :region", given, {"region": "eu-west-1"})) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_read_as_chunks_are_taken(listed: CloudControl, kind: Kind) -> None:
    with source(kind, listed) as given:
        chunks = chunks_of(f"{WORKFLOWS} WHERE name > '' LIMIT 190", given, PAGE)
        for taken in range(1, 5):
            assert len(next(chunks)) == PAGE
            # One page waits in the engine, and the next is on its way.
            assert taken <= pages_read(listed) <= taken + 2
        assert sum(map(len, chunks)) == 190 - 4 * PAGE
    assert pages_read(listed) == LISTED // PAGE


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_that_nobody_takes_cost_no_pages(listed: CloudControl, kind: Kind) -> None:
    with source(kind, listed) as given:
        next(chunks_of(f"{WORKFLOWS} WHERE name > '' LIMIT 190", given, 5))
    assert pages_read(listed) <= 3


@pytest.mark.parametrize("kind", KINDS)
def test_arrow_types_have_room_for_nulls(listed: CloudControl, kind: Kind) -> None:
    sql = (
        "SELECT name, max_concurrent_runs, max_concurrent_runs > 1 AS several, max_concurrent_runs / 2 AS half "
        "FROM awscc.glue.workflows WHERE name IN ('w000', 'w001', 'w002') ORDER BY name"
    )
    with source(kind, listed) as given:
        frame = read(sql, given, dtype_backend="pyarrow")
    assert list(map(str, frame.dtypes)) == ["string[pyarrow]", "int64[pyarrow]", "bool[pyarrow]", "double[pyarrow]"]
    assert frame["max_concurrent_runs"].isna().tolist() == [True, False, False]


@pytest.mark.parametrize("kind", KINDS)
def test_times_are_times(service: CloudControl, kind: Kind) -> None:
    with source(kind, service) as given:
        frame = read("SELECT TIMESTAMP '2024-02-29 01:02:03' AS made, DATE '2024-02-29' AS day", given)
    assert frame["made"].dt.hour.tolist() == [1]
    assert frame["made"][0].isoformat() == "2024-02-29T01:02:03"


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_that_of_the_driver(service: CloudControl, kind: Kind) -> None:
    with source(kind, service) as given, pytest.raises(Exception, match="no table 'pictures' in service 'sagemaker'"):
        read("SELECT * FROM awscc.sagemaker.pictures", given)
    assert not service.calls


def test_the_driver_s_connection_is_for_reading(service: CloudControl) -> None:
    """pandas writes through SQLAlchemy; any other connection it takes for one of SQLite, where it makes the table."""
    with (
        source("driver", service) as given,
        pytest.raises(ccdbapi.NotSupportedError, match="CREATE is not supported: resource types belong to AWS"),
    ):
        pd.DataFrame({"name": ["a"]}).to_sql("workflows", given, if_exists="append", index=False)  # type: ignore[arg-type]
    assert not service.calls


def test_a_frame_of_objects_and_numbers_is_appended(service: CloudControl) -> None:
    frame = pd.DataFrame(
        {
            "region": ["us-east-1", "eu-west-1"],
            "log_group_name": ["/a", "/b"],
            "retention_in_days": pd.array([7, None], dtype="Int64"),
            "tags": [[{"Key": "team", "Value": "search"}], None],
        }
    )
    with engine_over(service) as engine:
        assert frame.to_sql("log_groups", engine, schema="logs", if_exists="append", index=False) == 2
        desired = {
            call.region: call.payload["DesiredState"] for call in service.calls if call.operation == "CreateResource"
        }
        back = read("SELECT * FROM logs.log_groups WHERE region = 'us-east-1' AND Identifier = '/a'", engine)
    assert {region: json.loads(str(state)) for region, state in desired.items()} == {
        "us-east-1": {
            "LogGroupName": "/a",
            "RetentionInDays": 7,
            "Tags": [{"Key": "team", "Value": "search"}],
        },
        "eu-west-1": {"LogGroupName": "/b"},
    }
    assert back["retention_in_days"].tolist() == [7]
