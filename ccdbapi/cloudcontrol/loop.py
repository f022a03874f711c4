"""The background event loop: one per process, for callers that are not coroutines themselves."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import NamedTuple, TypeVar

from ccdbapi.exceptions import InterfaceError
from ccdbapi.fork import keep_forever

T = TypeVar("T")

#: Seconds that a cancelled coroutine is given to end, and the loop at exit.
GRACE = 2.0
#: Seconds after which whoever waits on the caller's own thread looks up. A Ctrl-C in the instant before the thread
#: falls asleep does not wake it, and on Windows none does: it is noticed when the wait ends by itself.
WAKE_EVERY = 0.1


class _Background(NamedTuple):
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread
    pid: int


_background: _Background | None = None
_starting = threading.Lock()


def submit(coroutine: Coroutine[object, object, T]) -> concurrent.futures.Future[T]:
    """Starts ``coroutine`` on the background loop. Cancelling the future cancels the coroutine."""
    return asyncio.run_coroutine_threadsafe(coroutine, _running().loop)


def run(
    coroutine: Coroutine[object, object, T],
    *,
    meanwhile: Callable[[], object] = lambda: None,
    every: float | None = None,
) -> T:
    """Runs ``coroutine`` on the background loop, and returns or raises what it does.

    Calls ``meanwhile`` after ``every`` so many seconds, on the calling thread. What that raises, and Ctrl-C, cancels
    the coroutine, gives it a moment to end, and is raised again. Raises `concurrent.futures.CancelledError` where the
    coroutine was cancelled, and InterfaceError on the loop's own thread, where waiting would never end.
    """
    loop, thread, _ = _running()
    if threading.current_thread() is thread:
        coroutine.close()
        raise InterfaceError("A coroutine of the driver called its blocking interface; await the asynchronous one.")
    tasks: list[asyncio.Task[T]] = []
    ended = threading.Event()

    def start() -> None:
        task = loop.create_task(coroutine)
        task.add_done_callback(lambda _: ended.set())
        tasks.append(task)

    def cancel() -> None:
        for task in tasks:
            task.cancel()

    try:
        loop.call_soon_threadsafe(start)
        while not ended.wait(WAKE_EVERY if every is None else every):
            meanwhile()
    except BaseException:
        # Callbacks run in the order they were added: what was to start has started by the time this one runs.
        loop.call_soon_threadsafe(cancel)
        if ended.wait(GRACE) and not tasks[0].cancelled():
            tasks[0].exception()  # looked at, so that asyncio does not report it as lost
        raise
    try:
        return tasks[0].result()
    except asyncio.CancelledError:
        raise concurrent.futures.CancelledError from None


def _running() -> _Background:
    """The loop of this process, started when first asked for."""
    global _background  # noqa: PLW0603 - one per process is the point
    with _starting:
        if _background is None or _background.pid != os.getpid():
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever, name="ccdbapi", daemon=True)
            thread.start()
            _background = _Background(loop, thread, os.getpid())
            # Finalizers run at exit in reverse order of creation: what is made on the loop is closed before it ends.
            weakref.finalize(loop, _stop, _background)
        return _background


def _stop(background: _Background) -> None:
    loop, thread, pid = background
    if pid != os.getpid():
        keep_forever(loop)
        return
    with contextlib.suppress(concurrent.futures.TimeoutError):
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(GRACE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(GRACE)
    if not thread.is_alive():
        loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


def _forget() -> None:
    """In a forked child: the thread is gone, and the lock may have been held."""
    global _background, _starting
    if _background is not None:
        keep_forever(_background.loop)
    _background, _starting = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
