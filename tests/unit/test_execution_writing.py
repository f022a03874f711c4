"""Requests that change resources: in which order they are sent, and that each is accounted for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pytest
from scripted_transport import ScriptedTransport, error, ok
from virtual_time import LoopClock, run

from ccdbapi.catalog import Handler, HandlerName, ResourceType
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.cloudcontrol.transport import Reply, TransportError
from ccdbapi.exceptions import DatabaseError, OperationalError, ProgrammingError
from ccdbapi.execution import writing as writing_module
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.requests import Request
from ccdbapi.execution.writing import Writing

TYPE = ResourceType(
    name="Test::Shop::Thing",
    schema={},
    primary_identifier=("/Name",),
    required=(),
    read_only=frozenset(),
    create_only=frozenset(),
    write_only=frozenset(),
    handlers={name: Handler(permissions=(f"shop:{name.title()}Thing",)) for name in ("create", "update", "delete")},
)
ENDLESS = Patience(None)

#: What the service does with a request: (operation, payload, how often this request was asked for) → its answer.
Service = Callable[[str, Mapping[str, object], int], Reply | Exception]


def request(handler: HandlerName, identifier: str = "", token: str | None = None, region: str = "a") -> Request:
    return Request(
        handler=handler,
        resource_type=TYPE,
        region=region,
        identifier=identifier,
        document="[]" if handler == "update" else "{}",
        client_token=token or f"{handler}-{identifier}",
        role_arn=None,
        type_version_id=None,
    )


def event(payload: Mapping[str, object], status: str, **members: object) -> Reply:
    identifier = payload.get("Identifier") or str(payload.get("RequestToken", "")).removeprefix("request-") or "made"
    token = f"request-{identifier}"
    return ok(
        ProgressEvent={
            "Identifier": identifier,
            "RequestToken": token,
            "OperationStatus": status,
            "Operation": "UPDATE",
        }
        | members
    )


def service(answer: Service) -> ScriptedTransport:
    asked: Counter[str] = Counter()

    def respond(operation: str, region: str, payload: Mapping[str, object]) -> Reply | Exception:
        asked[str(payload)] += 1
        return answer(operation, payload, asked[str(payload)])

    return ScriptedTransport(respond, latency=0.1)


def writing(transport: ScriptedTransport, requests: Sequence[Request], *, awaited: bool = True) -> Writing:
    client = Client(transport, rate_limit=None, max_attempts=1, clock=LoopClock())
    return Writing(lambda _: client, requests, awaited=awaited)


def carry_out(
    transport: ScriptedTransport, *requests: Request, awaited: bool = True, patience: Patience = ENDLESS
) -> Sequence[tuple[Request, ProgressEvent]]:
    return run(writing(transport, requests, awaited=awaited).carry_out(patience))


def sent(transport: ScriptedTransport) -> list[tuple[str, object]]:
    """The requests that change something, in order."""
    return [
        (operation.removesuffix("Resource"), payload.get("Identifier"))
        for operation, _, payload in transport.calls
        if operation != "GetResourceRequestStatus"
    ]


def slow(operation: str, payload: Mapping[str, object], turn: int) -> Reply:
    """Takes on every request, and is done with it when asked for the second time."""
    done = operation == "GetResourceRequestStatus" and turn % 2 == 0
    return event(payload, "SUCCESS" if done else "IN_PROGRESS")


def failing(*identifiers: str) -> Service:
    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply:
        if payload.get("Identifier") in identifiers:
            return event(payload, "FAILED", ErrorCode="NotFound", StatusMessage="it is gone")
        return event(payload, "SUCCESS")

    return answer


def test_requests_are_waited_for_and_come_back_in_their_order() -> None:
    requests = [request("delete", name) for name in "cab"]
    transport = service(slow)
    done = carry_out(transport, *requests)
    assert [(made.identifier, last.identifier, last.operation_status) for made, last in done] == [
        (name, name, "SUCCESS") for name in "cab"
    ]


def test_what_is_not_awaited_comes_back_at_its_first_event() -> None:
    transport = service(slow)
    done = carry_out(transport, request("delete", "x"), awaited=False)
    assert [last.operation_status for _, last in done] == ["IN_PROGRESS"]
    assert len(transport.calls) == 1


@pytest.mark.parametrize(
    ("made", "payload"),
    [
        (request("create", token="t"), {"DesiredState": "{}", "ClientToken": "t"}),
        (request("update", "x"), {"Identifier": "x", "PatchDocument": "[]", "ClientToken": "update-x"}),
        (request("delete", "x"), {"Identifier": "x", "ClientToken": "delete-x"}),
    ],
)
def test_what_a_request_sends(made: Request, payload: dict[str, object]) -> None:
    transport = service(failing())
    carry_out(transport, made)
    ((operation, region, given),) = transport.calls
    assert operation == f"{made.handler.title()}Resource"
    assert region == "a"
    assert given == {"TypeName": TYPE.name} | payload


def test_requests_for_different_resources_are_under_way_at_once() -> None:
    transport = service(failing())
    carry_out(transport, *(request("delete", str(number)) for number in range(10)))
    assert transport.most_under_way == 10


def test_requests_for_one_resource_wait_for_each_other() -> None:
    transport = service(slow)
    carry_out(transport, request("update", "x", "1"), request("update", "x", "2"), request("delete", "x"))
    operations = [operation for operation, *_ in transport.calls]
    assert sent(transport) == [("Update", "x"), ("Update", "x"), ("Delete", "x")]
    assert operations[1:3] == ["GetResourceRequestStatus"] * 2
    assert transport.most_under_way == 1


def test_the_same_identifier_elsewhere_is_another_resource() -> None:
    transport = service(failing())
    carry_out(transport, request("delete", "x", "1", "a"), request("delete", "x", "2", "b"))
    assert transport.most_under_way == 2


def test_no_request_is_sent_after_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "WIDTH", 1)
    transport = service(failing("b"))
    with pytest.raises(ProgrammingError) as failed:
        carry_out(transport, *(request("delete", name) for name in "abcd"))
    assert sent(transport) == [("Delete", "a"), ("Delete", "b")]
    assert [(each.identifier, each.state) for each in failed.value.outcomes] == [
        ("a", "done"),
        ("b", "failed"),
        ("c", "not sent"),
        ("d", "not sent"),
    ]
    assert (failed.value.outcomes[1].code, failed.value.outcomes[1].message) == ("NotFound", "it is gone")
    assert failed.value.outcomes[1].request_token == "request-b"
    assert [each.client_token for each in failed.value.outcomes] == ["delete-a", "delete-b", "delete-c", "delete-d"]
    assert "Of 4 requests: 1 done (a); 1 failed (b: NotFound: it is gone, request token request-b); 2 not sent" in str(
        failed.value
    )


def test_what_is_under_way_when_another_fails_is_carried_to_its_end() -> None:
    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply | Exception:
        return (failing("b") if payload.get("Identifier") == "b" else slow)(operation, payload, turn)

    with pytest.raises(ProgrammingError) as failed:
        carry_out(service(answer), request("delete", "a"), request("delete", "b"))
    assert [each.state for each in failed.value.outcomes] == ["done", "failed"]


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (error("ThrottlingException"), "failed", "ThrottlingException"),
        (error("AlreadyExistsException"), "failed", "AlreadyExistsException"),
        (error("ServiceInternalErrorException", 500), "unknown", "ServiceInternalErrorException"),
        (error("HandlerInternalFailureException"), "unknown", "HandlerInternalFailureException"),
        (TransportError("connection broke"), "unknown", None),
    ],
)
def test_whether_a_request_that_got_no_event_was_carried_out(
    answer: Reply | Exception, state: str, code: str | None
) -> None:
    with pytest.raises(DatabaseError) as failed:
        carry_out(service(lambda *_: answer), request("delete", "x"))
    (outcome,) = failed.value.outcomes
    assert (outcome.state, outcome.code, outcome.request_token) == (state, code, None)


def test_a_request_whose_status_cannot_be_had_is_unknown_with_its_token() -> None:
    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply | Exception:
        status = operation == "GetResourceRequestStatus"
        return error("AccessDeniedException") if status else event(payload, "IN_PROGRESS")

    with pytest.raises(OperationalError) as failed:
        carry_out(service(answer), request("delete", "x"))
    (outcome,) = failed.value.outcomes
    assert (outcome.state, outcome.request_token) == ("unknown", "request-x")


def test_an_exhausted_patience_ends_the_waiting_and_says_what_is_open() -> None:
    transport = service(lambda operation, payload, turn: event(payload, "IN_PROGRESS"))
    with pytest.raises(OperationalError, match="waited 3 s for AWS") as failed:
        carry_out(transport, request("delete", "x"), request("create", token="t"), patience=Patience(3))
    assert [(each.state, each.request_token) for each in failed.value.outcomes] == [
        ("unknown", "request-x"),
        ("unknown", "request-made"),
    ]
    assert "2 unknown (x: request token request-x" in str(failed.value)


def test_a_cancelled_write_tells_what_became_of_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "WIDTH", 1)

    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply:
        return event(payload, "SUCCESS" if payload.get("Identifier") == "a" else "IN_PROGRESS")

    write = writing(service(answer), [request("delete", name) for name in "abc"])

    async def cancel() -> None:
        task = asyncio.create_task(write.carry_out(ENDLESS))
        await asyncio.sleep(2)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancel())
    cancelled = write.cancelled()
    assert isinstance(cancelled, OperationalError)
    assert [(each.identifier, each.state) for each in cancelled.outcomes] == [
        ("a", "done"),
        ("b", "unknown"),
        ("c", "not sent"),
    ]


def test_a_write_that_is_cancelled_before_it_starts_sends_nothing() -> None:
    transport = service(failing())
    write = writing(transport, [request("delete", "x")])
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        run(write.carry_out(ENDLESS))
    assert transport.calls == []
    assert [each.state for each in write.cancelled().outcomes] == ["not sent"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda operation, payload, turn: event(payload, "FAILED", ErrorCode="AccessDenied", StatusMessage="no"),
        lambda operation, payload, turn: error("AccessDeniedException"),
    ],
    ids=["event", "error"],
)
def test_a_denied_request_names_the_permissions_of_its_handler(answer: Service) -> None:
    with pytest.raises(OperationalError, match="cloudformation:DeleteResource, shop:DeleteThing"):
        carry_out(service(answer), request("delete", "x"))


def test_no_document_is_in_a_message() -> None:
    made = request("update", "x")
    secret = Request(
        handler="update", resource_type=TYPE, region="a", identifier="x", document='["hunter2"]', client_token="t",
        role_arn=None, type_version_id=None,
    )  # fmt: skip
    with pytest.raises(DatabaseError) as failed:
        carry_out(service(failing("x")), secret, made)
    assert "hunter2" not in f"{failed.value}{failed.value.outcomes}{secret}"


def test_what_waits_takes_no_place_from_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "SENDING", 2)
    transport = service(slow)
    carry_out(transport, *(request("delete", str(number)) for number in range(20)))
    operations = [operation for operation, _, _ in transport.calls]
    # Each answer takes 0.1 s and the first question comes after 0.2 s: two more pairs are sent before that.
    assert operations[:6] == ["DeleteResource"] * 6


def test_few_are_sent_after_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "SENDING", 2)
    transport = service(failing("0"))
    with pytest.raises(ProgrammingError):
        carry_out(transport, *(request("delete", str(number)) for number in range(20)))
    assert sent(transport) == [("Delete", "0"), ("Delete", "1")]
