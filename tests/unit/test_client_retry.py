"""Which failures are tried again, how often, how soon, and what the caller learns of it."""

from __future__ import annotations

import asyncio
import logging

import pytest
from botocore.loaders import Loader
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from hypothesis import given
from hypothesis import strategies as st
from scripted_transport import Answer, ScriptedTransport, error, ok
from virtual_time import LoopClock, run

from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.observer import Attempt, observing
from ccdbapi.cloudcontrol.retry import REPEATABLE, Backoff, Verdict, judge
from ccdbapi.cloudcontrol.transport import Reply, TransportError
from ccdbapi.exceptions import DatabaseError, IntegrityError, OperationalError

SERVICE = Loader().load_service_model("cloudcontrol", "service-2")
REGION, TYPE = "us-east-1", "AWS::SSM::Parameter"
CREATED = ok(ProgressEvent={"OperationStatus": "PENDING", "RequestToken": "t"})
FOUND = ok(ResourceDescription={"Identifier": "a", "Properties": "{}"})
THROTTLED = error("ThrottlingException")


def client(transport: ScriptedTransport, **options: object) -> Client:
    return Client(transport, clock=LoopClock(), **{"rate_limit": None, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operation", "status", "code", "verdict"),
    [
        ("GetResource", 400, "ThrottlingException", Verdict.THROTTLED),
        ("CreateResource", 400, "ThrottlingException", Verdict.THROTTLED),
        ("GetResource", 400, "Throttling", Verdict.THROTTLED),
        ("GetResource", 400, "TooManyRequestsException", Verdict.THROTTLED),
        ("GetResource", 400, "RequestLimitExceeded", Verdict.THROTTLED),
        ("GetResource", 503, "SlowDown", Verdict.THROTTLED),
        ("GetResource", 429, None, Verdict.THROTTLED),
        ("GetResource", 500, None, Verdict.TRANSIENT),
        ("DeleteResource", 502, None, Verdict.TRANSIENT),
        ("UpdateResource", 503, "Unheard", Verdict.TRANSIENT),
        ("GetResource", 504, None, Verdict.TRANSIENT),
        ("GetResource", 400, "NetworkFailureException", Verdict.TRANSIENT),
        ("CreateResource", 500, "ServiceInternalErrorException", Verdict.TRANSIENT),
        ("CreateResource", 500, "HandlerFailureException", Verdict.TRANSIENT),
        ("GetResource", 500, "HandlerInternalFailureException", Verdict.FINAL),
        ("CreateResource", 500, "HandlerInternalFailureException", Verdict.FINAL),
        ("ListResources", 400, "ResourceConflictException", Verdict.TRANSIENT),
        ("UpdateResource", 400, "ResourceConflictException", Verdict.FINAL),
        ("UpdateResource", 400, "ConcurrentOperationException", Verdict.FINAL),
        ("CancelResourceRequest", 500, "ConcurrentModificationException", Verdict.FINAL),
        ("GetResource", 400, "GeneralServiceException", Verdict.FINAL),
        ("GetResource", 400, "ServiceLimitExceededException", Verdict.FINAL),
        ("GetResource", 400, "NotStabilizedException", Verdict.FINAL),
        ("GetResource", 400, "ResourceNotFoundException", Verdict.FINAL),
        ("CreateResource", 400, "AlreadyExistsException", Verdict.FINAL),
        ("CreateResource", 400, "ClientTokenConflictException", Verdict.FINAL),
        ("GetResource", 403, "ExpiredTokenException", Verdict.FINAL),
        ("GetResource", 400, "AccessDeniedException", Verdict.FINAL),
        ("GetResource", 400, "Unheard", Verdict.FINAL),
        ("GetResource", 404, None, Verdict.FINAL),
    ],
)
def test_verdicts(operation: str, status: int, code: str | None, verdict: Verdict) -> None:
    assert judge(operation, status, code) is verdict


@pytest.mark.parametrize("code", sorted(ThrottledRetryableChecker._THROTTLED_ERROR_CODES))  # type: ignore[attr-defined]
def test_what_botocore_takes_for_throttling_is_throttling(code: str) -> None:
    assert judge("GetResource", 400, code) is Verdict.THROTTLED


@pytest.mark.parametrize("code", sorted(TransientRetryableChecker._TRANSIENT_ERROR_CODES))  # type: ignore[attr-defined]
@pytest.mark.parametrize("status", sorted(TransientRetryableChecker._TRANSIENT_STATUS_CODES))  # type: ignore[attr-defined]
def test_what_botocore_takes_for_transient_is_tried_again(code: str, status: int) -> None:
    assert judge("GetResource", 400, code) is not Verdict.FINAL
    assert judge("GetResource", status, None) is not Verdict.FINAL


def test_operations_are_repeatable_that_read_or_that_the_service_calls_idempotent() -> None:
    writes = {name for name, operation in SERVICE["operations"].items() if "ClientToken" in _members(operation)}
    assert set(SERVICE["operations"]) - writes == REPEATABLE
    assert SERVICE["operations"]["CancelResourceRequest"]["idempotent"]


def _members(operation: dict[str, dict[str, str]]) -> dict[str, object]:
    members: dict[str, object] = SERVICE["shapes"][operation["input"]["shape"]]["members"]
    return members


@pytest.mark.parametrize(
    "failure",
    [THROTTLED, error("Unheard", 500), Reply(502, None, {}), TransportError("broken"), ConnectionResetError("gone")],
)
def test_a_write_is_tried_again_with_the_same_client_token(failure: Answer) -> None:
    transport = ScriptedTransport([failure, failure, CREATED])

    event = run(client(transport).create_resource(REGION, TYPE, "{}", client_token="mine"))

    assert event.request_token == "t"
    assert [payload["ClientToken"] for _, _, payload in transport.calls] == ["mine"] * 3
    assert transport.calls[0] == transport.calls[1] == transport.calls[2]


@pytest.mark.parametrize("attempts", [1, 3])
def test_there_are_at_most_so_many_attempts(attempts: int) -> None:
    transport = ScriptedTransport(lambda *_: THROTTLED)
    with pytest.raises(OperationalError, match="because" + (r" \[after 3 tries\]" if attempts > 1 else "")):
        run(client(transport, max_attempts=attempts).get_resource(REGION, TYPE, "a"))
    assert len(transport.calls) == attempts


def test_what_would_not_help_is_not_tried_again() -> None:
    transport = ScriptedTransport([error("ConcurrentOperationException")])
    with pytest.raises(IntegrityError):
        run(client(transport).delete_resource(REGION, TYPE, "a", client_token="mine"))
    assert len(transport.calls) == 1


def test_an_error_of_the_driver_itself_is_not_tried_again() -> None:
    transport = ScriptedTransport([OperationalError("no credentials")])
    with pytest.raises(OperationalError, match="no credentials"):
        run(client(transport).get_resource(REGION, TYPE, "a"))
    assert len(transport.calls) == 1


def test_a_read_without_an_answer_says_where_it_was_sent() -> None:
    transport = ScriptedTransport(lambda *_: TransportError("https://cloudcontrolapi.example: refused"))
    with pytest.raises(OperationalError) as raised:
        run(client(transport, max_attempts=2).get_resource(REGION, TYPE, "a"))
    assert str(raised.value) == (
        "GetResource of AWS::SSM::Parameter a in us-east-1 got no answer in 2 tries: "
        "https://cloudcontrolapi.example: refused."
    )


@pytest.mark.parametrize("failure", [TransportError("broken"), OSError("broken"), Reply(500, None, {})])
def test_a_write_without_an_answer_says_that_the_outcome_is_unknown(failure: Answer) -> None:
    transport = ScriptedTransport(lambda *_: failure)
    with pytest.raises(DatabaseError, match=r"Whether it was carried out is unknown.*client_token\('mine'\)"):
        run(client(transport, max_attempts=2).update_resource(REGION, TYPE, "a", "[]", client_token="mine"))


def test_a_write_that_could_not_be_sent_says_nothing_of_its_outcome() -> None:
    transport = ScriptedTransport(lambda *_: TransportError("refused", sent=False))
    with pytest.raises(OperationalError, match=r"got no answer in 2 tries: refused\.$"):
        run(client(transport, max_attempts=2).update_resource(REGION, TYPE, "a", "[]", client_token="mine"))


@given(attempt=st.integers(1, 10_000), share=st.floats(0, 1))
def test_backoff_is_full_jitter_under_an_exponential_and_a_cap(attempt: int, share: float) -> None:
    ceiling = min(20.0, 0.25 * 2 ** min(attempt - 1, 60))
    assert Backoff(jitter=lambda upper: upper * share).delay(attempt) == pytest.approx(ceiling * share)
    assert 0 <= Backoff().delay(attempt) <= ceiling


def test_the_client_waits_as_long_as_the_backoff_says() -> None:
    transport = ScriptedTransport([TransportError("broken")] * 4 + [FOUND])
    run(client(transport, backoff=Backoff(jitter=lambda upper: upper)).get_resource(REGION, TYPE, "a"))
    assert transport.sent_at == [0, 0.25, 0.75, 1.75, 3.75]


def test_waiting_for_the_next_try_can_be_cancelled_and_holds_no_place() -> None:
    async def main() -> None:
        transport = ScriptedTransport(
            lambda _operation, region, _payload: THROTTLED if region == "slow-1" else FOUND,
        )
        both = client(transport, concurrency=1, backoff=Backoff(base=20, jitter=lambda upper: upper))
        waiting = asyncio.create_task(both.get_resource("slow-1", TYPE, "a"))
        await asyncio.sleep(1)
        assert await both.get_resource(REGION, TYPE, "a") == "{}"
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert asyncio.get_running_loop().time() == 1

    run(main())


class Notebook:
    def __init__(self) -> None:
        self.attempts: list[Attempt] = []

    def attempted(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)


def test_every_attempt_is_reported() -> None:
    notebook = Notebook()
    answers: list[Answer] = [THROTTLED, Reply(502, None, {}), TransportError("broken"), FOUND]
    transport = ScriptedTransport(answers, latency=0.5)

    with observing(notebook):
        run(client(transport).get_resource(REGION, TYPE, "a"))

    assert [(a.number, a.outcome) for a in notebook.attempts] == [
        (1, "ThrottlingException"), (2, "HTTP 502"), (3, "NoAnswer"), (4, "Success"),
    ]  # fmt: skip
    assert {(a.operation, a.region, a.type_name, a.identifier, round(a.duration, 6)) for a in notebook.attempts} == {
        ("GetResource", REGION, TYPE, "a", 0.5)
    }


def test_a_cancelled_attempt_is_reported_too() -> None:
    notebook = Notebook()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await client(ScriptedTransport([FOUND], latency=5)).get_resource(REGION, TYPE, "a")

    with observing(notebook):
        run(main())
    assert [(a.outcome, a.duration) for a in notebook.attempts] == [("Cancelled", 1.0)]


def test_the_log_names_the_call_but_not_what_it_carries(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="ccdbapi.calls")
    transport = ScriptedTransport([THROTTLED, CREATED])

    run(client(transport).create_resource(REGION, TYPE, '{"Value": "canary"}', client_token="mine"))

    assert [record.levelno for record in caplog.records if record.name == "ccdbapi.calls"] == [logging.DEBUG] * 2
    assert "CreateResource AWS::SSM::Parameter" in caplog.text
    assert "canary" not in caplog.text
