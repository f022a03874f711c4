"""SQL for the engine, put together from fragments of a statement and text of our own."""

from __future__ import annotations

from dataclasses import dataclass

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.errors import Locate
from ccdbapi.sql import Fragment, location


@dataclass(frozen=True, slots=True)
class Text:
    """SQL text, and where in the user's statement its parts come from."""

    sql: str
    locate: Locate

    def replaced(self, start: int, end: int, name: str) -> Text:
        """This text with ``name`` in place of what stands from ``start`` to ``end``."""
        longer = len(name) - (end - start)

        def locate(offset: int) -> str | None:
            return self.locate(offset if offset < start else max(start, offset - longer))

        return Text(self.sql[:start] + name + self.sql[end:], locate)


def render(statement: str, bindings: Bindings, *parts: str | Fragment) -> Text:
    """Joins ``parts``; fragments are pieces of ``statement`` with parameters in ``bindings``."""
    pieces: list[str] = []
    spans: list[tuple[int, int, Fragment]] = []
    length = 0
    for part in parts:
        if isinstance(part, str):
            piece = part
        else:
            listed = part.with_lists(bindings.list_of)
            piece = listed.render(bindings.expression)
            spans.append((length, length + len(piece), listed))
        pieces.append(piece)
        length += len(piece)

    def locate(offset: int) -> str | None:
        for start, end, fragment in spans:
            if start <= offset < end:
                return place(statement, fragment.origin(offset - start, bindings.expression))
        return None

    return Text("".join(pieces), locate)


def place(statement: str, offset: int) -> str:
    """Words for where in the statement something stands."""
    line, column = location(statement, offset)
    return f"line {line}, column {column}"
