"""Results as tables of pyarrow, pandas and polars, beside PEP 249's rows."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from ccdbapi.exceptions import InterfaceError, NotSupportedError, ProgrammingError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

#: Rows of a batch where the caller does not care: those of a table, which is read whole.
_ROWS_OF_A_TABLE = 131_072


class ColumnarResult(ABC):
    """Gives the rows that are left of a result by columns, copied as little as the engine can.

    Values have the types of the engine. JSON is text in all of them (PEP 249's rows have dicts and lists), also within
    lists and structs: a column has one type there, and JSON none; ``pyarrow.json``, ``json.loads`` or polars'
    ``str.json_decode`` read it. The methods raise `InterfaceError` where the package that they need is not installed,
    and what `Cursor.fetchall` raises.
    """

    __slots__ = ()

    def fetch_arrow_table(self) -> pyarrow.Table:
        """All rows that are left. Needs ``ccdbapi[arrow]``."""
        return self._record_batches(_ROWS_OF_A_TABLE).read_all()

    def fetch_df(self) -> pandas.DataFrame:
        """All rows that are left. Needs ``ccdbapi[pandas]``. A DECIMAL is a float there."""
        needed("pandas")
        return self._frame()

    def fetch_polars(self) -> polars.DataFrame:
        """All rows that are left. Needs ``ccdbapi[polars]``.

        Raises `NotSupportedError` for what polars has no type for (INTERVAL), or if columns share a name.
        """
        needed("polars")
        import polars

        table = self.fetch_arrow_table()
        try:
            return polars.DataFrame(table)
        except polars.exceptions.PolarsError as error:
            raise NotSupportedError(f"polars cannot hold the result: {error}. Cast or rename columns.") from None

    def fetch_record_batches(self, rows_per_batch: int = 1000) -> pyarrow.RecordBatchReader:
        """The rows that are left, as they come: a batch is there when about ``rows_per_batch`` rows were read.

        They belong to the reader: the cursor's other methods do not give them any more. It raises what they would, and
        `InterfaceError` once the cursor is closed or has executed another statement. If rows were fetched before, or
        the statement has already read more than 16 MB, the rest is read to the end first. Needs ``ccdbapi[arrow]``.
        """
        if not isinstance(rows_per_batch, int) or rows_per_batch < 1:
            raise ProgrammingError(f"A batch is of 1 row or more, not {rows_per_batch!r}.")
        return self._record_batches(rows_per_batch)

    def _record_batches(self, rows: int) -> pyarrow.RecordBatchReader:
        pyarrow = needed("pyarrow", extra="arrow")
        return pyarrow.RecordBatchReader.from_batches(*self._batches(rows))

    @abstractmethod
    def _frame(self) -> pandas.DataFrame:
        """All rows that are left."""

    @abstractmethod
    def _batches(self, rows: int) -> tuple[pyarrow.Schema, Iterator[pyarrow.RecordBatch]]:
        """The rows that are left, about ``rows`` in a batch, and what their columns are."""


def needed(name: str, *, extra: str | None = None) -> ModuleType:
    """A package that not everybody has. Raises `InterfaceError` where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        advice = f"pip install 'ccdbapi[{extra or name}]'"
        raise InterfaceError(f"This needs {name}, which is not installed: {advice}") from None
