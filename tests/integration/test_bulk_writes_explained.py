"""EXPLAIN of what writes: the requests as they would be sent, and nothing written."""

from __future__ import annotations

import json

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
ARN = "arn:aws:sagemaker:us-east-1:123456789012:image/one"
IMAGES = "awscc.sagemaker.images"
INSERT = (
    f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn, ImageDescription, region) "
    f"VALUES ('one', '{ROLE}', 'old', 'us-east-1')"
)
AT = f"WHERE region = 'us-east-1' AND Identifier = '{ARN}'"
TYPE = "AWS::SageMaker::Image"

Rows = list[dict[str, object]]


def told(cursor: ccdbapi.Cursor, statement: str, *parameters: object) -> Rows:
    """The rows, without the columns that are NULL."""
    rows = cursor.execute(statement, parameters).fetchall()
    names = [column[0] for column in cursor.description or ()]
    return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows]


@pytest.fixture
def image(cursor: ccdbapi.Cursor, service: CloudControl) -> ccdbapi.Cursor:
    cursor.execute(INSERT)
    service.calls.clear()
    return cursor


def test_an_insert(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    assert told(cursor, f"EXPLAIN /*+ role_arn('{ROLE}') */ {INSERT}") == [
        {
            "operation": "CreateResource",
            "type_name": TYPE,
            "region": "us-east-1",
            "desired_state": {"ImageName": "one", "ImageRoleArn": ROLE, "ImageDescription": "old"},
            "role_arn": ROLE,
        }
    ]
    assert not service.calls


def test_an_insert_of_what_is_read(image: ccdbapi.Cursor, service: CloudControl) -> None:
    (row,) = told(
        image,
        f"EXPLAIN INSERT INTO {IMAGES} (ImageName, ImageRoleArn, region) "
        f"SELECT image_name || '-copy', image_role_arn, 'eu-west-1' FROM {IMAGES} {AT}",
    )
    assert (row["region"], row["desired_state"]) == ("eu-west-1", {"ImageName": "one-copy", "ImageRoleArn": ROLE})
    assert [call.operation for call in service.calls] == ["GetResource"]


def test_an_update(image: ccdbapi.Cursor, service: CloudControl) -> None:
    located = {"operation": "UpdateResource", "type_name": TYPE, "region": "us-east-1", "identifier": ARN}
    document = [
        {"op": "test", "path": "/ImageDescription", "value": "old"},
        {"op": "replace", "path": "/ImageDescription", "value": "new"},
    ]
    assert told(image, f"EXPLAIN UPDATE {IMAGES} SET image_description = ? {AT}", "new") == [
        {**located, "patch_document": document}
    ]
    assert told(image, f"EXPLAIN UPDATE {IMAGES} SET image_description = 'old' {AT}") == []
    assert told(image, f"EXPLAIN UPDATE {IMAGES} SET PatchDocument = '[]' {AT}") == [{**located, "patch_document": []}]
    assert {call.operation for call in service.calls} == {"GetResource"}


def test_a_delete(image: ccdbapi.Cursor, service: CloudControl) -> None:
    for returning in ("RETURNING *", "RETURNING image_description", ""):
        assert told(image, f"EXPLAIN DELETE FROM {IMAGES} {AT} {returning}") == [
            {"operation": "DeleteResource", "type_name": TYPE, "region": "us-east-1", "identifier": ARN}
        ]
    assert not service.calls


def test_nothing_counts_as_written(image: ccdbapi.Cursor) -> None:
    image.connection.commit()
    told(image, f"EXPLAIN DELETE FROM {IMAGES} {AT}")
    image.connection.rollback()
    assert image.execute(f"SELECT image_name FROM {IMAGES} {AT}").fetchall() == [("one",)]


def test_a_connection_that_only_reads_explains(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service, read_only=True) as connection:
        assert len(told(connection.cursor(), f"EXPLAIN {INSERT}")) == 1


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        (f"EXPLAIN {INSERT.replace('old', 'x' * 600)}", ccdbapi.DataError, "expected maxLength"),
        (f"EXPLAIN UPDATE {IMAGES} SET ImageName = 'x' {AT}", ccdbapi.NotSupportedError, "create-only"),
        (f"EXPLAIN DELETE FROM {IMAGES} WHERE region = 'us-east-1'", ccdbapi.ProgrammingError, "Identifier"),
        (f"EXPLAIN DELETE FROM {IMAGES} {AT} RETURNING nothing", ccdbapi.ProgrammingError, "nothing"),
        (f"EXPLAIN /*+ max_writes(0) */ DELETE FROM {IMAGES} {AT}", ccdbapi.ProgrammingError, "to 1 resources"),
        (f"EXPLAIN ANALYZE {INSERT}", ccdbapi.NotSupportedError, "INSERT would write"),
    ],
)
def test_what_would_be_refused_is_refused(
    image: ccdbapi.Cursor, service: CloudControl, statement: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        image.execute(statement)
    assert not service.calls


# What is told is what is sent

#: The requests that write, and the members of theirs that EXPLAIN tells.
WRITES = {"CreateResource", "UpdateResource", "DeleteResource", "CancelResourceRequest"}
MEMBERS = {
    "type_name": "TypeName", "identifier": "Identifier", "desired_state": "DesiredState",
    "patch_document": "PatchDocument", "role_arn": "RoleArn", "type_version_id": "TypeVersionId",
}  # fmt: skip
DOCUMENTS = {"DesiredState", "PatchDocument"}


def sent(service: CloudControl) -> Rows:
    """The requests that wrote, as EXPLAIN would tell them."""
    return [
        {
            "operation": call.operation,
            "region": call.region,
            **{
                name: json.loads(str(call.payload[member])) if member in DOCUMENTS else call.payload[member]
                for name, member in MEMBERS.items()
                if member in call.payload
            },
        }
        for call in service.calls
        if call.operation in WRITES
    ]


def in_order(requests: Rows) -> Rows:
    return sorted(requests, key=lambda request: json.dumps(request, sort_keys=True))


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        (f"/*+ role_arn('{ROLE}') type_version_id('1') */ {INSERT.replace('one', 'two')}", 1),
        (f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn, Tags, region) VALUES "
         f"""('a', '{ROLE}', '[{{"Key": "é", "Value": "1"}}]', 'us-east-1'), ('b', '{ROLE}', NULL, 'eu-west-1')""", 2),
        (f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn, ImageDescription, region) "
         f"SELECT image_name || i, image_role_arn, image_description, region FROM {IMAGES}, range(3) AS r(i) {AT}", 3),
        ("INSERT INTO awscc.ssm.parameters (Name, Type, Value, region) VALUES ('p', 'String', '[1]', 'us-east-1')", 1),
        (f"UPDATE {IMAGES} SET image_description = upper(image_description) || ?, ImageDisplayName = 'd' {AT}", 1),
        (f"UPDATE {IMAGES} SET image_description = NULL, tags = ?, RoleArn = '{ROLE}' {AT}", 1),
        (f"UPDATE {IMAGES} SET PatchDocument = '[{{\"op\": \"remove\", \"path\": \"/ImageDescription\"}}]' {AT}", 1),
        (f"UPDATE {IMAGES} SET image_description = 'old' {AT}", 0),
        (f"DELETE FROM {IMAGES} {AT} AND image_description = 'old' RETURNING image_name", 1),
        (f"/*+ type_version_id('2') */ DELETE FROM {IMAGES} {AT}", 1),
    ],
)  # fmt: skip
def test_what_is_told_is_what_is_sent(
    image: ccdbapi.Cursor, service: CloudControl, statement: str, number: int
) -> None:
    parameters = ['[{"Key": "a", "Value": "b"}]'] * statement.count("?")
    explained = told(image, f"EXPLAIN {statement}", *parameters)
    assert sent(service) == []
    image.execute(statement, parameters)
    assert in_order(sent(service)) == in_order(explained)
    assert len(explained) == number


def test_a_cancellation_that_is_told_is_the_one_that_is_sent(image: ccdbapi.Cursor, service: CloudControl) -> None:
    image.execute(f"/*+ async */ DELETE FROM {IMAGES} {AT} RETURNING RequestToken")
    ((token,),) = image.fetchall()
    service.calls.clear()
    cancel = "DELETE FROM awscc.cloud_control.resource_request WHERE region = 'us-east-1' AND RequestToken = ?"
    (row,) = told(image, f"EXPLAIN {cancel}", token)
    assert (row["operation"], row["identifier"]) == ("CancelResourceRequest", token)
    assert sent(service) == []
