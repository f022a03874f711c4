"""The dialect for `create_async_engine("awscc+aio://…")`. SQLAlchemy's extra ``asyncio`` (greenlet) is needed.

SQLAlchemy's own code is synchronous; what it calls here is awaited by the greenlet bridge. Source: SQLAlchemy,
``sqlalchemy.util.await_only`` and ``sqlalchemy.engine.AdaptedConnection``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy.util
from sqlalchemy import pool
from sqlalchemy.engine import AdaptedConnection

from ccdbapi import aio
from ccdbapi.sqlalchemy.dialect import AwsccDialect, AwsccExecutionContext

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy.engine import URL
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from ccdbapi.catalog import Catalog
    from ccdbapi.config import Settings
    from ccdbapi.cursor_core import ColumnDescription, Row
    from ccdbapi.parameters import Parameters

#: The value of a coroutine, for synchronous code that SQLAlchemy runs for its asynchronous engine.
_await: Callable[[Coroutine[Any, Any, Any]], Any] = sqlalchemy.util.await_only


class StreamingCursor:
    """A cursor as SQLAlchemy calls it, whose rows are awaited as they are fetched."""

    def __init__(self, cursor: aio.AioCursor) -> None:
        self._cursor = cursor
        self.description: Sequence[ColumnDescription] | None = None
        self.arraysize = 1

    @property
    def rowcount(self) -> int:
        """Rows that were written or, once all are fetched, given."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> str | None:
        """The identifier that an INSERT of one row created."""
        return self._cursor.lastrowid

    def execute(self, operation: str, parameters: Parameters | None = None) -> None:
        """Runs a statement."""
        _await(self._cursor.execute(operation, parameters))
        self._executed()

    def executemany(self, operation: str, seq_of_parameters: Iterable[Parameters]) -> None:
        """Runs a statement for each set of parameters."""
        _await(self._cursor.executemany(operation, seq_of_parameters))
        self._executed()

    def fetchone(self) -> Row | None:
        """The next row."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows."""
        return cast("list[Row]", _await(self._cursor.fetchmany(self.arraysize if size is None else size)))

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        return cast("list[Row]", _await(self._cursor.fetchall()))

    def __iter__(self) -> Iterator[Row]:
        while (row := self.fetchone()) is not None:
            yield row

    def setinputsizes(self, *sizes: object) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Closes the cursor."""
        _await(self._cursor.close())

    def _executed(self) -> None:
        self.description = self._cursor.description


class FetchedCursor(StreamingCursor):
    """A cursor as SQLAlchemy calls it, whose rows are all there: results are read where nothing can be awaited."""

    def __init__(self, cursor: aio.AioCursor) -> None:
        super().__init__(cursor)
        self._rows: deque[Row] = deque()

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows."""
        wanted = self.arraysize if size is None else size
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        return self.fetchmany(len(self._rows))

    async def _async_soft_close(self) -> None:
        """As SQLAlchemy 2.1 asks for it: the rows are kept, and nothing else is left."""

    def close(self) -> None:
        """Drops the rows; what they came from is closed already."""
        self._rows.clear()

    def _executed(self) -> None:
        super()._executed()
        if self.description is not None:
            self._rows.extend(_await(self._cursor.fetchall()))
        _await(self._cursor.close())


class AdaptedAioConnection(AdaptedConnection):
    """A connection as SQLAlchemy calls it."""

    def __init__(self, connection: aio.AioConnection) -> None:
        self._connection = cast("Any", connection)
        self._own = connection
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Task[None] | None = None

    @property
    def settings(self) -> Settings:
        """What the connection was made with."""
        return self._own.settings

    @property
    def catalog(self) -> Catalog:
        """What tables there are."""
        return self._own.catalog

    @property
    def closed(self) -> bool:
        """Whether nothing can be done with it any more: it is closed, or another event loop runs than its own."""
        return self._own.closed or asyncio.get_running_loop() is not self._loop

    def cursor(self, *, streaming: bool = False) -> StreamingCursor:
        """A new cursor."""
        return (StreamingCursor if streaming else FetchedCursor)(self._own.cursor())

    def commit(self) -> None:
        """Does nothing: every statement has taken effect."""
        self._own.commit()

    def rollback(self) -> None:
        """See `ccdbapi.Connection.rollback`."""
        self._own.rollback()

    def close(self) -> None:
        """Closes the connection."""
        _await(self._own.close())

    def terminate(self) -> None:
        """Has the connection closed where nothing can be awaited, as when the garbage collector has found it."""
        with suppress(RuntimeError):  # its event loop has ended, and with it what the connection had
            self._loop.call_soon_threadsafe(self._close_beside)

    def _close_beside(self) -> None:
        self._ending = self._loop.create_task(self._own.close())


class AwsccAioExecutionContext(AwsccExecutionContext):
    """One execution of a statement."""

    def create_server_side_cursor(self) -> Any:
        """The cursor for ``stream()`` and ``stream_results``."""
        return self._dbapi_connection.cursor(streaming=True)


class AwsccAioDialect(AwsccDialect):
    """Cloud Control through `ccdbapi.aio`."""

    driver = "aio"
    is_async = True
    supports_statement_cache = True
    supports_server_side_cursors = True
    has_terminate = True
    execution_ctx_cls = AwsccAioExecutionContext

    @classmethod
    def import_dbapi(cls) -> ModuleType:  # SQLAlchemy wants each dialect to have its own
        """The driver."""
        return super().import_dbapi()

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:
        """A queue that does not block the event loop."""
        return pool.AsyncAdaptedQueuePool

    def connect(self, *arguments: Any, **keywords: Any) -> DBAPIConnection:
        """A new connection of the driver."""
        connection = _await(aio.connect(*arguments, **self._with_emulator(keywords)))
        return cast("DBAPIConnection", AdaptedAioConnection(connection))

    def do_terminate(self, dbapi_connection: Any) -> None:
        """See `AdaptedAioConnection.terminate`."""
        dbapi_connection.terminate()

    def get_driver_connection(self, connection: Any) -> aio.AioConnection:
        """The driver's own connection."""
        return cast("aio.AioConnection", connection.driver_connection)
