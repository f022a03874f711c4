"""Results as tables of pyarrow, pandas and polars: the same rows, errors and rules as PEP 249's fetch methods have."""

from __future__ import annotations

import datetime
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

import pandas
import polars
import pyarrow
import pytest
from held_service import HeldService

import ccdbapi
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.service import CloudControl

LISTED, PAGE = 200, 25
ROWS = "SELECT i AS number, 'row ' || i AS text FROM range(10) t(i)"
LIST = "SELECT name FROM awscc.glue.workflows_list_only"

#: A method, and how many rows what it gives has, and its columns as lists.
Fetch = Callable[[ccdbapi.Cursor], dict[str, list[object]]]


def of_arrow(cursor: ccdbapi.Cursor) -> dict[str, list[object]]:
    table: dict[str, list[object]] = cursor.fetch_arrow_table().to_pydict()
    return table


def of_pandas(cursor: ccdbapi.Cursor) -> dict[str, list[object]]:
    return {str(name): list(values) for name, values in cursor.fetch_df().items()}


def of_polars(cursor: ccdbapi.Cursor) -> dict[str, list[object]]:
    return cursor.fetch_polars().to_dict(as_series=False)


def of_batches(cursor: ccdbapi.Cursor) -> dict[str, list[object]]:
    table: dict[str, list[object]] = cursor.fetch_record_batches(3).read_all().to_pydict()
    return table


FETCHES = [of_arrow, of_pandas, of_polars, of_batches]


@pytest.fixture
def listed(service: CloudControl, cursor: ccdbapi.Cursor) -> ccdbapi.Cursor:
    """A cursor over a service with `LISTED` workflows; the calls that made them are not in its log."""
    cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [(f"w{n:03}",) for n in range(LISTED)])
    service.calls.clear()
    return cursor


def pages_read(service: CloudControl) -> int:
    return sum(call.operation == "ListResources" for call in service.calls)


def test_the_types_are_those_of_the_packages(cursor: ccdbapi.Cursor) -> None:
    assert isinstance(cursor.execute(ROWS).fetch_arrow_table(), pyarrow.Table)
    assert isinstance(cursor.execute(ROWS).fetch_df(), pandas.DataFrame)
    assert isinstance(cursor.execute(ROWS).fetch_polars(), polars.DataFrame)
    assert isinstance(cursor.execute(ROWS).fetch_record_batches(), pyarrow.RecordBatchReader)


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT i AS number, 'row ' || i AS text FROM range(10) t(i)",
        "SELECT i AS number, 'row ' || i AS text FROM range(10) t(i) ORDER BY i",
        "SELECT i AS number, 'row ' || i AS text FROM range(10) t(i) WHERE i < 0",
    ],
)
def test_all_of_them_give_the_rows_that_fetchall_gives(cursor: ccdbapi.Cursor, sql: str, fetch: Fetch) -> None:
    rows = cursor.execute(sql).fetchall()
    columns = fetch(cursor.execute(sql))
    assert list(columns) == ["number", "text"]
    assert list(zip(*columns.values(), strict=True)) == rows
    assert (cursor.rowcount, cursor.rownumber) == (len(rows), len(rows))


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("fetched", [1, 4, 9, 10])
def test_they_give_the_rows_that_are_left(cursor: ccdbapi.Cursor, fetch: Fetch, fetched: int) -> None:
    cursor.execute(ROWS)
    cursor.fetchmany(fetched)
    assert fetch(cursor) == {"number": list(range(fetched, 10)), "text": [f"row {n}" for n in range(fetched, 10)]}
    assert (cursor.rowcount, cursor.rownumber) == (10, 10)
    assert cursor.fetchone() is None


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_result_that_was_read_gives_no_rows_of_the_same_columns(cursor: ccdbapi.Cursor, fetch: Fetch) -> None:
    cursor.execute(ROWS).fetchall()
    assert fetch(cursor) == {"number": [], "text": []}
    assert fetch(cursor) == {"number": [], "text": []}
    assert cursor.fetchall() == []


@pytest.mark.parametrize("fetch", FETCHES)
def test_listings_are_read_whole_and_once(listed: ccdbapi.Cursor, service: CloudControl, fetch: Fetch) -> None:
    names = [f"w{n:03}" for n in range(LISTED)]
    assert fetch(listed.execute(f"{LIST} WHERE name <> 'w007'")) == {"name": [n for n in names if n != "w007"]}
    assert pages_read(service) == LISTED // PAGE


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_table_that_is_read_twice_is_listed_once(listed: ccdbapi.Cursor, service: CloudControl, fetch: Fetch) -> None:
    columns = fetch(listed.execute(f"SELECT a.name FROM ({LIST}) a JOIN ({LIST}) b USING (name) UNION ALL {LIST}"))
    assert sorted(map(str, columns["name"])) == sorted([f"w{n:03}" for n in range(LISTED)] * 2)
    assert pages_read(service) == LISTED // PAGE


@pytest.mark.parametrize("fetch", FETCHES)
def test_what_an_insert_returns_is_a_result_too(cursor: ccdbapi.Cursor, fetch: Fetch) -> None:
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('a') RETURNING Identifier, OperationStatus")
    assert fetch(cursor) == {"Identifier": ["a"], "OperationStatus": ["SUCCESS"]}


JSON = """SELECT '{"a": [1, null]}'::JSON AS object, ['1'::JSON] AS list, {'member': '[]'::JSON} AS struct"""


@pytest.mark.parametrize("fetch", FETCHES)
def test_json_is_text_everywhere_but_in_rows(cursor: ccdbapi.Cursor, fetch: Fetch) -> None:
    assert cursor.execute(JSON).fetchone() == ({"a": [1, None]}, [1], {"member": []})
    columns = fetch(cursor.execute(JSON))
    assert json.loads(str(columns["object"][0])) == {"a": [1, None]}
    assert list(columns["list"][0]) == ["1"]  # type: ignore[call-overload]  # pandas has an array there
    assert columns["struct"] == [{"member": "[]"}]


