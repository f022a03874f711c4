"""Where rows pass from the event loop, which makes the calls, to the engine's thread, which pulls them."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator, Sequence

from ccdbapi.engine.stream import Columns
from ccdbapi.exceptions import InternalError
from ccdbapi.execution.patience import Patience

# On Windows only a wait that ends by itself lets Ctrl-C through.
_LONGEST_WAIT = 0.1 if sys.platform == "win32" else None


class Channel:
    """Batches of rows on their way to the scans of one raw table.

    With ``scans`` > 1 there may be any number of scans, each of which gets all the rows, so they are kept. The producer
    may run ahead of the scans by ``ahead`` bytes; with 0 it goes on only when a scan is out of rows.
    """

    def __init__(self, *, scans: int, ahead: int, patience: Patience) -> None:
        self._scans = scans
        self._ahead = ahead
        self._patience = patience
        self._changed = threading.Condition()
        self._batches: list[Columns] = []
        self._opened = 0
        self._hungry = 0
        self._bytes = 0
        self._ended = False
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room = asyncio.Event()

    def put(self, columns: Columns, size: int) -> None:
        """Hands over a batch of about ``size`` bytes. On the event loop."""
        with self._changed:
            self._batches.append(columns)
            self._bytes += size
            self._changed.notify_all()

    async def room(self) -> None:
        """Waits until the producer should go on. On the event loop."""
        self._loop = asyncio.get_running_loop()
        while True:
            with self._changed:
                # A scan that is out of rows may just not have woken up yet to those that it was given.
                if self._bytes < self._ahead or (self._hungry and not self._bytes):
                    return
                self._room.clear()
            await self._room.wait()

    def end(self, failure: BaseException | None = None) -> None:
        """No more batches come: all were handed over, or ``failure`` is why not. From any thread; the first counts."""
        with self._changed:
            if not self._ended:
                self._ended, self._failure = True, failure
                self._changed.notify_all()

    def scan(self) -> Iterator[Columns]:
        """The batches for one scan: all that has arrived at once. Raises what the producer failed with."""
        with self._changed:
            self._opened += 1
            if self._scans <= 1 and self._opened > self._scans:
                raise InternalError("The engine reads a table more often than its plan said.")
        position = 0
        while True:
            arrived, position = self._take(position)
            if not arrived:
                return
            yield _joined(arrived)

    def _take(self, position: int) -> tuple[Sequence[Columns], int]:
        """Waits for batches from ``position`` on; none mean the end."""
        with self._changed:
            if position == len(self._batches) and not self._ended:
                self._wait(position)
            if self._failure is not None:
                raise self._failure
            arrived = self._batches[position:]
            if self._scans <= 1:
                self._batches.clear()
            position = len(self._batches)
            self._bytes = 0
        self._wake_producer()
        return arrived, position

    def _wait(self, position: int) -> None:
        self._hungry += 1
        try:
            self._wake_producer()
            while position == len(self._batches) and not self._ended:
                left = self._patience.left
                if left == 0:
                    raise self._patience.exhausted()
                with self._patience.waiting():
                    self._changed.wait(min((seconds for seconds in (left, _LONGEST_WAIT) if seconds), default=None))
        finally:
            self._hungry -= 1

    def _wake_producer(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._room.set)


def _joined(batches: Sequence[Columns]) -> Columns:
    if len(batches) == 1:
        return batches[0]
    return [[value for column in parts for value in column] for parts in zip(*batches, strict=True)]
