"""Where in a statement something stands, and errors that say so."""

from __future__ import annotations

import re

from ccdbapi.exceptions import NotSupportedError, ProgrammingError

_LINE_END = re.compile(r"\r\n|\r|\n")


def location(text: str, offset: int) -> tuple[int, int]:
    """The line and column of a character offset in ``text``; both count from 1, columns in characters."""
    line, start = 1, 0
    for end in _LINE_END.finditer(text):
        if end.end() > offset:
            break
        line, start = line + 1, end.end()
    return line, offset - start + 1


def syntax_error(message: str, text: str, offset: int) -> ProgrammingError:
    """The `ProgrammingError` about what stands at ``offset`` of ``text``."""
    return ProgrammingError(_located(message, text, offset))


def unsupported(message: str, text: str, offset: int) -> NotSupportedError:
    """The `NotSupportedError` about what stands at ``offset`` of ``text``."""
    return NotSupportedError(_located(message, text, offset))


def _located(message: str, text: str, offset: int) -> str:
    line, column = location(text, offset)
    return f"line {line}, column {column}: {message}"
