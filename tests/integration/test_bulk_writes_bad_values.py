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


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        (["nonsense", "[]", "{}"], "of w0: PatchDocument is not JSON.*\n.*of w2: PatchDocument must be a list"),
        (["[]", None, "[]"], "of w1: PatchDocument must be a list"),
        (["[]", "[]", '[{"op": "add", "path": "/a"}]'], "of w2: PatchDocument is not valid by RFC 6902.*lacks 'value'"),
    ],
)
def test_all_documents_are_told_of_at_once(
    cursor: ccdbapi.Cursor, service: CloudControl, documents: list[str | None], message: str
) -> None:
    with pytest.raises(ccdbapi.DataError, match=message):
        cursor.execute(
            "UPDATE awscc.glue.workflows AS w SET PatchDocument = v.document "
            "FROM (VALUES ('w0', ?), ('w1', ?), ('w2', ?)) AS v(name, document) WHERE w.name = v.name",
            documents,
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


@pytest.mark.parametrize(
    ("statement", "parameter", "message"),
    [
        ("INSERT INTO awscc.glue.workflows (name, ClientToken) VALUES ('w1', 'a'), ('w2', ?)", "x" * 129,
         "Row 2 of INSERT INTO awscc.glue.workflows: ClientToken has 129 characters; Cloud Control takes 128 at most"),
        ("INSERT INTO awscc.glue.workflows (name, RoleArn) VALUES ('w1', NULL), ('w2', ?)", "no role at all, really",
         "Row 2 .*RoleArn does not match"),
        ("INSERT INTO awscc.glue.workflows (name, TypeVersionId) VALUES ('w1', NULL), ('w2', ?)", "a b",
         "Row 2 .*TypeVersionId does not match"),
        ("/*+ type_version_id('a b') */ DELETE FROM awscc.glue.workflows WHERE name IN ('w1', ?)", "w2",
         "DELETE FROM awscc.glue.workflows of w1: TypeVersionId does not match.*\n.* of w2: TypeVersionId"),
        ("DELETE FROM awscc.glue.workflows WHERE name IN ('w1', ?)", "x" * 1025,
         "of x{200}…: Identifier has 1025 characters; Cloud Control takes 1024 at most"),
        ("DELETE FROM awscc.cloud_control.resource_request WHERE RequestToken IN ('w1', ?)", "x" * 129,
         "RequestToken has 129 characters"),
        ("UPDATE awscc.glue.workflows SET PatchDocument = '[]', ClientToken = ? WHERE name = 'w1'", "a b",
         "UPDATE awscc.glue.workflows of w1: ClientToken does not match"),
        ("UPDATE awscc.glue.workflows SET PatchDocument = ? WHERE name = 'w1'",
         '[{"op": "add", "path": "/Description", "value": "' + "x" * 262144 + '"}]', "Cloud Control takes 262144"),
    ],
)  # fmt: skip
def test_what_cloud_control_would_not_take_is_found_before_any_call(
    cursor: ccdbapi.Cursor, service: CloudControl, statement: str, parameter: str, message: str
) -> None:
    with pytest.raises(ccdbapi.DataError, match=message):
        cursor.execute(statement, [parameter])
    assert not service.calls


@pytest.mark.parametrize(
    ("statement", "twice"),
    [
        ("INSERT INTO awscc.glue.workflows (name) VALUES ('w1'), ('w2'), ('w1')", "w1"),
        ("INSERT INTO awscc.glue.workflows (name) SELECT 'w' || (i % 3) FROM range(4) AS r(i)", "w0"),
        ("INSERT INTO awscc.apigateway.models (RestApiId, Name) VALUES ('a', 'm'), ('b', 'm'), ('a', 'm')", r"a\|m"),
    ],
)
def test_rows_that_would_create_one_resource_are_found_before_any_call(
    cursor: ccdbapi.Cursor, service: CloudControl, statement: str, twice: str
) -> None:
    with pytest.raises(ccdbapi.IntegrityError, match=rf"would create one AWS::\w+::\w+ \({twice}\)"):
        cursor.execute(statement)
    assert not service.calls


def test_one_name_in_two_regions_is_two_resources(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("INSERT INTO awscc.glue.workflows (name, region) VALUES ('w', 'us-east-1'), ('w', 'eu-west-1')")
    assert cursor.rowcount == 2


def test_an_identifier_that_is_given_twice_is_one(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('w')")
    service.calls.clear()
    cursor.execute("UPDATE awscc.glue.workflows SET description = 'x' WHERE name IN ('w', 'w') OR name = 'w'")
    cursor.execute("DELETE FROM awscc.glue.workflows WHERE name IN ('w', 'w')")
    assert [call.operation for call in service.calls] == [
        "GetResource", "UpdateResource", "GetResourceRequestStatus", "DeleteResource", "GetResourceRequestStatus",
    ]  # fmt: skip
