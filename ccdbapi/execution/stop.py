"""Ends from any thread what an event loop does."""

from __future__ import annotations

import asyncio


class Stop:
    """Cancels the task that has begun last, also one that begins after it was asked to."""

    def __init__(self) -> None:
        self._asked = False
        self._task: asyncio.Task[object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """The current task is what is to be stopped. Raises CancelledError where that has been asked for."""
        self.follow()
        if self._asked:
            raise asyncio.CancelledError

    def follow(self) -> None:
        """The current task is what is to be stopped when it is asked for again."""
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()

    def ask(self) -> None:
        """Stops it. From any thread."""
        self._asked = True
        if self._task is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
