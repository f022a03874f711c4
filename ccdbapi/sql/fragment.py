"""Pieces of a statement that go to the engine, with gaps where its parameters stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# What stands before a gap is never the inside of a string: that would have to end first.
_LIST_BEGINS = re.compile(r"(?<![\w.$])IN\s*(\(\s*)\Z", re.IGNORECASE)
_LIST_GOES_ON = re.compile(r"\s*,\s*")
_LIST_ENDS = re.compile(r"\s*\)")


@dataclass(frozen=True, slots=True)
class Fragment:
    """SQL text for the engine in which every placeholder is a gap.

    ``pieces`` are the texts around the gaps, one more than there are gaps; ``offsets`` say where in the statement each
    piece begins, ``fillings`` what fills each gap: a parameter (`Placeholder.index`), or the text in place of a name
    that the engine would misread. Comments are blanks of the same length, and Unicode's spaces outside quotes are plain
    ones, for the same reason.
    """

    pieces: tuple[str, ...]
    offsets: tuple[int, ...]
    fillings: tuple[int | str, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Which parameters fill gaps, in order of appearance."""
        return tuple(filling for filling in self.fillings if isinstance(filling, int))

    def render(self, expression: Callable[[int], str]) -> str:
        """The SQL text in which ``expression(index)`` stands for each parameter. Linear in the size of the text.

        The expression is set off by spaces, since ``SELECT?FROM`` is a statement, too.
        """
        parts = [self.pieces[0]]
        for filling, piece in zip(self.fillings, self.pieces[1:], strict=True):
            parts += (_filled(filling, expression), piece)
        return "".join(parts)

    def origin(self, offset: int, expression: Callable[[int], str]) -> int:
        """Where in the statement the character stands that is at ``offset`` of ``render(expression)``.

        An offset inside a gap's text leads to what stands there in the statement. Offsets count characters, not bytes.
        """
        position = 0
        for filling, piece, start in zip(self.fillings, self.pieces, self.offsets, strict=False):
            if offset < position + len(piece):
                return start + offset - position
            position += len(piece) + len(_filled(filling, expression))
            if offset < position:
                return start + len(piece)
        return self.offsets[-1] + min(offset - position, len(self.pieces[-1]))

    def with_lists(self, number_of: Callable[[tuple[int, ...]], int | None]) -> Fragment:
        """This fragment with one gap for each ``(?, ?, …)`` after IN, brackets included.

        ``number_of`` tells which parameter is the list of these, None to leave them as they are. The engine reads one
        parameter much faster than thousands.
        """
        pieces, offsets, fillings = [self.pieces[0]], [self.offsets[0]], list[int | str]()
        gap = 0
        while gap < len(self.fillings):
            begins = _LIST_BEGINS.search(pieces[-1])
            end = self._end_of_list(gap) if begins else None
            listed = self.fillings[gap:end] if end is not None else ()
            members = tuple(filling for filling in listed if isinstance(filling, int))
            number = number_of(members) if end is not None and len(members) == end - gap else None
            if begins is None or end is None or number is None:
                fillings.append(self.fillings[gap])
                end, skipped = gap + 1, 0
            else:
                pieces[-1] = pieces[-1][: begins.start(1)]
                fillings.append(number)
                ends = _LIST_ENDS.match(self.pieces[end])
                skipped = ends.end() if ends else 0
            pieces.append(self.pieces[end][skipped:])
            offsets.append(self.offsets[end] + skipped)
            gap = end
        return Fragment(tuple(pieces), tuple(offsets), tuple(fillings))

    def _end_of_list(self, gap: int) -> int | None:
        """The gap behind the list that begins with ``gap``; None if there is more in it than gaps."""
        end = gap + 1
        while end < len(self.fillings) and _LIST_GOES_ON.fullmatch(self.pieces[end]):
            end += 1
        return end if _LIST_ENDS.match(self.pieces[end]) else None


def _filled(filling: int | str, expression: Callable[[int], str]) -> str:
    return f" {filling if isinstance(filling, str) else expression(filling)} "
