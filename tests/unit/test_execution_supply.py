"""Work that is spread over places."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import run

from ccdbapi.execution import supply
from ccdbapi.execution.supply import spread

#: A place, and a number.
Item = tuple[str, int]


async def given_as(batches: Iterable[Iterable[Item]]) -> AsyncIterator[Iterable[Item]]:
    for batch in batches:
        yield batch


def place_of(item: Item) -> str:
    return item[0]


class Log:
    """Work that takes a second, or what its place takes; and when each item was begun."""

    def __init__(self, **seconds: float) -> None:
        self._seconds = seconds
        self.begun: list[tuple[float, Item]] = []

    async def work(self, item: Item) -> None:
        self.begun.append((asyncio.get_running_loop().time(), item))
        await asyncio.sleep(self._seconds.get(item[0], 1))

    def times(self, place: str) -> list[float]:
        return [time for time, item in self.begun if item[0] == place]


@given(
    batches=st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers())), max_size=8), width=st.integers(1, 4)
)
def test_every_item_is_worked_on_once_and_in_the_order_of_its_place(batches: list[list[Item]], width: int) -> None:
    log = Log()
    run(spread(given_as(batches), place_of, log.work, width))
    items = [item for batch in batches for item in batch]
    for place in "abc":
        assert [item for _, item in log.begun if item[0] == place] == [item for item in items if item[0] == place]


def test_each_place_works_on_as_many_at_once_as_the_width_allows() -> None:
    log = Log()
    run(spread(given_as([[("a", number) for number in range(5)], [("b", 0)]]), place_of, log.work, 2))
    assert (log.times("a"), log.times("b")) == ([0, 0, 1, 1, 2], [0])


def test_a_slow_place_keeps_no_other_waiting() -> None:
    log = Log(slow=100)
    items = [("slow", number) for number in range(50)] + [("quick", number) for number in range(3)]
    run(spread(given_as([items]), place_of, log.work, 1))
    assert log.times("quick") == [0, 1, 2]


def test_more_is_asked_for_only_while_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supply, "WAITING", 2)
    asked: list[float] = []

    async def batches() -> AsyncIterator[Iterable[Item]]:
        for number in range(5):
            asked.append(asyncio.get_running_loop().time())
            yield [("a", number)]

    run(spread(batches(), place_of, Log().work, 1))
    assert asked == [0, 0, 0, 0, 1]


def test_what_fails_ends_the_rest() -> None:
    begun: list[Item] = []

    async def work(item: Item) -> None:
        begun.append(item)
        raise KeyError(item)

    with pytest.raises(ExceptionGroup) as failed:
        run(spread(given_as([[("a", 1), ("a", 2)]]), place_of, work, 1))
    assert failed.group_contains(KeyError)
    assert begun == [("a", 1)]
