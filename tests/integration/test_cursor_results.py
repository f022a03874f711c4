"""What a cursor tells of a result, and how it hands out rows. PEP 249, "Cursor Objects"."""

from __future__ import annotations

import datetime
import decimal
import uuid

import pytest

import ccdbapi
from ccdbapi.dbtypes import TypeObject
from ccdbapi.emulator.service import CloudControl

TYPE_OBJECTS = (ccdbapi.STRING, ccdbapi.BINARY, ccdbapi.NUMBER, ccdbapi.DATETIME, ccdbapi.ROWID)

#: Expression, its type code, the type object that equals it, its value in Python.
TYPES: tuple[tuple[str, str, TypeObject | None, object], ...] = (
    ("true", "BOOLEAN", ccdbapi.NUMBER, True),
    ("1::TINYINT", "TINYINT", ccdbapi.NUMBER, 1),
    ("1::SMALLINT", "SMALLINT", ccdbapi.NUMBER, 1),
    ("1", "INTEGER", ccdbapi.NUMBER, 1),
    ("1::BIGINT", "BIGINT", ccdbapi.NUMBER, 1),
    ("1::HUGEINT", "HUGEINT", ccdbapi.NUMBER, 1),
    ("1::UTINYINT", "UTINYINT", ccdbapi.NUMBER, 1),
    ("1::USMALLINT", "USMALLINT", ccdbapi.NUMBER, 1),
    ("1::UINTEGER", "UINTEGER", ccdbapi.NUMBER, 1),
    ("1::UBIGINT", "UBIGINT", ccdbapi.NUMBER, 1),
    ("1::UHUGEINT", "UHUGEINT", ccdbapi.NUMBER, 1),
    ("1.5::FLOAT", "FLOAT", ccdbapi.NUMBER, 1.5),
    ("1.5::DOUBLE", "DOUBLE", ccdbapi.NUMBER, 1.5),
    ("1.50", "DECIMAL", ccdbapi.NUMBER, decimal.Decimal("1.50")),
    ("'a'", "VARCHAR", ccdbapi.STRING, "a"),
    ("'a'::ENUM ('a', 'b')", "ENUM", ccdbapi.STRING, "a"),
    ("'00000000-0000-0000-0000-000000000001'::UUID", "UUID", ccdbapi.STRING, uuid.UUID(int=1)),
    ("""'{"a": [1, null]}'::JSON""", "JSON", ccdbapi.STRING, {"a": [1, None]}),
    ("""'"text"'::JSON""", "JSON", ccdbapi.STRING, "text"),
    ("NULL", "NULL", ccdbapi.STRING, None),
    ("'\\x00\\xFF'::BLOB", "BLOB", ccdbapi.BINARY, b"\x00\xff"),
    ("'POINT (0 0)'::GEOMETRY", "GEOMETRY", ccdbapi.BINARY, b"\x01\x01" + bytes(19)),
    ("DATE '2020-01-02'", "DATE", ccdbapi.DATETIME, datetime.date(2020, 1, 2)),
    ("TIME '10:20:30'", "TIME", ccdbapi.DATETIME, datetime.time(10, 20, 30)),
    ("'10:20:30'::TIME_NS", "TIME_NS", ccdbapi.DATETIME, datetime.time(10, 20, 30)),
    ("'10:20:30+00'::TIMETZ", "TIME WITH TIME ZONE", ccdbapi.DATETIME, datetime.time(10, 20, 30, tzinfo=datetime.UTC)),
    ("TIMESTAMP '2020-01-02 10:20:30'", "TIMESTAMP", ccdbapi.DATETIME, ccdbapi.Timestamp(2020, 1, 2, 10, 20, 30)),
    ("'2020-01-02'::TIMESTAMP_S", "TIMESTAMP_S", ccdbapi.DATETIME, ccdbapi.Timestamp(2020, 1, 2)),
    ("'2020-01-02'::TIMESTAMP_MS", "TIMESTAMP_MS", ccdbapi.DATETIME, ccdbapi.Timestamp(2020, 1, 2)),
    ("'2020-01-02'::TIMESTAMP_NS", "TIMESTAMP_NS", ccdbapi.DATETIME, ccdbapi.Timestamp(2020, 1, 2)),
    ("'2020-01-02 00:00:00+00'::TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", ccdbapi.DATETIME,
     datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)),
    ("'2020-01-02 00:00:00+00'::TIMESTAMPTZ_NS", "TIMESTAMPTZ_NS", ccdbapi.DATETIME,
     datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)),
    ("INTERVAL 36 HOURS", "INTERVAL", ccdbapi.DATETIME, datetime.timedelta(hours=36)),
    ("[1, NULL]", "INTEGER[]", None, [1, None]),
    ("array_value(1, 2)", "INTEGER[2]", None, (1, 2)),
    ("['[1]'::JSON, NULL]", "JSON[]", None, [[1], None]),
    ("{'a': 1, 'b': '{}'::JSON}", "STRUCT", None, {"a": 1, "b": {}}),
    ("row(1, 'a')", "TUPLE", None, (1, "a")),
    ("map {'a': 1}", "MAP", None, {"a": 1}),
    ("union_value(a := 1)", "UNION", None, 1),
    ("1::VARIANT", "VARIANT", None, 1),
)  # fmt: skip

