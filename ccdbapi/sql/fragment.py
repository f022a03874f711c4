"""Pieces of a statement that go to the engine, with gaps where its parameters stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fragment:
    """SQL text for the engine in which every placeholder is a gap.

    ``pieces`` are the texts around the gaps, one more than there are gaps; ``offsets`` say where in the statement each
    piece begins, ``numbers`` which parameter fills each gap (`Placeholder.index`). Comments are blanks of the same
    length, and Unicode's spaces outside quotes are plain ones, so that the engine has less to misread.
    """

    pieces: tuple[str, ...]
    offsets: tuple[int, ...]
    numbers: tuple[int, ...]

    def render(self, expression: Callable[[int], str]) -> str:
        """The SQL text in which ``expression(index)`` stands for each parameter. Linear in the size of the text.

        The expression is set off by spaces, since ``SELECT?FROM`` is a statement, too.
        """
        parts = [self.pieces[0]]
        for number, piece in zip(self.numbers, self.pieces[1:], strict=True):
            parts += (f" {expression(number)} ", piece)
        return "".join(parts)

    def origin(self, offset: int, expression: Callable[[int], str]) -> int:
        """Where in the statement the character stands that is at ``offset`` of ``render(expression)``.

        An offset inside a parameter's expression leads to its placeholder. Offsets count characters, not bytes.
        """
        position = 0
        for number, piece, start in zip(self.numbers, self.pieces, self.offsets, strict=False):
            if offset < position + len(piece):
                return start + offset - position
            position += len(piece) + len(expression(number)) + 2
            if offset < position:
                return start + len(piece)
        return self.offsets[-1] + min(offset - position, len(self.pieces[-1]))
