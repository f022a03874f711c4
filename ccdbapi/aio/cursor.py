"""The cursor for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ccdbapi.columnar import ColumnarCore
from ccdbapi.cursor_core import Row
from ccdbapi.parameters import Parameters, parameter_sets

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from ccdbapi.aio.connection import AioConnection


class AioCursor(ColumnarCore):
    """Runs one statement at a time. As `ccdbapi.Cursor`, but that what may take time is awaited.

    Made by `AioConnection.cursor`; for one task, but for `cancel` and `close`. Cancelling the task that executes a
    statement or fetches its rows ends the statement, and asks to cancel what that has begun to write, as Ctrl-C does.
    Asynchronous iteration gives the rows that are left. ``on_progress`` is called on the event loop's thread or on one
    of the driver's own.
    """

    __slots__ = ("_connection", "_freed")

    def __init__(self, connection: AioConnection) -> None:
        super().__init__(connection)
        self._connection = connection
        self._freed = asyncio.Event()

    @property
    def connection(self) -> AioConnection:
        """The connection that the cursor belongs to."""
        return self._connection

    async def execute(self, operation: str, parameters: Parameters | None = None) -> Self:
        """Runs a statement; returns the cursor. See `ccdbapi.Cursor.execute`."""
        await self._execute(operation, parameters)
        return self

    async def executemany(self, operation: str, seq_of_parameters: Iterable[Parameters]) -> Self:
        """Runs a statement that writes for each set of parameters; returns the cursor. See `ccdbapi.Cursor`."""
        self._check_open()
        await self._execute_many(operation, parameter_sets(seq_of_parameters))
        return self

    async def fetchone(self) -> Row | None:
        """The next row, None at the end. Raises `ProgrammingError` where there is no result."""
        rows = await self._fetch(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows, ``size`` or `arraysize` at most; fewer only at the end. Raises as `fetchone`."""
        return await self._fetch(self.arraysize if size is None else size)

    async def fetchall(self) -> list[Row]:
        """All rows that are left. Raises as `fetchone`."""
        return await self._fetch_all()

    async def fetch_arrow_table(self) -> pyarrow.Table:
        """All rows that are left. See `ccdbapi.Cursor.fetch_arrow_table`."""
        return await self._fetch_table()

    async def fetch_df(self) -> pandas.DataFrame:
        """All rows that are left. See `ccdbapi.Cursor.fetch_df`."""
        return await self._fetch_frame()

    async def fetch_polars(self) -> polars.DataFrame:
        """All rows that are left. See `ccdbapi.Cursor.fetch_polars`."""
        return await self._fetch_polars()

    async def fetch_record_batches(self, rows_per_batch: int = 1000) -> AsyncIterator[pyarrow.RecordBatch]:
        """The rows that are left, batch by batch as they come. See `ccdbapi.Cursor.fetch_record_batches`."""
        _, these = await self._open_batches(rows_per_batch)
        while (batch := await self._next_batch(these)) is not None:
            yield batch

    async def nextset(self) -> None:
        """None: a statement gives one result at most. Raises as `fetchone`."""
        with self._guarded():
            self._result()

    async def close(self) -> None:
        """Closes the cursor. Closing it again does nothing. A statement that another task runs is cancelled there."""
        self._closed = True
        while not self._busy.acquire(blocking=False):
            self.cancel()
            self._freed.clear()
            await self._freed.wait()
        try:
            await self._let_go()
        finally:
            self._busy.release()
            self._released()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Row:
        row = await self.fetchone()
        if row is None:
            raise StopAsyncIteration
        return row

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def _released(self) -> None:
        self._freed.set()
