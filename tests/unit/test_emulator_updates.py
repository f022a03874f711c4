"""Patch documents in the emulator: applied as RFC 6902 says, and refused where they reach what the service sets."""

from __future__ import annotations

import json

import pytest

from ccdbapi.catalog.schemas import resource_type
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.updates import patched

RULE = {"type": "object", "properties": {"Id": {"type": "string"}, "Rank": {"type": "integer"}}}
THING = resource_type(
    "Test::Shop::Thing",
    {
        "properties": {
            "Arn": {"type": "string"},
            "Kind": {"type": "string"},
            "Endpoint": {"type": "object", "properties": {"Address": {"type": "string"}, "Port": {"type": "integer"}}},
            "Rules": {"type": "array", "items": RULE},
        },
        "readOnlyProperties": ["/properties/Arn", "/properties/Endpoint/Address", "/properties/Rules/*/Id"],
        "createOnlyProperties": ["/properties/Kind"],
    },
)
CURRENT: dict[str, object] = {
    "Arn": "arn",
    "Kind": "k",
    "Endpoint": {"Address": "x", "Port": 1},
    "Rules": [{"Id": "1", "Rank": 1}, {"Id": "2", "Rank": 2}],
}


@pytest.mark.parametrize(
    ("operations", "changed"),
    [
        ([{"op": "add", "path": "/Rules/-", "value": {"Rank": 3}}],
         {"Rules": [{"Id": "1", "Rank": 1}, {"Id": "2", "Rank": 2}, {"Rank": 3}]}),
        ([{"op": "remove", "path": "/Rules/0"}], {"Rules": [{"Id": "2", "Rank": 2}]}),
        ([{"op": "move", "from": "/Rules/1", "path": "/Rules/0"}],
         {"Rules": [{"Id": "2", "Rank": 2}, {"Id": "1", "Rank": 1}]}),
        ([{"op": "replace", "path": "/Rules/0/Rank", "value": 9}],
         {"Rules": [{"Id": "1", "Rank": 9}, {"Id": "2", "Rank": 2}]}),
        ([{"op": "replace", "path": "/Endpoint", "value": {"Port": 2}}], {"Endpoint": {"Port": 2}}),
        ([{"op": "replace", "path": "/Endpoint", "value": {"Address": "x", "Port": 2}}],
         {"Endpoint": {"Address": "x", "Port": 2}}),
        ([{"op": "copy", "from": "/Arn", "path": "/Endpoint/Note"}],
         {"Endpoint": {"Address": "x", "Port": 1, "Note": "arn"}}),
        ([{"op": "test", "path": "/Arn", "value": "arn"}, {"op": "replace", "path": "/Kind", "value": "k"}], {}),
    ],
)  # fmt: skip
def test_what_is_applied(operations: list[dict[str, object]], changed: dict[str, object]) -> None:
    assert patched(THING, CURRENT, json.dumps(operations)) == CURRENT | changed


@pytest.mark.parametrize(
    ("operations", "code", "message"),
    [
        ([{"op": "replace", "path": "/Arn", "value": "arn"}],
         "ValidationException", "readOnlyProperties [/properties/Arn]"),
        ([{"op": "move", "from": "/Arn", "path": "/Other"}], "ValidationException", "[/properties/Arn]"),
        ([{"op": "add", "path": "/Endpoint/Address", "value": "x"}], "ValidationException", "/Endpoint/Address"),
        ([{"op": "replace", "path": "/Endpoint", "value": {"Address": "y"}}],
         "ValidationException", "/Endpoint/Address"),
        ([{"op": "remove", "path": "/Rules/1/Id"}], "ValidationException", "/Rules/*/Id"),
        ([{"op": "add", "path": "/Rules/-", "value": {"Id": "3"}}], "ValidationException", "/Rules/*/Id"),
        ([{"op": "replace", "path": "/Kind", "value": "l"}], "NotUpdatableException", "createOnlyProperties"),
        ([{"op": "remove", "path": "/Kind"}], "NotUpdatableException", "[/properties/Kind]"),
        ([{"op": "test", "path": "/Kind", "value": "l"}], "ValidationException", "Invalid patch update"),
        ([{"op": "test", "path": "/None", "value": None}], "ValidationException", "Invalid patch update"),
        ([{"op": "test", "path": "/Endpoint/Port", "value": True}], "ValidationException", "Invalid patch update"),
        ([{"op": "remove", "path": "/Rules/5"}], "ValidationException", "Invalid patch update"),
        ([{"op": "add", "path": "/Rules/5", "value": {}}], "ValidationException", "Invalid patch update"),
        ([{"op": "replace", "path": "", "value": []}], "ValidationException", "Invalid patch update"),
    ],
)  # fmt: skip
def test_what_is_refused(operations: list[dict[str, object]], code: str, message: str) -> None:
    before = json.dumps(CURRENT)
    with pytest.raises(ServiceError) as refused:
        patched(THING, CURRENT, json.dumps([{"op": "add", "path": "/Endpoint/Port", "value": 7}, *operations]))
    assert refused.value.code == code
    assert message in refused.value.message
    assert json.dumps(CURRENT) == before
