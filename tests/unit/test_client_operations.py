"""The eight operations: what is asked of the service, and what is made of its answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

import pytest
from aws_contract import assert_members_fit
from scripted_transport import ScriptedTransport, error, ok
from virtual_time import EPOCH, LoopClock, run

from ccdbapi.cloudcontrol.client import Client, ResourceDescription
from ccdbapi.cloudcontrol.progress import HookProgressEvent, ProgressEvent
from ccdbapi.cloudcontrol.transport import Reply
from ccdbapi.exceptions import (
    ERROR_CLASSES,
    DatabaseError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)

T = TypeVar("T")

REGION, TYPE, ID = "eu-west-1", "AWS::SageMaker::Image", "arn:aws:sagemaker:eu-west-1:1:image/a|b"
ROLE = "arn:aws:iam::123456789012:role/for-cloud-control"
IN_PROGRESS = {"RequestToken": "token-1", "OperationStatus": "IN_PROGRESS", "TypeName": TYPE, "Operation": "CREATE"}


def client(transport: ScriptedTransport, **options: object) -> Client:
    return Client(transport, clock=LoopClock(), **{"rate_limit": None, **options})  # type: ignore[arg-type]


async def collect(pages: AsyncIterator[T]) -> list[T]:
    return [page async for page in pages]


EVERY_OPERATION: list[tuple[str, dict[str, object], Callable[[Client], Awaitable[object]]]] = [
    ("GetResource", {"TypeName": TYPE, "Identifier": ID}, lambda c: c.get_resource(REGION, TYPE, ID)),
    (
        "GetResource",
        {"TypeName": TYPE, "Identifier": ID, "RoleArn": ROLE, "TypeVersionId": "00000001"},
        lambda c: c.get_resource(REGION, TYPE, ID, role_arn=ROLE, type_version_id="00000001"),
    ),
    ("ListResources", {"TypeName": TYPE, "MaxResults": 100}, lambda c: collect(c.list_resources(REGION, TYPE))),
    (
        "ListResources",
        {"TypeName": TYPE, "ResourceModel": '{"A": 1}', "MaxResults": 100},
        lambda c: collect(c.list_resources(REGION, TYPE, resource_model='{"A": 1}')),
    ),
    (
        "CreateResource",
        {"TypeName": TYPE, "DesiredState": '{"A":"é"}', "ClientToken": "t-1"},
        lambda c: c.create_resource(REGION, TYPE, '{"A":"é"}', client_token="t-1"),
    ),
    (
        "UpdateResource",
        {"TypeName": TYPE, "Identifier": ID, "PatchDocument": "[]", "ClientToken": "t-1", "RoleArn": ROLE},
        lambda c: c.update_resource(REGION, TYPE, ID, "[]", client_token="t-1", role_arn=ROLE),
    ),
    (
        "DeleteResource",
        {"TypeName": TYPE, "Identifier": ID, "ClientToken": "t-1"},
        lambda c: c.delete_resource(REGION, TYPE, ID, client_token="t-1"),
    ),
    ("CancelResourceRequest", {"RequestToken": "token-1"}, lambda c: c.cancel_resource_request(REGION, "token-1")),
    (
        "GetResourceRequestStatus",
        {"RequestToken": "token-1"},
        lambda c: c.get_resource_request_status(REGION, "token-1"),
    ),
    ("ListResourceRequests", {"MaxResults": 100}, lambda c: collect(c.list_resource_requests(REGION))),
    (
        "ListResourceRequests",
        {
            "MaxResults": 100,
            "ResourceRequestStatusFilter": {"Operations": ["CREATE"], "OperationStatuses": ["FAILED", "SUCCESS"]},
        },
        lambda c: collect(
            c.list_resource_requests(REGION, operations=["CREATE"], operation_statuses=["FAILED", "SUCCESS"])
        ),
    ),
]
EVERYTHING = ok(
    ResourceDescription={"Identifier": ID, "Properties": "{}"},
    ResourceDescriptions=[],
    ProgressEvent=IN_PROGRESS,
    ResourceRequestStatusSummaries=[],
)


@pytest.mark.parametrize(("operation", "members", "call"), EVERY_OPERATION)
def test_the_request_has_the_members_that_the_service_model_asks_for(
    operation: str, members: dict[str, object], call: Callable[[Client], Awaitable[object]]
) -> None:
    transport = ScriptedTransport([EVERYTHING])

    async def main() -> None:
        await call(client(transport))

    run(main())
    assert transport.calls == [(operation, REGION, members)]
    assert_members_fit(operation, json.dumps(transport.calls[0][2]).encode())


def test_properties_are_handed_on_as_they_came() -> None:
    text = '{"Name" : "ü", "n": 1e400,\n "a": [1]}'
    transport = ScriptedTransport([ok(ResourceDescription={"Identifier": ID, "Properties": text})])
    assert run(client(transport).get_resource(REGION, TYPE, ID)) == text


def test_a_resource_that_does_not_exist_is_none() -> None:
    transport = ScriptedTransport([error("ResourceNotFoundException")])
    assert run(client(transport).get_resource(REGION, TYPE, ID)) is None


def test_a_type_that_does_not_exist_is_an_error() -> None:
    transport = ScriptedTransport([error("TypeNotFoundException")])
    with pytest.raises(ProgrammingError):
        run(client(transport).get_resource(REGION, TYPE, ID))


def page(*identifiers: str, token: str | None = None) -> Reply:
    descriptions = [{"Identifier": name, "Properties": "{}"} for name in identifiers]
    return ok(TypeName=TYPE, ResourceDescriptions=descriptions, **({"NextToken": token} if token else {}))


def test_a_list_follows_every_page_and_an_empty_one_too() -> None:
    transport = ScriptedTransport([page("a", "b", token="1"), page(token="2"), page("c")])

    pages = run(collect(client(transport).list_resources(REGION, TYPE)))

    assert pages == [
        [ResourceDescription("a", "{}"), ResourceDescription("b", "{}")],
        [],
        [ResourceDescription("c", "{}")],
    ]
    assert [payload.get("NextToken") for _, _, payload in transport.calls] == [None, "1", "2"]


def test_a_list_asks_for_no_page_that_nobody_wants() -> None:
    transport = ScriptedTransport([page("a", token="1")])

    async def first() -> list[ResourceDescription]:
        async with aclosing(client(transport).list_resources(REGION, TYPE)) as pages:
            return await anext(pages)

    assert len(run(first())) == 1
    assert len(transport.calls) == 1


@pytest.mark.parametrize("tokens", [["1", "1"], ["1", "2", "1"]])
def test_a_token_that_comes_again_ends_the_list_with_an_error(tokens: list[str]) -> None:
    transport = ScriptedTransport([page("a", token=token) for token in tokens])
    with pytest.raises(OperationalError, match="same NextToken twice"):
        run(collect(client(transport).list_resources(REGION, TYPE)))


def test_requests_are_listed_as_progress_events() -> None:
    transport = ScriptedTransport(
        [
            ok(ResourceRequestStatusSummaries=[IN_PROGRESS], NextToken="1"),
            ok(ResourceRequestStatusSummaries=[{**IN_PROGRESS, "RequestToken": "token-2"}]),
        ]
    )
    pages = run(collect(client(transport).list_resource_requests(REGION)))
    assert [[event.request_token for event in events] for events in pages] == [["token-1"], ["token-2"]]


def test_hooks_come_with_the_status() -> None:
    hook = {"HookTypeName": "My::Own::Hook", "HookStatus": "HOOK_COMPLETE_SUCCEEDED", "HookEventTime": 1.5}
    transport = ScriptedTransport([ok(ProgressEvent=IN_PROGRESS, HooksProgressEvent=[hook])])

    event = run(client(transport).get_resource_request_status(REGION, "token-1"))

    assert event.hooks == (
        HookProgressEvent(
            hook_type_name="My::Own::Hook",
            hook_status="HOOK_COMPLETE_SUCCEEDED",
            hook_event_time=datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize(("token", "calls"), [("hooks-1", 1), (None, 0)])
def test_what_hooks_said_of_a_request_that_failed_at_once_is_asked_for(token: str | None, calls: int) -> None:
    failed = {"OperationStatus": "FAILED", "RequestToken": "token-1", "HooksRequestToken": token}
    hook = {"HookTypeName": "My::Own::Hook", "HookStatus": "HOOK_COMPLETE_FAILED"}
    transport = ScriptedTransport([ok(ProgressEvent=failed, HooksProgressEvent=[hook])])
    event = run(client(transport).wait(REGION, ProgressEvent.from_wire(failed)))
    assert [each.hook_type_name for each in event.hooks] == ["My::Own::Hook"] * calls
    assert [operation for operation, *_ in transport.calls] == ["GetResourceRequestStatus"] * calls


@pytest.mark.parametrize("code", sorted(ERROR_CLASSES))
@pytest.mark.parametrize("spelling", ["{}", "com.amazonaws.cloudapiservice#{}", "{}:http://internal.amazon.com/coral/"])
def test_every_error_code_becomes_its_exception(code: str, spelling: str) -> None:
    transport = ScriptedTransport([error(spelling.format(code), message="said so")])

    with pytest.raises(DatabaseError, match="said so") as raised:
        run(client(transport, max_attempts=1).delete_resource(REGION, TYPE, ID, client_token="t-1"))

    assert type(raised.value) is ERROR_CLASSES[code]
    diag = raised.value.diag
    assert (diag.code, diag.operation, diag.region, diag.type_name, diag.identifier, diag.request_id) == (
        code, "DeleteResource", REGION, TYPE, ID, "request-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"__type": "Strange", "message": "in lower case"}, "Strange: in lower case"),
        ({"__type": "Strange"}, "Strange: no message was given"),
        ({"message": "from a proxy"}, "from a proxy"),
        ({}, "HTTP status 418"),
        ({"__type": 5, "Message": []}, "HTTP status 418"),
    ],
)
def test_an_unknown_error_says_what_is_known(body: dict[str, object], message: str) -> None:
    transport = ScriptedTransport([Reply(418, None, body)])
    with pytest.raises(OperationalError, match=message):
        run(client(transport).get_resource(REGION, TYPE, ID))


@pytest.mark.parametrize(
    ("reply", "missing", "call"),
    [
        (ok(), "ResourceDescription.Properties", lambda c: c.get_resource(REGION, TYPE, ID)),
        (ok(ResourceDescription={}), "ResourceDescription.Properties", lambda c: c.get_resource(REGION, TYPE, ID)),
        (ok(), "ResourceDescriptions", lambda c: collect(c.list_resources(REGION, TYPE))),
        (
            ok(ResourceDescriptions=[{}]),
            r"ResourceDescriptions\[\].Identifier",
            lambda c: collect(c.list_resources(REGION, TYPE)),
        ),
        (
            ok(ResourceDescriptions=[], NextToken=3),
            "NextToken",
            lambda c: collect(c.list_resources(REGION, TYPE)),
        ),
        (ok(ProgressEvent="x"), "ProgressEvent", lambda c: c.cancel_resource_request(REGION, "token-1")),
        (ok(), "ResourceRequestStatusSummaries", lambda c: collect(c.list_resource_requests(REGION))),
        (
            ok(ProgressEvent={"EventTime": "yesterday"}),
            "EventTime",
            lambda c: c.cancel_resource_request(REGION, "token-1"),
        ),
        (
            ok(ProgressEvent={"Identifier": 5}),
            "Identifier",
            lambda c: c.cancel_resource_request(REGION, "token-1"),
        ),
        (
            ok(ProgressEvent={}, HooksProgressEvent={"a": 1}),
            "HooksProgressEvent",
            lambda c: c.cancel_resource_request(REGION, "token-1"),
        ),
    ],
)
def test_an_answer_that_makes_no_sense_names_the_member(
    reply: Reply, missing: str, call: Callable[[Client], Awaitable[object]]
) -> None:
    async def main() -> None:
        await call(client(ScriptedTransport([reply])))

    with pytest.raises(OperationalError, match=missing):
        run(main())


@pytest.mark.parametrize(
    "options", [{"max_attempts": 0}, {"concurrency": 0}, {"rate_limit": -1}, {"rate_limit": float("nan")}]
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InterfaceError):
        client(ScriptedTransport([]), **options)


def test_close_closes_the_transport() -> None:
    transport = ScriptedTransport([])
    run(client(transport).close())
    assert transport.closed


def seconds(time: float) -> float:
    """The loop's time as the service writes it."""
    return EPOCH.timestamp() + time


def status(operation_status: str = "IN_PROGRESS", **members: object) -> Reply:
    return ok(ProgressEvent={**IN_PROGRESS, "OperationStatus": operation_status, **members})


@pytest.mark.parametrize("final", ["SUCCESS", "FAILED", "CANCEL_COMPLETE"])
def test_waiting_ends_with_a_final_event_whatever_it_is(final: str) -> None:
    transport = ScriptedTransport([status("PENDING"), status("CANCEL_IN_PROGRESS"), status(final)])
    event = run(client(transport).wait(REGION, ProgressEvent.from_wire(IN_PROGRESS)))
    assert event.operation_status == final
    assert {operation for operation, _, _ in transport.calls} == {"GetResourceRequestStatus"}


def test_a_final_event_is_not_asked_about() -> None:
    event = ProgressEvent(operation_status="SUCCESS")
    assert run(client(ScriptedTransport([])).wait(REGION, event)) is event


def test_without_a_retry_after_the_interval_doubles_up_to_a_cap() -> None:
    transport = ScriptedTransport([*[status()] * 7, status("SUCCESS")])
    run(client(transport).wait(REGION, ProgressEvent.from_wire(IN_PROGRESS)))
    times = [0.0, *transport.sent_at]
    assert [round(b - a, 6) for a, b in pairwise(times)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]


@pytest.mark.parametrize(
    ("members", "skew", "waited"),
    [
        pytest.param({"RetryAfter": seconds(3)}, 0, 3, id="as the service says"),
        pytest.param({"RetryAfter": seconds(3000)}, 0, 60, id="at most a minute"),
        pytest.param({"RetryAfter": seconds(-5)}, 0, 0.2, id="gone by: our own interval"),
        pytest.param({"RetryAfter": seconds(3)}, 3600, 0.2, id="our clock is an hour fast: our own interval"),
        pytest.param({"RetryAfter": seconds(3), "EventTime": seconds(0)}, -3600, 3, id="our clock is an hour slow"),
        pytest.param({"RetryAfter": seconds(0), "EventTime": seconds(0)}, 0, 0, id="the service wants no wait"),
    ],
)
def test_retry_after_is_honoured_within_reason(members: dict[str, object], skew: float, waited: float) -> None:
    transport = ScriptedTransport([status("SUCCESS")])
    first = ProgressEvent.from_wire({**IN_PROGRESS, **members})
    run(Client(transport, rate_limit=None, clock=LoopClock(skew)).wait(REGION, first))
    assert transport.sent_at == [pytest.approx(waited)]


def test_an_event_without_a_token_cannot_be_waited_for() -> None:
    with pytest.raises(OperationalError, match="no request token"):
        run(client(ScriptedTransport([])).wait(REGION, ProgressEvent(operation_status="PENDING")))


def test_waiting_can_be_cancelled_at_once() -> None:
    async def main() -> None:
        waiting = asyncio.create_task(
            client(ScriptedTransport([])).wait(
                REGION, ProgressEvent.from_wire({**IN_PROGRESS, "RetryAfter": seconds(50)})
            )
        )
        await asyncio.sleep(1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert asyncio.get_running_loop().time() == 1

    run(main())
