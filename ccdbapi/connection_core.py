"""What the connections of both faces are. PEP 249, "Connection Objects"."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ccdbapi import exceptions
from ccdbapi.config import Settings

if TYPE_CHECKING:
    from ccdbapi.assembly import Assembly
    from ccdbapi.catalog import Catalog
    from ccdbapi.execution.faces import Face
    from ccdbapi.execution.journal import Journal


class ConnectionCore(ABC):
    """A connection's settings and state. A statement takes effect at once: Cloud Control has no transactions."""

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

    def __repr__(self) -> str:
        return f"<ccdbapi.{type(self).__name__} {'closed' if self._closed else 'open'}, {self._settings!r}>"

    def assembly(self) -> Assembly:
        """What the connection's cursors work with; put together when first asked for.

        Raises `InterfaceError` on a closed connection or for settings that cannot work.
        """
        with self._lock:
            self._check_open()
            if self._assembly is None:
                from ccdbapi.assembly import assemble

                self._assembly = assemble(self._settings, self._face())
            return self._assembly

    def wrote(self) -> None:
        """Takes note that a statement changed something."""
        self._wrote = True

    def _check_open(self) -> None:
        if self._closed:
            raise exceptions.InterfaceError("The connection is closed.")

    def _closing(self) -> Assembly | None:
        """The connection is closed from here on; what it worked with, if it was put together."""
        with self._lock:
            self._closed = True
            assembly, self._assembly = self._assembly, None
            return assembly

    def _journaled(self) -> tuple[Assembly, Journal]:
        assembly = self.assembly()
        if assembly.journal is None:
            raise exceptions.InterfaceError("The connection has no journal: give connect() its path (journal=…).")
        if self._settings.read_only:
            raise exceptions.NotSupportedError(
                "The connection is read-only (read_only=True): it does not finish what others were writing."
            )
        if assembly.journal.entries(pending=True):
            self.wrote()
        return assembly, assembly.journal

    @abstractmethod
    def _face(self) -> Face:
        """How the connection's users wait."""
