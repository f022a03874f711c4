"""The memory of reads: what is asked again, what is not, and who shares a call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing

import pytest
from scripted_transport import Answer, ScriptedTransport, error, ok
from virtual_time import LoopClock, VirtualTimeLoop, run

from ccdbapi.cloudcontrol.cache import JOINABLE, LONGEST_REQUEST, SHARES, CachingCaller, Memory
from ccdbapi.cloudcontrol.call import Call, Caller
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.retry import Backoff
from ccdbapi.exceptions import DatabaseError, OperationalError

TTL = 60.0
IMAGE, VERSION, LOG_GROUP, ROLE = (
    "AWS::SageMaker::Image",
    "AWS::SageMaker::ImageVersion",
    "AWS::Logs::LogGroup",
    "AWS::IAM::Role",
)
HERE, THERE = "eu-west-1", "us-east-1"


class Service:
    """Counts its answers: the properties of a resource are how many were given before. Lists have three pages."""

    def __init__(self) -> None:
        self.given = 0
        self.absent: set[str] = set()
        self.refusal: Answer | None = None
        self.write_status = "SUCCESS"
        self.write_refusal: Answer | None = None
        self.statuses: dict[str, str] = {}

    def __call__(self, operation: str, region: str, payload: Mapping[str, object]) -> Answer:
        self.given += 1
        if self.refusal is not None:
            return self.refusal
        match operation:
            case "GetResource" if payload["Identifier"] in self.absent:
                return error("ResourceNotFoundException")
            case "GetResource":
                return ok(
                    ResourceDescription={"Identifier": payload["Identifier"], "Properties": f'{{"n": {self.given}}}'}
                )
            case "ListResources":
                page = int(str(payload.get("NextToken", "0-0")).split("-")[0]) + 1
                token = {"NextToken": f"{page}-{self.given}"} if page < 3 else {}
                return ok(ResourceDescriptions=[{"Identifier": f"{page}.{self.given}"}], **token)
            case "GetResourceRequestStatus":
                token_name = str(payload["RequestToken"])
                return ok(ProgressEvent={"RequestToken": token_name, "OperationStatus": self.statuses[token_name]})
            case "ListResourceRequests":
                return ok(
                    ResourceRequestStatusSummaries=[
                        {"RequestToken": name, "OperationStatus": status} for name, status in self.statuses.items()
                    ]
                )
        if self.write_refusal is not None:
            return self.write_refusal
        name = f"token-{self.given}"
        self.statuses[name] = self.write_status
        return ok(ProgressEvent={"RequestToken": name, "OperationStatus": self.write_status, "TypeName": IMAGE})


class Bench:
    """A client with a memory, and the service that it asks."""

    def __init__(self, ttl: float = TTL, *, latency: float = 0, attempts: int = 1) -> None:
        self.service = Service()
        self.transport = ScriptedTransport(self.service, latency=latency)
        self.client = Client(
            self.transport,
            rate_limit=None,
            max_attempts=attempts,
            cache_ttl=ttl,
            clock=LoopClock(),
            backoff=Backoff(jitter=lambda upper: upper),
        )

    @property
    def asked(self) -> int:
        return len(self.transport.calls)

    async def get(self, identifier: str = "a", type_name: str = IMAGE, region: str = HERE) -> str | None:
        return await self.client.get_resource(region, type_name, identifier)

    async def list(self, type_name: str = IMAGE, region: str = HERE, client: Client | None = None) -> list[str]:
        return [
            item.identifier async for page in (client or self.client).list_resources(region, type_name) for item in page
        ]

    async def create(self, type_name: str = IMAGE, region: str = HERE) -> None:
        await self.client.create_resource(region, type_name, "{}", client_token="t")


async def asks(bench: Bench, reading: Callable[[], Awaitable[object]]) -> int:
    """How many calls ``reading`` makes."""
    before = bench.asked
    await reading()
    return bench.asked - before


def test_a_read_is_not_repeated_until_it_is_as_old_as_the_ttl() -> None:
    async def scenario() -> None:
        bench = Bench()
        assert await bench.get() == await bench.get() == '{"n": 1}'
        assert await bench.list() == await bench.list()
        assert bench.asked == 4
        await asyncio.sleep(TTL - 0.1)
        assert await bench.get() == '{"n": 1}'
        assert bench.asked == 4
        await asyncio.sleep(0.1)
        assert await bench.get() == '{"n": 5}'
        assert await asks(bench, bench.list) == 3

    run(scenario())


def test_the_age_of_a_read_counts_from_its_beginning() -> None:
    async def scenario() -> None:
        bench = Bench(latency=TTL / 3)
        await bench.list()
        assert await asks(bench, bench.list) == 3
        await bench.get()
        await asyncio.sleep(TTL * 2 / 3)
        assert await asks(bench, bench.get) == 1

    run(scenario())


def test_without_a_ttl_every_read_is_made() -> None:
    async def scenario() -> None:
        bench = Bench(ttl=0)
        await bench.get()
        await bench.get()
        assert bench.asked == 2
        assert bench.client.refreshing is bench.client

    run(scenario())


@pytest.mark.parametrize(
    "other",
    [
        {"identifier": "b"},
        {"type_name": VERSION},
        {"region": THERE},
        {"role_arn": "arn:aws:iam::1:role/x"},
        {"type_version_id": "2"},
    ],
    ids=str,
)
def test_what_differs_is_another_read(other: dict[str, str]) -> None:
    async def scenario() -> None:
        bench = Bench()
        asked = {"region": HERE, "type_name": IMAGE, "identifier": "a"}
        first = await bench.client.get_resource(**asked)
        assert await bench.client.get_resource(**(asked | other)) != first
        assert await bench.client.get_resource(**asked) == first

    run(scenario())


def test_lists_of_other_parents_are_other_lists() -> None:
    async def scenario() -> None:
        bench = Bench()
        for model in ('{"A": 1}', '{"A": 2}', '{"A": 1}', None, None):
            async for _ in bench.client.list_resources(HERE, IMAGE, resource_model=model):
                pass
        assert bench.asked == 9

    run(scenario())


def test_that_a_resource_does_not_exist_is_remembered() -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.service.absent.add("a")
        assert await bench.get() is None
        bench.service.absent.clear()
        assert await bench.get() is None
        assert bench.asked == 1
        await asyncio.sleep(TTL)
        assert await bench.get() == '{"n": 2}'

    run(scenario())


@pytest.mark.parametrize(
    "refusal",
    [
        error("AccessDeniedException"),
        error("ThrottlingException", 429),
        error("TypeNotFoundException"),
        ok(),
        ConnectionResetError("gone"),
    ],
    ids=str,
)
def test_no_error_is_remembered(refusal: Answer) -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.service.refusal = refusal
        for reading in (bench.get, bench.list):
            with pytest.raises(DatabaseError):
                await reading()
        bench.service.refusal = None
        assert await bench.get() == '{"n": 3}'
        assert len(await bench.list()) == 3

    run(scenario())


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_a_list_that_was_not_read_to_its_end_is_read_again(pages: int) -> None:
    async def scenario() -> None:
        bench = Bench()
        async with aclosing(bench.client.list_resources(HERE, IMAGE)) as listing:
            for _ in range(pages):
                await anext(listing)
        assert bench.asked == pages
        assert await asks(bench, bench.list) == 3
        assert await asks(bench, bench.list) == 0

    run(scenario())


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    async def scenario() -> None:
        transport = ScriptedTransport(
            lambda _, __, payload: ok(
                ResourceDescription={
                    "Properties": str(payload["Identifier"])[:1] * (30_000 if "!" in str(payload) else 500)
                }
            )
        )
        clock, room = LoopClock(), 100_000
        caller = Caller(transport, rate_limit=None, max_attempts=1, concurrency=1, clock=clock, backoff=Backoff())
        memory = Memory(room)
        caching = CachingCaller(caller, ttl=TTL, clock=clock, memory=memory)

        async def get(identifier: str) -> int:
            before = len(transport.calls)
            call = Call("GetResource", HERE, {"TypeName": IMAGE, "Identifier": identifier})
            with caching.reading(call) as send:
                await send(call)
            assert memory.size <= room
            return len(transport.calls) - before

        for number in range(200):
            await get(f"{number}")
            await get("kept because it is asked for")
        assert len(transport.calls) == 201
        assert memory.size > room * 0.9
        assert await get("199") == 0
        assert await get("0") == 1
        # What takes more than its share is not remembered, and drives nothing out.
        assert [await get("large!"), await get("large!"), await get("199")] == [1, 1, 0]
        assert room // SHARES < 30_000

    run(scenario())


def test_clients_that_share_the_room_answer_for_themselves() -> None:
    async def scenario() -> None:
        memory = Memory()
        service = Service()
        transports = [ScriptedTransport(service), ScriptedTransport(service)]
        clients = [
            Client(transport, rate_limit=None, cache_ttl=TTL, memory=memory, clock=LoopClock())
            for transport in transports
        ]
        rows = [[await client.get_resource(HERE, IMAGE, "a") for client in clients] for _ in range(2)]
        assert rows == [['{"n": 1}', '{"n": 2}']] * 2
        one = memory.size
        await clients[0].get_resource(HERE, IMAGE, "b")
        assert memory.size == pytest.approx(one * 1.5, rel=0.01)
        await clients[0].create_resource(HERE, IMAGE, "{}", client_token="t")
        assert [await client.get_resource(HERE, IMAGE, "a") for client in clients] == ['{"n": 5}', '{"n": 2}']

    run(scenario())


def test_a_list_that_takes_more_than_its_share_is_read_as_without_a_memory() -> None:
    async def scenario() -> None:
        pages, share = 20, 100_000 // SHARES

        def answer(_: str, __: str, payload: Mapping[str, object]) -> Answer:
            page = int(str(payload.get("NextToken", 0)))
            more = {"NextToken": str(page + 1)} if page + 1 < pages else {}
            return ok(ResourceDescriptions=[{"Identifier": f"{page}", "Properties": "x" * 2_000}], **more)

        clock, transport = LoopClock(), ScriptedTransport(answer, latency=1)
        caller = Caller(transport, rate_limit=None, max_attempts=1, concurrency=4, clock=clock, backoff=Backoff())
        memory = Memory(share * SHARES)
        caching = CachingCaller(caller, ttl=TTL, clock=clock, memory=memory)

        async def read() -> int:
            payload: dict[str, object] = {"TypeName": IMAGE}
            call = Call("ListResources", HERE, payload)
            with caching.reading(call) as send:
                for page in range(pages):
                    answer = await send(call)
                    assert memory.size <= share
                    assert answer.body["ResourceDescriptions"][0]["Identifier"] == f"{page}"  # type: ignore[index]
                    call = Call("ListResources", HERE, {**payload, "NextToken": str(page + 1)})
            return pages

        assert list(await asyncio.gather(read(), read())) == [pages, pages]
        assert len(transport.calls) == pages  # who keeps pace still shares the calls
        assert memory.size == 0
        late = asyncio.create_task(read())
        await asyncio.sleep(pages - 1.5)
        assert list(await asyncio.gather(read(), late)) == [pages, pages]
        assert len(transport.calls) == 3 * pages

    run(scenario())


WRITES: Mapping[str, Callable[[Client], Awaitable[object]]] = {
    "create": lambda client: client.create_resource(HERE, IMAGE, "{}", client_token="t"),
    "update": lambda client: client.update_resource(HERE, IMAGE, "a", "[]", client_token="t"),
    "delete": lambda client: client.delete_resource(HERE, IMAGE, "a", client_token="t"),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_drops_what_it_may_touch_and_nothing_else(write: str) -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.service.absent.add("not yet")
        reads: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (1, bench.get),
            (1, lambda: bench.get("by another of its names")),
            (1, lambda: bench.get("not yet")),
            (3, bench.list),
            (3, lambda: bench.list(VERSION)),
            (0, lambda: bench.get(region=THERE)),
            (0, lambda: bench.list(region=THERE)),
            (0, lambda: bench.get(type_name=LOG_GROUP)),
            (0, lambda: bench.list(LOG_GROUP)),
        ]
        for _, reading in reads:
            await reading()
        await WRITES[write](bench.client)
        assert [await asks(bench, reading) for _, reading in reads] == [calls for calls, _ in reads]
        assert [await asks(bench, reading) for _, reading in reads] == [0] * len(reads)

    run(scenario())


def test_what_regions_share_is_dropped_in_all_of_them() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.get(type_name=ROLE, region=THERE)
        await bench.create(ROLE, HERE)
        assert await asks(bench, lambda: bench.get(type_name=ROLE, region=THERE)) == 1

    run(scenario())


def test_while_a_write_is_under_way_its_service_is_asked() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.get()
        await bench.get(type_name=LOG_GROUP)
        bench.service.write_status = "IN_PROGRESS"
        event = await bench.client.create_resource(HERE, IMAGE, "{}", client_token="t")
        assert [await asks(bench, bench.get) for _ in range(3)] == [1, 1, 1]
        assert [await asks(bench, bench.list) for _ in range(2)] == [3, 3]
        assert await asks(bench, lambda: bench.get(type_name=LOG_GROUP)) == 0
        bench.service.statuses[str(event.request_token)] = "SUCCESS"
        await bench.client.wait(HERE, event)
        assert [await asks(bench, bench.get) for _ in range(2)] == [1, 0]

    run(scenario())


@pytest.mark.parametrize("end", ["SUCCESS", "FAILED", "CANCEL_COMPLETE"])
@pytest.mark.parametrize("seen_by", ["status", "list", "another write"])
def test_a_write_is_over_when_its_end_is_seen(end: str, seen_by: str) -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.service.write_status = "IN_PROGRESS"
        first = await bench.client.create_resource(HERE, IMAGE, "{}", client_token="t")
        bench.service.statuses[str(first.request_token)] = end
        if seen_by == "another write":
            bench.service.write_status = end
            await bench.create()
            assert [await asks(bench, bench.get) for _ in range(2)] == [1, 1]  # that says nothing of the first
        if seen_by == "list":
            async for _ in bench.client.list_resource_requests(HERE):
                pass
        else:
            await bench.client.get_resource_request_status(HERE, str(first.request_token))
        assert [await asks(bench, bench.get) for _ in range(2)] == [1, 0]

    run(scenario())


def test_a_request_that_is_cancelled_is_under_way_until_its_end_is_seen() -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.service.write_status = "CANCEL_IN_PROGRESS"
        event = await bench.client.cancel_resource_request(HERE, "of somebody else")
        assert [await asks(bench, bench.get) for _ in range(2)] == [1, 1]
        bench.service.statuses[str(event.request_token)] = "CANCEL_COMPLETE"
        await bench.client.get_resource_request_status(HERE, str(event.request_token))
        assert [await asks(bench, bench.get) for _ in range(2)] == [1, 0]

    run(scenario())


def test_a_write_whose_end_is_never_seen_ends_when_no_handler_runs_any_more() -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.service.write_status = "IN_PROGRESS"
        await bench.create()
        await asyncio.sleep(LONGEST_REQUEST - 1)
        assert [await asks(bench, bench.get) for _ in range(2)] == [1, 1]
        await asyncio.sleep(1)
        assert [await asks(bench, bench.get) for _ in range(2)] == [1, 0]

    run(scenario())


@pytest.mark.parametrize(
    ("refusal", "calls"),
    [
        (error("ValidationException"), [1, 0]),
        (error("AccessDeniedException"), [1, 0]),
        (error("AlreadyExistsException"), [1, 0]),
        (error("HandlerInternalFailureException", 502), [1, 1]),
        (error("ServiceInternalErrorException", 500), [1, 1]),
        (error("NobodyKnowsThis", 500), [1, 1]),
        (ConnectionResetError("gone"), [1, 1]),
    ],
    ids=str,
)
def test_a_write_that_fails_is_over_only_if_it_was_refused(refusal: Answer, calls: list[int]) -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.get()
        bench.service.write_refusal = refusal
        with pytest.raises(DatabaseError):
            await bench.create()
        assert [await asks(bench, bench.get) for _ in range(2)] == calls

    run(scenario())


@pytest.mark.parametrize("reading", ["get", "list"])
@pytest.mark.parametrize("write_takes", [0.0, 2.0])
def test_a_read_that_began_before_a_write_is_not_remembered_after_it(reading: str, write_takes: float) -> None:
    async def scenario() -> None:
        bench = Bench(latency=1)
        read = bench.get if reading == "get" else bench.list
        under_way = asyncio.create_task(read())
        await asyncio.sleep(0.5)
        assert bench.asked == 1
        await asyncio.sleep(write_takes)
        await bench.create()
        calls = await asks(bench, read)
        assert calls >= (1 if reading == "get" else 3)
        await under_way
        assert await asks(bench, read) == 0

    run(scenario())


def test_refreshing_asks_the_service_and_renews_what_is_remembered() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.get()
        before = await bench.list()
        assert await bench.client.refreshing.get_resource(HERE, IMAGE, "a") == '{"n": 5}'
        renewed = await bench.list(client=bench.client.refreshing)
        assert renewed != before
        assert await bench.get() == '{"n": 5}'
        assert await bench.list() == renewed
        assert bench.asked == 8

    run(scenario())


def test_an_older_read_does_not_replace_a_newer_one() -> None:
    async def scenario() -> None:
        bench = Bench(latency=1)
        older = asyncio.create_task(bench.get())
        await asyncio.sleep(0.5)
        newer = asyncio.create_task(bench.client.refreshing.get_resource(HERE, IMAGE, "a"))
        assert [await older, await newer] == ['{"n": 1}', '{"n": 2}']
        assert await bench.get() == '{"n": 2}'

    run(scenario())


def test_who_asks_at_once_shares_the_call() -> None:
    async def scenario() -> None:
        bench = Bench(latency=1)
        assert await asyncio.gather(*(bench.get() for _ in range(10))) == ['{"n": 1}'] * 10
        lists = await asyncio.gather(*(bench.list() for _ in range(10)))
        assert all(one == lists[0] for one in lists)
        assert bench.asked == 4

    run(scenario())


def test_who_comes_while_a_list_is_read_gets_its_pages_and_goes_on_with_it() -> None:
    async def scenario() -> None:
        bench = Bench(latency=1)
        first = asyncio.create_task(bench.list())
        await asyncio.sleep(1.5)
        assert await bench.list() == await first
        assert bench.asked == 3

    run(scenario())


def test_nobody_joins_a_list_that_somebody_is_slow_to_read() -> None:
    async def scenario() -> None:
        bench = Bench()
        async with aclosing(bench.client.list_resources(HERE, IMAGE)) as slow:
            await anext(slow)
            await asyncio.sleep(JOINABLE)
            assert await asks(bench, bench.list) == 3  # the slow one's NextToken may be too old by now
            assert len([page async for page in slow]) == 2
        assert bench.asked == 6

    run(scenario())


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("reading", ["get", "list"])
def test_who_is_cancelled_leaves_the_others_their_answer(reading: str, which: int) -> None:
    async def scenario() -> None:
        bench = Bench(latency=1)
        tasks = [asyncio.create_task(bench.get() if reading == "get" else bench.list()) for _ in range(3)]
        await asyncio.sleep(0.5)
        tasks[which].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results.pop(which), asyncio.CancelledError)
        assert results[0] == results[1]
        assert bench.asked == (1 if reading == "get" else 3)

    run(scenario())


def test_a_call_that_nobody_waits_for_is_stopped() -> None:
    async def scenario() -> None:
        bench = Bench(latency=1)
        tasks = [asyncio.create_task(bench.get()) for _ in range(2)]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert bench.transport.under_way == 0
        assert await bench.get() == '{"n": 1}'  # one that asks then makes a call of its own
        assert bench.asked == 2

    run(scenario())


def test_who_asks_while_a_call_is_being_stopped_makes_one_of_its_own() -> None:
    async def scenario() -> None:
        bench = Bench(latency=1)
        first = asyncio.create_task(bench.get())
        await asyncio.sleep(0.5)
        first.cancel()
        second = asyncio.create_task(bench.get())
        assert await second == '{"n": 1}'
        assert first.cancelled()

    run(scenario())


def test_a_call_that_fails_fails_for_all_who_share_it_and_only_for_them() -> None:
    async def scenario() -> None:
        bench = Bench(latency=1, attempts=2)
        bench.service.refusal = error("ThrottlingException", 429)
        failures = await asyncio.gather(*(bench.get() for _ in range(3)), return_exceptions=True)
        assert bench.asked == 2
        assert all(isinstance(failure, OperationalError) for failure in failures)
        assert len({id(failure) for failure in failures}) == 3
        assert {str(failure) for failure in failures} == {str(failures[0])}
        bench.service.refusal = None
        assert await bench.get() == '{"n": 3}'

    run(scenario())


def test_a_list_that_broke_off_for_one_goes_on_for_another_that_comes_later() -> None:
    async def scenario() -> None:
        bench = Bench()
        async with (
            aclosing(bench.client.list_resources(HERE, IMAGE)) as first,
            aclosing(bench.client.list_resources(HERE, IMAGE)) as second,
        ):
            assert await anext(first) == await anext(second)
            bench.service.refusal = error("ServiceUnavailable", 503)
            with pytest.raises(OperationalError):
                await anext(first)
            bench.service.refusal = None
            assert len([page async for page in second]) == 2

    run(scenario())


def test_a_call_under_way_on_a_loop_that_was_left_keeps_nobody_waiting() -> None:
    bench = Bench(latency=1)

    async def leave() -> asyncio.Task[str | None]:
        task = asyncio.create_task(bench.get())
        await asyncio.sleep(0.5)
        return task

    left = VirtualTimeLoop()
    task = left.run_until_complete(leave())
    assert run(bench.get()) == '{"n": 1}'
    task.cancel()
    left.run_until_complete(asyncio.wait([task]))
    left.close()
