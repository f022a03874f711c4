"""Finds the parameters of a statement: ``?``, or ``:name``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from sqlparse import tokens as ttypes

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.sql.keywords import BEFORE_OPERAND, RESERVED_BEFORE_OPERAND
from ccdbapi.sql.lexer import Token
from ccdbapi.sql.location import syntax_error
from ccdbapi.sql.statement import Placeholder

_OPENING = frozenset("([{")
_BRACKETS = _OPENING | frozenset(")]}")


def join_named(tokens: Sequence[Token], text: str) -> list[Token]:
    """The tokens of a statement (no blanks) with each ``:name`` that is a parameter joined to one token.

    A colon is DuckDB's, too: ``{'a':b}``, ``list[a:b]``, ``lambda x:y``, ``alias:value``. It is a parameter's where
    DuckDB could not have one: not after a value. Raises `ProgrammingError` where both can be meant.
    """
    if ":" not in text:
        return list(tokens)
    joined: list[Token] = []
    opened: list[str] = []
    skip = False
    for token, following in zip_longest(tokens, tokens[1:]):
        if skip:
            skip = False
            continue
        if token.text in _BRACKETS:
            if token.text in _OPENING:
                opened.append(token.text)
            elif opened:
                opened.pop()
        elif token.text == ":" and following and following.start == token.end and _is_plain_name(following):
            skip = _begins_parameter(token, joined, opened[-1:], text)
            if skip:
                token = Token(ttypes.Name.Placeholder, f":{following.text}", token.start, "")  # noqa: PLW2901
        joined.append(token)
    return joined


def placeholders(tokens: Sequence[Token], text: str) -> tuple[Placeholder, ...]:
    """The parameters among the tokens that `join_named` returned.

    Raises `ProgrammingError` where both styles are mixed, or where no value can stand.
    """
    found: list[Placeholder] = []
    numbers: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if token.ttype is not ttypes.Name.Placeholder:
            continue
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        name = token.text[1:] or None
        if found and (found[0].name is None) is not (name is None):
            raise syntax_error("? and :name parameters cannot be mixed in one statement", text, token.start)
        _check_place(before, token, after, text)
        number = len(found) if name is None else numbers.setdefault(name, len(numbers))
        found.append(Placeholder(name, number, token.start))
    return tuple(found)


def _begins_parameter(colon: Token, before: Sequence[Token], bracket: Sequence[str], text: str) -> bool:
    """Whether a parameter begins at ``colon``, given the tokens before it and the innermost bracket it is in."""
    if not before:
        return True
    last = before[-1]
    if bracket == ["["] and _may_slice(before):
        raise _ambiguous(colon, text)
    if last.word in RESERVED_BEFORE_OPERAND:
        return True
    adjacent = last.end == colon.start
    if last.word in BEFORE_OPERAND:
        if adjacent and bracket in ([], ["("]):
            raise _ambiguous(colon, text)
        return not adjacent
    if _is_plain_name(last) and not adjacent:
        raise _ambiguous(colon, text)
    return not _ends_value(last)


def _may_slice(before: Sequence[Token]) -> bool:
    """Whether what stands before a colon leaves out a bound of a slice: ``list[:b]``, ``list[a: :b]``, ``[a:-:b]``."""
    texts = [token.text for token in before[-2:]]
    if texts[-1] == "[":
        return len(before) > 1 and _ends_value(before[-2])
    return texts[-1] == ":" or texts == [":", "-"]


def _check_place(before: Token | None, token: Token, after: Token | None, text: str) -> None:
    if before is not None and before.text != ")" and (_ends_value(before) or before.text == "."):
        message = f"a parameter cannot stand after {_shortened(before.text)}: only where a value can"
        raise syntax_error(message, text, token.start)
    if after is not None and (
        after.ttype is ttypes.Number or (token.end == after.start and _is_plain_name(after) and token.text == "?")
    ):
        raise syntax_error(
            f"{token.text} is a parameter by itself and cannot be followed by {_shortened(after.text)}; "
            "parameters are written ? or :name",
            text,
            token.start,
        )


def _ends_value(token: Token) -> bool:
    """Whether an operand may end with this token, so that none can begin right after it."""
    if token.ttype is ttypes.Punctuation:
        return token.text in ")]}"
    return token.ttype is not ttypes.Operator and token.word not in BEFORE_OPERAND


def _is_plain_name(token: Token) -> bool:
    return token.ttype is ttypes.Name or token.ttype is ttypes.Keyword


def _ambiguous(colon: Token, text: str) -> ProgrammingError:
    return syntax_error(
        "this colon can begin a parameter or separate two values: write (:name) for a parameter, "
        "and a space after the colon for everything else",
        text,
        colon.start,
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
