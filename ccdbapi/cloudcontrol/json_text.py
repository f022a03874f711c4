"""JSON text as the service reads it: strictly."""

from __future__ import annotations

import json


def value_of(text: str) -> object:
    """The value of ``text``. Raises ValueError for what is no JSON, as NaN, RecursionError for what is too deep."""
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")
