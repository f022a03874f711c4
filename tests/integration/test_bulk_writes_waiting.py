"""Requests that are not waited for at once: followed by their tokens later; and many of them at once."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Iterator, Mapping

import pytest
from faces import both_faces, connected, rows_of, run, value_of
from held_service import HeldService

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


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"request_token": ""}, ccdbapi.DataError, "RequestToken has 0 characters"),
        ({"request_token": "a b"}, ccdbapi.DataError, "RequestToken does not match"),
        ({"request_token": "x" * 129}, ccdbapi.DataError, "RequestToken has 129 characters"),
        ({"request_token": None}, ccdbapi.InterfaceError, "takes its token and its region, both as text"),
        ({"request_token": 5}, ccdbapi.InterfaceError, "takes its token and its region, both as text"),
        ({"region": None}, ccdbapi.InterfaceError, "takes its token and its region, both as text"),
        ({"region": ""}, ccdbapi.InterfaceError, "takes its token and its region, both as text"),
        ({"timeout": -1}, ccdbapi.InterfaceError, "timeout must be seconds, more than 0"),
        ({"timeout": "1"}, ccdbapi.InterfaceError, "timeout must be seconds, more than 0"),
        ({"account": "prod"}, ccdbapi.InterfaceError, "no account 'prod'"),
    ],
)
@both_faces
def test_what_cannot_be_waited_for_is_told_without_a_call(
    face: str, slow: CloudControl, arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    async def main() -> None:
        async with connected(face, embedded=slow) as cursor:
            with pytest.raises(error, match=message):
                await value_of(cursor.connection.wait(**{"request_token": "t", "region": REGION, **arguments}))
            assert not slow.calls

    run(main)


def test_a_request_that_was_cancelled_raises_that(connection: ccdbapi.Connection, slow: CloudControl) -> None:
    token = begun(connection)
    connection.cursor().execute(
        f"DELETE FROM awscc.cloud_control.resource_request WHERE region = '{REGION}' AND RequestToken = '{token}'"
    )
    with pytest.raises(ccdbapi.OperationalError, match="the request was cancelled") as raised:
        connection.wait(token, region=REGION)
    assert (raised.value.diag.code, raised.value.diag.request_token) == ("CANCEL_COMPLETE", token)


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


class Crowd(CloudControl):
    """Tells of no request how far it is before it has been asked after so many; then counts the process's threads."""

    def __init__(self, number: int) -> None:
        super().__init__(Options(settle=0.05))
        self._left = number
        self._complete = asyncio.Event()
        self.threads = 0

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if operation == "GetResourceRequestStatus":
            self._left -= 1
            if not self._left:
                self.threads = threading.active_count()
                self._complete.set()
            await self._complete.wait()
        return await super().handle(operation, payload, account=account, region=region)


def test_many_requests_are_followed_at_once_without_a_thread_for_each() -> None:
    service = Crowd(300)
    with ccdbapi.connect(embedded=service, regions=[REGION], concurrency=300, timeout=60) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1 FROM awscc.glue.workflows_list_only").fetchall()
        before = threading.active_count()
        cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [[f"w{n}"] for n in range(300)])
        assert cursor.rowcount == 300
        assert 0 < service.threads <= before + 2
    service.close()


@both_faces
def test_both_faces_wait_as_long_as_they_may_and_tell_how_it_ended(face: str, slow: CloudControl) -> None:
    async def main() -> None:
        async with connected(face, embedded=slow) as cursor:
            wait = cursor.connection.wait
            [(token,)] = await rows_of(cursor, INSERT)
            with pytest.raises(ccdbapi.OperationalError, match=f"The request goes on: {token}") as late:
                await value_of(wait(token, region=REGION, timeout=0.01))
            assert late.value.diag.request_token == token
            assert (await value_of(wait(token, region=REGION))).state == "done"
            [(again,)] = await rows_of(cursor, INSERT)
            with pytest.raises(ccdbapi.IntegrityError, match="AlreadyExists"):
                await value_of(wait(again, region=REGION))
            with pytest.raises(ccdbapi.ProgrammingError, match="for 7 days, in the region and account"):
                await value_of(wait("none", region=REGION))

    run(main)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no way to send Ctrl-C to one thread")
def test_ctrl_c_ends_the_waiting_for_a_token_and_not_the_request() -> None:
    service = HeldService("GetResourceRequestStatus", options=Options(settle=0.2))

    def press_ctrl_c() -> None:
        service.arrived.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with ccdbapi.connect(embedded=service) as connection:
        token = begun(connection)
        thread = threading.Thread(target=press_ctrl_c)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            connection.wait(token, region=REGION)
        thread.join()
        service.release()
        assert connection.wait(token, region=REGION).state == "done"
