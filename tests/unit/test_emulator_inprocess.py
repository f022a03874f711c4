"""The service as a transport in the caller's own process."""

from __future__ import annotations

import asyncio

import pytest
import virtual_time

from ccdbapi.emulator.errors import OptionError
from ccdbapi.emulator.inprocess import InProcessTransport
from ccdbapi.emulator.options import Faults, Options
from ccdbapi.emulator.service import CloudControl

TYPE = "AWS::SageMaker::Image"


def test_answers_with_status_request_id_and_body() -> None:
    transport = InProcessTransport(CloudControl(), account="111111111111")
    reply = asyncio.run(transport.send("ListResources", "eu-west-1", {"TypeName": TYPE}))
    assert (reply.status, reply.body) == (200, {"TypeName": TYPE, "ResourceDescriptions": []})
    assert reply.request_id
    assert [(call.account, call.region) for call in transport.service.calls] == [("111111111111", "eu-west-1")]


def test_answers_refusals_as_the_service_does_over_http() -> None:
    reply = asyncio.run(InProcessTransport(CloudControl()).send("GetResource", "eu-west-1", {"TypeName": TYPE}))
    assert reply.status == 400
    assert reply.body["__type"] == "com.amazon.coral.service#ValidationException"


def test_breaks_the_connection_where_it_is_told_to() -> None:
    transport = InProcessTransport(CloudControl(Options(faults=Faults(drop_before=1))))
    with pytest.raises(ConnectionResetError):
        asyncio.run(transport.send("ListResources", "eu-west-1", {"TypeName": TYPE}))


def test_takes_as_long_as_it_is_told_to_and_holds_nobody_up() -> None:
    transport = InProcessTransport(CloudControl(Options(latency=0.25)))

    async def ten_at_once() -> float:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(*(transport.send("ListResources", "eu-west-1", {"TypeName": TYPE}) for _ in range(10)))
        return loop.time() - started

    assert virtual_time.run(ten_at_once()) == pytest.approx(0.25)


def test_carries_out_a_request_before_its_latency_is_over() -> None:
    service = CloudControl(Options(latency=0.25))

    async def when_it_arrived() -> int:
        async with asyncio.TaskGroup() as group:
            group.create_task(InProcessTransport(service).send("ListResources", "eu-west-1", {"TypeName": TYPE}))
            await asyncio.sleep(0.1)
            return len(service.calls)

    assert virtual_time.run(when_it_arrived()) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"latency": -1},
        {"settle": -1},
        {"throttle_rate": 0},
        {"throttle_burst": 0.5},
        {"page_size": 0},
        {"page_size": 101},
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        Options(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["throttled", "server_error", "drop_before", "drop_after"])
def test_faults_are_probabilities(name: str) -> None:
    with pytest.raises(OptionError, match=name):
        Faults(**{name: 1.5})  # type: ignore[arg-type]
