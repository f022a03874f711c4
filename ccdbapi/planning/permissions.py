"""What whoever runs a plan has to be allowed in IAM: the least policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ccdbapi.catalog import Catalog, HandlerName, ResourceType
from ccdbapi.planning.plan import (
    AnyKey,
    AnyListing,
    Calls,
    CancelPlan,
    DeletePlan,
    Feed,
    Gets,
    InsertPlan,
    Key,
    Knowns,
    Listing,
    Lists,
    Plan,
    QueryPlan,
    RequestKey,
    RequestListing,
    Scans,
    Source,
    TypedKey,
    TypedListing,
    UpdatePlan,
    WritePlan,
)

#: The action of Cloud Control itself that each handler's caller needs. Source: Service Authorization Reference,
#: "AWS Cloud Control API". None of them can be limited to some resources.
ACTIONS: Mapping[HandlerName | Literal["cancel"], str] = {
    "cancel": "cloudformation:CancelResourceRequest",
    "create": "cloudformation:CreateResource",
    "read": "cloudformation:GetResource",
    "update": "cloudformation:UpdateResource",
    "delete": "cloudformation:DeleteResource",
    "list": "cloudformation:ListResources",
}
_STATUS = "cloudformation:GetResourceRequestStatus"
_LIST_REQUESTS = "cloudformation:ListResourceRequests"
_PASS_ROLE = "iam:PassRole"  # noqa: S105

#: Whose handlers work in the caller's name.
CALLER = "caller"

#: A role that only the statement's rows will tell.
ANY_ROLE = "RoleArn"

Policy = Mapping[str, object]


@dataclass(slots=True)
class _Needs:
    """Principal → the actions that it needs, and the roles that the caller passes on."""

    actions: dict[str, set[str]] = field(default_factory=lambda: {CALLER: set()})
    roles: set[str] = field(default_factory=set)

    def call(self, action: str) -> None:
        self.actions[CALLER].add(action)

    def handle(self, role: str | None, permissions: Iterable[str]) -> None:
        """What a handler does, it does in the name of ``role``, where the request has one."""
        self.actions.setdefault(role or CALLER, set()).update(permissions)
        if role is not None:
            self.roles.add(role)


def policies_of(plan: Plan, catalog: Catalog, *, wait: bool, role_in_rows: bool) -> Mapping[str, Policy]:
    """Principal → its policy: the caller's, and that of each role that the plan's requests name.

    ``wait`` says whether a statement that does not say so itself waits until its requests are final, ``role_in_rows``
    that a write's rows give the role.
    """
    needs = _Needs()
    if isinstance(plan, QueryPlan):
        _add_query(needs, plan, catalog)
    else:
        _add_query(needs, plan.source, catalog)
        _add_write(needs, plan, role_in_rows=role_in_rows)
        if plan.awaited or (plan.awaited is None and wait):
            needs.call(_STATUS)
    return {principal: _policy(principal, needs) for principal in needs.actions}


def _add_query(needs: _Needs, plan: QueryPlan, catalog: Catalog) -> None:
    for source in plan.sources:
        for calls in source.parts:
            _add_calls(needs, source, calls, catalog, plan.options.role_arn)


def _add_calls(needs: _Needs, source: Source, calls: Calls, catalog: Catalog, role: str | None) -> None:
    if isinstance(calls, Scans):
        _add_handler(needs, "list", source.table.resource_type, role)
        _add_handler(needs, "read", source.table.resource_type, role)
        return
    for call in _wanted(calls):
        match call:
            case Feed():
                handler: HandlerName = "read" if isinstance(calls, Gets) else "list"
                _add_handler(needs, handler, source.table.resource_type, role)
            case Key():
                _add_handler(needs, "read", source.table.resource_type, role)
            case TypedKey():
                _add_handler(needs, "read", catalog.find_resource_type(call.type_name), role)
            case RequestKey():
                needs.call(_STATUS)
            case Listing():
                _add_handler(needs, "list", source.table.resource_type, role)
            case TypedListing():
                _add_handler(needs, "list", catalog.find_resource_type(call.type_name), role)
            case RequestListing():
                needs.call(_LIST_REQUESTS)


def _wanted(calls: Gets | Lists | Knowns) -> Sequence[AnyKey | AnyListing | Feed]:
    match calls:
        case Gets(wanted) | Lists(wanted):
            return [wanted] if isinstance(wanted, Feed) else wanted
        case Knowns():
            return ()


def _add_write(needs: _Needs, plan: WritePlan, *, role_in_rows: bool) -> None:
    resource_type = plan.table.resource_type
    for role in _roles(plan, role_in_rows=role_in_rows):
        match plan:
            case InsertPlan():
                _add_handler(needs, "create", resource_type, role)
                _add_returning(needs, plan, role)
            case UpdatePlan():
                _add_handler(needs, "update", resource_type, role)
                _add_returning(needs, plan, role)
                # Cloud Control applies the patch to what the read handler shows. User guide, "Updating a resource".
                if "read" in resource_type.handlers:
                    needs.handle(role, resource_type.handlers["read"].permissions)
            case DeletePlan():
                _add_handler(needs, "delete", resource_type, role)
            case CancelPlan():
                needs.call(ACTIONS["cancel"])


def _add_returning(needs: _Needs, plan: WritePlan, role: str | None) -> None:
    """What RETURNING shows of a resource is read where the event does not have it."""
    if plan.returning is not None and plan.returning.shows_resources:
        _add_handler(needs, "read", plan.table.resource_type, role)


def _add_handler(needs: _Needs, handler: HandlerName, resource_type: ResourceType | None, role: str | None) -> None:
    """``resource_type`` is None for one that the catalogue does not know, and so not its permissions either."""
    needs.call(ACTIONS[handler])
    known = resource_type.handlers.get(handler) if resource_type is not None else None
    needs.handle(role, () if known is None else known.permissions)


def _roles(plan: WritePlan, *, role_in_rows: bool) -> Iterator[str | None]:
    if role_in_rows:
        yield ANY_ROLE
    else:
        constants = (_constant_role(source) for source in plan.source.sources)
        yield plan.options.role_arn or next(filter(None, constants), None)


def _constant_role(source: Source) -> str | None:
    return source.constants.get("RoleArn")


def _policy(principal: str, needs: _Needs) -> Policy:
    statements: list[Policy] = []
    actions = _distinct(needs.actions[principal])
    if actions:
        statements.append({"Effect": "Allow", "Action": actions, "Resource": "*"})
    if principal == CALLER and needs.roles:
        roles = ["*"] if ANY_ROLE in needs.roles else sorted(needs.roles)
        statements.append({"Effect": "Allow", "Action": [_PASS_ROLE], "Resource": roles})
    return {"Version": "2012-10-17", "Statement": statements}


def _distinct(actions: Iterable[str]) -> Sequence[str]:
    """Each action once, sorted; IAM takes them in any case."""
    return sorted({action.lower(): action for action in sorted(actions)}.values(), key=str.lower)
