"""Rows from outside as a lazy Arrow stream, which the engine pulls batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

import arro3.core as arrow

#: One batch: for each column of the table, the values of its rows.
Columns = Sequence[Sequence["str | None"]]


class ArrowTable:
    """A table of text columns that the engine reads through the Arrow C stream interface.

    ``open_reader`` is called once for each scan, when the engine starts it, and gives the batches in order. What it
    raises is kept in ``failure``, as the engine passes on no more than the text of an exception.
    """

    def __init__(self, columns: Iterable[str], open_reader: Callable[[], Iterator[Columns]]) -> None:
        self.schema = arrow.Schema([arrow.Field(name, arrow.DataType.utf8()) for name in columns])
        self._open_reader = open_reader
        self._scans: list[Generator[arrow.RecordBatch, None, None]] = []
        self.failure: BaseException | None = None

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        scan = _scan(self, self._open_reader)
        self._scans.append(scan)
        return arrow.RecordBatchReader.from_batches(self.schema, scan).__arrow_c_stream__()

    def close(self) -> None:
        """Ends the scans that were left half-way, so that what they hold is let go: a dropped stream keeps it."""
        for scan in self._scans:
            scan.close()


class _FailedError(Exception):
    """Tells the engine that a scan failed."""


def _scan(table: ArrowTable, open_reader: Callable[[], Iterator[Columns]]) -> Generator[arrow.RecordBatch, None, None]:
    text = arrow.DataType.utf8()
    try:
        for columns in open_reader():
            arrays = [arrow.Array(values, text) for values in columns]
            yield arrow.RecordBatch.from_arrays(arrays, schema=table.schema)
    except GeneratorExit:
        raise
    except BaseException as error:
        table.failure = error
    else:
        return
    # Who gets this exception keeps it until the next stream is made, and with it all that its frame can reach.
    del table, open_reader
    raise _FailedError
