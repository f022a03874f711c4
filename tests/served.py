"""An emulator over a real socket that checks every request as AWS would, and a driver connected to it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

from aws_contract import assert_valid_request

import ccdbapi
from ccdbapi.emulator import demo
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Credential, Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.signing import RawRequest

ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

#: What the options need to know the caller and to verify its signatures.
CALLER: Mapping[str, Credential] = {ACCESS_KEY: Credential(secret_key=SECRET_KEY)}


def refusing_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def demo_service() -> CloudControl:
    """An emulator with demo data, which checks signatures."""
    service = CloudControl(Options(check_signatures=True, credentials=CALLER))
    demo.load(service)
    return service


@contextmanager
def connecting(service: CloudControl) -> Iterator[Callable[[], ccdbapi.Connection]]:
    """What makes connections to the service over HTTP, as another process would."""
    with serve_in_thread(service) as url:
        yield partial(
            ccdbapi.connect,
            regions=["us-east-1"],
            endpoint_url=url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )


class Witness:
    """Takes down which requests AWS would not have accepted."""

    def __init__(self) -> None:
        self.requests = 0
        self.objections: list[str] = []

    def __call__(self, request: RawRequest) -> None:
        self.requests += 1
        try:
            assert_valid_request(
                request.method,
                urlsplit(request.url).path,
                request.headers,
                request.body,
                secret_key=SECRET_KEY,
                access_key=ACCESS_KEY,
            )
        except AssertionError as objection:
            self.objections.append(str(objection))


@contextmanager
def served(options: Options | None = None, **settings: object) -> Iterator[tuple[ccdbapi.Connection, CloudControl]]:
    """A connection over HTTP to an emulator of its own, with ``settings`` beside the credentials.

    Fails at the end if the service model or the signature objects to any of the requests.
    """
    service = CloudControl(options or Options(check_signatures=True, credentials=CALLER))
    witness = Witness()
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    with (
        serve_in_thread(service, on_request=witness) as url,
        ccdbapi.connect(**{"endpoint_url": url, "rate_limit": None, **keys, **settings}) as connection,  # type: ignore[arg-type]
    ):
        yield connection, service
    assert not witness.objections
