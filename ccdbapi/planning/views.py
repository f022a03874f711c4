"""The views and raw tables of the engine that stand for tables of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ccdbapi.catalog import GENERIC_SERVICE, IDENTIFIER, Column, Table
from ccdbapi.catalog.model import escape
from ccdbapi.catalog.schemas import property_at
from ccdbapi.engine.view import PROPERTIES, ExtractedColumn, RawTable, StoredColumn, View
from ccdbapi.planning.generic import generic_view_of
from ccdbapi.planning.plan import OptionName

CATALOG = "awscc"

#: Columns of a target for what a request may be given beside what it does: in SQL → in `RequestOptions`.
OPTION_COLUMNS: Mapping[str, OptionName] = {
    "ClientToken": "client_token",
    "RoleArn": "role_arn",
    "TypeVersionId": "type_version_id",
}

#: Where views are that users do not see.
_TARGETS, _RETURNING = "ccdbapi targets", "ccdbapi returning"

#: The members of a progress event that RETURNING shows, and their SQL types.
EVENT_COLUMNS = {
    "ErrorCode": "VARCHAR",
    "EventTime": "TIMESTAMP",
    "HooksRequestToken": "VARCHAR",
    "Identifier": "VARCHAR",
    "Operation": "VARCHAR",
    "OperationStatus": "VARCHAR",
    "RequestToken": "VARCHAR",
    "ResourceModel": "JSON",
    "RetryAfter": "TIMESTAMP",
    "StatusMessage": "VARCHAR",
    "TypeName": "VARCHAR",
    "HooksProgressEvent": "JSON",
}

#: The row's number, by which RETURNING keeps the order of the rows.
ROW_NUMBER = "ccdbapi row"

#: The whole resource as JSON text, in the view that an UPDATE reads: its new values are compared with that.
MODEL = "ccdbapi model"


def view_of(table: Table) -> View:
    """The view that users see as ``table``. What the planner has to see in predicates are columns of the raw table."""
    if table.service == GENERIC_SERVICE:
        return generic_view_of(CATALOG, table)
    if table.kind == "list":
        stored = tuple(column.pointer for column in table.columns if column.pointer)
        raw = RawTable(f"{table.resource_type.name} list", (*table.scope_columns, IDENTIFIER, *stored))
    else:
        raw = RawTable(
            table.resource_type.name,
            (
                *table.scope_columns,
                IDENTIFIER,
                *dict.fromkeys((*table.resource_type.primary_identifier, *_parents(table))),
                PROPERTIES,
            ),
        )
    return View(CATALOG, table.service, table.name, raw, tuple(_column(column, raw) for column in table.columns))


def target_view_of(table: Table) -> View:
    """The view that an UPDATE or DELETE sees: the table's columns, options of the request, and the resource itself.

    What no read shows has columns of its own in the raw table, which no row fills: so it is seen who asks for it.
    """
    view = view_of(table)
    options = tuple(name for name in OPTION_COLUMNS if table.column(name) is None and table.service != GENERIC_SERVICE)
    raw = RawTable(f"{view.table.name} target", (*view.table.columns, *options, *unseen_columns(table)))
    models = (StoredColumn(MODEL, PROPERTIES),) if PROPERTIES in view.table.columns else ()
    shown = tuple(_column(column, raw) for column in table.columns) if models else view.columns
    columns = (*shown, *(StoredColumn(name, name) for name in options), *models)
    return View(CATALOG, _TARGETS, f"{table.service}.{table.name}", raw, columns)


def unseen_columns(table: Table) -> Mapping[str, str]:
    """Pointer → name of the columns that a read never fills: write-only, as they are or in all that they consist of."""
    unseen = table.resource_type.write_only
    if not unseen:
        return {}
    known = {*table.resource_type.primary_identifier, *_parents(table)}
    return {
        column.pointer: column.name
        for column in table.columns
        if column.pointer is not None and column.pointer not in known and _made_of(table, column.pointer) <= unseen
    }


def _made_of(table: Table, pointer: str) -> frozenset[str]:
    """The property itself, if it is write-only or has no members that the schema names, else its members."""
    members = property_at(table.resource_type.schema, pointer).get("properties")
    if pointer in table.resource_type.write_only or not isinstance(members, Mapping) or not members:
        return frozenset({pointer})
    return frozenset(f"{pointer}/{escape(name)}" for name in members)


def returning_view_of(table: Table) -> View:
    """The view that RETURNING sees: the progress event, where it happened, and the resource, as far as it is known."""
    keys = table.resource_type.primary_identifier if table.service != GENERIC_SERVICE else ()
    raw = RawTable(
        f"{table.qualified_name} events", (ROW_NUMBER, *table.scope_columns, *EVENT_COLUMNS, *keys, PROPERTIES)
    )
    events = (
        *(StoredColumn(name, name, sql_type) for name, sql_type in EVENT_COLUMNS.items()),
        *(StoredColumn(name, name) for name in table.scope_columns),
        StoredColumn(ROW_NUMBER, ROW_NUMBER, "BIGINT"),
    )
    taken = {column.name.lower() for column in events}
    properties: list[StoredColumn | ExtractedColumn] = []
    for column in table.columns if table.service != GENERIC_SERVICE else ():
        for name in (column.name, *column.aliases, column.property_name):
            if column.pointer is not None and name is not None and name.lower() not in taken:
                taken.add(name.lower())
                properties.append(_column(replace(column, name=name), raw))
    return View(CATALOG, _RETURNING, f"{table.service}.{table.name}", raw, (*events, *properties))


def _parents(table: Table) -> Sequence[str]:
    """What the type's lists are by, as far as the table has it: what they need has to be seen in predicates, too."""
    listing = table.resource_type.handlers.get("list")
    named = {column.property_name: column.pointer for column in table.columns}
    pointers = (named.get(name) for name in (listing.parents if listing is not None else ()))
    return [pointer for pointer in pointers if pointer is not None]


def _column(column: Column, raw: RawTable) -> StoredColumn | ExtractedColumn:
    source = column.pointer or column.name
    if source in raw.columns:
        return StoredColumn(column.name, source, column.sql_type)
    return ExtractedColumn(column.name, source, column.sql_type)
