"""Many requests at once: as quick as the limits allow, and within them; in virtual time."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

import pytest
from scripted_transport import ScriptedTransport, error, ok
from virtual_time import EPOCH, LoopClock, run

from ccdbapi.catalog import Handler, ResourceType
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.limiter import BURST_SECONDS
from ccdbapi.cloudcontrol.retry import Backoff
from ccdbapi.cloudcontrol.transport import Reply, TransportError
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
    handlers={"create": Handler(permissions=("shop:CreateThing",))},
)
RATE = 25


class Making:
    """A service that has request ``number`` made ``settles(number)`` seconds after it has taken it on."""

    def __init__(self, settles: Callable[[int], float]) -> None:
        self._settles = settles
        self._taken_on: dict[int, float] = {}
        self.made: list[int] = []
        self.asked_too_soon: list[int] = []

    def __call__(self, operation: str, region: str, payload: Mapping[str, object]) -> Reply:
        now = asyncio.get_running_loop().time()
        token = payload["ClientToken" if operation == "CreateResource" else "RequestToken"]
        number = int(str(token).removeprefix("token-"))
        due = self._taken_on.setdefault(number, now) + self._settles(number)
        is_made = operation == "GetResourceRequestStatus" and now >= due
        if is_made:
            self.made.append(number)
        elif operation == "GetResourceRequestStatus":
            self.asked_too_soon.append(number)
        times = {"EventTime": EPOCH.timestamp() + now, "RetryAfter": EPOCH.timestamp() + due}
        return ok(
            ProgressEvent={
                "Identifier": f"thing-{number}",
                "RequestToken": f"token-{number}",
                "Operation": "CREATE",
                "OperationStatus": "SUCCESS" if is_made else "IN_PROGRESS",
                **({} if is_made else times),
            }
        )


def created(
    number: int, transport: ScriptedTransport, *, rate_limit: float | None = None, concurrency: int = 64
) -> tuple[Sequence[str | None], float]:
    """The identifiers of so many things, created in one go, and how many seconds it took."""
    requests = [
        Request(
            handler="create",
            resource_type=TYPE,
            region="a",
            document="{}",
            client_token=f"token-{each}",
            role_arn=None,
            type_version_id=None,
        )
        for each in range(number)
    ]

    async def carry_out() -> tuple[Sequence[str | None], float]:
        client = Client(
            transport,
            rate_limit=rate_limit,
            concurrency=concurrency,
            clock=LoopClock(),
            backoff=Backoff(jitter=lambda upper: upper),
        )
        done = await Writing(lambda _: client, requests, awaited=True).carry_out(Patience(None))
        return [event.identifier for _, event in done], asyncio.get_running_loop().time()

    return run(carry_out())


def test_results_come_in_the_order_of_the_requests_though_the_last_are_done_first() -> None:
    service = Making(lambda number: 30 - number)
    identifiers, _ = created(30, ScriptedTransport(service, latency=0.1))
    assert service.made == list(reversed(range(30)))
    assert identifiers == [f"thing-{number}" for number in range(30)]


@pytest.mark.parametrize("settle", [0.5, 1, 40])
def test_each_is_asked_after_once_when_it_is_due(settle: float) -> None:
    service = Making(lambda _: settle)
    transport = ScriptedTransport(service, latency=0.05)
    created(700, transport)
    assert len(transport.calls) == 2 * 700
    assert not service.asked_too_soon


@pytest.mark.parametrize("settle", [1, 8])
def test_the_rate_is_kept_and_used_up(settle: float) -> None:
    transport = ScriptedTransport(Making(lambda _: settle), latency=0.1)
    _, took = created(500, transport, rate_limit=RATE)
    sent, burst = transport.sent_at, RATE * BURST_SECONDS
    assert max(bisect_left(sent, start + 1 - 1e-6) - index for index, start in enumerate(sent)) <= RATE + burst
    assert (len(sent) - burst) / RATE <= took <= 1.05 * len(sent) / RATE + settle


@pytest.mark.parametrize("concurrency", [8, 64])
def test_as_many_are_sent_at_once_as_may_be(concurrency: int) -> None:
    latency, settle = 0.2, 1.0
    transport = ScriptedTransport(Making(lambda _: settle), latency=latency)
    _, took = created(500, transport, concurrency=concurrency)
    assert transport.most_under_way == concurrency
    assert took <= 1.05 * len(transport.calls) * latency / concurrency + settle + latency


@pytest.mark.parametrize(
    "failure",
    [TransportError("the connection broke"), error("ThrottlingException"), error("ServiceInternalErrorException", 500)],
    ids=["broken", "throttled", "failing"],
)
@pytest.mark.parametrize("handled", [False, True], ids=["before", "after"])
def test_a_request_keeps_its_client_token_however_often_it_is_sent(failure: Reply | Exception, handled: bool) -> None:
    service = Making(lambda _: 1)
    tries: dict[object, int] = {}

    def unreliable(operation: str, region: str, payload: Mapping[str, object]) -> Reply | Exception:
        tries[payload.get("ClientToken")] = tries.get(payload.get("ClientToken"), 0) + 1
        fails = operation == "CreateResource" and tries[payload["ClientToken"]] < 4
        if not fails or handled:
            answer = service(operation, region, payload)
        return failure if fails else answer

    identifiers, _ = created(20, ScriptedTransport(unreliable))
    assert identifiers == [f"thing-{number}" for number in range(20)]
    assert {token: count for token, count in tries.items() if token} == {f"token-{each}": 4 for each in range(20)}
    assert sorted(service.made) == list(range(20))
