"""Walks over the tokens of one statement and cuts fragments out of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from itertools import pairwise
from operator import itemgetter

from sqlparse import tokens as ttypes

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.sql.fragment import Fragment
from ccdbapi.sql.lexer import Token
from ccdbapi.sql.location import syntax_error
from ccdbapi.sql.names import respell
from ccdbapi.sql.parameters import read_parameters
from ccdbapi.sql.statement import TableName

_PAIRS = {")": "(", "]": "[", "}": "{"}
_OPENING = frozenset(_PAIRS.values())
_END = Token(ttypes.Whitespace, "", 0, "")


class Reader:
    """The tokens of one statement without its blanks, and a position among them.

    Raises `ProgrammingError` for brackets that do not match and for misplaced parameters.
    """

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.text = text
        joined, self.parameters = read_parameters([t for t in tokens if not t.is_blank], text)
        self.tokens, respellings = respell(joined)
        self.index = 0
        self._depths, self._closings = _match_brackets(self.tokens, text)
        self._gaps: list[tuple[int, int, int | str]] = sorted(
            [
                *((p.position, p.position + 1 + len(p.name or ""), p.index) for p in self.parameters),
                *((token.start, token.end, name) for token, name in respellings),
            ],
            key=itemgetter(0),
        )
        self._offset = tokens[0].start
        self._clean = "".join(t.plain_text for t in tokens)

    @property
    def token(self) -> Token:
        """The token at the position; an empty one at the end of the statement."""
        return self.peek(0)

    def peek(self, ahead: int) -> Token:
        """The token ``ahead`` of the position, as `token`."""
        index = self.index + ahead
        return self.tokens[index] if index < len(self.tokens) else _END._replace(start=self.tokens[-1].end)

    def accept(self, *words: str) -> bool:
        """Step over these keywords if they follow."""
        if all(self.peek(ahead).word == word for ahead, word in enumerate(words)):
            self.index += len(words)
            return True
        return False

    def error(self, message: str, token: Token | None = None) -> ProgrammingError:
        """The error about a token, by default the one at the position."""
        return syntax_error(message, self.text, (token or self.token).start)

    def identifier(self, what: str) -> Token:
        """Step over a name and return it with its quotes removed. ``what`` it is the name of is for the error."""
        token = self.token
        if token.ttype is ttypes.String.Symbol:
            name = token.text[1:-1].replace('""', '"')
        elif token.ttype is ttypes.Name or token.ttype is ttypes.Keyword:
            name = token.text
        else:
            name = ""
        if not name:
            found = f"not {token.text}" if token.text else "but the statement ends"
            raise self.error(f"here the name of {what} is expected, {found}")
        self.index += 1
        return token._replace(text=name)

    def name_parts(self, what: str) -> list[str]:
        """Step over a name of one or more parts and return them without quotes. ``what`` is for the error."""
        parts = [self.identifier(what).text]
        while self.token.text == ".":
            self.index += 1
            parts.append(self.identifier(what).text)
        return parts

    def table_name(self) -> TableName:
        """Step over the name of a table."""
        start = self.token
        parts = self.name_parts("a table")
        if len(parts) > 3:
            raise self.error("a table's name has at most three parts: awscc.service.resource", start)
        catalog, schema, name = (None, None, *parts)[-3:]
        return TableName(catalog, schema, str(name), start.start)

    def find(self, words: Collection[str], end: int | None = None) -> int:
        """The index of the first of these keywords from the position up to ``end``, outside all brackets; else ``end``.

        A word after a dot or AS is a name, and ``IS DISTINCT FROM`` is an operator.
        """
        end = len(self.tokens) if end is None else end
        for index in range(self.index, end):
            if self._depths[index] == 0 and self.tokens[index].word in words:
                before = self.tokens[index - 1]
                if (
                    before.text == "."
                    or before.word == "AS"
                    or (before.word == "DISTINCT" and self.tokens[index].word == "FROM")
                ):
                    continue
                return index
        return end

    def items(self, end: int) -> list[tuple[int, int]]:
        """The ranges of indexes between the commas from the position to ``end``, at its depth.

        One comma may stand at the end, as DuckDB has it. Raises `ProgrammingError` for an item that is empty.
        """
        depth = self._depths[self.index]
        commas = [i for i in range(self.index, end) if self._depths[i] == depth and self.tokens[i].text == ","]
        ranges = list(pairwise([self.index - 1, *commas, end]))
        if len(ranges) > 1 and ranges[-1] == (end - 1, end):
            ranges.pop()
        for comma, stop in ranges:
            if comma + 1 == stop:
                raise self.error("something is missing before this", self.tokens[stop])
        return [(comma + 1, stop) for comma, stop in ranges]

    def closing(self) -> int:
        """The index of the bracket that closes the one at the position."""
        return self._closings[self.index]

    def fragment(self, first: int, last: int) -> Fragment:
        """The text of the tokens from index ``first`` up to ``last``, which is not among them."""
        start, end = self.tokens[first].start, self.tokens[last - 1].end
        first_gap, last_gap = (bisect_left(self._gaps, edge, key=itemgetter(0)) for edge in (start, end))
        gaps = self._gaps[first_gap:last_gap]
        starts = [start, *(after for _, after, _ in gaps)]
        stops = [*(before for before, _, _ in gaps), end]
        shift = self._offset
        return Fragment(
            tuple(self._clean[a - shift : b - shift] for a, b in zip(starts, stops, strict=True)),
            tuple(starts),
            tuple(filling for _, _, filling in gaps),
        )


def _match_brackets(tokens: Sequence[Token], text: str) -> tuple[list[int], dict[int, int]]:
    """How many brackets are open around each token (a bracket counts as outside), and the pairs of their indexes."""
    depths: list[int] = []
    closings: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.ttype is ttypes.Punctuation and token.text in _PAIRS:
            if not opened or tokens[opened[-1]].text != _PAIRS[token.text]:
                raise syntax_error(f"{token.text} closes no bracket that is open", text, token.start)
            closings[opened.pop()] = index
        depths.append(len(opened))
        if token.ttype is ttypes.Punctuation and token.text in _OPENING:
            opened.append(index)
    if opened:
        raise syntax_error(f"{tokens[opened[-1]].text} is not closed", text, tokens[opened[-1]].start)
    return depths, closings
