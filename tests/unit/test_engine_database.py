"""What SQL can do in the engine, what it cannot reach, and how the engine's errors come out."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.errors import error_of_exception
from ccdbapi.engine.session import ResultColumn, Row, Session
from ccdbapi.engine.stream import ArrowTable, Columns
from ccdbapi.engine.view import ExtractedColumn, RawTable, StoredColumn, View
from ccdbapi.exceptions import (
    DatabaseError,
    DataError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

RAW = RawTable("raw things", ("region", "properties"))
THINGS = View(
    "awscc",
    "shop",
    "things",
    RAW,
    (
        StoredColumn("region", "region"),
        ExtractedColumn("name", "/Name"),
        ExtractedColumn("amount", "/Amount", "BIGINT"),
        ExtractedColumn("tags", "/Tags", "JSON"),
    ),
)
MACHINE = str(Path.home())
a_variable_of_the_program = [1, 2, 3]


def nowhere(_: int) -> None:
    return None


def table(*batches: Columns) -> ArrowTable:
    return ArrowTable(RAW.columns, lambda: iter(batches))


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    database = Database("awscc")
    database.define(THINGS)
    yield database
    database.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    session = database.session()
    yield session
    session.close()


def run(database: Database, session: Session, sql: str, *values: object) -> list[Row]:
    """What a cursor does with a query over no tables."""
    bindings = Bindings(values)
    for number in range(len(values)):
        sql = sql.replace("?", bindings.expression(number), 1)
    database.table_names(sql, bindings, nowhere)
    database.plan(sql, bindings, nowhere)
    session.execute(sql, bindings, {}, nowhere)
    return session.fetch_all()


def all_rows(session: Session, sql: str, rows: ArrowTable) -> list[Row]:
    session.execute(sql, Bindings(), {RAW.name: rows}, nowhere)
    return session.fetch_all()


OUT_OF_REACH = """
FROM read_csv('{file}')
FROM read_text('{file}')
FROM read_blob('{file}')
FROM read_json('{file}')
FROM read_parquet('{file}')
FROM read_duckdb('{file}')
FROM sniff_csv('{file}')
FROM parquet_metadata('{file}')
FROM glob('/*')
FROM '{file}'
FROM "{file}"
FROM '/etc/*.csv'
FROM 'https://example.com/x.csv'
FROM 's3://bucket/x.parquet'
FROM query('FROM read_text(''{file}'')')
FROM query_table('{file}')
FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{file}'')'))
SELECT * FROM (SELECT 1) WHERE 1 = (SELECT count(*) FROM read_text('{file}'))
SELECT getenv('HOME')
FROM a_variable_of_the_program
FROM database
FROM pandas_scan(1)
FROM arrow_scan(1, 2, 3)
FROM python_map_function((SELECT 1))
FROM duckdb_secrets()
FROM which_secret('s3://bucket', 's3')
FROM duckdb_extensions()
FROM enable_logging()
SELECT set_config('threads', '2')
CALL enable_logging()
CALL pragma_version()
SET threads = 2
SET lock_configuration = false
SET enable_external_access = true
SET VARIABLE x = 1
RESET threads
PRAGMA database_list
PRAGMA threads = 2
ATTACH '{file}'
ATTACH ':memory:' AS other
DETACH awscc
USE memory
COPY (SELECT 1) TO '{file}.csv'
COPY information_schema.tables TO '{file}.csv'
EXPORT DATABASE '{file}.d'
IMPORT DATABASE '{file}'
INSTALL httpfs
LOAD httpfs
CREATE TEMP TABLE made (a INT)
CREATE OR REPLACE TABLE made AS SELECT 1
CREATE VIEW made AS SELECT 1
CREATE MACRO made() AS 1
CREATE SECRET made (TYPE s3)
CREATE TYPE made AS ENUM ('a')
DROP VIEW awscc.shop.things
DROP SCHEMA awscc.shop CASCADE
ALTER VIEW awscc.shop.things RENAME TO made
INSERT INTO temp.main."raw things" VALUES ('a', 'b')
DELETE FROM temp.main."raw things"
UPDATE temp.main."raw things" SET region = 'x'
WITH made AS (INSERT INTO temp.main."raw things" VALUES ('a', 'b') RETURNING *) FROM made
PREPARE made AS SELECT 1
EXECUTE made
EXPLAIN ANALYZE SELECT 1
BEGIN
COMMIT
ROLLBACK
VACUUM
CHECKPOINT
SELECT 1; SELECT 2
SELECT 1; DROP VIEW awscc.shop.things
""".strip().splitlines()


@pytest.mark.parametrize("sql", OUT_OF_REACH)
def test_out_of_reach(database: Database, session: Session, sql: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("hunter2")
    before = run(database, session, _STATE)
    with pytest.raises(DatabaseError) as refused:
        run(database, session, sql.format(file=file))
    assert not [word for word in ("hunter2", MACHINE) if word in str(refused.value)]
    assert run(database, session, _STATE) == before
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert [scan.table for scan in database.plan("FROM awscc.shop.things", Bindings(), nowhere).scans] == [RAW.name]


_STATE = """
    SELECT 'setting', name, value FROM duckdb_settings() WHERE name <> 'log_query_path'
    UNION ALL SELECT 'table', table_name, schema_name FROM duckdb_tables()
    UNION ALL SELECT 'view', view_name, schema_name FROM duckdb_views()
    UNION ALL SELECT 'macro', function_name, schema_name FROM duckdb_functions() WHERE NOT internal
    UNION ALL SELECT 'database', database_name, path FROM duckdb_databases()
    UNION ALL SELECT 'variable', name, value::VARCHAR FROM duckdb_variables()
    ORDER BY ALL
