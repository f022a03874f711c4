"""What only the HTTP front has: signatures, broken connections, the wire format, hooks."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Credential, Faults, Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.signing import RawRequest

TYPE = "AWS::SageMaker::Image"
CREDENTIALS = {
    "AKLONG": Credential(secret_key="long-secret", account="111111111111"),
    "AKTEMP": Credential(secret_key="temp-secret", session_token="token", account="222222222222"),
    "AKGONE": Credential(secret_key="gone-secret", session_token="token", expires_at=1.0),
}
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=AK/20270101/eu-west-1/cloudcontrolapi/aws4_request,"
    " SignedHeaders=host;x-amz-date, Signature=0",
    "X-Amz-Target": "CloudApiService.ListResources",
    "Content-Type": "application/x-amz-json-1.0",
}


@pytest.fixture
def endpoint() -> Iterator[str]:
    with serve_in_thread(CloudControl()) as url:
        yield url


def list_images(url: str, key: str = "AKLONG", secret: str = "long-secret", token: str | None = None) -> object:  # noqa: S107
    cloud = boto3.client(
        "cloudcontrol",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )
    return cloud.list_resources(TypeName=TYPE)["ResourceDescriptions"]


def post(url: str, headers: Mapping[str, str], body: str = "{}") -> tuple[int, Mapping[str, str], object]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    try:
        connection.request("POST", "/", body.encode(), dict(headers))
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), json.loads(answer.read())
    finally:
        connection.close()


class TestSignatures:
    @pytest.mark.parametrize(
        ("key", "secret", "token", "account"),
        [
            ("AKLONG", "long-secret", None, "111111111111"),
            ("AKTEMP", "temp-secret", "token", "222222222222"),
        ],
    )
    def test_that_hold_tell_the_account(self, key: str, secret: str, token: str | None, account: str) -> None:
        service = CloudControl(Options(check_signatures=True, credentials=CREDENTIALS))
        with serve_in_thread(service) as url:
            assert list_images(url, key, secret, token) == []
        assert [(call.account, call.region) for call in service.calls] == [(account, "us-east-1")]

    @pytest.mark.parametrize(
        ("key", "secret", "token", "code"),
        [
            ("AKLONG", "wrong", None, "InvalidSignatureException"),
            ("AKNONE", "long-secret", None, "UnrecognizedClientException"),
            ("AKTEMP", "temp-secret", "wrong", "UnrecognizedClientException"),
            ("AKGONE", "gone-secret", "token", "ExpiredTokenException"),
        ],
    )
    def test_that_do_not_hold_are_refused(self, key: str, secret: str, token: str | None, code: str) -> None:
        service = CloudControl(Options(check_signatures=True, credentials=CREDENTIALS))
        with serve_in_thread(service) as url, pytest.raises(ClientError) as caught:
            list_images(url, key, secret, token)
        assert caught.value.response["Error"]["Code"] == code
        assert not service.calls

    def test_of_another_time_are_refused(self) -> None:
        yesterday = datetime.now(UTC).timestamp() - 24 * 3600
        service = CloudControl(Options(check_signatures=True, credentials=CREDENTIALS), clock=lambda: yesterday)
        with serve_in_thread(service) as url, pytest.raises(ClientError) as caught:
            list_images(url)
        assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"


class TestWire:
    def test_answers_aws_json(self, endpoint: str) -> None:
        status, headers, body = post(endpoint, SIGNED, json.dumps({"TypeName": TYPE}))
        assert (status, body) == (200, {"TypeName": TYPE, "ResourceDescriptions": []})
        assert headers["Content-Type"] == "application/x-amz-json-1.0"
        assert headers["x-amzn-RequestId"]

    @pytest.mark.parametrize(
        ("changed", "body", "code"),
        [
            ({"Authorization": ""}, "{}", "com.amazon.coral.service#MissingAuthenticationTokenException"),
            ({"Authorization": "Basic x"}, "{}", "com.amazon.coral.service#IncompleteSignatureException"),
            ({"X-Amz-Target": "Other.GetResource"}, "{}", "com.amazon.coral.service#UnknownOperationException"),
            ({"X-Amz-Target": "CloudApiService.Nope"}, "{}", "com.amazon.coral.service#UnknownOperationException"),
            ({"Content-Type": "text/plain"}, "{}", "com.amazon.coral.service#UnknownOperationException"),
            ({}, "{", "com.amazon.coral.service#SerializationException"),
            ({}, "[]", "com.amazon.coral.service#SerializationException"),
            ({}, "{}", "com.amazon.coral.service#ValidationException"),
            ({}, '{"TypeName": "AWS::No::Such"}', "com.amazonaws.cloudapiservice#TypeNotFoundException"),
        ],
    )
    def test_refuses_with_a_typed_body(self, endpoint: str, changed: Mapping[str, str], body: str, code: str) -> None:
        status, _, answer = post(endpoint, {**SIGNED, **changed}, body)
        assert status == 400
        assert isinstance(answer, dict)
        assert answer["__type"] == code
        assert answer["Message"]

    def test_hooks_see_each_request_as_it_arrived(self) -> None:
        seen: list[RawRequest] = []
        with serve_in_thread(CloudControl(), on_request=seen.append) as url:
            list_images(url)
        (request,) = seen
        assert (request.method, request.url) == ("POST", f"{url}/")
        assert json.loads(request.body) == {"TypeName": TYPE}
        assert request.headers["x-amz-target"] == "CloudApiService.ListResources"


class TestFaults:
    def test_a_dropped_connection_gives_no_answer(self) -> None:
        service = CloudControl(Options(faults=Faults(drop_after=1)))
        with serve_in_thread(service) as url, pytest.raises(ConnectionClosedError):
            list_images(url)
        assert [call.error for call in service.calls] == ["ConnectionResetError"]

    @pytest.mark.parametrize(
        ("faults", "status", "code"),
        [
            (Faults(server_error=1), 500, "ServiceInternalErrorException"),
            (Faults(throttled=1), 400, "ThrottlingException"),
        ],
        ids=["failing", "throttled"],
    )
    def test_a_request_that_is_not_handled_is_answered_as_aws_does(
        self, faults: Faults, status: int, code: str
    ) -> None:
        with (
            serve_in_thread(CloudControl(Options(faults=faults))) as url,
            pytest.raises(ClientError) as caught,
        ):
            list_images(url)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert caught.value.response["Error"]["Code"] == code

    def test_a_port_that_is_taken_is_an_error(self, endpoint: str) -> None:
        port = urlsplit(endpoint).port
        assert port is not None
        with pytest.raises(OSError, match="address"), serve_in_thread(CloudControl(), port=port):
            pass


class Stuck(CloudControl):
    """A service that answers nothing, and knows whether it still tries to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.given_up = threading.Event(), threading.Event()

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        self.asked.set()
        try:
            return await asyncio.Future()
        except asyncio.CancelledError:
            self.given_up.set()
            raise


def test_a_server_in_a_thread_gives_up_at_its_end_what_nobody_waits_for() -> None:
    service = Stuck()
    headers = "".join(f"{name}: {value}\r\n" for name, value in SIGNED.items())
    with serve_in_thread(service) as url:
        caller = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0))
        caller.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 2\r\n\r\n{{}}".encode())
        assert service.asked.wait(60)
        caller.close()
        # The answer to an unsigned request tells that the server has seen the caller go.
        assert post(url, {})[0] == 400

    assert service.given_up.is_set()
