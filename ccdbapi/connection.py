"""The connection: what cursors share. PEP 249, "Connection Objects"."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ccdbapi import exceptions
from ccdbapi.config import Settings
from ccdbapi.cursor import Cursor

if TYPE_CHECKING:
    from ccdbapi.assembly import Assembly
    from ccdbapi.catalog import Catalog
    from ccdbapi.exceptions import Outcome


class Connection:
    """A connection to Cloud Control, made by `ccdbapi.connect`. PEP 249, "Connection Objects".

    Threads may share it, each with cursors of its own. Nothing is opened before the first statement. A statement takes
    effect at once: Cloud Control has no transactions. As a context manager it closes itself at the end, and neither
    commits nor rolls back: there is nothing to undo, and an exception on its way is not to be hidden by another.
    """

    # PEP 249, "Optional DB API Extensions": so that code that has a connection needs no import.
    Warning = exceptions.Warning
    Error = exceptions.Error
    InterfaceError = exceptions.InterfaceError
    DatabaseError = exceptions.DatabaseError
    DataError = exceptions.DataError
    OperationalError = exceptions.OperationalError
    IntegrityError = exceptions.IntegrityError
    InternalError = exceptions.InternalError
    ProgrammingError = exceptions.ProgrammingError
    NotSupportedError = exceptions.NotSupportedError

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._assembly: Assembly | None = None
        self._cursors: weakref.WeakSet[Cursor] = weakref.WeakSet()
        self._closed = False
        self._wrote = False
        #: Errors as (class, value); those of statements are in the cursor's. PEP 249, "Optional DB API Extensions".
        self.messages: list[tuple[type[Exception], Exception]] = []

    @property
    def settings(self) -> Settings:
        """What `ccdbapi.connect` was given; its repr has no secrets."""
        return self._settings

    @property
    def catalog(self) -> Catalog:
        """What tables there are. Raises as `assembly` does; a live catalogue may be read from AWS then."""
        return self.assembly().catalog

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def autocommit(self) -> bool:
        """True, for good. PEP 249, "Optional DB API Extensions". Raises `NotSupportedError` when set to False."""
        return True

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if not value:
            raise exceptions.NotSupportedError("Cloud Control has no transactions: a statement takes effect at once.")

    def cursor(self) -> Cursor:
        """A new cursor. Raises `InterfaceError` on a closed connection."""
        with self._lock:
            self._check_open()
            del self.messages[:]
            cursor = Cursor(self)
            self._cursors.add(cursor)
            return cursor

    def commit(self) -> None:
        """Does nothing: every statement has taken effect. Raises `InterfaceError` on a closed connection."""
        self._check_open()
        del self.messages[:]
        self._wrote = False

    def rollback(self) -> None:
        """Does nothing, if nothing was written since the connection was made or `commit` was called.

        Raises `NotSupportedError` otherwise, since what was written stays, `InterfaceError` on a closed connection.
        """
        self._check_open()
        del self.messages[:]
        if self._wrote:
            raise exceptions.NotSupportedError(
                "Cloud Control has no transactions: what was written since the last commit() stays. "
                "Undo it with statements of its own."
            )

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
            self._closed = True
            assembly, self._assembly = self._assembly, None
            cursors = list(self._cursors)
        # Not under the lock: a cursor may need it before it can end.
        for cursor in cursors:
            cursor.close()
        # A signal handler may close from within a statement; what that uses goes with the last reference to it.
        if assembly is not None and not any(cursor.running for cursor in cursors):
            assembly.close()

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ccdbapi.Connection {'closed' if self._closed else 'open'}, {self._settings!r}>"

    def assembly(self) -> Assembly:
        """What the connection's cursors work with; put together when first asked for.

        Raises `InterfaceError` on a closed connection or for settings that cannot work.
        """
        with self._lock:
            self._check_open()
            if self._assembly is None:
                from ccdbapi.assembly import assemble

                self._assembly = assemble(self._settings)
            return self._assembly

    def wait(self, request_token: str, *, region: str, account: str = "", timeout: float | None = None) -> Outcome:
        """Waits until a request is final that was not waited for, or not long enough, and tells what it did.

        ``account`` is an alias of the connection's accounts, if it has any; ``timeout`` is in seconds, None for that of
        the connection. Raises the error of a request that failed, `OperationalError` when the time is up: the request
        goes on then. Source: GetResourceRequestStatus.
        """
        return self.assembly().wait(request_token, region, account, timeout)

    def resume_journal(self) -> Sequence[Outcome]:
        """Finishes what a process that ended has left in the journal; what became of each request, in order.

        No request is made twice. Raises `InterfaceError` where the connection has no journal, and what calls raise.
        """
        assembly = self.assembly()
        if assembly.journal is None:
            raise exceptions.InterfaceError("The connection has no journal: give connect() its path (journal=…).")
        return assembly.resume(assembly.journal)

    def wrote(self) -> None:
        """Takes note that a statement changed something."""
        self._wrote = True

    def _check_open(self) -> None:
        if self._closed:
            raise exceptions.InterfaceError("The connection is closed.")