"""


@pytest.mark.parametrize("name", ["home_directory", "temp_directory", "secret_directory", "extension_directory"])
def test_no_setting_is_a_directory_of_the_machine(database: Database, session: Session, name: str) -> None:
    assert run(database, session, f"SELECT current_setting('{name}')")[0][0] in ("", "none")


def test_no_setting_names_a_path_of_the_machine(database: Database, session: Session) -> None:
    values = run(database, session, "SELECT value FROM duckdb_settings() UNION ALL SELECT path FROM duckdb_databases()")
    assert not [value for (value,) in values if value and (MACHINE in value or str(Path.cwd()) in value)]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("string(5)", "5"),
        ('string(\'[{"op": "add"}]\')', '[{"op": "add"}]'),
        ("string(NULL)", None),
        ("string([1, 2])", "[1, 2]"),
        ("len('[1,2,3]'::JSON)", 3),
        ("len('[]'::JSON)", 0),
        ("len(NULL::JSON)", None),
        ("len('[1,2]')", 5),
        ("len('é☃')", 2),
        ("len([1, 2])", 2),
        ("len([]::INT[])", 0),
        ("len(NULL::VARCHAR)", None),
        ("length('abc')", 3),
    ],
)
def test_macros(database: Database, session: Session, sql: str, value: object) -> None:
    assert run(database, session, f"SELECT {sql}") == [(value,)]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("'[1, {\"a\": null}]'::JSON", [1, {"a": None}]),
        ("'null'::JSON", None),
        ("'\"text\"'::JSON", "text"),
        ("NULL::JSON", None),
        ("['{\"a\": 1}'::JSON, NULL]", [{"a": 1}, None]),
        ("[['[1]'::JSON]]", [[[1]]]),
        ("NULL::JSON[]", None),
        ("{'j': '{\"a\": 1}'::JSON, 'n': 1}", {"j": {"a": 1}, "n": 1}),
        ("{'j': NULL::JSON}", {"j": None}),
        ("{'s': {'j': '[1]'::JSON}}", {"s": {"j": [1]}}),
        ("MAP {'k': '[1]'::JSON}", {"k": [1]}),
        ("[{'j': '[1]'::JSON}, NULL]", [{"j": [1]}, None]),
        ("array_value('[1]'::JSON, '[2]'::JSON)", ([1], [2])),
        ("json_group_array(1)", [1]),
        ("list('{}'::JSON)", [{}]),
    ],
)
def test_json_comes_out_as_python_wherever_it_stands(
    database: Database, session: Session, sql: str, value: object
) -> None:
    ((returned,),) = run(database, session, f"SELECT {sql}")
    assert returned == value or list(returned) == list(value)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("sql", "column"),
    [
        ("1.50::DECIMAL(9, 2)", ("DECIMAL", 9, 2)),
        ("'a'", ("VARCHAR", None, None)),
        ("1", ("INTEGER", None, None)),
        ("1::BIGINT", ("BIGINT", None, None)),
        ("'{}'::JSON", ("JSON", None, None)),
        ("now()", ("TIMESTAMP WITH TIME ZONE", None, None)),
        ("{'a': 1}", ("STRUCT", None, None)),
        ("MAP {'a': 1}", ("MAP", None, None)),
        ("[1]", ("INTEGER[]", None, None)),
        ("NULL", ("NULL", None, None)),
        ("'a'::ENUM('a', 'b')", ("ENUM", None, None)),
    ],
)
def test_columns_of_a_result(session: Session, sql: str, column: tuple[str, int | None, int | None]) -> None:
    assert session.execute(f"SELECT {sql} AS x", Bindings(), {}, nowhere) == (ResultColumn("x", *column),)


def test_columns_of_a_view_are_of_its_types(session: Session) -> None:
    rows = table([["a"], ['{"Name": "n", "Amount": 7, "Tags": [{"k": 1}]}']], [["b"], ["{}"]])
    columns = session.execute("FROM awscc.shop.things", Bindings(), {RAW.name: rows}, nowhere)
    assert [column.type_name for column in columns] == ["VARCHAR", "VARCHAR", "BIGINT", "JSON"]
    assert session.fetch_all() == [("a", "n", 7, [{"k": 1}]), ("b", None, None, None)]


def test_decimals_keep_their_digits(database: Database, session: Session) -> None:
    assert run(database, session, "SELECT 0.1::DECIMAL(38, 37) + 0.2::DECIMAL(38, 37)") == [(Decimal("0.3"),)]


# Errors


@pytest.mark.parametrize(
    ("sql", "error", "at"),
    [
        ("SELECT 1 + nothing", ProgrammingError, "nothing"),
        ("SELECT 'é☃𝄞', nothing", ProgrammingError, "nothing"),
        ("SELECT /* 𝄞𝄞𝄞 */ 1,\n nothing", ProgrammingError, "nothing"),
        ("SELECT 'ß' FROM nothing", ProgrammingError, "nothing"),
        ("SELECT 'ß', nothing(1)", ProgrammingError, "nothing"),
        ("SELECT 'ß', FROM FROM x", ProgrammingError, "FROM x"),
        ("SELECT 'ß' WHERE", ProgrammingError, None),
        ("SELECT 'ß', sum('a')", ProgrammingError, "sum"),
    ],
)
def test_errors_say_where(database: Database, sql: str, error: type[DatabaseError], at: str | None) -> None:
    places: list[int] = []

    def locate(offset: int) -> str:
        places.append(offset)
        return f"character {offset}"

    with pytest.raises(error) as raised:
        database.plan(sql, Bindings(), locate)
    if at is not None:
        assert sql[places[0] :].startswith(at)
        assert str(raised.value).endswith(f"(at character {places[0]})")
    assert database.plan("SELECT 1", Bindings(), nowhere).scans == ()


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT CAST(region AS INT) FROM awscc.shop.things", DataError),
        ("SELECT error('stop') FROM awscc.shop.things", DatabaseError),
        ("SELECT (SELECT region FROM awscc.shop.things) FROM awscc.shop.things", DataError),
        ("SELECT json_extract(region, '$.a') FROM awscc.shop.things", DataError),
        ("SELECT 9223372036854775807 + length(region) FROM awscc.shop.things", DataError),
    ],
)
def test_errors_of_values_come_with_the_rows(session: Session, sql: str, error: type[DatabaseError]) -> None:
    rows = table([["a", "b"], ["{}", "{}"]])
    with pytest.raises(error):
        all_rows(session, sql, rows)
    session.execute("SELECT 42", Bindings(), {}, nowhere)
    assert session.fetch_all() == [(42,)]


def test_a_defect_of_the_engine_is_told_without_the_stack_of_this_machine() -> None:
    text = (
        'INTERNAL Error: {"exception_type":"INTERNAL","exception_message":"no {column}","stack_trace":"/home/me"}\n\n'
        "This error signals an assertion failure within DuckDB."
    )
    error = error_of_exception(duckdb.InternalException(text), "SELECT 1", nowhere)
    assert type(error) is InternalError
    assert str(error) == "no {column}: the engine fails on this statement; write it another way, and connect again"


def test_a_session_ends_quietly_though_its_engine_broke_down(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenDown:
        """A connection to an engine that refuses all work, as it does after an assertion of its own failed."""

        abort = close = lambda self: None

        def refuse(self, *_: object) -> None:
            raise duckdb.FatalException('FATAL Error: {"exception_type":"FATAL","exception_message":"invalidated"}')

        execute = register = unregister = refuse

    bindings = Bindings(["x"])
    sql = f"SELECT {bindings.expression(0)} FROM awscc.shop.things"
    session.execute(sql, bindings, {RAW.name: table([["a"], ["{}"]])}, nowhere)
    monkeypatch.setattr(session, "_connection", BrokenDown())
    with pytest.raises(
        InternalError, match="invalidated: the engine of this connection has broken down, connect again"
    ):
        session.execute("SELECT 1", bindings, {}, nowhere)
    session.close()


class Broken(Exception):
    pass


@pytest.mark.parametrize("failure", [Broken("wire"), OperationalError("throttled"), KeyboardInterrupt(), ValueError()])
@pytest.mark.parametrize("sql", ["FROM awscc.shop.things", "SELECT count(*) FROM awscc.shop.things ORDER BY 1"])
@pytest.mark.parametrize("pages", [0, 3])
def test_what_a_stream_raises_comes_out_as_itself(
    session: Session, failure: BaseException, sql: str, pages: int
) -> None:
    def batches() -> Iterator[Columns]:
        for _ in range(pages):
            yield [["a"], ["{}"]]
        raise failure

    with pytest.raises(type(failure)) as raised:
        all_rows(session, sql, ArrowTable(RAW.columns, batches))
    assert raised.value is failure
    session.execute("SELECT 42", Bindings(), {}, nowhere)
    assert session.fetch_all() == [(42,)]


# Streams


def test_streams_are_opened_once_for_each_scan(session: Session) -> None:
    opened: list[int] = []

    def batches() -> Iterator[Columns]:
        opened.append(1)
        yield [["a"], ["{}"]]

    sql = "SELECT count(*) FROM awscc.shop.things v JOIN awscc.shop.things u USING (region)"
    session.execute(sql, Bindings(), {RAW.name: ArrowTable(RAW.columns, batches)}, nowhere)
    assert session.fetch_all() == [(1,)]
    assert len(opened) == 2


def test_no_more_is_pulled_than_a_limit_needs(session: Session) -> None:
    pulled: list[int] = []

    def batches() -> Iterator[Columns]:
        for number in range(1_000):
            pulled.append(number)
            yield [["a"] * 25, ["{}"] * 25]

    rows = ArrowTable(RAW.columns, batches)
    session.execute("SELECT region FROM awscc.shop.things LIMIT 60", Bindings(), {RAW.name: rows}, nowhere)
    assert len(session.fetch_all()) == 60
    assert len(pulled) <= 5


def test_the_next_statement_drops_a_result_that_is_half_read(session: Session) -> None:
    closed = threading.Event()

    def batches() -> Iterator[Columns]:
        try:
            while True:
                yield [["a"] * 100, ["{}"] * 100]
        finally:
            closed.set()

    rows = ArrowTable(RAW.columns, batches)
    session.execute("SELECT region FROM awscc.shop.things", Bindings(), {RAW.name: rows}, nowhere)
    assert session.fetch(3) == [("a",)] * 3
    assert not closed.is_set()
    session.execute("SELECT 42", Bindings(), {}, nowhere)
    assert closed.is_set()
    assert session.fetch_all() == [(42,)]


def test_an_interrupt_from_another_thread_ends_what_runs(session: Session) -> None:
    started = threading.Event()

    def batches() -> Iterator[Columns]:
        while True:
            started.set()
            yield [["a"] * 100, ["{}"] * 100]

    def interrupt() -> None:
        started.wait()
        session.interrupt()

    rows = ArrowTable(RAW.columns, batches)
    with ThreadPoolExecutor(1) as other:
        interrupted = other.submit(interrupt)
        with pytest.raises(OperationalError, match=r"(?i)interrupt"):
            all_rows(session, "SELECT count(*) FROM awscc.shop.things", rows)
        interrupted.result()
    session.execute("SELECT 42", Bindings(), {}, nowhere)
    assert session.fetch_all() == [(42,)]


def test_a_view_without_its_table_is_empty_only_while_planning(session: Session) -> None:
    with pytest.raises(ProgrammingError):
        session.execute("FROM awscc.shop.things", Bindings(), {}, nowhere)


def test_threads_plan_and_run_at_once_on_one_database() -> None:
    database = Database("awscc")

    def work(number: int) -> object:
        database.define(View("awscc", "shop", f"things{number % 3}", RAW, THINGS.columns))
        session = database.session()
        try:
            answers = []
            for turn in range(10):
                value = f"{number}-{turn}"
                bindings = Bindings([value])
                sql = f"SELECT name FROM awscc.shop.things{number % 3} WHERE region = {bindings.expression(0)}"
                (scan,) = database.plan(sql, bindings, nowhere).scans
                assert [list(box["region"]) for box in scan.domain.boxes] == [[value]]
                session.execute(sql, bindings, {RAW.name: table([[value, "x"], ['{"Name": "n"}', "{}"]])}, nowhere)
                answers += session.fetch_all()
            return answers
        finally:
            session.close()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(24))) == [[("n",)] * 10] * 24
    database.close()


# The end of a program


@pytest.mark.parametrize(
    "end",
    [
        "session.fetch_all(); session.close(); database.close()",
        "session.fetch_all()",
        "session.fetch(2); session.close()",
        "session.execute(SQL, Bindings(), {RAW.name: broken}, nowhere)\nexcept ValueError: pass",
        "session.close(); database.plan('SELECT nothing', Bindings(), nowhere).scans",
        "sys.exit(0)",
    ],
    ids=["closed", "open", "half read", "broken stream", "bad statement", "exit"],
)
def test_the_end_of_a_program_is_quiet(end: str) -> None:
    program = [sys.executable, "-c", f"{_PROGRAM}try: {end}\nfinally: session.close()"]
    ended = subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)
    errors = ended.stderr.splitlines()
    assert not [line for line in errors if "leaked" in line or "nanobind" in line]
    assert ended.returncode == (1 if errors else 0)


_PROGRAM = """
import sys
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.engine.view import ExtractedColumn, RawTable, StoredColumn, View
RAW = RawTable("raw", ("region", "properties"))
SQL = "SELECT * FROM awscc.shop.things"
def nowhere(_): pass
def breaking():
    raise ValueError("broken")
    yield
