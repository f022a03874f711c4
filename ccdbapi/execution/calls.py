"""The calls that a source of rows names, each made when it is awaited."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Coroutine, Iterator

from ccdbapi.catalog import REGION
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.exceptions import ProgrammingError
from ccdbapi.execution.access import explained
from ccdbapi.execution.rows import Row, listed_row, request_row, resource_row
from ccdbapi.planning import (
    GenericGets,
    GenericLists,
    Gets,
    Key,
    Listing,
    Lists,
    RequestGets,
    RequestKey,
    RequestListing,
    RequestLists,
    RequestOptions,
    Source,
    TypedKey,
    TypedListing,
)


def get_rows(
    client: Client, source: Source, calls: Gets | GenericGets | RequestGets, options: RequestOptions
) -> Iterator[Coroutine[object, object, Row | None]]:
    """The row of each key, None where it does not exist."""
    match calls:
        case Gets(keys):
            yield from (_get(client, source, key, options) for key in keys)
        case GenericGets(keys):
            yield from (_get_typed(client, key, options) for key in keys)
        case RequestGets(keys):
            yield from (_get_request(client, key) for key in keys)


def list_rows(
    client: Client, source: Source, calls: Lists | GenericLists | RequestLists, options: RequestOptions
) -> Iterator[AsyncGenerator[list[Row]]]:
    """The rows of each listing, page by page."""
    match calls:
        case Lists(listings):
            yield from (_list(client, source, listing, options) for listing in listings)
        case GenericLists(listings):
            yield from (_list_typed(client, listing, options) for listing in listings)
        case RequestLists(listings):
            yield from (_list_requests(client, listing) for listing in listings)


async def _get(client: Client, source: Source, key: Key, options: RequestOptions) -> Row | None:
    resource_type = source.table.resource_type
    with explained(resource_type, "read"):
        properties = await client.get_resource(
            key.region,
            resource_type.name,
            key.identifier,
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
    if properties is None:
        return None
    return {
        REGION: key.region,
        "/TypeName": key.type_name,
        "/Identifier": key.identifier,
        "/Properties": properties,
    }


async def _get_request(client: Client, key: RequestKey) -> Row | None:
    try:
        event = await client.get_resource_request_status(key.region, key.request_token)
    except ProgrammingError as error:
        if error.diag.code == "RequestTokenNotFoundException":
            return None
        raise
    return request_row(key.region, event)


async def _list(client: Client, source: Source, listing: Listing, options: RequestOptions) -> AsyncGenerator[list[Row]]:
    resource_type = source.table.resource_type
    with explained(resource_type, "list"):
        async for page in client.list_resources(
            listing.region,
            resource_type.name,
            resource_model=json.dumps(dict(listing.parents)) if listing.parents else None,
            role_arn=options.role_arn,
            type_version_id=options.type_version_id,
        ):
            yield [listed_row(source, listing, item.identifier, item.properties) for item in page]


async def _list_typed(client: Client, listing: TypedListing, options: RequestOptions) -> AsyncGenerator[list[Row]]:
    constant = {REGION: listing.region, "/TypeName": listing.type_name}
    if listing.resource_model is not None:
        constant["/ResourceModel"] = listing.resource_model
    async for page in client.list_resources(
        listing.region,
        listing.type_name,
        resource_model=listing.resource_model,
        role_arn=options.role_arn,
        type_version_id=options.type_version_id,
    ):
        yield [
            {**constant, "/Identifier": item.identifier}
            | ({"/Properties": item.properties} if item.properties is not None else {})
            for item in page
        ]


async def _list_requests(client: Client, listing: RequestListing) -> AsyncGenerator[list[Row]]:
    async for page in client.list_resource_requests(
        listing.region, operations=listing.operations, operation_statuses=listing.statuses
    ):
        yield [request_row(listing.region, event) for event in page]
