"""A Cloud Control of the simplest kind on a real socket: it checks every request, and answers what a test says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aws_contract
from aiohttp import web

ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "canary-secret-key"
FOUND = b'{"TypeName":"AWS::S3::Bucket","ResourceDescription":{"Identifier":"a","Properties":"{\\"A\\":1}"}}'

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """What came in, and at which address."""

    url: str = ""
    session_token: str | None = None
    requests: list[web.BaseRequest] = field(default_factory=list)
    connections: set[object] = field(default_factory=set)


def amz_json(body: bytes, status: int = 200, **headers: str) -> web.Response:
    return web.Response(
        body=body, status=status, content_type="application/x-amz-json-1.0",
        headers={"x-amzn-RequestId": "request-1", **headers},
    )  # fmt: skip


async def found(_request: web.BaseRequest) -> web.StreamResponse:
    """Every resource there is."""
    return amz_json(FOUND)


@asynccontextmanager
async def listen(handler: Handler, listener: socket.socket | None = None) -> AsyncIterator[str]:
    """Serves HTTP until the block ends, on ``listener`` or a free port of the loopback interface; gives the URL."""
    listener = listener or socket.create_server(("127.0.0.1", 0))
    server = web.Server(handler)
    listening = await asyncio.get_running_loop().create_server(server, sock=listener)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listening.close()
        await server.shutdown(0.1)  # seconds that a handler still under way is given


@asynccontextmanager
async def serve(
    handler: Handler = found, *, session_token: str | None = None, listener: socket.socket | None = None
) -> AsyncIterator[Server]:
    """Serves until the block ends, as `listen` does."""
    server = Server(session_token=session_token)

    async def checked(request: web.BaseRequest) -> web.StreamResponse:
        server.requests.append(request)
        server.connections.add(request.transport)
        aws_contract.assert_valid_request(
            request.method, request.path_qs, request.headers, await request.read(),
            secret_key=SECRET_KEY, access_key=ACCESS_KEY, session_token=session_token, region="eu-west-1",
        )  # fmt: skip
        return await handler(request)

    async with listen(checked, listener) as server.url:
        yield server
