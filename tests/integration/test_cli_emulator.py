"""``ccdbapi emulator``, served by a process of its own, with boto3 and the driver as its clients."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import boto3
import console
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from served import ACCESS_KEY, SECRET_KEY

import ccdbapi

IMAGE = "AWS::SageMaker::Image"
PROPERTIES = '{"ImageName": "mine", "ImageRoleArn": "arn:aws:iam::123456789012:role/r"}'
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=k/20260301/us-east-1/cloudcontrolapi/aws4_request, SignedHeaders=host, Signature=0"
)
REQUEST = (
    "POST / HTTP/1.1\r\nHost: x\r\n{authorization}X-Amz-Target: CloudApiService.ListResources\r\n"
    "Content-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{{}}"
)
COUNT = "SELECT count(*) FROM awscc.sagemaker.images_list_only WHERE region = 'us-east-1'"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked to end there")


@contextmanager
def served(home: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str], IO[str]]]:
    """The URL of ``ccdbapi emulator``, its process, and the output that follows the first line."""
    with console.started(
        [console.CCDBAPI, "emulator", "--port", "0", *arguments], home=home, endpoint_url="http://x"
    ) as (process, out):
        found = re.fullmatch(r"Cloud Control is served at (http://[\d.]+:\d+)\n", out.readline())
        assert found
        yield found[1], process, out


# boto3 makes the classes of its clients at run time.
def client(url: str, *, secret: str = SECRET_KEY) -> Any:
    return boto3.client(
        "cloudcontrol",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def connected(url: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=console.PATIENCE)


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Sends the signal; gives the exit code, and what the process wrote to stderr."""
    process.send_signal(number)
    _, err = process.communicate(timeout=console.PATIENCE)
    return process.returncode, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(number: signal.Signals, tmp_path: Path) -> None:
    with served(tmp_path, "--demo") as (url, process, _):
        with ccdbapi.connect(endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b") as connection:
            assert connection.cursor().execute(COUNT).fetchall() == [(6,)]
        assert ended(process, number) == (0, "")

    with pytest.raises(ConnectionRefusedError):
        connected(url)


def test_it_ends_with_a_request_under_way(tmp_path: Path) -> None:
    with served(tmp_path, "--latency", "3600") as (url, process, _), connected(url) as slow, connected(url) as refused:
        slow.sendall(REQUEST.format(authorization=f"Authorization: {SIGNED}\r\n").encode())
        # What is not signed is refused at once; the answer says that the request before it has arrived.
        refused.sendall(REQUEST.format(authorization="").encode())
        assert refused.recv(64).startswith(b"HTTP/1.1 400 ")

        assert ended(process, signal.SIGTERM) == (0, "")


def test_it_tells_how_to_ask_it(tmp_path: Path) -> None:
    with served(tmp_path, "--demo") as (url, _, out):
        [query, aws, credentials] = [out.readline() for _ in range(3)]

    assert re.fullmatch(rf'  ccdbapi query --endpoint-url {url} "SELECT .*"\n', query)
    assert aws == (f"  aws cloudcontrol list-resources --type-name {IMAGE} --region us-east-1 --endpoint-url {url}\n")
    assert credentials.startswith("Any credentials will do")


def test_the_query_that_it_tells_works(tmp_path: Path) -> None:
    with served(tmp_path, "--demo") as (url, _, out):
        ran = console.run(["sh", "-c", out.readline().strip()], home=tmp_path, endpoint_url=url)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "image/rstudio" in ran.stdout


def test_it_keeps_its_state_in_a_file(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    with served(tmp_path, "--data", state) as (url, process, _):
        client(url).create_resource(TypeName=IMAGE, DesiredState=PROPERTIES)
        assert ended(process, signal.SIGTERM) == (0, "")
    with served(tmp_path, "--data", state) as (url, _, _):
        assert len(client(url).list_resources(TypeName=IMAGE)["ResourceDescriptions"]) == 1


def test_pages_are_as_large_as_it_was_told(tmp_path: Path) -> None:
    with served(tmp_path, "--demo", "--page-size", "4") as (url, _, _):
        pages = client(url).get_paginator("list_resources").paginate(TypeName=IMAGE)
        assert [len(page["ResourceDescriptions"]) for page in pages] == [4, 2]


def test_writes_settle_when_it_was_told(tmp_path: Path) -> None:
    with served(tmp_path, "--demo", "--settle", "3600") as (url, _, _):
        cloudcontrol = client(url)
        token = cloudcontrol.create_resource(TypeName=IMAGE, DesiredState=PROPERTIES)["ProgressEvent"]["RequestToken"]
        status = cloudcontrol.get_resource_request_status(RequestToken=token)["ProgressEvent"]["OperationStatus"]
        listed = cloudcontrol.list_resources(TypeName=IMAGE)["ResourceDescriptions"]

    assert status in ("PENDING", "IN_PROGRESS")
    assert len(listed) == 6


def test_it_throttles_as_it_was_told(tmp_path: Path) -> None:
    with served(tmp_path, "--throttle-rate", "0.001", "--throttle-burst", "2") as (url, _, _):
        client(url).list_resources(TypeName=IMAGE)
        client(url).list_resources(TypeName=IMAGE)
        with pytest.raises(ClientError, match="ThrottlingException"):
            client(url).list_resources(TypeName=IMAGE)


def test_a_share_of_requests_goes_wrong_as_it_was_told(tmp_path: Path) -> None:
    faults = ["--fault", "throttled", "0.5", "--fault", "server_error", "1"]
    with served(tmp_path, *faults) as (url, _, _):
        seen: set[str] = set()
        while len(seen) < 2:
            with pytest.raises(ClientError) as refused:
                client(url).list_resources(TypeName=IMAGE)
            seen.add(refused.value.response["Error"]["Code"])
    assert seen == {"ThrottlingException", "ServiceInternalErrorException"}


def test_signatures_are_checked_against_the_environment(tmp_path: Path) -> None:
    with served(tmp_path, "--check-signatures") as (url, _, out):
        assert [out.readline() for _ in range(3)][-1].startswith(
            f"Signatures are checked: only AWS_ACCESS_KEY_ID={ACCESS_KEY} "
        )
        assert client(url).list_resources(TypeName=IMAGE)["ResourceDescriptions"] == []
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            client(url, secret="another").list_resources(TypeName=IMAGE)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--port", "70000"], 2, "70000 is not in the range"),
        (["--page-size", "0"], 2, "0 is not in the range"),
        (["--throttle-rate", "0"], 2, "0.0 is not in the range"),
        (["--throttle-burst", "0"], 2, "0.0 is not in the range"),
        (["--fault", "boredom", "0.5"], 2, "'boredom' is not one of 'throttled', 'server_error'"),
        (["--fault", "throttled", "1.5"], 2, "1.5 is not in the range"),
        (["--check-signatures"], 2, "needs the environment variable AWS_ACCESS_KEY_ID"),
        (["--host", "256.0.0.1"], 1, "InterfaceError: The emulator cannot listen at 256.0.0.1, port 4599: "),
        (["--data", "."], 1, "InterfaceError: The emulator's state cannot be kept in .: "),
    ],
)
def test_what_cannot_be_is_told(arguments: list[str], code: int, told: str, tmp_path: Path) -> None:
    ran = console.run([console.CCDBAPI, "emulator", *arguments], home=tmp_path)

    assert (ran.returncode, ran.stdout) == (code, "")
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = str(occupant.getsockname()[1])
        ran = console.run([console.CCDBAPI, "emulator", "--port", port], home=tmp_path)

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"InterfaceError: The emulator cannot listen at 127.0.0.1, port {port}: ")
    assert ran.stderr.count("\n") == 1
