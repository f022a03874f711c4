"""AWS JSON 1.0 over aiohttp: the driver's own way to Cloud Control."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import aiohttp

from ccdbapi.cloudcontrol.aws_session import AwsSession, Endpoint
from ccdbapi.cloudcontrol.clock import Clock, SystemClock
from ccdbapi.cloudcontrol.transport import CONNECT_TIMEOUT, READ_TIMEOUT, EndpointError, Reply, TransportError
from ccdbapi.cloudcontrol.user_agent import user_agent
from ccdbapi.exceptions import OperationalError
from ccdbapi.fork import keep_forever

#: Seconds that an idle connection is kept, and that a host's address is remembered.
KEEP_ALIVE, DNS_CACHE = 30.0, 60
#: How much of an answer that is no JSON is quoted.
QUOTE = 200

TARGET = "CloudApiService"
CONTENT_TYPE = "application/x-amz-json-1.0"


class _Open(NamedTuple):
    session: aiohttp.ClientSession
    finalizer: weakref.finalize[[aiohttp.ClientSession, asyncio.AbstractEventLoop, int], AiohttpTransport]


class AiohttpTransport:
    """Sends signed requests over kept connections. Implements `ccdbapi.cloudcontrol.transport.Transport`.

    ``concurrency`` connections at most; a connection pool is made for each event loop that uses the transport.
    """

    def __init__(self, aws: AwsSession, *, concurrency: int = 64, clock: Clock | None = None) -> None:
        self._aws = aws
        self._concurrency = concurrency
        self._clock = clock or SystemClock()
        self._open: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Open] = weakref.WeakKeyDictionary()
        self._tls: dict[str | bool, ssl.SSLContext] = {}

    async def send(self, operation: str, region: str, payload: Mapping[str, object]) -> Reply:
        """Carries out ``operation`` once. See `Transport.send`."""
        endpoint = await self._aws.endpoint(region)
        credentials = await self._aws.credentials()
        # Not at the top of the module: it brings botocore, which the lines above have loaded in a thread by now.
        from ccdbapi.cloudcontrol.signing import signed_headers

        body = json.dumps(payload).encode()
        headers = signed_headers(
            credentials,
            url=endpoint.url,
            headers={"Content-Type": CONTENT_TYPE, "X-Amz-Target": f"{TARGET}.{operation}"},
            body=body,
            region=endpoint.signing_region,
            service=endpoint.signing_name,
            now=self._clock.now(),
        )
        try:
            async with self._session().post(
                endpoint.url,
                data=body,
                headers=headers,
                proxy=endpoint.proxy,
                ssl=await self._certificates(endpoint),
                allow_redirects=False,
            ) as response:
                text = await response.read()
                return _reply(endpoint, response, text)
        except (aiohttp.ClientSSLError, ssl.SSLCertVerificationError) as error:
            raise EndpointError(
                f"{endpoint.url} could not be trusted: {error}. Does AWS_CA_BUNDLE name the right certificates?",
                sent=False,
            ) from error
        except aiohttp.ClientConnectorDNSError as error:
            if _no_such_host(error):
                raise EndpointError(
                    f"There is no host {error.host}: is {region!r} a region of AWS?", sent=False
                ) from error
            raise TransportError(f"{endpoint.url}: {error}", sent=False) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TransportError(f"{endpoint.url}: {error}", sent=False) from error
        except (aiohttp.ClientError, OSError) as error:
            raise TransportError(f"{endpoint.url}: {error or type(error).__name__}") from error

    async def close(self) -> None:
        """Closes the connections that this event loop opened."""
        opened = self._open.pop(asyncio.get_running_loop(), None)
        if opened is not None:
            opened.finalizer.detach()
            await opened.session.close()

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        opened = self._open.get(loop)
        if opened is None:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._concurrency, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=DNS_CACHE
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT),
                # Proxies may change these, so they are not signed.
                headers={"User-Agent": user_agent(), "Accept-Encoding": "identity"},
                skip_auto_headers=("Accept",),
            )
            opened = _Open(session, weakref.finalize(self, _finish, session, loop, os.getpid()))
            self._open[loop] = opened
        return opened.session

    async def _certificates(self, endpoint: Endpoint) -> ssl.SSLContext | bool:
        trusted = endpoint.ca_bundle
        if trusted is False or endpoint.url.startswith("http:"):
            return trusted is not False
        if trusted not in self._tls:
            self._tls[trusted] = await asyncio.to_thread(_tls_context, trusted)
        return self._tls[trusted]


def _tls_context(trusted: str | bool) -> ssl.SSLContext:
    from botocore.httpsession import get_cert_path

    path = Path(trusted if isinstance(trusted, str) else get_cert_path(True) or "")
    try:
        return ssl.create_default_context(
            cafile=None if path.is_dir() else path, capath=path if path.is_dir() else None
        )
    except OSError as error:
        raise OperationalError(f"The certificates in {path} cannot be read: {error}") from error


def _reply(endpoint: Endpoint, response: aiohttp.ClientResponse, text: bytes) -> Reply:
    request_id = response.headers.get("x-amzn-RequestId")
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        body = None
    if isinstance(body, dict):
        if response.status >= 400 and "x-amzn-ErrorType" in response.headers:
            body.setdefault("__type", response.headers["x-amzn-ErrorType"])
        return Reply(response.status, request_id, body)
    quoted = text[:QUOTE].decode(errors="replace")
    if response.status >= 300:
        # A proxy or a load balancer spoke, in a language of its own; its status still says whether to try again.
        return Reply(response.status, request_id, {"message": f"{endpoint.url} answered: {quoted}"})
    raise EndpointError(f"{endpoint.url} answered with something that is no JSON object: {quoted!r}")


def _no_such_host(error: aiohttp.ClientConnectorDNSError) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return cause.errno == socket.EAI_NONAME
        cause = cause.__cause__ or cause.__context__
    return False


def _finish(session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop, pid: int) -> None:
    """Closes what a transport that was never closed left open, when it is collected or the interpreter ends."""
    if pid != os.getpid():
        keep_forever(session)
    elif loop.is_running():
        asyncio.run_coroutine_threadsafe(session.close(), loop)
