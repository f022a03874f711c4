"""The requests of a write, as values, made from the rows of its source."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ccdbapi.catalog import Column, HandlerName, ResourceType
from ccdbapi.cloudcontrol import patch
from ccdbapi.cloudcontrol.limits import objection
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.engine.session import Row
from ccdbapi.exceptions import DataError, InternalError, NotSupportedError, ProgrammingError
from ccdbapi.execution.objections import Objections, changed_violations, new_violations
from ccdbapi.execution.patching import patch_document
from ccdbapi.execution.properties import property_value
from ccdbapi.planning import CancelPlan, DeletePlan, InsertPlan, Role, UpdatePlan, WritePlan
from ccdbapi.planning.plan import OptionName

#: A row of a plan's source: what its columns mean → their values.
NamedRow = Mapping[Role, object]

#: As many characters of an identifier name it in a message.
_LONGEST_NAMED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that changes a resource. ``client_token`` is the same however often it has to be sent."""

    handler: HandlerName | Literal["cancel"]
    resource_type: ResourceType = field(repr=False)
    region: str
    account: str = ""
    identifier: str = ""
    #: The DesiredState of a create, the PatchDocument of an update: JSON text, which may hold secrets.
    document: str = field(default="", repr=False)
    client_token: str
    role_arn: str | None
    type_version_id: str | None
    #: By which the service knows a request that it took on before; such a one is not sent again, but followed.
    request_token: str | None = None
    #: Whether it may have been sent before, by whoever recorded it.
    resumed: bool = False
    #: The resource as it was, as JSON text, where RETURNING shows what is gone afterwards.
    model: str | None = field(default=None, repr=False)

    @property
    def is_guarded(self) -> bool:
        """Whether it changes the resource only where that is as ``test`` operations say."""
        return self.handler == "update" and any(each.get("op") == "test" for each in json.loads(self.document))

    def failed(self, event: ProgressEvent) -> bool:
        """Whether ``event`` is that of a request that was not carried out. To cancel one is to have it cancelled."""
        return event.is_final and not event.succeeded and (self.handler, event.operation_status) != _CANCELLED


_CANCELLED = ("cancel", "CANCEL_COMPLETE")


def requests_of(plan: WritePlan, rows: Sequence[Row], objections: Objections, which: str = "") -> list[Request]:
    """The requests that the rows of the plan's source come to, if there are no ``objections`` to their values.

    Those go by the row and ``which`` plan it is of. Raises `NotSupportedError` for what no UPDATE can change.
    """
    named = [dict(zip(plan.roles, row, strict=True)) for row in rows]
    match plan:
        case InsertPlan():
            return [
                _create_request(
                    plan, f"{which}Row {number} of INSERT INTO {plan.table.qualified_name}", row, objections
                )
                for number, row in enumerate(named, 1)
            ]
        case UpdatePlan():
            _check_distinct(plan, named)
            updates = [_update_request(plan, f"{which}UPDATE", row, objections) for row in named]
            return [request for request in updates if request is not None]
        case DeletePlan() | CancelPlan():
            handler: Literal["delete", "cancel"] = "delete" if isinstance(plan, DeletePlan) else "cancel"
            verb = f"{which}DELETE FROM"
            return [_request(plan, handler, _named(plan, verb, row), row, objections) for row in named]
    raise InternalError(f"There are no requests for a {type(plan).__name__}.")


def request_row(request: Request) -> dict[str, object]:
    """The request as a row of EXPLAIN shows it."""
    documents = {"create": "desired_state", "update": "patch_document"}
    return {
        "operation": _OPERATIONS[request.handler],
        "type_name": request.resource_type.name,
        "account": request.account or None,
        "region": request.region,
        "identifier": request.identifier or None,
        "role_arn": request.role_arn,
        "type_version_id": request.type_version_id,
        **({documents[request.handler]: request.document} if request.handler in documents else {}),
    }


_OPERATIONS = {
    "create": "CreateResource",
    "update": "UpdateResource",
    "delete": "DeleteResource",
    "cancel": "CancelResourceRequest",
}


def _create_request(plan: InsertPlan, where: str, row: NamedRow, objections: Objections) -> Request:
    located: NamedRow = {"region": plan.default_region, **row, "account_alias": _account_alias(plan, row, where)}
    region = located["region"]
    if not isinstance(region, str) or not region:
        raise DataError(f"{where}: region must be text, not {region!r}.")
    values = _properties(plan, row, where, objections)
    given = {name: value for name, value in values.items() if value is not None}
    state = json.dumps(given)
    if len(values) == sum(isinstance(role, Column) for role in row):
        objections.add(where, new_violations(plan.table.resource_type, given))
    return _request(plan, "create", where, located, objections, state)


def _account_alias(plan: InsertPlan, row: NamedRow, where: str) -> str:
    """The account that the row names, by its id, its alias, or both."""
    named = [
        alias
        for alias, number in plan.accounts.items()
        if row.get("account_alias", alias) == alias and row.get("account", number) == number
    ]
    if len(named) == 1:
        return named[0]
    given = " and ".join(f"{role} {row[role]!r}" for role in _ACCOUNT_ROLES if role in row)
    known = ", ".join(alias if number is None else f"{alias} ({number})" for alias, number in plan.accounts.items())
    which = f"is that of {' and '.join(named)}: give account_alias" if named else "is none of the connection"
    raise DataError(f"{where}: {given} {which}; its accounts are {known}.")


_ACCOUNT_ROLES: tuple[Role, ...] = ("account", "account_alias")


def _update_request(plan: UpdatePlan, verb: str, row: NamedRow, objections: Objections) -> Request | None:
    """The UpdateResource of the row, None where the resource has all the values already."""
    where = _named(plan, verb, row)
    try:
        document = _patch_document(plan, row, where, objections)
    except NotSupportedError as error:
        raise NotSupportedError(f"{where}: {error}") from None
    except DataError as error:
        objections.add(where, [str(error)])
        return None
    return None if document is None else _request(plan, "update", where, row, objections, document)


def _patch_document(plan: UpdatePlan, row: NamedRow, where: str, objections: Objections) -> str | None:
    if "patch_document" in row:
        return patch.checked(row["patch_document"])
    model: Mapping[str, object] = json.loads(str(row["properties"]))
    values = _properties(plan, row, where, objections)
    objections.add(where, changed_violations(plan.table.resource_type, model, values))
    return patch_document(plan.table.resource_type, model, values)


def _properties(plan: WritePlan, row: NamedRow, where: str, objections: Objections) -> dict[str, object]:
    """The values that the row has for properties, by property name, as JSON of their types; those that fit them."""
    values: dict[str, object] = {}
    for role, value in row.items():
        if isinstance(role, Column):
            try:
                values[str(role.property_name)] = property_value(plan.table.resource_type, role, value)
            except DataError as error:
                objections.add(where, [str(error)])
    return values


def _check_distinct(plan: UpdatePlan, rows: Sequence[NamedRow]) -> None:
    """Raise unless there is one row for each resource: nobody knows which of several values is meant."""
    counts = Counter((row.get("account_alias"), row["region"], row["identifier"]) for row in rows)
    several = [identifier for (*_, identifier), count in counts.items() if count > 1]
    if several:
        raise ProgrammingError(
            f"UPDATE {plan.table.qualified_name} gives {counts.most_common(1)[0][1]} different values for one resource "
            f"({several[0]}): each may have one row in FROM."
        )


def _request(
    plan: WritePlan,
    handler: HandlerName | Literal["cancel"],
    where: str,
    row: NamedRow,
    objections: Objections,
    document: str = "",
) -> Request:
    def option(name: OptionName) -> str | None:
        value = row.get(name)
        return getattr(plan.options, name) if value is None else str(value)

    request = Request(
        handler=handler,
        resource_type=plan.table.resource_type,
        region=str(row["region"]),
        account=str(row.get("account_alias") or ""),
        identifier=str(row.get("identifier") or row.get("request_token") or ""),
        document=document,
        client_token=option("client_token") or str(uuid.uuid4()),
        role_arn=option("role_arn"),
        type_version_id=option("type_version_id"),
        model=str(row["properties"]) if handler == "delete" and "properties" in row else None,
    )
    objections.add(where, _beyond_limits(request))
    return request


def _beyond_limits(request: Request) -> Sequence[str]:
    """What of the request Cloud Control would not take."""
    members = {
        "ClientToken": request.client_token,
        "RoleArn": request.role_arn,
        "TypeVersionId": request.type_version_id,
        "RequestToken" if request.handler == "cancel" else "Identifier": request.identifier or None,
        "PatchDocument" if request.handler == "update" else "DesiredState": request.document or None,
    }
    objections = (objection(member, text) for member, text in members.items() if text is not None)
    return [text for text in objections if text is not None]


def _named(plan: WritePlan, verb: str, row: NamedRow) -> str:
    identifier = str(row.get("identifier") or row.get("request_token"))
    return (
        f"{verb} {plan.table.qualified_name} of {identifier[:_LONGEST_NAMED]}{'…' * (len(identifier) > _LONGEST_NAMED)}"
    )
