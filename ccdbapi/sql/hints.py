"""Reads the hints of a statement: ``/*+ create */``, ``/*+ client_token('…') async */``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ccdbapi.sql.lexer import Token
from ccdbapi.sql.location import syntax_error

_WITH_ARGUMENT = frozenset({"client_token", "role_arn", "type_version_id"})
_WITH_NUMBER = frozenset({"max_calls", "max_writes"})
_ALONE = frozenset({"async", "await", "create", "delete", "no_cache", "required", "update"})

_HINT = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\s*\(\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<word>[^\s'()]*))\s*\))?"
)
_SEPARATOR = re.compile(r"[\s,]*")


def read_hints(comments: Iterable[Token], text: str) -> Mapping[str, str | None]:
    """The hints in those of ``comments`` that begin with ``/*+``: name in lower case → argument, None without one.

    Words that mean nothing here are kept, since statements written for StackQL have some (``/*+ SHOWRESULTS */``).
    Raises `ProgrammingError` for what is no hint, a hint given twice, ``async`` beside ``await``, an argument that is
    missing or too many, and a name that looks like a misspelt one.
    """
    hints: dict[str, str | None] = {}
    for comment in comments:
        if not comment.text.startswith("/*+"):
            continue
        body, base = comment.text[3:-2], comment.start + 3
        position = _SEPARATOR.match(body).end()  # type: ignore[union-attr]  # it matches the empty text, too
        while position < len(body):
            hint = _HINT.match(body, position)
            if hint is None:
                raise syntax_error("a hint is a word, or a word and ('…')", text, base + position)
            name = hint["name"].lower()
            argument = hint["text"].replace("''", "'") if hint["text"] is not None else hint["word"]
            if problem := _problem(name, argument, hints):
                raise syntax_error(problem, text, base + position)
            hints[name] = argument
            position = _SEPARATOR.match(body, hint.end()).end()  # type: ignore[union-attr]
    return MappingProxyType(hints)


def _problem(name: str, argument: str | None, earlier: Mapping[str, str | None]) -> str | None:
    if name in earlier:
        return f"the hint {name} is given twice"
    if {name, *earlier} >= {"async", "await"}:
        return "the hints async and await exclude each other"
    if name in _WITH_ARGUMENT:
        return None if argument else f"the hint {name} needs its value: {name}('…')"
    if name in _WITH_NUMBER:
        return None if argument and argument.isdecimal() else f"the hint {name} needs a whole number: {name}(100)"
    if name in _ALONE:
        return None if argument is None else f"the hint {name} takes no value"
    close = difflib.get_close_matches(name, _WITH_ARGUMENT | _WITH_NUMBER | _ALONE, n=1, cutoff=0.8)
    return f"unknown hint {name}; did you mean {close[0]}?" if close else None
