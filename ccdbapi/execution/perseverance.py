"""Does again what failed for a reason that passes with time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ccdbapi.cloudcontrol.retry import Backoff
from ccdbapi.exceptions import DatabaseError

T = TypeVar("T")

#: Between two tries, each of which may have been several of the client's.
AGAIN = Backoff(base=1.0, cap=10.0)


async def in_the_end(step: Callable[[], Awaitable[T]], passes: Callable[[DatabaseError], bool]) -> T:
    """What ``step`` gives, which is done again after failures of which ``passes`` says that they pass.

    Goes on without end: whoever waits for it bounds it. Raises any other failure.
    """
    tries = 1
    while True:
        try:
            return await step()
        except DatabaseError as error:
            if not passes(error):
                raise
        await asyncio.sleep(AGAIN.delay(tries))
        tries += 1
