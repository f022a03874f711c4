"""Finds, from rows that other calls bring, the keys of the calls that depend on them."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from functools import partial
from typing import TypeVar

from ccdbapi.engine.session import Session
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.planning import AnyKey, AnyListing, Feed, Gets
from ccdbapi.planning.sourcing import calls_of, domain_of

#: Rows of a key query that are taken at once: few, so that what they tell can be asked for while more of them come.
BATCH = 8

Result = TypeVar("Result")


async def fed(
    feed: Feed, tables: Mapping[str, ArrowTable], open_session: Callable[[], Session]
) -> AsyncGenerator[list[AnyKey | AnyListing], None]:
    """What the feed's query over ``tables`` tells, each once, as its rows come. Raises what reading a table raises."""
    worker = _Worker()
    sessions: list[Session] = []
    told: dict[AnyKey | AnyListing, None] = {}

    def opened() -> Session:
        sessions.append(open_session())
        return sessions[0]

    def close() -> None:
        for session in sessions:
            session.close()

    try:
        session = await worker.do(opened)
        query = feed.query
        await worker.do(partial(session.execute, query.sql, query.bindings, tables, _nowhere))
        while True:
            rows = await worker.do(partial(session.fetch, BATCH))
            calls = calls_of(feed.table, feed.domain & domain_of(query.columns, rows), feed.scopes)
            wanted = calls.keys if isinstance(calls, Gets) else calls.listings
            assert not isinstance(wanted, Feed)  # noqa: S101
            fresh = [item for item in wanted if item not in told]
            told.update(dict.fromkeys(fresh))
            if fresh:
                yield fresh
            if len(rows) < BATCH:
                return
    finally:
        for session in sessions:
            session.interrupt()
        await worker.end(close)


def _nowhere(offset: int) -> None:
    """Key queries are not the user's text: nothing in them has a place there."""


class _Worker:
    """A thread that does one thing after the other, and keeps no program from ending."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="ccdbapi feed", daemon=True).start()

    async def do(self, job: Callable[[], Result]) -> Result:
        """What ``job`` returns or raises. It goes on where nobody waits for it any more."""
        future: asyncio.Future[Result] = self._loop.create_future()
        self._jobs.put(partial(self._do, job, future))
        return await future

    async def end(self, last: Callable[[], object]) -> None:
        """Does ``last``, after all else, and ends the thread."""
        try:
            await self.do(last)
        finally:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _do(self, job: Callable[[], Result], future: asyncio.Future[Result]) -> None:
        try:
            result = job()
        except BaseException as error:
            self._tell(partial(_fail, future, error))
        else:
            self._tell(partial(_succeed, future, result))

    def _tell(self, message: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(message)


def _succeed(future: asyncio.Future[Result], result: Result) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Result], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
