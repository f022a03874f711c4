"""on_progress: who is told what, where, and what happens when it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from held_service import HeldService

import ccdbapi
from ccdbapi.statistics import Statistics

pytestmark = pytest.mark.usefixtures("brief_partings")

GET = "SELECT description FROM awscc.glue.workflows WHERE name = 'a'"
LIST = "SELECT name FROM awscc.glue.workflows_list_only"
JOIN = f"SELECT w.description FROM awscc.glue.workflows w JOIN ({LIST}) USING (name)"
INSERT = "INSERT INTO awscc.glue.workflows (name) VALUES ('a')"
#: What a statement can wait for: the statement, and the operation that gets no answer.
WAITS = [
    (GET, "GetResource"),
    (LIST, "ListResources"),
    (JOIN, "ListResources"),
    (INSERT, "CreateResource"),
    (INSERT, "GetResourceRequestStatus"),
]


def connect(service: HeldService, on_progress: Callable[[Statistics], object] | None = None) -> ccdbapi.Connection:
    return ccdbapi.connect(embedded=service, regions=["us-east-1"], on_progress=on_progress)


def run(cursor: ccdbapi.Cursor, statement: str) -> None:
    cursor.execute(statement)
    if statement != INSERT:
        cursor.fetchall()


class Listener:
    """Takes down what it is told and where, then does ``action``."""

    def __init__(self, action: Callable[[], object]) -> None:
        self.told: list[Statistics] = []
        self.threads: set[int] = set()
        self.action = action

    def __call__(self, statistics: Statistics) -> None:
        self.told.append(statistics)
        self.threads.add(threading.get_ident())
        self.action()


@pytest.mark.parametrize(("statement", "held"), WAITS)
def test_a_statement_that_waits_tells_how_far_it_is_on_the_thread_that_runs_it(statement: str, held: str) -> None:
    service = HeldService(held)
    listener = Listener(service.release)
    with connect(service, listener) as connection, connection.cursor() as cursor:
        run(cursor, statement)
        assert listener.threads == {threading.get_ident()}
        first, stats = listener.told[0], cursor.stats
        assert stats is not None
        assert (first.ended, stats.ended) == (False, True)
        assert first.calls < stats.calls
        assert 0.2 < first.wall_time <= stats.wall_time


@pytest.mark.parametrize(("statement", "held"), WAITS)
def test_what_it_raises_ends_the_statement(statement: str, held: str) -> None:
    service = HeldService(held)

    def fail() -> None:
        raise ZeroDivisionError("a canary")

    with connect(service, Listener(fail)) as connection, connection.cursor() as cursor:
        with pytest.raises(
            ccdbapi.OperationalError, match="its on_progress, which raised ZeroDivisionError"
        ) as failure:
            run(cursor, statement)
        assert isinstance(failure.value.__cause__, ZeroDivisionError)
        assert [outcome.state for outcome in failure.value.outcomes] == (["unknown"] if statement is INSERT else [])
        assert cursor.messages == [(ccdbapi.OperationalError, failure.value)]
        service.release()
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize(("statement", "held"), WAITS)
def test_it_may_cancel_the_statement(statement: str, held: str) -> None:
    with connect(HeldService(held)) as connection, connection.cursor() as cursor:
        cursor.on_progress = Listener(cursor.cancel)
        with pytest.raises(ccdbapi.OperationalError, match="was cancelled"):
            run(cursor, statement)


def test_a_connection_can_be_closed_right_after_a_statement_that_feeds_calls_was_cancelled() -> None:
    def cancel(service: HeldService, cursor: ccdbapi.Cursor) -> None:
        service.arrived.wait()
        cursor.cancel()

    for _ in range(20):
        service = HeldService("ListResources")
        with connect(service) as connection, connection.cursor() as cursor, ThreadPoolExecutor(1) as other:
            other.submit(cancel, service, cursor)
            with pytest.raises(ccdbapi.OperationalError, match="was cancelled"):
                cursor.execute(JOIN).fetchall()


@pytest.mark.parametrize(("statement", "held"), WAITS)
def test_it_may_not_use_the_cursor_that_tells_it(statement: str, held: str) -> None:
    with connect(HeldService(held)) as connection, connection.cursor() as cursor:
        cursor.on_progress = Listener(cursor.fetchone)
        with pytest.raises(ccdbapi.OperationalError, match="in use"):
            run(cursor, statement)


def test_a_statement_that_takes_no_time_tells_nothing() -> None:
    listener = Listener(lambda: None)
    with connect(HeldService(), listener) as connection, connection.cursor() as cursor:
        cursor.execute(INSERT)
        cursor.execute("SELECT name FROM awscc.glue.workflows_list_only").fetchall()
    assert not listener.told


def test_a_cursor_begins_with_the_connections_and_may_have_its_own() -> None:
    service = HeldService("CreateResource")
    ours, its = Listener(service.release), Listener(service.release)
    with connect(service, ours) as connection, connection.cursor() as cursor:
        assert cursor.on_progress is ours
        cursor.on_progress = its
        cursor.execute(INSERT)
    assert (bool(ours.told), bool(its.told)) == (False, True)
