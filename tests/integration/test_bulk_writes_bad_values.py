"""Values that do not fit: what an INSERT of many rows says of all of them, before any call."""

from __future__ import annotations

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGES = "awscc.sagemaker.images"


def test_all_rows_are_told_of_at_once(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    with pytest.raises(ccdbapi.DataError) as raised:
        cursor.execute(
            f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn, Tags, region) VALUES "
            f"('good', '{ROLE}', NULL, 'us-east-1'), "
            f"('-bad-', 'role', NULL, 'us-east-1'), "
            f"('good2', '{ROLE}', '[{{', 'us-east-1'), "
            f"""('good3', NULL, '[{{"Key": "a"}}]', 'us-east-1')"""
        )
    lines = str(raised.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"Row {n} of INSERT INTO {IMAGES}" for n in (2, 3, 4)]
    assert "#/ImageName: failed" in lines[0]
    assert "#/ImageRoleArn: failed" in lines[0]
    assert "tags takes array" in lines[1]
    assert "required key [ImageRoleArn] not found" in lines[2]
    assert "#/Tags/0: required key [Value] not found" in lines[2]
    assert not service.calls


@pytest.mark.parametrize(
    ("columns", "values", "message"),
    [
        ("ImageName, ImageRoleArn, Tags", ["n", ROLE, {"Key": "a"}], "tags takes array, not object"),
        ("ImageName, ImageRoleArn, Tags", ["n", ROLE, "nonsense"], "tags takes array.*not JSON"),
        ("ImageName, ImageRoleArn, ImageDescription", ["n", ROLE, "x" * 513], "expected maxLength: 512, actual: 513"),
        ("ImageName, ImageRoleArn, ImageDescription", ["n", ROLE, ["x"]], "image_description takes string, not array"),
        ("ImageName, ImageRoleArn", [None, ROLE], r"required key \[ImageName\] not found"),
    ],
)
def test_one_row(
    cursor: ccdbapi.Cursor, service: CloudControl, columns: str, values: list[object], message: str
) -> None:
    with pytest.raises(ccdbapi.DataError, match=message):
        cursor.execute(
            f"INSERT INTO {IMAGES} ({columns}, region) VALUES (?, ?{', ?' * (len(values) - 2)}, 'us-east-1')", values
        )
    assert not service.calls


def test_values_that_are_too_large(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    with pytest.raises(ccdbapi.DataError, match="Cloud Control takes 262144"):
        cursor.execute(
            "INSERT INTO awscc.glue.workflows (name, default_run_properties) VALUES ('w', ?)", [{"a": "x" * 262144}]
        )
    assert not service.calls


def test_the_service_finds_what_the_schema_does_not_tell(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('w')")
    with pytest.raises(ccdbapi.IntegrityError):
        cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('w')")
