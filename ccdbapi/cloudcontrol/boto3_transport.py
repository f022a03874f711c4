"""Cloud Control by way of boto3, for those who hook into botocore (moto's ``mock_aws`` among them)."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ParamValidationError,
    SSLError,
)
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from botocore.parsers import ResponseParserError

from ccdbapi.cloudcontrol.aws_session import SERVICE, AwsSession, translated
from ccdbapi.cloudcontrol.transport import CONNECT_TIMEOUT, READ_TIMEOUT, EndpointError, Reply, TransportError

if TYPE_CHECKING:
    from botocore.client import BaseClient


class Boto3Transport:
    """Sends requests with a boto3 client for each region, in up to ``concurrency`` threads.

    Implements `ccdbapi.cloudcontrol.transport.Transport`. A coroutine that is cancelled leaves at once; boto3 cannot be
    interrupted, so its thread ends with the answer or the timeout.
    """

    def __init__(self, aws: AwsSession, *, concurrency: int = 64) -> None:
        self._aws = aws
        self._concurrency = concurrency
        self._pool: _Pool | None = None

    async def send(self, operation: str, region: str, payload: Mapping[str, object]) -> Reply:
        """Carries out ``operation`` once. See `Transport.send`."""
        # A forked child has neither the threads nor a right to the connections of its parent.
        if self._pool is None or self._pool.pid != os.getpid():
            self._pool = _Pool(self._aws, self._concurrency)
        pool = self._pool
        return await asyncio.get_running_loop().run_in_executor(pool.threads, pool.send, operation, region, payload)

    async def close(self) -> None:
        """Closes the clients' connections."""
        pool, self._pool = self._pool, None
        if pool is not None and pool.pid == os.getpid():
            pool.close()


class _Pool:
    """The threads and clients of one process."""

    def __init__(self, aws: AwsSession, concurrency: int) -> None:
        self.pid = os.getpid()
        self.threads = ThreadPoolExecutor(concurrency, thread_name_prefix="ccdbapi-boto3")
        self._aws = aws
        self._config = Config(
            # The client above tries again, with its limiter; botocore's own tries would escape that.
            retries={"total_max_attempts": 1},
            max_pool_connections=concurrency,
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
        )
        self._session: boto3.Session | None = None
        self._clients: dict[str, BaseClient] = {}
        self._making = threading.Lock()

    def send(self, operation: str, region: str, payload: Mapping[str, object]) -> Reply:
        with translated():
            client = self._client(region)
            method: Callable[..., dict[str, object]] = getattr(client, xform_name(operation))
            try:
                response = method(**payload)
            except ClientError as error:
                return _refusal(error)
            except ParamValidationError as error:
                return Reply(400, None, {"__type": "ValidationException", "Message": str(error)})
            except SSLError as error:
                why = _without_passwords(f"{error} Does AWS_CA_BUNDLE name the right certificates?")
                raise EndpointError(why) from None
            except (EndpointConnectionError, ConnectTimeoutError) as error:
                raise TransportError(_without_passwords(f"{client.meta.endpoint_url}: {error}"), sent=False) from None
            except (HTTPClientError, BotocoreConnectionError) as error:
                raise TransportError(_without_passwords(f"{client.meta.endpoint_url}: {error}")) from None
            except (ResponseParserError, AttributeError, ValueError) as error:
                why = f"{client.meta.endpoint_url} gave an answer that makes no sense: {error}"
                raise EndpointError(_without_passwords(why)) from None
            body = {name: value for name, value in response.items() if name != "ResponseMetadata"}
            if not body:
                # No operation answers with nothing: this is what botocore makes of an answer that was cut off.
                raise TransportError(_without_passwords(f"{client.meta.endpoint_url}: the answer was empty or cut off"))
            return _reply(response, body)

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()

    def _client(self, region: str) -> BaseClient:
        with self._making:
            if region not in self._clients:
                if self._session is None:
                    self._session = boto3.Session(botocore_session=self._aws.botocore_session())
                self._clients[region] = self._session.client(
                    SERVICE, region_name=region, endpoint_url=self._aws.endpoint_url, config=self._config
                )
            return self._clients[region]


def _without_passwords(text: str) -> str:
    """Without the user and password of a URL in it. What botocore says quotes them, so it is not to be shown at all."""
    return re.sub(r"(?<=//)[^/\s]*@", "", text)


def _refusal(error: ClientError) -> Reply:
    said = error.response.get("Error", {})
    body: dict[str, object] = {"Message": said.get("Message", "")}
    # botocore puts the HTTP status where an answer without JSON has no code.
    if not said.get("Code", "").isdecimal():
        body["__type"] = said.get("Code")
    return _reply(error.response, body)


def _reply(response: Mapping[str, object], body: dict[str, object]) -> Reply:
    metadata = response.get("ResponseMetadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    wire = {name: _as_on_the_wire(value) for name, value in body.items()}
    return Reply(int(metadata.get("HTTPStatusCode", 0)), metadata.get("RequestId"), wire)


def _as_on_the_wire(value: object) -> object:
    """What botocore's parser made of a JSON value, undone."""
    match value:
        case datetime():
            return value.timestamp()
        case Mapping():
            return {name: _as_on_the_wire(item) for name, item in value.items()}
        case list():
            return [_as_on_the_wire(item) for item in value]
    return value
