"""The requests of a write, as values, made from the rows of its source."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import jsonpatch

from ccdbapi.catalog import HandlerName, ResourceType
from ccdbapi.engine.session import Row
from ccdbapi.exceptions import DataError, InternalError, ProgrammingError
from ccdbapi.execution.properties import property_value
from ccdbapi.planning import CancelPlan, DeletePlan, InsertPlan, RequestOptions, UpdatePlan, WritePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that changes a resource. ``client_token`` is the same however often it has to be sent."""

    handler: HandlerName | Literal["cancel"]
    resource_type: ResourceType = field(repr=False)
    region: str
    identifier: str = ""
    #: The DesiredState of a create, the PatchDocument of an update: JSON text, which may hold secrets.
    document: str = field(default="", repr=False)
    client_token: str
    role_arn: str | None
    type_version_id: str | None


def requests_of(plan: WritePlan, rows: Sequence[Row]) -> list[Request]:
    """The requests that the rows of the plan's source come to.

    Raises `DataError` for a value that does not fit, naming its row and column, and for what is no patch document.
    """
    match plan:
        case InsertPlan():
            return [_create_request(plan, number, row) for number, row in enumerate(rows, 1)]
        case UpdatePlan():
            return [
                _request(plan, "update", region, identifier, RequestOptions(*options), _patch_document(document))
                for region, identifier, *options, document in rows
            ]
        case DeletePlan():
            return [
                _request(plan, "delete", region, identifier, RequestOptions(*options))
                for region, identifier, *options in rows
            ]
        case CancelPlan():
            return [_request(plan, "cancel", region, token, RequestOptions()) for region, token in rows]
    raise InternalError(f"There are no requests for a {type(plan).__name__}.")


def distinct(requests: list[Request]) -> list[Request]:
    """``requests``, if each has a client token of its own: a second one with the same would pass for a repetition."""
    tokens = {(request.region, request.client_token) for request in requests}
    if len(tokens) < len(requests):
        raise ProgrammingError(
            f"The statement makes {len(requests)} requests, and a client token stands for one: give each row a "
            "ClientToken of its own, or none."
        )
    return requests


def _create_request(plan: InsertPlan, number: int, row: Row) -> Request:
    region = plan.default_region
    options: dict[str, str] = {}
    state: dict[str, object] = {}
    for role, value in zip(plan.roles, row, strict=True):
        if role == "region":
            region = value
        elif isinstance(role, str):
            if value is not None:
                options[role] = str(value)
        elif value is not None:
            try:
                state[str(role.property_name)] = property_value(plan.table.resource_type, role, value)
            except DataError as error:
                raise DataError(f"Row {number} of INSERT INTO {plan.table.qualified_name}: {error}") from None
    if not isinstance(region, str) or not region:
        raise DataError(
            f"Row {number} of INSERT INTO {plan.table.qualified_name}: region must be text, not {region!r}."
        )
    return _request(plan, "create", region, "", RequestOptions(**options), json.dumps(state))


def _request(
    plan: WritePlan,
    handler: HandlerName | Literal["cancel"],
    region: str,
    identifier: str,
    options: RequestOptions,
    document: str = "",
) -> Request:
    return Request(
        handler=handler,
        resource_type=plan.table.resource_type,
        region=region,
        identifier=identifier,
        document=document,
        client_token=options.client_token or plan.options.client_token or str(uuid.uuid4()),
        role_arn=options.role_arn or plan.options.role_arn,
        type_version_id=options.type_version_id or plan.options.type_version_id,
    )


#: What an operation needs beside its path. RFC 6902, section 4; jsonpatch looks at it only when a patch is applied.
_OPERANDS = {"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from"}


def _patch_document(document: object) -> str:
    """The document as it stands, if it is one. RFC 6902, section 3: an array of operations."""
    text = document if isinstance(document, str) else json.dumps(document)
    try:
        operations = json.loads(text)
    except ValueError as error:
        raise DataError(f"PatchDocument is not JSON: {error}.") from None
    if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
        raise DataError('PatchDocument must be a list of operations: [{"op": "add", "path": "/…", "value": …}, …].')
    try:
        jsonpatch.JsonPatch(operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise DataError(f"PatchDocument is not valid by RFC 6902: {error}.") from None
    for operation in operations:
        lacking = _OPERANDS.get(operation["op"])
        if lacking is not None and lacking not in operation:
            raise DataError(f"PatchDocument is not valid by RFC 6902: {json.dumps(operation)} lacks {lacking!r}.")
    return text
