"""What is counted of a statement's calls, and whose they are when statements run at once."""

from __future__ import annotations

import asyncio
import dataclasses
import statistics
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_transport import Answer, ScriptedTransport, error, ok
from virtual_time import LoopClock, run

from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.observer import Attempt, observing
from ccdbapi.cloudcontrol.retry import Backoff
from ccdbapi.cloudcontrol.transport import Reply, TransportError
from ccdbapi.exceptions import DatabaseError
from ccdbapi.execution.tally import Tally, counted_for
from ccdbapi.statistics import CallStatistics, Latency, Statistics, joined

REGION, TYPE = "us-east-1", "AWS::SSM::Parameter"
FOUND = ok(ResourceDescription={"Identifier": "a", "Properties": "{}"})
MISSING = error("ResourceNotFoundException")
THROTTLED = error("ThrottlingException")
BROKEN = error("ServiceInternalErrorException", 500)
LOST = TransportError("broken")


def client(transport: ScriptedTransport) -> Client:
    return Client(transport, rate_limit=None, clock=LoopClock(), backoff=Backoff(jitter=lambda upper: 0))


def page(*identifiers: str, token: str | None = None) -> Reply:
    return ok(
        ResourceDescriptions=[{"Identifier": name} for name in identifiers], **({"NextToken": token} if token else {})
    )


def figures(tally: Tally) -> dict[str, object]:
    """The figures of the one kind of call that was made, but for those that are 0, and for the latency."""
    [counted] = tally.figures()
    return {name: value for name, value in dataclasses.asdict(counted).items() if value and name != "latency"}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([FOUND], {"calls": 1, "resources": 1}),
        ([MISSING], {"calls": 1}),
        ([THROTTLED, THROTTLED, FOUND], {"calls": 1, "retries": 2, "throttles": 2, "resources": 1}),
        ([BROKEN, LOST, FOUND], {"calls": 1, "retries": 2, "failures": 2, "resources": 1}),
        ([Reply(429, None, {}), FOUND], {"calls": 1, "retries": 1, "throttles": 1, "resources": 1}),
        ([error("AccessDeniedException")], {"calls": 1, "failures": 1}),
        ([THROTTLED] * 10, {"calls": 1, "retries": 9, "throttles": 10}),
    ],
)
def test_a_get_is_counted_by_what_it_is_answered(answers: Sequence[Answer], expected: dict[str, object]) -> None:
    tally = Tally()
    with observing(tally):
        try:
            run(client(ScriptedTransport(answers)).get_resource(REGION, TYPE, "a"))
        except DatabaseError:
            assert "resources" not in expected
    assert figures(tally) == {"operation": "GetResource", "region": REGION, "type_name": TYPE, **expected}


def test_a_page_of_a_list_is_a_call_and_its_resources_are_counted() -> None:
    async def read_all() -> None:
        async for _ in client(
            ScriptedTransport([page("a", "b", token="1"), page(token="2"), page("c")])
        ).list_resources(REGION, TYPE):
            pass

    tally = Tally()
    with observing(tally):
        run(read_all())
    assert figures(tally) == {
        "operation": "ListResources", "region": REGION, "type_name": TYPE, "calls": 3, "pages": 3, "resources": 3,
    }  # fmt: skip


def test_a_write_brings_no_resources() -> None:
    tally = Tally()
    with observing(tally):
        run(client(ScriptedTransport([ok(ProgressEvent={})])).delete_resource(REGION, TYPE, "a", client_token="t"))
    assert figures(tally) == {"operation": "DeleteResource", "region": REGION, "type_name": TYPE, "calls": 1}


def test_a_call_that_is_stopped_was_made_but_has_no_latency() -> None:
    async def stop() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await client(ScriptedTransport([FOUND], latency=5)).get_resource(REGION, TYPE, "a")

    tally = Tally()
    with observing(tally):
        run(stop())
    [counted] = tally.figures()
    assert (counted.calls, counted.failures, len(counted.latency.seconds)) == (1, 0, 0)


def test_statements_that_share_a_client_are_told_of_their_own_calls() -> None:
    shared = client(ScriptedTransport(lambda *_: FOUND, latency=1))

    async def statement(region: str, count: int) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(shared.get_resource(region, TYPE, str(number)))

    async def main() -> Sequence[Tally]:
        tallies, tasks = [Tally(), Tally()], []
        for tally, region, count in zip(tallies, ("us-east-1", "eu-west-1"), (2, 3), strict=True):
            with observing(tally):
                tasks.append(asyncio.create_task(statement(region, count)))
        await asyncio.gather(*tasks, shared.get_resource("sa-east-1", TYPE, "nobody's"))
        return tallies

    counted = [[(kind.region, kind.calls, list(kind.latency.seconds)) for kind in t.figures()] for t in run(main())]
    assert counted == [[("us-east-1", 2, [1, 1])], [("eu-west-1", 3, [1, 1, 1])]]


def test_calls_are_told_apart_by_the_part_of_the_plan_that_they_are_for() -> None:
    shared = client(ScriptedTransport(lambda *_: FOUND, latency=1))

    async def part(number: int, count: int) -> None:
        with counted_for(("images", number)):
            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(shared.get_resource(REGION, TYPE, "a"))

    async def main() -> None:
        await asyncio.gather(part(0, 1), part(1, 2), shared.get_resource(REGION, TYPE, "a"))

    tally = Tally()
    with observing(tally):
        run(main())
    by_part = {part: sum(kind.calls for kind in kinds) for part, kinds in tally.by_part().items()}
    assert by_part == {("images", 0): 1, ("images", 1): 2, None: 1}
    [together] = tally.figures()
    assert (together.calls, together.resources, together.latency.total) == (4, 4, 4)


def test_calls_are_told_apart_by_account() -> None:
    tally = Tally()
    for account in ("dev", "prod", "prod"):
        tally.attempted(
            Attempt(
                operation="GetResource",
                region=REGION,
                type_name=TYPE,
                identifier="a",
                number=1,
                duration=1,
                outcome="Success",
                account=account,
            )
        )
    assert [(kind.account, kind.calls) for kind in tally.figures()] == [("dev", 1), ("prod", 2)]


@given(st.lists(st.floats(0, 100), min_size=1))
def test_latencies_are_summed_up(seconds: list[float]) -> None:
    latency = Latency(array("d", seconds))
    assert (latency.minimum, latency.maximum) == (min(seconds), max(seconds))
    assert latency.total == sum(seconds)
    assert latency.median == pytest.approx(statistics.median(seconds))


def test_no_latencies_are_nothing() -> None:
    nothing = Latency()
    assert (nothing.total, nothing.minimum, nothing.median, nothing.maximum) == (0, 0, 0, 0)
    assert joined([nothing, Latency(array("d", [1])), Latency(array("d", [3]))]).median == 2


def test_totals_are_those_of_all_parts() -> None:
    one = CallStatistics(operation="GetResource", region="us-east-1", type_name=TYPE, calls=2, retries=1, throttles=1)
    two = CallStatistics(operation="ListResources", region="us-east-1", type_name=TYPE, calls=3, failures=1, pages=2)
    total = Statistics(breakdown=(one, two), rows=4, wall_time=2, waiting_time=1, ended=True)
    assert (total.calls, total.retries, total.throttles, total.failures, total.pages) == (5, 1, 1, 1, 2)
    assert str(total).startswith("5 calls (1 retries, 1 throttled, 1 failed), 2 pages, 0 resources, 4 rows in 2.000 s")


def test_figures_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Statistics(breakdown=(), rows=4, wall_time=2, waiting_time=1, ended=True).rows = 5  # type: ignore[misc]
