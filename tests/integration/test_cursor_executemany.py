"""`executemany`: one statement, many sets of parameters. PEP 249."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

INSERT = "INSERT INTO awscc.glue.workflows (name, description) VALUES (?, ?)"
UPDATE = "UPDATE awscc.glue.workflows SET PatchDocument = :patch WHERE name = :name"
DELETE = "DELETE FROM awscc.glue.workflows WHERE name = ?"
ALL = "SELECT name FROM awscc.glue.workflows_list_only ORDER BY name"


def described(value: str) -> str:
    return json.dumps([{"op": "add", "path": "/Description", "value": value}])


def test_many_resources_are_created(cursor: ccdbapi.Cursor) -> None:
    cursor.executemany(INSERT, [(f"w{number:03}", f"number {number}") for number in range(100)])
    assert cursor.rowcount == 100
    assert cursor.description is None
    assert len(cursor.execute(ALL).fetchall()) == 100
    cursor.execute("SELECT description FROM awscc.glue.workflows WHERE name = 'w042'")
    assert cursor.fetchall() == [("number 42",)]


def test_many_resources_are_changed_and_deleted(cursor: ccdbapi.Cursor) -> None:
    cursor.executemany(INSERT, [("a", "1"), ("b", "2"), ("c", "3")])
    cursor.executemany(UPDATE, [{"name": name, "patch": described(f"new {name}")} for name in "ab"])
    assert cursor.rowcount == 2
    cursor.execute("SELECT name, description FROM awscc.glue.workflows WHERE name IN ('a', 'b', 'c') ORDER BY name")
    assert cursor.fetchall() == [("a", "new a"), ("b", "new b"), ("c", "3")]
    cursor.executemany(DELETE, [["a"], ["c"]])
    assert cursor.rowcount == 2
    assert cursor.execute(ALL).fetchall() == [("b",)]


def test_changes_of_one_resource_are_made_in_order(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    cursor.execute(INSERT, ["a", "0"])
    cursor.executemany(UPDATE, [{"name": "a", "patch": described(str(number))} for number in range(1, 11)])
    assert cursor.execute("SELECT description FROM awscc.glue.workflows WHERE name = 'a'").fetchall() == [("10",)]
    patches = [call.payload["PatchDocument"] for call in service.calls if call.operation == "UpdateResource"]
    assert patches == [described(str(number)) for number in range(1, 11)]


def test_returning_gives_the_rows_of_all_sets_in_order(cursor: ccdbapi.Cursor) -> None:
    names = [f"w{number}" for number in range(20)]
    cursor.executemany(f"{INSERT} RETURNING Identifier, OperationStatus", [(name, None) for name in names])
    assert [column[0] for column in cursor.description or ()] == ["Identifier", "OperationStatus"]
    assert cursor.fetchall() == [(name, "SUCCESS") for name in names]
    assert cursor.rowcount == 20


def test_returning_with_parameters_is_not_supported(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    with pytest.raises(ccdbapi.NotSupportedError, match="RETURNING cannot have parameters in executemany"):
        cursor.executemany(f"{DELETE} RETURNING ?", [("a", 1), ("b", 2)])
    assert not service.calls


def test_returning_may_have_parameters_in_execute(cursor: ccdbapi.Cursor) -> None:
    assert cursor.execute(f"{INSERT} RETURNING name, ? AS tag", ["a", None, "x"]).fetchall() == [("a", "x")]


@pytest.mark.parametrize("statement", [INSERT, UPDATE, DELETE, f"{DELETE} RETURNING *"])
def test_no_sets_mean_no_requests(cursor: ccdbapi.Cursor, service: CloudControl, statement: str) -> None:
    cursor.executemany(statement, [])
    assert cursor.rowcount == 0
    assert not service.calls


def test_sets_may_come_from_an_iterator(cursor: ccdbapi.Cursor) -> None:
    cursor.executemany(INSERT, ((name, None) for name in "ab"))
    assert cursor.execute(ALL).fetchall() == [("a",), ("b",)]


def test_what_the_callers_iterator_raises_is_not_changed(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    def sets() -> Iterator[tuple[str, None]]:
        yield ("a", None)
        raise LookupError("of the caller")

    with pytest.raises(LookupError, match="of the caller"):
        cursor.executemany(INSERT, sets())
    assert not service.calls
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize("query", ["SELECT ?", "VALUES (?)", "SHOW SERVICES"])
def test_a_query_is_a_programming_error(cursor: ccdbapi.Cursor, query: str) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match="executemany is for INSERT, UPDATE and DELETE"):
        cursor.executemany(query, [[1]])


@pytest.mark.parametrize("sets", [None, 5, "ab", b"ab", {"name": "a"}])
def test_what_is_no_list_of_sets_is_a_programming_error(
    cursor: ccdbapi.Cursor, service: CloudControl, sets: object
) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match="executemany takes a list of parameter sets"):
        cursor.executemany(INSERT, sets)  # type: ignore[arg-type]  # that is the point
    assert not service.calls


@pytest.mark.parametrize(
    ("bad", "error"),
    [(("b",), ccdbapi.ProgrammingError), ("bb", ccdbapi.ProgrammingError), (("b", object()), ccdbapi.ProgrammingError)],
)
def test_one_bad_set_keeps_all_of_them_from_being_sent(
    cursor: ccdbapi.Cursor, service: CloudControl, bad: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        cursor.executemany(INSERT, [("a", None), bad, ("c", None)])  # type: ignore[list-item]
    assert not service.calls


def test_a_failure_tells_what_became_of_every_set(cursor: ccdbapi.Cursor) -> None:
    cursor.execute(INSERT, ["b", None])
    with pytest.raises(ccdbapi.IntegrityError) as caught:
        cursor.executemany(INSERT, [("a", None), ("b", None), ("c", None)])
    assert [outcome.state for outcome in caught.value.outcomes] == ["done", "failed", "done"]
    assert cursor.execute(ALL).fetchall() == [("a",), ("b",), ("c",)]
