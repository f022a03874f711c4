"""The service over HTTP: AWS JSON 1.0 on aiohttp, and beside it what STS and EC2 are asked."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from ccdbapi.emulator import neighbours
from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.neighbours import Neighbours
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.signing import RawRequest, caller

#: A hook that sees each request before it is handled, on the event loop of the server.
RequestHook = Callable[[RawRequest], None]

_TARGET_PREFIX = "CloudApiService"
_CONTENT_TYPE = "application/x-amz-json-1.0"

#: Properties are at most 256 KiB of text; escaped as JSON they may be six times that.
_LARGEST_BODY = 4 * 1024 * 1024


@asynccontextmanager
async def serve(
    service: CloudControl, host: str = "127.0.0.1", port: int = 0, *, on_request: RequestHook | None = None
) -> AsyncIterator[str]:
    """Serves as long as the context lasts, and gives the endpoint's URL. Port 0 takes any that is free.

    Raises `OSError` where the address cannot be had.
    """
    runner = web.ServerRunner(web.Server(_Front(service, on_request).respond), shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield f"http://{_netloc(host, runner.addresses[0][1])}"
    finally:
        await runner.cleanup()


def run(
    service: CloudControl,
    host: str = "127.0.0.1",
    port: int = 4599,
    *,
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serves until SIGTERM, on the main thread; ``on_ready`` is called with the endpoint's URL once it answers.

    Raises `KeyboardInterrupt` on Ctrl-C, and `OSError` where the address cannot be had.
    """

    async def until_told() -> None:
        told, loop = asyncio.Event(), asyncio.get_running_loop()
        # An exception out of the handler would strike whichever task happens to run.
        before = signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(told.set))
        try:
            async with serve(service, host, port) as url:
                on_ready(url)
                await told.wait()
        finally:
            signal.signal(signal.SIGTERM, before)

    asyncio.run(until_told())


@contextmanager
def serve_in_thread(
    service: CloudControl, host: str = "127.0.0.1", port: int = 0, *, on_request: RequestHook | None = None
) -> Iterator[str]:
    """Serves from a thread with an event loop of its own as long as the context lasts; gives the endpoint's URL."""
    started: list[str] = []
    failed: list[BaseException] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def until_stopped() -> None:
        async with serve(service, host, port, on_request=on_request) as url:
            started.append(url)
            ready.set()
            await stop.wait()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(until_stopped())
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="ccdbapi-emulator", daemon=True)
    thread.start()
    ready.wait()
    if failed:
        raise failed[0]
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


class _Front:
    def __init__(self, service: CloudControl, on_request: RequestHook | None) -> None:
        self._service = service
        self._on_request = on_request
        self._neighbours = Neighbours(service.options, service.clock)

    async def respond(self, request: web.BaseRequest) -> web.Response:
        raw = await self._received(request)
        if self._on_request is not None:
            self._on_request(raw)
        if raw.headers.get("content-type", "").startswith(neighbours.CONTENT_TYPE):
            return self._respond_as_neighbour(raw)
        try:
            scope = caller(raw, self._neighbours.options, now=self._service.clock())
            status, body = 200, await self._service.handle(_operation(raw), _payload(raw), **scope._asdict())
        except ServiceError as error:
            status, body = error.status, error.body
        except ConnectionResetError:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.Response(
            status=status,
            body=json.dumps(body, ensure_ascii=False).encode(),
            headers={"x-amzn-RequestId": str(uuid.uuid4()), "Content-Type": _CONTENT_TYPE},
        )

    def _respond_as_neighbour(self, raw: RawRequest) -> web.Response:
        members = neighbours.members_of(raw.body)
        try:
            scope = caller(raw, self._neighbours.options, now=self._service.clock(), services=neighbours.SERVICES)
            self._service.witnessed(members.get("Action", ""), members, **scope._asdict())
            status, text = 200, self._neighbours.answer(members, scope)
        except ServiceError as error:
            status, text = error.status, neighbours.refused(error)
        return web.Response(status=status, text=text, content_type="text/xml")

    @staticmethod
    async def _received(request: web.BaseRequest) -> RawRequest:
        if (request.content_length or 0) > _LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(_LARGEST_BODY, request.content_length or 0)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return RawRequest(request.method, str(request.url), headers, await request.content.read())


def _operation(request: RawRequest) -> str:
    prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
    if request.method != "POST" or prefix != _TARGET_PREFIX:
        raise refusal("UnknownOperationException", f"X-Amz-Target must be {_TARGET_PREFIX}.<operation> of a POST")
    return operation


def _payload(request: RawRequest) -> Mapping[str, object]:
    if not request.headers.get("content-type", "").startswith(_CONTENT_TYPE):
        raise refusal("UnknownOperationException", f"Content-Type must be {_CONTENT_TYPE}")
    try:
        payload = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise refusal("SerializationException", "The body is not valid JSON") from None
    if not isinstance(payload, dict):
        raise refusal("SerializationException", "The body must be a JSON object")
    return payload


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
