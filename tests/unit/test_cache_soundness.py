"""Any sequence of reads, writes and waits: no row older than it may be, and no call more than without a memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import event, given, settings
from hypothesis import strategies as st
from scripted_transport import error, ok
from virtual_time import LoopClock, run

from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.transport import Reply
from ccdbapi.exceptions import DatabaseError

TTL = 10.0
IDENTIFIERS = ("a", "b")
PAGES = len(IDENTIFIERS)

Place = tuple[str, str]
PLACES: tuple[Place, ...] = (
    ("eu-west-1", "AWS::SageMaker::Image"),
    ("eu-west-1", "AWS::SageMaker::ImageVersion"),
    ("us-east-1", "AWS::SageMaker::Image"),
    ("eu-west-1", "AWS::IAM::Role"),
    ("us-east-1", "AWS::IAM::Role"),
)


def scope_of(place: Place) -> tuple[str, ...]:
    """What a write in ``place`` may change: roles are the same ones in all regions."""
    region, type_name = place
    service = type_name.rpartition("::")[0]
    return (service,) if service == "AWS::IAM" else (service, region)


class Moment(NamedTuple):
    """A point in time: seconds, and the number of what happened, which tells those of one second apart."""

    seconds: float
    number: int


class History:
    """What everything was when: each change of a place gives it the next version, which its resources all show."""

    def __init__(self) -> None:
        self.number = 0
        self.versions: dict[tuple[str, ...], int] = {}
        #: (scope, version) → when it was replaced.
        self.replaced: dict[tuple[tuple[str, ...], int], Moment] = {}

    def now(self) -> Moment:
        self.number += 1
        return Moment(asyncio.get_running_loop().time(), self.number)

    def version(self, place: Place) -> int:
        return self.versions.get(scope_of(place), 0)

    def change(self, place: Place) -> None:
        scope = scope_of(place)
        self.replaced[scope, self.version(place)] = self.now()
        self.versions[scope] = self.version(place) + 1


class Service:
    """Decides its answer when a call arrives, and gives it when it is let go. What a write does it does at its end."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.calls = 0
        self.held: list[asyncio.Event] = []
        self.hold = False
        self.outcome = "SUCCESS"
        self.requests: dict[str, Place] = {}
        self.under_way: set[str] = set()

    async def send(self, operation: str, region: str, payload: Mapping[str, object]) -> Reply:
        answer = self._answer(operation, region, payload)
        if operation in ("GetResource", "ListResources"):
            self.calls += 1
            if self.hold:
                gate = asyncio.Event()
                self.held.append(gate)
                await gate.wait()
        if answer is None:
            raise ConnectionResetError("the answer was lost")
        return answer

    def _answer(self, operation: str, region: str, payload: Mapping[str, object]) -> Reply | None:
        if operation == "GetResourceRequestStatus":
            token = str(payload["RequestToken"])
            status = "IN_PROGRESS" if token in self.under_way else "SUCCESS"
            return ok(ProgressEvent={"RequestToken": token, "OperationStatus": status})
        place = (region, str(payload["TypeName"]))
        version = str(self.history.version(place))
        if operation == "GetResource":
            return ok(ResourceDescription={"Properties": version})
        if operation == "ListResources":
            page = int(str(payload.get("NextToken", "0")).split()[0])
            more = {"NextToken": f"{page + 1} {self.calls}"} if page + 1 < PAGES else {}
            return ok(ResourceDescriptions=[{"Identifier": IDENTIFIERS[page], "Properties": version}], **more)
        return self._written(place)

    def _written(self, place: Place) -> Reply | None:
        if self.outcome == "refused":
            return error("ValidationException")
        token = f"token-{len(self.requests)}"
        self.requests[token] = place
        if self.outcome == "under way":
            self.under_way.add(token)
            return ok(ProgressEvent={"RequestToken": token, "OperationStatus": "IN_PROGRESS"})
        self.history.change(place)
        if self.outcome == "lost":
            return None
        return ok(ProgressEvent={"RequestToken": token, "OperationStatus": "SUCCESS"})

    def finish(self, token: str) -> None:
        if token in self.under_way:
            self.under_way.remove(token)
            self.history.change(self.requests[token])

    async def close(self) -> None:
        pass


@dataclass
class Asked:
    """A read on its way."""

    place: Place
    oldest: Moment
    task: asyncio.Task[list[int]] = field(repr=False)


