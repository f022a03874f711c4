"""Clients of several accounts: what they share, what each has of its own, and what they call themselves."""

from __future__ import annotations

import asyncio

import pytest
from scripted_transport import Answer, ScriptedTransport, error, ok
from virtual_time import LoopClock, run

from ccdbapi.cloudcontrol.call import Places
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.observer import Attempt, observing
from ccdbapi.exceptions import DatabaseError, InterfaceError, OperationalError

FOUND = ok(ResourceDescription={"Identifier": "a", "Properties": "{}"})
TYPE = "AWS::SSM::Parameter"


async def fan_out(client: Client, count: int) -> None:
    await asyncio.gather(*(client.get_resource("us-east-1", TYPE, str(number)) for number in range(count)))


def test_the_places_are_those_of_all_accounts_together() -> None:
    transport = ScriptedTransport(lambda *_: FOUND, latency=1)
    places = Places(7)
    clients = [Client(transport, rate_limit=None, concurrency=places, clock=LoopClock()) for _ in range(3)]

    async def main() -> None:
        await asyncio.gather(*(fan_out(client, 70) for client in clients))

    run(main())
    assert transport.most_under_way == 7
    assert transport.sent_at[-1] == 29


def test_every_account_has_a_rate_of_its_own() -> None:
    transport = ScriptedTransport(lambda *_: FOUND)
    places = Places(64)
    clients = [Client(transport, rate_limit=25, concurrency=places, clock=LoopClock()) for _ in range(3)]

    async def main() -> None:
        await asyncio.gather(*(fan_out(client, 205) for client in clients))

    run(main())
    assert transport.sent_at[-1] == pytest.approx(8)


@pytest.mark.parametrize("number", [0, -1])
def test_there_is_at_least_one_place(number: int) -> None:
    with pytest.raises(InterfaceError, match="concurrency"):
        Places(number)


@pytest.mark.parametrize(
    "answer",
    [
        error("AccessDeniedException", message="not you"),
        error("ThrottlingException"),
        ConnectionResetError("gone"),
        OperationalError("No AWS credentials were found."),
    ],
    ids=["refused", "throttled", "unanswered", "without credentials"],
)
@pytest.mark.parametrize(("account", "named"), [("prod", True), ("", False)])
def test_an_error_names_the_account(answer: Answer, account: str, named: bool) -> None:
    client = Client(ScriptedTransport(lambda *_: answer), max_attempts=2, clock=LoopClock(), account=account)
    with pytest.raises(DatabaseError) as caught:
        run(client.get_resource("us-east-1", TYPE, "a"))
    assert ("account" in str(caught.value)) is named
    assert ("(account prod)" in str(caught.value)) is named
    assert caught.value.diag.account == (account or None)


def test_a_resource_that_an_account_does_not_have_is_none() -> None:
    client = Client(ScriptedTransport([error("ResourceNotFoundException")]), clock=LoopClock(), account="prod")
    assert run(client.get_resource("us-east-1", TYPE, "a")) is None


def test_whoever_observes_is_told_the_account() -> None:
    class Witness:
        def __init__(self) -> None:
            self.attempts: list[Attempt] = []

        def attempted(self, attempt: Attempt) -> None:
            self.attempts.append(attempt)

    witness = Witness()
    transport = ScriptedTransport(lambda *_: FOUND)

    async def main() -> None:
        with observing(witness):
            for account in ("prod", ""):
                await Client(transport, clock=LoopClock(), account=account).get_resource("us-east-1", TYPE, "a")

    run(main())
    assert [attempt.account for attempt in witness.attempts] == ["prod", ""]


def test_the_log_names_the_account(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(ScriptedTransport([FOUND]), clock=LoopClock(), account="prod")
    with caplog.at_level("DEBUG", "ccdbapi"):
        run(client.get_resource("us-east-1", TYPE, "a"))
    assert "in us-east-1 of account prod, try 1" in caplog.text
