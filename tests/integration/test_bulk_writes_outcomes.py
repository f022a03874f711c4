"""Many requests of which some fail: every one is accounted for, in an error or as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from faces import both_faces, connected, rows_of, run, value_of

import ccdbapi
from ccdbapi.cloudcontrol.retry import Backoff
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.execution import perseverance

REGION = "us-east-1"
INSERT = "INSERT INTO awscc.glue.workflows (name) VALUES (?)"
NAMES = [[f"w{number:03}"] for number in range(100)]
#: Of a hundred rows, ten are there already.
THERE = NAMES[5::10]
RETURNING = f"{INSERT} RETURNING Identifier, OperationStatus, ErrorCode, StatusMessage"


class Breaking(CloudControl):
    """Breaks off, time and again, when it is to create ``w050``: whether it did is never told."""

    def answer(self, operation: str, payload: Mapping[str, object], *, account: str, region: str) -> dict[str, object]:
        answer = super().answer(operation, payload, account=account, region=region)
        if operation == "CreateResource" and "w050" in str(payload["DesiredState"]):
            raise ConnectionResetError
        return answer


async def prepared(service: CloudControl) -> None:
    async with connected("awaited", embedded=service, regions=[REGION]) as cursor:
        await cursor.executemany(INSERT, THERE)
    service.calls.clear()


@both_faces
def test_an_error_carries_what_became_of_every_row(face: str) -> None:
    async def main() -> None:
        service = CloudControl()
        await prepared(service)
        async with connected(face, embedded=service, regions=[REGION]) as cursor:
            with pytest.raises(ccdbapi.IntegrityError) as raised:
                await value_of(cursor.executemany(INSERT, NAMES))
            outcomes = raised.value.outcomes
            assert len(outcomes) == 100
            assert outcomes == cursor.outcomes
            # Those that were under way when the first one failed came to their ends.
            states = Counter(outcome.state for outcome in outcomes)
            assert states["failed"] > 0
            assert states["unknown"] == 0
            assert {outcome.code for outcome in outcomes} <= {None, "AlreadyExists"}
            made = await rows_of(cursor, "SELECT name FROM awscc.glue.workflows_list_only")
            done = {outcome.identifier for outcome in outcomes if outcome.state == "done"}
            assert done == {name for (name,) in made} - {name for [name] in THERE}
            assert len(str(raised.value)) < 1500
            assert f"{states['done']} done (w000, w001, w002, and {states['done'] - 3} more)" in str(raised.value)

    run(main)


@both_faces
def test_failures_are_rows_in_the_order_of_their_requests(face: str) -> None:
    async def main() -> None:
        service = CloudControl()
        await prepared(service)
        async with connected(face, embedded=service, regions=[REGION], on_write_error="return") as cursor:
            await value_of(cursor.executemany(RETURNING, NAMES))
            rows = await value_of(cursor.fetchall())
            assert [(row[0], row[1], row[2]) for row in rows] == [
                (name, "FAILED", "AlreadyExists") if [name] in THERE else (name, "SUCCESS", None) for [name] in NAMES
            ]
            assert all("already exists" in row[3] for row in rows if row[1] == "FAILED")
            assert cursor.rowcount == 90
            assert Counter(outcome.state for outcome in cursor.outcomes) == {"done": 90, "failed": 10}

    run(main)


@both_faces
def test_what_nobody_knows_is_an_error_though_failures_are_rows(face: str) -> None:
    async def main() -> None:
        service = Breaking()
        await prepared(service)
        settings = {"on_write_error": "return", "max_attempts": 2}
        async with connected(face, embedded=service, regions=[REGION], **settings) as cursor:
            with pytest.raises(ccdbapi.OperationalError, match="got no answer in 2 tries") as raised:
                await value_of(cursor.executemany(RETURNING, NAMES))
            (unknown,) = [outcome for outcome in raised.value.outcomes if outcome.state == "unknown"]
            assert f"1 unknown (AWS::Glue::Workflow: client token {unknown.client_token}, " in str(raised.value)
            tries = [call.payload for call in service.calls if "w050" in str(call.payload.get("DesiredState"))]
            assert [payload["ClientToken"] for payload in tries] == [unknown.client_token] * 2

    run(main)


@both_faces
@pytest.mark.parametrize("timeout", [None, 60])
def test_a_request_waits_for_another_one_on_its_resource(
    face: str, timeout: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perseverance, "AGAIN", Backoff(base=0.01, cap=0.05))

    async def main() -> None:
        service = CloudControl(Options(settle=0.3))
        async with connected(face, embedded=service, regions=[REGION], timeout=timeout) as cursor:
            await value_of(cursor.execute("/*+ async */ INSERT INTO awscc.glue.workflows (name) VALUES ('a')"))
            await value_of(cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = 'a'"))
            deletes = [call for call in service.calls if call.operation == "DeleteResource"]
            assert [call.error for call in deletes] == ["ConcurrentOperationException"] * (len(deletes) - 1) + [None]
            assert len(deletes) > 1
            assert len({call.payload["ClientToken"] for call in deletes}) == 1
            assert await rows_of(cursor, "SELECT name FROM awscc.glue.workflows_list_only") == []

    run(main)


@both_faces
def test_another_request_on_the_resource_is_not_waited_for_longer_than_the_timeout(face: str) -> None:
    async def main() -> None:
        service = CloudControl(Options(settle=3600))
        async with connected(face, embedded=service, regions=[REGION], timeout=0.2) as cursor:
            await value_of(cursor.execute("/*+ async */ INSERT INTO awscc.glue.workflows (name) VALUES ('a')"))
            with pytest.raises(ccdbapi.OperationalError, match=r"timeout.*ConcurrentOperationException") as raised:
                await value_of(cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = 'a'"))
            (outcome,) = raised.value.outcomes
            assert (outcome.state, outcome.code) == ("failed", "ConcurrentOperationException")

    run(main)


def test_a_client_token_that_stands_for_another_request_is_told(cursor: ccdbapi.Cursor) -> None:
    cursor.execute("/*+ client_token('t') */ INSERT INTO awscc.glue.workflows (name) VALUES ('a')")
    with pytest.raises(ccdbapi.IntegrityError, match=r"ClientTokenConflictException.*leave it out"):
        cursor.execute("/*+ client_token('t') */ INSERT INTO awscc.glue.workflows (name) VALUES ('b')")
    assert [outcome.state for outcome in cursor.outcomes] == ["failed"]
