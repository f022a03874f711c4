"""From the engine's values to those that PEP 249 cursors give."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

#: From the engine's value of a type to Python's. Values are whatever their type makes them, hence Any.
Converter = Callable[[Any], Any]


def converter_for(sql_type: DuckDBPyType) -> Converter | None:
    """How values of ``sql_type`` become Python's; None where they are so already.

    JSON becomes dicts, lists and scalars, also inside of lists, structs and maps.
    """
    if str(sql_type) == "JSON":
        return json.loads
    if str(sql_type) == "BIGNUM":
        return int
    match sql_type.id:
        case "list" | "array":
            ((_, member_type), *_) = _children(sql_type)
            member = converter_for(member_type)
            return None if member is None else _nullable_list(member)
        case "struct":
            members = {name: converter_for(member_type) for name, member_type in _children(sql_type)}
            return _nullable_struct(members) if any(members.values()) else None
        case "map":
            value = converter_for(dict(_children(sql_type))["value"])
            return None if value is None else lambda pairs: {key: _convert(value, item) for key, item in pairs.items()}
    return None


def _children(sql_type: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    return cast("list[tuple[str, DuckDBPyType]]", sql_type.children)


def _nullable_list(member: Converter) -> Converter:
    return lambda values: [_convert(member, value) for value in values]


def _nullable_struct(members: dict[str, Converter | None]) -> Converter:
    return lambda struct: {name: _convert(members[name], value) for name, value in struct.items()}


def _convert(converter: Converter | None, value: Any) -> Any:
    return value if converter is None or value is None else converter(value)


def row_converter(sql_types: list[DuckDBPyType]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]] | None:
    """How rows of these types become Python's; None where they are so already."""
    converters = [converter_for(sql_type) for sql_type in sql_types]
    if not any(converters):
        return None
    return lambda row: tuple(map(_convert, converters, row))
