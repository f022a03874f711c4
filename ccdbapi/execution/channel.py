"""Where rows pass from the event loop, which makes the calls, to the engine's thread, which pulls them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ccdbapi.cloudcontrol.loop import WAKE_EVERY
from ccdbapi.engine.stream import Columns
from ccdbapi.exceptions import InternalError
from ccdbapi.execution.patience import Patience

#: Bytes of rows of a part with which a scan of it can begin: the engine shows no row before it has about as much.
HEAD = 1024


class Batch(NamedTuple):
    """Rows of one part of a table; ``again``: another part has brought them before."""

    columns: Columns
    part: int
    again: bool


class Channel:
    """Batches of rows on their way to the scans of one raw table, whose rows come from ``parts`` parts.

    With ``scans`` > 1 there may be any number of scans, each of which gets all the rows, so they are kept. The producer
    of a part may run ahead of the scans by ``ahead`` bytes; with 0 it goes on only when a scan is out of rows.
    """

    def __init__(self, *, scans: int, ahead: int, patience: Patience, parts: int = 1) -> None:
        self._scans = scans
        self._ahead = ahead
        self._patience = patience
        self._changed = threading.Condition()
        self._batches: list[Batch] = []
        self._opened = 0
        #: Of each part: scans that are out of rows, bytes that no scan has taken, and whether all has come.
        self._hungry = [0] * parts
        self._bytes = [0] * parts
        self._complete = [False] * parts
        self._ended = False
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room = asyncio.Event()
        self._room_awaited = False
        #: Of each part: whether a scan of it has something to begin with; and the event loop of who waits for that.
        self._heads = [asyncio.Event() for _ in range(parts)]
        #: Of each part: whether nothing more comes, or not before a scan has taken what is there.
        self._rests = [asyncio.Event() for _ in range(parts)]
        self._awaiting: asyncio.AbstractEventLoop | None = None

    def put(self, columns: Columns, size: int, part: int = 0, *, again: bool = False) -> None:
        """Hands over a batch of about ``size`` bytes. On the event loop."""
        with self._changed:
            self._batches.append(Batch(columns, part, again))
            self._bytes[part] += size
            self._changed.notify_all()
        if self._bytes[part] >= HEAD:
            self._heads[part].set()

    async def room(self, part: int = 0) -> None:
        """Waits until the producer of the part should go on. On the event loop."""
        self._loop = asyncio.get_running_loop()
        while True:
            with self._changed:
                # A scan that is out of rows may just not have woken up yet to those that it was given.
                untaken = self._bytes[part]
                if untaken < self._ahead or (self._hungry[part] and not untaken):
                    return
                self._room.clear()
                self._room_awaited = True
            self._heads[part].set()  # more come only when somebody reads
            self._rests[part].set()
            await self._room.wait()

    async def head(self, part: int | None = None) -> None:
        """Waits until a scan of the part, or of all, has something to begin with, or its end. On the event loop."""
        self._awaiting = asyncio.get_running_loop()
        for number in self._parts(part):
            if not self._ended:
                await self._heads[number].wait()

    @property
    def ended(self) -> bool:
        """Whether no scan has to wait any more."""
        return self._ended

    async def rest(self) -> None:
        """Waits until no batches are on their way: all have come, or as many as may run ahead. On the event loop."""
        self._awaiting = asyncio.get_running_loop()
        for rest in self._rests:
            if not self._ended:
                await rest.wait()

    def complete(self, part: int) -> None:
        """No more batches of the part come: all were handed over."""
        with self._changed:
            self._complete[part] = True
            self._changed.notify_all()
        self._heads[part].set()
        self._rests[part].set()

    def end(self, failure: BaseException | None = None) -> None:
        """No more batches come: all were handed over, or ``failure`` is why not. From any thread; the first counts."""
        with self._changed:
            if not self._ended:
                self._ended, self._failure = True, failure
                self._changed.notify_all()
        _on_loop(self._awaiting, self._nothing_to_wait_for)

    def scan(self, part: int | None = None) -> Iterator[Columns]:
        """The batches for one scan, of one part or all: what has arrived at once. Raises what the producer failed with.

        A scan of all parts gets each row once, that of a part all rows of it.
        """
        with self._changed:
            self._opened += 1
            # Where no row can be needed, the engine may look all the same.
            if self._scans == 1 and self._opened > 1:
                raise InternalError("The engine reads a table more often than its plan said.")
        position = 0
        while True:
            arrived, position = self._take(position, part)
            if not arrived:
                return
            yield _joined(arrived)
            if part is None:
                self._patience.meanwhile()

    def _take(self, position: int, part: int | None) -> tuple[Sequence[Columns], int]:
        """Waits for batches from ``position`` on; none mean the end."""
        parts = self._parts(part)
        with self._changed:
            arrived = self._arrived(position, part)
            if not arrived:
                self._wait(position, part, parts)
                arrived = self._arrived(position, part)
            if self._failure is not None:
                raise self._failure
            if self._scans <= 1:
                self._batches.clear()
            position = len(self._batches)
            for number in parts:
                self._bytes[number] = 0
        self._wake_producer()
        return arrived, position

    def _parts(self, part: int | None) -> Sequence[int]:
        return range(len(self._bytes)) if part is None else (part,)

    def _arrived(self, position: int, part: int | None) -> Sequence[Columns]:
        batches = self._batches[position:]
        if part is None:
            return [batch.columns for batch in batches if not batch.again]
        return [batch.columns for batch in batches if batch.part == part]

    def _wait(self, position: int, part: int | None, parts: Iterable[int]) -> None:
        for number in parts:
            self._hungry[number] += 1
        try:
            self._wake_producer()
            while not (self._ended or (part is not None and self._complete[part]) or self._arrived(position, part)):
                if any(self._bytes[number] for number in parts):
                    for number in parts:
                        self._bytes[number] = 0  # what is not for this scan is in nobody's way
                    self._wake_producer()
                if part is None:
                    self._wait_patiently()
                else:
                    self._changed.wait()  # beside the statement, whose own patience is what counts
        finally:
            for number in parts:
                self._hungry[number] -= 1

    def _wait_patiently(self) -> None:
        left = self._patience.left
        if left == 0:
            raise self._patience.exhausted()
        with self._patience.waiting():
            self._changed.wait(min(seconds for seconds in (left, self._patience.every, WAKE_EVERY) if seconds))
        # Others may take their time with it, and the producers must not wait for them.
        self._changed.release()
        try:
            self._patience.meanwhile()
        finally:
            self._changed.acquire()

    def _wake_producer(self) -> None:
        # To wake the loop costs a system call and a turn of it, and where all rows are read nobody waits.
        if self._room_awaited:
            self._room_awaited = False
            _on_loop(self._loop, self._go_on)

    def _go_on(self) -> None:
        """Has the producers look whether there is room for more."""
        for part, complete in enumerate(self._complete):
            if not complete:
                self._rests[part].clear()
        self._room.set()

    def _nothing_to_wait_for(self) -> None:
        for event in (*self._heads, *self._rests):
            event.set()


def _on_loop(loop: asyncio.AbstractEventLoop | None, step: Callable[[], None]) -> None:
    if loop is not None and not loop.is_closed():
        loop.call_soon_threadsafe(step)


def _joined(batches: Sequence[Columns]) -> Columns:
    if len(batches) == 1:
        return batches[0]
    return [[value for column in parts for value in column] for parts in zip(*batches, strict=True)]
