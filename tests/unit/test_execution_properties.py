"""SQL values as properties: what each type of the schema makes of them, and what it refuses."""

from __future__ import annotations

import datetime
import json
import uuid
from decimal import Decimal

import pytest

from ccdbapi.catalog import Column, ResourceType
from ccdbapi.exceptions import DataError
from ccdbapi.execution.properties import property_value

SCHEMAS: dict[str, dict[str, object]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "array": {"type": "array"},
    "object": {"type": "object"},
    "referred": {"$ref": "#/definitions/Tag"},
    "string or object": {"type": ["string", "object"]},
    "integer or string": {"type": ["integer", "string"]},
    "any": {},
}
TYPE = ResourceType(
    name="Test::Shop::Thing",
    schema={"properties": SCHEMAS, "definitions": {"Tag": {"type": "object"}}},
    primary_identifier=("/string",),
    required=(),
    read_only=frozenset(),
    create_only=frozenset(),
    write_only=frozenset(),
    handlers={},
)

ACCEPTED: list[tuple[str, object, object]] = [
    ("string", "text", "text"),
    ("string", "", ""),
    ("string", "[1]", "[1]"),
    ("string", "5", "5"),
    ("string", "null", "null"),
    ("string", 5, "5"),
    ("string", 0.5, "0.5"),
    ("string", True, "true"),
    ("string", Decimal("5.00"), "5"),
    ("string", Decimal("500"), "500"),
    ("string", Decimal("12345678901234567890123.50"), "12345678901234567890123.5"),
    ("string", datetime.date(2024, 1, 2), "2024-01-02"),
    ("string", datetime.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03:04:05Z"),  # noqa: DTZ001
    ("string", datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC), "2024-01-02T03:04:05+00:00"),
    ("string", datetime.time(3, 4), "03:04:00"),
    ("string", uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ("string", b"\0\xff", "AP8="),
    ("integer", 5, 5),
    ("integer", 2**100, 2**100),
    ("integer", "5", 5),
    ("integer", " -5 ", -5),
    ("integer", 5.0, 5),
    ("integer", Decimal("5.0"), 5),
    ("number", 5, 5),
    ("number", 0.5, 0.5),
    ("number", "0.5", 0.5),
    ("number", "5", 5),
    ("number", Decimal("0.5"), 0.5),
    ("number", datetime.timedelta(minutes=1), 60.0),
    ("boolean", True, True),
    ("boolean", "true", True),
    ("boolean", "FALSE", False),
    ("array", [1, "a"], [1, "a"]),
    ("array", [], []),
    ("array", "[]", []),
    ("array", '[{"Key": "a", "Value": "b"}]', [{"Key": "a", "Value": "b"}]),
    ("array", [Decimal("1.5"), datetime.date(2024, 1, 2)], [1.5, "2024-01-02"]),
    ("array", [None], [None]),
    ("object", {"a": 1}, {"a": 1}),
    ("object", '{"a": [null]}', {"a": [None]}),
    ("object", {"a": {"b": Decimal("2")}}, {"a": {"b": 2}}),
    ("object", {1: "a"}, {"1": "a"}),
    ("object", '{"\\ud83d\\ude80": "é"}', {"🚀": "é"}),
    ("referred", '{"Key": "k"}', {"Key": "k"}),
    ("string or object", '{"a": 1}', {"a": 1}),
    ("string or object", "text", "text"),
    ("string or object", "5", "5"),
    ("string or object", "[1]", "[1]"),
    ("string or object", {"a": 1}, {"a": 1}),
    ("integer or string", 5, 5),
    ("integer or string", "5", "5"),
    ("any", "text", "text"),
    ("any", "[1]", "[1]"),
    ("any", [1], [1]),
    ("any", True, True),
]

REFUSED: list[tuple[str, object, str]] = [
    ("string", [1], "string, not array"),
    ("string", {"a": 1}, "string, not object"),
    ("integer", "five", "not JSON"),
    ("integer", "0.5", "integer, and the text given is JSON for number"),
    ("integer", 0.5, "integer, not number"),
    ("integer", True, "integer, not boolean"),
    ("integer", "", "not JSON"),
    ("number", "NaN", "not JSON"),
    ("number", float("nan"), "number takes number: nan is no number that JSON has"),
    ("any", [float("nan")], "any takes any JSON: nan is no number that JSON has"),
    ("number", float("inf"), "no number that JSON has"),
    ("number", "[]", "number, and the text given is JSON for array"),
    ("boolean", 1, "boolean, not integer"),
    ("boolean", "yes", "not JSON"),
    ("array", "[{", "not JSON"),
    ("array", "[1e999]", "array takes array, and the text given is not JSON: inf is no number that JSON has"),
    ("array", '["\\ud800"]', "half of a surrogate pair"),
    ("object", '{"\\ud83d": 1}', "half of a surrogate pair"),
    ("array", "[" * 100_000, "not JSON: maximum recursion depth exceeded"),
    ("array", "{}", "array, and the text given is JSON for object"),
    ("array", {"a": 1}, "array, not object"),
    ("array", 5, "array, not integer"),
    ("array", [float("inf")], "no number that JSON has"),
    ("object", "[]", "object, and the text given is JSON for array"),
    ("object", "null", "object, and the text given is JSON for null"),
    ("object", [1], "object, not array"),
    ("referred", "[]", "object, and the text given is JSON for array"),
    ("string or object", [1], "object or string, not array"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), ACCEPTED)
def test_values_that_fit(kind: str, value: object, expected: object) -> None:
    written = property_value(TYPE, Column(kind, "VARCHAR", f"/{kind}"), value)
    assert (written, type(written)) == (expected, type(expected))
    assert json.loads(json.dumps(written, allow_nan=False)) == expected


@pytest.mark.parametrize(("kind", "value", "message"), REFUSED)
def test_values_that_do_not_fit_are_refused_by_column(kind: str, value: object, message: str) -> None:
    with pytest.raises(DataError) as refused:
        property_value(TYPE, Column(kind, "VARCHAR", f"/{kind}"), value)
    assert message in str(refused.value)
