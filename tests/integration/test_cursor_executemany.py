"""`executemany`: one statement, many sets of parameters. PEP 249."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping

import pytest
from faces import both_faces, connected, rows_of, run, value_of
from held_service import HeldService

import ccdbapi
from ccdbapi.emulator.service import CloudControl
from ccdbapi.execution.executor import READ_AHEAD

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


def test_parameters_of_returning_are_those_of_all_sets(cursor: ccdbapi.Cursor) -> None:
    cursor.executemany(f"{INSERT} RETURNING name || ?", [("a", None, "!"), ("b", None, "!")])
    assert cursor.fetchall() == [("a!",), ("b!",)]
    cursor.executemany(f"{DELETE} RETURNING ? || name", [("a", "gone: "), ("b", "gone: ")])
    assert cursor.fetchall() == [("gone: a",), ("gone: b",)]


@pytest.mark.parametrize("statement", [DELETE, "UPDATE awscc.glue.workflows SET description = 'x' WHERE name = ?"])
def test_sets_that_give_returning_different_values_are_refused(
    cursor: ccdbapi.Cursor, service: CloudControl, statement: str
) -> None:
    with pytest.raises(ccdbapi.NotSupportedError, match="RETURNING is executed once for all sets of parameters"):
        cursor.executemany(f"{statement} RETURNING ?", [("a", 1), ("b", 2)])
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


# What many sets read


class Crowd(HeldService):
    """Holds reads until as many have come as are expected."""

    def __init__(self, number: int) -> None:
        super().__init__("GetResource")
        self.number = number

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if self.waiting == self.number - 1 and operation == "GetResource":
            self.release()
        return await super().handle(operation, payload, account=account, region=region)


@both_faces
@pytest.mark.parametrize(
    ("statement", "operation"),
    [
        ("UPDATE awscc.glue.workflows SET description = description || '!' WHERE name = ?", "UpdateResource"),
        ("DELETE FROM awscc.glue.workflows WHERE name = ? AND description LIKE 'number %'", "DeleteResource"),
        ("DELETE FROM awscc.glue.workflows WHERE name = ? RETURNING description", "DeleteResource"),
    ],
)
def test_many_sets_are_read_at_once(face: str, statement: str, operation: str) -> None:
    names = [f"w{number}" for number in range(READ_AHEAD)]
    service = Crowd(len(names))

    async def main() -> None:
        async with connected(face, embedded=service, regions=["us-east-1"], timeout=60) as cursor:
            await value_of(cursor.executemany(INSERT, [(name, f"number {name}") for name in names]))
            service.calls.clear()
            await value_of(cursor.executemany(statement, [[name] for name in names]))
            assert cursor.rowcount == len(names)

    run(main)
    made = [call.operation for call in service.calls]
    assert made[: len(names)] == ["GetResource"] * len(names)
    assert sorted(made[len(names) :]) == sorted(["GetResourceRequestStatus", operation] * len(names))
    service.close()


@both_faces
def test_a_cancellation_ends_what_is_read_for_all_sets(face: str) -> None:
    service = HeldService("GetResource")

    async def main() -> None:
        async with connected(face, embedded=service, regions=["us-east-1"], timeout=60) as cursor:
            await value_of(cursor.executemany(INSERT, [(name, "old") for name in "abc"]))
            stopping = threading.Thread(target=lambda: (service.arrived.wait(), cursor.cancel()))
            stopping.start()
            with pytest.raises(ccdbapi.OperationalError, match="cancelled"):
                await value_of(
                    cursor.executemany(
                        "UPDATE awscc.glue.workflows SET description = description || '!' WHERE name = ?",
                        [[name] for name in "abc"],
                    )
                )
            stopping.join()
            assert service.waiting == 0
            service.release()
            assert await rows_of(cursor, "SELECT description FROM awscc.glue.workflows WHERE name = 'a'") == [("old",)]

    run(main)
    assert "UpdateResource" not in [call.operation for call in service.calls]
    service.close()


def test_reads_for_many_sets_have_the_time_of_one_statement() -> None:
    service = HeldService("GetResource")
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection:
        connection.cursor().executemany(INSERT, [(name, "old") for name in "abc"])
    with ccdbapi.connect(embedded=service, regions=["us-east-1"], timeout=0.2) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError, match=r"has waited 0\.2 s for AWS"):
            cursor.executemany(
                "UPDATE awscc.glue.workflows SET description = description || '!' WHERE name = ?",
                [[name] for name in "abc"],
            )
        assert service.waiting == 0
    assert "UpdateResource" not in [call.operation for call in service.calls]
    service.close()


def test_more_sets_than_are_read_at_once_are_read_in_turn(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    names = [f"w{number}" for number in range(READ_AHEAD + 20)]
    cursor.executemany(INSERT, [(name, "old") for name in names])
    service.calls.clear()
    cursor.executemany(
        "UPDATE awscc.glue.workflows SET description = description || ' and ' || name WHERE name = ? "
        "RETURNING description",
        [[name] for name in names],
    )
    assert cursor.fetchall() == [(f"old and {name}",) for name in names]
    made = [call.operation for call in service.calls]
    assert made[: len(names)] == ["GetResource"] * len(names)


def test_a_read_that_fails_ends_all_of_them_and_nothing_is_written(
    cursor: ccdbapi.Cursor, service: CloudControl
) -> None:
    cursor.executemany(INSERT, [("a", "1"), ("b", "2")])
    service.calls.clear()
    with pytest.raises(ccdbapi.DataError):
        cursor.executemany(
            "UPDATE awscc.glue.workflows SET description = CAST(CAST(description AS INT) AS VARCHAR) || ? "
            "WHERE name = ? AND CAST(? AS INT) > 0",
            [("x", "a", "1"), ("x", "b", "no number")],
        )
    assert {call.operation for call in service.calls} <= {"GetResource"}
    assert cursor.execute(ALL).fetchall() == [("a",), ("b",)]


# What is wrong with some of them


def test_all_sets_are_told_of_at_once(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    with pytest.raises(ccdbapi.DataError) as raised:
        cursor.executemany(
            "INSERT INTO awscc.glue.workflows (name, max_concurrent_runs) VALUES (?, ?)",
            [("a", "1"), ("b", "many"), ("c", "3"), ("d", "few")],
        )
    assert [line.count("max_concurrent_runs takes integer") for line in str(raised.value).splitlines()] == [1, 1]
    assert not service.calls


def test_all_changes_are_told_of_at_once(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    cursor.executemany(INSERT, [(name, None) for name in "abc"])
    service.calls.clear()
    with pytest.raises(ccdbapi.DataError) as raised:
        cursor.executemany(
            "UPDATE awscc.glue.workflows SET max_concurrent_runs = ? WHERE name = ?",
            [("many", "a"), ("2", "b"), ("few", "c")],
        )
    assert [line.partition(": max_concurrent_runs takes integer")[0] for line in str(raised.value).splitlines()] == [
        "Set 1 of parameters: UPDATE awscc.glue.workflows of a",
        "Set 3 of parameters: UPDATE awscc.glue.workflows of c",
    ]
    assert {call.operation for call in service.calls} == {"GetResource"}


@pytest.mark.parametrize("names", [["a", "a"], ["a", "b", "c", "b"]])
def test_two_sets_that_make_one_resource_are_refused(
    cursor: ccdbapi.Cursor, service: CloudControl, names: list[str]
) -> None:
    with pytest.raises(ccdbapi.IntegrityError, match=rf"Two rows would create one AWS::Glue::Workflow \({names[-1]}\)"):
        cursor.executemany(INSERT, [(name, None) for name in names])
    assert not service.calls


def test_two_sets_that_delete_one_resource_are_refused(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    cursor.execute(INSERT, ("a", None))
    service.calls.clear()
    with pytest.raises(ccdbapi.ProgrammingError, match=r"Two sets of parameters delete one resource \(a\)"):
        cursor.executemany(DELETE, [["a"], ["a"]])
    assert not service.calls


# Statements that build on others


def test_what_returning_gives_feeds_the_next_statement(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    cursor.executemany(
        "INSERT INTO awscc.apigateway.rest_apis (Name) VALUES (?) RETURNING Identifier", [[name] for name in "abc"]
    )
    apis = [identifier for (identifier,) in cursor.fetchall()]
    cursor.executemany(
        "INSERT INTO awscc.apigateway.models (RestApiId, Name, ContentType) VALUES (?, 'm', 'application/json') "
        "RETURNING rest_api_id, Identifier",
        [[api] for api in apis],
    )
    assert cursor.fetchall() == [(api, f"{api}|m") for api in apis]
    made = [(call.operation, call.payload.get("TypeName")) for call in service.calls]
    first_model = made.index(("CreateResource", "AWS::ApiGateway::Model"))
    assert made[:first_model].count(("CreateResource", "AWS::ApiGateway::RestApi")) == 3
    assert made[:first_model].count(("GetResourceRequestStatus", None)) >= 3


def test_a_write_within_a_query_is_refused(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    with pytest.raises(ccdbapi.NotSupportedError, match="INSERT cannot stand inside another statement"):
        cursor.execute(
            "WITH new AS (INSERT INTO awscc.glue.workflows (name) VALUES ('a') RETURNING Identifier) SELECT * FROM new"
        )
    assert not service.calls
