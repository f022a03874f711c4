"""The connection: what cursors share. PEP 249, "Connection Objects"."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ccdbapi.config import Settings
from ccdbapi.connection_core import ConnectionCore
from ccdbapi.coroutines import finish
from ccdbapi.cursor import Cursor

if TYPE_CHECKING:
    from ccdbapi.exceptions import Outcome
    from ccdbapi.execution.faces import Face


class Connection(ConnectionCore):
    """A connection to Cloud Control, made by `ccdbapi.connect`. PEP 249, "Connection Objects".

    Threads may share it, each with cursors of its own. Nothing is opened before the first statement. A statement takes
    effect at once: Cloud Control has no transactions. As a context manager it closes itself at the end, and neither
    commits nor rolls back: there is nothing to undo, and an exception on its way is not to be hidden by another.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._cursors: weakref.WeakSet[Cursor] = weakref.WeakSet()

    def cursor(self) -> Cursor:
        """A new cursor. Raises `InterfaceError` on a closed connection."""
        with self._lock:
            self._check_open()
            del self.messages[:]
            cursor = Cursor(self)
            self._cursors.add(cursor)
            return cursor

    def register(self, name: str, data: object) -> None:
        """Makes ``data`` a table that all statements of this connection can read, as ``name``, until it is closed.

        ``data`` is a DataFrame of pandas (its index is left out) or polars, a table, record batch or reader of pyarrow
        or whatever else gives itself as an Arrow stream, or a list of mappings from columns to values. It is copied:
        what changes in it afterwards does not show. A name that is registered already gets the new data.

        Raises `ProgrammingError` for a name that would need quotes, or is that of a table of the connection's schema,
        and for data that is no table, `DataError` where that has no columns or cannot be read, `InterfaceError` on a
        closed connection.
        """
        self.assembly().register(name, data)

    def unregister(self, name: str) -> None:
        """Takes back what `register` did. Raises `ProgrammingError` where nothing has the name.

        Raises `InterfaceError` on a closed connection.
        """
        self.assembly().database.local_tables.drop(name)

    def close(self) -> None:
        """Closes the connection and its cursors. Closing it again does nothing.

        Statements that run in other threads are cancelled there, and waited for.
        """
        with self._lock:
            assembly = self._closing()
            cursors = list(self._cursors)
        # Not under the lock: a cursor may need it before it can end.
        for cursor in cursors:
            cursor.close()
        # A signal handler may close from within a statement; what that uses goes with the last reference to it.
        if assembly is not None and not any(cursor.running for cursor in cursors):
            finish(assembly.close())

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def wait(self, request_token: str, *, region: str, account: str = "", timeout: float | None = None) -> Outcome:
        """Waits until a request is final that was not waited for, or not long enough, and tells what it did.

        ``account`` is an alias of the connection's accounts, if it has any; ``timeout`` is in seconds, None for that of
        the connection. Raises the error of a request that failed, `OperationalError` when the time is up: the request
        goes on then, as it does when Ctrl-C ends the waiting; `DataError` for what is no token, `InterfaceError` for
        arguments that make no sense. Source: GetResourceRequestStatus.
        """
        return finish(self.assembly().wait(request_token, region, account, timeout))

    def resume_journal(self) -> Sequence[Outcome]:
        """Finishes what a process that ended has left in the journal; what became of each request, in order.

        No request is made twice. Raises `InterfaceError` where the connection has no journal or cannot use it,
        `NotSupportedError` where it only reads.
        """
        assembly, journal = self._journaled()
        return finish(assembly.resume(journal))

    def _face(self) -> Face:
        from ccdbapi.execution.faces import Blocking

        return Blocking()
