"""The cursor: runs statements and hands out their rows. PEP 249, "Cursor Objects"."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ccdbapi.columnar import ColumnarCore
from ccdbapi.coroutines import finish
from ccdbapi.cursor_core import ColumnDescription, Row
from ccdbapi.parameters import Parameters, parameter_sets

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from ccdbapi.connection import Connection


class Cursor(ColumnarCore):
    """Runs one statement at a time. PEP 249, "Cursor Objects".

    Made by `Connection.cursor`; for one thread, but for `cancel` and `close`. Iterating gives the rows that are left.
    As a context manager it closes itself at the end. Once it is closed, its methods raise `InterfaceError`, except for
    `close` and `cancel`; what goes wrong with a statement is one of the other PEP 249 exceptions.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    @property
    def connection(self) -> Connection:
        """The connection that the cursor belongs to. PEP 249, "Optional DB API Extensions"."""
        return self._connection

    def execute(self, operation: str, parameters: Parameters | None = None) -> Self:
        """Runs a statement; returns the cursor. ``parameters``: a sequence for ``?``, a mapping for ``:name``. PEP 249.

        A query's rows are read as they are fetched. A statement that writes returns when its requests are final, unless
        ``/*+ async */`` or the setting ``wait=False`` says otherwise.
        """
        finish(self._execute(operation, parameters))
        return self

    def executemany(self, operation: str, seq_of_parameters: Iterable[Parameters]) -> Self:
        """Runs an INSERT, UPDATE or DELETE for each set of parameters, as one statement; returns the cursor. PEP 249.

        Everything is checked before the first request. RETURNING gives the rows of all sets, in order. Raises
        `ProgrammingError` for a query, `NotSupportedError` for parameters in RETURNING.
        """
        self._check_open()
        sets = parameter_sets(seq_of_parameters)  # outside: what the caller's iterator raises is the caller's
        finish(self._execute_many(operation, sets))
        return self

    def fetchone(self) -> Row | None:
        """The next row, None at the end. PEP 249. Raises `ProgrammingError` where there is no result."""
        rows = finish(self._fetch(1))
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows, ``size`` or `arraysize` at most; fewer only at the end. PEP 249. Raises as `fetchone`."""
        return finish(self._fetch(self.arraysize if size is None else size))

    def fetchall(self) -> list[Row]:
        """All rows that are left. PEP 249. Raises as `fetchone`."""
        return finish(self._fetch_all())

    def fetch_arrow_table(self) -> pyarrow.Table:
        """All rows that are left. Needs ``ccdbapi[arrow]``. JSON is text in tables, frames and batches."""
        return finish(self._fetch_table())

    def fetch_df(self) -> pandas.DataFrame:
        """All rows that are left. Needs ``ccdbapi[pandas]``. A DECIMAL is a float there."""
        return finish(self._fetch_frame())

    def fetch_polars(self) -> polars.DataFrame:
        """All rows that are left. Needs ``ccdbapi[polars]``.

        Raises `NotSupportedError` for what polars has no type for (INTERVAL), or if columns share a name.
        """
        return finish(self._fetch_polars())

    def fetch_record_batches(self, rows_per_batch: int = 1000) -> pyarrow.RecordBatchReader:
        """The rows that are left, as they come: a batch is there when about ``rows_per_batch`` rows were read.

        They belong to the reader: the cursor's other methods do not give them any more. It raises what they would, and
        `InterfaceError` once the cursor is closed or has executed another statement. If rows were fetched before, or
        the statement has already read more than 16 MB, the rest is read to the end first. Needs ``ccdbapi[arrow]``.
        """
        schema, these = finish(self._open_batches(rows_per_batch))
        import pyarrow

        return pyarrow.RecordBatchReader.from_batches(schema, self._batches(these))

    def nextset(self) -> None:
        """None: a statement gives one result at most. PEP 249. Raises as `fetchone`."""
        with self._guarded():
            self._result()

    def close(self) -> None:
        """Closes the cursor. PEP 249. Closing it again does nothing.

        A statement that runs in another thread is cancelled there, and waited for.
        """
        self._closed = True
        if self._busy.acquire(blocking=False):
            self._busy.release()
        else:
            self.cancel()
            if self._user == threading.get_ident():
                return  # called by a signal handler: the statement ends, and the cursor lets go, when that returns
        with self._busy:
            finish(self._let_go())

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _released(self) -> None:
        if self._closed:
            self.close()

    def _batches(self, these: object) -> Iterator[pyarrow.RecordBatch]:
        while (batch := finish(self._next_batch(these))) is not None:
            yield batch


__all__ = ["ColumnDescription", "Cursor", "Row"]
