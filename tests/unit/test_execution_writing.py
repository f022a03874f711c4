"""Requests that change resources: in which order they are sent, and that each is accounted for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from scripted_transport import ScriptedTransport, error, ok
from virtual_time import EPOCH, LoopClock, run

from ccdbapi.catalog import Handler, HandlerName, ResourceType
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.cloudcontrol.retry import Backoff
from ccdbapi.cloudcontrol.transport import Reply, TransportError
from ccdbapi.exceptions import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    Outcome,
    ProgrammingError,
)
from ccdbapi.execution import writing as writing_module
from ccdbapi.execution.accounting import Log, no_log
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.requests import Request
from ccdbapi.execution.writing import PARTING, Failures, Writing

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


def writing(
    transport: ScriptedTransport,
    requests: Sequence[Request],
    *,
    awaited: bool = True,
    failures: Failures = "raise",
    rate_limit: float | None = None,
    max_attempts: int = 1,
    log: Log = no_log,
    concurrency: int = 64,
) -> Writing:
    backoff = Backoff(jitter=lambda upper: upper)
    client = Client(
        transport,
        rate_limit=rate_limit,
        max_attempts=max_attempts,
        concurrency=concurrency,
        clock=LoopClock(),
        backoff=backoff,
    )
    return Writing(
        lambda _: client,
        requests,
        awaited=awaited,
        failures=failures,
        log=[log] * len(requests),
        concurrency=concurrency,
    )


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


@pytest.mark.parametrize(("concurrency", "at_once"), [(1, 1), (64, 64), (256, 256)])
def test_as_many_are_sent_at_once_as_calls_may_be_made(concurrency: int, at_once: int) -> None:
    transport = service(failing())
    requests = [request("delete", str(number)) for number in range(300)]
    run(writing(transport, requests, concurrency=concurrency).carry_out(ENDLESS))
    assert transport.most_under_way == at_once


def test_many_settle_at_once_where_many_calls_may_be_made() -> None:
    """Each takes 10 s: 2,000 at once are done in that time, and the 0.1 s of eight calls in a row and one more."""

    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply:
        status = "SUCCESS" if operation == "GetResourceRequestStatus" else "IN_PROGRESS"
        return event(payload, status, RetryAfter=asyncio.get_running_loop().time() + EPOCH.timestamp() + 10)

    async def took() -> float:
        requests = [request("delete", str(number)) for number in range(2000)]
        await writing(service(answer), requests, concurrency=256).carry_out(ENDLESS)
        return asyncio.get_running_loop().time()

    assert run(took()) == pytest.approx(10 + 9 * 0.1)


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
        (error("Unheard", 503), "unknown", "Unheard"),
        (error("Unheard"), "failed", "Unheard"),
        (TransportError("connection broke"), "unknown", None),
        (TransportError("nobody listens", sent=False), "not sent", None),
        (OperationalError("no credentials"), "not sent", None),
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


def called_off(write: Writing, *, after: float, again_after: float | None = None) -> float:
    """Cancels the write after so many seconds, has it called off, and tells how many seconds that took.

    ``again_after`` so many of these it is cancelled once more.
    """

    async def main() -> float:
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(write.carry_out(ENDLESS))
        await asyncio.sleep(after)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        before = loop.time()
        calling_off = asyncio.create_task(write.call_off())
        if again_after is not None:
            loop.call_later(again_after, write.cancel)
        await asyncio.wait({calling_off})
        return loop.time() - before

    return run(main())


def test_a_cancelled_write_has_what_is_under_way_cancelled_and_tells_of_all_its_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing_module, "WIDTH", 1)
    asked: list[object] = []

    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply:
        if payload.get("Identifier") == "a":
            return event(payload, "SUCCESS")
        if operation == "CancelResourceRequest":
            asked.append(payload["RequestToken"])
            return event(payload, "CANCEL_IN_PROGRESS")
        return event(payload, "CANCEL_COMPLETE" if asked else "IN_PROGRESS")

    write = writing(service(answer), [request("delete", name) for name in "abc"])
    called_off(write, after=2)
    cancelled = write.cancelled()
    assert isinstance(cancelled, OperationalError)
    assert asked == ["request-b"]
    assert [(each.identifier, each.state, each.code) for each in cancelled.outcomes] == [
        ("a", "done", None),
        ("b", "failed", "CANCEL_COMPLETE"),
        ("c", "not sent", None),
    ]
    assert str(cancelled) == (
        "The statement was cancelled. Of 3 requests: 1 done (a); 1 failed (b: CANCEL_COMPLETE: the request was "
        "cancelled, request token request-b); 1 not sent."
    )


@pytest.mark.parametrize(
    ("refused", "last", "state", "code"),
    [
        (False, event({}, "CANCEL_COMPLETE"), "failed", "CANCEL_COMPLETE"),
        (False, event({}, "SUCCESS"), "done", None),
        (False, event({}, "FAILED", ErrorCode="NotFound"), "failed", "NotFound"),
        (False, event({}, "CANCEL_IN_PROGRESS"), "unknown", None),
        (True, event({}, "SUCCESS"), "done", None),
        (True, event({}, "FAILED", ErrorCode="NotFound"), "failed", "NotFound"),
        (True, event({}, "IN_PROGRESS"), "unknown", None),
        (False, error("AccessDeniedException"), "unknown", None),
    ],
)
def test_a_request_that_was_to_be_cancelled_counts_as_it_ends(
    refused: bool, last: Reply, state: str, code: str | None
) -> None:
    asked = False

    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply:
        nonlocal asked
        if operation == "CancelResourceRequest":
            asked = True
            return error("ConcurrentModificationException", 500) if refused else event(payload, "CANCEL_IN_PROGRESS")
        return last if asked else event(payload, "IN_PROGRESS", RetryAfter=EPOCH.timestamp() + 3600)

    write = writing(service(answer), [request("delete", "x")])
    took = called_off(write, after=1)
    (outcome,) = write.outcomes
    assert (outcome.state, outcome.code) == (state, code)
    assert outcome.request_token is not None
    assert took < 1 if state != "unknown" or last.status != 200 else took == PARTING


def test_what_is_on_its_way_when_a_write_is_cancelled_gets_its_token_and_is_cancelled() -> None:
    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply:
        if operation == "DeleteResource":
            return event(payload, "IN_PROGRESS")
        return event(payload, "CANCEL_IN_PROGRESS" if operation == "CancelResourceRequest" else "CANCEL_COMPLETE")

    transport = service(answer)
    write = writing(transport, [request("delete", "x")])
    called_off(write, after=0.05)
    assert [(each.state, each.request_token) for each in write.outcomes] == [("failed", "request-x")]
    assert [operation for operation, *_ in transport.calls] == [
        "DeleteResource", "CancelResourceRequest", "GetResourceRequestStatus",
    ]  # fmt: skip


def test_what_waits_for_the_rate_limit_when_a_write_is_cancelled_is_not_sent() -> None:
    transport = service(failing())
    write = writing(transport, [request("delete", name) for name in "abcd"], rate_limit=1)
    called_off(write, after=1.5)
    assert sent(transport) == [("Delete", "a"), ("Delete", "b")]
    assert [each.state for each in write.outcomes] == ["done", "done", "not sent", "not sent"]


@pytest.mark.parametrize(
    ("answers", "state", "code"),
    [
        ([error("ThrottlingException")], "failed", "ThrottlingException"),
        ([TransportError("connection broke")], "unknown", None),
        # The first may have been carried out, of which the second says nothing.
        ([TransportError("connection broke"), error("ThrottlingException")], "unknown", "ThrottlingException"),
    ],
)
def test_what_is_about_to_be_tried_again_when_a_write_is_cancelled_is_not(
    answers: Sequence[Reply | Exception], state: str, code: str | None
) -> None:
    transport = service(lambda operation, payload, turn: answers[turn - 1])
    write = writing(transport, [request("delete", "x")], max_attempts=10)
    # Each answer takes 0.1 s, and the tries are 0.25 s and 0.5 s apart.
    called_off(write, after=0.2 if len(answers) == 1 else 0.6)
    assert len(transport.calls) == len(answers)
    assert [(each.state, each.code) for each in write.outcomes] == [(state, code)]


def test_a_write_that_is_cancelled_twice_waits_for_nothing() -> None:
    transport = service(lambda operation, payload, turn: event(payload, "CANCEL_IN_PROGRESS"))
    write = writing(transport, [request("delete", "x")])
    assert called_off(write, after=1, again_after=0.5) == 0.5
    (outcome,) = write.outcomes
    assert (outcome.state, outcome.request_token, outcome.message) == (
        "unknown", "request-x", "last seen CANCEL_IN_PROGRESS",
    )  # fmt: skip


def test_an_answer_that_never_comes_is_not_waited_for_in_vain() -> None:
    transport = ScriptedTransport([event({}, "IN_PROGRESS")], latency=3600)
    write = writing(transport, [request("delete", "x")])
    assert called_off(write, after=1) == PARTING
    assert [(each.state, each.request_token) for each in write.outcomes] == [("unknown", None)]


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


def busy(*, until: int, code: str = "ConcurrentOperationException") -> Service:
    """Takes on no request before it was made that often."""

    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply | Exception:
        return error(code, message="it is busy") if turn < until else event(payload, "SUCCESS")

    return answer


@pytest.mark.parametrize("code", ["ConcurrentOperationException", "ConcurrentModificationException"])
@pytest.mark.parametrize("handler", ["create", "update", "delete"])
@pytest.mark.parametrize("patience", [ENDLESS, Patience(3600)])
def test_requests_of_others_on_the_resource_are_waited_out(handler: HandlerName, code: str, patience: Patience) -> None:
    transport = service(busy(until=30, code=code))
    ((_, last),) = carry_out(transport, request(handler, "x"), patience=patience)
    assert last.succeeded
    # It was not taken on before, so that it is the same request still.
    assert {payload["ClientToken"] for _, _, payload in transport.calls} == {f"{handler}-x"}
    waits = [later - earlier for earlier, later in pairwise(transport.sent_at)]
    assert max(waits) > 2
    assert max(waits) <= 10.2


def test_who_does_not_wait_for_requests_does_not_wait_for_those_of_others() -> None:
    transport = service(busy(until=30))
    with pytest.raises(IntegrityError, match="it is busy"):
        carry_out(transport, request("update", "x"), awaited=False)
    assert len(transport.calls) == 1


def test_requests_of_others_are_not_waited_for_longer_than_the_timeout() -> None:
    transport = service(busy(until=1000))
    with pytest.raises(
        OperationalError, match=r"waited 60 s for AWS.*ConcurrentOperationException: it is busy"
    ) as late:
        carry_out(transport, request("update", "x"), patience=Patience(60))
    assert [(each.state, each.code) for each in late.value.outcomes] == [("failed", "ConcurrentOperationException")]
    assert transport.sent_at[-1] < 60


def test_what_waits_for_others_takes_no_place_from_what_can_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "SENDING", 1)

    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply | Exception:
        return (busy(until=5) if payload.get("Identifier") == "busy" else failing())(operation, payload, turn)

    transport = service(answer)
    carry_out(transport, request("delete", "busy"), *(request("delete", name) for name in "abc"))
    assert sent(transport)[:4] == [("Delete", name) for name in ("busy", "a", "b", "c")]


def test_nobody_is_waited_for_once_another_request_has_failed() -> None:
    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply | Exception:
        return (busy(until=1000) if payload.get("Identifier") == "busy" else failing("b"))(operation, payload, turn)

    with pytest.raises(ProgrammingError, match=r"^[^(]*NotFound: it is gone") as failed:
        carry_out(service(answer), request("delete", "busy"), request("delete", "b"))
    assert [(each.identifier, each.code) for each in failed.value.outcomes] == [
        ("busy", "ConcurrentOperationException"),
        ("b", "NotFound"),
    ]


def test_throttling_is_waited_out_within_the_timeout() -> None:
    transport = service(busy(until=30, code="ThrottlingException"))
    ((_, last),) = carry_out(transport, request("delete", "x"), patience=Patience(3600))
    assert last.succeeded


def test_throttling_is_waited_out_while_the_status_is_asked_for_too() -> None:
    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply | Exception:
        if operation == "DeleteResource":
            return event(payload, "IN_PROGRESS")
        return busy(until=30, code="ThrottlingException")(operation, payload, turn)

    transport = service(answer)
    ((_, last),) = carry_out(transport, request("delete", "x"), patience=Patience(3600))
    assert last.succeeded
    assert [operation for operation, *_ in transport.calls].count("DeleteResource") == 1


def test_without_a_timeout_throttling_has_the_tries_that_every_call_has() -> None:
    transport = service(busy(until=30, code="ThrottlingException"))
    with pytest.raises(OperationalError, match="ThrottlingException") as failed:
        run(writing(transport, [request("delete", "x")], max_attempts=4).carry_out(ENDLESS))
    assert len(transport.calls) == 4
    assert [(each.state, each.code) for each in failed.value.outcomes] == [("failed", "ThrottlingException")]


@pytest.mark.parametrize("code", ["Throttling", "ServiceLimitExceeded", "NotStabilized", "ResourceConflict"])
def test_a_request_that_failed_is_not_made_again_whatever_the_reason(code: str) -> None:
    transport = service(lambda operation, payload, turn: event(payload, "FAILED", ErrorCode=code))
    with pytest.raises(DatabaseError, match=code):
        carry_out(transport, request("delete", "x"), patience=Patience(3600))
    assert len(transport.calls) == 1


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (error("ThrottlingException"), "unknown"),
        (error("Unheard", 429), "unknown"),
        # Refused at the door, where nobody knows of client tokens.
        (error("ExpiredTokenException"), "unknown"),
        (error("AccessDeniedException"), "unknown"),
        (TransportError("nobody listens", sent=False), "unknown"),
        (OperationalError("no credentials any more"), "unknown"),
        (error("AlreadyExistsException"), "failed"),
        (error("ConcurrentOperationException"), "failed"),
    ],
)
def test_a_drop_leaves_open_what_the_last_answer_says_nothing_of(last: Reply | Exception, state: str) -> None:
    """The first try may have been carried out, whatever becomes of those after it."""
    transport = service(lambda operation, payload, turn: TransportError("connection broke") if turn == 1 else last)
    patience = Patience(3)
    with pytest.raises(DatabaseError) as failed:
        run(writing(transport, [request("delete", "x")], max_attempts=4).carry_out(patience))
    assert [each.state for each in failed.value.outcomes] == [state]


@pytest.mark.parametrize("failures", ["raise", "return"])
def test_what_could_not_be_sent_ends_the_sending(failures: Failures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "WIDTH", 1)
    transport = service(lambda *_: OperationalError("no credentials"))
    with pytest.raises(OperationalError, match=r"no credentials Of 3 requests: 3 not sent\.") as failed:
        run(writing(transport, [request("delete", name) for name in "abc"], failures=failures).carry_out(ENDLESS))
    assert [(each.state, each.message) for each in failed.value.outcomes] == [
        ("not sent", "no credentials"), ("not sent", None), ("not sent", None)
    ]  # fmt: skip
    assert len(transport.calls) == 1


@pytest.mark.parametrize("failures", ["raise", "return"])
def test_what_is_under_way_when_the_log_breaks_is_waited_for_and_no_more_is_sent(
    failures: Failures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_module, "WIDTH", 2)

    def log(_: Outcome) -> None:
        raise InterfaceError("The disk is full.")

    transport = service(slow)
    write = writing(transport, [request("delete", name) for name in "abc"], failures=failures, log=log)
    with pytest.raises(InterfaceError, match=r"The disk is full\. No more is sent, .* Of 3 requests: 2 done") as failed:
        run(write.carry_out(ENDLESS))
    assert [each.state for each in failed.value.outcomes] == ["done", "done", "not sent"]
    assert [each.message for each in failed.value.outcomes] == [None] * 3


def test_a_request_that_is_to_be_cancelled_but_final_is_told_at_once() -> None:
    transport = service(lambda *_: error("ConcurrentModificationException", 500, "its status is SUCCESS"))
    with pytest.raises(IntegrityError, match="its status is SUCCESS"):
        run(writing(transport, [replace(request("delete", "token"), handler="cancel")]).carry_out(ENDLESS))
    assert len(transport.calls) == 1


def mixed(operation: str, payload: Mapping[str, object], turn: int) -> Reply | Exception:
    """Of three resources, one is deleted, one is not, and of one nobody knows."""
    number = int(str(payload["Identifier"]))
    if number % 3 == 0:
        return event(payload, "SUCCESS")
    if number % 3 == 1:
        return event(payload, "FAILED", ErrorCode="AccessDenied", StatusMessage="not you")
    return TransportError("connection broke")


def test_an_error_has_all_the_outcomes_and_names_the_first_few() -> None:
    requests = [request("delete", str(number)) for number in range(99)]
    with pytest.raises(OperationalError) as failed:
        run(writing(service(mixed), requests).carry_out(ENDLESS))
    outcomes = failed.value.outcomes
    assert [each.identifier for each in outcomes] == [str(number) for number in range(99)]
    assert Counter(each.state for each in outcomes) == {"done": 22, "failed": 21, "unknown": 21, "not sent": 35}
    assert {(each.code, each.message) for each in outcomes if each.state == "failed"} == {("AccessDenied", "not you")}
    assert all(each.request_token for each in outcomes if each.state in ("done", "failed"))
    assert "22 done (0, 3, 6, and 19 more); 21 failed (1: AccessDenied: not you, request token request-1," in str(
        failed.value
    )
    assert len(str(failed.value)) < 1500


def test_where_failures_are_returned_all_are_tried_up_to_one_of_which_nobody_knows() -> None:
    def answer(operation: str, payload: Mapping[str, object], turn: int) -> Reply | Exception:
        return mixed(operation, payload, turn) if payload["Identifier"] != "98" else TransportError("connection broke")

    requests = [request("delete", str(number)) for number in range(99) if number % 3 < 2 or number == 98]
    with pytest.raises(OperationalError, match="connection broke") as failed:
        run(writing(service(answer), requests, failures="return").carry_out(ENDLESS))
    assert Counter(each.state for each in failed.value.outcomes) == {"done": 33, "failed": 33, "unknown": 1}
    done = run(writing(service(mixed), requests[:-1], failures="return").carry_out(ENDLESS))
    assert [(made.identifier, last.operation_status) for made, last in done][:3] == [
        ("0", "SUCCESS"),
        ("1", "FAILED"),
        ("3", "SUCCESS"),
    ]
