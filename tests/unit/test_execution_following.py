"""Following a request by its token: how long, and through what."""

from __future__ import annotations

import pytest
from scripted_transport import ScriptedTransport, error, ok
from virtual_time import LoopClock, run

from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.retry import Backoff
from ccdbapi.exceptions import OperationalError, Outcome
from ccdbapi.execution.following import follow
from ccdbapi.execution.patience import Patience

REGION = "us-east-1"
UNDER_WAY = ok(ProgressEvent={"RequestToken": "t", "OperationStatus": "IN_PROGRESS"})
DONE = ok(ProgressEvent={"RequestToken": "t", "OperationStatus": "SUCCESS", "Identifier": "a", "Operation": "CREATE"})
THROTTLED = error("ThrottlingException")


def followed(transport: ScriptedTransport, patience: Patience) -> Outcome:
    client = Client(transport, rate_limit=None, max_attempts=3, clock=LoopClock(), backoff=Backoff())
    return run(follow(lambda _: client, "", REGION, "t", patience))


def test_a_request_is_asked_about_until_it_is_final() -> None:
    outcome = followed(ScriptedTransport([UNDER_WAY] * 5 + [DONE]), Patience(None))
    assert (outcome.state, outcome.identifier, outcome.operation) == ("done", "a", "create")


def test_throttling_is_waited_out_within_the_timeout() -> None:
    answers = [*[THROTTLED] * 7, UNDER_WAY, *[THROTTLED] * 7, DONE]
    assert followed(ScriptedTransport(answers), Patience(3600)).state == "done"


def test_without_a_timeout_throttling_has_the_tries_that_every_call_has() -> None:
    transport = ScriptedTransport([THROTTLED] * 4)
    with pytest.raises(OperationalError, match="ThrottlingException"):
        followed(transport, Patience(None))
    assert len(transport.calls) == 3


def test_throttling_is_not_waited_out_for_longer_than_the_timeout() -> None:
    transport = ScriptedTransport(lambda *_: THROTTLED)
    with pytest.raises(OperationalError, match=r"waited 60 s for AWS.*The request goes on: t"):
        followed(transport, Patience(60))
    assert transport.sent_at[-1] < 60
