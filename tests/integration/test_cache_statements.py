"""`cache_ttl` as statements see it: exactly the calls that are made, with one cursor and with several threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from held_service import HeldService
from served import served

import ccdbapi
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

REGION, OTHER = "us-east-1", "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"


def arn(name: str, region: str = REGION) -> str:
    return f"arn:aws:sagemaker:{region}:123456789012:image/{name}"


def insert(name: str, region: str = REGION, hint: str = "") -> str:
    row = f"('{name}', '{ROLE}', '{region}')"
    return f"{hint}INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES {row}"


def get(name: str, region: str = REGION, hint: str = "") -> str:
    return (
        f"SELECT {hint} image_description FROM awscc.sagemaker.images "
        f"WHERE region = '{region}' AND Identifier = '{arn(name, region)}'"
    )


def names(region: str = REGION) -> str:
    return f"SELECT image_arn FROM awscc.sagemaker.images_list_only WHERE region = '{region}'"


def update(description: str) -> str:
    return (
        "UPDATE awscc.sagemaker.images SET PatchDocument = "
        f"""'[{{"op": "add", "path": "/ImageDescription", "value": "{description}"}}]' """
        f"WHERE region = '{REGION}' AND Identifier = '{arn('a')}'"
    )


def delete(name: str) -> str:
    return f"DELETE FROM awscc.sagemaker.images WHERE region = '{REGION}' AND Identifier = '{arn(name)}'"


class Bench:
    """A connection that remembers, and the service behind it."""

    def __init__(self, connection: ccdbapi.Connection, service: CloudControl) -> None:
        self.connection, self.service = connection, service
        self.cursor = connection.cursor()

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        return self.cursor.execute(statement).fetchall()

    def calls(self) -> list[tuple[str, str]]:
        """Operation and region of the calls since the last look."""
        calls = [(call.operation, call.region) for call in self.service.calls]
        self.service.calls.clear()
        return calls


@pytest.fixture
def bench() -> Iterator[Bench]:
    service = CloudControl(Options(page_size=2))
    with ccdbapi.connect(embedded=service) as writer:
        for name in ("a", "b", "c"):
            writer.cursor().execute(insert(name))
            writer.cursor().execute(insert(name, OTHER))
    service.calls.clear()
    with ccdbapi.connect(embedded=service, cache_ttl=3600) as connection:
        yield Bench(connection, service)


GET, LIST = ("GetResource", REGION), ("ListResources", REGION)
CREATE, UPDATE, DELETE = ("CreateResource", REGION), ("UpdateResource", REGION), ("DeleteResource", REGION)
STATUS = ("GetResourceRequestStatus", REGION)


def test_a_statement_that_comes_again_makes_no_call(bench: Bench) -> None:
    for statement, calls in ((get("a"), [GET]), (names(), [LIST, LIST]), (get("missing"), [GET])):
        first = bench.rows(statement)
        assert bench.calls() == calls
        assert bench.rows(statement) == first
        assert bench.rows(f"SELECT * FROM ({statement}) AS t") == first
        assert bench.connection.cursor().execute(statement).fetchall() == first
        assert bench.calls() == []


def test_of_several_only_those_that_are_not_known_are_asked_for(bench: Bench) -> None:
    bench.rows(get("a"))
    bench.calls()
    both = f"Identifier IN ('{arn('a')}', '{arn('b')}')"
    assert len(bench.rows(f"SELECT image_name FROM awscc.sagemaker.images WHERE region = '{REGION}' AND {both}")) == 2
    assert bench.calls() == [GET]


def test_a_hint_reads_past_what_is_remembered_and_renews_it(bench: Bench) -> None:
    bench.rows(get("a"))
    bench.rows(names())
    with ccdbapi.connect(embedded=bench.service) as other:
        other.cursor().execute(update("by others"))
        other.cursor().execute(delete("b"))
    bench.calls()
    assert bench.rows(get("a")) == [(None,)]
    assert len(bench.rows(names())) == 3
    assert bench.calls() == []
    assert bench.rows(get("a", hint="/*+ no_cache */ ")) == [("by others",)]
    assert len(bench.rows(f"/*+ no_cache */ {names()}")) == 2
    assert bench.calls() == [GET, LIST]
    assert bench.rows(get("a")) == [("by others",)]
    assert len(bench.rows(names())) == 2
    assert bench.calls() == []


def test_no_write_goes_by_what_is_remembered(bench: Bench) -> None:
    described = f"SELECT image_arn FROM ({get('a').replace('image_description', 'image_arn, image_description')}) AS t"
    assert bench.rows(f"{described} WHERE image_description IS NULL") == [(arn("a"),)]
    with ccdbapi.connect(embedded=bench.service) as other:
        other.cursor().execute(update("not to be deleted any more"))
    bench.calls()
    where = f"region = '{REGION}' AND Identifier = '{arn('a')}' AND image_description IS NULL"
    assert bench.cursor.execute(f"DELETE FROM awscc.sagemaker.images WHERE {where}").rowcount == 0
    assert bench.calls() == [GET]
    assert bench.rows(get("a")) == [("not to be deleted any more",)]
    assert bench.calls() == []


def test_another_connection_remembers_for_itself(bench: Bench) -> None:
    bench.rows(get("a"))
    with ccdbapi.connect(embedded=bench.service, cache_ttl=3600) as other:
        other.cursor().execute(get("a")).fetchall()
    assert bench.calls() == [GET, GET]


def test_a_list_that_a_limit_ended_is_read_again(bench: Bench) -> None:
    values = ", ".join(f"('more-{number}', '{ROLE}', '{REGION}')" for number in range(17))
    bench.cursor.execute(f"INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES {values}")
    bench.calls()
    bench.rows(f"{names()} LIMIT 1")
    assert len(bench.calls()) < 10
    assert len(bench.rows(names())) == 20
    assert 1 < len(bench.calls()) <= 10  # fewer if the first statement was still about to stop: they share the list
    bench.rows(f"{names()} LIMIT 1")
    assert bench.calls() == []


@pytest.mark.parametrize(
    ("write", "described", "listed", "written"),
    [
        (insert("d"), [(None,)], "abcd", [CREATE]),
        (update("new"), [("new",)], "abc", [UPDATE]),
        (delete("b"), [(None,)], "ac", [DELETE]),
        (delete("a"), [], "bc", [DELETE]),
    ],
)
def test_what_was_written_is_read(
    bench: Bench, write: str, described: list[tuple[object]], listed: str, written: list[tuple[str, str]]
) -> None:
    for statement in (get("a"), names(), get("a", OTHER), names(OTHER)):
        bench.rows(statement)
    bench.calls()
    bench.cursor.execute(write)
    assert bench.calls() == [*written, STATUS]
    assert bench.rows(get("a")) == described
    assert bench.calls() == [GET]
    assert sorted(bench.rows(names())) == [(arn(name),) for name in listed]
    assert set(bench.calls()) == {LIST}
    for statement in (get("a", OTHER), names(OTHER), get("a"), names()):
        bench.rows(statement)
    assert bench.calls() == []


def test_an_async_write_is_under_way_until_its_end_is_seen(bench: Bench) -> None:
    bench.rows(get("d"))
    bench.rows(get("a", OTHER))
    bench.calls()
    (token,) = bench.rows(insert("d", hint="/*+ async */ ") + " RETURNING RequestToken")[0]
    assert bench.calls() == [CREATE]
    for _ in range(2):
        assert bench.rows(get("d")) == [(None,)]
        assert bench.calls() == [GET]
    bench.rows(get("a", OTHER))
    assert bench.calls() == []
    status = (
        "SELECT operation_status FROM awscc.cloud_control.resource_request "
        f"WHERE region = '{REGION}' AND request_token = '{token}'"
    )
    assert bench.rows(status) == [("SUCCESS",)]
    assert bench.calls() == [STATUS]
    assert [bench.rows(get("d")), bench.rows(get("d"))] == [[(None,)]] * 2
    assert bench.calls() == [GET]


def test_over_http(no_aws: pytest.MonkeyPatch) -> None:
    with served(cache_ttl=3600) as (connection, service):
        bench = Bench(connection, service)
        bench.cursor.execute(insert("a"))
        bench.calls()
        assert [bench.rows(get("a")), bench.rows(get("a"))] == [[(None,)]] * 2
        assert bench.calls() == [GET]


@pytest.mark.parametrize(("statement", "operation"), [(get("a"), "GetResource"), (names(), "ListResources")])
def test_threads_that_ask_for_the_same_make_one_call(statement: str, operation: str) -> None:
    service = HeldService(operation)
    with ccdbapi.connect(embedded=service, cache_ttl=3600) as connection, ThreadPoolExecutor(8) as pool:
        connection.cursor().execute(insert("a"))
        service.calls.clear()
        everyone = threading.Barrier(9)

        def ask() -> list[tuple[object, ...]]:
            cursor = connection.cursor()
            everyone.wait()
            return cursor.execute(statement).fetchall()

        asking = [pool.submit(ask) for _ in range(8)]
        everyone.wait()
        assert service.arrived.wait(30)
        service.release()
        rows = [future.result(30) for future in asking]
        assert len(rows[0]) == 1
        assert all(one == rows[0] for one in rows)
        assert [call.operation for call in service.calls] == [operation]


@pytest.mark.parametrize(("statement", "operation"), [(get("a"), "GetResource"), (names(), "ListResources")])
def test_a_thread_whose_statement_is_cancelled_takes_nothing_from_the_others(statement: str, operation: str) -> None:
    service = HeldService(operation)
    with ccdbapi.connect(embedded=service, cache_ttl=3600) as connection, ThreadPoolExecutor(2) as pool:
        connection.cursor().execute(insert("a"))
        service.calls.clear()
        first, second = connection.cursor(), connection.cursor()

        def ask(cursor: ccdbapi.Cursor) -> list[tuple[object, ...]]:
            return cursor.execute(statement).fetchall()

        cancelled = pool.submit(ask, first)
        assert service.arrived.wait(30)
        other = pool.submit(ask, second)
        first.cancel()
        with pytest.raises(ccdbapi.OperationalError, match="cancelled"):
            cancelled.result(30)
        service.release()
        assert len(other.result(30)) == 1
