"""The driver for asyncio: the same statements, settings and results, awaited.

>>> import asyncio
>>> from ccdbapi import aio
>>> async def main() -> None:
...     async with await aio.connect(embedded=True) as connection, connection.cursor() as cursor:
...         await cursor.execute("SELECT 6 * 7 AS answer")
...         print(await cursor.fetchall())
>>> asyncio.run(main())
[(42,)]

Calls are made on the event loop that runs. The engine, which blocks its thread, has a few threads for all statements:
a statement that waits for its first rows from AWS holds none of them.
"""

from __future__ import annotations

from ccdbapi.aio.connection import AioConnection, connect
from ccdbapi.aio.cursor import AioCursor

__all__ = ["AioConnection", "AioCursor", "connect"]
