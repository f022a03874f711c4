"""Fetches what a query's plan names, and hands it to the engine as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping
from contextlib import aclosing

from ccdbapi.cloudcontrol import loop
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.execution.calls import get_rows, list_rows
from ccdbapi.execution.channel import Channel
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.rows import Row, columns_of, known_row, size_of
from ccdbapi.planning import (
    GenericGets,
    GenericLists,
    Gets,
    Knowns,
    Lists,
    QueryPlan,
    RequestGets,
    RequestLists,
    Source,
)

#: Bytes of rows that are fetched ahead of what the engine has pulled, for each table.
AHEAD = 16 * 2**20

#: Gets under way at once for one table: where all rows will be read, and where a LIMIT may leave the rest unread.
EAGER_GETS, CAUTIOUS_GETS = 256, 8


class Reading:
    """The calls of one query, from `start` to `stop`."""

    def __init__(self, client: Client, plan: QueryPlan, patience: Patience) -> None:
        self._client = client
        self._options = plan.options
        self._channels = [
            (source, Channel(scans=source.scans, ahead=0 if source.may_stop_early else AHEAD, patience=patience))
            for source in plan.sources
        ]
        self._stopped = False
        self._task: asyncio.Task[object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def tables(self) -> Mapping[str, ArrowTable]:
        """Raw table → its rows, for the engine to pull."""
        return {source.raw.name: ArrowTable(source.raw.columns, channel.scan) for source, channel in self._channels}

    def start(self) -> None:
        """Begins to make the calls."""
        if self._channels:
            loop.submit(self._fetch_all())

    def stop(self, failure: BaseException) -> None:
        """Ends the calls that are under way; scans that still want rows raise ``failure``. From any thread."""
        for _, channel in self._channels:
            channel.end(failure)
        self._stopped = True
        if self._task is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def _fetch_all(self) -> None:
        # Not by the future that `start` was given: Ctrl-C may have come before it had it.
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        if self._stopped:
            return
        try:
            async with asyncio.TaskGroup() as group:
                for source, channel in self._channels:
                    group.create_task(self._fetch(source, channel))
        except BaseExceptionGroup as failures:
            # One failure fails the statement: no scan may end as if all of its rows had come.
            for _, channel in self._channels:
                channel.end(_first(failures))

    async def _fetch(self, source: Source, channel: Channel) -> None:
        calls = source.calls
        match calls:
            case Knowns():
                channel.put(columns_of(source, (known_row(source, key) for key in calls.keys)), 0)
            case Gets() | GenericGets() | RequestGets():
                width = CAUTIOUS_GETS if source.may_stop_early else EAGER_GETS
                rows = get_rows(self._client, source, calls, self._options)
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(width, len(calls.keys))):
                        group.create_task(_put_each(source, rows, channel))
            case Lists() | GenericLists() | RequestLists():
                async with asyncio.TaskGroup() as group:
                    for pages in list_rows(self._client, source, calls, self._options):
                        group.create_task(_put_pages(source, pages, channel))
        channel.end()


async def _put_each(source: Source, rows: Iterator[Awaitable[Row | None]], channel: Channel) -> None:
    for pending in rows:
        row = await pending
        if row is not None:
            channel.put(columns_of(source, [row]), size_of(row))
        await channel.room()


async def _put_pages(source: Source, pages: AsyncGenerator[list[Row]], channel: Channel) -> None:
    async with aclosing(pages):
        async for rows in pages:
            if rows:
                channel.put(columns_of(source, rows), sum(map(size_of, rows)))
            await channel.room()


def _first(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure
