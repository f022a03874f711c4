"""What Cloud Control says about a request that it is carrying out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ccdbapi.exceptions import DatabaseError, Diagnostics, OperationalError, error_for

#: The states of a request that the service is done with.
FINAL = frozenset({"SUCCESS", "FAILED", "CANCEL_COMPLETE"})

#: The states of a hook that objects, or that failed to say.
_OBJECTING = frozenset({"HOOK_COMPLETE_FAILED", "HOOK_FAILED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HookProgressEvent:
    """What a CloudFormation Hook said about the request. Source: ``HookProgressEvent`` of the service model."""

    hook_type_name: str | None = None
    hook_type_version_id: str | None = None
    hook_type_arn: str | None = None
    invocation_point: str | None = None
    hook_status: str | None = None
    hook_event_time: datetime | None = None
    hook_status_message: str | None = None
    failure_mode: str | None = None

    @property
    def objects(self) -> bool:
        """Whether it found fault with the request, or failed itself, which counts the same."""
        return self.hook_status in _OBJECTING

    @property
    def lets_pass(self) -> bool:
        """Whether the request goes on although it objects."""
        return self.failure_mode == "WARN"

    def __str__(self) -> str:
        return f"{self.hook_type_name}: {self.hook_status_message or self.hook_status}"

    @classmethod
    def from_wire(cls, event: Mapping[str, object]) -> HookProgressEvent:
        """Reads the JSON object of the service. Raises OperationalError for a member of the wrong type."""
        return cls(
            hook_type_name=_text(event, "HookTypeName"),
            hook_type_version_id=_text(event, "HookTypeVersionId"),
            hook_type_arn=_text(event, "HookTypeArn"),
            invocation_point=_text(event, "InvocationPoint"),
            hook_status=_text(event, "HookStatus"),
            hook_event_time=_timestamp(event, "HookEventTime"),
            hook_status_message=_text(event, "HookStatusMessage"),
            failure_mode=_text(event, "FailureMode"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressEvent:
    """The state of one create, update or delete. Source: ``ProgressEvent`` of the service model.

    ``resource_model`` is JSON text, and not in the repr: it may hold secrets.
    """

    type_name: str | None = None
    identifier: str | None = None
    request_token: str | None = None
    hooks_request_token: str | None = None
    operation: str | None = None
    operation_status: str | None = None
    event_time: datetime | None = None
    resource_model: str | None = field(default=None, repr=False)
    status_message: str | None = None
    error_code: str | None = None
    retry_after: datetime | None = None
    hooks: tuple[HookProgressEvent, ...] = ()

    @classmethod
    def from_wire(cls, event: Mapping[str, object], hooks: object = None) -> ProgressEvent:
        """Reads the JSON object of the service, and the ``HooksProgressEvent`` that may stand beside it.

        Raises OperationalError for a member of the wrong type.
        """
        return cls(
            type_name=_text(event, "TypeName"),
            identifier=_text(event, "Identifier"),
            request_token=_text(event, "RequestToken"),
            hooks_request_token=_text(event, "HooksRequestToken"),
            operation=_text(event, "Operation"),
            operation_status=_text(event, "OperationStatus"),
            event_time=_timestamp(event, "EventTime"),
            resource_model=_text(event, "ResourceModel"),
            status_message=_text(event, "StatusMessage"),
            error_code=_text(event, "ErrorCode"),
            retry_after=_timestamp(event, "RetryAfter"),
            hooks=tuple(HookProgressEvent.from_wire(hook) for hook in _objects(hooks, "HooksProgressEvent")),
        )

    @property
    def is_final(self) -> bool:
        """Whether the service is done with the request, well or badly."""
        return self.operation_status in FINAL

    @property
    def succeeded(self) -> bool:
        """Whether the request was carried out."""
        return self.operation_status == "SUCCESS"

    def error(self, region: str) -> DatabaseError | None:
        """The exception for a request that failed or was cancelled; None for every other state."""
        if not self.is_final or self.succeeded:
            return None
        cancelled = self.operation_status == "CANCEL_COMPLETE"
        message = self.status_message or ("the request was cancelled" if cancelled else None)
        refusals = [str(hook) for hook in self.hooks if hook.objects and not hook.lets_pass]
        if refusals:
            message = f"{message or 'a hook refused it'} [{'; '.join(refusals)}]"
        return error_for(
            Diagnostics(
                code=self.error_code or (self.operation_status if cancelled else None),
                message=message,
                operation=f"{self.operation.capitalize()}Resource" if self.operation else None,
                region=region,
                type_name=self.type_name,
                identifier=self.identifier,
                request_token=self.request_token,
            )
        )


def _text(event: Mapping[str, object], member: str) -> str | None:
    value = event.get(member)
    if value is None or isinstance(value, str):
        return value
    raise OperationalError(f"Cloud Control answered with {member} as {type(value).__name__} where text is expected.")


def _timestamp(event: Mapping[str, object], member: str) -> datetime | None:
    """AWS JSON 1.0 writes a timestamp as seconds since 1970."""
    value = event.get(member)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, ValueError, OSError):
            pass
    raise OperationalError(f"Cloud Control answered with {member} = {value!r} where seconds since 1970 are expected.")


def _objects(value: object, member: str) -> list[Mapping[str, object]]:
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    raise OperationalError(f"Cloud Control answered with {member} as something other than a list of objects.")
