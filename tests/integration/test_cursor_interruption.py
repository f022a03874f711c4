"""Stopping a statement: cancel, Ctrl-C and timeout, wherever it waits."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from held_service import HeldService

import ccdbapi
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.stream import ArrowTable, Columns

pytestmark = pytest.mark.usefixtures("brief_partings")

GET = "SELECT description FROM awscc.glue.workflows WHERE name = 'a'"
LIST = "SELECT name FROM awscc.glue.workflows_list_only"
INSERT = "INSERT INTO awscc.glue.workflows (name) VALUES ('a')"
#: What a statement can wait for: the statement, and the operation that gets no answer.
READS = [(GET, "GetResource"), (LIST, "ListResources")]
WRITES = [(INSERT, "CreateResource"), (INSERT, "GetResourceRequestStatus")]

ctrl_c = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no way to send Ctrl-C to one thread")


@contextmanager
def when(condition: threading.Event, action: Callable[[], object]) -> Iterator[None]:
    """Does ``action`` in another thread once ``condition`` is set."""

    over = threading.Event()

    def wait_and_act() -> None:
        condition.wait()
        if not over.is_set():
            action()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    try:
        yield
    finally:
        over.set()
        condition.set()
        thread.join()


def press_ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def connect(service: HeldService, *, timeout: float | None = None) -> ccdbapi.Connection:
    return ccdbapi.connect(embedded=service, regions=["us-east-1"], timeout=timeout)


@pytest.mark.parametrize(("statement", "held"), [*READS, *WRITES])
def test_cancel_from_another_thread_stops_a_statement_that_waits(statement: str, held: str) -> None:
    service = HeldService(held)
    with connect(service) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError, match="was cancelled"), when(service.arrived, cursor.cancel):
            cursor.execute(statement).fetchall()
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


@ctrl_c
@pytest.mark.parametrize(("statement", "held"), [*READS, *WRITES])
def test_ctrl_c_stops_a_statement_that_waits(statement: str, held: str) -> None:
    service = HeldService(held)
    with connect(service) as connection:
        cursor = connection.cursor()
        with pytest.raises(KeyboardInterrupt), when(service.arrived, press_ctrl_c):
            cursor.execute(statement).fetchall()
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize(("statement", "held"), [*READS, *WRITES])
def test_timeout_ends_a_statement_that_waits(statement: str, held: str) -> None:
    service = HeldService(held)
    with connect(service, timeout=0.05) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError, match=r"0\.05 s.*timeout"):
            cursor.execute(statement).fetchall()
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_timeout_does_not_count_what_the_rows_are_used_for() -> None:
    """It is how long the statement may wait for AWS: each of these calls gets its answer at once."""
    service = HeldService()
    with connect(service, timeout=5) as connection:
        cursor = connection.cursor()
        cursor.execute(INSERT)
        assert cursor.execute(GET).fetchall() == [(None,)]


@pytest.mark.parametrize(
    ("action", "expected"),
    [("cancel", ccdbapi.OperationalError), pytest.param("ctrl-c", KeyboardInterrupt, marks=ctrl_c)],
)
def test_fetching_can_be_stopped_too(action: str, expected: type[BaseException]) -> None:
    """The first rows are there, and the others wait."""
    service = HeldService("ListResources", spared=8)
    with connect(service) as connection:
        cursor = connection.cursor()
        cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [[f"w{n:03}"] for n in range(300)])
        cursor.execute("SELECT name FROM awscc.glue.workflows_list_only LIMIT 299")
        assert cursor.fetchone() is not None
        with pytest.raises(expected), when(service.arrived, cursor.cancel if action == "cancel" else press_ctrl_c):
            cursor.fetchall()
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("action", "expected"),
    [("interrupt", ccdbapi.OperationalError), pytest.param("ctrl-c", KeyboardInterrupt, marks=ctrl_c)],
)
def test_the_engine_can_be_stopped_while_it_computes(action: str, expected: type[BaseException]) -> None:
    """Once it has read the name, it has nothing to wait for, and work for hours."""
    read = threading.Event()

    def names() -> Iterator[Columns]:
        yield [["a"]]
        read.set()

    database = Database("awscc")
    session = database.session()
    stop = press_ctrl_c if action == "ctrl-c" else session.interrupt
    with pytest.raises(expected), when(read, stop):
        session.execute(
            "SELECT count(*) FROM range(1000000000000) WHERE range % 7 = (SELECT len(name) FROM names)",
            Bindings(),
            {"names": ArrowTable(["name"], names)},
            lambda _: None,
        )
    session.execute("SELECT 1", Bindings(), {}, lambda _: None)
    assert session.fetch_all() == [(1,)]
    session.close()
    database.close()


def test_a_cancelled_result_has_no_more_rows(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT * FROM range(10)")
    assert cursor.fetchone() == (0,)
    cursor.cancel()
    with pytest.raises(ccdbapi.OperationalError, match="was cancelled"):
        cursor.fetchone()
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_cancelling_where_nothing_runs_does_nothing(cursor: ccdbapi.Cursor) -> None:
    cursor.cancel()
    cursor.execute("SELECT 1").fetchall()
    cursor.cancel()
    assert cursor.execute(INSERT).rowcount == 1


@pytest.mark.parametrize(("statement", "held"), WRITES)
def test_a_cancelled_write_tells_what_is_known_of_it_and_counts_as_written(statement: str, held: str) -> None:
    service = HeldService(held)
    with connect(service) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError) as caught, when(service.arrived, cursor.cancel):
            cursor.execute(statement)
        (outcome,) = caught.value.outcomes
        assert outcome.state == "unknown"
        assert outcome.client_token in str(caught.value)
        assert (outcome.request_token is not None) == (held == "GetResourceRequestStatus")
        with pytest.raises(ccdbapi.NotSupportedError):
            connection.rollback()


@ctrl_c
def test_an_interrupted_write_tells_what_is_known_of_it_and_counts_as_written() -> None:
    service = HeldService("GetResourceRequestStatus")
    with connect(service) as connection:
        cursor = connection.cursor()
        with pytest.raises(KeyboardInterrupt) as caught, when(service.arrived, press_ctrl_c):
            cursor.execute(INSERT)
        assert "1 unknown" in caught.value.__notes__[0]
        with pytest.raises(ccdbapi.NotSupportedError):
            connection.rollback()


def test_a_repetition_with_the_token_of_a_cancelled_write_finds_it_done() -> None:
    service = HeldService("GetResourceRequestStatus")
    with connect(service) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError) as caught, when(service.arrived, cursor.cancel):
            cursor.execute(INSERT)
        service.held = frozenset()
        token = caught.value.outcomes[0].client_token
        cursor.execute(f"/*+ client_token('{token}') */ {INSERT}")
        assert cursor.execute(LIST).fetchall() == [("a",)]


@ctrl_c
@pytest.mark.parametrize("closes", ["cursor", "connection"])
def test_a_signal_handler_may_close_what_runs(closes: str) -> None:
    service = HeldService("ListResources")
    with connect(service) as connection:
        cursor = connection.cursor()
        before = signal.signal(signal.SIGINT, lambda *_: (cursor if closes == "cursor" else connection).close())
        try:
            with pytest.raises(ccdbapi.OperationalError, match="was cancelled"), when(service.arrived, press_ctrl_c):
                cursor.execute(LIST).fetchall()
        finally:
            signal.signal(signal.SIGINT, before)
        with pytest.raises(ccdbapi.InterfaceError):
            cursor.execute(LIST)
