"""What a statement says, without the values in it."""

from __future__ import annotations

import re

from sqlparse import tokens as ttypes

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.sql.lexer import Token, tokenize

_KEPT = (ttypes.Keyword, ttypes.Name, ttypes.Operator, ttypes.Punctuation)
_SEVERAL = re.compile("…(?:, ?…)+")
_LONGEST = 500


def outline(text: str) -> str:
    """``text`` in one line, with ``…`` for values, fit for a log: at most 500 characters.

    Only what cannot be a value is left: words, operators, brackets, and the names of parameters. Quoted names are left
    out, too, since those who are used to other databases write strings like them; and all comments, for hints have
    values.
    """
    try:
        shown = "".join(map(_shown, tokenize(text)))
    except ProgrammingError:
        return "(no SQL)"
    line = _SEVERAL.sub("…", " ".join(shown.split()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _shown(token: Token) -> str:
    if token.is_blank:
        return " "
    return token.text if any(token.ttype in kind for kind in _KEPT) else "…"
