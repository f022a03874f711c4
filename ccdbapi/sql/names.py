"""Names that the engine would not read as users mean them, and how it is told what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlparse import tokens as ttypes

from ccdbapi.sql.lexer import Token, tokenize

#: The schema that stands for the engine's own ``information_schema``, which no view can be added to.
INFORMATION_SCHEMA = "ccdbapi information"

#: Words that the engine reserves for statements that are not queries.
_NEVER_KEYWORDS = frozenset({"AUTHORIZATION", "PRIMARY"})

#: Words before a list of columns that are named, not referred to.
_BEFORE_LISTED = frozenset({"EXCLUDE", "REPLACE", "USING"})


class Respelling(NamedTuple):
    """What the engine is to read in place of a token."""

    token: Token
    text: str


def respell(tokens: Sequence[Token]) -> tuple[list[Token], list[Respelling]]:
    """The tokens of a statement (no blanks) in which names that the engine reserves are names, and all respellings.

    ``group``, ``authorization`` and ``primary`` are columns of some resources. The first is a keyword in GROUP BY,
    WITHIN GROUP and a window's EXCLUDE GROUP only, the others nowhere in a query.
    """
    read: list[Token] = []
    respellings: list[Respelling] = []
    for index, token in enumerate(tokens):
        if _is_reserved_name(tokens, index):
            named = token._replace(ttype=ttypes.Name, word="")
            respellings.append(Respelling(named, f'"{token.text}"'))
            read.append(named)
        else:
            if _is_information_schema(tokens, index):
                respellings.append(Respelling(token, f'"{INFORMATION_SCHEMA}"'))
            read.append(token)
    return read, respellings


def named(sql: str, name: str) -> Iterator[tuple[int, int]]:
    """Where ``name`` stands as an identifier in ``sql``, quoted or not, in any case: starts and ends."""
    return ((token.start, token.end) for token in tokenize(sql) if _name(token) == name.lower())


def listed(sql: str, name: str) -> Iterator[tuple[int, int]]:
    """Those of `named` that stand in the list of a USING, EXCLUDE or REPLACE."""
    tokens = [token for token in tokenize(sql) if not token.is_blank]
    opened: list[str] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        word = "" if before is None else before.text.upper()
        if token.text == "(":
            opened.append(word)
        elif token.text == ")" and opened:
            opened.pop()
        elif _name(token) == name.lower() and not _BEFORE_LISTED.isdisjoint((word, *opened[-1:])):
            yield token.start, token.end


def renamed(sql: str, name: str) -> Iterator[tuple[int, int, bool]]:
    """Where something is given the name ``name``: start and end of the last token of what it is, and whether that is
    a column of this name itself, as in ``SELECT t.name AS name``.
    """
    tokens = [token for token in tokenize(sql) if not token.is_blank]
    for index, token in enumerate(tokens[1:], 1):
        last = index - 2 if tokens[index - 1].word == "AS" else index - 1
        if _name(token) == name.lower() and last >= 0 and (last < index - 1 or _ends_value(tokens[last])):
            first = last
            while first > 1 and tokens[first - 1].text == ".":
                first -= 2
            begins = first > 0 and tokens[first - 1].text.upper() in {",", "ALL", "DISTINCT", "SELECT"}
            yield tokens[last].start, tokens[last].end, begins and _name(tokens[last]) == name.lower()


def _ends_value(token: Token) -> bool:
    """Whether a name right after the token is one that is given, without AS, to what the token ends."""
    if token.ttype is ttypes.Name:
        return token.text.upper() not in _BEFORE_LISTED
    return token.text in {")", "]"} or token.ttype in ttypes.Literal


def _is_reserved_name(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.ttype is not ttypes.Name and token.ttype is not ttypes.Keyword:
        return False
    word = token.text.upper()
    if word != "GROUP":
        return word in _NEVER_KEYWORDS
    before = [other.text.upper() for other in tokens[max(index - 2, 0) : index]]
    after = tokens[index + 1].text.upper() if index + 1 < len(tokens) else ""
    # `* EXCLUDE group` leaves out a column, `ROWS … EXCLUDE GROUP` is about a window's frame.
    is_frame = before[-1:] == ["EXCLUDE"] and before[0] != "*" and after == ")"
    return not (after == "BY" or (before[-1:] == ["WITHIN"] and after == "(") or is_frame)


def _is_information_schema(tokens: Sequence[Token], index: int) -> bool:
    return (
        _name(tokens[index]) == "information_schema"
        and index + 1 < len(tokens)
        and tokens[index + 1].text == "."
        and not (index > 2 and tokens[index - 1].text == tokens[index - 3].text == ".")
    )


def _name(token: Token) -> str | None:
    """The identifier that the token is, in lower case; None for everything else."""
    if token.ttype is ttypes.String.Symbol:
        return token.text[1:-1].replace('""', '"').lower()
    return token.text.lower() if token.ttype is ttypes.Name or token.ttype is ttypes.Keyword else None
