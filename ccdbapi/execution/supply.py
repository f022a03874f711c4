"""What several tasks take their work from."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

#: Items that may wait at their places before more are asked for.
WAITING = 10_000

Item = TypeVar("Item")


class Supply(Generic[Item]):
    """Items that come in batches, handed out one by one to any number of tasks of one event loop."""

    def __init__(self, batches: AsyncIterator[Iterable[Item]]) -> None:
        self._batches = batches
        self._batch: Iterator[Item] = iter(())
        self._turn = asyncio.Lock()
        self._ended = False

    async def next(self) -> Item | None:
        """The next item, None at the end. Raises what the batches raise."""
        item = next(self._batch, None)
        if item is not None:
            return item
        async with self._turn:
            while (item := next(self._batch, None)) is None and not self._ended:
                batch = await anext(self._batches, None)
                if batch is None:
                    self._ended = True
                else:
                    self._batch = iter(batch)
        return item


async def spread(
    batches: AsyncIterator[Iterable[Item]],
    place_of: Callable[[Item], Hashable],
    work: Callable[[Item], Awaitable[None]],
    width: int,
) -> None:
    """Does ``work`` with every item, with up to ``width`` at once in each place, in order.

    Places do not wait for each other: one that is slow takes no other's turn.
    """
    room = asyncio.Semaphore(WAITING)
    places: dict[Hashable, _Place[Item]] = {}

    async def work_through(place: _Place[Item]) -> None:
        while place.waiting:
            item = place.waiting.popleft()
            room.release()
            await work(item)
        place.workers -= 1

    async with asyncio.TaskGroup() as group:
        async for batch in batches:
            for item in batch:
                await room.acquire()
                place = places.setdefault(place_of(item), _Place())
                place.waiting.append(item)
                if place.workers < width:
                    place.workers += 1
                    group.create_task(work_through(place))


class _Place(Generic[Item]):
    def __init__(self) -> None:
        self.waiting: deque[Item] = deque()
        self.workers = 0


async def merged(streams: Iterable[AsyncIterator[Item]]) -> AsyncGenerator[Item, None]:
    """The items of all ``streams``, which run at once, as they come."""
    arrived: asyncio.Queue[Item | None] = asyncio.Queue()

    async def drain(stream: AsyncIterator[Item]) -> None:
        async for item in stream:
            await arrived.put(item)

    async def drain_all() -> None:
        async with asyncio.TaskGroup() as group:
            for stream in streams:
                group.create_task(drain(stream))

    draining = asyncio.create_task(drain_all())
    draining.add_done_callback(lambda _: arrived.put_nowait(None))
    try:
        while (item := await arrived.get()) is not None:
            yield item
        await draining
    finally:
        draining.cancel()


async def one_by_one(streams: Iterable[AsyncIterator[Item]]) -> AsyncGenerator[Item, None]:
    """The items of all ``streams``, each of which begins when the one before has ended."""
    for stream in streams:
        async for item in stream:
            yield item
