"""What registry schemas write that JSON Schema's Python tools do not expect, on a type that has all of it."""

from __future__ import annotations

import json

import pytest

from ccdbapi.catalog import Catalog
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.service import CloudControl

TYPE = "Acme::Demo::Odd"
SCHEMA = {
    "typeName": TYPE,
    "properties": {
        "Name": {"type": "string"},
        "Labels": {
            "type": "object",
            "patternProperties": {r"^[\p{L}]+$": {"type": "string", "maxLength": 3}},
            "additionalProperties": False,
        },
        "Numbers": {"type": "object", "additionalProperties": {"type": "integer"}},
        "StartTime": {"type": "string", "format": "date-time", "default": "0"},
        "EndTime": {"type": "string", "format": "date-time", "default": "2030-01-01T00:00:00Z"},
        "Settings": {
            "type": "object",
            "properties": {"Count": {"type": "integer"}, "Note": {"type": "string"}},
            "additionalProperties": False,
        },
        "Owner": {"type": "string"},
    },
    "required": ["Name", "Settings"],
    "additionalProperties": False,
    "readOnlyProperties": ["/properties/Settings/Count"],
    "writeOnlyProperties": ["/properties/Owner"],
    "primaryIdentifier": ["/properties/Name"],
    "handlers": {
        **{name: {"permissions": []} for name in ("create", "read", "update", "delete")},
        "list": {
            "permissions": [],
            "handlerSchema": {
                "properties": {"Owner": {"$ref": "resource-schema.json#/properties/Owner"}},
                "required": ["Owner"],
            },
        },
    },
}
LEAST: dict[str, object] = {"Name": "n", "Settings": {}, "Owner": "me"}


@pytest.fixture
def service() -> CloudControl:
    return CloudControl(catalog=Catalog.from_schemas({TYPE: SCHEMA}))


def ask(service: CloudControl, operation: str, **payload: object) -> dict[str, object]:
    return service.answer(operation, {"TypeName": TYPE, **payload}, account="123456789012", region="us-east-1")


def create(service: CloudControl, **more: object) -> None:
    ask(service, "CreateResource", DesiredState=json.dumps({**LEAST, **more}))


def read(service: CloudControl) -> dict[str, object]:
    description = ask(service, "GetResource", Identifier="n")["ResourceDescription"]
    assert isinstance(description, dict)
    properties = json.loads(description["Properties"])
    assert isinstance(properties, dict)
    return properties


def test_names_of_members_may_be_described_by_unicode_classes(service: CloudControl) -> None:
    create(service, Labels={"Größe": "xl"}, Numbers={"a": 1})
    assert read(service)["Labels"] == {"Größe": "xl"}


@pytest.mark.parametrize(
    ("more", "violation"),
    [
        ({"Labels": {"n1": "x"}}, r"#/Labels: extraneous key \[n1\] is not permitted"),
        ({"Labels": {"Größe": "long"}}, "#/Labels/Größe: expected maxLength: 3, actual: 4"),
        ({"Numbers": {"a": "b"}}, "#/Numbers/a: expected type: Integer, found: String"),
    ],
)
def test_what_such_names_stand_for_is_checked(service: CloudControl, more: dict[str, object], violation: str) -> None:
    with pytest.raises(ServiceError, match=violation):
        create(service, **more)


def test_a_default_that_is_no_date_is_none(service: CloudControl) -> None:
    create(service)
    assert "StartTime" not in read(service)
    assert read(service)["EndTime"] == "2030-01-01T00:00:00Z"


def test_an_object_that_only_the_service_fills_may_be_required(service: CloudControl) -> None:
    create(service)
    assert read(service)["Settings"] != {}
    patch = [{"op": "add", "path": "/Numbers", "value": {"a": 1}}]
    ask(service, "UpdateResource", Identifier="n", PatchDocument=json.dumps(patch))
    assert read(service)["Numbers"] == {"a": 1}


def test_a_list_is_selected_by_what_reads_never_show(service: CloudControl) -> None:
    create(service)
    assert "Owner" not in read(service)
    for owner, found in (("me", ["n"]), ("you", [])):
        listed = ask(service, "ListResources", ResourceModel=json.dumps({"Owner": owner}))["ResourceDescriptions"]
        assert isinstance(listed, list)
        assert [resource["Identifier"] for resource in listed] == found
