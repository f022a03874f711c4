"""The DuckDB instance of a connection: its views, the planning of statements, and sessions that run them."""

from __future__ import annotations

import json
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, cast

import duckdb

from ccdbapi.engine.analysis import Analysis
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.errors import Locate, characters_before, error_of_answer, error_of_exception, place_of
from ccdbapi.engine.local_tables import LocalTables
from ccdbapi.engine.relation import KeyQuery
from ccdbapi.engine.session import Session
from ccdbapi.engine.syntax import row_functions, stars, table_references
from ccdbapi.engine.view import StoredColumn, View, quote_identifier
from ccdbapi.exceptions import NotSupportedError
from ccdbapi.fork import keep_forever

#: What users' SQL is kept away from: files, the network, extensions, settings, and the variables of their Python
#: programs.
_LOCKED = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET temp_directory = ''",
    "SET secret_directory = ''",
    "SET extension_directory = 'none'",  # if empty, messages name the one below the user's home
    "SET home_directory = ''",
    "SET GLOBAL errors_as_json = true",
    "SET enable_external_access = false",
    # Each session sets the first two for itself, planning may change the third for a moment.
    "SET allowed_configs = ['streaming_buffer_size', 'enable_caching_operators', 'disabled_optimizers']",
    "SET lock_configuration = true",
)

#: What makes a predicate visible where a table is scanned. The engine's other optimizers are off, when it plans as when
#: it runs, so that what was planned is what runs; some of them conclude from raw tables that are empty while a
#: statement is planned that they always are, and after some of them a plan cannot be serialized.
_OPTIMIZERS = frozenset(
    {
        "cte_filter_pusher",
        "cte_inlining",
        "deliminator",
        "empty_result_pullup",
        "expression_rewriter",
        "filter_pullup",
        "filter_pushdown",
        "in_clause",
        "unnest_rewriter",
        "unused_columns",
    }
)

#: Without the additional one, some plans cannot be run, and a few break the engine; with it, some cannot be serialized.
_WHEN_RUNNING = _OPTIMIZERS | {"column_lifetime"}

#: Tried in turn until a plan can be serialized: also with joins turned around, and with joins in another order; then
#: with all columns, which every scan then seems to need.
_WHEN_PLANNING = (
    _OPTIMIZERS,
    _OPTIMIZERS | {"build_side_probe_side"},
    _OPTIMIZERS | {"build_side_probe_side", "join_order"},
    _OPTIMIZERS - {"unused_columns"},
    (_OPTIMIZERS - {"unused_columns"}) | {"join_order"},
)

_MACROS = {
    "string": "CAST(x AS VARCHAR)",
    # JSON is text to the engine; users mean the members of an array.
    "len": "CASE WHEN typeof(x) = 'JSON' THEN json_array_length(CAST(x AS JSON)) ELSE system.main.len(x) END",
}

_PLAN = (
    "SELECT json_serialize_plan(?::VARCHAR, optimize := true, skip_null := true, skip_empty := true,"
    " skip_default := true)"
)


class Database:
    """A DuckDB instance with one catalog of views.

    Raw tables are empty temporary tables on the connection that plans, and streams on those that run: the same names
    and the same SQL on both. May be used by several threads.
    """

    def __init__(self, catalog: str, default_schema: str | None = None) -> None:
        # One thread: the caller's. It also pulls the streams, so that Ctrl-C reaches it wherever it waits.
        self._root = duckdb.connect(":memory:", config={"threads": "1"})
        self._catalog = catalog
        self._search_path = (
            f"{catalog}.main" if default_schema is None else f"{catalog}.{default_schema},{catalog}.main"
        )
        self._lock = threading.RLock()
        self._schemas = {"main"}
        self._views: dict[tuple[str, str], str] = {}
        self._raw_tables: dict[str, dict[str, str]] = {}
        self._root.execute(f"ATTACH ':memory:' AS {quote_identifier(catalog)}")
        if default_schema is not None:
            self._create_schema(default_schema)
        for name, body in _MACROS.items():
            self._root.execute(f"CREATE MACRO {quote_identifier(catalog)}.main.{name}(x) AS {body}")
        self._optimizers = [name for (name,) in self._root.execute("SELECT name FROM duckdb_optimizers()").fetchall()]
        self._optimize_with(_WHEN_RUNNING)
        for statement in _LOCKED:
            self._root.execute(statement)
        self._set_search_path(self._root)
        # An instance that is still open when Python ends reports leaks.
        self._finalizer = weakref.finalize(self, _close, self._root, os.getpid())

    def close(self) -> None:
        """Closes the instance. Its sessions have to be closed before."""
        with self._lock:
            self._finalizer()

    def table_names(self, sql: str, bindings: Bindings, locate: Locate) -> Sequence[tuple[str, ...]]:
        """The names, in parts, of the tables that ``sql`` reads: of a view that is defined, its raw table's.

        Raises `ProgrammingError` when ``sql`` does not parse, `NotSupportedError` when it is no query.
        """
        with self._planning(sql, bindings, locate):
            statements = self._root.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise NotSupportedError("Only one query can be run here; it was read as something else.")
            try:
                return [_name_parts(name) for name in sorted(self._root.get_table_names(sql, qualified=True))]
            except duckdb.BinderException:
                # It knows no columns of tables that are not there yet, and some clauses (USING, UNNEST) need them.
                return sorted(map(self._looked_through, table_references(self._parsed(sql))))

    def row_functions(self, sql: str, bindings: Bindings, locate: Locate) -> Sequence[str]:
        """The functions of the query ``sql`` that are of several rows, in words: aggregates, windows, and unnest.

        Those of its subqueries are left out. What does not parse has none.
        """
        with self._planning(sql, bindings, locate):
            found = row_functions(self._parsed(sql), self._aggregates)
            return [f"the {kind} {name}{place_of(sql, offset, locate)}" for kind, name, offset in found]

    def stars(self, sql: str, bindings: Bindings, locate: Locate) -> Sequence[int]:
        """Where in the query ``sql`` each ``*`` and ``t.*`` begins, but those of its subqueries."""
        with self._planning(sql, bindings, locate):
            return [characters_before(sql, offset) for offset in stars(self._parsed(sql))]

    @cached_property
    def _aggregates(self) -> frozenset[str]:
        query = "SELECT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
        return frozenset(name for (name,) in self._root.execute(query).fetchall())

    def _parsed(self, sql: str) -> object:
        """The engine's syntax tree of ``sql``."""
        row = self._root.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
        return json.loads(row[0]) if row else None

    def define(self, view: View) -> None:
        """Creates a view and, where it does not exist yet, the empty raw table under it."""
        with self._lock:
            if (view.schema, view.name) in self._views:
                return
            self._create_schema(view.schema)
            if view.table.name not in self._raw_tables:
                columns = ", ".join(f"{quote_identifier(column)} VARCHAR" for column in view.table.columns)
                self._root.execute(f"CREATE TEMP TABLE {quote_identifier(view.table.name)} ({columns})")
                self._raw_tables[view.table.name] = {}
            self._root.execute(view.definition)
            types = {column.source: column.sql_type for column in view.columns if isinstance(column, StoredColumn)}
            self._raw_tables[view.table.name].update(types)
            self._views[view.schema, view.name] = view.table.name

    def plan(self, sql: str, bindings: Bindings, locate: Locate) -> Analysis:
        """What the optimized plan of the query ``sql`` tells.

        Raises the PEP 249 exception for what is wrong with it, `NotSupportedError` if it cannot be planned.
        """
        with self._planning(sql, bindings, locate):
            try:
                for optimizers in _WHEN_PLANNING:
                    self._optimize_with(optimizers)
                    answer = self._serialized_plan(sql)
                    if answer.get("error_type") != "internal":
                        break
            finally:
                self._optimize_with(_WHEN_RUNNING)
        if answer.get("error") or len(answer.get("plans", ())) != 1:
            raise error_of_answer(answer, sql, locate)
        return Analysis(answer["plans"][0], self._raw_tables, self._values)

    def _values(self, query: KeyQuery) -> Sequence[tuple[object, ...]]:
        """The rows of a query that reads no raw table."""
        with self._planning(query.sql, query.bindings, lambda _: None):
            return self._root.execute(query.sql).fetchall()

    def _serialized_plan(self, sql: str) -> dict[str, Any]:
        row = self._root.execute(_PLAN, [sql]).fetchone()
        text = row[0] if row else ""
        if not text:
            raise NotSupportedError("Constants of the types BIT and BIGNUM cannot be planned; cast columns instead.")
        # The engine's JSON is JSON but for this; within a string the quote before the colon would have a backslash.
        return cast("dict[str, Any]", json.loads(text.replace('"value":NAN', '"value":NaN')))

    def _optimize_with(self, enabled: frozenset[str]) -> None:
        disabled = ",".join(name for name in self._optimizers if name not in enabled)
        self._root.execute(f"SET disabled_optimizers = '{disabled}'")

    def columns(self, sql: str, bindings: Bindings, locate: Locate) -> Sequence[str]:
        """The names of the columns that the query ``sql`` gives. Raises as `plan` does."""
        with self._planning(sql, bindings, locate):
            return [name for name, *_ in self._root.execute(f"DESCRIBE {sql}").fetchall()]

    @property
    def local_tables(self) -> LocalTables:
        """The tables that are no views of raw ones: all sessions read them, and what plans."""
        return LocalTables(self._connect, f"{quote_identifier(self._catalog)}.main")

    def session(self) -> Session:
        """A connection to the instance that runs statements, one at a time."""
        connection = self._connect()
        self._set_search_path(connection)
        # Hand rows on as they come; the defaults wait for megabytes of them, and for 2,048 that pass a filter.
        connection.execute("SET streaming_buffer_size = '1B'")
        connection.execute("SET enable_caching_operators = false")
        return Session(connection)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            return self._root.cursor()

    @contextmanager
    def _planning(self, sql: str, bindings: Bindings, locate: Locate) -> Iterator[None]:
        with self._lock:
            try:
                self._set(bindings)
                yield
            except duckdb.Error as error:
                # Some failures leave a transaction behind, in which nothing can be planned any more.
                self._roll_back()
                raise error_of_exception(error, sql, locate) from None
            finally:
                with suppress(duckdb.FatalException):
                    for name in bindings.variables:
                        self._root.execute(f"RESET VARIABLE {name}")

    def _set(self, bindings: Bindings) -> None:
        for name, value in bindings.variables.items():
            try:
                self._root.execute(f"SET VARIABLE {name} = ?", [value])
            except duckdb.NotImplementedException:
                raise bindings.unsupported(name) from None
            except (duckdb.Error, TypeError, ValueError, OverflowError) as error:
                raise bindings.out_of_range(name, str(error).partition(": ")[2] or str(error)) from None

    def _looked_through(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        raw = self._views.get((parts[-2], parts[-1])) if len(parts) > 1 else None
        return parts if raw is None else ("temp", "main", raw)

    def _roll_back(self) -> None:
        with suppress(duckdb.TransactionException, duckdb.FatalException):
            self._root.rollback()

    def _create_schema(self, schema: str) -> None:
        if schema not in self._schemas:
            self._root.execute(f"CREATE SCHEMA {quote_identifier(self._catalog)}.{quote_identifier(schema)}")
            self._schemas.add(schema)

    def _set_search_path(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(f"SET search_path = '{self._search_path}'")


def _close(root: duckdb.DuckDBPyConnection, pid: int) -> None:
    if pid == os.getpid():
        root.close()
    else:
        # The engine would wait for threads that a forked child does not have, and abort the process.
        keep_forever(root)


def _name_parts(name: str) -> tuple[str, ...]:
    """The parts of a possibly quoted, possibly aliased, qualified name as the engine writes it."""
    parts: list[str] = []
    part: list[str] = []
    quoted = False
    position = 0
    while position < len(name):
        character = name[position]
        if character == '"' and quoted and name[position + 1 : position + 2] == '"':
            part.append('"')
            position += 1
        elif character == '"':
            quoted = not quoted
        elif character == "." and not quoted:
            parts.append("".join(part))
            part = []
        elif character == " " and not quoted:
            break  # " AS alias"
        else:
            part.append(character)
        position += 1
    return (*parts, "".join(part))
