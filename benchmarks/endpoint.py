"""An emulated Cloud Control in a process of its own, with images in it, for benchmarks to measure clients against.

Run as a script it is that process: it prints its URL when it is ready, answers each line of its standard input with the
calls it has had since the last, and ends when that input does.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

from ccdbapi.emulator.http import serve
from ccdbapi.emulator.options import DEFAULT_ACCOUNT, Faults, Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.store import Scope, Store

TYPE = "AWS::SageMaker::Image"
REGION = "us-east-1"

#: What every client in a benchmark signs with; the endpoint does not verify it, as AWS's speed is not ours to measure.
ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "example"


class Setup(NamedTuple):
    """What an endpoint holds, ``images`` in each of ``regions``, and how it behaves: see `Options` for the others.

    ``faults`` are those of `Faults`, by name; ``data`` is the file that it keeps its state in, None for none.
    """

    images: int = 0
    regions: Sequence[str] = (REGION,)
    page_size: int = 100
    latency: float = 0.0
    settle: float = 0.0
    throttle_rate: float | None = None
    throttle_burst: float | None = None
    faults: Mapping[str, float] = MappingProxyType({})
    data: str | None = None


class Calls(NamedTuple):
    """The calls an endpoint has had by operation, and those among them that it refused or broke off by error."""

    operations: Mapping[str, int]
    errors: Mapping[str, int]

    @property
    def lists(self) -> int:
        return self.operations.get("ListResources", 0)

    @property
    def gets(self) -> int:
        return self.operations.get("GetResource", 0)

    @property
    def throttled(self) -> int:
        return self.errors.get("ThrottlingException", 0)

    def __str__(self) -> str:
        return f"{self.lists} lists and {self.gets} gets"


class Endpoint:
    """A running endpoint."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = self._line()

    def calls(self) -> Calls:
        """The calls since this was last asked."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Calls(*json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def endpoint(images: int) -> Iterator[str]:
    """Serves ``images`` images in us-east-1 from another process; gives the URL."""
    with running(Setup(images)) as endpoint:
        yield endpoint.url


@contextmanager
def running(setup: Setup) -> Iterator[Endpoint]:
    """Serves what ``setup`` says from another process."""
    command = [sys.executable, __file__, json.dumps(setup._replace(faults=dict(setup.faults)))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        try:
            yield Endpoint(process)
        finally:
            process.stdin.close()
            process.wait()


def identifier(number: int, region: str = REGION) -> str:
    """The identifier of image ``number``."""
    return f"arn:aws:sagemaker:{region}:{DEFAULT_ACCOUNT}:image/image-{number}"


def role(number: int) -> str:
    """The role of image ``number``: every fourth image's is the same."""
    return f"arn:aws:iam::{DEFAULT_ACCOUNT}:role/benchmark-{number % 4}"


async def _filled(setup: Setup) -> Store:
    store = Store(setup.data)
    if not setup.images:
        return store
    # Neither latency nor throttling is for what is there from the start.
    service = CloudControl(store=store)
    for region in setup.regions:
        state = {"ImageName": "image-0", "ImageRoleArn": role(0)}
        payload = {"TypeName": TYPE, "DesiredState": json.dumps(state)}
        await service.handle("CreateResource", payload, account=DEFAULT_ACCOUNT, region=region)
        await service.handle("ListResources", {"TypeName": TYPE}, account=DEFAULT_ACCOUNT, region=region)  # now it is
        scope = Scope(DEFAULT_ACCOUNT, region)
        first = store.resource(scope, TYPE, identifier(0, region))
        assert first is not None
        with store.transaction():
            # The others as copies: to create a hundred thousand takes minutes.
            for number in range(1, setup.images):
                visible = first.visible.replace("image-0", f"image-{number}").replace(role(0), role(number))
                store.put_resource(scope, TYPE, identifier(number, region), visible, first.hidden)
    return store


async def _serve(setup: Setup) -> None:
    options = Options(
        page_size=setup.page_size,
        latency=setup.latency,
        settle=setup.settle,
        throttle_rate=setup.throttle_rate,
        throttle_burst=setup.throttle_burst,
        faults=Faults(**setup.faults),  # type: ignore[arg-type]  # the seed is a whole number
    )
    service = CloudControl(options, await _filled(setup))
    async with serve(service) as url:
        print(url, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            operations = Counter(call.operation for call in service.calls)
            errors = Counter(call.error for call in service.calls if call.error is not None)
            service.calls.clear()
            print(json.dumps(Calls(operations, errors)), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(Setup(*json.loads(sys.argv[1]))))
