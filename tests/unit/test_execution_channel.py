"""Rows on their way from the event loop to the engine: who waits for whom, and what everybody learns of a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import TypeVar

import pytest

from ccdbapi.engine.stream import Columns
from ccdbapi.exceptions import InternalError, OperationalError
from ccdbapi.execution import patience as patience_module
from ccdbapi.execution.channel import Channel
from ccdbapi.execution.patience import Patience

ENDLESS = Patience(None)
R = TypeVar("R")


def channel(*, scans: int = 1, ahead: int = 1_000, patience: Patience = ENDLESS) -> Channel:
    return Channel(scans=scans, ahead=ahead, patience=patience)


def batch(*values: str) -> Columns:
    return [list(values), [f"{value}!" for value in values]]


async def idle() -> None:
    """Lets everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


class Producer:
    """Puts numbered batches of 30 bytes, as fast as it may."""

    def __init__(self, channel: Channel, batches: int = 100) -> None:
        self.produced: list[int] = []
        self._channel = channel
        self._batches = batches

    async def run(self) -> None:
        for number in range(self._batches):
            self._channel.put(batch(str(number)), 30)
            self.produced.append(number)
            await self._channel.room()
        self._channel.end()


async def with_producer(producer: Producer, body: Coroutine[object, object, R]) -> R:
    task = asyncio.create_task(producer.run())
    try:
        await idle()
        return await body
    finally:
        task.cancel()


async def pull(scan: Iterator[Columns]) -> Columns | None:
    """The next batch, waited for as the engine waits: in a thread of its own."""
    return await asyncio.to_thread(next, scan, None)


def test_all_that_has_arrived_comes_at_once() -> None:
    rows = channel()
    rows.put(batch("a"), 1)
    rows.put(batch("b", "c"), 2)
    rows.end()
    assert list(rows.scan()) == [batch("a", "b", "c")]


def test_an_end_without_batches_is_an_empty_scan() -> None:
    rows = channel()
    rows.end()
    assert list(rows.scan()) == []


@pytest.mark.parametrize(("ahead", "produced"), [(1, 1), (30, 1), (31, 2), (100, 4), (300, 10)])
def test_a_producer_runs_ahead_only_so_far(ahead: int, produced: int) -> None:
    rows = channel(ahead=ahead)
    producer = Producer(rows)

    async def body() -> None:
        assert len(producer.produced) == produced
        scan = rows.scan()
        taken = next(scan)
        assert len(taken[0]) == produced
        await idle()
        assert len(producer.produced) == 2 * produced

    asyncio.run(with_producer(producer, body()))


def test_a_cautious_producer_goes_on_only_on_demand() -> None:
    rows = channel(ahead=0)
    producer = Producer(rows)

    async def body() -> None:
        scan = rows.scan()
        assert producer.produced == [0]
        assert await pull(scan) == batch("0")
        await idle()
        assert producer.produced == [0]
        assert await pull(scan) == batch("1")
        await idle()
        assert producer.produced == [0, 1]

    asyncio.run(with_producer(producer, body()))


def test_a_scan_sees_everything_however_far_the_producer_may_run_ahead() -> None:
    for ahead in (0, 1, 100, 10_000):
        rows = channel(ahead=ahead)

        async def body(rows: Channel = rows) -> list[str | None]:
            scan = rows.scan()
            seen: list[str | None] = []
            while (taken := await pull(scan)) is not None:
                seen += taken[0]
            return seen

        assert asyncio.run(with_producer(Producer(rows), body())) == [str(number) for number in range(100)]


def test_each_of_several_scans_sees_all_rows_in_whatever_order_they_run() -> None:
    rows = channel(scans=2)
    first, second = rows.scan(), rows.scan()
    rows.put(batch("a"), 1)
    assert next(first) == batch("a")
    rows.put(batch("b"), 1)
    assert next(second) == batch("a", "b")
    rows.end()
    assert list(first) == [batch("b")]
    assert list(second) == []
    assert list(rows.scan()) == [batch("a", "b")]


def test_a_table_that_was_planned_to_be_read_once_is() -> None:
    rows = channel(scans=1)
    rows.end()
    assert list(rows.scan()) == []
    with pytest.raises(InternalError, match="more often than its plan said"):
        next(rows.scan())


@pytest.mark.parametrize("scans", [1, 2])
def test_a_failure_reaches_every_scan(scans: int) -> None:
    rows = channel(scans=scans)
    failure = OperationalError("throttled")
    readers = [rows.scan() for _ in range(scans)]
    rows.put(batch("a"), 1)
    assert next(readers[0]) == batch("a")
    rows.put(batch("b"), 1)
    rows.end(failure)
    for reader in readers:
        with pytest.raises(OperationalError) as raised:
            next(reader)
        assert raised.value is failure


def test_a_failure_wakes_a_scan_that_waits() -> None:
    rows = channel()

    async def body() -> None:
        waiting = asyncio.create_task(pull(rows.scan()))
        await idle()
        rows.end(OperationalError("stopped"))
        with pytest.raises(OperationalError, match="stopped"):
            await waiting

    asyncio.run(body())


def test_the_first_end_counts() -> None:
    rows = channel()
    rows.end(OperationalError("first"))
    rows.end(OperationalError("second"))
    rows.end()
    with pytest.raises(OperationalError, match="first"):
        next(rows.scan())


def test_a_failure_after_the_end_changes_nothing() -> None:
    rows = channel()
    rows.put(batch("a"), 1)
    rows.end()
    rows.end(OperationalError("too late"))
    assert list(rows.scan()) == [batch("a")]


def test_a_scan_outlives_the_loop_of_its_producer() -> None:
    rows = channel(ahead=1_000_000)
    asyncio.run(Producer(rows, batches=3).run())
    assert list(rows.scan()) == [batch("0", "1", "2")]


def test_a_scan_waits_no_longer_than_there_is_patience() -> None:
    rows = channel(patience=Patience(0))
    rows.put(batch("a"), 1)
    scan = rows.scan()
    assert next(scan) == batch("a")
    with pytest.raises(OperationalError, match="waited 0 s for AWS, its timeout"):
        next(scan)


def test_only_waiting_uses_patience_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(patience_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    patience = Patience(10)
    now[0] += 50
    assert patience.left == 10
    with patience.waiting():
        now[0] += 4
    assert patience.left == 6
    with suppress(ValueError), patience.waiting():
        now[0] += 5
        raise ValueError
    assert patience.left == 1
    with patience.waiting():
        now[0] += 5
    assert patience.left == 0


def test_without_a_timeout_patience_has_no_end() -> None:
    assert Patience(None).left is None
