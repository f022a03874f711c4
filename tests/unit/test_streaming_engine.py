"""How much of its streams the engine reads before it hands out rows: a page or two more than they need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.session import Row, Session
from ccdbapi.engine.stream import ArrowTable, Columns
from ccdbapi.engine.view import ExtractedColumn, RawTable, StoredColumn, View

PAGES, PAGE = 4000, 25

#: A chunk waits in the engine's buffer while the next one is made: what comes a page after the rows that are wanted.
AHEAD = 1

#: How many pages the engine works through before it looks whether it has a row.
STEP = 50

THINGS, OTHERS = RawTable("raw things", ("id", "properties")), RawTable("raw others", ("id", "properties"))


class Pages:
    """A listing of `PAGES` pages, which counts those that were read."""

    def __init__(self) -> None:
        self.read = 0

    def __call__(self) -> Iterator[Columns]:
        for page in range(PAGES):
            self.read += 1
            numbers = range(page * PAGE, (page + 1) * PAGE)
            yield [[f"id-{number}" for number in numbers], [f'{{"Digit": {number % 10}}}' for number in numbers]]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    database = Database("awscc", "shop")
    for name, raw in (("things", THINGS), ("others", OTHERS)):
        columns = (StoredColumn("id", "id"), ExtractedColumn("digit", "/Digit", "BIGINT"))
        database.define(View("awscc", "shop", name, raw, columns))
    yield database
    database.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    session = database.session()
    yield session
    session.close()


@pytest.fixture
def things() -> Pages:
    return Pages()


@pytest.fixture
def others() -> Pages:
    return Pages()


def execute(session: Session, sql: str, things: Pages, others: Pages) -> None:
    tables = {
        THINGS.name: ArrowTable(THINGS.columns, things),
        OTHERS.name: ArrowTable(OTHERS.columns, others),
    }
    session.execute(sql, Bindings(), tables, lambda _: None)


def ids(rows: list[Row]) -> list[str]:
    return [row[0] for row in rows]


#: The statement, and how many rows a page gives at least.
STREAMING = {
    "everything": ("SELECT id FROM things", 25),
    "a projection": ("SELECT upper(id), digit * 2 FROM things", 25),
    "a filter that most rows pass": ("SELECT id FROM things WHERE id <> 'id-7'", 24),
    "a filter that few rows pass": ("SELECT id FROM things WHERE digit = 3", 2),
    "a filter on a raw column": ("SELECT id FROM things WHERE id LIKE '%1'", 2),
    "filters one over the other": ("WITH odd AS (FROM things WHERE digit % 2) SELECT id FROM odd WHERE id > ''", 12),
    "a derived table": ("SELECT id FROM (SELECT * FROM things WHERE digit < 5) AS virtual_table", 12),
    "UNION ALL": ("SELECT id FROM things WHERE digit = 3 UNION ALL SELECT id FROM others", 2),
    "a join with values": ("SELECT id FROM things JOIN (VALUES (3), (5)) wanted (digit) USING (digit)", 5),
    "a left join with values": ("SELECT id FROM things LEFT JOIN (VALUES (3)) wanted (digit) USING (digit)", 25),
    "a semi-join with values": ("SELECT id FROM things WHERE digit IN (VALUES (3), (5))", 5),
    "an anti-join with values": ("SELECT id FROM things WHERE digit NOT IN (VALUES (3))", 22),
    "a cross join with values": ("SELECT id FROM things, (VALUES (1), (2)) twice (n)", 50),
    "an unnested list": ("SELECT id, unnest([1, 2]) FROM things WHERE digit = 3", 4),
    "a running number": ("SELECT id, row_number() OVER () FROM things WHERE digit = 3", 2),
    "LIMIT": ("SELECT id FROM things WHERE digit = 3 LIMIT 1000", 2),
}


@pytest.mark.parametrize(("sql", "rows_of_a_page"), STREAMING.values(), ids=STREAMING)
def test_rows_are_out_as_soon_as_their_pages_are_read(
    session: Session, things: Pages, others: Pages, sql: str, rows_of_a_page: int
) -> None:
    execute(session, sql, things, others)
    for fetched in range(10, 100, 10):
        assert len(session.fetch(10)) == 10
        assert things.read <= -(-fetched // rows_of_a_page) + AHEAD
    assert others.read == 0


def test_no_more_is_read_while_rows_are_left_of_what_was(session: Session, things: Pages, others: Pages) -> None:
    execute(session, "SELECT id FROM things WHERE id <> 'id-7'", things, others)
    session.fetch(1)
    read = things.read
    for _ in range(PAGE - 2):
        session.fetch(1)
    assert things.read == read


def test_a_row_waits_for_a_step_of_pages_where_no_other_comes(session: Session, things: Pages, others: Pages) -> None:
    execute(session, "SELECT id FROM things WHERE id = 'id-5000'", things, others)
    assert ids(session.fetch(1)) == ["id-5000"]
    assert things.read <= 5000 // PAGE + 1 + STEP


def test_the_build_side_of_a_join_is_read_whole_and_the_other_as_it_comes(
    session: Session, things: Pages, others: Pages
) -> None:
    execute(session, "SELECT things.id FROM things JOIN others USING (id)", things, others)
    assert ids(session.fetch(1)) == ["id-0"]
    assert others.read == PAGES
    assert things.read <= 1 + AHEAD


@pytest.mark.parametrize("sql", ["SELECT id FROM things ORDER BY id", "SELECT DISTINCT id FROM things"])
def test_what_needs_all_rows_reads_all_pages(session: Session, things: Pages, others: Pages, sql: str) -> None:
    execute(session, sql, things, others)
    session.fetch(1)
    assert things.read == PAGES
