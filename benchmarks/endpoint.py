"""An emulated Cloud Control in a process of its own, with images in it, for benchmarks to measure clients against.

Run as a script it is that process: it prints its URL when it is ready, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ccdbapi.emulator.http import serve
from ccdbapi.emulator.options import DEFAULT_ACCOUNT, Options
from ccdbapi.emulator.service import CloudControl

TYPE = "AWS::SageMaker::Image"
REGION = "us-east-1"

#: What every client in a benchmark signs with; the endpoint does not verify it, as AWS's speed is not ours to measure.
ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "example"


@contextmanager
def endpoint(images: int) -> Iterator[str]:
    """Serves ``images`` images in us-east-1 from another process; gives the URL."""
    process = subprocess.Popen([sys.executable, __file__, str(images)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().decode().strip()
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def identifier(number: int) -> str:
    """The identifier of image ``number``."""
    return f"arn:aws:sagemaker:{REGION}:{DEFAULT_ACCOUNT}:image/image-{number}"


async def _serve(images: int) -> None:
    service = CloudControl(Options(page_size=100))
    for number in range(images):
        state = {"ImageName": f"image-{number}", "ImageRoleArn": f"arn:aws:iam::{DEFAULT_ACCOUNT}:role/benchmark"}
        payload = {"TypeName": TYPE, "DesiredState": json.dumps(state)}
        await service.handle("CreateResource", payload, account=DEFAULT_ACCOUNT, region=REGION)
    async with serve(service) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
