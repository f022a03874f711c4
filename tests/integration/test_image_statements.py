"""The five methods of AWS::SageMaker::Image, word for word, with exactly the calls that each may make."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from served import CALLER, served

import ccdbapi
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

TYPE = "AWS::SageMaker::Image"
REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
ARN = "arn:aws:sagemaker:us-east-1:123456789012:image/resnet"

EVENT = (
    "ErrorCode, EventTime, Identifier, Operation, OperationStatus, RequestToken, ResourceModel, RetryAfter, "
    "StatusMessage, TypeName"
)
SELECT = (
    "SELECT region, image_name, image_arn, image_role_arn, image_display_name, image_description, tags "
    f"FROM awscc.sagemaker.images WHERE region = '{REGION}' AND Identifier = '{ARN}'"
)
LIST = f"SELECT region, image_arn FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}'"
INSERT = (
    "/*+ create */ INSERT INTO awscc.sagemaker.images "
    "(ImageName, ImageRoleArn, ImageDisplayName, ImageDescription, Tags, region) "
    f"""SELECT 'resnet','{ROLE}','ResNet','for vision','[{{"Key":"a","Value":"b"}}]','{REGION}' RETURNING {EVENT}"""
)
UPDATE = (
    "/*+ update */ UPDATE awscc.sagemaker.images SET PatchDocument = "
    """string('[{"op":"add","path":"/ImageDescription","value":"x"}]') """
    f"WHERE region = '{REGION}' AND Identifier = '{ARN}' RETURNING {EVENT}"
)
DELETE = (
    "/*+ delete */ DELETE FROM awscc.sagemaker.images "
    f"WHERE Identifier = '{ARN}' AND region = '{REGION}' RETURNING {EVENT}"
)
ROW = (REGION, "resnet", ARN, ROLE, "ResNet", "for vision", [{"Key": "a", "Value": "b"}])


class Endpoint(NamedTuple):
    connection: ccdbapi.Connection
    service: CloudControl

    def calls(self) -> list[tuple[str, str]]:
        """The calls made since the last look: operation and region."""
        calls = [(call.operation, call.region) for call in self.service.calls]
        self.service.calls.clear()
        return calls


@pytest.fixture(params=["embedded", "http", "boto3"])
def endpoint(request: pytest.FixtureRequest, no_aws: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    if request.param == "embedded":
        service = CloudControl()
        with ccdbapi.connect(embedded=service) as connection:
            yield Endpoint(connection, service)
        return
    transport = "boto3" if request.param == "boto3" else "aiohttp"
    with served(transport=transport) as (connection, service):
        yield Endpoint(connection, service)


@pytest.fixture
def cursor(endpoint: Endpoint) -> Iterator[ccdbapi.Cursor]:
    with endpoint.connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize("end", ["", ";", " ;\n -- the end\n"])
def test_the_life_of_an_image(endpoint: Endpoint, cursor: ccdbapi.Cursor, end: str) -> None:
    created = dict(zip(EVENT.split(", "), *cursor.execute(INSERT + end).fetchall(), strict=True))
    assert created["Identifier"] == ARN
    assert (created["Operation"], created["OperationStatus"], created["TypeName"]) == ("CREATE", "SUCCESS", TYPE)
    assert (created["ErrorCode"], created["StatusMessage"]) == (None, None)
    assert created["ResourceModel"]["ImageArn"] == ARN
    assert isinstance(created["EventTime"], datetime.datetime)
    assert cursor.rowcount == 1
    assert cursor.lastrowid == ARN
    assert endpoint.calls() == [("CreateResource", REGION), ("GetResourceRequestStatus", REGION)]

    assert cursor.execute(SELECT + end).fetchall() == [ROW]
    assert [column.name for column in cursor.description or ()] == [
        "region", "image_name", "image_arn", "image_role_arn", "image_display_name", "image_description", "tags",
    ]  # fmt: skip
    assert endpoint.calls() == [("GetResource", REGION)]

    assert cursor.execute(LIST + end).fetchall() == [(REGION, ARN)]
    assert endpoint.calls() == [("ListResources", REGION)]

    updated = dict(zip(EVENT.split(", "), *cursor.execute(UPDATE + end).fetchall(), strict=True))
    assert (updated["Operation"], updated["OperationStatus"], updated["Identifier"]) == ("UPDATE", "SUCCESS", ARN)
    assert endpoint.calls() == [("UpdateResource", REGION), ("GetResourceRequestStatus", REGION)]

    assert cursor.execute(SELECT + end).fetchall() == [(*ROW[:5], "x", ROW[6])]
    endpoint.calls()

    deleted = dict(zip(EVENT.split(", "), *cursor.execute(DELETE + end).fetchall(), strict=True))
    assert (deleted["Operation"], deleted["OperationStatus"], deleted["Identifier"]) == ("DELETE", "SUCCESS", ARN)
    assert cursor.rowcount == 1
    assert endpoint.calls() == [("DeleteResource", REGION), ("GetResourceRequestStatus", REGION)]

    assert cursor.execute(SELECT + end).fetchall() == []
    assert endpoint.calls() == [("GetResource", REGION)]


def test_what_is_sent_is_what_the_statement_says(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(INSERT)
    create = endpoint.service.calls[0].payload
    assert set(create) == {"TypeName", "DesiredState", "ClientToken"}
    assert create["TypeName"] == TYPE
    assert create["DesiredState"] == (
        f'{{"ImageName": "resnet", "ImageRoleArn": "{ROLE}", "ImageDisplayName": "ResNet", '
        '"ImageDescription": "for vision", "Tags": [{"Key": "a", "Value": "b"}]}'
    )
    endpoint.service.calls.clear()
    cursor.execute(UPDATE)
    update = endpoint.service.calls[0].payload
    assert set(update) == {"TypeName", "Identifier", "PatchDocument", "ClientToken"}
    assert update["PatchDocument"] == '[{"op":"add","path":"/ImageDescription","value":"x"}]'


def test_a_list_reads_all_pages(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.executemany(
        "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES (?, ?, ?)",
        [(f"image-{number}", ROLE, REGION) for number in range(60)],
    )
    assert cursor.rowcount == 60
    endpoint.calls()
    assert len(cursor.execute(LIST).fetchall()) == 60
    assert endpoint.calls() == [("ListResources", REGION)] * 3  # the emulator's pages hold 25


def test_keywords_comments_and_line_ends_are_free(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        """
        insert -- with a comment; and a semicolon
        into awscc.sagemaker.images(image_name, IMAGEROLEARN, region) /* why not 'here' */
        values('resnet', 'arn:aws:iam::123456789012:role/sagemaker' -- ? :name
          , 'us-east-1')
        returning identifier"""
    )
    assert cursor.fetchall() == [(ARN,)]
    rows = cursor.execute(
        f"sElEcT IMAGE_NAME\nFrom Awscc.SageMaker.Images\twHERE Region='{REGION}' aND identifier='{ARN}'"
    )
    assert rows.fetchall() == [("resnet",)]


def test_several_rows_are_returned_in_the_order_of_the_source(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    names = [f"image-{number}" for number in range(30)]
    values = ", ".join(f"('{name}', '{ROLE}', '{REGION}')" for name in names)
    cursor.execute(
        f"INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES {values} "
        "RETURNING image_name, OperationStatus, region, ImageArn AS arn"
    )
    assert cursor.fetchall() == [
        (name, "SUCCESS", REGION, f"arn:aws:sagemaker:{REGION}:123456789012:image/{name}") for name in names
    ]
    assert cursor.rowcount == 30


def test_a_row_copied_from_another_region(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(INSERT)
    cursor.execute(
        "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, Tags, region) "
        f"SELECT image_name || '-copy', image_role_arn, tags, 'eu-west-1' FROM awscc.sagemaker.images "
        f"WHERE region = '{REGION}' AND Identifier = '{ARN}' RETURNING Identifier, tags"
    )
    copy = "arn:aws:sagemaker:eu-west-1:123456789012:image/resnet-copy"
    assert cursor.fetchall() == [(copy, [{"Key": "a", "Value": "b"}])]


def test_a_write_with_conditions_reads_the_resource_first(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(INSERT)
    endpoint.calls()
    delete = f"DELETE FROM awscc.sagemaker.images WHERE region = '{REGION}' AND Identifier = '{ARN}' AND image_name = ?"
    cursor.execute(delete, ["other"])
    assert cursor.rowcount == 0
    assert endpoint.calls() == [("GetResource", REGION)]
    cursor.execute(delete, ["resnet"])
    assert cursor.rowcount == 1
    assert [operation for operation, _ in endpoint.calls()][:2] == ["GetResource", "DeleteResource"]


@pytest.mark.parametrize(
    "statement",
    [
        "/*+ client_token('t-1') role_arn('{role}') type_version_id('v-1') */ DELETE FROM awscc.sagemaker.images "
        "WHERE region = '{region}' AND Identifier = '{arn}'",
        "DELETE FROM awscc.sagemaker.images WHERE region = '{region}' AND Identifier = '{arn}' AND ClientToken = 't-1' "
        "AND RoleArn = '{role}' AND TypeVersionId = 'v-1'",
        "UPDATE awscc.sagemaker.images SET PatchDocument = '[]', ClientToken = 't-1', RoleArn = '{role}', "
        "TypeVersionId = 'v-1' WHERE region = '{region}' AND Identifier = '{arn}'",
        "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, ClientToken, RoleArn, TypeVersionId, region) "
        "VALUES ('other', '{role}', 't-1', '{role}', 'v-1', '{region}')",
    ],
    ids=["hints", "where", "set", "insert"],
)
def test_options_of_the_request(endpoint: Endpoint, cursor: ccdbapi.Cursor, statement: str) -> None:
    cursor.execute(INSERT)
    endpoint.calls()
    cursor.execute(statement.format(role=ROLE, region=REGION, arn=ARN))
    assert cursor.rowcount == 1
    sent = endpoint.service.calls[0].payload
    assert (sent["ClientToken"], sent["RoleArn"], sent["TypeVersionId"]) == ("t-1", ROLE, "v-1")


def test_a_statement_that_does_not_wait_returns_the_first_event(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(INSERT.replace("create", "create async"))
    event = dict(zip(EVENT.split(", "), *cursor.fetchall(), strict=True))
    assert event["OperationStatus"] in ("PENDING", "IN_PROGRESS")
    assert event["RequestToken"]
    assert endpoint.calls() == [("CreateResource", REGION)]


def test_what_was_written_is_what_is_read_next(no_aws: pytest.MonkeyPatch) -> None:
    slow = Options(settle=0.3, check_signatures=True, credentials=CALLER)
    with served(slow) as (connection, service):
        cursor = connection.cursor()
        cursor.execute(INSERT)
        assert cursor.execute(SELECT).fetchall() == [ROW]
        statuses = [call for call in service.calls if call.operation == "GetResourceRequestStatus"]
        assert 1 <= len(statuses) <= 4
