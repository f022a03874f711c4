"""What the two faces of the driver have in common: statements, results, calls, errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas
import polars
import pyarrow
import pytest
from faces import AnyCursor, both_faces, connected, rows_of, run, value_of

import ccdbapi
from ccdbapi import aio
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

INSERT = "INSERT INTO awscc.glue.workflows (name, description) VALUES (?, ?)"


STATEMENTS: dict[str, tuple[str, list[tuple[object, ...]], list[tuple[str, object]]]] = {
    "a get": (
        "SELECT description FROM awscc.glue.workflows WHERE name = 'w1'",
        [("of w1",)],
        [("GetResource", "w1")],
    ),
    "gets": (
        "SELECT name, description FROM awscc.glue.workflows WHERE name IN ('w0', 'w2', 'none') ORDER BY name",
        [("w0", "of w0"), ("w2", "of w2")],
        [("GetResource", "none"), ("GetResource", "w0"), ("GetResource", "w2")],
    ),
    "a list": (
        "SELECT count(*) FROM awscc.glue.workflows_list_only",
        [(5,)],
        [("ListResources", None)] * 3,
    ),
    "a join that feeds gets": (
        "SELECT w.description FROM awscc.glue.workflows_list_only l JOIN awscc.glue.workflows w ON w.name = l.name "
        "WHERE l.name LIKE '%3'",
        [("of w3",)],
        [*[("ListResources", None)] * 3, ("GetResource", "w3")],
    ),
    "no call": ("SELECT 6 * 7", [(42,)], []),
}


@both_faces
@pytest.mark.parametrize("which", STATEMENTS)
def test_a_statement_gives_the_same_rows_by_the_same_calls(face: str, which: str) -> None:
    statement, rows, calls = STATEMENTS[which]

    async def main() -> None:
        service = CloudControl(Options(page_size=2))
        async with connected(face, embedded=service, regions=["us-east-1"]) as cursor:
            await value_of(cursor.executemany(INSERT, [[f"w{n}", f"of w{n}"] for n in range(5)]))
            assert cursor.rowcount == 5
            service.calls.clear()
            assert await rows_of(cursor, statement) == rows
            made = [(call.operation, call.payload.get("Identifier")) for call in service.calls]
            assert sorted(made, key=str) == sorted(calls, key=str)
            assert cursor.stats.calls == len(calls)

    run(main)


def public(face: type) -> dict[str, object]:
    """The public names of a class, and what stands for those of the language: both faces have to have these, too."""
    protocol = {"__aiter__": "__iter__", "__anext__": "__next__", "__aenter__": "__enter__", "__aexit__": "__exit__"}
    names = {protocol.get(name, name): getattr(face, name) for name in dir(face)}
    return {name: value for name, value in names.items() if not name.startswith("_") or name in protocol.values()}


@pytest.mark.parametrize(
    ("blocking", "awaited"), [(ccdbapi.Cursor, aio.AioCursor), (ccdbapi.Connection, aio.AioConnection)]
)
def test_both_faces_have_the_same_methods_with_the_same_parameters(blocking: type, awaited: type) -> None:
    ours, theirs = public(blocking), public(awaited)
    assert sorted(ours) == sorted(theirs)
    for name, method in ours.items():
        if inspect.isroutine(method):
            parameters = inspect.signature(method).parameters
            assert parameters == inspect.signature(theirs[name]).parameters, name  # type: ignore[arg-type]  # a method, too


def test_both_faces_connect_with_the_same_settings() -> None:
    assert inspect.signature(aio.connect).parameters == inspect.signature(ccdbapi.connect).parameters


def _table(table: pyarrow.Table) -> list[tuple[object, ...]]:
    return list(zip(*table.to_pydict().values(), strict=True))


#: Method → the class of what it gives, and its rows.
COLUMNAR: dict[str, tuple[type, Callable[[AnyCursor], list[tuple[object, ...]]]]] = {
    "fetch_arrow_table": (pyarrow.Table, _table),
    "fetch_df": (pandas.DataFrame, lambda frame: [tuple(row) for row in frame.itertuples(index=False)]),
    "fetch_polars": (polars.DataFrame, lambda frame: frame.rows()),
}


@both_faces
@pytest.mark.parametrize("method", COLUMNAR)
def test_results_are_tables_of_packages(face: str, method: str) -> None:
    kind, rows = COLUMNAR[method]

    async def main() -> None:
        service = CloudControl(Options(page_size=2))
        async with connected(face, embedded=service, regions=["us-east-1"]) as cursor:
            await value_of(cursor.executemany(INSERT, [[f"w{n}", f"of w{n}"] for n in range(5)]))
            service.calls.clear()
            await value_of(cursor.execute("SELECT name, region FROM awscc.glue.workflows_list_only ORDER BY name"))
            assert await value_of(cursor.fetchone()) == ("w0", "us-east-1")
            given = await value_of(getattr(cursor, method)())
            assert isinstance(given, kind)
            assert rows(given) == [(f"w{n}", "us-east-1") for n in range(1, 5)]
            assert (cursor.rowcount, cursor.rownumber) == (5, 5)
            assert [call.operation for call in service.calls] == ["ListResources"] * 3
            assert rows(await value_of(getattr(cursor, method)())) == []
            await value_of(cursor.execute("SELECT * FROM awscc.glue.workflows WHERE false"))
            empty = await value_of(getattr(cursor, method)())
            assert "description" in (empty.column_names if kind is pyarrow.Table else empty.columns)

    run(main)


async def batches_of(cursor: AnyCursor, rows: object) -> list[pyarrow.RecordBatch]:
    """The record batches of either face."""
    batches = cursor.fetch_record_batches(rows)
    return [batch async for batch in batches] if hasattr(batches, "__aiter__") else list(batches)


@both_faces
def test_record_batches_come_as_pages_do(face: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=CloudControl(Options(page_size=20)), regions=["us-east-1"]) as cursor:
            await value_of(cursor.executemany(INSERT, [[f"w{n:02}", ""] for n in range(60)]))
            await value_of(cursor.execute("SELECT name FROM awscc.glue.workflows_list_only"))
            batches = await batches_of(cursor, 20)
            assert [batch.num_rows for batch in batches] == [20] * 3
            assert cursor.rowcount == 60

    run(main)


@both_faces
@pytest.mark.parametrize("rows", [0, -1, None, "many"])
def test_a_batch_is_of_one_row_or_more(face: str, rows: object) -> None:
    async def main() -> None:
        async with connected(face, embedded=True) as cursor:
            await value_of(cursor.execute("SELECT 1"))
            with pytest.raises(ccdbapi.ProgrammingError, match="1 row or more"):
                await batches_of(cursor, rows)
            assert await value_of(cursor.fetchall()) == [(1,)]

    run(main)


@both_faces
@pytest.mark.parametrize("method", COLUMNAR)
def test_without_a_result_there_is_no_table(face: str, method: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=True) as cursor:
            with pytest.raises(ccdbapi.ProgrammingError, match="no results to fetch"):
                await value_of(getattr(cursor, method)())

    run(main)


@both_faces
def test_what_polars_cannot_hold_is_not_supported(face: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=True) as cursor:
            await value_of(cursor.execute("SELECT 1 AS a, 2 AS a"))
            with pytest.raises(ccdbapi.NotSupportedError, match="rename columns"):
                await value_of(cursor.fetch_polars())

    run(main)


@both_faces
def test_fetching_tells_where_it_is(face: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=True) as cursor:
            await value_of(cursor.execute("SELECT i, 'x' AS t FROM range(10) r(i) ORDER BY i"))
            assert [column[:2] for column in cursor.description] == [("i", "BIGINT"), ("t", "VARCHAR")]
            assert (cursor.rowcount, cursor.rownumber) == (-1, 0)
            assert await value_of(cursor.fetchone()) == (0, "x")
            assert await value_of(cursor.fetchmany()) == [(1, "x")]
            assert await value_of(cursor.fetchmany(3)) == [(2, "x"), (3, "x"), (4, "x")]
            assert cursor.rownumber == 5
            assert len(await value_of(cursor.fetchall())) == 5
            assert await value_of(cursor.fetchone()) is None
            assert cursor.rowcount == 10

    run(main)


@both_faces
def test_a_write_tells_what_it_did(face: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=True, regions=["us-east-1"]) as cursor:
            await value_of(cursor.execute(INSERT, ["a", "first"]))
            assert (cursor.rowcount, cursor.lastrowid) == (1, "a")
            returned = await rows_of(
                cursor, "UPDATE awscc.glue.workflows SET description = 'second' WHERE name = 'a' RETURNING Identifier"
            )
            assert returned == [("a",)]
            with pytest.raises(ccdbapi.NotSupportedError):
                cursor.connection.rollback()
            cursor.connection.commit()
            cursor.connection.rollback()
            explained = await rows_of(
                cursor, "EXPLAIN ANALYZE SELECT description FROM awscc.glue.workflows WHERE name='a'"
            )
            assert explained
            await value_of(cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = 'a'"))
            assert cursor.rowcount == 1

    run(main)


BROKEN = {
    "no identifier": ("SELECT * FROM awscc.glue.workflows", ccdbapi.ProgrammingError, "Identifier"),
    "no such table": ("SELECT * FROM awscc.glue.nothing", ccdbapi.ProgrammingError, "nothing"),
    "no SQL": ("SELEC 1", ccdbapi.ProgrammingError, "SELEC"),
    "no number": ("SELECT CAST('x' AS INTEGER)", ccdbapi.DataError, "x"),
    "there already": ("INSERT INTO awscc.glue.workflows (name) VALUES ('a')", ccdbapi.IntegrityError, "AlreadyExists"),
}


@both_faces
@pytest.mark.parametrize("which", BROKEN)
def test_errors_are_the_same_and_the_cursor_goes_on(face: str, which: str) -> None:
    statement, kind, words = BROKEN[which]

    async def main() -> None:
        async with connected(face, embedded=True, regions=["us-east-1"]) as cursor:
            await value_of(cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('a')"))
            with pytest.raises(kind, match=words) as raised:
                await rows_of(cursor, statement)
            assert cursor.messages == [(type(raised.value), raised.value)]
            assert await rows_of(cursor, "SELECT 1") == [(1,)]

    run(main)


@both_faces
def test_registered_data_are_a_table(face: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=True) as cursor:
            await value_of(cursor.connection.register("mine", [{"a": 1}, {"a": 2}]))
            assert await rows_of(cursor, "SELECT sum(a) FROM mine") == [(3,)]
            await value_of(cursor.connection.unregister("mine"))
            with pytest.raises(ccdbapi.ProgrammingError, match="mine"):
                await rows_of(cursor, "SELECT * FROM mine")

    run(main)


@both_faces
def test_a_request_can_be_followed_to_its_end(face: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=True, regions=["us-east-1"]) as cursor:
            [(token,)] = await rows_of(
                cursor, "INSERT /*+ async */ INTO awscc.glue.workflows (name) VALUES ('a') RETURNING RequestToken"
            )
            outcome = await value_of(cursor.connection.wait(token, region="us-east-1"))
            assert (outcome.state, outcome.identifier) == ("done", "a")

    run(main)


@both_faces
def test_closed_is_closed(face: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=True) as cursor:
            await value_of(cursor.close())
            await value_of(cursor.close())
            with pytest.raises(ccdbapi.InterfaceError, match="cursor is closed"):
                await value_of(cursor.execute("SELECT 1"))
            connection = cursor.connection
            await value_of(connection.close())
            await value_of(connection.close())
            with pytest.raises(ccdbapi.InterfaceError, match="connection is closed"):
                connection.cursor()

    run(main)


class Partly(CloudControl):
    """Answers in one region, and refuses in another."""

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if region == "eu-west-1":
            raise ServiceError("AccessDeniedException", "because", 400)
        return await super().handle(operation, payload, account=account, region=region)


@both_faces
def test_a_region_that_is_skipped_is_a_warning_where_the_statement_stands(face: str) -> None:
    async def main() -> None:
        settings = {"regions": ["us-east-1", "eu-west-1"], "on_region_error": "skip"}
        async with connected(face, embedded=Partly(), **settings) as cursor:
            with pytest.warns(ccdbapi.Warning, match="eu-west-1") as warned:
                assert await rows_of(cursor, "SELECT name FROM awscc.glue.workflows_list_only") == []
            assert {Path(warning.filename).name for warning in warned} == {"faces.py"}

    run(main)