rows = ArrowTable(RAW.columns, lambda: iter([[["a"] * 100, ["{}"] * 100]] * 100))
broken = ArrowTable(RAW.columns, breaking)
database = Database("awscc")
database.define(View("awscc", "shop", "things", RAW, (StoredColumn("region", "region"), ExtractedColumn("n", "/N"))))
session = database.session()
session.execute(SQL, Bindings(), {RAW.name: rows}, nowhere)
"""


# Names


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1", []),
        ("FROM shop.other", [("shop", "other")]),
        ('FROM "shop"."Other.Things"', [("shop", "Other.Things")]),
        ('FROM awscc.shop."a""b"', [("awscc", "shop", 'a"b')]),
        ("FROM shop.other AS o", [("shop", "other")]),
        ("FROM shop.b, shop.a", [("shop", "a"), ("shop", "b")]),
        ("WITH c AS (FROM shop.other) FROM c", [("shop", "other")]),
        ("SELECT (SELECT 1 FROM shop.other)", [("shop", "other")]),
        ("FROM unqualified", [("unqualified",)]),
    ],
)
def test_names_of_tables(database: Database, sql: str, names: list[tuple[str, ...]]) -> None:
    assert database.table_names(sql, Bindings(), nowhere) == names


def test_a_default_schema_is_searched_first() -> None:
    database = Database("awscc", "shop")
    database.define(THINGS)
    assert [scan.table for scan in database.plan("FROM things", Bindings(), nowhere).scans] == [RAW.name]
    database.close()
