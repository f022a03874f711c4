"""Finds, from rows that other calls bring, the keys of the calls that depend on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from functools import cache, partial
from typing import TypeVar, cast

from ccdbapi.engine.session import Session
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.execution.threads import Pool
from ccdbapi.planning import AnyKey, AnyListing, Feed, Gets
from ccdbapi.planning.sourcing import calls_of, domain_of

#: Rows of a key query that are taken at once: few, so that what they tell can be asked for while more of them come.
BATCH = 8

Result = TypeVar("Result")


async def fed(
    feed: Feed,
    tables: Mapping[str, ArrowTable],
    open_session: Callable[[], Session],
    *,
    depth: int,
    abandon: Callable[[], object],
) -> AsyncGenerator[list[AnyKey | AnyListing], None]:
    """What the feed's query over ``tables`` tells, each once, as its rows come. Raises what reading a table raises.

    ``depth`` is how many feeds at most lie between it and calls that wait for none, ``abandon`` ends the tables.
    """
    jobs = _Jobs(_pool(depth))
    sessions: list[Session] = []
    told: dict[AnyKey | AnyListing, None] = {}

    def opened() -> Session:
        sessions.append(open_session())
        return sessions[0]

    def close() -> None:
        for session in sessions:
            session.close()

    try:
        session = await jobs.do(opened)
        query = feed.query
        await jobs.do(partial(session.execute, query.sql, query.bindings, tables, _nowhere))
        while True:
            rows = await jobs.do(partial(session.fetch, BATCH))
            calls = calls_of(feed.table, feed.domain & domain_of(query.columns, rows), feed.scopes)
            wanted = calls.keys if isinstance(calls, Gets) else calls.listings
            assert not isinstance(wanted, Feed)  # noqa: S101
            fresh = [item for item in wanted if item not in told]
            told.update(dict.fromkeys(fresh))
            if fresh:
                yield fresh
            if len(rows) < BATCH:
                return
    except asyncio.CancelledError:
        abandon()  # else a job that waits for rows would wait for ever
        raise
    finally:
        for session in sessions:
            session.interrupt()
        await _to_its_end(jobs.do(close))


async def _to_its_end(work: Coroutine[object, object, None]) -> None:
    """Waits for ``work``, though it may be told several times not to: by the groups that its task is in, one by one."""
    task, told = asyncio.create_task(work), False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            told = True
    if told:
        raise asyncio.CancelledError
    task.result()


@cache
def _pool(depth: int) -> Pool:
    """The threads for feeds of this depth: one that waits for rows that another brings must not hold its thread."""
    return Pool(f"ccdbapi feed {depth}")


def _nowhere(offset: int) -> None:
    """Key queries are not the user's text: nothing in them has a place there."""


class _Jobs:
    """What is done in a pool, one after the other."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._last: asyncio.Future[object] | None = None

    async def do(self, job: Callable[[], Result]) -> Result:
        """What ``job`` returns or raises. It goes on where nobody waits for it any more."""
        if self._last is not None:
            await asyncio.wait({self._last})
        future = asyncio.wrap_future(self._pool.submit(job))
        future.add_done_callback(_taken_note_of)
        self._last = cast("asyncio.Future[object]", future)
        return await asyncio.shield(future)


def _taken_note_of(future: asyncio.Future[Result]) -> None:
    """A failure that nobody waits for any more, such as that of an interrupted query, is nobody's concern."""
    if not future.cancelled():
        future.exception()
