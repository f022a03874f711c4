"""What is read from a registry schema: identifiers, handlers, SQL types."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ccdbapi.catalog import Catalog, Handler, SqlType, json_types

STRING = {"type": "string"}
TIME = {"type": "string", "format": "date-time"}


def table_of(properties: Mapping[str, object], **parts: object) -> Catalog:
    schema = {"properties": properties, "handlers": {"read": {}, "list": {}}, **parts}
    return Catalog.from_schemas({"Acme::Test::Thing": schema})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (STRING, "VARCHAR"),
        ({"type": "string", "format": "json"}, "VARCHAR"),
        (TIME, "TIMESTAMP"),
        ({"type": "boolean"}, "BOOLEAN"),
        ({"type": "integer"}, "BIGINT"),
        ({"type": "integer", "format": "date-time"}, "BIGINT"),
        ({"type": "number"}, "DOUBLE"),
        ({"type": ["integer", "number"]}, "DOUBLE"),
        ({"type": "object"}, "JSON"),
        ({"type": "array", "items": STRING}, "JSON"),
        ({"type": ["object", "string"]}, "JSON"),
        ({"type": ["object"]}, "JSON"),
        ({}, "JSON"),
        ({"enum": ["a", "b"]}, "VARCHAR"),
        ({"enum": ["a", 1]}, "JSON"),
        ({"properties": {"A": STRING}}, "JSON"),
        ({"$ref": "#/definitions/Name"}, "VARCHAR"),
        ({"$ref": "#/definitions/Alias"}, "VARCHAR"),
        ({"$ref": "#/properties/Other"}, "BIGINT"),
        ({"$ref": "#/definitions/Missing"}, "JSON"),
        ({"$ref": "#/definitions/Loop"}, "JSON"),
        ({"$ref": "#/definitions/Nest"}, "JSON"),
        ({"oneOf": [STRING, {"$ref": "#/definitions/Name"}]}, "VARCHAR"),
        ({"oneOf": [TIME, TIME]}, "TIMESTAMP"),
        ({"oneOf": [TIME, STRING]}, "JSON"),
        ({"anyOf": [STRING, {"type": "object"}]}, "JSON"),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, "DOUBLE"),
        ({"allOf": [{"minLength": 1}, STRING]}, "VARCHAR"),
        ({"type": "string", "anyOf": [{"pattern": "a"}, {"type": "object"}]}, "VARCHAR"),
    ],
)
def test_sql_types(schema: Mapping[str, object], expected: SqlType) -> None:
    definitions = {
        "Name": STRING,
        "Alias": {"$ref": "#/definitions/Name"},
        "Loop": {"$ref": "#/definitions/Loop"},
        "Nest": {"oneOf": [{"$ref": "#/definitions/Nest"}]},
    }
    catalog = table_of({"Value": schema, "Other": {"type": "integer"}}, definitions=definitions)
    column = catalog.table("test", "things").column("value")
    assert column is not None
    assert column.sql_type == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (TIME, {"string"}),
        ({"type": ["object", "string"]}, {"object", "string"}),
        ({"oneOf": [STRING, {"type": "array"}]}, {"string", "array"}),
        ({"$ref": "#/definitions/Name"}, {"string"}),
        ({}, set()),
    ],
)
def test_json_types(schema: Mapping[str, object], expected: set[str]) -> None:
    assert json_types({"properties": {"Value": schema}, "definitions": {"Name": STRING}}, "/Value") == expected


def test_pointers_lose_the_schemas_root() -> None:
    catalog = table_of(
        {"A": STRING, "B": STRING, "C": {"properties": {"D": STRING}}},
        primaryIdentifier=["/properties/A", "/properties/C/D"],
        additionalIdentifiers=[["/properties/B"]],
        readOnlyProperties=["/properties/A", "/properties/C/D"],
        createOnlyProperties=["/properties/B"],
        conditionalCreateOnlyProperties=["/properties/C"],
        writeOnlyProperties=["/properties/C"],
        required=["B"],
    )
    found = catalog.resource_type("Acme::Test::Thing")
    assert found.primary_identifier == ("/A", "/C/D")
    assert found.additional_identifiers == (("/B",),)
    assert found.read_only == {"/A", "/C/D"}
    assert found.create_only == {"/B"}
    assert found.conditional_create_only == {"/C"}
    assert found.write_only == {"/C"}
    assert found.required == ("B",)


def test_a_list_handler_names_its_parents() -> None:
    takes = {
        "properties": {"Optional": STRING, "Parent": {"$ref": "resource-schema.json#/properties/Parent"}},
        "required": ["Parent"],
    }
    handlers = {"read": {"permissions": ["x:Get"]}, "list": {"permissions": ["x:List"], "handlerSchema": takes}}
    catalog = table_of({"Parent": {"type": "integer"}}, handlers=handlers)
    found = catalog.resource_type("Acme::Test::Thing").handlers
    assert found == {
        "read": Handler(permissions=("x:Get",)),
        "list": Handler(permissions=("x:List",), required=("Parent",), parents=("Parent", "Optional")),
    }
    parents = catalog.table("test", "things_list_only").parents
    assert [(column.name, column.sql_type) for column in parents] == [("parent", "BIGINT"), ("optional", "VARCHAR")]


def test_a_property_in_the_handler_only_is_no_column_of_the_get_table() -> None:
    takes = {"properties": {"Filter": STRING}}
    catalog = table_of({"Name": STRING}, handlers={"read": {}, "list": {"handlerSchema": takes}})
    assert catalog.table("test", "things").column("filter") is None
    assert catalog.table("test", "things_list_only").column("filter") is not None


def test_types_without_handlers_are_left_out() -> None:
    catalog = Catalog.from_schemas({"Acme::Test::Thing": {"properties": {}}})
    assert catalog.type_names() == ()
    assert catalog.services() == ("cloud_control",)


def test_a_malformed_type_name_is_refused() -> None:
    with pytest.raises(ValueError, match="'Acme::Thing' is not of the form"):
        Catalog.from_schemas({"Acme::Thing": {"handlers": {"read": {}}}})


@pytest.mark.parametrize("part", ["required", "primaryIdentifier", "definitions", "handlers", "description"])
@pytest.mark.parametrize("value", [None, 1, "text", [1], {"a": 1}])
def test_a_malformed_part_is_an_absent_one(part: str, value: object) -> None:
    catalog = table_of({"Name": STRING, "Broken": value}, **{part: value})
    for name in catalog.type_names():
        assert catalog.resource_type(name).name == name
    table = catalog.find_table("test", "things")
    assert table is None or table.column("name") is not None
