"""The tables that stand for Cloud Control itself: any resource by the name of its type, and its requests.

Source: the operations GetResource, ListResources, GetResourceRequestStatus and ListResourceRequests; the names are
those of StackQL's ``awscc.cloud_control``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ccdbapi.catalog.model import REGION, Column, Handler, HandlerName, ResourceType, Table, TableKind

GENERIC_SERVICE = "cloud_control"

#: View of requests → the operations and the statuses that it shows; none for all.
REQUEST_VIEWS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "vw_cancelled_requests": ((), ("CANCEL_IN_PROGRESS", "CANCEL_COMPLETE")),
        "vw_create_requests": (("CREATE",), ()),
        "vw_delete_requests": (("DELETE",), ()),
        "vw_failed_requests": ((), ("FAILED",)),
        "vw_pending_requests": ((), ("PENDING", "IN_PROGRESS")),
        "vw_successful_requests": ((), ("SUCCESS",)),
        "vw_update_requests": (("UPDATE",), ()),
    }
)

_REGION = Column(REGION, "VARCHAR", None, nullable=False, comment="The AWS region.")
_TYPE_NAME = Column("TypeName", "VARCHAR", "/TypeName", nullable=False, comment="A resource type: AWS::S3::Bucket.")
_IDENTIFIER = Column("identifier", "VARCHAR", "/Identifier", nullable=False, comment="The primary identifier.")
_PROPERTIES = Column("properties", "JSON", "/Properties", comment="The resource's properties.")
_MODEL = Column("ResourceModel", "VARCHAR", "/ResourceModel", comment="What a type's list has to be given, as JSON.")

_EVENT = (
    Column("error_code", "VARCHAR", "/ErrorCode", comment="Why a failed request failed."),
    Column("event_time", "TIMESTAMP", "/EventTime", comment="When the request got into its state, in UTC."),
    Column("hooks_request_token", "VARCHAR", "/HooksRequestToken", comment="The token of the hooks' operation."),
    Column("identifier", "VARCHAR", "/Identifier", comment="The resource's primary identifier."),
    Column("operation", "VARCHAR", "/Operation", comment="CREATE, UPDATE or DELETE."),
    Column("operation_status", "VARCHAR", "/OperationStatus", comment="The state of the request."),
    Column(
        "request_token", "VARCHAR", "/RequestToken", nullable=False, comment="The request.", aliases=("RequestToken",)
    ),
    Column("resource_model", "JSON", "/ResourceModel", comment="The resource as it is to be, or has become."),
    Column("retry_after", "TIMESTAMP", "/RetryAfter", comment="When to ask for the status again, in UTC."),
    Column("status_message", "VARCHAR", "/StatusMessage", comment="What there is to say of the state."),
    Column("type_name", "VARCHAR", "/TypeName", comment="The resource's type.", aliases=("TypeName",)),
)
_HOOKS = Column("hooks_progress_event", "JSON", "/HooksProgressEvent", comment="What each of the hooks said.")
_FILTER = Column(
    "ResourceRequestStatusFilter",
    "VARCHAR",
    "/ResourceRequestStatusFilter",
    comment='Which requests to list, as JSON: {"OperationStatuses": ["FAILED"], "Operations": ["CREATE"]}.',
)


def _table(name: str, kind: TableKind, key: tuple[str, ...], columns: tuple[Column, ...], comment: str) -> Table:
    handler: HandlerName = "read" if kind == "get" else "list"
    handlers: dict[HandlerName, Handler] = {handler: Handler()}
    if name.startswith("resource_request"):
        handlers["delete"] = Handler()
    pseudo_type = ResourceType(
        name=f"{GENERIC_SERVICE} {name}",
        schema={},
        primary_identifier=key,
        required=(),
        read_only=frozenset(),
        create_only=frozenset(),
        write_only=frozenset(),
        handlers=handlers,
    )
    return Table(GENERIC_SERVICE, name, kind, pseudo_type, columns, comment)


GENERIC_TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            _table(
                "resource",
                "get",
                ("/TypeName", "/Identifier"),
                (_IDENTIFIER, _PROPERTIES, _REGION, _TYPE_NAME),
                "One resource of any type.",
            ),
            _table(
                "resources",
                "list",
                ("/TypeName", "/Identifier"),
                (_IDENTIFIER, _PROPERTIES, _REGION, _TYPE_NAME, _MODEL),
                "The resources of any type.",
            ),
            _table(
                "resource_request",
                "get",
                ("/RequestToken",),
                (*_EVENT, _HOOKS, _REGION),
                "One request to create, update or delete a resource. DELETE cancels it.",
            ),
            _table(
                "resource_requests",
                "list",
                ("/RequestToken",),
                (*_EVENT, _REGION, _FILTER),
                "The requests of the last seven days. DELETE cancels them.",
            ),
            *(
                _table(name, "list", ("/RequestToken",), (*_EVENT, _REGION), "Requests of the last seven days.")
                for name in REQUEST_VIEWS
            ),
        )
    }
)
