"""The connection for asyncio."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Coroutine, Sequence
from functools import partial, wraps
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Self

import ccdbapi
from ccdbapi.aio.cursor import AioCursor
from ccdbapi.connection_core import ConnectionCore
from ccdbapi.exceptions import InterfaceError
from ccdbapi.execution.faces import Awaiting, Face

if TYPE_CHECKING:
    from ccdbapi.assembly import Assembly
    from ccdbapi.config import Settings
    from ccdbapi.exceptions import Outcome

Options = ParamSpec("Options")


class AioConnection(ConnectionCore):
    """A connection to Cloud Control, made by `connect`: a `ccdbapi.Connection` of which is awaited what may take time.

    It belongs to the event loop that it was made on; tasks may share it, each with cursors of its own. As a context
    manager it closes itself at the end.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._loop = asyncio.get_running_loop()
        self._waits = Awaiting()
        self._cursors: weakref.WeakSet[AioCursor] = weakref.WeakSet()

    async def _open(self) -> Self:
        """Puts together what the connection works with. Raises `InterfaceError` for settings that cannot work."""
        await self._waits.do(super().assembly)
        return self

    def assembly(self) -> Assembly:
        """What the connection's cursors work with. Raises `InterfaceError` on a closed connection, or another loop."""
        if asyncio.get_running_loop() is not self._loop:
            raise InterfaceError("The connection belongs to another event loop: make one on this loop.")
        return super().assembly()

    def cursor(self) -> AioCursor:
        """A new cursor. Raises `InterfaceError` on a closed connection."""
        self._check_open()
        del self.messages[:]
        cursor = AioCursor(self)
        self._cursors.add(cursor)
        return cursor

    async def register(self, name: str, data: object) -> None:
        """Makes ``data`` a table that all statements of this connection can read. See `ccdbapi.Connection.register`."""
        await self._waits.do(partial(self.assembly().register, name, data))

    async def unregister(self, name: str) -> None:
        """Takes back what `register` did. Raises `ProgrammingError` where nothing has the name."""
        await self._waits.do(partial(self.assembly().database.local_tables.drop, name))

    async def wait(
        self,
        request_token: str,
        *,
        region: str,
        account: str = "",
        timeout: float | None = None,  # noqa: ASYNC109 - of the statement, as in the other face
    ) -> Outcome:
        """Waits until a request is final, and tells what it did. See `ccdbapi.Connection.wait`."""
        return await self.assembly().wait(request_token, region, account, timeout)

    async def resume_journal(self) -> Sequence[Outcome]:
        """Finishes what a process that ended has left in the journal. See `ccdbapi.Connection.resume_journal`."""
        assembly, journal = self._journaled()
        return await assembly.resume(journal)

    async def close(self) -> None:
        """Closes the connection and its cursors. Closing it again does nothing.

        Statements that other tasks run are cancelled there, and waited for.
        """
        assembly = self._closing()
        for cursor in list(self._cursors):
            await cursor.close()
        if assembly is not None:
            await assembly.close()

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def _face(self) -> Face:
        return self._waits


def _awaited(
    connect: Callable[Options, ccdbapi.Connection],
) -> Callable[Options, Coroutine[object, object, AioConnection]]:
    """The same arguments, and a connection to await."""

    @wraps(connect)
    async def awaited(*arguments: Options.args, **keywords: Options.kwargs) -> AioConnection:
        return await AioConnection(connect(*arguments, **keywords).settings)._open()

    return awaited


#: Makes a connection on the event loop that runs. The settings are those of `ccdbapi.connect`; what is wrong with them
#: is raised here already, and a live catalogue is read here.
connect = _awaited(ccdbapi.connect)
