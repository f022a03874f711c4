"""One set of tests for both faces of the driver: a blocking cursor and an awaited one, used alike."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

import ccdbapi
from ccdbapi import aio

T = TypeVar("T")

#: A cursor of either face: its methods give values or awaitables, hence Any.
AnyCursor = Any
Connected = Callable[..., Any]

both_faces: pytest.MarkDecorator = pytest.mark.parametrize("face", ["blocking", "awaited"])


async def value_of(given: T | Awaitable[T]) -> T:
    """What a method of either face gives."""
    return await given if inspect.isawaitable(given) else given


@asynccontextmanager
async def connected(face: str, **settings: Any) -> AsyncIterator[AnyCursor]:
    """A cursor of the face, on a connection of its own."""
    connection = await aio.connect(**settings) if face == "awaited" else ccdbapi.connect(**settings)
    try:
        yield connection.cursor()
    finally:
        await value_of(connection.close())


async def rows_of(cursor: AnyCursor, operation: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """Executes a statement, and gives all its rows."""
    await value_of(cursor.execute(operation, parameters))
    rows: list[tuple[Any, ...]] = await value_of(cursor.fetchall())
    return rows


def run(main: Callable[[], Coroutine[object, object, T]], *, seconds: float = 60) -> T:
    """Runs ``main`` on an event loop of its own. One that never ends fails."""

    async def bounded() -> T:
        async with asyncio.timeout(seconds):
            return await main()

    return asyncio.run(bounded())
