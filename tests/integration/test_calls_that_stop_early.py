"""The calls of statements that need not read all: of 10,000 resources no more are listed and got than a LIMIT takes.

And those of writes whose WHERE asks other tables: what is named is not read before it is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

W, L = "awscc.glue.workflows", "awscc.glue.workflows_list_only"
US = "region = 'us-east-1'"
RESOURCES, PAGES = 400, 16
#: Gets that may be under way, beside those that a LIMIT takes, where a filter may leave any of them out.
AHEAD = 8


@pytest.fixture(scope="module")
def service() -> Iterator[CloudControl]:
    service = CloudControl()
    with ccdbapi.connect(embedded=service) as connection:
        insert = f"INSERT INTO {W} (Name, Description, region) VALUES (?, ?, 'us-east-1')"
        connection.cursor().executemany(insert, [[f"w{n:03}", "odd" if n % 2 else "even"] for n in range(RESOURCES)])
    yield service
    service.close()


@pytest.fixture
def connection(service: CloudControl) -> Iterator[ccdbapi.Connection]:
    service.calls.clear()
    with ccdbapi.connect(embedded=service, scan="list") as connection:
        yield connection


def made(service: CloudControl) -> Counter[str]:
    return Counter(call.operation for call in service.calls)


@pytest.mark.parametrize(
    ("sql", "rows", "pages", "gets"),
    [
        (f"SELECT description FROM {W} WHERE {US} LIMIT 1", 1, 1, 1),
        (f"SELECT description FROM {W} WHERE {US} LIMIT 10", 10, 1, 10),
        (f"SELECT description FROM {W} WHERE {US} LIMIT 3 OFFSET 4", 3, 1, 7),
        (f"SELECT description FROM (SELECT * FROM {W}) AS virtual_table WHERE {US} LIMIT 5", 5, 1, 5),
        (f"SELECT name FROM {L} WHERE {US} LIMIT 10", 10, 1, 0),
        (f"SELECT name FROM {W} WHERE {US} LIMIT 10", 10, 1, 0),
        (f"SELECT EXISTS (SELECT 1 FROM {L} WHERE {US})", 1, 1, 0),
    ],
)
def test_a_limit_reads_one_page_and_what_it_takes(
    connection: ccdbapi.Connection, service: CloudControl, sql: str, rows: int, pages: int, gets: int
) -> None:
    with connection.cursor() as cursor:
        assert len(cursor.execute(sql).fetchall()) == rows
    counted = made(service)
    assert (counted["ListResources"], counted["GetResource"]) == (pages, gets)


def test_a_limit_over_a_filter_gets_a_few_more_at_most(connection: ccdbapi.Connection, service: CloudControl) -> None:
    with connection.cursor() as cursor:
        sql = f"SELECT name FROM {W} WHERE {US} AND description = 'odd' LIMIT 10"
        assert len(cursor.execute(sql).fetchall()) == 10
    counted = made(service)
    assert counted["ListResources"] == 1
    assert counted["GetResource"] <= 20 + 2 * AHEAD


def test_a_cursor_that_is_closed_early_stops_its_calls(connection: ccdbapi.Connection, service: CloudControl) -> None:
    cursor = connection.cursor().execute(f"SELECT name, description FROM {W} WHERE {US} LIMIT 350")
    assert cursor.fetchone() is not None
    cursor.close()
    counted = made(service)
    assert counted["GetResource"] < RESOURCES / 2
    connection.cursor().execute("SELECT 1").fetchall()
    assert made(service) == counted


@pytest.mark.parametrize(
    ("sql", "calls"),
    [
        (
            f"DELETE FROM {W} WHERE {US} AND Identifier IN (SELECT Identifier FROM {L} WHERE {US} AND name < 'w002')",
            {"ListResources": PAGES, "DeleteResource": 2},
        ),
        (
            f"UPDATE {W} SET description = 'new' WHERE {US} AND Identifier IN "
            f"(SELECT Identifier FROM {L} WHERE {US} AND name > 'w397')",
            {"ListResources": PAGES, "GetResource": 2, "UpdateResource": 2},
        ),
    ],
)
def test_what_to_write_can_be_told_by_other_tables(
    connection: ccdbapi.Connection, service: CloudControl, sql: str, calls: dict[str, int]
) -> None:
    with connection.cursor() as cursor:
        assert cursor.execute(sql).rowcount == 2
    counted = made(service)
    del counted["GetResourceRequestStatus"]
    assert counted == calls