class World:
    """A client with a memory, what it asks, and what may be answered."""

    def __init__(self) -> None:
        self.history = History()
        self.service = Service(self.history)
        self.client = Client(self.service, rate_limit=None, max_attempts=1, cache_ttl=TTL, clock=LoopClock())
        self.asked: list[Asked] = []
        self.worth = 0
        #: Scope → since when all answers have to be, because a write of this client had ended.
        self.ended: dict[tuple[str, ...], Moment] = {}
        #: Requests whose end the client has not seen.
        self.unseen: dict[str, Place] = {}
        #: Those of them whose token it never got.
        self.lost: set[str] = set()

    async def read(self, place: Place, kind: str, *, fresh: bool, hold: bool) -> None:
        now = self.history.now()
        oldest = max(Moment(now.seconds - TTL, self.history.number + 1), self.ended.get(scope_of(place), Moment(-1, 0)))
        if fresh or any(scope_of(other) == scope_of(place) for other in self.unseen.values()):
            oldest = now
        self.service.hold = hold
        self.worth += 1 if kind == "get" else PAGES
        client = self.client.refreshing if fresh else self.client
        reading = self._get(client, place) if kind == "get" else self._list(client, place)
        self.asked.append(Asked(place, oldest, asyncio.create_task(reading)))
        await self.settle()

    async def write(self, place: Place, outcome: str) -> None:
        self.service.outcome = outcome
        before = set(self.service.requests)
        with contextlib.suppress(DatabaseError):
            await self.client.update_resource(*place, "a", "[]", client_token="t")
        made = set(self.service.requests) - before
        self.ended[scope_of(place)] = self.history.now()
        if outcome in ("under way", "lost"):
            self.unseen.update(dict.fromkeys(made, place))
        if outcome == "lost":
            self.lost |= made

    async def look(self, token: str) -> None:
        region = self.service.requests[token][0]
        status = await self.client.get_resource_request_status(region, token)
        if status.is_final and token in self.unseen and token not in self.lost:
            self.ended[scope_of(self.unseen.pop(token))] = self.history.now()

    async def settle(self) -> None:
        """Lets everything go as far as it comes, and looks at the reads that have ended."""
        for _ in range(20):
            await asyncio.sleep(0)
        ended = [asked for asked in self.asked if asked.task.done()]
        self.asked = [asked for asked in self.asked if not asked.task.done()]
        for asked in ended:
            if not asked.task.cancelled():
                for version in asked.task.result():
                    replaced = self.history.replaced.get((scope_of(asked.place), version))
                    assert replaced is None or replaced > asked.oldest, (asked, version, replaced)
        assert self.service.calls <= self.worth

    async def release(self) -> None:
        held, self.service.held = self.service.held, []
        for gate in held:
            gate.set()
        await self.settle()

    async def _get(self, client: Client, place: Place) -> list[int]:
        properties = await client.get_resource(*place, "a")
        assert properties is not None
        return [int(properties)]

    async def _list(self, client: Client, place: Place) -> list[int]:
        pages = [page async for page in client.list_resources(*place)]
        assert [item.identifier for page in pages for item in page] == list(IDENTIFIERS)
        return [int(item.properties or "") for page in pages for item in page]


places = st.one_of(st.just(PLACES[0]), st.just(PLACES[0]), st.sampled_from(PLACES))
reads = st.tuples(
    st.just("read"),
    places,
    st.sampled_from(["get", "list"]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([False, False, True]),
)
others = st.one_of(
    st.tuples(st.just("write"), places, st.sampled_from([*["SUCCESS"] * 5, "under way", "refused", "lost"])),
    st.tuples(st.just("change by others"), places),
    st.tuples(st.just("finish"), st.integers(0, 3)),
    st.tuples(st.just("look"), st.integers(0, 3)),
    st.tuples(st.just("pass time"), st.sampled_from([0.1, TTL / 2, TTL])),
    st.tuples(st.just("release")),
    st.tuples(st.just("cancel"), st.integers(0, 3)),
)
steps = st.one_of(reads, reads, others)


@settings(max_examples=400, deadline=None)
@given(st.lists(steps, min_size=15, max_size=40))
def test_no_answer_is_older_than_it_may_be(sequence: list[tuple[object, ...]]) -> None:
    async def scenario() -> None:
        world = World()
        for step in sequence:
            match step:
                case ("read", (str() as region, str() as type_name), str() as kind, bool() as fresh, bool() as hold):
                    await world.read((region, type_name), kind, fresh=fresh, hold=hold)
                case ("write", (str() as region, str() as type_name), str() as outcome):
                    await world.write((region, type_name), outcome)
                case ("change by others", (str() as region, str() as type_name)):
                    world.history.change((region, type_name))
                case ("finish", int() as number) if number < len(world.service.requests):
                    world.service.finish(list(world.service.requests)[number])
                case ("look", int() as number) if number < len(world.service.requests):
                    await world.look(list(world.service.requests)[number])
                case ("pass time", float() as seconds):
                    await asyncio.sleep(seconds)
                case ("release",):
                    await world.release()
                case ("cancel", int() as number) if number < len(world.asked):
                    world.asked[number].task.cancel()
                    await world.settle()
        while world.asked:
            await world.release()
        event(f"{world.worth - world.service.calls > 0} that calls were spared")

    run(scenario())
