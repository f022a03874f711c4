"""Fetches what a query's plan names, and hands it to the engine as it comes."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
from collections.abc import Iterator, Mapping, Sequence

from ccdbapi.cloudcontrol import loop
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.execution.access import explained
from ccdbapi.execution.channel import Channel
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.rows import columns_of, known_row, listed_row, resource_row, size_of
from ccdbapi.planning import Gets, Key, Knowns, Listing, Lists, QueryPlan, Source

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
        self._calls: concurrent.futures.Future[None] | None = None

    @property
    def tables(self) -> Mapping[str, ArrowTable]:
        """Raw table → its rows, for the engine to pull."""
        return {source.raw.name: ArrowTable(source.raw.columns, channel.scan) for source, channel in self._channels}

    def start(self) -> None:
        """Begins to make the calls."""
        if self._channels:
            self._calls = loop.submit(self._fetch_all())

    def stop(self, failure: BaseException) -> None:
        """Ends the calls that are under way; scans that still want rows raise ``failure``. From any thread."""
        for _, channel in self._channels:
            channel.end(failure)
        if self._calls is not None:
            self._calls.cancel()

    async def _fetch_all(self) -> None:
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
            case Gets(keys):
                await self._get(source, keys, channel)
            case Lists(listings):
                async with asyncio.TaskGroup() as group:
                    for listing in listings:
                        group.create_task(self._list(source, listing, channel))
            case Knowns(keys):
                channel.put(columns_of(source, (known_row(source, key) for key in keys)), 0)
        channel.end()

    async def _get(self, source: Source, keys: Sequence[Key], channel: Channel) -> None:
        remaining = iter(keys)
        width = CAUTIOUS_GETS if source.may_stop_early else EAGER_GETS
        async with asyncio.TaskGroup() as group:
            for _ in range(min(width, len(keys))):
                group.create_task(self._get_each(source, remaining, channel))

    async def _get_each(self, source: Source, keys: Iterator[Key], channel: Channel) -> None:
        resource_type = source.table.resource_type
        for key in keys:
            with explained(resource_type, "read"):
                properties = await self._client.get_resource(
                    key.region,
                    resource_type.name,
                    key.identifier,
                    role_arn=self._options.role_arn,
                    type_version_id=self._options.type_version_id,
                )
            if properties is not None:
                channel.put(columns_of(source, [resource_row(source, key, properties)]), len(properties))
            await channel.room()

    async def _list(self, source: Source, listing: Listing, channel: Channel) -> None:
        resource_type = source.table.resource_type
        with explained(resource_type, "list"):
            async for page in self._client.list_resources(
                listing.region,
                resource_type.name,
                resource_model=json.dumps(dict(listing.parents)) if listing.parents else None,
                role_arn=self._options.role_arn,
                type_version_id=self._options.type_version_id,
            ):
                rows = [listed_row(source, listing, item.identifier, item.properties) for item in page]
                if rows:
                    channel.put(columns_of(source, rows), sum(map(size_of, rows)))
                await channel.room()


def _first(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure
