"""Rows of raw tables, made from what Cloud Control answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from ccdbapi.catalog import ACCOUNT, ACCOUNT_ALIAS, IDENTIFIER, REGION
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.engine.stream import ArrowTable, Columns
from ccdbapi.engine.view import PROPERTIES
from ccdbapi.execution.events import event_members
from ccdbapi.execution.identifiers import address_of, as_text, parts_of
from ccdbapi.planning import (
    AnyKey,
    AnyListing,
    Facts,
    Key,
    Listing,
    RequestKey,
    RequestListing,
    Source,
    TypedKey,
    TypedListing,
)

#: Column of a raw table → its text. Missing columns are NULL.
Row = Mapping[str, str]


def fact_table(facts: Facts) -> ArrowTable:
    """Rows that are at hand, for the engine to pull."""
    columns = [[row.get(name) for row in facts.rows] for name in facts.raw.columns]
    return ArrowTable(facts.raw.columns, lambda: iter([columns]))


def known_row(source: Source, key: AnyKey) -> Row:
    """The row of a resource, or of a request, of which no more than its key is known."""
    match key:
        case RequestKey():
            return {**_scope(key), "/RequestToken": key.request_token}
        case TypedKey():
            return {**_scope(key), "/TypeName": key.type_name, "/Identifier": key.identifier}
        case Key():
            # Its identifier is what a write sends.
            return {**_scope(key), IDENTIFIER: address_of(source.table, key), **parts_of(source.table, key)}


def typed_row(origin: TypedKey | TypedListing, identifier: str, properties: str | None) -> Row:
    """The row of a resource of any type; ``properties``, JSON text, may hold few of its properties."""
    row = {**_scope(origin), "/TypeName": origin.type_name, "/Identifier": identifier}
    return row if properties is None else row | {"/Properties": properties}


def request_row(origin: RequestKey | RequestListing, event: ProgressEvent) -> Row:
    """The row of a request, as its progress event shows it."""
    members = {f"/{name}": value for name, value in event_members(event).items() if value is not None}
    return {**_scope(origin), **members}


def resource_row(source: Source, key: Key, properties: str) -> Row:
    """The row of a resource as GetResource shows it; ``properties`` is JSON text."""
    row = _key_columns(key) | {PROPERTIES: properties}
    if source.is_target:
        row[IDENTIFIER] = address_of(source.table, key)
    pointers = [column for column in source.columns if column.startswith("/")]
    # What is write-only stands in the identifier alone.
    return row | {**parts_of(source.table, key), **model_columns(properties, pointers)} if pointers else row


def listed_row(source: Source, listing: Listing, identifier: str, properties: str | None) -> Row:
    """The row of a resource as ListResources shows it; ``properties``, JSON text, may hold few of its properties."""
    key = Key(listing.region, identifier, account=listing.account)
    # The parents as they were asked for: some services take several names for one, and all of these rows are under it.
    parents = {f"/{name}": value for name, value in listing.parents}
    row = {**_key_columns(key), **parts_of(source.table, key), **parents}
    lacking = [column for column in source.columns if column.startswith("/") and column not in row]
    return row | model_columns(properties, lacking) if lacking and properties is not None else row


def columns_of(source: Source, rows: Iterable[Row]) -> Columns:
    """The rows as columns of the source's raw table; columns that the statement does not need are NULL."""
    kept = list(rows)
    return [_column(source, name, kept) for name in source.raw.columns]


def size_of(row: Row) -> int:
    """About how many bytes a row takes."""
    return sum(map(len, row.values()))


def _column(source: Source, name: str, rows: Sequence[Row]) -> Sequence[str | None]:
    if name not in source.columns:
        return [None] * len(rows)
    if name == ACCOUNT:
        return [source.account_ids[row[ACCOUNT_ALIAS]] for row in rows]
    if name in source.constants:
        return [source.constants[name]] * len(rows)
    return [row.get(name) for row in rows]


def _key_columns(key: Key) -> dict[str, str]:
    return {**_scope(key), IDENTIFIER: key.identifier}


def _scope(origin: AnyKey | AnyListing) -> dict[str, str]:
    """Where a row is of. A raw table has a column for the account only where there are several."""
    return {REGION: origin.region, ACCOUNT_ALIAS: origin.account}


def model_columns(properties: str, pointers: Iterable[str]) -> dict[str, str]:
    """Pointer → what it points to in the JSON text ``properties``, as a raw table's column has it, if it is there."""
    model = json.loads(properties)
    values = {pointer: _resolve(model, pointer) for pointer in pointers}
    return {pointer: as_text(value) for pointer, value in values.items() if value is not None}


def _resolve(model: object, pointer: str) -> object:
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        model = model.get(name) if isinstance(model, Mapping) else None
    return model
