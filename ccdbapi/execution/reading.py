"""Fetches what a query's plan names, and hands it to the engine as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing

from ccdbapi.cloudcontrol import loop
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.execution.calls import get_row, list_rows
from ccdbapi.execution.channel import Channel
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.rows import columns_of, fact_table, known_row, size_of
from ccdbapi.planning import AnyKey, AnyListing, Gets, Knowns, Lists, QueryPlan, Source

#: Bytes of rows that are fetched ahead of what the engine has pulled, for each table.
AHEAD = 16 * 2**20

#: Gets under way at once for one table: where all rows will be read, and where a LIMIT may leave the rest unread.
EAGER_GETS, CAUTIOUS_GETS = 256, 8


class Reading:
    """The calls of one query, from `start` to `stop`."""

    def __init__(self, client: Client, plan: QueryPlan, patience: Patience) -> None:
        self._client = client
        self._options = plan.options
        self._facts = plan.facts
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
        fetched = {source.raw.name: ArrowTable(source.raw.columns, channel.scan) for source, channel in self._channels}
        return fetched | {facts.raw.name: fact_table(facts) for facts in self._facts}

    def start(self) -> None:
        """Begins to make the calls."""
        if self._channels:
            loop.submit(self._fetch_all())

    def stop(self, failure: BaseException) -> None:
        """Ends the calls that are under way; scans that still want rows raise ``failure``. From any thread."""
        for _, channel in self._channels:
            channel.end(failure)
        self._stopped = True
        if self._task is not None and self._loop is not None and not self._loop.is_closed():
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
        match source.calls:
            case Knowns(keys):
                channel.put(columns_of(source, (known_row(source, key) for key in keys)), 0)
            case Gets(keys):
                remaining = iter(keys)
                width = CAUTIOUS_GETS if source.may_stop_early else EAGER_GETS
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(width, len(keys))):
                        group.create_task(self._get_each(source, remaining, channel))
            case Lists(listings):
                async with asyncio.TaskGroup() as group:
                    for listing in listings:
                        group.create_task(self._list(source, listing, channel))
        channel.end()

    async def _get_each(self, source: Source, keys: Iterator[AnyKey], channel: Channel) -> None:
        for key in keys:
            row = await get_row(self._client, source, key, self._options)
            if row is not None:
                channel.put(columns_of(source, [row]), size_of(row))
            await channel.room()

    async def _list(self, source: Source, listing: AnyListing, channel: Channel) -> None:
        async with aclosing(list_rows(self._client, source, listing, self._options)) as pages:
            async for rows in pages:
                if rows:
                    channel.put(columns_of(source, rows), sum(map(size_of, rows)))
                await channel.room()


def _first(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure
