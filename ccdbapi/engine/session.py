"""A session of the engine: runs one statement at a time, over streams, and hands out its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import duckdb

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.errors import Locate, error_of_exception
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.engine.values import row_converter

#: What the engine makes of a Ctrl-C that arrives just when it calls a table's methods, before those can keep it.
_INTERRUPTED = re.compile("reading the [a-z ]+ registered as '[^']*' failed: (External error: )?KeyboardInterrupt")

#: A row of a result. What it holds follows from the statement, hence Any.
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result. ``type_name`` has no arguments (``DECIMAL``); precision and scale are a decimal's."""

    name: str
    type_name: str
    precision: int | None
    scale: int | None


class Session:
    """A connection to the engine. Not for several threads at once, but for `interrupt`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._tables: dict[str, ArrowTable] = {}
        self._bindings = Bindings()
        self._sql = ""
        self._locate: Locate = lambda _: None
        self._convert: Callable[[Row], Row] | None = None

    def execute(
        self, sql: str, bindings: Bindings, tables: Mapping[str, ArrowTable], locate: Locate
    ) -> tuple[ResultColumn, ...]:
        """Starts the query ``sql`` over ``tables`` and returns the columns of its result.

        Raises what reading a table raised, or the PEP 249 exception for what the engine says.
        """
        self.reset()
        self._sql, self._locate = sql, locate
        with self._translated():
            for name, value in bindings.variables.items():
                self._connection.execute(f"SET VARIABLE {name} = ?", [value])
            self._bindings = bindings
            for name, table in tables.items():
                self._connection.register(name, table)
                self._tables[name] = table
            self._connection.execute(sql)
            description = self._connection.description
        self._convert = row_converter([column[1] for column in description])
        return tuple(_result_column(column[0], column[1]) for column in description)

    def fetch(self, size: int) -> list[Row]:
        """The next rows, at most ``size``; fewer only at the end. Raises as `execute` does."""
        with self._translated():
            rows = self._connection.fetchmany(size)
        return rows if self._convert is None else [self._convert(row) for row in rows]

    def fetch_all(self) -> list[Row]:
        """All rows that are left. Raises as `execute` does."""
        with self._translated():
            rows = self._connection.fetchall()
        return rows if self._convert is None else [self._convert(row) for row in rows]

    def interrupt(self) -> None:
        """Stops what the session runs, from any thread: the call that runs it raises. A closed one runs nothing."""
        with suppress(duckdb.ConnectionException):
            self._connection.interrupt()

    def reset(self) -> None:
        """Drops the result, the tables and the parameters of the last statement."""
        tables, self._tables = self._tables, {}
        bindings, self._bindings = self._bindings, Bindings()
        self._connection.abort()  # a result that is still being read
        for name, table in tables.items():
            _undisturbed(self._connection.unregister, name)
            table.close()
        for name in bindings.variables:
            _undisturbed(self._connection.execute, f"RESET VARIABLE {name}")

    def close(self) -> None:
        """Ends the session."""
        self.reset()
        self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            for table in self._tables.values():
                if table.failure is not None:
                    raise table.failure from None
            if _INTERRUPTED.search(str(error)):
                raise KeyboardInterrupt from None
            raise error_of_exception(error, self._sql, self._locate) from None
        except RuntimeError as error:
            # The engine looks for signals while it works, and swallows the interrupt that Ctrl-C is.
            if str(error) == "Query interrupted":
                raise KeyboardInterrupt from None
            raise


def _undisturbed(work: Callable[[str], object], argument: str) -> None:
    """Does ``work``, though an interrupt may still be on its way to what ran before."""
    try:
        work(argument)
    except duckdb.InterruptException:
        work(argument)


def _result_column(name: str, sql_type: Any) -> ResultColumn:
    precision = scale = None
    if sql_type.id == "decimal":
        arguments = dict(sql_type.children)
        precision, scale = arguments["precision"], arguments["scale"]
    type_name = str(sql_type)
    if sql_type.id in ("decimal", "enum", "struct", "tuple", "map", "union"):
        type_name = type_name.partition("(")[0]
    return ResultColumn(name, type_name.replace('"NULL"', "NULL"), precision, scale)