#: Text, the type to cast it to, its type object, its value in Python.
CASTS = (("1" * 60, "BIGNUM", ccdbapi.NUMBER, int("1" * 60)), ("1010", "BIT", ccdbapi.STRING, "1010"))


@pytest.mark.parametrize(("expression", "code", "type_object", "value"), TYPES, ids=[row[0] for row in TYPES])
def test_a_column_of_any_type_has_its_code_and_comes_as_a_python_value(
    cursor: ccdbapi.Cursor, expression: str, code: str, type_object: TypeObject | None, value: object
) -> None:
    cursor.execute(f"SELECT {expression} AS x")
    assert cursor.description is not None
    assert cursor.description[0].type_code == code
    assert [each for each in TYPE_OBJECTS if each == code] == ([] if type_object is None else [type_object])
    assert cursor.fetchall() == [(value,)]


@pytest.mark.parametrize(("text", "code", "type_object", "value"), CASTS, ids=[row[1] for row in CASTS])
def test_types_whose_constants_cannot_be_planned_are_cast_from_columns(
    cursor: ccdbapi.Cursor, text: str, code: str, type_object: TypeObject, value: object
) -> None:
    with pytest.raises(ccdbapi.NotSupportedError, match=code):
        cursor.execute(f"SELECT '{text}'::{code}")
    cursor.execute(f"SELECT x::{code} FROM (VALUES ('{text}'), (NULL)) AS t (x)")
    assert cursor.description is not None
    assert cursor.description[0].type_code == code == type_object
    assert cursor.fetchall() == [(value,), (None,)]


@pytest.mark.parametrize(("expression", "code", "type_object", "value"), TYPES, ids=[row[0] for row in TYPES])
def test_null_is_none_whatever_the_type(
    cursor: ccdbapi.Cursor, expression: str, code: str, type_object: TypeObject | None, value: object
) -> None:
    cursor.execute(f"SELECT nullif(x, x) FROM (SELECT {expression} AS x)")
    assert cursor.fetchall() == [(None,)]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_numbers_that_json_lacks_come_as_floats(cursor: ccdbapi.Cursor, number: str) -> None:
    (row,) = cursor.execute(f"SELECT '{number}'::DOUBLE, ?", [float(number)]).fetchall()
    assert [str(value) for value in row] == [number, number]


def test_every_column_has_seven_items_that_have_names_too(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT 1.50::DECIMAL(10, 2) AS price, 'a' AS \"a b\"")
    assert cursor.description == (
        ("price", "DECIMAL", None, None, 10, 2, None),
        ("a b", "VARCHAR", None, None, None, None, None),
    )
    assert [column.name for column in cursor.description] == ["price", "a b"]


def test_a_result_without_rows_is_described_too(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT region, name, Identifier FROM awscc.glue.workflows_list_only")
    assert [column[0] for column in cursor.description or ()] == ["region", "name", "Identifier"]
    assert cursor.fetchall() == []


def test_a_new_cursor_has_no_result(cursor: ccdbapi.Cursor) -> None:
    assert cursor.description is None
    assert cursor.rownumber is None
    assert cursor.lastrowid is None
    assert (cursor.rowcount, cursor.arraysize, cursor.messages) == (-1, 1, [])


@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "fetchall", "nextset", "__next__"])
@pytest.mark.parametrize("statement", [None, "DELETE FROM awscc.glue.workflows WHERE false", "SELECT nothing"])
def test_fetching_where_there_is_no_result_is_a_programming_error(
    cursor: ccdbapi.Cursor, fetch: str, statement: str | None
) -> None:
    if statement is not None and statement.startswith("DELETE"):
        cursor.execute(statement)
    elif statement is not None:
        cursor.execute("SELECT 1")
        with pytest.raises(ccdbapi.ProgrammingError, match="nothing"):
            cursor.execute(statement)
    with pytest.raises(ccdbapi.ProgrammingError, match="no result"):
        getattr(cursor, fetch)()


