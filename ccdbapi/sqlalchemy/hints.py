"""Execution options as hints of a statement: ``execution_options(awscc_async=True)`` → ``/*+ async */``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import ArgumentError

_PREFIX = "awscc_"
_ALONE = ("async", "await", "no_cache")
_WITH_NUMBER = ("max_calls", "max_writes")
_WITH_TEXT = ("client_token", "role_arn", "type_version_id")

#: The execution options of this dialect.
OPTIONS = tuple(_PREFIX + name for name in (*_ALONE, *_WITH_NUMBER, *_WITH_TEXT))


def hints_from(options: Mapping[Any, object]) -> str:
    """The comment that goes before a statement, with a blank behind it; empty where no option is one of ours.

    SQLAlchemy's own options may have names that are no text.
    Raises `ArgumentError` for an unknown option of ours and for values that no hint can have.
    """
    given = {name: value for name, value in options.items() if isinstance(name, str) and name.startswith(_PREFIX)}
    hints = [text for name, value in given.items() if (text := _hint(name, value))]
    return f"/*+ {' '.join(hints)} */ " if hints else ""


def _hint(option: str, value: object) -> str | None:
    name = option.removeprefix(_PREFIX)
    if name in _ALONE:
        if not isinstance(value, bool):
            raise ArgumentError(f"The execution option {option} must be True or False, not {value!r}.")
        return name if value else None
    if name in _WITH_NUMBER:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ArgumentError(f"The execution option {option} must be a number from 0, not {value!r}.")
        return f"{name}({value})"
    if name in _WITH_TEXT:
        # A comment that ended within the value would let the rest of it become SQL.
        if not isinstance(value, str) or not value or "*/" in value or "/*" in value:
            raise ArgumentError(f"The execution option {option} must be text without comment marks, not {value!r}.")
        escaped = value.replace("'", "''")
        return f"{name}('{escaped}')"
    close = difflib.get_close_matches(option, OPTIONS, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise ArgumentError(f"There is no execution option {option}.{hint} There are {', '.join(OPTIONS)}.")
