"""Opening, sharing and closing of connections and cursors. PEP 249, "Connection Objects" and "Cursor Objects"."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from held_service import HeldService

import ccdbapi
from ccdbapi.cloudcontrol import loop
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

WORKFLOWS = "SELECT name FROM awscc.glue.workflows_list_only ORDER BY name"
INSERT = "INSERT INTO awscc.glue.workflows (name) VALUES (?)"

CURSOR_METHODS: dict[str, Callable[[ccdbapi.Cursor], object]] = {
    "execute": lambda cursor: cursor.execute("SELECT 1"),
    "executemany": lambda cursor: cursor.executemany(INSERT, [["a"]]),
    "fetchone": lambda cursor: cursor.fetchone(),
    "fetchmany": lambda cursor: cursor.fetchmany(1),
    "fetchall": lambda cursor: cursor.fetchall(),
    "nextset": lambda cursor: cursor.nextset(),
    "setinputsizes": lambda cursor: cursor.setinputsizes([]),
    "setoutputsize": lambda cursor: cursor.setoutputsize(1),
    "__next__": next,
    "__enter__": lambda cursor: cursor.__enter__(),
}

CONNECTION_METHODS: dict[str, Callable[[ccdbapi.Connection], object]] = {
    "cursor": lambda connection: connection.cursor(),
    "commit": lambda connection: connection.commit(),
    "rollback": lambda connection: connection.rollback(),
    "__enter__": lambda connection: connection.__enter__(),
}


@pytest.mark.parametrize("method", CURSOR_METHODS)
def test_a_closed_cursor_refuses_to_work(cursor: ccdbapi.Cursor, method: str, service: CloudControl) -> None:
    cursor.execute("SELECT 1")
    cursor.close()
    with pytest.raises(ccdbapi.InterfaceError, match="cursor is closed"):
        CURSOR_METHODS[method](cursor)
    assert not service.calls


@pytest.mark.parametrize("method", CURSOR_METHODS)
def test_a_cursor_of_a_closed_connection_refuses_to_work(
    connection: ccdbapi.Connection, method: str, service: CloudControl
) -> None:
    cursor = connection.cursor()
    connection.close()
    with pytest.raises(ccdbapi.InterfaceError, match="closed"):
        CURSOR_METHODS[method](cursor)
    assert not service.calls


@pytest.mark.parametrize("method", CONNECTION_METHODS)
def test_a_closed_connection_refuses_to_work(connection: ccdbapi.Connection, method: str) -> None:
    connection.close()
    with pytest.raises(ccdbapi.InterfaceError, match="connection is closed"):
        CONNECTION_METHODS[method](connection)


def test_closing_again_does_nothing(connection: ccdbapi.Connection, cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT 1")
    for _ in range(2):
        cursor.close()
        cursor.cancel()
    for _ in range(2):
        connection.close()
    assert connection.closed


def test_a_closed_cursor_has_no_result_left(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT 1")
    cursor.close()
    assert cursor.description is None
    assert repr(cursor) == "<ccdbapi.Cursor closed>"


def test_cursors_of_a_connection_do_not_disturb_each_other(connection: ccdbapi.Connection) -> None:
    first, second = connection.cursor(), connection.cursor()
    first.execute("SELECT * FROM range(3)")
    second.execute("SELECT 'second'")
    assert first.fetchone() == (0,)
    second.close()
    assert first.fetchall() == [(1,), (2,)]


def test_context_managers_close(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    with pytest.raises(ccdbapi.InterfaceError):
        cursor.fetchall()
    with pytest.raises(ccdbapi.InterfaceError):
        connection.cursor()


def test_an_exception_passes_through_context_managers_as_it_is_even_after_a_write(service: CloudControl) -> None:
    failure = RuntimeError("of the caller")

    def write_and_fail() -> None:
        with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection, connection.cursor() as cursor:
            cursor.execute(INSERT, ["a"])
            raise failure

    with pytest.raises(RuntimeError) as caught:
        write_and_fail()
    assert caught.value is failure
    assert caught.value.__context__ is None


def test_what_one_cursor_wrote_every_other_one_reads(connection: ccdbapi.Connection, service: CloudControl) -> None:
    connection.cursor().execute(INSERT, ["a"])
    assert connection.cursor().execute(WORKFLOWS).fetchall() == [("a",)]
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as other:
        assert other.cursor().execute(WORKFLOWS).fetchall() == [("a",)]


def test_commit_and_rollback_do_nothing_where_nothing_was_written(connection: ccdbapi.Connection) -> None:
    connection.rollback()
    connection.cursor().execute(WORKFLOWS).fetchall()
    connection.rollback()
    connection.commit()
    connection.rollback()


def test_rollback_of_what_was_written_says_that_it_stays(connection: ccdbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(INSERT, ["a"])
    for _ in range(2):
        with pytest.raises(ccdbapi.NotSupportedError, match="no transactions"):
            connection.rollback()
    assert cursor.execute(WORKFLOWS).fetchall() == [("a",)]
    connection.commit()
    connection.rollback()


def test_rollback_counts_a_write_that_failed_in_part(connection: ccdbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute(INSERT, ["a"])
    connection.commit()
    with pytest.raises(ccdbapi.DatabaseError) as caught:
        cursor.executemany(INSERT, [["a"], ["b"]])
    assert {outcome.state for outcome in caught.value.outcomes} == {"failed", "done"}
    with pytest.raises(ccdbapi.NotSupportedError):
        connection.rollback()


def test_rollback_does_not_count_a_write_that_changed_nothing(connection: ccdbapi.Connection) -> None:
    cursor = connection.cursor()
    with pytest.raises(ccdbapi.DatabaseError):
        cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = 'absent'")
    cursor.execute("DELETE FROM awscc.glue.workflows WHERE false")
    connection.rollback()


def test_a_connection_commits_by_itself_and_nothing_else(connection: ccdbapi.Connection) -> None:
    assert connection.autocommit is True
    connection.autocommit = True
    with pytest.raises(ccdbapi.NotSupportedError, match="no transactions"):
        connection.autocommit = False


def test_threads_share_a_connection_with_cursors_of_their_own(connection: ccdbapi.Connection) -> None:
    def work(number: int) -> list[tuple[str, int]]:
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [f"of thread {number}"])
            return cursor.execute(
                "SELECT name, ?::INTEGER FROM awscc.glue.workflows WHERE name = ?", [number, f"of thread {number}"]
            ).fetchall()

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(work, range(40)))
    assert results == [[(f"of thread {number}", number)] for number in range(40)]
    assert connection.cursor().execute(f"SELECT count(*) FROM ({WORKFLOWS})").fetchall() == [(40,)]


def test_a_cursor_that_another_thread_uses_says_so() -> None:
    service = HeldService("ListResources")
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection, ThreadPoolExecutor(1) as threads:
        cursor = connection.cursor()
        running = threads.submit(lambda: cursor.execute(WORKFLOWS).fetchall())
        service.arrived.wait()
        with pytest.raises(ccdbapi.ProgrammingError, match="another thread"):
            cursor.execute("SELECT 1")
        cursor.cancel()
        assert isinstance(running.exception(), ccdbapi.OperationalError)


@pytest.mark.parametrize("close", ["cursor", "connection"])
@pytest.mark.parametrize(
    ("statement", "held"), [(WORKFLOWS, "ListResources"), (INSERT.replace("?", "'a'"), "GetResourceRequestStatus")]
)
def test_closing_ends_the_statement_that_runs_in_another_thread(close: str, statement: str, held: str) -> None:
    service = HeldService(held)
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection, ThreadPoolExecutor(1) as threads:
        cursor = connection.cursor()
        running = threads.submit(lambda: cursor.execute(statement).fetchall())
        service.arrived.wait()
        (cursor if close == "cursor" else connection).close()
        assert isinstance(running.exception(), ccdbapi.OperationalError)
        with pytest.raises(ccdbapi.InterfaceError):
            cursor.execute("SELECT 1")


def test_what_is_dropped_unclosed_goes_without_a_word(service: CloudControl) -> None:
    connection = ccdbapi.connect(embedded=service, regions=["us-east-1"])
    cursor = connection.cursor()
    cursor.executemany(INSERT, [[f"w{number}"] for number in range(60)])
    cursor.execute("SELECT name FROM awscc.glue.workflows_list_only LIMIT 30").fetchone()
    del cursor, connection
    gc.collect()  # warnings, also those of finalizers, are errors in this test run


def test_a_cursor_that_is_dropped_with_rows_unread_ends_its_calls() -> None:
    """Else a program that forgets to close cursors would collect calls that wait for somebody to read on."""
    with ccdbapi.connect(embedded=CloudControl(Options(page_size=1)), regions=["us-east-1"]) as connection:
        connection.cursor().executemany(INSERT, [[f"w{number:03}"] for number in range(100)])
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM awscc.glue.workflows_list_only LIMIT 99").fetchone()
        reading = loop.run(tasks())
        assert reading
        del cursor
        gc.collect()
        loop.run(ended(reading))


async def tasks() -> set[asyncio.Task[object]]:
    """The driver's tasks on its background loop, but for this one."""
    return asyncio.all_tasks() - {asyncio.current_task()}


