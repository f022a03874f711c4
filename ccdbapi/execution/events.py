"""Progress events as rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ccdbapi.cloudcontrol.progress import HookProgressEvent, ProgressEvent


def event_members(event: ProgressEvent) -> dict[str, str | None]:
    """The event's members by their names in the service model, as the text of their SQL types."""
    return {
        "ErrorCode": event.error_code,
        "EventTime": _timestamp(event.event_time),
        "HooksProgressEvent": json.dumps([_hook(hook) for hook in event.hooks]) if event.hooks else None,
        "HooksRequestToken": event.hooks_request_token,
        "Identifier": event.identifier,
        "Operation": event.operation,
        "OperationStatus": event.operation_status,
        "RequestToken": event.request_token,
        "ResourceModel": event.resource_model,
        "RetryAfter": _timestamp(event.retry_after),
        "StatusMessage": event.status_message,
        "TypeName": event.type_name,
    }


def _timestamp(moment: datetime | None) -> str | None:
    """In UTC, and without saying so: the columns are timestamps without a time zone."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _hook(hook: HookProgressEvent) -> dict[str, str | None]:
    return {
        "HookTypeName": hook.hook_type_name,
        "HookTypeVersionId": hook.hook_type_version_id,
        "HookTypeArn": hook.hook_type_arn,
        "InvocationPoint": hook.invocation_point,
        "HookStatus": hook.hook_status,
        "HookEventTime": _timestamp(hook.hook_event_time),
        "HookStatusMessage": hook.hook_status_message,
        "FailureMode": hook.failure_mode,
    }
