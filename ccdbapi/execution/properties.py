"""SQL values as the properties of a resource."""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
import uuid
from collections.abc import Mapping

from ccdbapi.catalog import Column, ResourceType, json_types
from ccdbapi.cloudcontrol.json_text import value_of
from ccdbapi.exceptions import DataError


def property_value(resource_type: ResourceType, column: Column, value: object) -> object:
    """``value`` as JSON of the types that the schema allows the property; NULL is None.

    Text is read as JSON where the schema wants something else than text. Raises `DataError` for what does not fit.
    """
    if value is None:
        return None
    types = json_types(resource_type.schema, str(column.pointer))
    if types == {"string"} and isinstance(value, decimal.Decimal):
        return _digits(value)
    try:
        plain = _plain(value)
    except ValueError as error:
        raise DataError(f"{column.name} takes {_list(types)}: {error}.") from None
    if isinstance(plain, str):
        return _from_text(column, plain, types)
    if not types or _json_type(plain) in types or ("number" in types and _json_type(plain) == "integer"):
        return plain
    if types == {"string"} and not isinstance(plain, dict | list):
        return json.dumps(plain)
    if "integer" in types and isinstance(plain, float) and plain.is_integer():
        return int(plain)
    raise DataError(f"{column.name} takes {_list(types)}, not {_json_type(plain)}.")


def _from_text(column: Column, text: str, types: frozenset[str]) -> object:
    if types == {"string"} or not types:
        return text
    if types == {"boolean"} and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        value = _plain(value_of(text))
    except (ValueError, RecursionError) as error:
        if "string" in types:
            return text
        raise DataError(f"{column.name} takes {_list(types)}, and the text given is not JSON: {error}.") from None
    kind = _json_type(value)
    if "string" in types and kind not in ("object", "array"):
        return text
    if kind in types or (kind == "integer" and "number" in types):
        return value
    if "string" in types:
        return text
    raise DataError(f"{column.name} takes {_list(types)}, and the text given is JSON for {kind}.")


def _characters(text: str) -> str:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("a text holds half of a surrogate pair, which is no character")
    return text


def _digits(value: decimal.Decimal) -> str:
    """All digits of the number, of which a JSON number may hold too few."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: object) -> object:
    """A value of the engine as JSON can hold it. Raises ValueError for one that it cannot."""
    match value:
        case str():
            return _characters(value)
        case decimal.Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime.datetime():
            return value.isoformat() if value.tzinfo else f"{value.isoformat()}Z"
        case datetime.date() | datetime.time():
            return value.isoformat()
        case uuid.UUID():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case datetime.timedelta():
            return value.total_seconds()
        case float() if not math.isfinite(value):
            raise ValueError(f"{value} is no number that JSON has")
        case Mapping():
            return {_characters(str(name)): _plain(member) for name, member in value.items()}
        case list() | tuple():
            return [_plain(member) for member in value]
    return value


def _json_type(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _list(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "any JSON"
