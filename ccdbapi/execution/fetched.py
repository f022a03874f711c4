"""The rows of one source on their way from calls to the engine: each once, however many parts bring it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from ccdbapi.catalog import GENERIC_SERVICE, IDENTIFIER
from ccdbapi.engine.stream import ArrowTable
from ccdbapi.engine.view import PROPERTIES
from ccdbapi.execution.channel import Channel
from ccdbapi.execution.rows import Row, columns_of, size_of
from ccdbapi.planning import AnyKey, Source


class FetchedTable:
    """A source, on the way to the engine. Rows that several parts bring are handed to the statement once."""

    def __init__(self, source: Source, channel: Channel) -> None:
        self.source = source
        self.channel = channel
        self._several = len(source.parts) > 1
        resources = source.table.kind == "get" and source.table.service != GENERIC_SERVICE
        # What tells a row from others: two calls may show different properties of one resource.
        self._name = (
            (*source.table.scope_columns, IDENTIFIER)
            if resources
            else tuple(column for column in source.raw.columns if column != PROPERTIES)
        )
        self._brought: set[tuple[str | None, ...]] = set()
        self._gets: dict[AnyKey, asyncio.Future[Row | None]] = {}
        #: Tasks that get rows, gets under way, and rows handed over.
        self.getters = 0
        self._expected = 0
        self._handed_over = 0

    @property
    def expects_enough(self) -> bool:
        """Whether the rows handed over, with those under way, are all that the statement can need."""
        enough = self.source.enough
        return enough is not None and self._handed_over + self._expected >= enough

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """A row is under way."""
        self._expected += 1
        try:
            yield
        finally:
            self._expected -= 1

    def rows(self, part: int | None = None) -> ArrowTable:
        """The rows of one part, or of all, for the engine to pull."""
        return ArrowTable(self.source.raw.columns, partial(self.channel.scan, part))

    async def row(self, key: AnyKey, get: Callable[[], Awaitable[Row | None]]) -> Row | None:
        """The row of the key; several parts that ask for it make one call."""
        if not self._several:
            return await get()
        if key in self._gets:
            return await self._gets[key]
        self._gets[key] = asyncio.get_running_loop().create_future()
        row = await get()
        self._gets[key].set_result(row)
        return row

    def put(self, part: int, rows: Sequence[Row]) -> None:
        """Hands over rows that a part has brought."""
        if not self._several:
            self._put(part, rows, again=False)
            return
        fresh = [row for row in rows if self._is_fresh(row)]
        self._put(part, fresh, again=False)
        if len(fresh) < len(rows):
            kept = {id(row) for row in fresh}
            self._put(part, [row for row in rows if id(row) not in kept], again=True)

    def _put(self, part: int, rows: Sequence[Row], *, again: bool) -> None:
        if rows:
            self._handed_over += 0 if again else len(rows)
            self.channel.put(columns_of(self.source, rows), sum(map(size_of, rows)), part, again=again)

    def _is_fresh(self, row: Row) -> bool:
        name = tuple(row.get(column) for column in self._name)
        if name in self._brought:
            return False
        self._brought.add(name)
        return True
