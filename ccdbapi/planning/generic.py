"""Plans the tables that stand for Cloud Control itself: any type by name, and requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain, product

from ccdbapi.catalog import ACCOUNT_ALIAS, REGION, REQUEST_VIEWS, Table
from ccdbapi.engine.domain import Box, Domain
from ccdbapi.engine.view import RawTable, StoredColumn, View
from ccdbapi.exceptions import DataError, ProgrammingError
from ccdbapi.planning.plan import Gets, Lists, RequestKey, RequestListing, TypedKey, TypedListing
from ccdbapi.planning.scopes import Scopes

#: The values that ListResourceRequests can filter by. Source: ``Operation`` and ``OperationStatus`` of the model.
OPERATIONS = ("CREATE", "DELETE", "UPDATE")
STATUSES = ("PENDING", "IN_PROGRESS", "SUCCESS", "FAILED", "CANCEL_IN_PROGRESS", "CANCEL_COMPLETE")

_TYPE, _IDENTIFIER, _MODEL, _TOKEN = "/TypeName", "/Identifier", "/ResourceModel", "/RequestToken"
_OPERATION, _STATUS = "/Operation", "/OperationStatus"

#: The column that takes ListResourceRequests' filter as it stands; one value for the whole statement.
FILTER_COLUMN = "/ResourceRequestStatusFilter"


def generic_view_of(catalog: str, table: Table) -> View:
    """The view that users see as ``table``; all that it shows is in its raw table."""
    pointers = tuple(column.pointer for column in table.columns if column.pointer is not None)
    raw = RawTable(table.resource_type.name, (*table.scope_columns, *pointers))
    columns = tuple(
        StoredColumn(column.name, column.pointer or column.name, column.sql_type) for column in table.columns
    )
    return View(catalog, table.service, table.name, raw, columns)


def generic_calls_of(table: Table, domain: Domain, scopes: Scopes) -> Gets | Lists:
    """The calls that show every row that ``domain`` can hold.

    ``scopes`` has where to ask where the statement does not say. Raises `ProgrammingError` for a missing predicate,
    `DataError` for a filter that is none.
    """
    boxes = list(chain.from_iterable(map(scopes.spread, domain.boxes)))
    match table.name:
        case "resource":
            rows = _combinations(table, boxes, (REGION, _TYPE, _IDENTIFIER, ACCOUNT_ALIAS))
            return Gets(tuple(dict.fromkeys(TypedKey(*row) for row in rows)))
        case "resources":
            return Lists(tuple(dict.fromkeys(_typed_listings(table, boxes))))
        case "resource_request":
            rows = _combinations(table, boxes, (REGION, _TOKEN, ACCOUNT_ALIAS))
            return Gets(tuple(dict.fromkeys(RequestKey(*row) for row in rows)))
    return Lists(tuple(_request_listings(table, boxes)))


def generic_key_columns(table: Table) -> tuple[tuple[str, ...], ...]:
    """The columns, beside the region, that tell which calls to make."""
    needed = {"resource": (_TYPE, _IDENTIFIER), "resources": (_TYPE,), "resource_request": (_TOKEN,)}
    return (needed.get(table.name, ()),)


def _combinations(table: Table, boxes: Iterable[Box], columns: Sequence[str]) -> Iterable[tuple[str, ...]]:
    for box in boxes:
        lacking = [column for column in columns if column not in box]
        if lacking:
            raise _missing(table, lacking, columns)
        yield from product(*(box[column] for column in columns))


def _typed_listings(table: Table, boxes: Sequence[Box]) -> Iterable[TypedListing]:
    for box in boxes:
        models: Iterable[str | None] = box.get(_MODEL, (None,))
        scopes = _combinations(table, [box], (REGION, _TYPE, ACCOUNT_ALIAS))
        for (region, type_name, account), model in product(scopes, models):
            yield TypedListing(region, type_name, model, account)


def _request_listings(table: Table, boxes: Sequence[Box]) -> Iterable[RequestListing]:
    """One list for each region of an account, as two could show the same request twice."""
    for region, account in dict.fromkeys(_combinations(table, boxes, (REGION, ACCOUNT_ALIAS))):
        here = [box for box in boxes if region in box[REGION] and account in box[ACCOUNT_ALIAS]]
        shown = REQUEST_VIEWS.get(table.name, ((), ()))
        given = _filters(here)
        operations = _narrowed(OPERATIONS, shown[0], given[0], _allowed(here, _OPERATION))
        statuses = _narrowed(STATUSES, shown[1], given[1], _allowed(here, _STATUS))
        if operations and statuses:
            yield RequestListing(
                region,
                () if len(operations) == len(OPERATIONS) else operations,
                () if len(statuses) == len(STATUSES) else statuses,
                account,
            )


def _narrowed(values: Sequence[str], *allowed: Iterable[str]) -> tuple[str, ...]:
    """Those of ``values`` that every one of ``allowed`` has; one that is empty allows all."""
    sets = [set(some) for some in allowed if some]
    return tuple(value for value in values if all(value in some for some in sets))


def _allowed(boxes: Sequence[Box], column: str) -> Iterable[str]:
    """The values that the boxes give the column; none if one of them leaves it open."""
    if any(column not in box for box in boxes):
        return ()
    return {value for box in boxes for value in box[column]}


def _filters(boxes: Sequence[Box]) -> tuple[Iterable[str], Iterable[str]]:
    """The operations and statuses that ``ResourceRequestStatusFilter`` asks for. AWS: ListResourceRequests."""
    texts = {text for box in boxes for text in box.get(FILTER_COLUMN, ())}
    if not texts:
        return (), ()
    (text,) = texts  # the planner has seen to it that there is one
    try:
        wanted = json.loads(text)
    except ValueError as error:
        raise DataError(f"ResourceRequestStatusFilter is not JSON: {error}.") from None
    if not isinstance(wanted, dict) or not wanted.keys() <= {"Operations", "OperationStatuses"}:
        raise DataError('ResourceRequestStatusFilter must be like {"Operations": [...], "OperationStatuses": [...]}.')
    operations, statuses = wanted.get("Operations", []), wanted.get("OperationStatuses", [])
    for given, known in ((operations, OPERATIONS), (statuses, STATUSES)):
        if not isinstance(given, list) or not set(given) <= set(known):
            raise DataError(f"ResourceRequestStatusFilter knows {', '.join(known)}, not {json.dumps(given)}.")
    return operations, statuses


def _missing(table: Table, lacking: Sequence[str], needed: Sequence[str]) -> ProgrammingError:
    needed = [column for column in needed if column != ACCOUNT_ALIAS]  # that is known in any case
    names = {column: column.removeprefix("/") for column in needed}
    examples = {REGION: "us-east-1", _TYPE: "AWS::S3::Bucket", _IDENTIFIER: "<identifier>", _TOKEN: "<request token>"}
    where = " AND ".join(f"{names[column]} = '{examples[column]}'" for column in needed)
    return ProgrammingError(
        f"{table.qualified_name} needs {' and '.join(names[column] for column in lacking)} in WHERE: by =, IN or an "
        f"expression that is constant. For example: SELECT * FROM {table.qualified_name} WHERE {where};"
    )
