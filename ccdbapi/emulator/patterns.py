"""Texts in which the regular expressions of registry schemas are found."""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Sequence
from typing import TypeVar

from rstr import Rstr

from ccdbapi.catalog.patterns import matches

#: How often a text is generated before a pattern is given up, for each number of repetitions tried.
_ATTEMPTS = 12
_REPETITIONS = (3, 8, 24, 64, 130)

_T = TypeVar("_T")

# What ECMA 262 and Java write and Python's own parser does not read, as something narrower that it does; what looks
# ahead is left out, since every text is held against the whole pattern in the end.
_NARROWED = (
    (re.compile(r"\[\\p\{Print\}&&(\[[^]]*\])\]"), r"\1"),
    (re.compile(r"\[\^\\p\{C\w?\}\]"), "[A-Za-z]"),
    (re.compile(r"\\P\{(?:C|M)\}|\\p\{(?:Print|Graph|ASCII|L)\}"), "A-Za-z"),
    (re.compile(r"\\p\{N\w?\}"), "0-9"),
    (re.compile(r"\\p\{Z\w?\}"), " "),
    (re.compile(r"\\p\{P\w?\}"), r"\\-"),
    (re.compile(r"\\p\{(?:M|S|C)\w?\}"), ""),
    (re.compile(r"\\w-"), r"\\w\\-"),
    (re.compile(r"\(\?[si]+\)"), ""),
    (re.compile(r"\(\?[=!][^()]*\)"), ""),
    (re.compile(r"\\u[0-9A-Fa-f]{4}"), lambda found: found[0] if int(found[0][2:], 16) < 127 else "~"),
    (re.compile("[^\x00-\x7e]"), "~"),
)


def example(pattern: str, rng: random.Random, *, min_length: int = 0, max_length: int | None = None) -> str | None:
    """A text of that length (in characters) in which the pattern is found, None where none was found."""
    readable = pattern
    for unknown, narrowed in _NARROWED:
        readable = unknown.sub(narrowed, readable)
    for repetitions in _REPETITIONS:
        modest = _Modest(rng, repetitions)
        for _ in range(_ATTEMPTS):
            try:
                text = _generated(Rstr(modest), readable)
            except (re.error, IndexError, ValueError, KeyError):
                continue
            if len(text) >= min_length and (max_length is None or len(text) <= max_length) and matches(pattern, text):
                return text
    return None


def _generated(generator: Rstr, pattern: str) -> str:
    # Python warns of what in a pattern may come to mean something else; the registry's are not written for Python.
    with warnings.catch_warnings(category=FutureWarning, action="ignore"):
        return str(generator.xeger(pattern))


class _Modest(random.Random):
    """Draws few repetitions and plain characters, so that what comes out is short and can be read."""

    def __init__(self, rng: random.Random, repetitions: int) -> None:
        super().__init__(rng.getrandbits(64))
        self._repetitions = repetitions

    def randint(self, a: int, b: int) -> int:
        return super().randint(a, max(a, min(b, a + self._repetitions)))

    def choice(self, seq: Sequence[_T]) -> _T:  # type: ignore[override]
        plain = [item for item in seq if isinstance(item, str) and len(item) == 1 and item.isascii() and item.isalnum()]
        return super().choice(plain or seq)
