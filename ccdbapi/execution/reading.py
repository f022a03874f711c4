"""Fetches what a query's plan names, and hands it to the engine as it comes."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from functools import partial
from typing import TypeVar

from ccdbapi.catalog import IDENTIFIER
from ccdbapi.cloudcontrol.accounts import Clients
from ccdbapi.engine.relation import scan_name
from ccdbapi.engine.session import Session
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.exceptions import OperationalError
from ccdbapi.execution.calls import get_row, list_rows
from ccdbapi.execution.channel import Channel
from ccdbapi.execution.faces import Face
from ccdbapi.execution.feeding import fed
from ccdbapi.execution.fetched import FetchedTable
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.rows import Row, fact_table, known_row
from ccdbapi.execution.skipping import Failing, origin_of
from ccdbapi.execution.supply import Supply, merged, one_by_one, spread
from ccdbapi.execution.tally import counted_for
from ccdbapi.planning import (
    AnyKey,
    AnyListing,
    Calls,
    Feed,
    Gets,
    Key,
    Knowns,
    Listing,
    Lists,
    QueryPlan,
    Scans,
    Source,
)
from ccdbapi.planning.limits import too_many

#: Bytes of rows that are fetched ahead of what the engine has pulled, for each part of a table.
AHEAD = 16 * 2**20

#: Calls under way at once for one part of a table: in each region where all rows will be read, and in all where a LIMIT
#: may leave the rest unread.
EAGER_CALLS, CAUTIOUS_CALLS = 128, 8

Wanted = TypeVar("Wanted", AnyKey, AnyListing)


class Reading:
    """The calls of one query, from `start` to `stop`.

    ``face`` has them run, ``open_session`` gives sessions for queries beside its own; ``regions`` decides what becomes
    of one that fails.
    """

    def __init__(
        self,
        face: Face,
        clients: Clients,
        plan: QueryPlan,
        patience: Patience,
        open_session: Callable[[], Session],
        regions: Failing,
    ) -> None:
        self._face = face
        self._clients = clients
        self._patience = patience
        self._regions = regions
        self._plan = plan
        self._open_session = open_session
        feeds = [feed for source in plan.sources for calls in source.parts if (feed := _feed_of(calls)) is not None]
        readers = Counter(name for feed in feeds for name, _ in feed.reads.values())
        self._tables = {
            source.raw.name: FetchedTable(
                source,
                Channel(
                    # A query for keys may read a table as often as it likes.
                    scans=source.scans + 2 * readers[source.raw.name],
                    ahead=0 if source.may_stop_early else AHEAD,
                    patience=patience,
                    parts=len(source.parts),
                ),
            )
            for source in plan.sources
        }
        self._facts = {facts.raw.name: facts for facts in plan.facts}
        self._calls = 0
        self._stopped = False
        self._begun = False
        # Made before the calls begin: Ctrl-C may come before whoever begins them has what stands for them.
        self._over: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._task: asyncio.Task[object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def tables(self) -> Mapping[str, ArrowTable]:
        """Raw table → its rows, for the engine to pull."""
        fetched = {name: table.rows() for name, table in self._tables.items()}
        return fetched | {name: fact_table(facts) for name, facts in self._facts.items()}

    def start(self) -> None:
        """Begins to make the calls."""
        if self._tables:
            self._begun = True
            self._face.start(self._fetch_all())

    @property
    def over(self) -> bool:
        """Whether no call is under way any more, nor to come."""
        return all(table.channel.ended for table in self._tables.values())

    async def heads(self) -> None:
        """Waits until every table has rows to begin with, or their end. Raises `OperationalError` for want of patience.

        On the event loop.
        """
        await self._each(Channel.head)

    async def rest(self) -> None:
        """Waits until every table has its rows, or as many as may run ahead. Raises as `heads`. On the event loop."""
        await self._each(Channel.rest)

    async def _each(self, wait_for: Callable[[Channel], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(self._patience.left):
                for table in self._tables.values():
                    await wait_for(table.channel)
        except TimeoutError:
            raise self._patience.exhausted() from None

    def stop(self, failure: BaseException) -> None:
        """Ends the calls that are under way; scans that still want rows raise ``failure``. From any thread."""
        self._end_all(failure)
        self._stopped = True
        if self._task is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def finish(self) -> None:
        """Ends the calls that are under way, and waits for that."""
        self.stop(OperationalError("The result was dropped."))
        if self._begun:
            await self._face.ended(self._over)

    async def _fetch_all(self) -> None:
        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        try:
            if self._stopped:
                return
            async with asyncio.TaskGroup() as group:
                for table in self._tables.values():
                    group.create_task(self._fetch(table))
        except BaseExceptionGroup as failures:
            # One failure fails the statement: no scan may end as if all of its rows had come.
            self._end_all(_first(failures))
        finally:
            self._over.set_result(None)

    @contextmanager
    def _failing_at_once(self) -> Iterator[None]:
        """Scans learn of a failure inside before the tasks that wait for them are ended."""
        try:
            yield
        except Exception as failure:
            self._end_all(_first(failure))
            raise

    def _end_all(self, failure: BaseException) -> None:
        for table in self._tables.values():
            table.channel.end(failure)

    async def _fetch(self, table: FetchedTable) -> None:
        async with asyncio.TaskGroup() as group:
            for part, calls in enumerate(table.source.parts):
                group.create_task(self._fetch_part(table, part, calls))
        table.channel.end()

    async def _fetch_part(self, table: FetchedTable, part: int, calls: Calls) -> None:
        with counted_for((table.source.raw.name, part)), self._failing_at_once():
            match calls:
                case Knowns(keys):
                    async with aclosing(self._batches(keys)) as batches:
                        async for batch in batches:
                            table.put(part, [known_row(table.source, key) for key in batch])
                case Gets(keys):
                    await self._get_each(table, part, self._batches(keys), _number(keys))
                case Lists(listings):
                    await self._list_each(table, part, self._batches(listings), _number(listings))
                case Scans(listings):
                    await self._get_each(table, part, self._shown(table, listings), None)
        table.channel.complete(part)

    async def _batches(self, wanted: Sequence[Wanted] | Feed) -> AsyncGenerator[Sequence[Wanted], None]:
        if isinstance(wanted, Feed):
            tables = {scan_name(number): self._read(*place) for number, place in wanted.reads.items()}
            for name, part in wanted.reads.values():
                if part is not None:
                    await self._tables[name].channel.head(part)
            feeding = fed(wanted, tables, self._open_session, depth=self._depth(wanted), abandon=self._abandon)
            async with aclosing(feeding) as batches:
                async for batch in batches:
                    yield batch  # type: ignore[misc]  # a feed of keys tells keys, one of listings listings
        else:
            yield wanted

    def _depth(self, feed: Feed) -> int:
        """How many feeds at most lie between this one and calls that wait for none."""
        read = [
            _feed_of(self._tables[name].source.parts[part]) for name, part in feed.reads.values() if part is not None
        ]
        return max((1 + self._depth(other) for other in read if other is not None), default=0)

    def _abandon(self) -> None:
        self._end_all(OperationalError("The statement was ended, with its event loop or by one of its parts."))

    def _read(self, name: str, part: int | None) -> ArrowTable:
        return self._tables[name].rows(part) if part is not None else fact_table(self._facts[name])

    async def _get_each(
        self, table: FetchedTable, part: int, batches: AsyncGenerator[Sequence[AnyKey], None], number: int | None
    ) -> None:
        if table.source.enough is None:
            async with aclosing(batches):
                await spread(batches, _place, partial(self._get, table, part), EAGER_CALLS)
            return
        async with aclosing(batches), asyncio.TaskGroup() as group:
            keys = Supply(batches)
            for _ in range(_cautious(table.source.enough, number)):
                group.create_task(self._get_enough(table, part, keys))

    async def _get_enough(self, table: FetchedTable, part: int, keys: Supply[AnyKey]) -> None:
        table.getters += 1
        # One goes on, should some of the resources turn out not to exist.
        while not (table.expects_enough and table.getters > 1) and (key := await keys.next()) is not None:
            await self._get(table, part, key)
        table.getters -= 1

    async def _get(self, table: FetchedTable, part: int, key: AnyKey) -> None:
        with self._failing_at_once(), table.expecting():
            self._count_call()
            row = await table.row(key, partial(self._get_row, table.source, key))
            if row is not None:
                table.put(part, [row])
        await table.channel.room(part)

    async def _list_each(
        self, table: FetchedTable, part: int, batches: AsyncGenerator[Sequence[AnyListing], None], number: int | None
    ) -> None:
        if table.source.enough is None:
            async with aclosing(batches):
                await spread(batches, _place, partial(self._list, table, part), EAGER_CALLS)
            return
        async with aclosing(batches), asyncio.TaskGroup() as group:
            listings = Supply(batches)
            for _ in range(_cautious(table.source.enough, number)):
                group.create_task(self._list_enough(table, part, listings))

    async def _list_enough(self, table: FetchedTable, part: int, listings: Supply[AnyListing]) -> None:
        while (listing := await listings.next()) is not None:
            await self._list(table, part, listing)

    async def _list(self, table: FetchedTable, part: int, listing: AnyListing) -> None:
        with self._failing_at_once():
            self._count_call()
            async with aclosing(self._list_rows(table.source, listing)) as pages:
                async for rows in pages:
                    table.put(part, rows)
                    await table.channel.room(part)

    async def _shown(
        self, table: FetchedTable, listings: Sequence[AnyListing] | Feed
    ) -> AsyncGenerator[Sequence[AnyKey], None]:
        """The keys of all resources that the lists show, page by page: of all lists at once where all will be read."""
        together = one_by_one if table.source.may_stop_early else merged
        async with aclosing(self._batches(listings)) as batches:
            async for batch in batches:
                async with aclosing(together([self._keys(table, listing) for listing in batch])) as pages:
                    async for page in pages:
                        yield page

    async def _keys(self, table: FetchedTable, listing: AnyListing) -> AsyncIterator[Sequence[AnyKey]]:
        assert isinstance(listing, Listing)  # noqa: S101
        with self._failing_at_once():
            self._count_call()
            async with aclosing(self._list_rows(table.source, listing)) as pages:
                async for rows in pages:
                    yield [Key(listing.region, row[IDENTIFIER], account=listing.account) for row in rows]

    async def _get_row(self, source: Source, key: AnyKey) -> Row | None:
        get = partial(get_row, self._clients(key.account), source, key, self._plan.options)
        return await self._regions.row(origin_of(source, key), get)

    def _list_rows(self, source: Source, listing: AnyListing) -> AsyncGenerator[list[Row], None]:
        pages = list_rows(self._clients(listing.account), source, listing, self._plan.options)
        return self._regions.pages(origin_of(source, listing), pages)

    def _count_call(self) -> None:
        self._calls += 1
        if self._plan.max_calls is not None and self._calls > self._plan.max_calls:
            raise too_many(self._calls, self._plan.max_calls)


def _feed_of(calls: Calls) -> Feed | None:
    wanted = calls.keys if isinstance(calls, Gets | Knowns) else calls.listings
    return wanted if isinstance(wanted, Feed) else None


def _place(wanted: AnyKey | AnyListing) -> tuple[str, str]:
    """What has a rate of its own."""
    return wanted.account, wanted.region


def _cautious(enough: int, number: int | None) -> int:
    """How many calls to have under way where ``enough`` rows are wanted of a ``number`` of calls, if that is known."""
    most = min(CAUTIOUS_CALLS, max(enough, 1))
    return most if number is None else min(most, number)


def _number(wanted: Sequence[AnyKey] | Sequence[AnyListing] | Feed) -> int | None:
    return None if isinstance(wanted, Feed) else len(wanted)


def _first(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure
