"""The asynchronous client of the Cloud Control API: its eight operations, with retries, rate limits and paging.

Source: the service model ``cloudcontrol/2021-09-30``, signing name ``cloudcontrolapi``.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn

from ccdbapi.cloudcontrol.cache import CachingCaller, Memory
from ccdbapi.cloudcontrol.call import Call, Caller, Dispatch, Places
from ccdbapi.cloudcontrol.clock import Clock, SystemClock
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.cloudcontrol.retry import Backoff
from ccdbapi.cloudcontrol.transport import Answer, Transport
from ccdbapi.exceptions import DatabaseError, OperationalError, ProgrammingError

#: Resources, or requests, asked for in one page: the most that the service model allows.
PAGE_SIZE = 100
#: Seconds between two questions for a request's status, where the service names none: the first, and the longest.
FIRST_POLL, LONGEST_POLL = 0.2, 5.0
#: Seconds waited at most for one RetryAfter, whatever it says.
LONGEST_RETRY_AFTER = 60.0


@dataclass(frozen=True, slots=True)
class ResourceDescription:
    """A resource as a list names it. ``properties`` is JSON text, often of the identifier alone."""

    identifier: str
    properties: str | None = field(default=None, repr=False)


class Client:
    """Cloud Control of one account, in every region.

    ``rate_limit`` is requests a second in each region (None, 0 or infinity: no limit), ``max_attempts`` the tries of
    one call, ``concurrency`` the requests under way at once, or the places that it shares with other clients,
    ``cache_ttl`` the seconds for which reads are remembered (0: not at all; see `CachingCaller`), in ``memory``, which
    clients may share. ``account`` is the alias that errors name, if there are several accounts. Who is `observing` is
    told of each request. Every coroutine may be cancelled at any time. Each raises the PEP 249 exception of the
    service's error code (`ccdbapi.exceptions.ERROR_CLASSES`), and OperationalError where no answer came or the answer
    made no sense. Operations that change something keep the ``dispatch`` that they are given.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        rate_limit: float | None = 25.0,
        max_attempts: int = 10,
        concurrency: int | Places = 64,
        cache_ttl: float = 0,
        memory: Memory | None = None,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
        account: str = "",
    ) -> None:
        self._transport = transport
        self._clock = clock or SystemClock()
        caller = Caller(
            transport,
            rate_limit=rate_limit,
            max_attempts=max_attempts,
            concurrency=concurrency,
            clock=self._clock,
            backoff=backoff or Backoff(),
            account=account,
        )
        self._caller = (
            CachingCaller(caller, ttl=cache_ttl, clock=self._clock, memory=memory or Memory()) if cache_ttl else caller
        )

    @property
    def refreshing(self) -> Client:
        """The client as it is for reads that have to ask the service, whatever is remembered."""
        if isinstance(self._caller, Caller):
            return self
        other = copy.copy(self)
        other._caller = self._caller.refreshing()
        return other

    async def get_resource(
        self,
        region: str,
        type_name: str,
        identifier: str,
        *,
        role_arn: str | None = None,
        type_version_id: str | None = None,
    ) -> str | None:
        """The resource's properties, the JSON text as it came; None if it does not exist. AWS: GetResource."""
        call = Call(
            "GetResource",
            region,
            _members(TypeName=type_name, Identifier=identifier, RoleArn=role_arn, TypeVersionId=type_version_id),
        )
        with self._caller.reading(call) as send:
            try:
                reply = await send(call)
            except ProgrammingError as error:
                if error.diag.code == "ResourceNotFoundException":
                    return None
                raise
            description = reply.body.get("ResourceDescription")
            properties = description.get("Properties") if isinstance(description, Mapping) else None
            if not isinstance(properties, str):
                _malformed(call, reply, "ResourceDescription.Properties")
            return properties

    async def list_resources(
        self,
        region: str,
        type_name: str,
        *,
        resource_model: str | None = None,
        role_arn: str | None = None,
        type_version_id: str | None = None,
    ) -> AsyncGenerator[list[ResourceDescription], None]:
        """Every page of resources; a page may be empty. ``resource_model`` is JSON text. AWS: ListResources."""
        payload = _members(
            TypeName=type_name,
            ResourceModel=resource_model,
            RoleArn=role_arn,
            TypeVersionId=type_version_id,
            MaxResults=PAGE_SIZE,
        )
        async with aclosing(self._pages("ListResources", region, payload)) as pages:
            async for call, reply in pages:
                yield [_description(call, reply, item) for item in _list(call, reply, "ResourceDescriptions")]

    async def create_resource(
        self,
        region: str,
        type_name: str,
        desired_state: str,
        *,
        client_token: str,
        role_arn: str | None = None,
        type_version_id: str | None = None,
        dispatch: Dispatch | None = None,
    ) -> ProgressEvent:
        """Starts to create a resource; ``desired_state`` is JSON text. AWS: CreateResource."""
        return await self._progress(
            "CreateResource",
            region,
            _members(
                TypeName=type_name,
                DesiredState=desired_state,
                ClientToken=client_token,
                RoleArn=role_arn,
                TypeVersionId=type_version_id,
            ),
            dispatch,
        )

    async def update_resource(
        self,
        region: str,
        type_name: str,
        identifier: str,
        patch_document: str,
        *,
        client_token: str,
        role_arn: str | None = None,
        type_version_id: str | None = None,
        dispatch: Dispatch | None = None,
    ) -> ProgressEvent:
        """Starts to change a resource; ``patch_document`` is JSON text, RFC 6902. AWS: UpdateResource."""
        return await self._progress(
            "UpdateResource",
            region,
            _members(
                TypeName=type_name,
                Identifier=identifier,
                PatchDocument=patch_document,
                ClientToken=client_token,
                RoleArn=role_arn,
                TypeVersionId=type_version_id,
            ),
            dispatch,
        )

    async def delete_resource(
        self,
        region: str,
        type_name: str,
        identifier: str,
        *,
        client_token: str,
        role_arn: str | None = None,
        type_version_id: str | None = None,
        dispatch: Dispatch | None = None,
    ) -> ProgressEvent:
        """Starts to delete a resource. AWS: DeleteResource."""
        return await self._progress(
            "DeleteResource",
            region,
            _members(
                TypeName=type_name,
                Identifier=identifier,
                ClientToken=client_token,
                RoleArn=role_arn,
                TypeVersionId=type_version_id,
            ),
            dispatch,
        )

    async def cancel_resource_request(
        self, region: str, request_token: str, *, dispatch: Dispatch | None = None
    ) -> ProgressEvent:
        """Asks to cancel a request that is under way. AWS: CancelResourceRequest."""
        return await self._progress("CancelResourceRequest", region, {"RequestToken": request_token}, dispatch)

    async def get_resource_request_status(self, region: str, request_token: str) -> ProgressEvent:
        """How far a request is, and what hooks said of it. AWS: GetResourceRequestStatus."""
        return await self._progress("GetResourceRequestStatus", region, {"RequestToken": request_token})

    async def list_resource_requests(
        self, region: str, *, operations: Sequence[str] = (), operation_statuses: Sequence[str] = ()
    ) -> AsyncGenerator[list[ProgressEvent], None]:
        """Every page of the requests of the last seven days. AWS: ListResourceRequests."""
        wanted = _members(Operations=list(operations) or None, OperationStatuses=list(operation_statuses) or None)
        payload = _members(MaxResults=PAGE_SIZE, ResourceRequestStatusFilter=wanted or None)
        async with aclosing(self._pages("ListResourceRequests", region, payload)) as pages:
            async for call, reply in pages:
                yield [ProgressEvent.from_wire(item) for item in _list(call, reply, "ResourceRequestStatusSummaries")]

    async def wait(self, region: str, event: ProgressEvent) -> ProgressEvent:
        """Asks for the status of ``event``'s request until it is final, and returns that event, failed or not.

        What hooks said is told by the status alone: one that failed at once is asked for it.
        """
        if event.operation_status == "FAILED" and event.hooks_request_token and event.request_token and not event.hooks:
            return await self.get_resource_request_status(region, event.request_token)
        # "Ask again now" is taken at its word once; a service that keeps saying so is asked less and less often.
        interval = 0.0 if _wants_no_wait(event) else FIRST_POLL
        while not event.is_final:
            if event.request_token is None:
                raise OperationalError(
                    f"Cloud Control in {region} took on {event.operation} of {event.type_name} {event.identifier} but "
                    "gave no request token to follow it by."
                )
            due = self._until_retry_after(event)
            await self._clock.sleep(interval if due is None else due)
            if due is None:
                interval = min(interval * 2, LONGEST_POLL) or FIRST_POLL
            event = await self.get_resource_request_status(region, event.request_token)
        return event

    async def close(self) -> None:
        """Releases connections."""
        await self._transport.close()

    def _until_retry_after(self, event: ProgressEvent) -> float | None:
        """Seconds until the service wants to be asked again; None where it does not say, or said a time gone by.

        RetryAfter is a time of the service's clock, and ours may differ. An event is never older than its EventTime,
        so the time between the two, which needs no clock of ours, bounds the wait.
        """
        if event.retry_after is None:
            return None
        due = event.retry_after - self._clock.now()
        if event.event_time is not None:
            due = min(due, event.retry_after - event.event_time)
        return min(due.total_seconds(), LONGEST_RETRY_AFTER) if due > timedelta(0) else None

    async def _progress(
        self, operation: str, region: str, payload: Mapping[str, object], dispatch: Dispatch | None = None
    ) -> ProgressEvent:
        call = Call(operation, region, payload, dispatch or Dispatch())
        reply = await self._caller.send(call)
        event = reply.body.get("ProgressEvent")
        if not isinstance(event, Mapping):
            _malformed(call, reply, "ProgressEvent")
        return ProgressEvent.from_wire(event, reply.body.get("HooksProgressEvent"))

    async def _pages(
        self, operation: str, region: str, payload: Mapping[str, object]
    ) -> AsyncGenerator[tuple[Call, Answer], None]:
        seen: set[str] = set()
        call = Call(operation, region, payload)
        with self._caller.reading(call) as send:
            while True:
                try:
                    reply = await send(call)
                except DatabaseError as error:
                    raise (_broken_off(error, len(seen)) if seen else error) from error.__cause__
                yield call, reply
                token = reply.body.get("NextToken")
                if token is None:
                    return
                if not isinstance(token, str):
                    _malformed(call, reply, "NextToken")
                if token in seen:
                    raise OperationalError(
                        f"{operation} of {call.type_name or 'requests'} in {region} gave the same NextToken twice "
                        f"after {len(seen) + 1} pages; following it would never end.",
                        diag=call.diagnostics(reply=reply),
                    )
                seen.add(token)
                call = Call(operation, region, {**payload, "NextToken": token})


def _wants_no_wait(event: ProgressEvent) -> bool:
    """Whether the service wants to be asked again at the very time of the event."""
    return event.retry_after is not None and event.event_time is not None and event.retry_after <= event.event_time


def _members(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _description(call: Call, reply: Answer, item: Mapping[str, object]) -> ResourceDescription:
    identifier, properties = item.get("Identifier"), item.get("Properties")
    if not isinstance(identifier, str):
        _malformed(call, reply, "ResourceDescriptions[].Identifier")
    return ResourceDescription(identifier, properties if isinstance(properties, str) else None)


def _list(call: Call, reply: Answer, member: str) -> list[Mapping[str, object]]:
    items = reply.body.get(member)
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        _malformed(call, reply, member)
    return items


def _broken_off(error: DatabaseError, pages: int) -> OperationalError:
    """The error for a list whose next page could not be had: the first was answered, so the request was right.

    A list is not begun again by itself: rows of its first pages may have been handed out, and would come twice.
    """
    after = f"{pages} page{'s' if pages > 1 else ''}"
    why = "" if isinstance(error, OperationalError) else " (its NextToken may have expired)"
    return OperationalError(
        f"{error} The list broke off after {after}{why} and is not complete: run the statement again.", diag=error.diag
    )


def _malformed(call: Call, reply: Answer, member: str) -> NoReturn:
    raise OperationalError(
        f"{call.operation} of {call.type_name or 'a request'} in {call.region} was answered without a usable {member} "
        f"(HTTP status {reply.status}, request id {reply.request_id}). Is endpoint_url a Cloud Control endpoint?",
        diag=call.diagnostics(reply=reply),
    )
