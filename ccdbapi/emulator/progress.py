"""A resource request and what its progress event shows at a given time."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Literal

from ccdbapi.emulator.hooks import Invocation

Operation = Literal["CREATE", "UPDATE", "DELETE"]
Status = Literal["PENDING", "IN_PROGRESS", "SUCCESS", "FAILED", "CANCEL_IN_PROGRESS", "CANCEL_COMPLETE"]

#: The part of a request's time that it waits before it is worked on.
_WAITING = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a request failed: a ``HandlerErrorCode`` and a message."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A resource request. Times are epoch seconds.

    ``fingerprint`` stands for its input, ``visible`` and ``hidden`` are the properties that the resource will have
    (JSON objects as text), ``failure`` is why it fails once it settles, ``hooks`` what the hooks say of it. ``done``
    says that its effect, if any, has been carried out; nothing changes afterwards.
    """

    token: str
    client_token: str
    fingerprint: str
    operation: Operation
    type_name: str
    identifier: str | None
    created_at: float
    settles_at: float
    visible: str | None = None
    hidden: str | None = None
    failure: Failure | None = None
    hooks: tuple[Invocation, ...] = ()
    cancelled: bool = False
    done: bool = False

    def settled(self, failure: Failure | None) -> Request:
        """The request after it came to its end."""
        return replace(self, failure=failure, done=True)

    def canceled(self) -> Request:
        """The request after it was cancelled."""
        return replace(self, cancelled=True, done=True)

    def status(self, now: float) -> Status:
        """Where the request stands."""
        if self.cancelled:
            return "CANCEL_COMPLETE"
        if now >= self.settles_at:
            return "FAILED" if self.failure else "SUCCESS"
        starts_at = self.created_at + (self.settles_at - self.created_at) * _WAITING
        return "IN_PROGRESS" if now >= starts_at else "PENDING"

    def event(self, status: Status) -> dict[str, object]:
        """The ``ProgressEvent`` of the request in this status."""
        event: dict[str, object] = {
            "TypeName": self.type_name,
            "RequestToken": self.token,
            "Operation": self.operation,
            "OperationStatus": status,
            "EventTime": self.created_at,
        }
        if self.hooks:
            event["HooksRequestToken"] = self.token
        if self.identifier is not None:
            event["Identifier"] = self.identifier
        if self.visible is not None:
            event["ResourceModel"] = self.visible
        if status in ("PENDING", "IN_PROGRESS"):
            event["RetryAfter"] = self.settles_at
        if status == "FAILED" and self.failure is not None:
            event["ErrorCode"] = self.failure.code
            event["StatusMessage"] = self.failure.message
        return event

    def hook_events(self, status: Status) -> list[dict[str, object]]:
        """The ``HooksProgressEvent`` of the request in this status: hooks are done before it is worked on."""
        return [hook.event(self.created_at, complete=status != "PENDING") for hook in self.hooks]

    def to_json(self) -> str:
        """The request as text, for `from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Request:
        """The request that `to_json` wrote."""
        fields = json.loads(text)
        if fields["failure"] is not None:
            fields["failure"] = Failure(**fields["failure"])
        fields["hooks"] = tuple(Invocation(**hook) for hook in fields.get("hooks", ()))
        return cls(**fields)
