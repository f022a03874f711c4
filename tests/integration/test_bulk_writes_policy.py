"""How much a statement may write, whether it may at all, and what becomes of failures among many requests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from faces import both_faces, run, value_of
from faces import connected as connected_face

import ccdbapi
from ccdbapi.emulator.service import CloudControl

FLOWS = "awscc.glue.workflows"
INSERT = f"INSERT INTO {FLOWS} (name, description) VALUES (?, ?)"
NAMES = [f"w{number}" for number in range(5)]
ALL = "name IN ('w0', 'w1', 'w2', 'w3', 'w4')"
UPDATE, DELETE = f"UPDATE {FLOWS} SET description = 'new' WHERE {ALL}", f"DELETE FROM {FLOWS} WHERE {ALL}"

READS = {"GetResource", "ListResources", "GetResourceRequestStatus"}


def connected(service: CloudControl, **settings: object) -> ccdbapi.Connection:
    return ccdbapi.connect(embedded=service, regions=["us-east-1"], **settings)  # type: ignore[arg-type]


@pytest.fixture
def flows(cursor: ccdbapi.Cursor, service: CloudControl) -> CloudControl:
    """The emulator with five workflows, and no calls as yet."""
    cursor.executemany(INSERT, [(name, "old") for name in NAMES])
    service.calls.clear()
    return service


def written(service: CloudControl) -> list[str]:
    return [call.operation for call in service.calls if call.operation not in READS]


# How many


@pytest.mark.parametrize(
    "statement", [UPDATE, DELETE, UPDATE.replace("'new'", "name"), DELETE + " AND description = 'old'"]
)
@pytest.mark.parametrize(
    ("hint", "settings", "allowed"),
    [
        ("", {}, True),
        ("", {"max_writes": 5}, True),
        ("", {"max_writes": 4}, False),
        ("", {"max_writes": None}, True),
        ("/*+ max_writes(4) */ ", {}, False),
        ("/*+ max_writes(4) */ ", {"max_writes": None}, False),
        ("/*+ max_writes(5) */ ", {"max_writes": 1}, True),
        ("/*+ max_writes('5') */ ", {"max_writes": 1}, True),
        ("/*+ max_writes(0) */ ", {}, False),
    ],
)
def test_how_many_resources_a_statement_may_touch(
    flows: CloudControl, statement: str, hint: str, settings: dict[str, object], allowed: bool
) -> None:
    with connected(flows, **settings) as connection:
        cursor = connection.cursor()
        if allowed:
            cursor.execute(hint + statement)
            assert cursor.rowcount == 5
        else:
            with pytest.raises(
                ccdbapi.ProgrammingError, match=r"write to 5 resources, and may to [04].*max_writes\(5\)"
            ):
                cursor.execute(hint + statement)
            assert written(flows) == []


def test_only_what_would_change_counts(flows: CloudControl) -> None:
    with connected(flows, max_writes=1) as connection:
        cursor = connection.cursor()
        cursor.execute(f"UPDATE {FLOWS} SET description = CASE name WHEN 'w3' THEN 'new' ELSE 'old' END WHERE {ALL}")
        assert cursor.rowcount == 1


def test_the_default_is_a_hundred(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    names = ", ".join(f"'w{number}'" for number in range(101))
    with pytest.raises(ccdbapi.ProgrammingError, match="write to 101 resources, and may to 100"):
        cursor.execute(f"DELETE FROM {FLOWS} WHERE name IN ({names})")
    assert not service.calls


def test_an_insert_names_what_it_makes_and_has_no_limit(service: CloudControl) -> None:
    with connected(service, max_writes=1) as connection:
        cursor = connection.cursor()
        cursor.execute(f"INSERT INTO {FLOWS} (name) SELECT 'w' || i FROM range(150) AS r(i)")
        assert cursor.rowcount == 150


def test_each_set_of_parameters_is_a_statement_of_its_own(flows: CloudControl) -> None:
    with connected(flows, max_writes=1) as connection:
        cursor = connection.cursor()
        cursor.executemany(f"DELETE FROM {FLOWS} WHERE name = ?", [[name] for name in NAMES])
        assert cursor.rowcount == 5


@pytest.mark.parametrize(
    "hint", ["max_writes", "max_writes()", "max_writes(many)", "max_writes(-1)", "max_writes(1.5)"]
)
def test_what_is_no_number(cursor: ccdbapi.Cursor, service: CloudControl, hint: str) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match="max_writes needs a whole number"):
        cursor.execute(f"/*+ {hint} */ {DELETE}")
    assert not service.calls


# Whether at all


@pytest.mark.parametrize(
    "statement",
    [
        UPDATE,
        DELETE,
        f"INSERT INTO {FLOWS} (name) VALUES ('x')",
        f"INSERT INTO {FLOWS} (name) SELECT name || '-copy' FROM {FLOWS} WHERE {ALL}",
        f"{DELETE} RETURNING *",
        f"WITH w AS (SELECT 'w0' AS name) {DELETE}",
        f"/*+ async */ {DELETE}",
        "DELETE FROM awscc.cloud_control.resource_request WHERE RequestToken = 'x'",
    ],
)
def test_a_connection_that_only_reads_makes_no_call_for_what_writes(flows: CloudControl, statement: str) -> None:
    with connected(flows, read_only=True) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.NotSupportedError, match="read_only=True"):
            cursor.execute(statement)
        assert not flows.calls


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (f"WITH w AS ({DELETE} RETURNING *) SELECT * FROM w", "DELETE cannot stand inside another statement"),
        (f"SELECT * FROM ({DELETE} RETURNING *) AS w", "syntax error"),
        (f"SELECT 1; {DELETE}", "a second statement begins here"),
        (f"EXPLAIN ANALYZE {DELETE}", "DELETE would write"),
    ],
)
def test_a_write_is_hidden_in_nothing(flows: CloudControl, statement: str, message: str) -> None:
    for read_only in (True, False):
        with (
            connected(flows, read_only=read_only) as connection,
            pytest.raises(ccdbapi.DatabaseError, match=message),
        ):
            connection.cursor().execute(statement)
    assert not flows.calls


@both_faces
@pytest.mark.parametrize("many", [False, True])
def test_either_face_of_a_connection_that_only_reads_refuses_writes(flows: CloudControl, face: str, many: bool) -> None:
    async def main() -> None:
        async with connected_face(face, embedded=flows, regions=["us-east-1"], read_only=True) as cursor:
            for statement in (
                f"UPDATE {FLOWS} SET description = ? WHERE {ALL}",
                f"UPDATE {FLOWS} SET description = ? WHERE {ALL} RETURNING *",
                f"DELETE FROM {FLOWS} WHERE name = ?",
                f"INSERT INTO {FLOWS} (name) VALUES (?)",
            ):
                execute, given = (cursor.executemany, [["a"], ["b"]]) if many else (cursor.execute, ["a"])
                with pytest.raises(ccdbapi.NotSupportedError, match="read_only=True"):
                    await value_of(execute(statement, given))
            with pytest.raises(ccdbapi.NotSupportedError, match="DELETE would write"):
                await value_of(cursor.execute(f"EXPLAIN ANALYZE {DELETE}"))

    run(main)
    assert not flows.calls


def test_a_connection_that_only_reads_makes_no_call_for_many_writes(flows: CloudControl) -> None:
    with connected(flows, read_only=True) as connection:
        with pytest.raises(ccdbapi.NotSupportedError, match="read_only=True"):
            connection.cursor().executemany(INSERT, [("x", "y"), ("z", "y")])
        assert not flows.calls


def test_a_connection_that_only_reads_reads(flows: CloudControl) -> None:
    with connected(flows, read_only=True) as connection:
        cursor = connection.cursor()
        assert len(cursor.execute(f"SELECT name FROM {FLOWS} WHERE {ALL} AND description = 'old'").fetchall()) == 5
        assert cursor.execute(f"SHOW PERMISSIONS FOR {DELETE}").fetchall() != []
        connection.rollback()


# Failures


@pytest.fixture
def lenient(flows: CloudControl) -> Iterator[ccdbapi.Cursor]:
    with connected(flows, on_write_error="return", concurrency=1) as connection:
        yield connection.cursor()


RETURNING = "RETURNING Identifier, OperationStatus, ErrorCode, StatusMessage IS NOT NULL, Operation, name"


def test_failed_requests_come_back_as_rows(lenient: ccdbapi.Cursor) -> None:
    lenient.executemany(f"{INSERT} {RETURNING}", [("new1", None), ("w1", None), ("new2", None)])
    assert lenient.fetchall() == [
        ("new1", "SUCCESS", None, False, "CREATE", "new1"),
        ("w1", "FAILED", "AlreadyExists", True, "CREATE", "w1"),
        ("new2", "SUCCESS", None, False, "CREATE", "new2"),
    ]
    assert lenient.rowcount == 2
    assert lenient.lastrowid is None


def test_requests_that_are_refused_at_once_come_back_as_rows(lenient: ccdbapi.Cursor) -> None:
    lenient.execute(f"DELETE FROM {FLOWS} WHERE name IN ('none', 'w1') {RETURNING.replace(', name', ', TypeName')}")
    assert sorted(lenient.fetchall()) == [
        ("none", "FAILED", "NotFound", True, "DELETE", "AWS::Glue::Workflow"),
        ("w1", "SUCCESS", None, False, "DELETE", "AWS::Glue::Workflow"),
    ]
    assert lenient.rowcount == 1


def test_what_only_failed_wrote_nothing(lenient: ccdbapi.Cursor) -> None:
    lenient.execute(f"INSERT INTO {FLOWS} (name) VALUES ('w0') RETURNING OperationStatus")
    assert (lenient.rowcount, lenient.lastrowid, lenient.fetchall()) == (0, None, [("FAILED",)])
    lenient.connection.rollback()


def test_without_returning_there_is_nowhere_to_show_a_failure(lenient: ccdbapi.Cursor) -> None:
    with pytest.raises(ccdbapi.IntegrityError) as raised:
        lenient.execute(f"INSERT INTO {FLOWS} (name) VALUES ('w0')")
    assert [outcome.state for outcome in raised.value.outcomes] == ["failed"]


def test_what_is_wrong_before_the_first_request_is_an_error(lenient: ccdbapi.Cursor, flows: CloudControl) -> None:
    with pytest.raises(ccdbapi.DataError):
        lenient.execute(f"INSERT INTO {FLOWS} (name, default_run_properties) VALUES ('x', '[') RETURNING *")
    assert not flows.calls


def test_failures_fail_the_statement_unless_told_otherwise(flows: CloudControl) -> None:
    with connected(flows) as connection, contextlib.closing(connection.cursor()) as cursor:
        with pytest.raises(ccdbapi.IntegrityError) as raised:
            cursor.executemany(f"{INSERT} {RETURNING}", [("new1", None), ("w1", None)])
        assert [outcome.state for outcome in raised.value.outcomes] == ["done", "failed"]
        failed = raised.value.outcomes[1]
        assert (failed.code, failed.identifier) == ("AlreadyExists", "w1")
        assert failed.request_token
