"""The emulator's hooks: whom they are asked about, and how the service tells what they said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ccdbapi.emulator.hooks import FailureMode, Hook
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.store import Store

TYPE = "AWS::Glue::Workflow"
WHERE = {"account": "123456789012", "region": "us-east-1"}

Json = dict[str, object]


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def unnamed(operation: str, properties: Mapping[str, object]) -> str | None:
    return f"{operation} of {properties['Name']}" if str(properties["Name"]).startswith("bad") else None


def hook(name: str = "Acme::Names::Check", mode: FailureMode = "FAIL", *types: str) -> Hook:
    return Hook(type_name=name, objection=unnamed, failure_mode=mode, types=types)


def begin(service: CloudControl, name: str) -> Json:
    answer = service.answer("CreateResource", {"TypeName": TYPE, "DesiredState": f'{{"Name": "{name}"}}'}, **WHERE)[
        "ProgressEvent"
    ]
    assert isinstance(answer, dict)
    return answer


def status(service: CloudControl, event: Mapping[str, object]) -> Json:
    return service.answer("GetResourceRequestStatus", {"RequestToken": event["RequestToken"]}, **WHERE)


def told(answer: Json) -> tuple[object, list[object]]:
    event, hooks = answer["ProgressEvent"], answer["HooksProgressEvent"]
    assert isinstance(event, dict)
    assert isinstance(hooks, list)
    return event["OperationStatus"], [(hook["HookStatus"], hook.get("HookStatusMessage")) for hook in hooks]


@pytest.mark.parametrize(
    ("name", "mode", "expected"),
    [
        ("good", "FAIL", ("SUCCESS", [("HOOK_COMPLETE_SUCCEEDED", None)])),
        ("bad", "WARN", ("SUCCESS", [("HOOK_COMPLETE_FAILED", "CREATE of bad")])),
        ("bad", "FAIL", ("FAILED", [("HOOK_COMPLETE_FAILED", "CREATE of bad")])),
    ],
)
def test_a_hook_passes_warns_or_fails(name: str, mode: FailureMode, expected: object) -> None:
    service = CloudControl(Options(hooks=[hook(mode=mode)]))
    assert told(status(service, begin(service, name))) == expected


def test_what_a_hook_refused_says_which_and_is_not_there() -> None:
    service = CloudControl(Options(hooks=[hook(), hook("Acme::Other::Check")]))
    answer = status(service, begin(service, "bad"))
    event, hooks = answer["ProgressEvent"], answer["HooksProgressEvent"]
    assert isinstance(event, dict)
    assert isinstance(hooks, list)
    assert event["StatusMessage"] == "The following hook(s) failed: [Acme::Names::Check, Acme::Other::Check]"
    assert event["ErrorCode"] == "GeneralServiceException"
    assert hooks[0] == {
        "HookTypeName": "Acme::Names::Check",
        "HookTypeVersionId": "00000001",
        "HookTypeArn": "arn:aws:cloudformation:us-east-1:123456789012:type/hook/Acme-Names-Check",
        "InvocationPoint": "PRE_PROVISION",
        "HookStatus": "HOOK_COMPLETE_FAILED",
        "HookEventTime": event["EventTime"],
        "HookStatusMessage": "CREATE of bad",
        "FailureMode": "FAIL",
    }
    assert service.answer("ListResources", {"TypeName": TYPE}, **WHERE)["ResourceDescriptions"] == []


def test_hooks_are_asked_of_every_operation_with_the_properties_that_there_will_be_or_are() -> None:
    service = CloudControl(Options(hooks=[hook(mode="WARN")]))
    status(service, begin(service, "bad"))
    for operation, extra in (("UpdateResource", {"PatchDocument": "[]"}), ("DeleteResource", {})):
        event = service.answer(operation, {"TypeName": TYPE, "Identifier": "bad", **extra}, **WHERE)["ProgressEvent"]
        assert isinstance(event, dict)
        said = ("HOOK_COMPLETE_FAILED", f"{operation.removesuffix('Resource').upper()} of bad")
        assert told(status(service, event)) == ("SUCCESS", [said])


def test_a_hook_for_other_types_is_not_asked_and_then_nothing_is_told_of_hooks() -> None:
    service = CloudControl(Options(hooks=[hook("Acme::Names::Check", "FAIL", "AWS::S3::Bucket")]))
    event = begin(service, "bad")
    assert status(service, event).keys() == {"ProgressEvent"}
    assert "HooksRequestToken" not in event


def test_hooks_are_under_way_before_the_request_is() -> None:
    clock = Clock()
    service = CloudControl(Options(hooks=[hook()], settle=8.0), clock=clock)
    event = begin(service, "bad")
    assert event["HooksRequestToken"]
    assert told(status(service, event)) == ("PENDING", [("HOOK_IN_PROGRESS", None)])
    clock.now += 4
    assert told(status(service, event)) == ("IN_PROGRESS", [("HOOK_COMPLETE_FAILED", "CREATE of bad")])


def test_what_hooks_said_is_kept_with_the_request(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    first = CloudControl(Options(hooks=[hook()]), Store(path))
    event = begin(first, "bad")
    first.close()
    second = CloudControl(store=Store(path))
    assert told(status(second, event)) == ("FAILED", [("HOOK_COMPLETE_FAILED", "CREATE of bad")])
    second.close()