def test_a_resource_s_json_columns_are_text(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("""INSERT INTO awscc.glue.workflows (name, tags) VALUES ('a', '{"k":"v"}')""")
    cursor.execute("SELECT tags FROM awscc.glue.workflows WHERE name = 'a'")
    assert cursor.fetch_arrow_table().schema.field("tags").type == pyarrow.string()


def test_values_keep_their_types(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT 1.50::DECIMAL(5, 2) AS d, DATE '2024-02-29' AS day, true AS b, 'x'::BLOB AS raw, NULL AS n")
    assert cursor.fetch_arrow_table().to_pylist() == [
        {"d": Decimal("1.50"), "day": datetime.date(2024, 2, 29), "b": True, "raw": b"x", "n": None}
    ]


def test_parameters_hold_when_a_statement_is_read_by_batches(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("SELECT ? AS a, ?::INT + 1 AS b", ["text", 41])
    assert cursor.fetch_arrow_table().to_pylist() == [{"a": "text", "b": 42}]


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
def test_batches_are_of_the_size_that_was_asked_for(cursor: ccdbapi.Cursor, size: int) -> None:
    batches = list(cursor.execute("SELECT * FROM range(30)").fetch_record_batches(size))
    assert sum(batch.num_rows for batch in batches) == 30
    assert {batch.num_rows for batch in batches} == {min(size, 30)}


@pytest.mark.parametrize("size", [0, -1, 1.5, "2", None])
def test_a_batch_has_rows(cursor: ccdbapi.Cursor, size: object) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match="A batch is of 1 row or more"):
        cursor.execute(ROWS).fetch_record_batches(size)  # type: ignore[arg-type]  # that is the point


def test_batches_count_as_rows_that_were_fetched(cursor: ccdbapi.Cursor) -> None:
    reader = cursor.execute(ROWS).fetch_record_batches(4)
    reader.read_next_batch()
    assert (cursor.rowcount, cursor.rownumber) == (-1, 4)
    reader.read_all()
    assert (cursor.rowcount, cursor.rownumber) == (10, 10)


def test_batches_come_while_pages_are_still_to_come(listed: ccdbapi.Cursor, service: CloudControl) -> None:
    reader = listed.execute(f"{LIST} WHERE name > '' LIMIT 190").fetch_record_batches(PAGE)
    for read in range(1, 5):
        assert reader.read_next_batch().num_rows == PAGE
        # One batch waits in the engine and one is in the making, of a page each; the next page is on its way.
        assert pages_read(service) <= read + 3


@pytest.mark.parametrize(
    "fetch",
    [
        ccdbapi.Cursor.fetchone,
        ccdbapi.Cursor.fetchmany,
        ccdbapi.Cursor.fetchall,
        ccdbapi.Cursor.fetch_arrow_table,
        ccdbapi.Cursor.fetch_df,
        ccdbapi.Cursor.fetch_polars,
        ccdbapi.Cursor.fetch_record_batches,
    ],
)
def test_rows_belong_to_the_reader_once_it_is_there(
    cursor: ccdbapi.Cursor, fetch: Callable[[ccdbapi.Cursor], object]
) -> None:
    reader = cursor.execute(ROWS).fetch_record_batches(4)
    with pytest.raises(ccdbapi.ProgrammingError, match="in the reader that fetch_record_batches gave"):
        fetch(cursor)
    assert reader.read_all().num_rows == 10
    cursor.nextset()
    assert cursor.fetchone() is None


@pytest.mark.parametrize("fetch", FETCHES)
def test_there_must_be_a_result(cursor: ccdbapi.Cursor, fetch: Fetch) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match="There are no results to fetch"):
        fetch(cursor)
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('a')")
    with pytest.raises(ccdbapi.ProgrammingError, match="There are no results to fetch"):
        fetch(cursor)


@pytest.mark.parametrize("fetch", FETCHES)
def test_the_cursor_must_be_open(cursor: ccdbapi.Cursor, fetch: Fetch) -> None:
    cursor.execute(ROWS)
    cursor.close()
    with pytest.raises(ccdbapi.InterfaceError, match="The cursor is closed"):
        fetch(cursor)


def test_a_reader_ends_with_its_cursor(listed: ccdbapi.Cursor) -> None:
    reader = listed.execute(LIST).fetch_record_batches(10)
    reader.read_next_batch()
    listed.close()
    with pytest.raises(ccdbapi.InterfaceError, match="The cursor is closed"):
        reader.read_next_batch()


@pytest.mark.parametrize("read", [0, 1])
def test_a_reader_ends_with_the_next_statement(listed: ccdbapi.Cursor, read: int) -> None:
    reader = listed.execute(LIST).fetch_record_batches(10)
    for _ in range(read):
        reader.read_next_batch()
    listed.execute(ROWS)
    with pytest.raises(ccdbapi.InterfaceError, match="has executed another statement"):
        reader.read_next_batch()
    assert listed.fetch_record_batches().read_all().num_rows == 10


def test_a_reader_keeps_its_cursor(connection: ccdbapi.Connection) -> None:
    assert connection.cursor().execute(ROWS).fetch_record_batches(2).read_all().num_rows == 10


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_value_that_fails_in_the_middle_is_a_data_error(cursor: ccdbapi.Cursor, fetch: Fetch) -> None:
    cursor.execute("SELECT CASE WHEN i = 5000 THEN 'x' ELSE i::VARCHAR END::INT AS n FROM range(10000) t(i)")
    with pytest.raises(ccdbapi.DataError, match="Could not convert string 'x' to INT32"):
        fetch(cursor)
    assert cursor.messages[-1][0] is ccdbapi.DataError


class DenyingService(CloudControl):
    """Denies the third page of every listing."""

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if operation == "ListResources" and sum(call.operation == operation for call in self.calls) == 2:
            raise ServiceError("AccessDeniedException", "no more of this")
        return await super().handle(operation, payload, account=account, region=region)


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_call_that_fails_in_the_middle_fails_them_with_its_own_error(fetch: Fetch) -> None:
    with (
        ccdbapi.connect(embedded=DenyingService(), regions=["us-east-1"]) as connection,
        connection.cursor() as cursor,
    ):
        cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [(f"w{n}",) for n in range(100)])
        cursor.execute(f"{LIST} LIMIT 90")
        with pytest.raises(ccdbapi.OperationalError, match="no more of this") as caught:
            fetch(cursor)
        assert caught.value.diag.code == "AccessDeniedException"
        assert cursor.messages[-1] == (ccdbapi.OperationalError, caught.value)
        with pytest.raises(ccdbapi.Error):
            cursor.fetchone()


