"""Rows from outside as a lazy Arrow stream, which the engine pulls batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import arro3.core as arrow

#: One batch: for each column of the table, the values of its rows.
Columns = Sequence[Sequence["str | None"]]


class ArrowTable:
    """A table of text columns that the engine reads through the Arrow C stream interface.

    ``open_reader`` is called once for each scan, when the engine starts it, and gives the batches in order. What it
    raises is kept in ``failure``, as the engine passes on no more than the text of an exception.
    """

    def __init__(self, columns: Iterable[str], open_reader: Callable[[], Iterator[Columns]]) -> None:
        self._schema = arrow.Schema([arrow.Field(name, arrow.DataType.utf8()) for name in columns])
        self._open_reader = open_reader
        self.failure: BaseException | None = None

    def __arrow_c_schema__(self) -> object:
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return arrow.RecordBatchReader.from_batches(self._schema, self._batches()).__arrow_c_stream__()

    def _batches(self) -> Iterator[arrow.RecordBatch]:
        text = arrow.DataType.utf8()
        try:
            for columns in self._open_reader():
                arrays = [arrow.Array(values, text) for values in columns]
                yield arrow.RecordBatch.from_arrays(arrays, schema=self._schema)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.failure = error
            raise
