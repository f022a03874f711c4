"""The tables of awscc.cloud_control: any type by its name, and requests, with exactly the calls that each may make."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import ccdbapi
from ccdbapi.catalog import Catalog
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGE = "arn:aws:sagemaker:us-east-1:123456789012:image/one"
INSERT = "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES "


@pytest.fixture
def service() -> CloudControl:
    """An emulator with an image and a log group."""
    service = CloudControl()
    with ccdbapi.connect(embedded=service) as connection:
        cursor = connection.cursor()
        cursor.execute(f"{INSERT} ('one', '{ROLE}', '{REGION}')")
        cursor.execute(f"INSERT INTO awscc.logs.log_groups (LogGroupName, region) VALUES ('/one', '{REGION}')")
    service.calls.clear()
    return service


@pytest.fixture
def cursor(service: CloudControl) -> Iterator[ccdbapi.Cursor]:
    with ccdbapi.connect(embedded=service) as connection:
        yield connection.cursor()


def made(service: CloudControl) -> list[tuple[str, dict[str, object]]]:
    """The calls made: the operation, and what it was given beside the size of a page."""
    return [
        (call.operation, {name: value for name, value in call.payload.items() if name != "MaxResults"})
        for call in service.calls
    ]


def columns(cursor: ccdbapi.Cursor) -> list[str]:
    return [column.name for column in cursor.description or ()]


def test_a_resource_by_the_name_of_its_type(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        "SELECT * FROM awscc.cloud_control.resource "
        f"WHERE region = '{REGION}' AND TypeName = 'AWS::SageMaker::Image' AND Identifier = '{IMAGE}'"
    )
    model = {"ImageName": "one", "ImageRoleArn": ROLE, "ImageArn": IMAGE}
    assert cursor.fetchall() == [(IMAGE, model, REGION, "AWS::SageMaker::Image")]
    assert columns(cursor) == ["identifier", "properties", "region", "TypeName"]
    assert made(service) == [("GetResource", {"TypeName": "AWS::SageMaker::Image", "Identifier": IMAGE})]


def test_pairs_of_type_and_identifier_stay_pairs(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        "SELECT identifier FROM awscc.cloud_control.resource WHERE region = ? AND "
        "((TypeName = 'AWS::SageMaker::Image' AND identifier = ?) OR "
        "(TypeName = 'AWS::Logs::LogGroup' AND identifier = '/one'))",
        [REGION, IMAGE],
    )
    assert sorted(cursor.fetchall()) == [("/one",), (IMAGE,)]
    assert len(made(service)) == 2


def test_resources_of_several_types(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        "SELECT TypeName, count(*) FROM awscc.cloud_control.resources "
        f"WHERE region = '{REGION}' AND TypeName IN ('AWS::SageMaker::Image', 'AWS::Logs::LogGroup') GROUP BY 1"
    )
    assert sorted(cursor.fetchall()) == [("AWS::Logs::LogGroup", 1), ("AWS::SageMaker::Image", 1)]
    assert sorted(str(payload["TypeName"]) for _, payload in made(service)) == [
        "AWS::Logs::LogGroup",
        "AWS::SageMaker::Image",
    ]


def test_a_type_that_asks_for_a_parent_is_given_the_model(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        "SELECT identifier FROM awscc.cloud_control.resources WHERE region = ? AND TypeName = 'AWS::ApiGateway::Model' "
        "AND ResourceModel = ?",
        [REGION, '{"RestApiId": "a"}'],
    )
    assert cursor.fetchall() == []
    assert made(service) == [
        ("ListResources", {"TypeName": "AWS::ApiGateway::Model", "ResourceModel": '{"RestApiId": "a"}'})
    ]


def test_a_type_that_the_driver_does_not_know() -> None:
    schema = {
        "typeName": "Initech::Office::Stapler",
        "properties": {"Name": {"type": "string"}, "Color": {"type": "string"}},
        "required": ["Name"],
        "additionalProperties": False,
        "primaryIdentifier": ["/properties/Name"],
        "createOnlyProperties": ["/properties/Name"],
        "handlers": {name: {"permissions": []} for name in ("create", "read", "update", "delete", "list")},
    }
    service = CloudControl(catalog=Catalog.from_schemas({"Initech::Office::Stapler": schema}))
    service.answer(
        "CreateResource",
        {"TypeName": "Initech::Office::Stapler", "DesiredState": json.dumps({"Name": "s1", "Color": "red"})},
        account="123456789012",
        region=REGION,
    )
    with ccdbapi.connect(embedded=service) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT identifier FROM awscc.cloud_control.resources WHERE region = ? AND TypeName = ?",
            [REGION, "Initech::Office::Stapler"],
        )
        assert cursor.fetchall() == [("s1",)]
        cursor.execute(
            "SELECT properties->>'Color' FROM awscc.cloud_control.resource "
            "WHERE region = ? AND TypeName = ? AND identifier = 's1'",
            [REGION, "Initech::Office::Stapler"],
        )
        assert cursor.fetchall() == [("red",)]


ALL: tuple[str, dict[str, object]] = ("ListResourceRequests", {})


def filtered(**members: list[str]) -> tuple[str, dict[str, object]]:
    return "ListResourceRequests", {"ResourceRequestStatusFilter": members}


@pytest.mark.parametrize(
    ("source", "call"),
    [
        (f"resource_requests WHERE region = '{REGION}'", ALL),
        (
            f"resource_requests WHERE region = '{REGION}' AND "
            """ResourceRequestStatusFilter = '{"OperationStatuses":["FAILED"]}'""",
            filtered(OperationStatuses=["FAILED"]),
        ),
        (
            f"resource_requests WHERE region = '{REGION}' AND operation = 'CREATE' AND operation_status = 'SUCCESS'",
            filtered(Operations=["CREATE"], OperationStatuses=["SUCCESS"]),
        ),
        (
            f"resource_requests WHERE region = '{REGION}' AND (operation = 'CREATE' OR operation_status = 'FAILED')",
            ALL,
        ),
        (f"vw_failed_requests WHERE region = '{REGION}'", filtered(OperationStatuses=["FAILED"])),
        (
            f"vw_pending_requests WHERE region = '{REGION}'",
            filtered(OperationStatuses=["PENDING", "IN_PROGRESS"]),
        ),
        (
            f"vw_delete_requests WHERE region = '{REGION}' AND operation_status IN ('SUCCESS', 'FAILED')",
            filtered(Operations=["DELETE"], OperationStatuses=["SUCCESS", "FAILED"]),
        ),
    ],
)
def test_predicates_become_the_filter(
    service: CloudControl, cursor: ccdbapi.Cursor, source: str, call: tuple[str, dict[str, object]]
) -> None:
    cursor.execute(f"SELECT * FROM awscc.cloud_control.{source}").fetchall()
    assert made(service) == [call]


@pytest.mark.parametrize(
    "condition", ["operation = 'create'", "operation = 'CREATE' AND operation = 'DELETE'", "operation_status = ''"]
)
def test_what_no_request_can_be_needs_no_call(service: CloudControl, cursor: ccdbapi.Cursor, condition: str) -> None:
    cursor.execute(f"SELECT * FROM awscc.cloud_control.resource_requests WHERE region = '{REGION}' AND {condition}")
    assert cursor.fetchall() == []
    assert made(service) == []


def test_the_columns_of_requests(cursor: ccdbapi.Cursor) -> None:
    documented = [
        "error_code", "event_time", "hooks_request_token", "identifier", "operation", "operation_status",
        "request_token", "resource_model", "retry_after", "status_message", "type_name", "region",
    ]  # fmt: skip
    cursor.execute(f"SELECT * FROM awscc.cloud_control.resource_requests WHERE region = '{REGION}'")
    assert columns(cursor)[: len(documented)] == documented
    cursor.execute(f"SELECT * FROM awscc.cloud_control.vw_create_requests WHERE region = '{REGION}'")
    assert columns(cursor) == documented
    assert len(cursor.fetchall()) == 2


def test_a_request_is_followed_and_cancelled() -> None:
    service = CloudControl(Options(settle=3600))
    with ccdbapi.connect(embedded=service, max_attempts=1) as connection:
        cursor = connection.cursor()
        cursor.execute(f"/*+ async */ {INSERT} ('two', '{ROLE}', '{REGION}') RETURNING RequestToken")
        ((token,),) = cursor.fetchall()
        service.calls.clear()
        status = (
            "SELECT operation_status, type_name FROM awscc.cloud_control.resource_request "
            "WHERE region = ? AND request_token = ?"
        )
        cursor.execute(status, [REGION, token])
        ((state, type_name),) = cursor.fetchall()
        assert state in ("PENDING", "IN_PROGRESS")
        assert type_name == "AWS::SageMaker::Image"
        assert made(service) == [("GetResourceRequestStatus", {"RequestToken": token})]

        service.calls.clear()
        cancel = "DELETE FROM awscc.cloud_control.resource_request WHERE region = ? AND request_token = ?"
        cursor.execute(f"{cancel} RETURNING OperationStatus", [REGION, token])
        ((state,),) = cursor.fetchall()
        assert state == "CANCEL_COMPLETE"
        assert cursor.rowcount == 1
        assert made(service)[0] == ("CancelResourceRequest", {"RequestToken": token})

        with pytest.raises(ccdbapi.IntegrityError, match="cannot be cancelled"):
            cursor.execute(cancel, [REGION, token])


def test_a_request_that_does_not_exist_is_no_row(cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        f"SELECT * FROM awscc.cloud_control.resource_request WHERE region = '{REGION}' AND request_token = 'none'"
    )
    assert cursor.fetchall() == []


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        ("SELECT * FROM awscc.cloud_control.resource", ccdbapi.ProgrammingError, "region and TypeName and Identifier"),
        (
            f"SELECT * FROM awscc.cloud_control.resources WHERE region = '{REGION}'",
            ccdbapi.ProgrammingError,
            "TypeName",
        ),
        (
            f"SELECT * FROM awscc.cloud_control.resource_request WHERE region = '{REGION}'",
            ccdbapi.ProgrammingError,
            "RequestToken",
        ),
        ("SELECT * FROM awscc.cloud_control.resorces", ccdbapi.ProgrammingError, "resources"),
        (
            f"SELECT * FROM awscc.cloud_control.resource_requests WHERE region = '{REGION}' "
            "AND ResourceRequestStatusFilter = '{'",
            ccdbapi.DataError,
            "not JSON",
        ),
        (
            f"SELECT * FROM awscc.cloud_control.resource_requests WHERE region = '{REGION}' "
            """AND ResourceRequestStatusFilter = '{"Operations": ["READ"]}'""",
            ccdbapi.DataError,
            "CREATE, DELETE, UPDATE",
        ),
        (
            "INSERT INTO awscc.cloud_control.resource_request (region) VALUES ('a')",
            ccdbapi.NotSupportedError,
            "no create handler",
        ),
    ],
)
def test_what_cannot_be_asked(
    service: CloudControl,
    cursor: ccdbapi.Cursor,
    statement: str,
    error: type[ccdbapi.Error],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        cursor.execute(statement)
    assert made(service) == []
