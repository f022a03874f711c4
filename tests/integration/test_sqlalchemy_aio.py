"""SQLAlchemy's asynchronous engine: ``create_async_engine("awscc+aio://…")``."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Mapping

import pytest
import sqlalchemy
from faces import run
from held_service import HeldService
from served import ACCESS_KEY, CALLER, SECRET_KEY, refusing_port
from sqlalchemy import Column, MetaData, String, Table, insert, select, text
from sqlalchemy.dialects import registry
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

import ccdbapi
from ccdbapi import aio
from ccdbapi.cloudcontrol import loop
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.sqlalchemy.version import BEFORE_2

# As the package's entry point does once it is installed.
registry.register("awscc.aio", "ccdbapi.sqlalchemy.aio", "AwsccAioDialect")

URL = "awscc+aio:///glue?embedded=true&regions=us-east-1"
INSERT = text("INSERT INTO workflows (name, description) VALUES (:name, :description)")
NAMES = text("SELECT name FROM workflows_list_only")
ROWS = [{"name": f"w{n:02}", "description": f"of w{n:02}"} for n in range(30)]


def test_core_reads_and_writes() -> None:
    async def main() -> None:
        engine = create_async_engine(URL)
        workflows = Table(
            "workflows", MetaData(), Column("Identifier", String), Column("name", String), Column("description", String)
        )
        async with engine.connect() as connection:
            await connection.execute(INSERT, ROWS)
            one = select(workflows.c.description).where(workflows.c.name == "w03")
            assert (await connection.execute(one)).scalar_one() == "of w03"
            created = insert(workflows).values(name="x", description="y").returning(workflows.c.Identifier)
            assert (await connection.execute(created)).scalar_one() == "x"
            result = await connection.execute(text("SELECT name FROM workflows_list_only ORDER BY name"))
            assert [name for (name,) in result][:2] == ["w00", "w01"]
            raw = (await connection.get_raw_connection()).driver_connection  # type: ignore[attr-defined,unused-ignore]
            assert isinstance(raw, aio.AioConnection)
        await engine.dispose()
        assert raw.closed

    run(main)


def test_calls_are_made_on_the_event_loop_of_the_host(
    no_aws: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP too; the loop of the blocking interface is not asked for anything."""

    def forbidden(*given: object, **settings: object) -> None:
        raise AssertionError("The loop of the blocking interface is used.")

    async def main(url: str) -> None:
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "rate_limit": None}
        over_http = create_async_engine(
            "awscc+aio:///glue?regions=us-east-1", connect_args={**keys, "endpoint_url": url}
        )
        service = Noting()
        embedded = create_async_engine("awscc+aio:///glue?regions=us-east-1", connect_args={"embedded": service})
        for engine in (over_http, embedded):
            async with engine.connect() as connection:
                await connection.execute(INSERT, ROWS[:2])
                assert len((await connection.execute(NAMES)).fetchall()) == 2
            await engine.dispose()
        assert service.loops == {asyncio.get_running_loop()}

    with serve_in_thread(CloudControl()) as url:
        monkeypatch.setattr(loop, "run", forbidden)
        monkeypatch.setattr(loop, "submit", forbidden)
        run(lambda: main(url))