def test_a_reader_gives_what_came_before_a_failure() -> None:
    with ccdbapi.connect(embedded=DenyingService(), regions=["us-east-1"]) as connection:
        cursor = connection.cursor()
        cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [(f"w{n}",) for n in range(100)])
        reader = cursor.execute(f"{LIST} LIMIT 90").fetch_record_batches(5)
        assert reader.read_next_batch().num_rows == 5
        with pytest.raises(ccdbapi.OperationalError, match="no more of this"):
            reader.read_all()
        with pytest.raises(ccdbapi.Error):
            cursor.fetchone()


@pytest.fixture
def held() -> Iterator[tuple[ccdbapi.Cursor, HeldService]]:
    """A cursor over a service of four pages: two of a listing come, and the third is never answered."""
    service = HeldService("ListResources", spared=2)
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [(f"w{n}",) for n in range(100)])
        yield cursor, service


@pytest.mark.parametrize("fetch", FETCHES)
def test_cancel_from_another_thread_stops_them(held: tuple[ccdbapi.Cursor, HeldService], fetch: Fetch) -> None:
    cursor, service = held
    service.spared = 2
    cursor.execute(f"{LIST} LIMIT 90")

    def wait_and_cancel() -> None:
        service.arrived.wait()
        cursor.cancel()

    canceller = threading.Thread(target=wait_and_cancel)
    canceller.start()
    try:
        with pytest.raises(ccdbapi.OperationalError, match="The statement was cancelled"):
            fetch(cursor)
    finally:
        service.arrived.set()
        canceller.join()


@pytest.mark.parametrize("fetch", FETCHES)
def test_another_thread_is_refused_while_they_run(held: tuple[ccdbapi.Cursor, HeldService], fetch: Fetch) -> None:
    cursor, service = held
    cursor.execute(f"{LIST} LIMIT 90")
    refusals: list[object] = []

    def fetch_and_cancel() -> None:
        service.arrived.wait()
        try:
            fetch(cursor)
        except ccdbapi.ProgrammingError as refusal:
            refusals.append(str(refusal))
        finally:
            cursor.cancel()

    other = threading.Thread(target=fetch_and_cancel)
    other.start()
    with pytest.raises(ccdbapi.OperationalError):
        fetch(cursor)
    other.join()
    assert len(refusals) == 1
    assert "in use by another thread" in str(refusals[0])


@pytest.mark.parametrize(
    ("package", "extra", "fetch"),
    [
        ("pyarrow", "arrow", ccdbapi.Cursor.fetch_arrow_table),
        ("pyarrow", "arrow", ccdbapi.Cursor.fetch_record_batches),
        ("pandas", "pandas", ccdbapi.Cursor.fetch_df),
        ("polars", "polars", ccdbapi.Cursor.fetch_polars),
        ("pyarrow", "arrow", ccdbapi.Cursor.fetch_polars),
    ],
)
def test_a_package_that_is_not_there_is_named_with_its_extra(
    cursor: ccdbapi.Cursor,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    extra: str,
    fetch: Callable[[ccdbapi.Cursor], object],
) -> None:
    cursor.execute(ROWS)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ccdbapi.InterfaceError, match=rf"needs {package}, .* pip install 'ccdbapi\[{extra}\]'"):
        fetch(cursor)
    monkeypatch.undo()
    assert len(cursor.fetchall()) == 10


def test_polars_says_what_it_cannot_hold(cursor: ccdbapi.Cursor) -> None:
    with pytest.raises(ccdbapi.NotSupportedError, match="polars cannot hold the result"):
        cursor.execute("SELECT INTERVAL 1 MONTH AS i").fetch_polars()
    with pytest.raises(ccdbapi.NotSupportedError, match="polars cannot hold the result"):
        cursor.execute("SELECT 1 AS a, 2 AS a").fetch_polars()
