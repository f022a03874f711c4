"""Data frames from an engine, and back."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from sqlalchemy.engine import Engine

from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl
from ccdbapi.sqlalchemy.version import BEFORE_2

pytestmark = pytest.mark.skipif(BEFORE_2, reason="pandas 2.2 and later takes SQLAlchemy from 2.0 on")

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


def test_a_frame_makes_no_new_table(engine: Engine) -> None:
    with pytest.raises(sa.exc.NotSupportedError, match="resource types belong to AWS"):
        pd.DataFrame({"a": [1]}).to_sql("pictures", engine, schema="sagemaker", index=False)
    with pytest.raises(sa.exc.NotSupportedError, match="resource types belong to AWS"):
        pd.DataFrame({"a": [1]}).to_sql("images", engine, schema="sagemaker", if_exists="replace", index=False)
