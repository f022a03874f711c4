"""Requests that are not waited for at once: followed by their tokens later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ccdbapi
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

REGION = "us-east-1"
INSERT = "/*+ async */ INSERT INTO awscc.glue.workflows (name, region) VALUES ('w', 'us-east-1') RETURNING RequestToken"


@pytest.fixture
def slow() -> Iterator[CloudControl]:
    service = CloudControl(Options(settle=0.2))
    yield service
    service.close()


@pytest.fixture
def connection(slow: CloudControl) -> Iterator[ccdbapi.Connection]:
    with ccdbapi.connect(embedded=slow) as connection:
        yield connection


def begun(connection: ccdbapi.Connection) -> str:
    ((token,),) = connection.cursor().execute(INSERT).fetchall()
    return str(token)


def test_a_request_is_waited_for_by_its_token(connection: ccdbapi.Connection, slow: CloudControl) -> None:
    token = begun(connection)
    outcome = connection.wait(token, region=REGION)
    assert (outcome.state, outcome.operation, outcome.identifier) == ("done", "create", "w")
    assert (outcome.type_name, outcome.region, outcome.request_token) == ("AWS::Glue::Workflow", REGION, token)
    assert {call.operation for call in slow.calls} == {"CreateResource", "GetResourceRequestStatus"}


def test_a_request_that_failed_raises_its_error(connection: ccdbapi.Connection) -> None:
    connection.wait(begun(connection), region=REGION)
    token = begun(connection)
    with pytest.raises(ccdbapi.IntegrityError) as raised:
        connection.wait(token, region=REGION)
    assert (raised.value.diag.code, raised.value.diag.request_token) == ("AlreadyExists", token)


def test_when_the_time_is_up_the_request_goes_on(connection: ccdbapi.Connection) -> None:
    token = begun(connection)
    with pytest.raises(ccdbapi.OperationalError, match=token) as raised:
        connection.wait(token, region=REGION, timeout=0.01)
    assert raised.value.diag.request_token == token
    assert connection.wait(token, region=REGION).state == "done"


def test_a_token_that_nobody_knows(connection: ccdbapi.Connection) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match="was not found"):
        connection.wait("none", region=REGION)


def test_a_request_can_be_followed_as_a_row(connection: ccdbapi.Connection) -> None:
    token = begun(connection)
    connection.wait(token, region=REGION)
    cursor = connection.cursor()
    cursor.execute(
        "SELECT operation_status, identifier FROM awscc.cloud_control.resource_request "
        "WHERE region = 'us-east-1' AND RequestToken = ?",
        [token],
    )
    assert cursor.fetchall() == [("SUCCESS", "w")]
