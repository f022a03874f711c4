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
#: Words that an operator in words may follow, such as LIKE and BETWEEN, though they end no value.
_BEFORE_OPERATOR = frozenset({"BY", "GROUPS", "NOT", "RANGE", "ROWS"})
_LITERALS = (ttypes.Number, ttypes.String.Single, ttypes.String.Escape, ttypes.Literal)


def read_parameters(tokens: Sequence[Token], text: str) -> tuple[list[Token], tuple[Placeholder, ...]]:
    """The tokens of a statement (no blanks) with each ``:name`` joined to one token, and its parameters.

    Raises `ProgrammingError` where both styles are mixed, where no value can stand, and where a colon can be read in
    two ways. A colon is DuckDB's, too: ``{'a':b}``, ``list[a:b]``, ``lambda x:y``, ``alias:value``. It is a
    parameter's where DuckDB could not have one: not after a value.
    """
    joined: list[Token] = []
    ended: list[bool] = []  # whether an operand may end with that token, so that none can begin right after it
    opened: list[str] = []
    found: list[Placeholder] = []
    numbers: dict[str, int] = {}
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
            skip = _begins_parameter(token, joined, ended, opened[-1:], text)
        if skip or token.ttype is ttypes.Name.Placeholder:
            name = following.text if skip else None
            if found and (found[0].name is None) is skip:
                raise syntax_error("? and :name parameters cannot be mixed in one statement", text, token.start)
            _check_before(token, joined, ended, text)
            found.append(Placeholder(name, numbers.setdefault(name, len(numbers)) if name else len(found), token.start))
            token = Token(ttypes.Name.Placeholder, f":{name}" if name else "?", token.start, "")  # noqa: PLW2901
        if joined and joined[-1].ttype is ttypes.Name.Placeholder:
            _check_after(joined[-1], token, text)
        ended.append(_ends_value(token, joined, ended))
        joined.append(token)
    return joined, tuple(found)


def _begins_parameter(
    colon: Token, before: Sequence[Token], ended: Sequence[bool], bracket: Sequence[str], text: str
) -> bool:
    """Whether a parameter begins at ``colon``, given what is before it and the innermost bracket it is in."""
    if not before:
        return True
    if bracket == ["["] and _may_slice(before, ended):
        raise _ambiguous(colon, text)
    last = before[-1]
    adjacent = last.end == colon.start
    if last.word in BEFORE_OPERAND and last.word not in RESERVED_BEFORE_OPERAND and adjacent:
        if bracket in ([], ["("]):
            raise _ambiguous(colon, text)
        return False
    if ended[-1] and _is_plain_name(last) and not adjacent:
        raise _ambiguous(colon, text)
    return not ended[-1]


def _may_slice(before: Sequence[Token], ended: Sequence[bool]) -> bool:
    """Whether what stands before a colon leaves out a bound of a slice: ``list[:b]``, ``list[a: :b]``, ``[a:-:b]``."""
    texts = [token.text for token in before[-2:]]
    if texts[-1] == "[":
        return len(before) > 1 and ended[-2]
    return texts[-1] == ":" or texts == [":", "-"]


def _ends_value(token: Token, before: Sequence[Token], ended: Sequence[bool]) -> bool:
    if token.ttype is ttypes.Punctuation:
        return token.text in ")]}"
    if token.ttype is ttypes.Operator or token.word in RESERVED_BEFORE_OPERAND:
        return False
    if token.word in BEFORE_OPERAND and before:
        # `x LIKE …`, `BY …`, `ROWS BETWEEN …` go on with an operand; in `FROM rows` and `2 + first` the word is a name.
        return not (ended[-1] or before[-1].word in _BEFORE_OPERATOR or before[-1].text == "*")
    return True


def _check_before(token: Token, before: Sequence[Token], ended: Sequence[bool], text: str) -> None:
    """Raise where no value can stand. After a closing bracket one can: ``DISTINCT ON (a) ?``."""
    if before and before[-1].text != ")" and (ended[-1] or before[-1].text in {".", "::"}):
        message = f"a parameter cannot stand after {_shortened(before[-1].text)}: only where a value can"
        raise syntax_error(message, text, token.start)


def _check_after(token: Token, after: Token, text: str) -> None:
    """Raise for ``?1``, a numbered parameter to DuckDB, and for ``?name``, ``? 'text'``."""
    if after.ttype in _LITERALS or (token.end == after.start and _is_plain_name(after)):
        message = f"{token.text} cannot be followed by {_shortened(after.text)}; parameters are written ? or :name"
        raise syntax_error(message, text, token.start)


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
