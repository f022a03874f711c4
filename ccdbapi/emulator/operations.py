"""The eight operations of Cloud Control, for one caller at one moment."""

from __future__ import annotations

import hashlib
import json
import random
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping

from ccdbapi.catalog import Catalog, HandlerName, ResourceType
from ccdbapi.emulator import paging, pointers
from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.generation import Maker, identifier_of
from ccdbapi.emulator.hooks import Invocation, invoked
from ccdbapi.emulator.identifiers import primary_identifier
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.pointers import Json
from ccdbapi.emulator.progress import Failure, Operation, Request
from ccdbapi.emulator.states import State, as_text, merged, split
from ccdbapi.emulator.store import Resource, Scope, Store
from ccdbapi.emulator.updates import patched
from ccdbapi.emulator.validation import check_model, given_read_only, object_of

#: How long a client token and a request are remembered, in seconds.
CLIENT_TOKEN_LIFETIME = 36 * 3600.0
REQUEST_LIFETIME = 7 * 24 * 3600.0

_DEFAULT_REQUESTS = 20


class Operations:
    """Carries operations out for the caller in ``scope`` at ``now`` (epoch seconds).

    Each method takes the parsed, checked input of the operation of its name and gives its output; refusals are
    raised as `ServiceError`. To be used within one transaction of the store.
    """

    def __init__(
        self, options: Options, store: Store, catalog: Catalog, scope: Scope, *, now: float, rng: random.Random
    ) -> None:
        self._options = options
        self._store = store
        self._catalog = catalog
        self._scope = scope
        self._now = now
        self._rng = rng

    def by_name(self) -> Mapping[str, Callable[[Json], Json]]:
        """The methods by the names of their operations."""
        return {
            "CancelResourceRequest": self.cancel_resource_request,
            "CreateResource": self.create_resource,
            "DeleteResource": self.delete_resource,
            "GetResource": self.get_resource,
            "GetResourceRequestStatus": self.get_resource_request_status,
            "ListResourceRequests": self.list_resource_requests,
            "ListResources": self.list_resources,
            "UpdateResource": self.update_resource,
        }

    # Resources.

    def create_resource(self, given: Json) -> Json:
        resource_type = self._type(given, "create")

        def plan() -> Request:
            desired = object_of(str(given["DesiredState"]), "DesiredState")
            if read_only := given_read_only(resource_type, desired):
                named = ", ".join(f"/properties{pointer}" for pointer in read_only)
                reason = f"Encountered unsupported properties: readOnlyProperties [{named}] cannot be specified"
                identifier = self._given_identifier(resource_type, desired)
                failure = Failure(code="InvalidRequest", message=reason)
                return self._request("CREATE", given, identifier, failure=failure)
            check_model(resource_type, desired)
            maker = Maker(resource_type, desired, self._scope, now=self._now, rng=self._rng)
            state = maker.complete()
            identifier = identifier_of(resource_type, state)
            self._exclude_others(resource_type, identifier)
            return self._request("CREATE", given, identifier, split(resource_type, state))

        return self._accepted("CREATE", given, plan)

    def update_resource(self, given: Json) -> Json:
        resource_type = self._type(given, "update")

        def plan() -> Request:
            self._exclude_others(resource_type, self._identifier(resource_type, given))
            resource = self._resource(resource_type, given)
            changed = patched(resource_type, json.loads(resource.visible), str(given["PatchDocument"]))
            # Write-only properties that the patch does not set again stay as they are.
            state = merged(json.loads(resource.hidden), changed)
            check_model(resource_type, pointers.blanked(state, resource_type.read_only))
            return self._request("UPDATE", given, resource.identifier, split(resource_type, state))

        return self._accepted("UPDATE", given, plan)

    def delete_resource(self, given: Json) -> Json:
        resource_type = self._type(given, "delete")

        def plan() -> Request:
            identifier = self._identifier(resource_type, given)
            self._exclude_others(resource_type, identifier)
            return self._request("DELETE", given, identifier)

        return self._accepted("DELETE", given, plan)

    def get_resource(self, given: Json) -> Json:
        resource = self._resource(self._type(given, "read"), given)
        return {
            "TypeName": given["TypeName"],
            "ResourceDescription": {"Identifier": resource.identifier, "Properties": resource.visible},
        }

    def list_resources(self, given: Json) -> Json:
        resource_type = self._type(given, "list")
        selected = self._selection(resource_type, given)
        limit = min(_whole(given.get("MaxResults"), self._options.page_size), self._options.page_size)
        after = paging.position(given.get("NextToken"), resource_type.name, start=0)
        # One more than fits tells whether another page follows.
        found: list[tuple[Resource, Json]] = []
        for resource in self._resources(resource_type, after, limit + 1):
            visible = json.loads(resource.visible)
            # What reads never show may still select.
            known = merged(json.loads(resource.hidden), visible)
            if all(known.get(name, value) == value for name, value in selected.items()):
                found.append((resource, visible))
            if len(found) > limit:
                break
        answer: Json = {
            "TypeName": resource_type.name,
            "ResourceDescriptions": [
                {
                    "Identifier": resource.identifier,
                    "Properties": as_text(pointers.only(visible, resource_type.primary_identifier)),
                }
                for resource, visible in found[:limit]
            ],
        }
        if len(found) > limit:
            answer["NextToken"] = paging.next_token(resource_type.name, found[limit - 1][0].seq)
        return answer

    # Resource requests.

    def get_resource_request_status(self, given: Json) -> Json:
        request = self._known_request(given)
        status = request.status(self._now)
        hooks = {"HooksProgressEvent": request.hook_events(status)} if request.hooks else {}
        return {"ProgressEvent": request.event(status), **hooks}

    def cancel_resource_request(self, given: Json) -> Json:
        request = self._known_request(given)
        status = request.status(self._now)
        if status not in ("PENDING", "IN_PROGRESS"):
            raise refusal(
                "ConcurrentModificationException",
                f"The request with RequestToken {request.token} cannot be cancelled: its status is {status}.",
            )
        self._store.put_request(self._scope, request.canceled())
        return {"ProgressEvent": request.event("CANCEL_IN_PROGRESS")}

    def list_resource_requests(self, given: Json) -> Json:
        criteria = given.get("ResourceRequestStatusFilter")
        criteria = criteria if isinstance(criteria, dict) else {}
        limit = _whole(given.get("MaxResults"), _DEFAULT_REQUESTS)
        before = paging.position(given.get("NextToken"), "requests", start=sys.maxsize)
        found: list[tuple[int, Json]] = []
        for seq, request in self._store.requests(self._scope, before):
            event = request.event(request.status(self._now))
            if all(
                not criteria.get(wanted) or event[member] in criteria[wanted]
                for wanted, member in (("Operations", "Operation"), ("OperationStatuses", "OperationStatus"))
            ):
                found.append((seq, event))
            if len(found) > limit:
                break
        answer: Json = {"ResourceRequestStatusSummaries": [event for _, event in found[:limit]]}
        if len(found) > limit:
            answer["NextToken"] = paging.next_token("requests", found[limit - 1][0])
        return answer

    def settle(self) -> None:
        """Carries out the effects of all requests whose time has come."""
        for request in self._store.requests_due(self._scope, self._now):
            failure = request.failure or self._effect(request)
            self._store.put_request(self._scope, request.settled(failure))

    def _effect(self, request: Request) -> Failure | None:
        assert request.identifier is not None  # noqa: S101 - only requests that fail have none
        of = f"Resource of type '{request.type_name}' with identifier '{request.identifier}'"
        exists = self._store.resource(self._scope, request.type_name, request.identifier) is not None
        if request.operation == "CREATE" and exists:
            return Failure(code="AlreadyExists", message=f"{of} already exists.")
        if request.operation != "CREATE" and not exists:
            return Failure(code="NotFound", message=f"{of} was not found.")
        if request.operation == "DELETE":
            self._store.delete_resource(self._scope, request.type_name, request.identifier)
        else:
            visible, hidden = request.visible or "{}", request.hidden or "{}"
            self._store.put_resource(self._scope, request.type_name, request.identifier, visible, hidden)
        return None

    def _accepted(self, operation: Operation, given: Json, plan: Callable[[], Request]) -> Json:
        """The first event of a new request, or the present one of the request that this one repeats."""
        client_token = given.get("ClientToken")
        if client_token is not None:
            since = self._now - CLIENT_TOKEN_LIFETIME
            earlier = self._store.request_of_client(self._scope, str(client_token), since)
            if earlier is not None and earlier.fingerprint != _fingerprint(operation, given):
                raise refusal(
                    "ClientTokenConflictException",
                    f"ClientToken {client_token} is already associated with an existing operation"
                    f" with RequestToken {earlier.token}",
                )
            if earlier is not None:
                return {"ProgressEvent": earlier.event(earlier.status(self._now))}
        request = plan()
        self._store.forget_requests(self._scope, self._now - REQUEST_LIFETIME)
        self._store.put_request(self._scope, request)
        return {"ProgressEvent": request.event("PENDING")}

    def _exclude_others(self, resource_type: ResourceType, identifier: str) -> None:
        busy = self._store.request_under_way(self._scope, resource_type.name, identifier)
        if busy is not None:
            raise refusal(
                "ConcurrentOperationException",
                f"Another {busy.operation} operation with RequestToken {busy.token} is in progress on resource"
                f" '{identifier}' of type '{resource_type.name}'.",
            )

    def _request(
        self,
        operation: Operation,
        given: Json,
        identifier: str | None,
        state: State | None = None,
        failure: Failure | None = None,
    ) -> Request:
        hooks = self._invoked_hooks(operation, given, identifier, state) if failure is None else ()
        if refusing := [hook.type_name for hook in hooks if hook.refuses]:
            message = f"The following hook(s) failed: [{', '.join(refusing)}]"
            failure = Failure(code="GeneralServiceException", message=message)
        return Request(
            token=self._uuid(),
            client_token=str(given.get("ClientToken") or self._uuid()),
            fingerprint=_fingerprint(operation, given),
            operation=operation,
            type_name=str(given["TypeName"]),
            identifier=identifier,
            created_at=self._now,
            settles_at=self._now + self._options.settle,
            visible=state.visible if state else None,
            hidden=state.hidden if state else None,
            failure=failure,
            hooks=hooks,
        )

    def _invoked_hooks(
        self, operation: Operation, given: Json, identifier: str | None, state: State | None
    ) -> tuple[Invocation, ...]:
        if not self._options.hooks:
            return ()
        type_name = str(given["TypeName"])
        resource = None if identifier is None else self._store.resource(self._scope, type_name, identifier)
        visible, hidden = state or ((resource.visible, resource.hidden) if resource else ("{}", "{}"))
        properties = merged(json.loads(hidden), json.loads(visible))
        return invoked(self._options.hooks, *self._scope, type_name, operation, properties)

    def _known_request(self, given: Json) -> Request:
        request = self._store.request(self._scope, str(given["RequestToken"]))
        if request is None or request.created_at < self._now - REQUEST_LIFETIME:
            raise refusal("RequestTokenNotFoundException", f"Request with token {given['RequestToken']} was not found.")
        return request

    def _type(self, given: Json, handler: HandlerName) -> ResourceType:
        resource_type = self._catalog.find_resource_type(str(given["TypeName"]))
        if resource_type is None:
            raise refusal("TypeNotFoundException", f"The type '{given['TypeName']}' cannot be found.")
        if handler not in resource_type.handlers:
            raise refusal(
                "UnsupportedActionException",
                f"Resource type {resource_type.name} does not support {handler.upper()} action",
            )
        return resource_type

    def _identifier(self, resource_type: ResourceType, given: Json) -> str:
        return primary_identifier(self._store, self._scope, resource_type, str(given["Identifier"]))

    def _resource(self, resource_type: ResourceType, given: Json) -> Resource:
        identifier = self._identifier(resource_type, given)
        resource = self._store.resource(self._scope, resource_type.name, identifier)
        if resource is None:
            raise refusal(
                "ResourceNotFoundException",
                f"Resource of type '{resource_type.name}' with identifier '{identifier}' was not found.",
            )
        return resource

    def _resources(self, resource_type: ResourceType, after: int, chunk: int) -> Iterator[Resource]:
        while page := self._store.resources(self._scope, resource_type.name, after, chunk):
            yield from page
            after = page[-1].seq

    def _selection(self, resource_type: ResourceType, given: Json) -> Json:
        """The properties by which the list handler selects, checked for those that it needs."""
        handler = resource_type.handlers["list"]
        model = object_of(str(given["ResourceModel"]), "ResourceModel") if "ResourceModel" in given else {}
        missing = [name for name in handler.required if model.get(name) is None]
        if (
            not missing
            and handler.alternatives
            and not any(set(names) <= model.keys() for names in handler.alternatives)
        ):
            missing = list(handler.alternatives[0])
        if missing:
            named = "\n".join(f"#: required key [{name}] not found" for name in missing)
            raise refusal(
                "InvalidRequestException",
                f"Missing or invalid ResourceModel property in {resource_type.name} list handler request input."
                f"Required property: ({named})",
            )
        return {name: value for name, value in model.items() if name in handler.parents}

    def _given_identifier(self, resource_type: ResourceType, desired: Json) -> str | None:
        values = [pointers.value(desired, pointer) for pointer in resource_type.primary_identifier]
        return None if None in values else identifier_of(resource_type, desired)

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))


def _fingerprint(operation: Operation, given: Json) -> str:
    relevant = {name: value for name, value in given.items() if name != "ClientToken"}
    return hashlib.sha256(f"{operation}{json.dumps(relevant, sort_keys=True)}".encode()).hexdigest()


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) else default
