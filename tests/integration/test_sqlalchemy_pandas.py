"""Data frames from an engine, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from sqlalchemy.engine import Engine

from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl
from ccdbapi.sqlalchemy.version import BEFORE_2

PANDAS = tuple(map(int, pd.__version__.split(".")[:2]))

pytestmark = pytest.mark.skipif(
    BEFORE_2 and PANDAS >= (2, 2), reason="pandas 2.2 and later takes SQLAlchemy from 2.0 on"
)

#: What pandas passes on, or makes of it.
FAILURES = (pd.errors.DatabaseError, sa.exc.DBAPIError)

ROLE = "arn:aws:iam::123456789012:role/sagemaker-images"
LISTED = "SELECT region, image_arn FROM sagemaker.images_list_only WHERE region = :region ORDER BY image_arn"


@pytest.fixture
def engine(service: CloudControl) -> Iterator[Engine]:
    demo.load(service)
    with engine_over(service) as engine:
        yield engine


def test_a_query_is_a_frame(engine: Engine) -> None:
    frame = pd.read_sql(sa.text(LISTED), engine, params={"region": "us-east-1"})
    with engine.connect() as connection:
        same = pd.read_sql(sa.text(LISTED), connection, params={"region": "us-east-1"})

    assert list(frame.columns) == ["region", "image_arn"]
    assert len(frame) == 6
    pd.testing.assert_frame_equal(frame, same)


def test_a_statement_in_text_is_a_frame(engine: Engine) -> None:
    text = "SELECT region FROM sagemaker.images_list_only WHERE region IN (?, ?)"

    assert pd.read_sql(text, engine, params=("us-east-1", "eu-west-1")).value_counts().to_dict() == {
        ("us-east-1",): 6,
        ("eu-west-1",): 2,
    }


def test_a_selected_column_of_json_holds_objects(engine: Engine) -> None:
    images = reflected(engine, "sagemaker", "images")
    arn = "arn:aws:sagemaker:us-east-1:123456789012:image/rstudio"
    frame = pd.read_sql(sa.select(images).where(images.c.region == "us-east-1", images.c.Identifier == arn), engine)

    assert frame["tags"][0][0] == {"Key": "team", "Value": "finance"}


def test_a_frame_comes_in_chunks(engine: Engine) -> None:
    with engine.connect() as connection:
        chunks = pd.read_sql(sa.text(LISTED), connection, params={"region": "us-east-1"}, chunksize=4)
        assert [len(chunk) for chunk in chunks] == [4, 2]


def test_a_frame_of_arrow_types(engine: Engine) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.read_sql(sa.text(LISTED), engine, params={"region": "us-east-1"}, dtype_backend="pyarrow")

    assert set(map(str, frame.dtypes)) == {"string[pyarrow]"}


def test_a_whole_table_needs_its_region_told_by_the_engine(service: CloudControl) -> None:
    demo.load(service)
    with engine_over(service, regions=["eu-west-1"]) as engine:
        frame = pd.read_sql_table("images_list_only", engine, schema="sagemaker")
    assert list(frame["region"]) == ["eu-west-1"] * 2


@pytest.mark.parametrize("method", [None, "multi"])
def test_a_frame_is_appended(engine: Engine, service: CloudControl, method: None) -> None:
    frame = pd.DataFrame(
        {
            "region": ["us-east-1", "eu-west-1"],
            "image_name": ["a", "b"],
            "image_role_arn": ROLE,
            "image_description": ["described", None],
        }
    )
    assert frame.to_sql("images", engine, schema="sagemaker", if_exists="append", index=False, method=method) == 2

    created = [call for call in service.calls if call.operation == "CreateResource"]
    assert {call.region for call in created} == {"us-east-1", "eu-west-1"}
    assert "ImageDescription" not in str(next(call.payload for call in created if call.region == "eu-west-1"))


def created(service: CloudControl) -> list[dict[str, object]]:
    states = [call.payload["DesiredState"] for call in service.calls if call.operation == "CreateResource"]
    return [json.loads(str(state)) for state in states]


@pytest.mark.parametrize("method", [None, "multi"])
@pytest.mark.parametrize("chunksize", [None, 3])
def test_what_a_frame_lacks_is_left_out(
    engine: Engine, service: CloudControl, method: Literal["multi"] | None, chunksize: int | None
) -> None:
    frame = pd.DataFrame(
        {
            "name": ["a", "b", "c", "d"],
            "MaxConcurrentRuns": [1, np.nan, 3, None],
            "description": ["x", None, np.nan, pd.NA],
            "default_run_properties": [{"k": "v"}, None, {}, {"k": "w"}],
            "region": "us-east-1",
        }
    )
    written = frame.to_sql(
        "workflows", engine, schema="glue", if_exists="append", index=False, method=method, chunksize=chunksize
    )
    assert written == 4
    assert sorted(created(service), key=lambda state: str(state["Name"])) == [
        {"Name": "a", "MaxConcurrentRuns": 1, "Description": "x", "DefaultRunProperties": {"k": "v"}},
        {"Name": "b"},
        {"Name": "c", "MaxConcurrentRuns": 3, "DefaultRunProperties": {}},
        {"Name": "d", "DefaultRunProperties": {"k": "w"}},
    ]


@pytest.mark.parametrize("method", [None, "multi"])
def test_text_of_a_frame_stays_text(engine: Engine, service: CloudControl, method: Literal["multi"] | None) -> None:
    texts = ["[1, 2]", '{"a": 1}', "true", "1.0"]
    frame = pd.DataFrame({"name": list("abcd"), "type": "String", "value": texts, "region": "us-east-1"})
    frame.to_sql("parameters", engine, schema="ssm", if_exists="append", index=False, method=method)
    assert sorted(str(state["Value"]) for state in created(service)) == sorted(texts)


def test_an_index_is_a_column_by_its_name(engine: Engine, service: CloudControl) -> None:
    frame = pd.DataFrame({"region": ["us-east-1"]}, index=pd.Index(["a"], name="name"))
    frame.to_sql("workflows", engine, schema="glue", if_exists="append")
    assert created(service) == [{"Name": "a"}]


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        ("workflows", {"nam": ["a"]}, "has no column nam .*did you mean name"),
        ("workflows", {"name": ["a", "a"]}, "Two rows would create one AWS::Glue::Workflow"),
        ("workflows", {"name": ["a", "b"], "max_concurrent_runs": ["many", "few"]},
         "Row 1 .*max_concurrent_runs takes integer.*\\n.*Row 2 .*max_concurrent_runs takes integer"),
        ("jobs", {"name": ["a"], "role": ["r"]}, "lacks command"),
        ("workflows_list_only", {"name": ["a"]}, "only lists .*; write to awscc.glue.workflows"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_frame_is_found_before_any_call(
    engine: Engine, service: CloudControl, table: str, columns: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(FAILURES, match=message):
        pd.DataFrame({**columns, "region": "us-east-1"}).to_sql(
            table, engine, schema="glue", if_exists="append", index=False
        )
    assert created(service) == []


def test_a_frame_fails_where_the_table_exists(engine: Engine, service: CloudControl) -> None:
    with pytest.raises(ValueError, match="already exists"):
        pd.DataFrame({"name": ["a"]}).to_sql("workflows", engine, schema="glue", index=False)
    assert not service.calls


@pytest.mark.skipif(PANDAS < (3, 0), reason="pandas before 3.0 does not delete rows")
def test_a_frame_does_not_replace_all_rows(engine: Engine, service: CloudControl) -> None:
    with pytest.raises(FAILURES, match="DELETE needs WHERE"):
        pd.DataFrame({"name": ["a"]}).to_sql("workflows", engine, schema="glue", index=False, if_exists="delete_rows")
    assert not service.calls


def test_a_frame_makes_no_new_table(engine: Engine) -> None:
    with pytest.raises(sa.exc.NotSupportedError, match="resource types belong to AWS"):
        pd.DataFrame({"a": [1]}).to_sql("pictures", engine, schema="sagemaker", index=False)
    with pytest.raises(sa.exc.NotSupportedError, match="resource types belong to AWS"):
        pd.DataFrame({"a": [1]}).to_sql("images", engine, schema="sagemaker", if_exists="replace", index=False)