def test_all_ways_to_fetch_go_on_where_the_last_one_stopped(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT * FROM range(10)")
    assert cursor.fetchone() == (0,)
    assert cursor.fetchmany(2) == [(1,), (2,)]
    assert next(cursor) == (3,)
    assert cursor.fetchmany() == [(4,)]
    assert cursor.fetchmany(0) == []
    cursor.arraysize = 2
    assert cursor.fetchmany() == [(5,), (6,)]
    assert cursor.rownumber == 7
    assert list(cursor) == [(7,), (8,), (9,)]
    assert cursor.rownumber == 10


def test_after_the_last_row_there_are_no_more(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT 1")
    assert cursor.fetchall() == [(1,)]
    for _ in range(2):
        assert cursor.fetchone() is None
        assert cursor.fetchmany(5) == []
        assert cursor.fetchall() == []
        assert list(cursor) == []


@pytest.mark.parametrize("size", [3, 4, 2**63 - 1, 2**100])
def test_fetchmany_gives_what_is_left_where_more_is_asked(cursor: ccdbapi.Cursor, size: int) -> None:
    cursor.execute("SELECT * FROM range(3)")
    assert cursor.fetchmany(size) == [(0,), (1,), (2,)]


@pytest.mark.parametrize("size", [-1, "2", 1.5])
def test_a_size_that_is_none_is_a_programming_error_and_loses_no_row(cursor: ccdbapi.Cursor, size: object) -> None:
    cursor.execute("SELECT 1")
    with pytest.raises(ccdbapi.ProgrammingError, match="0 or more"):
        cursor.fetchmany(size)  # type: ignore[arg-type]  # that is the point
    assert cursor.fetchall() == [(1,)]


def test_rowcount_of_a_query_is_known_once_all_rows_are_fetched(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT * FROM range(3)")
    assert cursor.rowcount == -1
    cursor.fetchmany(3)
    assert cursor.rowcount == -1
    assert cursor.fetchone() is None
    assert cursor.rowcount == 3


def test_rowcount_of_a_write_is_the_number_of_resources(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('a'), ('b'), ('c')")
    assert cursor.rowcount == 3
    cursor.execute("DELETE FROM awscc.glue.workflows WHERE name IN ('a', 'b') RETURNING Identifier")
    assert cursor.rowcount == 2
    assert cursor.fetchall() == [("a",), ("b",)]
    assert cursor.rowcount == 2
    cursor.execute("DELETE FROM awscc.glue.workflows WHERE false")
    assert cursor.rowcount == 0


def test_rowcount_is_unknown_after_a_failure(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT 1").fetchall()
    with pytest.raises(ccdbapi.ProgrammingError):
        cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = 'absent'")
    assert cursor.rowcount == -1


def test_lastrowid_is_the_identifier_of_a_single_created_resource(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('a')")
    assert cursor.lastrowid == "a"
    cursor.execute("SELECT 1")
    assert cursor.lastrowid is None
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('b'), ('c')")
    assert cursor.lastrowid is None
    cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = 'a'")
    assert cursor.lastrowid is None


def test_a_statement_gives_one_result_set(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT 1")
    assert cursor.nextset() is None  # type: ignore[func-returns-value]  # that is the point
    assert cursor.fetchall() == [(1,)]


def test_sizes_change_nothing(cursor: ccdbapi.Cursor) -> None:
    cursor.setinputsizes([None, 1, ccdbapi.STRING])
    cursor.setoutputsize(1)
    cursor.setoutputsize(1, 0)
    assert cursor.execute("SELECT ?", ["whole"]).fetchall() == [("whole",)]


def test_messages_hold_the_errors_of_the_last_statement(cursor: ccdbapi.Cursor) -> None:
    with pytest.raises(ccdbapi.ProgrammingError) as caught:
        cursor.execute("SELECT nothing")
    assert cursor.messages == [(ccdbapi.ProgrammingError, caught.value)]
    cursor.execute("SELECT 1")
    assert cursor.messages == []


def test_execute_returns_the_cursor_to_iterate_over(cursor: ccdbapi.Cursor) -> None:
    assert [row for row in cursor.execute("SELECT * FROM range(2)")] == [(0,), (1,)]  # noqa: C416 - iteration is the point


def test_a_new_statement_drops_the_rows_of_the_last_one_and_ends_its_calls(
    cursor: ccdbapi.Cursor, service: CloudControl
) -> None:
    cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [(f"w{n:03}",) for n in range(200)])
    cursor.execute("SELECT name FROM awscc.glue.workflows_list_only LIMIT 60")
    assert len(cursor.fetchmany(1)) == 1
    cursor.execute("SELECT 1")
    assert cursor.fetchall() == [(1,)]
    assert len([call for call in service.calls if call.operation == "ListResources"]) < 200 / service.options.page_size


def test_a_cursor_knows_its_connection(cursor: ccdbapi.Cursor, connection: ccdbapi.Connection) -> None:
    assert cursor.connection is connection


def test_a_cursor_takes_no_attributes_that_it_does_not_have(cursor: ccdbapi.Cursor) -> None:
    with pytest.raises(AttributeError):
        cursor.array_size = 5  # type: ignore[attr-defined]  # that is the point
