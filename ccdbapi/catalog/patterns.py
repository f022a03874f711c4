"""Regular expressions as registry schemas write them: whether a text matches."""

from __future__ import annotations

from functools import lru_cache

import regex

#: A schema's pattern may backtrack without end; a text that takes longer (seconds) counts as matching.
_MATCH_TIMEOUT = 0.5


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> regex.Pattern[str] | None:
    """The pattern, None where it is none in any dialect we know."""
    # Only the newer syntax knows the intersections of Java's expressions; it reads some plain ones differently.
    version = regex.V1 if "&&[" in pattern else regex.V0
    try:
        return regex.compile(pattern, version)
    except regex.error:
        return None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text, as JSON Schema asks. A pattern that cannot be read matches all."""
    expression = compiled(pattern)
    if expression is None:
        return True
    try:
        return expression.search(text, timeout=_MATCH_TIMEOUT) is not None
    except TimeoutError:
        return True