class Noting(CloudControl):
    """Takes down on which event loops it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.loops: set[asyncio.AbstractEventLoop] = set()

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        self.loops.add(asyncio.get_running_loop())
        return await super().handle(operation, payload, account=account, region=region)


def test_results_are_streamed() -> None:
    async def main() -> None:
        engine = create_async_engine(URL)
        async with engine.connect() as connection:
            await connection.execute(INSERT, ROWS)
            result = await connection.stream(text("SELECT name FROM workflows_list_only"))
            assert await result.fetchone() is not None
            assert len([row async for row in result]) == 29
        await engine.dispose()

    run(main)


def test_tables_are_reflected() -> None:
    async def main() -> None:
        engine = create_async_engine(URL)
        metadata = MetaData()
        async with engine.connect() as connection:
            await connection.run_sync(lambda sync: metadata.reflect(sync, only=["workflows"]))
        assert "description" in metadata.tables["workflows"].c
        await engine.dispose()

    run(main)


def test_sessions_run_statements() -> None:
    async def main() -> None:
        engine = create_async_engine(URL)
        async with AsyncSession(engine) as session:
            await session.execute(INSERT, ROWS[0])
            await session.commit()
            assert (await session.execute(text("SELECT count(*) FROM workflows_list_only"))).scalar() == 1
        await engine.dispose()

    run(main)


def test_errors_are_those_of_the_driver() -> None:
    async def main() -> None:
        engine = create_async_engine(URL)
        async with engine.connect() as connection:
            with pytest.raises(sqlalchemy.exc.ProgrammingError, match="Identifier") as raised:
                await connection.execute(text("SELECT * FROM workflows"))
            assert isinstance(raised.value.orig, ccdbapi.ProgrammingError)
            assert (await connection.execute(text("SELECT 1"))).scalar() == 1
        await engine.dispose()

    run(main)


def test_cancelling_the_task_ends_the_statement_and_the_pool_survives() -> None:
    async def main() -> None:
        service = HeldService("ListResources")
        engine = create_async_engine("awscc+aio:///glue?regions=us-east-1", connect_args={"embedded": service})

        async def names() -> int:
            async with engine.connect() as connection:
                return len((await connection.execute(text("SELECT name FROM workflows_list_only"))).fetchall())

        task = asyncio.create_task(names())
        while not service.arrived.is_set():  # noqa: ASYNC110 - it is a thread's event
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        service.release()
        assert await names() == 0
        await engine.dispose()

    run(main)


def test_an_unreachable_endpoint_invalidates_the_connection_and_not_the_engine(no_aws: pytest.MonkeyPatch) -> None:
    async def main(url: str) -> None:
        arguments = {"endpoint_url": f"http://127.0.0.1:{refusing_port()}", "max_attempts": 1}
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "rate_limit": None}
        engine = create_async_engine("awscc+aio:///glue?regions=us-east-1", connect_args={**keys, **arguments})
        async with engine.connect() as connection:
            with pytest.raises(sqlalchemy.exc.OperationalError, match="got no answer") as raised:
                await connection.execute(NAMES)
            assert raised.value.connection_invalidated
            assert connection.invalidated

        @sqlalchemy.event.listens_for(engine.sync_engine, "do_connect")
        def now_reachable(dialect: object, record: object, positional: object, keywords: dict[str, object]) -> None:
            keywords["endpoint_url"] = url

        async with engine.connect() as connection:
            assert (await connection.execute(NAMES)).fetchall() == []
        await engine.dispose()

    with serve_in_thread(CloudControl()) as url:
        run(lambda: main(url))


def test_credentials_that_are_refused_are_an_operational_error(no_aws: pytest.MonkeyPatch) -> None:
    async def main(url: str) -> None:
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": "wrong", "max_attempts": 1}
        engine = create_async_engine("awscc+aio:///glue?regions=us-east-1", connect_args={"endpoint_url": url, **keys})
        async with engine.connect() as connection:
            with pytest.raises(sqlalchemy.exc.OperationalError, match="ignature") as raised:
                await connection.execute(NAMES)
            assert not raised.value.connection_invalidated
            assert "wrong" not in str(raised.value)
            assert (await connection.execute(text("SELECT 1"))).scalar() == 1
        await engine.dispose()

    with serve_in_thread(CloudControl(Options(check_signatures=True, credentials=CALLER))) as url:
        run(lambda: main(url))


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "with rows on their way"])
def test_a_connection_that_nobody_gave_back_is_ended(busy: bool) -> None:
    """SQLAlchemy 2 tells of it, and ends the connection; 1.4 puts it back into the pool."""

    async def main() -> None:
        service = HeldService("ListResources", spared=4)
        engine = create_async_engine("awscc+aio:///glue?regions=us-east-1", connect_args={"embedded": service})
        async with engine.connect() as connection:
            await connection.execute(INSERT, [{"name": f"w{n:03}", "description": ""} for n in range(130)])

        async def forgotten() -> aio.AioConnection:
            connection = await engine.connect()
            if busy:
                result = await connection.stream(text("SELECT name FROM workflows_list_only LIMIT 129"))
                assert await result.fetchone() is not None
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection  # type: ignore[attr-defined,unused-ignore]
            assert isinstance(driver, aio.AioConnection)
            return driver

        told = contextlib.nullcontext() if BEFORE_2 else pytest.warns(sqlalchemy.exc.SAWarning, match="be terminated")
        with told:
            driver = weakref.ref(await forgotten())
            gc.collect()
        while busy and service.waiting:  # noqa: ASYNC110 - the service counts
            await asyncio.sleep(0)
        service.release()
        if not BEFORE_2:
            while (left := driver()) is not None and not left.closed:
                del left
                await asyncio.sleep(0)
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM workflows_list_only"))).scalar() == 130
        await engine.dispose()

    run(main)


def test_a_connection_may_outlive_its_event_loop() -> None:
    async def main() -> None:
        engines.append(create_async_engine(URL))
        connections.append(await engines[0].connect())
        await connections[0].execute(text("SELECT 1"))

    engines: list[AsyncEngine] = []
    connections: list[AsyncConnection] = []
    run(main)
    told = contextlib.nullcontext() if BEFORE_2 else pytest.warns(sqlalchemy.exc.SAWarning, match="be terminated")
    with told:
        connections.clear()
        gc.collect()


def test_an_engine_that_nobody_disposed_of_goes_on_with_another_event_loop() -> None:
    """A connection of the loop before is found by its first use, as one that was closed is; or by a ping before."""

    async def count() -> object:
        async with engine.connect() as connection:
            return (await connection.execute(text("SELECT count(*) FROM workflows_list_only"))).scalar()

    engine = create_async_engine(URL)
    assert run(count) == 0
    with pytest.raises(sqlalchemy.exc.InterfaceError, match="another event loop") as raised:
        run(count)
    assert raised.value.connection_invalidated
    assert run(count) == 0

    engine = create_async_engine(URL, pool_pre_ping=True)
    assert [run(count), run(count)] == [0, 0]


def test_connections_of_a_pool_run_at_once() -> None:
    async def main() -> None:
        engine = create_async_engine("awscc+aio:///glue?regions=us-east-1", connect_args={"embedded": CloudControl()})

        async def answer(number: int) -> object:
            async with engine.connect() as connection:
                return (await connection.execute(text("SELECT :n + 1"), {"n": number})).scalar()

        assert await asyncio.gather(*(answer(number) for number in range(12))) == list(range(1, 13))
        await engine.dispose()

    run(main)
