"""What the client logs of its calls, and at which level."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
from scripted_transport import Answer, ScriptedTransport, error, ok
from virtual_time import LoopClock, run

import ccdbapi
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.retry import Backoff

REGION, TYPE = "us-east-1", "AWS::SSM::Parameter"
FOUND = ok(ResourceDescription={"Identifier": "a", "Properties": '{"Value": "canary"}'})
THROTTLED = error("ThrottlingException", message="canary")
BROKEN = error("ServiceInternalErrorException", 500)


def get(answers: Sequence[Answer], *, rate_limit: float | None = None) -> None:
    transport = ScriptedTransport(answers, latency=0.25)
    backoff = Backoff(jitter=lambda upper: 0)
    run(Client(transport, clock=LoopClock(), rate_limit=rate_limit, backoff=backoff).get_resource(REGION, TYPE, "a"))


def logged(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [r.getMessage() for r in caplog.records if (r.name, r.levelno) == ("ccdbapi.calls", level)]


def test_every_attempt_is_logged_for_who_debugs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="ccdbapi")
    get([THROTTLED, FOUND])
    assert logged(caplog, logging.DEBUG) == [
        f"GetResource {TYPE} 'a' in {REGION}, try 1: ThrottlingException after 250 ms, request id request-1",
        f"GetResource {TYPE} 'a' in {REGION}, try 2: Success after 250 ms, request id request-1",
    ]
    assert "canary" not in caplog.text


def test_a_rate_that_is_cut_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    get([THROTTLED, THROTTLED, FOUND], rate_limit=10)
    assert logged(caplog, logging.WARNING) == [
        f"GetResource in {REGION} was throttled (ThrottlingException): slowing down to 7 requests a second there"
    ]


@pytest.mark.parametrize("rate_limit", [None, 10])
def test_throttling_that_cuts_no_rate_is_none(caplog: pytest.LogCaptureFixture, rate_limit: float | None) -> None:
    get([THROTTLED, FOUND], rate_limit=rate_limit)
    assert not logged(caplog, logging.WARNING)


@pytest.mark.parametrize(("failures", "warnings"), [(4, 0), (5, 1), (8, 1)])
def test_a_call_that_takes_many_tries_is_a_warning_once(
    caplog: pytest.LogCaptureFixture, failures: int, warnings: int
) -> None:
    get([*[BROKEN] * failures, FOUND])
    expected = f"GetResource {TYPE} 'a' in {REGION} has been tried 5 times, at last with ServiceInternalErrorException"
    assert logged(caplog, logging.WARNING) == [expected] * warnings


def test_what_an_identifier_holds_stays_in_its_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="ccdbapi")
    client = Client(ScriptedTransport([FOUND]), clock=LoopClock())
    run(client.get_resource(REGION, TYPE, "a\nERROR forged"))
    assert [message.count("\n") for message in logged(caplog, logging.DEBUG)] == [0]


def test_nothing_is_printed_unless_logging_is_set_up() -> None:
    handlers = logging.getLogger(ccdbapi.__name__).handlers
    assert [type(handler) for handler in handlers] == [logging.NullHandler]
