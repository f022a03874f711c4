"""How the driver waits: on the thread that calls it, or on the event loop of those who await it.

What a statement does is written once, as coroutines, and a face carries out what those wait for. With `Blocking` none
of them suspends itself, so that `ccdbapi.coroutines.finish` takes each to its end on the spot.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from typing import Protocol, TypeVar

from ccdbapi.cloudcontrol import loop
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.threads import Pool

T = TypeVar("T")

#: The threads for statements whose callers await them, and for those of their jobs that AWS may keep waiting.
_statements, _waiting = Pool("ccdbapi statement"), Pool("ccdbapi rows")


class Face(Protocol):
    """How to wait."""

    async def do(self, job: Callable[[], T], interrupt: Callable[[], object] | None = None) -> T:
        """What ``job`` returns or raises, which blocks the thread that does it.

        Who is cancelled does not begin it. One that has begun is left alone then, or, with ``interrupt``, ended by that
        and waited for.
        """

    async def pull(self, job: Callable[[], T], interrupt: Callable[[], object]) -> T:
        """As `do`, for a job that may wait for AWS: it keeps none waiting but its like."""

    async def wait(self, coroutine: Coroutine[object, object, T], patience: Patience | None = None) -> T:
        """What ``coroutine`` returns or raises, on the event loop that the clients live on.

        Calls ``meanwhile`` of ``patience``. What that raises, and Ctrl-C or a cancellation of the caller, cancels the
        coroutine, gives it a moment to end, and is raised again. Raises `concurrent.futures.CancelledError` where the
        coroutine itself was cancelled.
        """

    async def first(self, ready: Callable[[], Coroutine[object, object, None]], patience: Patience) -> None:
        """Waits for ``ready`` where a job that waited for it would hold a thread that others need. As `wait`."""

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        """Has ``coroutine`` run beside, on the event loop that the clients live on."""

    async def ended(self, future: concurrent.futures.Future[None]) -> None:
        """Waits until ``future`` is done, but not for long."""


class Blocking:
    """On the thread that calls. Clients live on the background loop. Implements `Face`."""

    async def do(self, job: Callable[[], T], interrupt: Callable[[], object] | None = None) -> T:
        """See `Face.do`."""
        return job()

    async def pull(self, job: Callable[[], T], interrupt: Callable[[], object]) -> T:
        """See `Face.pull`."""
        return job()

    async def wait(self, coroutine: Coroutine[object, object, T], patience: Patience | None = None) -> T:
        """See `Face.wait`."""
        if patience is None:
            return loop.run(coroutine)
        return loop.run(coroutine, every=patience.every, meanwhile=patience.meanwhile)

    async def first(self, ready: Callable[[], Coroutine[object, object, None]], patience: Patience) -> None:
        """Does nothing: the thread is the caller's own."""

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        """See `Face.start`."""
        loop.submit(coroutine)

    async def ended(self, future: concurrent.futures.Future[None]) -> None:
        """See `Face.ended`."""
        concurrent.futures.wait([future], loop.GRACE)


class Awaiting:
    """On the event loop that runs, where clients live too; what blocks, on a few threads. Implements `Face`."""

    async def do(self, job: Callable[[], T], interrupt: Callable[[], object] | None = None) -> T:
        """See `Face.do`."""
        return await _done(_statements.submit(job), interrupt)

    async def pull(self, job: Callable[[], T], interrupt: Callable[[], object]) -> T:
        """See `Face.pull`."""
        return await _done(_waiting.submit(job), interrupt)

    async def wait(self, coroutine: Coroutine[object, object, T], patience: Patience | None = None) -> T:
        """See `Face.wait`."""
        task = asyncio.create_task(coroutine)
        every = None if patience is None else patience.every
        try:
            while not (await asyncio.wait({task}, timeout=every))[0]:
                if patience is not None:
                    patience.meanwhile()
        except BaseException:
            task.cancel()
            await asyncio.wait({task}, timeout=loop.GRACE)
            _looked_at(task)
            raise
        try:
            return task.result()
        except asyncio.CancelledError:
            raise concurrent.futures.CancelledError from None

    async def first(self, ready: Callable[[], Coroutine[object, object, None]], patience: Patience) -> None:
        """See `Face.first`."""
        with patience.waiting():
            await self.wait(ready(), patience)

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        """See `Face.start`. What it runs keeps its own task: the event loop does not."""
        asyncio.create_task(coroutine)  # noqa: RUF006

    async def ended(self, future: concurrent.futures.Future[None]) -> None:
        """See `Face.ended`."""
        await asyncio.wait({asyncio.wrap_future(future)}, timeout=loop.GRACE)


async def _done(future: concurrent.futures.Future[T], interrupt: Callable[[], object] | None) -> T:
    """What the job of a pool returns or raises. Who is cancelled takes it back, or interrupts it and waits for that."""
    result = asyncio.wrap_future(future)
    try:
        return await asyncio.shield(result)
    except asyncio.CancelledError:
        # Either it has not begun, and never will, or it has to be told.
        if not future.cancel() and interrupt is not None:
            interrupt()
            await _ended(result)
        _looked_at(result)
        raise


async def _ended(future: asyncio.Future[T]) -> None:
    """Waits until the future is done, however often the waiting is cancelled."""
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            continue


def _looked_at(future: asyncio.Future[T]) -> None:
    """Has asyncio not report what the future raises as lost."""
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
