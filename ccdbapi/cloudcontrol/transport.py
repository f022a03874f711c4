"""What carries one request to Cloud Control and brings its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

#: Seconds to make a connection, and to wait for the next bytes of an answer (a list handler may take most of a minute).
CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 60.0


class Answer(Protocol):
    """What the service said: HTTP status, its request id, and the JSON body (``__type`` in it on an error).

    Timestamps are as on the wire: seconds since 1970.
    """

    @property
    def status(self) -> int: ...

    @property
    def request_id(self) -> str | None: ...

    @property
    def body(self) -> Mapping[str, object]: ...


class Reply(NamedTuple):
    """The `Answer` of the transports in this package."""

    status: int
    request_id: str | None
    body: Mapping[str, object]


class TransportError(Exception):
    """No answer came: the connection could not be made, or broke.

    Unless it is known that the request was not ``sent``, it may have been handled. The message names the endpoint. An
    `OSError` out of `Transport.send` means the same.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class EndpointError(TransportError):
    """No answer of Cloud Control will come, however often it is asked: no such host, or one that is something else."""


class Transport(Protocol):
    """Carries requests to Cloud Control. Its coroutines run on one event loop at a time."""

    async def send(self, operation: str, region: str, payload: Mapping[str, object]) -> Answer:
        """Carries out ``operation`` (``GetResource``) once: no retries, no waiting for limits.

        Raises `TransportError` when no answer came, and `ccdbapi.exceptions.OperationalError` when none can be asked
        for (no credentials, no endpoint).
        """

    async def close(self) -> None:
        """Releases connections. The transport may be used again afterwards, and opens new ones."""
