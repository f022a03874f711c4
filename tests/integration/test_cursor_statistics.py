"""cursor.stats: the figures of a statement, while it runs and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from served import served

import ccdbapi
from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.statistics import Statistics

REGION, TYPE = "us-east-1", "AWS::Glue::Workflow"
LIST = "SELECT name FROM awscc.glue.workflows_list_only"


class Reluctant(CloudControl):
    """Answers the first call of each of ``codes`` with it; a page holds one resource."""

    def __init__(self, *codes: str) -> None:
        super().__init__(Options(page_size=1))
        self._codes = iter(codes)

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        for code in self._codes:
            raise refusal(code, "not yet")
        return await super().handle(operation, payload, account=account, region=region)


def connected(service: CloudControl) -> ccdbapi.Connection:
    return ccdbapi.connect(embedded=service, regions=[REGION])


def stats_of(cursor: ccdbapi.Cursor) -> Statistics:
    assert cursor.stats is not None
    return cursor.stats


def create(cursor: ccdbapi.Cursor, *names: str) -> None:
    cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [[name] for name in names])


@pytest.fixture(params=["embedded", "http"])
def cursor(request: pytest.FixtureRequest, no_aws: pytest.MonkeyPatch) -> Iterator[ccdbapi.Cursor]:
    if request.param == "embedded":
        with connected(CloudControl()) as connection:
            yield connection.cursor()
        return
    with served(regions=[REGION]) as (connection, _):
        yield connection.cursor()


def counted(cursor: ccdbapi.Cursor) -> list[tuple[object, ...]]:
    """Operation, region, type, calls, resources of the last statement's calls."""
    return [(c.operation, c.region, c.type_name, c.calls, c.resources) for c in stats_of(cursor).breakdown]


def test_before_the_first_statement_there_are_none(cursor: ccdbapi.Cursor) -> None:
    assert cursor.stats is None


def test_each_statement_has_its_own(cursor: ccdbapi.Cursor) -> None:
    create(cursor, "a", "b")
    assert counted(cursor) == [
        ("CreateResource", REGION, TYPE, 2, 0), ("GetResourceRequestStatus", REGION, None, 2, 0),
    ]  # fmt: skip
    cursor.execute("SELECT * FROM awscc.glue.workflows WHERE name IN ('a', 'b', 'c')").fetchall()
    assert counted(cursor) == [("GetResource", REGION, TYPE, 3, 2)]
    assert (stats_of(cursor).rows, stats_of(cursor).failures) == (2, 0)
    cursor.execute(f"{LIST} WHERE region IN ('{REGION}', 'eu-west-1')").fetchall()
    assert sorted(counted(cursor)) == [
        ("ListResources", "eu-west-1", TYPE, 1, 0), ("ListResources", REGION, TYPE, 1, 2),
    ]  # fmt: skip
    assert stats_of(cursor).pages == 2
    cursor.execute("SELECT 1").fetchall()
    assert counted(cursor) == []


def test_times_are_of_the_statement_and_its_calls(cursor: ccdbapi.Cursor) -> None:
    create(cursor, "a", "b")
    stats = stats_of(cursor)
    assert 0 < stats.latency.minimum <= stats.latency.median <= stats.latency.maximum <= stats.latency.total
    assert stats.latency.maximum <= stats.waiting_time < stats.wall_time
    assert stats_of(cursor).wall_time == stats.wall_time


def test_a_source_and_the_request_that_it_gives_are_one_statement(cursor: ccdbapi.Cursor) -> None:
    create(cursor, "a")
    cursor.execute(f"INSERT INTO awscc.glue.workflows (name) SELECT name || '2' FROM ({LIST}) RETURNING Identifier")
    assert not stats_of(cursor).ended
    assert cursor.fetchall() == [("a2",)]
    assert [kind.operation for kind in stats_of(cursor).breakdown] == [
        "ListResources", "CreateResource", "GetResourceRequestStatus",
    ]  # fmt: skip
    assert (stats_of(cursor).rows, stats_of(cursor).ended) == (1, True)


def test_while_rows_are_left_they_are_those_by_now() -> None:
    service = Reluctant()
    with connected(service) as connection, connection.cursor() as cursor:
        create(cursor, *map(str, range(20)))
        service.calls.clear()
        cursor.execute(f"{LIST} LIMIT 15")
        cursor.fetchone()
        begun = stats_of(cursor)
        assert (begun.rows, begun.ended) == (1, False)
        assert 1 <= begun.pages < 15
        cursor.fetchall()
        ended = stats_of(cursor)
        assert (ended.rows, ended.ended) == (15, True)
        assert ended.calls == len(service.calls) <= 16
        assert begun.rows == 1


def test_retries_throttles_and_failures_are_told_apart() -> None:
    codes = ("ThrottlingException", "ServiceInternalErrorException")
    with connected(Reluctant(*codes)) as connection, connection.cursor() as cursor:
        cursor.execute(LIST).fetchall()
        stats = stats_of(cursor)
    assert (stats.calls, stats.retries, stats.throttles, stats.failures, stats.pages) == (1, 2, 1, 1, 1)


def test_a_statement_that_fails_has_ended() -> None:
    with connected(Reluctant("AccessDeniedException")) as connection, connection.cursor() as cursor:
        with pytest.raises(ccdbapi.OperationalError):
            cursor.execute(LIST).fetchall()
        assert (stats_of(cursor).failures, stats_of(cursor).ended) == (1, True)


@pytest.mark.parametrize("statement", ["SELECT", "SELECT * FROM awscc.glue.workflows", "SELECT ?"])
def test_a_statement_that_is_refused_made_no_call(cursor: ccdbapi.Cursor, statement: str) -> None:
    with pytest.raises(ccdbapi.ProgrammingError):
        cursor.execute(statement)
    assert (stats_of(cursor).calls, stats_of(cursor).ended) == (0, True)


def test_a_result_that_is_dropped_has_ended(cursor: ccdbapi.Cursor) -> None:
    create(cursor, "a")
    cursor.execute(LIST)
    cursor.close()
    assert stats_of(cursor).ended


def test_cursors_that_run_at_once_have_their_own() -> None:
    with connected(Reluctant()) as connection, ThreadPoolExecutor(4) as threads:

        def calls(count: int) -> int:
            with connection.cursor() as cursor:
                names = ", ".join(f"'{number}'" for number in range(count))
                cursor.execute(f"SELECT description FROM awscc.glue.workflows WHERE name IN ({names})").fetchall()
                return stats_of(cursor).calls

        assert list(threads.map(calls, range(1, 9))) == list(range(1, 9))


def test_a_result_that_is_dropped_makes_no_call_after_its_end() -> None:
    service = Reluctant()
    with connected(service) as connection, connection.cursor() as cursor:
        create(cursor, *map(str, range(20)))
        for _ in range(5):
            service.calls.clear()
            cursor.execute(f"SELECT w.description FROM awscc.glue.workflows w JOIN ({LIST}) USING (name) LIMIT 1")
            cursor.fetchone()
            cursor.execute("SELECT 1")
            assert len(service.calls) >= 2
            service.calls.clear()
            assert cursor.fetchall() == [(1,)]
            assert not service.calls


def test_what_is_remembered_is_no_call() -> None:
    with ccdbapi.connect(embedded=True, regions=[REGION], cache_ttl=60) as connection, connection.cursor() as cursor:
        for calls in (1, 0):
            cursor.execute(LIST).fetchall()
            assert stats_of(cursor).calls == calls
