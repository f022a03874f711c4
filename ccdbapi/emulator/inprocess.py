"""The service in the caller's own process: a transport that sends nothing anywhere."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import NamedTuple

from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.service import CloudControl


class Reply(NamedTuple):
    """An answer: HTTP status, request id, and the JSON body (``__type`` in it on an error)."""

    status: int
    request_id: str
    body: Mapping[str, object]


class InProcessTransport:
    """Hands requests of one account to a service object. Several may share one service."""

    def __init__(self, service: CloudControl, account: str | None = None) -> None:
        self.service = service
        self._account = account or service.options.account

    async def send(self, operation: str, region: str, payload: Mapping[str, object]) -> Reply:
        """Carries out ``operation`` once. Raises `ConnectionResetError` where the options break the connection."""
        request_id = str(uuid.uuid4())
        try:
            body = await self.service.handle(operation, payload, account=self._account, region=region)
        except ServiceError as error:
            return Reply(error.status, request_id, error.body)
        return Reply(200, request_id, body)

    async def close(self) -> None:
        """Does nothing: the service belongs to whoever made it."""
