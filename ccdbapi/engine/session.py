"""A session of the engine: runs one statement at a time, over streams, and hands out its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.errors import Locate, error_of_exception
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.engine.values import row_converter
from ccdbapi.engine.view import quote_identifier

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from duckdb.sqltypes import DuckDBPyType

#: What the engine makes of a Ctrl-C that arrives just when it calls a table's methods, before those can keep it.
_INTERRUPTED = re.compile("registered as '[^']*' failed: (External error: )?KeyboardInterrupt")

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
        self._columns: Sequence[tuple[str, DuckDBPyType]] = ()
        self._convert: Callable[[Row], Row] | None = None
        self._batches: pyarrow.RecordBatchReader | None = None
        self._untouched = False

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
            self._columns = [(column[0], column[1]) for column in self._connection.description]
        self._untouched = True
        self._convert = row_converter([sql_type for _, sql_type in self._columns])
        return tuple(_result_column(name, sql_type) for name, sql_type in self._columns)

    def fetch(self, size: int) -> list[Row]:
        """The next rows, at most ``size``; fewer only at the end. Raises as `execute` does."""
        self._touch()
        with self._translated():
            rows = self._connection.fetchmany(size)
        return rows if self._convert is None else [self._convert(row) for row in rows]

    def fetch_all(self) -> list[Row]:
        """All rows that are left. Raises as `execute` does."""
        self._touch()
        with self._translated():
            rows = self._connection.fetchall()
        return rows if self._convert is None else [self._convert(row) for row in rows]

    def fetch_frame(self) -> pandas.DataFrame:
        """All rows that are left, with the types of the engine. Raises as `execute` does."""
        self._touch()
        with self._translated():
            frame: pandas.DataFrame | None = self._connection.df()
            return self._nothing().df() if frame is None else frame

    def open_batches(self, size: int) -> pyarrow.Schema:
        """Has `next_batch` give the rows that are left, about ``size`` in each; no other method gives them any more.

        Raises as `execute` does.
        """
        with self._translated():
            self._batches = self._restarted(size) or self._taken(size) or self._nothing().to_arrow_reader()
            return self._batches.schema

    def next_batch(self) -> pyarrow.RecordBatch | None:
        """The next rows after `open_batches`, None at the end. Raises as `execute` does."""
        with self._translated():
            return next(self._batches, None) if self._batches is not None else None

    def interrupt(self) -> None:
        """Stops what the session runs, from any thread: the call that runs it raises. A closed one runs nothing."""
        with suppress(duckdb.ConnectionException):
            self._connection.interrupt()

    def reset(self) -> None:
        """Drops the result, the tables and the parameters of the last statement."""
        tables, self._tables = self._tables, {}
        bindings, self._bindings = self._bindings, Bindings()
        batches, self._batches = self._batches, None
        if batches is not None:
            batches.close()
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

    def _restarted(self, size: int) -> pyarrow.RecordBatchReader | None:
        """The rows as a stream, where no more was read of the tables yet than they can give again.

        The engine has to know how rows are wanted when it starts a statement: the rows of one that has started can
        still become batches, but all at once.
        """
        untouched, self._untouched = self._untouched, False
        if not (untouched and all(table.can_rewind for table in self._tables.values())):
            return None
        self._connection.abort()
        for table in self._tables.values():
            table.rewind()
        reader = self._connection.sql(self._sql).to_arrow_reader(size)
        self._forget()
        return reader

    def _taken(self, size: int) -> pyarrow.RecordBatchReader | None:
        """All rows that are left, read to the end first; None where none are. Public, it would warn of that."""
        return self._connection._result_as_arrow(size, reader=True)

    def _nothing(self) -> duckdb.DuckDBPyRelation:
        """No rows, of the columns of the result."""
        columns = ", ".join(f"CAST(NULL AS {sql_type}) AS {quote_identifier(name)}" for name, sql_type in self._columns)
        return self._connection.sql(f"SELECT {columns} LIMIT 0")

    def _touch(self) -> None:
        """The result is read as it was started."""
        if self._untouched:
            self._untouched = False
            self._forget()

    def _forget(self) -> None:
        for table in self._tables.values():
            table.forget()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        # What pyarrow raises for an error of the engine is an OSError with the same text.
        except (duckdb.Error, OSError) as error:
            for table in self._tables.values():
                if table.failure is not None:
                    raise table.failure from table.failure.__cause__
            if _INTERRUPTED.search(str(error)):
                raise KeyboardInterrupt from None
            raise error_of_exception(error, self._sql, self._locate) from None
        except RuntimeError as error:
            # The engine looks for signals while it works, and swallows the interrupt that Ctrl-C is.
            if str(error) == "Query interrupted":
                raise KeyboardInterrupt from None
            raise


def _undisturbed(work: Callable[[str], object], argument: str) -> None:
    """Does ``work``, though an interrupt may still be on its way to what ran before, or the engine has broken down."""
    with suppress(duckdb.FatalException):
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
