"""The tables of a resource type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ccdbapi.catalog import schemas
from ccdbapi.catalog.model import IDENTIFIER, REGION, Column, HandlerName, ResourceType, Table, TableKind, escape

if TYPE_CHECKING:
    from ccdbapi.catalog.records import Entry, Record

#: What the name of a list table ends with.
LIST_SUFFIX = "_list_only"

#: The handler that a table needs.
HANDLERS: Mapping[TableKind, HandlerName] = MappingProxyType({"get": "read", "list": "list"})

_REGION = Column(REGION, "VARCHAR", None, nullable=False, comment="The AWS region of the resource.")
_IDENTIFIER = Column(
    IDENTIFIER,
    "VARCHAR",
    None,
    nullable=False,
    comment="The primary identifier in Cloud Control; a composite one joins its parts with |.",
)


class TableSummary(NamedTuple):
    """What can be told of a table without its type's schema. ``operations`` are those of the type."""

    name: str
    kind: TableKind
    type_name: str
    operations: tuple[HandlerName, ...]


def summarize(entry: Entry) -> Iterator[TableSummary]:
    """The tables of a type."""
    if HANDLERS["get"] in entry.handlers:
        yield TableSummary(entry.table, "get", entry.type_name, entry.handlers)
    if HANDLERS["list"] in entry.handlers:
        yield TableSummary(entry.table + LIST_SUFFIX, "list", entry.type_name, entry.handlers)


def summary_of(table: Table) -> TableSummary:
    """The summary of a table that is at hand."""
    return TableSummary(table.name, table.kind, table.resource_type.name, tuple(table.resource_type.handlers))


def make_table(entry: Entry, record: Record, resource_type: ResourceType, kind: TableKind) -> Table:
    """The table of the type, with ``region`` first, then its properties, and ``Identifier`` last.

    A ``list`` table has the identifier's properties and those that the list handler takes, in this order.
    """
    suffix = LIST_SUFFIX if kind == "list" else ""
    pointers = (
        (*schemas.listed_pointers(resource_type), *record.listed)
        if kind == "list"
        else schemas.property_pointers(resource_type)
    )
    columns = (_column(pointer, record, resource_type) for pointer in dict.fromkeys(pointers))
    comment = resource_type.schema.get("description")
    return Table(
        service=entry.service,
        name=entry.table + suffix,
        kind=kind,
        resource_type=resource_type,
        columns=(_REGION, *columns, _IDENTIFIER),
        comment=comment.strip() or None if isinstance(comment, str) else None,
        aliases=tuple(alias + suffix for alias in entry.aliases),
    )


def _column(pointer: str, record: Record, resource_type: ResourceType) -> Column:
    return Column(
        name=record.columns[pointer],
        sql_type=schemas.sql_type(resource_type.schema, pointer),
        pointer=pointer,
        nullable=pointer not in resource_type.primary_identifier,
        comment=schemas.description(resource_type.schema, pointer),
        aliases=tuple(record.aliases.get(pointer, ())),
        required=pointer in {f"/{escape(name)}" for name in resource_type.required},
        read_only=pointer in resource_type.read_only,
        create_only=pointer in resource_type.create_only,
        write_only=pointer in resource_type.write_only,
    )
