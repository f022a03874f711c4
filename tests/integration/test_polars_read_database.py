"""polars over an engine, the driver's connection and its cursor.

polars knows by the names of their modules which drivers hand out Arrow data, and ours is not among them: it takes rows,
and types from the cursor's description. `Cursor.fetch_polars` and `Cursor.fetch_record_batches` are the way by Arrow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

import polars as pl
import pytest
from engines import engine_over

import ccdbapi
from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl

LISTED, PAGE = 200, 25
IMAGES = "SELECT region, image_arn FROM awscc.sagemaker.images_list_only"

Kind = Literal["connection", "cursor", "engine"]
KINDS = get_args(Kind)


@contextmanager
def source(kind: Kind, service: CloudControl) -> Iterator[object]:
    """What polars may be given."""
    if kind == "engine":
        with engine_over(service, regions=["us-east-1"]) as engine:
            yield engine
    else:
        with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection:
            yield connection if kind == "connection" else connection.cursor()


def pages_read(service: CloudControl) -> int:
    return sum(call.operation == "ListResources" for call in service.calls)


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_takes_the_calls_of_the_statement(service: CloudControl, kind: Kind) -> None:
    demo.load(service)
    with source(kind, service) as given:
        frame = pl.read_database(f"{IMAGES} ORDER BY image_arn", given)  # type: ignore[call-overload]
    assert frame.schema == {"region": pl.String, "image_arn": pl.String}
    assert frame.height == 6
    assert [(call.operation, call.region) for call in service.calls] == [("ListResources", "us-east-1")]


@pytest.mark.parametrize(
    ("kind", "where", "parameters"),
    [
        ("connection", "region = ?", ["eu-west-1"]),
        ("connection", "region = :region", {"region": "eu-west-1"}),
        ("cursor", "region = ?", ["eu-west-1"]),
        ("engine", "region = :region", {"region": "eu-west-1"}),
        ("engine", "region = ?", ["eu-west-1"]),
    ],
)
def test_parameters_reach_the_plan(service: CloudControl, kind: Kind, where: str, parameters: object) -> None:
    demo.load(service)
    with source(kind, service) as given:
        frame = pl.read_database(  # type: ignore[call-overload]
            f"{IMAGES} WHERE {where}", given, execute_options={"parameters": parameters}
        )
    assert frame["region"].to_list() == ["eu-west-1"] * 2
    assert {call.region for call in service.calls} == {"eu-west-1"}


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_read_as_batches_are_taken(service: CloudControl, kind: Kind) -> None:
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection:
        names = [(f"w{n:03}",) for n in range(LISTED)]
        connection.cursor().executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", names)
    service.calls.clear()
    sql = "SELECT name FROM awscc.glue.workflows_list_only WHERE name > '' LIMIT 190"
    with source(kind, service) as given:
        frames = pl.read_database(sql, given, iter_batches=True, batch_size=PAGE)  # type: ignore[call-overload]
        for taken in range(1, 5):
            assert next(frames).height == PAGE
            # One page waits in the engine, and the next is on its way.
            assert taken <= pages_read(service) <= taken + 2
        assert sum(frame.height for frame in frames) == 190 - 4 * PAGE
    assert pages_read(service) == LISTED // PAGE


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1::TINYINT", pl.Int8),
        ("1::SMALLINT", pl.Int16),
        ("1::BIGINT", pl.Int64),
        ("1::UBIGINT", pl.UInt64),
        ("1::HUGEINT", pl.Int128),
        ("1.5::DOUBLE", pl.Float64),
        ("1.25::DECIMAL(10, 2)", pl.Decimal(10, 2)),
        ("true", pl.Boolean),
        ("'x'", pl.String),
        ("'x'::BLOB", pl.Binary),
        ("DATE '2024-02-29'", pl.Date),
        ("TIME '01:02'", pl.Time),
        ("TIMESTAMP '2024-02-29 01:02:03'", pl.Datetime("us")),
        ("[1, 2]", pl.List(pl.Int64)),
        ("['a']", pl.List(pl.String)),
    ],
)
def test_the_types_that_a_cursor_describes_are_understood(
    service: CloudControl, kind: Kind, expression: str, expected: pl.DataType
) -> None:
    """Also where the rows that polars looks at hold nothing to tell a type by."""
    nulls = f"SELECT CASE WHEN i >= 200 THEN {expression} END AS value FROM range(201) t(i) ORDER BY i"
    with source(kind, service) as given:
        assert pl.read_database(nulls, given).schema == {"value": expected}  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", KINDS)
def test_objects_become_structs(service: CloudControl, kind: Kind) -> None:
    demo.load(service)
    arn = "arn:aws:sagemaker:us-east-1:123456789012:image/rstudio"
    sql = f"SELECT tags FROM awscc.sagemaker.images WHERE Identifier = '{arn}'"
    with source(kind, service) as given:
        frame = pl.read_database(sql, given)  # type: ignore[call-overload]
    assert frame.schema == {"tags": pl.List(pl.Struct({"Key": pl.String, "Value": pl.String}))}
    assert frame["tags"][0][0] == {"Key": "team", "Value": "finance"}


PAIR = pl.Struct({"a": pl.Int64, "b": pl.String})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("expression", "expected", "told"),
    [
        ("row_to_json(t)", PAIR, {}),
        ("struct_pack(a := a, b := b)", PAIR, {"value": PAIR}),
        ("[struct_pack(a := a, b := b)]", pl.List(PAIR), {"value": pl.List(PAIR)}),
    ],
)
def test_structs_are_read_as_json_or_by_what_polars_is_told(
    service: CloudControl, kind: Kind, expression: str, expected: pl.DataType, told: dict[str, pl.DataType]
) -> None:
    """Else polars takes the type code ``STRUCT`` for that of text, as everything that begins with STR."""
    sql = f"SELECT {expression} AS value FROM (SELECT 1::BIGINT AS a, 'x' AS b) AS t"
    with source(kind, service) as given:
        frame = pl.read_database(sql, given, schema_overrides=told)  # type: ignore[call-overload]
    assert frame.schema == {"value": expected}
    assert frame["value"].explode().to_list() == [{"a": 1, "b": "x"}]


def test_structs_are_structs_by_arrow(cursor: ccdbapi.Cursor) -> None:
    frame = cursor.execute("SELECT struct_pack(a := 1::BIGINT, b := 'x') AS value").fetch_polars()
    assert frame.schema == {"value": PAIR}
    assert frame["value"].to_list() == [{"a": 1, "b": "x"}]


MIXED = """SELECT * FROM (VALUES ('{"Action":"a"}'::JSON), ('{"Action":["a","b"]}'::JSON)) AS policies (document)"""


def test_objects_of_different_shapes_are_text_by_arrow(cursor: ccdbapi.Cursor) -> None:
    frame = cursor.execute(MIXED).fetch_polars()
    assert frame["document"].to_list() == ['{"Action":"a"}', '{"Action":["a","b"]}']
    assert frame["document"].str.json_path_match("$.Action").to_list() == ["a", '["a","b"]']


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_that_of_the_driver(service: CloudControl, kind: Kind) -> None:
    with source(kind, service) as given, pytest.raises(Exception, match="no table 'pictures' in service 'sagemaker'"):
        pl.read_database("SELECT * FROM awscc.sagemaker.pictures", given)  # type: ignore[call-overload]
    assert not service.calls
