"""Users' own tables in statements: what can be registered, under which names, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas
import polars
import pyarrow
import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

ROWS = [("w1", 1), ("w3", 3), (None, 5)]
NAMES, NUMBERS = ["w1", "w3", None], [1, 3, 5]


def reader() -> pyarrow.RecordBatchReader:
    table = pyarrow.table({"id": NAMES, "number": NUMBERS})
    return pyarrow.RecordBatchReader.from_batches(table.schema, iter(table.to_batches(max_chunksize=1)))


DATA: dict[str, Callable[[], object]] = {
    "a pandas DataFrame": lambda: pandas.DataFrame({"id": NAMES, "number": NUMBERS}),
    "one with an index": lambda: pandas.DataFrame({"id": NAMES, "number": NUMBERS}, index=[7, 8, 9]),
    "a polars DataFrame": lambda: polars.DataFrame({"id": NAMES, "number": NUMBERS}),
    "an Arrow table": lambda: pyarrow.table({"id": NAMES, "number": NUMBERS}),
    "a record batch": lambda: pyarrow.record_batch({"id": NAMES, "number": NUMBERS}),
    "a reader": reader,
    "mappings": lambda: [{"id": "w1", "number": 1}, {"id": "w3", "number": 3}, {"number": 5}],
}


@pytest.fixture
def workflows(cursor: ccdbapi.Cursor, service: CloudControl) -> ccdbapi.Cursor:
    """A cursor over a service with four workflows; the calls that made them are not in its log."""
    cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [(f"w{n}",) for n in range(4)])
    service.calls.clear()
    return cursor


def calls(service: CloudControl) -> list[tuple[str, object]]:
    return sorted(((call.operation, call.payload.get("Identifier")) for call in service.calls), key=str)


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_all_kinds_of_data_are_read_as_tables(
    connection: ccdbapi.Connection, cursor: ccdbapi.Cursor, data: Callable[[], object]
) -> None:
    connection.register("ids", data())
    for name in ("ids", "IDS", '"ids"', "awscc.main.ids"):
        assert cursor.execute(f"SELECT id, number FROM {name} ORDER BY number").fetchall() == ROWS
    assert [column.name for column in cursor.description or ()] == ["id", "number"]


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_they_tell_which_resources_to_get(
    connection: ccdbapi.Connection, workflows: ccdbapi.Cursor, service: CloudControl, data: Callable[[], object]
) -> None:
    connection.register("ids", data())
    workflows.execute("SELECT name, number FROM ids JOIN awscc.glue.workflows ON Identifier = id ORDER BY 1")
    assert workflows.fetchall() == [("w1", 1), ("w3", 3)]
    assert calls(service) == [("GetResource", "w1"), ("GetResource", "w3")]


def test_they_are_joined_with_listings(
    connection: ccdbapi.Connection, workflows: ccdbapi.Cursor, service: CloudControl
) -> None:
    connection.register("ids", [{"id": "w1"}, {"id": "none"}])
    workflows.execute("SELECT w.name FROM awscc.glue.workflows_list_only w JOIN ids ON w.name = ids.id")
    assert workflows.fetchall() == [("w1",)]
    assert [operation for operation, _ in calls(service)] == ["ListResources"]


def test_they_are_a_source_of_writes(
    connection: ccdbapi.Connection, workflows: ccdbapi.Cursor, service: CloudControl
) -> None:
    connection.register("wanted", [{"id": "w8", "text": "eight"}, {"id": "w9", "text": "nine"}])
    workflows.execute("INSERT INTO awscc.glue.workflows (name, description) SELECT id, text FROM wanted")
    workflows.execute("DELETE FROM awscc.glue.workflows WHERE Identifier IN (SELECT id FROM wanted WHERE id = 'w8')")
    workflows.execute("SELECT name, description FROM awscc.glue.workflows WHERE Identifier IN ('w8', 'w9')")
    assert workflows.fetchall() == [("w9", "nine")]


def test_every_cursor_sees_them_and_no_other_connection(
    connection: ccdbapi.Connection, cursor: ccdbapi.Cursor, service: CloudControl
) -> None:
    cursor.execute("SELECT 1")
    connection.register("ids", [{"id": 1}])
    for each in (cursor, connection.cursor()):
        assert each.execute("SELECT * FROM ids").fetchall() == [(1,)]
    with (
        ccdbapi.connect(embedded=service, regions=["us-east-1"]) as other,
        pytest.raises(ccdbapi.ProgrammingError, match="There is no table ids"),
    ):
        other.cursor().execute("SELECT * FROM ids")


def test_a_name_that_is_registered_again_gets_the_new_data(
    connection: ccdbapi.Connection, cursor: ccdbapi.Cursor
) -> None:
    sql = "SELECT * FROM ids"
    with pytest.raises(ccdbapi.ProgrammingError):
        cursor.execute(sql)
    connection.register("ids", [{"id": 1}])
    assert cursor.execute(sql).fetchall() == [(1,)]
    connection.register("Ids", [{"name": "a", "size": 2}])
    assert cursor.execute(sql).fetchall() == [("a", 2)]


def test_rows_that_are_being_fetched_stay_those_of_the_data_that_was_there(
    connection: ccdbapi.Connection, cursor: ccdbapi.Cursor
) -> None:
    connection.register("ids", [{"id": n} for n in range(10_000)])
    cursor.execute("SELECT id FROM ids")
    assert cursor.fetchone() == (0,)
    connection.register("ids", [{"id": "other"}])
    connection.unregister("ids")
    assert cursor.fetchall() == [(n,) for n in range(1, 10_000)]


def test_data_is_copied(connection: ccdbapi.Connection, cursor: ccdbapi.Cursor) -> None:
    frame = pandas.DataFrame({"id": [1]})
    connection.register("ids", frame)
    frame.loc[0, "id"] = 2
    del frame
    assert cursor.execute("SELECT id FROM ids").fetchall() == [(1,)]


def test_what_is_taken_back_is_gone(connection: ccdbapi.Connection, cursor: ccdbapi.Cursor) -> None:
    connection.register("ids", [{"id": 1}])
    connection.unregister("IDS")
    with pytest.raises(ccdbapi.ProgrammingError, match="There is no table ids"):
        cursor.execute("SELECT * FROM ids")
    with pytest.raises(ccdbapi.ProgrammingError, match="No data is registered as 'ids'"):
        connection.unregister("ids")


@pytest.mark.parametrize(
    "name", ["", "1a", "a b", "a.b", 'a"b', "a;b", "ä", "select", "LEFT", "table", "AWS::Glue::Workflow", None, 5]
)
def test_names_are_such_as_need_no_quotes(connection: ccdbapi.Connection, name: object) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match="cannot name a table"):
        connection.register(name, [{"id": 1}])  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("schema", ["glue", "awscc.glue", "awscc.Glue"])
@pytest.mark.parametrize("name", ["workflows", "Workflows", "workflows_list_only"])
def test_a_table_of_the_connection_s_schema_keeps_its_name(service: CloudControl, schema: str, name: str) -> None:
    with ccdbapi.connect(embedded=service, regions=["us-east-1"], schema=schema) as connection:
        with pytest.raises(ccdbapi.ProgrammingError, match=r"is a table of awscc\.glue"):
            connection.register(name, [{"id": 1}])
        connection.register("images", [{"id": 1}])  # another service's
        assert connection.cursor().execute("SELECT * FROM images").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "data", [None, 5, "text", b"", {"id": [1]}, [1], [{"id": 1}, 2], {1, 2}, [], [{}], [{1: "x"}], object()]
)
def test_what_is_no_table_is_refused(connection: ccdbapi.Connection, data: object) -> None:
    with pytest.raises(ccdbapi.ProgrammingError):
        connection.register("ids", data)


def failing_reader() -> pyarrow.RecordBatchReader:
    def batches() -> Iterator[pyarrow.RecordBatch]:
        yield pyarrow.record_batch({"id": [1]})
        raise ValueError("the source is gone")

    return pyarrow.RecordBatchReader.from_batches(pyarrow.schema([("id", pyarrow.int64())]), batches())


@pytest.mark.parametrize(
    "data",
    [pandas.DataFrame, lambda: pyarrow.table({}), lambda: pyarrow.array([1]), lambda: [{"id": 2**200}], failing_reader],
)
def test_data_that_cannot_be_read_leaves_what_was_registered(
    connection: ccdbapi.Connection, cursor: ccdbapi.Cursor, data: Callable[[], object]
) -> None:
    connection.register("ids", [{"id": 1}])
    with pytest.raises(ccdbapi.DataError):
        connection.register("ids", data())
    assert cursor.execute("SELECT * FROM ids").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "sql",
    ["SELECT * FROM read_text('setup.cfg')", "SELECT * FROM 'setup.cfg'", "SELECT * FROM frame"],
)
def test_statements_still_reach_nothing_of_the_machine_or_the_program(
    connection: ccdbapi.Connection, cursor: ccdbapi.Cursor, sql: str
) -> None:
    frame = pandas.DataFrame({"id": [1]})
    connection.register("ids", frame)
    with pytest.raises(ccdbapi.DatabaseError):
        cursor.execute(sql)


def test_a_closed_connection_takes_no_data(connection: ccdbapi.Connection) -> None:
    connection.register("ids", [{"id": 1}])
    connection.close()
    with pytest.raises(ccdbapi.InterfaceError, match="The connection is closed"):
        connection.register("ids", [{"id": 1}])
    with pytest.raises(ccdbapi.InterfaceError, match="The connection is closed"):
        connection.unregister("ids")
