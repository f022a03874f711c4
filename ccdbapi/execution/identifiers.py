"""Identifiers of several parts: how the service is told them, and how they are taken apart.

Source: "Identifying resources" in the Cloud Control API user guide: the primary identifier as the values of its
properties, joined with ``|`` in the schema's order, or as a JSON object of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ccdbapi.catalog import Table
from ccdbapi.catalog.model import property_name
from ccdbapi.execution.properties import property_value
from ccdbapi.planning import Key


def address_of(table: Table, key: Key) -> str:
    """The identifier to send for the key: as JSON where a ``|`` in one of the parts makes the joined one ambiguous."""
    if not key.parts:
        return key.identifier
    columns = zip(table.identifier_columns, key.parts, strict=True)
    return json.dumps(
        {column.property_name: property_value(table.resource_type, column, part) for column, part in columns}
    )


def parts_of(table: Table, key: Key) -> Mapping[str, str]:
    """Pointer → value of the identifier's properties, as text; none where the key does not tell them apart."""
    pointers = table.resource_type.primary_identifier
    if key.parts:
        return dict(zip(pointers, key.parts, strict=True))
    named = _named(key.identifier)
    if named is not None:
        texts = {pointer: named.get(property_name(pointer)) for pointer in pointers}
        return {pointer: as_text(value) for pointer, value in texts.items() if value is not None}
    parts = [key.identifier] if len(pointers) == 1 else key.identifier.split("|")
    return dict(zip(pointers, parts, strict=True)) if len(parts) == len(pointers) else {}


def _named(identifier: str) -> Mapping[str, object] | None:
    if not identifier.startswith("{"):
        return None
    try:
        named = json.loads(identifier)
    except ValueError:
        return None
    return named if isinstance(named, dict) else None


def as_text(value: object) -> str:
    """A JSON value as the text of a raw table's column."""
    return value if isinstance(value, str) else json.dumps(value)
