"""Progress events: read from the wire, and turned into exceptions."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from botocore.loaders import Loader

from ccdbapi.cloudcontrol.progress import HookProgressEvent, ProgressEvent
from ccdbapi.exceptions import ERROR_CLASSES

SHAPES = Loader().load_service_model("cloudcontrol", "service-2")["shapes"]
WIRE = {
    "TypeName": "AWS::SSM::Parameter",
    "Identifier": "p",
    "RequestToken": "token-1",
    "HooksRequestToken": "token-2",
    "Operation": "CREATE",
    "OperationStatus": "FAILED",
    "EventTime": 1700000000.25,
    "ResourceModel": '{"Value":"s3cret"}',
    "StatusMessage": "no such thing",
    "ErrorCode": "AlreadyExists",
    "RetryAfter": 1700000005,
}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize(
    ("shape", "read", "beside"),
    [("ProgressEvent", ProgressEvent, {"hooks"}), ("HookProgressEvent", HookProgressEvent, set())],
)
def test_every_member_of_the_service_model_has_its_field(
    shape: str, read: type[ProgressEvent] | type[HookProgressEvent], beside: set[str]
) -> None:
    members = {
        name: 1700000000 if member["shape"] == "Timestamp" else name
        for name, member in SHAPES[shape]["members"].items()
    }
    event = read.from_wire(members)
    expected = {
        snake(name): datetime.fromtimestamp(1700000000, UTC) if value == 1700000000 else value
        for name, value in members.items()
    }
    assert {name: getattr(event, name) for name in event.__dataclass_fields__ if name not in beside} == expected


def test_a_member_that_is_missing_is_none() -> None:
    assert ProgressEvent.from_wire({}) == ProgressEvent()


def test_the_model_is_not_in_the_repr() -> None:
    assert "s3cret" not in repr(ProgressEvent.from_wire(WIRE))


@pytest.mark.parametrize("status", SHAPES["OperationStatus"]["enum"])
def test_what_is_final_and_what_is_an_error(status: str) -> None:
    event = ProgressEvent.from_wire({**WIRE, "OperationStatus": status})
    assert event.is_final == (status in {"SUCCESS", "FAILED", "CANCEL_COMPLETE"})
    assert event.succeeded == (status == "SUCCESS")
    assert (event.error("us-east-1") is not None) == (status in {"FAILED", "CANCEL_COMPLETE"})


@pytest.mark.parametrize("code", SHAPES["HandlerErrorCode"]["enum"])
def test_every_handler_error_code_becomes_its_exception(code: str) -> None:
    error = ProgressEvent.from_wire({**WIRE, "ErrorCode": code}).error("us-east-1")
    assert type(error) is ERROR_CLASSES[code]
    assert error.diag.code == code


def test_the_exception_says_what_failed_and_where() -> None:
    error = ProgressEvent.from_wire(WIRE).error("us-east-1")
    assert str(error) == (
        "CreateResource failed: AlreadyExists: no such thing "
        "(type AWS::SSM::Parameter, identifier p, region us-east-1, request token token-1)"
    )


def test_a_cancelled_request_says_so() -> None:
    error = ProgressEvent(operation="DELETE", operation_status="CANCEL_COMPLETE").error("us-east-1")
    assert "DeleteResource failed: CANCEL_COMPLETE: the request was cancelled" in str(error)


def test_a_hook_that_refused_is_named() -> None:
    hooks = [
        {"HookTypeName": "My::Own::Hook", "HookStatus": "HOOK_COMPLETE_FAILED", "HookStatusMessage": "not encrypted"},
        {"HookTypeName": "Other::Own::Hook", "HookStatus": "HOOK_COMPLETE_SUCCEEDED"},
    ]
    message = str(ProgressEvent.from_wire(WIRE, hooks).error("us-east-1"))
    assert "My::Own::Hook: not encrypted" in message
    assert "Other::Own::Hook" not in message


@pytest.mark.parametrize(
    ("status", "mode", "refuses"),
    [
        ("HOOK_COMPLETE_FAILED", "FAIL", True),
        ("HOOK_COMPLETE_FAILED", "WARN", False),
        ("HOOK_COMPLETE_FAILED", None, True),
        ("HOOK_FAILED", "FAIL", True),
        ("HOOK_FAILED", "WARN", False),
        ("HOOK_COMPLETE_SUCCEEDED", "FAIL", False),
        ("HOOK_IN_PROGRESS", "FAIL", False),
        ("HOOK_PENDING", "FAIL", False),
    ],
)
def test_which_hooks_are_why_a_request_failed(status: str, mode: str | None, refuses: bool) -> None:
    hook = {"HookTypeName": "My::Own::Hook", "HookStatus": status}
    hooks = [hook if mode is None else {**hook, "FailureMode": mode}]
    error = ProgressEvent.from_wire(WIRE, hooks).error("us-east-1")
    assert error is not None
    assert error.diag.message == ("no such thing" + (f" [My::Own::Hook: {status}]" if refuses else ""))


@pytest.mark.parametrize("value", [True, float("nan"), 1e300, "2026-01-01"])
def test_a_time_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(Exception, match="RetryAfter"):
        ProgressEvent.from_wire({"RetryAfter": value})
