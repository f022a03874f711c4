"""The calls that a source of rows names, each made when it is awaited."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from ccdbapi.catalog import Table
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.exceptions import ProgrammingError
from ccdbapi.execution.access import explained
from ccdbapi.execution.identifiers import address_of
from ccdbapi.execution.properties import property_value
from ccdbapi.execution.rows import Row, listed_row, request_row, resource_row, typed_row
from ccdbapi.planning import (
    AnyKey,
    AnyListing,
    Key,
    Listing,
    RequestKey,
    RequestListing,
    RequestOptions,
    Source,
    TypedKey,
    TypedListing,
)


async def get_row(client: Client, source: Source, key: AnyKey, options: RequestOptions) -> Row | None:
    """The row of the key, None where there is none."""
    match key:
        case Key():
            return await _get(client, source, key, options)
        case TypedKey():
            return await _get_typed(client, key, options)
        case RequestKey():
            return await _get_request(client, key)


def list_rows(
    client: Client, source: Source, listing: AnyListing, options: RequestOptions
) -> AsyncGenerator[list[Row]]:
    """The rows of the listing, page by page."""
    match listing:
        case Listing():
            return _list(client, source, listing, options)
        case TypedListing():
            return _list_typed(client, listing, options)
        case RequestListing():
            return _list_requests(client, listing)


async def _get(client: Client, source: Source, key: Key, options: RequestOptions) -> Row | None:
    resource_type = source.table.resource_type
    with explained(resource_type, "read"):
        properties = await client.get_resource(
            key.region,
            resource_type.name,
            address_of(source.table, key),
            role_arn=options.role_arn,
            type_version_id=options.type_version_id,
        )
    return None if properties is None else resource_row(source, key, properties)


async def _get_typed(client: Client, key: TypedKey, options: RequestOptions) -> Row | None:
    properties = await client.get_resource(
        key.region,
        key.type_name,
        key.identifier,
        role_arn=options.role_arn,
        type_version_id=options.type_version_id,
    )
    return None if properties is None else typed_row(key, key.identifier, properties)


async def _get_request(client: Client, key: RequestKey) -> Row | None:
    try:
        event = await client.get_resource_request_status(key.region, key.request_token)
    except ProgrammingError as error:
        if error.diag.code == "RequestTokenNotFoundException":
            return None
        raise
    return request_row(key, event)


async def _list(client: Client, source: Source, listing: Listing, options: RequestOptions) -> AsyncGenerator[list[Row]]:
    resource_type = source.table.resource_type
    with explained(resource_type, "list"):
        async for page in client.list_resources(
            listing.region,
            resource_type.name,
            resource_model=_model(source.lists or source.table, listing),
            role_arn=options.role_arn,
            type_version_id=options.type_version_id,
        ):
            yield [listed_row(source, listing, item.identifier, item.properties) for item in page]


def _model(table: Table, listing: Listing) -> str | None:
    """What the list is selected by, as JSON of the types that the schema gives the properties."""
    if not listing.parents:
        return None
    columns = {column.property_name: column for column in table.parents}
    return json.dumps(
        {name: property_value(table.resource_type, columns[name], value) for name, value in listing.parents}
    )


async def _list_typed(client: Client, listing: TypedListing, options: RequestOptions) -> AsyncGenerator[list[Row]]:
    given = {} if listing.resource_model is None else {"/ResourceModel": listing.resource_model}
    async for page in client.list_resources(
        listing.region,
        listing.type_name,
        resource_model=listing.resource_model,
        role_arn=options.role_arn,
        type_version_id=options.type_version_id,
    ):
        yield [{**given, **typed_row(listing, item.identifier, item.properties)} for item in page]


async def _list_requests(client: Client, listing: RequestListing) -> AsyncGenerator[list[Row]]:
    async for page in client.list_resource_requests(
        listing.region, operations=listing.operations, operation_statuses=listing.statuses
    ):
        yield [request_row(listing, event) for event in page]
