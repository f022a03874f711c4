"""The values of a result, as text and as JSON."""

from __future__ import annotations

import base64
import datetime
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


def to_json(value: object) -> Json:
    """A value of a result as JSON has it.

    Times are ISO 8601, bytes base64; a number that JSON's readers would take for another one is text, what is no number
    is null.
    """
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return float(value) if Decimal(repr(float(value))) == value else str(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return {to_text(key): to_json(item) for key, item in value.items()}
        case list() | tuple():
            return [to_json(item) for item in value]
    return str(value)


def to_text(value: object) -> str:
    """A value of a result as a line of text has it; None is nothing, objects and arrays are JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case Decimal() | float():
            return str(value)
    plain = to_json(value)
    return plain if isinstance(plain, str) else dump(plain)


def dump(value: Json) -> str:
    """JSON as one line of text."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
