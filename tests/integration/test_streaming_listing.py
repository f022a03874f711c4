"""Rows of a listing are there after a few of its pages, and pages that nobody needs are not asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from held_service import HeldService

import ccdbapi
from ccdbapi.emulator.service import CloudControl

LISTED, PAGE = 500, 25

#: A statement of many pages, and how many rows each of them gives at least.
STATEMENTS = {
    "a filter": ("SELECT name FROM workflows_list_only WHERE name <> 'w007'", 24),
    "a filter that few rows pass": ("SELECT name FROM workflows_list_only WHERE name LIKE '%0'", 2),
    "a projection": ("SELECT upper(name) FROM workflows_list_only", 25),
    "a derived table": ("SELECT * FROM (SELECT * FROM workflows_list_only WHERE name > 'w') AS virtual_table", 25),
    "UNION ALL": ("SELECT name FROM workflows_list_only WHERE name > 'w' UNION ALL SELECT 'last'", 25),
    "a join whose other side is complete": (
        "SELECT name FROM workflows_list_only w JOIN (VALUES ('0'), ('5')) wanted (digit) ON w.name[-1] = wanted.digit",
        4,
    ),
}


@pytest.fixture(scope="module")
def listing() -> Iterator[HeldService]:
    """Answers as many pages as a test spares, and holds the others for good."""
    service = HeldService("ListResources")
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection, connection.cursor() as cursor:
        names = [(f"w{number:03}",) for number in range(LISTED)]
        cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", names)
    yield service
    service.close()


@pytest.fixture
def cursor(listing: HeldService) -> Iterator[ccdbapi.Cursor]:
    with ccdbapi.connect(embedded=listing, regions=["us-east-1"], schema="awscc.glue", timeout=30) as connection:
        yield connection.cursor()


def pages_read(service: CloudControl) -> int:
    return sum(call.operation == "ListResources" for call in service.calls)


@pytest.fixture
def page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that will read everything asks for a page when the engine is out of rows, and not ahead of it."""
    monkeypatch.setattr("ccdbapi.execution.reading.AHEAD", 0)


@pytest.mark.usefixtures("page_by_page")
@pytest.mark.parametrize(("sql", "rows_of_a_page"), STATEMENTS.values(), ids=STATEMENTS)
def test_rows_are_there_though_no_further_page_comes(
    listing: HeldService, cursor: ccdbapi.Cursor, sql: str, rows_of_a_page: int
) -> None:
    listing.spared = 5
    cursor.execute(sql)
    # What came last waits in the engine, while that asks for more.
    assert len(cursor.fetchmany(4 * rows_of_a_page)) == 4 * rows_of_a_page


@pytest.mark.parametrize(("sql", "rows_of_a_page"), STATEMENTS.values(), ids=STATEMENTS)
def test_under_a_limit_pages_are_read_as_rows_are_fetched(
    listing: HeldService, cursor: ccdbapi.Cursor, sql: str, rows_of_a_page: int
) -> None:
    listing.spared = LISTED
    listing.calls.clear()
    cursor.execute(f"{sql} LIMIT 500")
    for fetched in range(4, 25, 4):
        assert len(cursor.fetchmany(4)) == 4
        # What came last waits in the engine, and the page after it is on its way.
        assert pages_read(listing) <= -(-fetched // rows_of_a_page) + 2
