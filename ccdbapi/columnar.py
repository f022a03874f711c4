"""Results as tables of pyarrow, pandas and polars, beside PEP 249's rows; written once, as coroutines."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from ccdbapi.cursor_core import CursorCore
from ccdbapi.exceptions import InterfaceError, NotSupportedError, ProgrammingError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

#: Rows of a batch where the caller does not care: those of a table, which is read whole.
_ROWS_OF_A_TABLE = 131_072


class ColumnarCore(CursorCore):
    """A cursor that also gives the rows that are left by columns, copied as little as the engine can.

    Values have the types of the engine. JSON is text in all of them (PEP 249's rows have dicts and lists), also within
    lists and structs: a column has one type there, and JSON none; ``pyarrow.json``, ``json.loads`` or polars'
    ``str.json_decode`` read it. The methods raise `InterfaceError` where the package that they need is not installed,
    and what fetching all rows raises.
    """

    __slots__ = ()

    async def _fetch_table(self) -> pyarrow.Table:
        pyarrow = _needed("pyarrow", extra="arrow")
        with self._guarded():
            await self._unread().settle()
        schema, these = await self._open_batches(_ROWS_OF_A_TABLE)
        batches = []
        while (batch := await self._next_batch(these)) is not None:
            batches.append(batch)
        return pyarrow.Table.from_batches(batches, schema)

    async def _fetch_polars(self) -> polars.DataFrame:
        _needed("polars")
        import polars

        table = await self._fetch_table()
        try:
            return polars.DataFrame(table)
        except polars.exceptions.PolarsError as error:
            raise NotSupportedError(f"polars cannot hold the result: {error}. Cast or rename columns.") from None

    async def _fetch_frame(self) -> pandas.DataFrame:
        _needed("pandas")
        with self._guarded():
            executor = self._unread()
            await executor.settle()
            frame = await executor.fetch_frame()
            self._count(len(frame), ended=True)
            return frame

    async def _open_batches(self, rows: int) -> tuple[pyarrow.Schema, object]:
        """What the columns of the rows that are left are, and what `_next_batch` gives them for, ``rows`` at a time."""
        if not isinstance(rows, int) or rows < 1:
            raise ProgrammingError(f"A batch is of 1 row or more, not {rows!r}.")
        _needed("pyarrow", extra="arrow")
        with self._guarded():
            schema = await self._unread().open_batches(rows)
            self._batched = these = object()
            return schema, these

    async def _next_batch(self, these: object) -> pyarrow.RecordBatch | None:
        with self._guarded():
            if self._batched is not these or self._executor is None:
                raise InterfaceError("The cursor has executed another statement: these rows are gone.")
            batch = await self._executor.next_batch()
            if batch is None:
                self._batched = None
            self._count(0 if batch is None else batch.num_rows, ended=batch is None)
            return batch


def _needed(name: str, *, extra: str | None = None) -> ModuleType:
    """A package that not everybody has. Raises `InterfaceError` where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        advice = f"pip install 'ccdbapi[{extra or name}]'"
        raise InterfaceError(f"This needs {name}, which is not installed: {advice}") from None
