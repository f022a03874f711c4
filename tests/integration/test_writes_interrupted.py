"""Writes that are interrupted: what is under way is asked to be cancelled, and what becomes of it is told."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from held_service import HeldService

import ccdbapi
from ccdbapi import aio
from ccdbapi.emulator.options import Options
from ccdbapi.execution import writing
from ccdbapi.execution.journal import Journal

INSERT = "INSERT INTO awscc.glue.workflows (name) VALUES ('a')"
LIST = "SELECT name FROM awscc.glue.workflows_list_only"

ctrl_c = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no way to send Ctrl-C to one thread")


def press_ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def fail(_: object) -> None:
    raise ZeroDivisionError


def service_that_takes_an_hour(*held: str) -> HeldService:
    return HeldService(*held, options=Options(settle=3600))


def connect(service: HeldService, journal: Path | None = None) -> ccdbapi.Connection:
    return ccdbapi.connect(embedded=service, regions=["us-east-1"], journal=journal)


@contextmanager
def meanwhile(*steps: Callable[[], object]) -> Iterator[None]:
    """Does the steps one after the other in another thread."""

    def walk() -> None:
        for step in steps:
            step()

    thread = threading.Thread(target=walk)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def operations(service: HeldService) -> list[str]:
    return [call.operation for call in service.calls]


@pytest.mark.parametrize(
    ("how", "raised"),
    [
        ("cancel", ccdbapi.OperationalError),
        ("on_progress", ccdbapi.OperationalError),
        pytest.param("ctrl-c", KeyboardInterrupt, marks=ctrl_c),
    ],
)
def test_what_is_under_way_is_cancelled_and_told(how: str, raised: type[BaseException], tmp_path: Path) -> None:
    service = service_that_takes_an_hour()
    with connect(service, tmp_path / "journal") as connection, connection.cursor() as cursor:
        stop = {"cancel": cursor.cancel, "ctrl-c": press_ctrl_c, "on_progress": lambda: None}[how]
        if how == "on_progress":
            cursor.on_progress = fail
        with (
            pytest.raises(raised) as caught,
            meanwhile(service.arrivals["CreateResource"].wait, stop),
        ):
            cursor.execute(INSERT)
        (outcome,) = cursor.outcomes
        assert (outcome.state, outcome.code, outcome.identifier) == ("failed", "CANCEL_COMPLETE", "a")
        told = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
        assert (
            f"1 failed (a: CANCEL_COMPLETE: the request was cancelled, request token {outcome.request_token})" in told
        )
        assert operations(service).count("CancelResourceRequest") == 1
        assert cursor.execute(LIST).fetchall() == []
        assert cursor.outcomes == ()
    assert [entry.state for entry in Journal(tmp_path / "journal").entries()] == ["failed"]


@ctrl_c
def test_what_was_not_sent_yet_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "WIDTH", 1)
    service = service_that_takes_an_hour()
    with connect(service, tmp_path / "journal") as connection, connection.cursor() as cursor:
        with (
            pytest.raises(KeyboardInterrupt) as caught,
            meanwhile(service.arrivals["CreateResource"].wait, press_ctrl_c),
        ):
            cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('a'), ('b'), ('c')")
        assert [outcome.state for outcome in cursor.outcomes] == ["failed", "not sent", "not sent"]
        assert "Of 3 requests: 1 failed (a: CANCEL_COMPLETE" in caught.value.__notes__[0]
        assert operations(service).count("CreateResource") == 1
        assert connection.resume_journal() == []
    assert [entry.state for entry in Journal(tmp_path / "journal").entries()] == ["failed", "not sent", "not sent"]


@ctrl_c
def test_a_second_ctrl_c_leaves_at_once_and_what_goes_on_can_be_followed(tmp_path: Path) -> None:
    service = service_that_takes_an_hour("CancelResourceRequest")
    with connect(service, tmp_path / "journal") as connection, connection.cursor() as cursor:
        started = time.monotonic()
        with (
            pytest.raises(KeyboardInterrupt) as caught,
            meanwhile(
                service.arrivals["CreateResource"].wait,
                press_ctrl_c,
                service.arrived.wait,
                press_ctrl_c,
            ),
        ):
            cursor.execute(INSERT)
        assert time.monotonic() - started < writing.PARTING
        (outcome,) = cursor.outcomes
        assert outcome.state == "unknown"
        assert f"request token {outcome.request_token}" in caught.value.__notes__[0]
        service.release()
        with connection.cursor() as other:
            other.execute(
                f"DELETE FROM awscc.cloud_control.resource_request WHERE RequestToken = '{outcome.request_token}'"
            )
        (resumed,) = connection.resume_journal()
        assert (resumed.state, resumed.code) == ("failed", "CANCEL_COMPLETE")


@pytest.mark.parametrize("how", ["timeout", "cancel"])
def test_what_the_service_has_refused_so_far_is_not_made_later(how: str, tmp_path: Path) -> None:
    """The statement said that it has failed: who resumes the journal must not have it carried out."""
    service = service_that_takes_an_hour()
    with ccdbapi.connect(
        embedded=service, regions=["us-east-1"], journal=tmp_path / "journal", timeout=0.2 if how == "timeout" else None
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(f"/*+ async */ {INSERT}")
        stop = cursor.cancel if how == "cancel" else lambda: None
        with (
            pytest.raises(ccdbapi.OperationalError, match="ConcurrentOperationException"),
            meanwhile(service.arrivals["DeleteResource"].wait, stop),
        ):
            cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = 'a'")
        assert [outcome.state for outcome in cursor.outcomes] == ["failed"]
    states = [(entry.operation, entry.state) for entry in Journal(tmp_path / "journal").entries()]
    assert states == [("create", "under way"), ("delete", "failed")]


def test_a_request_that_is_carried_out_all_the_same_is_told_as_done() -> None:
    """The emulator is done with it when it is asked next: it cannot be cancelled any more."""
    service = HeldService("GetResourceRequestStatus")
    with connect(service) as connection, connection.cursor() as cursor:
        with (
            pytest.raises(ccdbapi.OperationalError, match=r"was cancelled.* 1 done \(a\)"),
            meanwhile(service.arrived.wait, cursor.cancel, service.release),
        ):
            cursor.execute(INSERT)
        assert [outcome.state for outcome in cursor.outcomes] == ["done"]
        assert cursor.execute(LIST).fetchall() == [("a",)]


def test_a_request_that_gets_its_answer_late_is_cancelled_by_its_token() -> None:
    service = service_that_takes_an_hour("CreateResource")
    with (
        connect(service) as connection,
        connection.cursor() as cursor,
        pytest.raises(ccdbapi.OperationalError, match="CANCEL_COMPLETE"),
        meanwhile(service.arrived.wait, cursor.cancel, service.release),
    ):
        cursor.execute(INSERT)
    assert operations(service) == ["CreateResource", "CancelResourceRequest", "GetResourceRequestStatus"]


@pytest.mark.parametrize("times", [1, 2])
def test_cancelling_a_task_cancels_what_is_under_way_and_a_second_time_leaves_it(times: int) -> None:
    async def main() -> None:
        service = service_that_takes_an_hour(*["CancelResourceRequest"][: times - 1])
        async with await aio.connect(embedded=service, regions=["us-east-1"]) as connection:
            cursor = connection.cursor()
            task = asyncio.create_task(cursor.execute(INSERT))
            for operation in ["CreateResource", "CancelResourceRequest"][:times]:
                while not service.arrivals[operation].is_set():  # noqa: ASYNC110 - it is a thread's event
                    await asyncio.sleep(0)
                task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            (outcome,) = cursor.outcomes
            assert (outcome.state, outcome.code) == (("failed", "CANCEL_COMPLETE") if times == 1 else ("unknown", None))
            assert str(outcome.request_token) in caught.value.__notes__[0]

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_timeout_leaves_requests_running_and_tells_their_tokens() -> None:
    service = service_that_takes_an_hour()
    with (
        ccdbapi.connect(embedded=service, regions=["us-east-1"], timeout=0.1) as connection,
        connection.cursor() as cursor,
    ):
        with pytest.raises(ccdbapi.OperationalError, match=r"0\.1 s.*1 unknown \(a: request token") as caught:
            cursor.execute(INSERT)
        (outcome,) = caught.value.outcomes
        cursor.execute(
            "SELECT operation_status FROM awscc.cloud_control.resource_request WHERE RequestToken = ?",
            [outcome.request_token],
        )
        assert cursor.fetchone() in [("PENDING",), ("IN_PROGRESS",)]
    assert "CancelResourceRequest" not in operations(service)


def test_the_outcomes_of_a_write_are_the_cursors(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('a'), ('b')")
    assert [(outcome.state, outcome.identifier) for outcome in cursor.outcomes] == [("done", "a"), ("done", "b")]
    with pytest.raises(ccdbapi.IntegrityError) as raised:
        cursor.execute(INSERT)
    assert cursor.outcomes == raised.value.outcomes
    assert cursor.outcomes[0].code == "AlreadyExists"