async def ended(tasks: set[asyncio.Task[object]]) -> None:
    """Returns when ``tasks`` have ended; fails after ten seconds."""
    async with asyncio.timeout(10):
        await asyncio.wait(tasks)


def run(script: str) -> str:
    """Runs ``script`` with warnings as errors, and nothing to complain of; what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.parametrize("rows", ["unread", "read"])
@pytest.mark.parametrize("embedded", ["True", "'state.sqlite'"])
def test_a_program_may_end_without_closing_anything(
    rows: str, embedded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fetch = "cursor.fetchall()" if rows == "read" else "cursor.fetchone()"
    assert (
        run(
            f"""
import ccdbapi
connection = ccdbapi.connect(embedded={embedded}, regions=["us-east-1"])
cursor = connection.cursor()
cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [[f"w{{n}}"] for n in range(60)])
cursor.execute("SELECT name FROM awscc.glue.workflows_list_only")
{fetch}
print("done")
"""
        )
        == "done\n"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_may_go_on_with_the_connection_and_make_its_own() -> None:
    assert (
        run(
            """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later warn of any fork beside threads
import ccdbapi
connection = ccdbapi.connect(embedded=True, regions=["us-east-1"])
cursor = connection.cursor()
cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('of the parent')")
child = os.fork()
if not child:
    try:
        names = "SELECT name FROM awscc.glue.workflows_list_only"
        assert connection.cursor().execute(names).fetchall() == [("of the parent",)]
        assert cursor.execute(names).fetchall() == [("of the parent",)]
        with ccdbapi.connect(embedded=True) as own:
            assert own.cursor().execute("SELECT 1").fetchall() == [(1,)]
        connection.close()
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(cursor.execute("SELECT name FROM awscc.glue.workflows_list_only").fetchall())
connection.close()
"""
        )
        == "[('of the parent',)]\n"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("end", ["sys.exit(0)", "del connection, cursor; sys.exit(0)"])
def test_a_forked_child_that_ends_like_any_program_ends_well(end: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"""
import os, sys
import ccdbapi
connection = ccdbapi.connect(embedded=True, regions=["us-east-1"])
cursor = connection.cursor()
cursor.execute("SELECT name FROM awscc.glue.workflows_list_only")
child = os.fork()
if not child:
    {end}
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
