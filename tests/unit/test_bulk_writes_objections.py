"""What does not fit a schema, found before any call, and told at once for all rows."""

from __future__ import annotations

import pytest

from ccdbapi.catalog.schemas import resource_type
from ccdbapi.catalog.validation import violations, violations_in
from ccdbapi.exceptions import DataError
from ccdbapi.execution.objections import Objections, changed_violations, new_violations

RULE = {
    "type": "object",
    "properties": {"Id": {"type": "string"}, "Rank": {"type": "integer"}, "Token": {"type": "string"}},
    "required": ["Id", "Rank", "Token"],
    "additionalProperties": False,
}
THING = resource_type(
    "Test::Shop::Thing",
    {
        "properties": {
            "Name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
            "Arn": {"type": "string"},
            "Size": {"type": "integer", "minimum": 1},
            "Mode": {"enum": ["slow", "fast"]},
            "Rules": {"type": "array", "items": RULE, "uniqueItems": True},
        },
        "required": ["Name", "Arn"],
        "additionalProperties": False,
        "oneOf": [{"required": ["Size"]}, {"required": ["Mode"]}],
        "readOnlyProperties": ["/properties/Arn", "/properties/Rules/*/Id"],
        "writeOnlyProperties": ["/properties/Rules/*/Token"],
    },
)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ({"Name": "abc", "Size": 1}, []),
        ({"Name": "abc", "Mode": "fast", "Rules": [{"Rank": 1, "Token": "t"}]}, []),
        ({"Size": 1}, ["#: required key [Name] not found"]),
        ({"Name": "abc"}, ["#: #: 0 subschemas matched instead of one"]),
        ({"Name": "abc", "Size": 1, "Mode": "slow"}, ["#: #: more than 1 subschemas matched instead of one"]),
        ({"Name": "ABCD", "Size": 0},
         ["#/Name: failed validation constraint for keyword [pattern] (^[a-z]+$)",
          "#/Name: expected maxLength: 3, actual: 4", "#/Size: 0 is not greater or equal to 1"]),
        ({"Name": 1, "Size": "1"}, ["#/Name: expected type: String, found: Integer",
                                    "#/Size: expected type: Integer, found: String"]),
        ({"Name": "abc", "Mode": "wild"}, ["#/Mode: wild is not a valid enum value"]),
        ({"Name": "abc", "Size": 1, "Other": 1}, ["#: extraneous key [Other] is not permitted"]),
        ({"Name": "abc", "Size": 1, "Rules": [{"Rank": 1}]}, ["#/Rules/0: required key [Token] not found"]),
        ({"Name": "abc", "Size": 1, "Rules": [{"Rank": 1, "Token": "t"}] * 2}, ["#/Rules: array items are not unique"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_in_a_new_resource(model: dict[str, object], found: list[str]) -> None:
    assert sorted(violations(THING, model)) == sorted(found)
    assert sorted(new_violations(THING, model)) == sorted(found)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"Size": 2}, []),
        ({"Mode": "slow", "Size": 2}, []),
        ({"Size": 0}, ["#/Size: 0 is not greater or equal to 1"]),
        ({"Rules": [{"Rank": 1}]}, []),
        ({"Rules": [{"Id": "1"}]}, ["#/Rules/0: required key [Rank] not found"]),
        ({"Other": 1}, ["#: extraneous key [Other] is not permitted"]),
    ],
)
def test_what_does_not_fit_in_new_values(values: dict[str, object], found: list[str]) -> None:
    assert violations_in(THING, values) == found


@pytest.mark.parametrize(
    ("model", "values", "found"),
    [
        ({"Name": "a"}, {"Name": None}, ["#: required key [Name] cannot be removed"]),
        ({"Size": 1}, {"Size": None}, []),
        ({"Size": 0}, {"Size": 0}, []),
        ({"Size": 1}, {"Size": 0}, ["#/Size: 0 is not greater or equal to 1"]),
        ({"Rules": [{"Extra": 1, "Rank": 1}]}, {"Rules": [{"Extra": 1, "Rank": 2}]}, []),
        ({"Rules": [{"Rank": 1}]}, {"Rules": [{"Extra": 1, "Rank": 2}]},
         ["#/Rules/0: extraneous key [Extra] is not permitted"]),
    ],
)  # fmt: skip
def test_only_what_an_update_makes_wrong_is_told(
    model: dict[str, object], values: dict[str, object], found: list[str]
) -> None:
    assert list(changed_violations(THING, model, values)) == found


def test_objections_are_told_at_once() -> None:
    objections = Objections()
    objections.check()
    objections.add("row 1", ["a", "b"])
    objections.add("row 2", [])
    objections.add("row 3", ["c"])
    with pytest.raises(DataError) as raised:
        objections.check()
    assert str(raised.value) == "row 1: a; b\nrow 3: c"


def test_not_more_than_can_be_read() -> None:
    objections = Objections()
    for number in range(1000):
        objections.add(f"row {number}", ["a"])
    with pytest.raises(DataError) as raised:
        objections.check()
    assert str(raised.value).endswith("row 49: a\nand 950 more rows")
