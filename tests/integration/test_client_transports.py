"""Both transports against a real socket: what goes over the wire, and what becomes of every kind of answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import secrets
import socket
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from aiohttp import web
from cloudcontrol_server import ACCESS_KEY, FOUND, SECRET_KEY, Handler, Server, amz_json, found, serve
from served import refusing_port

from ccdbapi.cloudcontrol.aiohttp_transport import AiohttpTransport
from ccdbapi.cloudcontrol.aws_session import AwsSession
from ccdbapi.cloudcontrol.boto3_transport import Boto3Transport
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.transport import Answer, EndpointError, Reply, Transport, TransportError
from ccdbapi.exceptions import DataError, OperationalError

pytestmark = pytest.mark.usefixtures("no_aws")

REGION, TYPE = "eu-west-1", "AWS::S3::Bucket"
TOKEN = "canary-session-token"
KINDS: dict[str, Callable[[AwsSession], Transport]] = {"aiohttp": AiohttpTransport, "boto3": Boto3Transport}

both = pytest.mark.parametrize("kind", list(KINDS))


def session(server: Server, **options: str) -> AwsSession:
    return AwsSession(
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        aws_session_token=server.session_token,
        endpoint_url=server.url,
        **options,
    )


async def answer_of(kind: str, handler: Handler, token: str | None = None) -> Answer:
    async with serve(handler, session_token=token) as server:
        transport = KINDS[kind](session(server))
        try:
            return await transport.send("GetResource", REGION, {"TypeName": TYPE, "Identifier": "a"})
        finally:
            await transport.close()


def answering(response: web.Response) -> Handler:
    async def handler(_request: web.BaseRequest) -> web.StreamResponse:
        return response

    return handler


@both
@pytest.mark.parametrize("token", [None, TOKEN])
def test_a_request_passes_what_aws_would_check_of_it(kind: str, token: str | None) -> None:
    reply = asyncio.run(answer_of(kind, found, token))
    assert reply == Reply(200, "request-1", json.loads(FOUND))


@both
def test_all_operations_of_a_client_pass_too(kind: str) -> None:
    pages = {
        "ListResources": {"TypeName": TYPE, "ResourceDescriptions": [{"Identifier": "a", "Properties": "{}"}]},
        "ListResourceRequests": {"ResourceRequestStatusSummaries": []},
    }
    event = {"TypeName": TYPE, "RequestToken": "t", "OperationStatus": "IN_PROGRESS", "EventTime": 1700000000.5}
    event["RetryAfter"] = 1700000001.5

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        operation = request.headers["X-Amz-Target"].partition(".")[2]
        return amz_json(json.dumps(pages.get(operation, {"ProgressEvent": event})).encode())

    async def main() -> list[str]:
        async with serve(handler) as server:
            client = Client(KINDS[kind](session(server)))
            await client.create_resource(REGION, TYPE, '{"é": "\\u0000☃"}', client_token="t-1")
            await client.update_resource(REGION, TYPE, "a|b", "[]", client_token="t-1", type_version_id="00000001")
            await client.delete_resource(
                REGION, TYPE, "a", client_token="t-1", role_arn="arn:aws:iam::123456789012:role/r"
            )
            await client.cancel_resource_request(REGION, "t")
            status = await client.get_resource_request_status(REGION, "t")
            assert status.event_time == datetime.fromtimestamp(1700000000.5, UTC)
            assert status.retry_after == datetime.fromtimestamp(1700000001.5, UTC)
            async for _ in client.list_resources(REGION, TYPE, resource_model='{"A": 1}'):
                pass
            async for _ in client.list_resource_requests(REGION, operations=["CREATE"]):
                pass
            await client.close()
            return [request.headers["X-Amz-Target"].partition(".")[2] for request in server.requests]

    assert asyncio.run(main()) == [
        "CreateResource", "UpdateResource", "DeleteResource", "CancelResourceRequest", "GetResourceRequestStatus",
        "ListResources", "ListResourceRequests",
    ]  # fmt: skip


@both
def test_the_headers_name_the_driver(kind: str) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert "ccdbapi/" in request.headers["User-Agent"]
        return amz_json(FOUND)

    assert asyncio.run(answer_of(kind, handler)).status == 200


@both
@pytest.mark.parametrize("type_", ["ThrottlingException", "com.amazonaws.cloudapiservice#ThrottlingException"])
@pytest.mark.parametrize("member", ["Message", "message"])
def test_errors_of_the_service_are_replies(kind: str, type_: str, member: str) -> None:
    body = json.dumps({"__type": type_, member: "slow"}).encode()
    reply = asyncio.run(answer_of(kind, answering(amz_json(body, 400))))
    assert (reply.status, reply.request_id) == (400, "request-1")
    assert str(reply.body["__type"]).endswith("ThrottlingException")
    assert {reply.body.get("Message"), reply.body.get("message")} == {"slow", None}


@both
@pytest.mark.parametrize("body", [b"<html>oh no</html>", b""])
def test_an_error_that_is_no_json_keeps_its_status_and_has_no_code(kind: str, body: bytes) -> None:
    reply = asyncio.run(answer_of(kind, answering(amz_json(body, 503))))
    assert reply.status == 503
    assert "__type" not in reply.body


def test_an_error_that_is_no_json_is_quoted() -> None:
    reply = asyncio.run(answer_of("aiohttp", answering(amz_json(b"<html>oh no</html>", 502))))
    assert "oh no" in str(reply.body["message"])


def test_the_error_type_may_come_in_a_header() -> None:
    response = amz_json(b"{}", 400, **{"x-amzn-ErrorType": "ThrottlingException:http://internal/"})
    reply = asyncio.run(answer_of("aiohttp", answering(response)))
    assert reply.body == {"__type": "ThrottlingException:http://internal/"}


def test_a_compressed_answer_is_read_too() -> None:
    response = web.Response(body=gzip.compress(FOUND), headers={"Content-Encoding": "gzip"})
    assert asyncio.run(answer_of("aiohttp", answering(response))).body == json.loads(FOUND)


@pytest.mark.parametrize("body", [b"<html>a portal</html>", b"[1]", b'{"cut'])
def test_a_success_that_is_no_json_object_is_quoted(body: bytes) -> None:
    with pytest.raises(EndpointError, match=r"http://127.0.0.1:\d+/? answered with something that is no JSON"):
        asyncio.run(answer_of("aiohttp", answering(amz_json(body))))


@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_is_not_followed(status: int) -> None:
    reply = asyncio.run(answer_of("aiohttp", answering(web.Response(status=status, headers={"Location": "/else"}))))
    assert reply.status == status


@both
@pytest.mark.parametrize("moment", ["before", "within"])
def test_a_connection_that_breaks_is_a_transport_error(kind: str, moment: str) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        if moment == "within":
            await response.prepare(request)
            await response.write(b'{"half')
        request.transport.abort()
        return response

    with pytest.raises(TransportError, match=r"http://127.0.0.1:\d+") as raised:
        asyncio.run(answer_of(kind, handler))
    assert raised.value.sent


@both
def test_a_port_that_nobody_listens_on_is_a_transport_error(kind: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"

        async def main() -> None:
            transport = KINDS[kind](session(Server(url=url)))
            try:
                await transport.send("GetResource", REGION, {"TypeName": TYPE, "Identifier": "a"})
            finally:
                await transport.close()

        with pytest.raises(TransportError, match=url) as raised:
            asyncio.run(main())
        assert not raised.value.sent


@pytest.mark.parametrize("body", [b"[1]", b'{"ResourceDescription": [1]}'])
def test_an_answer_that_boto3_cannot_read_may_have_been_a_success(body: bytes) -> None:
    with pytest.raises(EndpointError, match=r"http://127.0.0.1:\d+ gave an answer that makes no sense") as raised:
        asyncio.run(answer_of("boto3", answering(amz_json(body))))
    assert raised.value.sent


def test_parameters_that_boto3_refuses_are_refused_as_the_service_would() -> None:
    async def main() -> None:
        client = Client(Boto3Transport(session(Server(url="http://127.0.0.1:1"))))
        await client.get_resource(REGION, "x", "a")

    with pytest.raises(DataError, match="TypeName"):
        asyncio.run(main())


@both
def test_connections_are_kept_and_bounded(kind: str) -> None:
    async def main() -> int:
        async with serve() as server:
            transport = (AiohttpTransport if kind == "aiohttp" else Boto3Transport)(session(server), concurrency=3)
            client = Client(transport, rate_limit=None, concurrency=3)
            await asyncio.gather(*(client.get_resource(REGION, TYPE, str(number)) for number in range(30)))
            await client.close()
            assert len(server.requests) == 30
            return len(server.connections)

    assert asyncio.run(main()) <= 3


@both
def test_a_transport_may_be_used_after_close_and_on_another_loop(kind: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        transport = KINDS[kind](session(Server(url=f"http://127.0.0.1:{listener.getsockname()[1]}")))

        async def main() -> int:
            async with serve(listener=listener.dup()) as server:
                for _ in range(2):
                    await transport.send("GetResource", REGION, {"TypeName": TYPE, "Identifier": "a"})
                    await transport.close()
                return len(server.connections)

        assert asyncio.run(main()) == 2
        assert asyncio.run(main()) == 2


def test_a_call_that_is_cancelled_ends_at_once_and_leaves_no_task() -> None:
    async def main() -> None:
        arrived, answer = asyncio.Event(), asyncio.Event()

        async def handler(_request: web.BaseRequest) -> web.StreamResponse:
            arrived.set()
            await answer.wait()
            return amz_json(FOUND)

        async with serve(handler) as server:
            client = Client(AiohttpTransport(session(server)))
            calling = asyncio.create_task(client.get_resource(REGION, TYPE, "a"))
            await arrived.wait()
            calling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await calling
            await client.close()
            answer.set()

    asyncio.run(main())


@both
def test_credentials_are_in_no_log_repr_or_exception(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("botocore", "boto3", "urllib3"):  # boto3 itself logs the session token; that is its users' choice
        caplog.set_level(logging.DEBUG if kind == "aiohttp" else logging.WARNING, logger=name)

    async def main() -> str:
        async with serve(session_token=TOKEN) as server:
            aws = session(server)
            transport = KINDS[kind](aws)
            client = Client(transport, max_attempts=1)
            await client.get_resource(REGION, TYPE, "a")
            await client.close()
            things = [aws, transport, client, await aws.endpoint(REGION)]
        with pytest.raises(OperationalError) as raised:
            await client.get_resource(REGION, TYPE, "a")
        await client.close()
        return f"{things!r} {raised.value!r} {raised.value.diag!r} {raised.value.__cause__!r}"

    shown = asyncio.run(main()) + caplog.text
    assert SECRET_KEY not in shown
    assert TOKEN not in shown


@both
def test_a_password_in_the_endpoints_url_is_in_no_exception(kind: str) -> None:
    password = secrets.token_hex()
    endpoint = f"http://user:{password}@127.0.0.1:{refusing_port()}"
    aws = AwsSession(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, endpoint_url=endpoint)

    async def main() -> None:
        client = Client(KINDS[kind](aws), max_attempts=1)
        try:
            await client.get_resource(REGION, TYPE, "a")
        finally:
            await client.close()

    with pytest.raises(OperationalError, match="got no answer") as raised:
        asyncio.run(main())
    assert password not in "".join(traceback.format_exception(raised.value))
