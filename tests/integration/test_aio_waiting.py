"""What the asynchronous face does about waiting: no thread for it, and an end to it at any time."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sized
from contextlib import asynccontextmanager

import pytest
from faces import rows_of, run
from held_service import HeldService

import ccdbapi
from ccdbapi import aio
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.execution.threads import MOST

pytestmark = pytest.mark.usefixtures("brief_partings")

INSERT = "INSERT INTO awscc.glue.workflows (name) VALUES (?)"
GET = "SELECT name, description FROM awscc.glue.workflows WHERE name = 'a'"
LIST = "SELECT name FROM awscc.glue.workflows_list_only"
FED = (
    "SELECT w.name, w.description FROM awscc.glue.workflows_list_only l JOIN awscc.glue.workflows w ON w.name = l.name"
)
READS = [(GET, "GetResource"), (LIST, "ListResources"), (FED, "ListResources"), (FED, "GetResource")]


async def held(service: HeldService) -> None:
    """Until the service holds a call."""
    async with asyncio.timeout(20):
        while not service.arrived.is_set():  # noqa: ASYNC110 - it is a thread's event
            await asyncio.sleep(0)


@asynccontextmanager
async def connected(service: CloudControl, **settings: float) -> AsyncIterator[aio.AioConnection]:
    async with await aio.connect(embedded=service, regions=["us-east-1"], **settings) as connection:  # type: ignore[arg-type]
        yield connection


async def created(service: HeldService, *names: str) -> None:
    """Creates workflows while the service holds nothing."""
    operations, service.held = service.held, frozenset()
    async with connected(service) as connection, connection.cursor() as cursor:
        await cursor.executemany(INSERT, [[name] for name in names])
    service.held = operations


def threads() -> tuple[Counter[str], int]:
    """How many threads each pool has, and how many there are beside these."""
    pooled = Counter(thread.name for thread in threading.enumerate() if thread.name.startswith("ccdbapi "))
    return pooled, threading.active_count() - pooled.total()


def assert_few_threads(others: int) -> None:
    """No pool has more than it may, and there are no more ``others`` than there were."""
    pooled, besides = threads()
    assert max(pooled.values(), default=0) <= MOST
    assert besides <= others


@pytest.mark.parametrize(("statement", "operation"), READS)
def test_a_thousand_statements_that_wait_for_aws_hold_no_thread(statement: str, operation: str) -> None:
    async def main() -> None:
        service = HeldService(operation)
        await created(service, "a")
        async with await aio.connect(embedded=service, regions=["us-east-1"], concurrency=2000) as connection:
            before = len(service.calls)
            cursors = [connection.cursor() for _ in range(1000)]
            _, others = threads()

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(rows_of(cursor, statement)) for cursor in cursors]
                while service.waiting < 1000:  # noqa: ASYNC110 - the service counts
                    await asyncio.sleep(0)
                # Those that planned and fed are idle, and none of them waits for the service.
                assert_few_threads(others)
                assert await (await connection.cursor().execute("SELECT 6 * 7")).fetchall() == [(42,)]
                service.release()
            assert {task.result()[0][0] for task in tasks} == {"a"}
            assert_few_threads(others)
            assert len(service.calls) - before == (2000 if statement == FED else 1000)

    run(main, seconds=120)


class LaterPagesHeld(HeldService):
    """Answers the first two pages of each list: with these, a statement has been executed."""

    def __init__(self) -> None:
        super().__init__("ListResources")
        self._second: object = None

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        token = payload.get("NextToken")
        self._second = self._second or token
        if operation in self.held and token in (None, self._second):
            self.spared += 1
        return await super().handle(operation, payload, account=account, region=region)


def busy_threads() -> Counter[str]:
    """How many threads of each pool do something, be it that they wait for AWS."""
    frames = sys._current_frames()
    pooled = [thread for thread in threading.enumerate() if thread.name.startswith("ccdbapi ")]
    return Counter(
        thread.name for thread in pooled if thread.ident in frames and frames[thread.ident].f_code.co_name != "_work"
    )


async def at_rest(*pools: str) -> None:
    """Until no thread of these does anything: one that has just answered may be about to rest."""
    async with asyncio.timeout(20):
        while any(busy_threads()[pool] for pool in pools):  # noqa: ASYNC110 - they tell nobody
            await asyncio.sleep(0)


def fetched_all(cursor: aio.AioCursor) -> Awaitable[object]:
    return cursor.fetchall()


def fetched_frame(cursor: aio.AioCursor) -> Awaitable[object]:
    return cursor.fetch_df()


def fetched_table(cursor: aio.AioCursor) -> Awaitable[object]:
    return cursor.fetch_arrow_table()


@pytest.mark.parametrize("fetched", [fetched_all, fetched_frame, fetched_table])
def test_results_that_wait_for_later_pages_hold_no_thread(
    fetched: Callable[[aio.AioCursor], Awaitable[object]],
) -> None:
    """Many more than there are threads; others go on meanwhile."""

    async def answer(cursor: aio.AioCursor) -> int:
        rows = await fetched(cursor)
        assert isinstance(rows, Sized)
        return len(rows)

    async def main() -> None:
        service = LaterPagesHeld()
        await created(service, *(f"{number:0100}" for number in range(60)))
        waiting = 4 * MOST
        settings = {"regions": ["us-east-1"], "concurrency": 2 * waiting, "timeout": 60}
        async with await aio.connect(embedded=service, **settings) as connection:  # type: ignore[arg-type]
            cursors = [await connection.cursor().execute(LIST) for _ in range(waiting)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(answer(cursor)) for cursor in cursors]
                while service.waiting < waiting:  # noqa: ASYNC110 - the service counts
                    await asyncio.sleep(0)
                assert await rows_of(connection.cursor(), "SELECT 6 * 7") == [(42,)]
                await at_rest("ccdbapi statement", "ccdbapi rows")
                service.release()
            assert {task.result() for task in tasks} == {60}

    run(main, seconds=120)


def test_rows_that_wait_for_a_later_page_keep_no_other_statement_waiting() -> None:
    """Rows that are asked for one by one hold threads, up to a bound, which no other statement needs."""

    async def main() -> None:
        service = LaterPagesHeld()
        await created(service, *(f"{number:0100}" for number in range(60)))
        waiting = 4 * MOST
        settings = {"regions": ["us-east-1"], "concurrency": 2 * waiting, "timeout": 60}
        async with await aio.connect(embedded=service, **settings) as connection:  # type: ignore[arg-type]
            cursors = [await connection.cursor().execute(LIST) for _ in range(waiting)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(cursor.fetchmany(60)) for cursor in cursors]
                while service.waiting < waiting:  # noqa: ASYNC110 - the service counts
                    await asyncio.sleep(0)
                assert await rows_of(connection.cursor(), "SELECT 6 * 7") == [(42,)]
                assert 0 < busy_threads()["ccdbapi rows"] <= MOST
                await at_rest("ccdbapi statement")
                service.release()
            assert {len(task.result()) for task in tasks} == {60}

    run(main, seconds=120)


@pytest.mark.parametrize(("statement", "operation"), [*READS, (INSERT.replace("?", "'b'"), "CreateResource")])
def test_cancelling_the_task_ends_the_statement(statement: str, operation: str) -> None:
    async def main() -> None:
        service = HeldService(operation)
        await created(service, "a")
        async with connected(service) as connection, connection.cursor() as cursor:
            task = asyncio.create_task(cursor.execute(statement))
            await held(service)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await task
            writes = operation == "CreateResource"
            assert [("unknown" in note) for note in getattr(raised.value, "__notes__", [])] == (
                [True] if writes else []
            )
            made = len(service.calls)
            await cursor.execute("SELECT 1")
            service.release()
            assert await cursor.fetchall() == [(1,)]
            assert len(service.calls) == made

    run(main)


@pytest.mark.parametrize(("statement", "operation"), READS)
@pytest.mark.parametrize("end", [aio.AioCursor.cancel, aio.AioCursor.close, lambda cursor: cursor.connection.close()])
def test_cancel_and_close_end_a_statement_that_another_task_runs(
    statement: str, operation: str, end: Callable[[aio.AioCursor], Awaitable[None] | None]
) -> None:
    async def main() -> None:
        service = HeldService(operation)
        await created(service, "a")
        async with connected(service) as connection:
            cursor = connection.cursor()
            task = asyncio.create_task(cursor.execute(statement))
            await held(service)
            ended = end(cursor)
            if ended is not None:
                await ended
            with pytest.raises(ccdbapi.OperationalError, match="was cancelled"):
                await task

    run(main)


def test_a_statement_is_cancelled_while_its_engine_computes() -> None:
    async def main() -> None:
        async with await aio.connect(embedded=True) as connection, connection.cursor() as cursor:
            hours = "SELECT count(*) FROM range(1e9::BIGINT) a, range(1e9::BIGINT) b WHERE a.range = -b.range"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(rows_of(cursor, hours), 0.2)
            await cursor.execute("SELECT 1")
            assert await cursor.fetchall() == [(1,)]

    run(main)


@pytest.mark.parametrize(("statement", "operation"), READS)
def test_timeout_ends_a_statement_that_waits(statement: str, operation: str) -> None:
    async def main() -> None:
        service = HeldService(operation)
        await created(service, "a")
        async with connected(service, timeout=0.05) as connection, connection.cursor() as cursor:
            with pytest.raises(ccdbapi.OperationalError, match=r"0\.05 s.*timeout"):
                await rows_of(cursor, statement)

    run(main)


def test_a_cursor_is_for_one_task_at_a_time() -> None:
    async def main() -> None:
        service = HeldService("ListResources")
        async with connected(service) as connection, connection.cursor() as cursor:
            task = asyncio.create_task(cursor.execute(LIST))
            await held(service)
            with pytest.raises(ccdbapi.ProgrammingError, match="another thread or task"):
                await cursor.execute("SELECT 1")
            service.release()
            await task

    run(main)


def test_rows_are_streamed() -> None:
    """The first rows are there while the service holds a later page."""

    async def main() -> None:
        service = HeldService("ListResources", spared=8)
        async with connected(service) as connection, connection.cursor() as cursor:
            await cursor.executemany(INSERT, [[f"w{n:03}"] for n in range(300)])
            await cursor.execute(f"{LIST} LIMIT 299")
            assert await anext(cursor) == ("w000",)
            assert not service.arrived.is_set() or service.waiting == 1
            service.release()
            assert len([row async for row in cursor]) == 298

    run(main)


def test_event_loops_may_follow_each_other() -> None:
    service = CloudControl()

    async def main() -> None:
        async with connected(service) as connection, connection.cursor() as cursor:
            await cursor.execute(FED)
            await cursor.fetchall()

    for _ in range(3):
        run(main)


def test_a_connection_belongs_to_its_event_loop() -> None:
    async def connect() -> aio.AioConnection:
        return await aio.connect(embedded=True)

    connection = run(connect)

    async def use() -> None:
        with pytest.raises(ccdbapi.InterfaceError, match="another event loop"):
            await connection.cursor().execute("SELECT 1")
        await connection.close()

    run(use)


@pytest.mark.parametrize(("statement", "operation"), READS)
def test_an_event_loop_that_ends_ends_what_was_left(statement: str, operation: str) -> None:
    """Neither statements that run nor results that are half read keep a program from its end."""

    async def main() -> None:
        service = HeldService(operation, spared=1 if operation == "ListResources" else 0)
        await created(service, *(f"w{n}" for n in range(60)), "a")
        connection = await aio.connect(embedded=service, regions=["us-east-1"])
        cursor, other = connection.cursor(), connection.cursor()
        await cursor.execute("SELECT name FROM awscc.glue.workflows_list_only LIMIT 1")
        background.append(asyncio.create_task(other.execute(statement)))
        await held(service)

    background: list[asyncio.Task[aio.AioCursor]] = []
    run(main)
    assert background.pop().cancelled()
    gc.collect()


def test_progress_is_told_while_a_statement_waits() -> None:
    async def main() -> None:
        service = HeldService("GetResource")
        async with connected(service) as connection, connection.cursor() as cursor:
            told: list[int] = []

            def report(statistics: object) -> None:
                told.append(threading.get_ident())
                service.release()

            cursor.on_progress = report
            await cursor.execute(GET)
            assert await cursor.fetchall() == []
            assert told[0] == threading.get_ident()

    run(main)


def test_what_goes_wrong_with_settings_is_told_by_connect() -> None:
    async def main() -> None:
        with pytest.raises(ccdbapi.ProgrammingError, match="nothing"):
            await aio.connect(embedded=True, schema="nothing")

    run(main)


def test_frames_and_batches() -> None:
    async def main() -> None:
        async with await aio.connect(embedded=True) as connection, connection.cursor() as cursor:
            await cursor.execute("SELECT i FROM range(5) r(i)")
            assert list((await cursor.fetch_df())["i"]) == [0, 1, 2, 3, 4]
            await cursor.execute("SELECT i FROM range(5000) r(i)")
            assert sum([batch.num_rows async for batch in cursor.fetch_record_batches(1000)]) == 5000
            assert cursor.rowcount == 5000

    run(main)


def test_many_statements_with_feeds_end_with_few_threads() -> None:
    """More feeds at once than there are threads for them, each of which waits for pages and for other feeds."""

    async def main() -> None:
        service = CloudControl(Options(page_size=1))
        chain = f"{FED} JOIN awscc.glue.workflows x ON x.name = w.description"
        async with connected(service) as connection:
            await connection.cursor().executemany(
                "INSERT INTO awscc.glue.workflows (name, description) VALUES (?, ?)",
                [[f"w{n}", f"w{(n + 1) % 6}"] for n in range(6)],
            )

            async def number() -> int:
                cursor = await connection.cursor().execute(chain)
                return len(await cursor.fetchall())

            assert await asyncio.gather(*(number() for _ in range(4 * MOST))) == [6] * 4 * MOST

    run(main, seconds=120)
