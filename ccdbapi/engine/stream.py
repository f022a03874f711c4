"""Rows from outside as a lazy Arrow stream, which the engine pulls batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

import arro3.core as arrow

#: One batch: for each column of the table, the values of its rows.
Columns = Sequence[Sequence["str | None"]]


#: How many bytes of what a scan gave are kept, for the case that it has to begin anew.
_REMEMBERED = 16 * 2**20


class ArrowTable:
    """A table of text columns that the engine reads through the Arrow C stream interface.

    ``open_reader`` is called once for each scan, when the engine starts it, and gives the batches in order. What it
    raises is kept in ``failure``, as the engine passes on no more than the text of an exception.
    """

    def __init__(self, columns: Iterable[str], open_reader: Callable[[], Iterator[Columns]]) -> None:
        self.schema = arrow.Schema([arrow.Field(name, arrow.DataType.utf8()) for name in columns])
        self._open_reader = open_reader
        self._scans: list[_Scan] = []
        self._begun = 0
        self.failure: BaseException | None = None

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        if self._begun == len(self._scans):
            self._scans.append(_Scan(_batches(self, self._open_reader)))
        scan = self._scans[self._begun]
        self._begun += 1
        return arrow.RecordBatchReader.from_batches(self.schema, scan.batches()).__arrow_c_stream__()

    @property
    def can_rewind(self) -> bool:
        """Whether what was read so far was kept: it was not too much, and `forget` was not called."""
        return all(scan.given is not None for scan in self._scans)

    def rewind(self) -> None:
        """Has the scans begin anew when the engine starts them again."""
        self._begun = 0

    def forget(self) -> None:
        """Lets go of what was kept for `rewind`, which is not called any more."""
        for scan in self._scans:
            scan.given = None

    def close(self) -> None:
        """Ends the scans that were left half-way, so that what they hold is let go: a dropped stream keeps it."""
        self.forget()
        for scan in self._scans:
            scan.source.close()
        if self.failure is not None:
            # Whoever reads streams keeps the exception that one of them raised until another one is made.
            arrow.RecordBatchReader.from_batches(self.schema, iter(())).__arrow_c_stream__()


class _Scan:
    """One reading of a table. ``given`` are the batches that the engine had so far; None if they were not kept."""

    def __init__(self, source: Generator[arrow.RecordBatch, None, None]) -> None:
        self.source = source
        self.given: list[arrow.RecordBatch] | None = []
        self._size = 0

    def batches(self) -> Iterator[arrow.RecordBatch]:
        """From the first batch on, if they were kept."""
        yield from tuple(self.given or ())
        for batch in self.source:
            self._remember(batch)
            yield batch

    def _remember(self, batch: arrow.RecordBatch) -> None:
        if self.given is not None:
            self._size += batch.nbytes
            self.given.append(batch)
            if self._size > _REMEMBERED:
                self.given = None


class _FailedError(Exception):
    """Tells the engine that a scan failed."""


def _batches(
    table: ArrowTable, open_reader: Callable[[], Iterator[Columns]]
) -> Generator[arrow.RecordBatch, None, None]:
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
