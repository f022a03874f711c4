"""Registry schemas: what they say of a resource type, and the SQL types of its properties.

Source: the CloudFormation resource type definition schema (``provider.definition.schema.v1.json``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ccdbapi.catalog.model import HANDLER_NAMES, Handler, ResourceType, Schema, SqlType, escape

_ROOT = "/properties"

#: One JSON type → the SQL type of its values. A property that may hold several types is JSON.
_SQL_TYPES: Mapping[frozenset[str], SqlType] = {
    frozenset({"string"}): "VARCHAR",
    frozenset({"date-time"}): "TIMESTAMP",
    frozenset({"boolean"}): "BOOLEAN",
    frozenset({"integer"}): "BIGINT",
    frozenset({"number"}): "DOUBLE",
    frozenset({"integer", "number"}): "DOUBLE",
}


def resource_type(name: str, schema: Schema) -> ResourceType:
    """The resource type that the registry schema describes."""
    handlers = as_mapping(schema.get("handlers"))
    return ResourceType(
        name=name,
        schema=schema,
        primary_identifier=tuple(_pointers(schema.get("primaryIdentifier"))),
        required=_strings(schema.get("required")),
        read_only=frozenset(_pointers(schema.get("readOnlyProperties"))),
        create_only=frozenset(_pointers(schema.get("createOnlyProperties"))),
        write_only=frozenset(_pointers(schema.get("writeOnlyProperties"))),
        handlers={
            operation: _handler(as_mapping(handlers[operation])) for operation in HANDLER_NAMES if operation in handlers
        },
        conditional_create_only=frozenset(_pointers(schema.get("conditionalCreateOnlyProperties"))),
        additional_identifiers=tuple(tuple(_pointers(group)) for group in _items(schema.get("additionalIdentifiers"))),
    )


def property_at(schema: Schema, pointer: str) -> Schema:
    """The schema of the property at the pointer, references resolved; empty where the schema has none.

    A list handler may take properties that the resource does not have: those are found too.
    """
    first, *rest = (token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])
    node = as_mapping(as_mapping(schema.get("properties")).get(first))
    if not node:
        list_handler = as_mapping(as_mapping(schema.get("handlers")).get("list"))
        node = as_mapping(as_mapping(as_mapping(list_handler.get("handlerSchema")).get("properties")).get(first))
    for token in rest:
        node = as_mapping(as_mapping(_resolve(schema, node).get("properties")).get(token))
    return _resolve(schema, node)


def member(schema: Schema, node: Schema, name: str, depth: int = 16) -> Schema:
    """The schema of an object's member, in a node of ``schema`` or its compositions; empty where they say nothing.

    ``depth`` ends definitions that refer to themselves.
    """
    node = _resolve(schema, node)
    properties = as_mapping(node.get("properties"))
    if name in properties:
        return _resolve(schema, as_mapping(properties[name]))
    found = (member(schema, choice, name, depth - 1) for choice in _choices(node)) if depth else ()
    # Where the members are not named, all of them are alike.
    others = (*as_mapping(node.get("patternProperties")).values(), node.get("additionalProperties"))
    return next(filter(None, found), None) or _resolve(schema, as_mapping(others[0]))


def items(schema: Schema, node: Schema, depth: int = 16) -> Schema:
    """The schema of an array's items, in a node of ``schema`` or its compositions; as `member`."""
    node = _resolve(schema, node)
    own = as_mapping(node.get("items"))
    if own:
        return _resolve(schema, own)
    found = (items(schema, choice, depth - 1) for choice in _choices(node)) if depth else ()
    return next(filter(None, found), {})


def tag_pointers(schema: Schema) -> Sequence[str]:
    """The properties that hold the resource's tags."""
    return tuple(_pointers([as_mapping(schema.get("tagging")).get("tagProperty")]))


def sql_type(schema: Schema, pointer: str) -> SqlType:
    """The SQL type of the property: JSON for objects, arrays and whatever may hold several types."""
    return _SQL_TYPES.get(frozenset(_json_types(schema, property_at(schema, pointer))), "JSON")


def json_types(schema: Schema, pointer: str) -> frozenset[str]:
    """The JSON types that the property may have (``string``, ``array``, …); none where the schema does not say."""
    types = _json_types(schema, property_at(schema, pointer))
    return frozenset("string" if name == "date-time" else name for name in types)


def description(schema: Schema, pointer: str) -> str | None:
    """What the schema says of the property: beside its reference first, else at the definition."""
    own = as_mapping(as_mapping(schema.get("properties")).get(pointer[1:])).get("description")
    text = own or property_at(schema, pointer).get("description")
    return text.strip() or None if isinstance(text, str) else None


def max_length(schema: Schema, pointer: str) -> int | None:
    """How many characters the property may have; None where the schema does not say."""
    length = property_at(schema, pointer).get("maxLength")
    return length if isinstance(length, int) else None


def default_value(schema: Schema, pointer: str) -> object:
    """The JSON value that the property has where it is not given; None where the schema does not say."""
    own = as_mapping(as_mapping(schema.get("properties")).get(pointer[1:]))
    return own.get("default", property_at(schema, pointer).get("default"))


def property_pointers(resource_type: ResourceType) -> Sequence[str]:
    """The properties that a ``get`` table shows: those of the top level, and the identifier's below it."""
    properties = as_mapping(resource_type.schema.get("properties"))
    return tuple(dict.fromkeys((*(f"/{escape(name)}" for name in properties), *resource_type.primary_identifier)))


def listed_pointers(resource_type: ResourceType) -> Sequence[str]:
    """The properties that every ``list`` table shows: the identifier's, and those that the list handler takes."""
    handler = resource_type.handlers.get("list", Handler())
    return tuple(dict.fromkeys((*resource_type.primary_identifier, *(f"/{escape(name)}" for name in handler.parents))))


def as_mapping(value: object) -> Schema:
    """The value if it is a JSON object, else an empty one: a malformed schema has fewer parts, not an error."""
    return value if isinstance(value, Mapping) else {}


def _handler(handler: Schema) -> Handler:
    takes = as_mapping(handler.get("handlerSchema"))
    required = _strings(takes.get("required"))
    alternatives = tuple(
        _strings(as_mapping(choice).get("required"))
        for keyword in ("oneOf", "anyOf")
        for choice in _items(takes.get(keyword))
    )
    return Handler(
        permissions=_strings(handler.get("permissions")),
        required=required,
        alternatives=alternatives,
        parents=tuple(dict.fromkeys((*required, *as_mapping(takes.get("properties"))))),
    )


def _json_types(schema: Schema, node: Schema, depth: int = 16) -> Iterator[str]:
    """The JSON types that values of the node may have; a string with a date and time is a type of its own.

    Nothing for a node that says nothing of its type. ``depth`` ends definitions that refer to themselves.
    """
    node = _resolve(schema, node)
    declared = node.get("type")
    if declared is not None:
        for name in [declared] if isinstance(declared, str) else _strings(declared):
            yield "date-time" if name == "string" and node.get("format") == "date-time" else name
    elif isinstance(node.get("enum"), list) and all(isinstance(value, str) for value in _items(node["enum"])):
        yield "string"
    elif "properties" in node or "patternProperties" in node:
        yield "object"
    elif depth:
        for choice in _choices(node):
            yield from _json_types(schema, choice, depth - 1)


def _choices(node: Schema) -> Iterator[Schema]:
    """The nodes that the node is composed of."""
    for keyword in ("oneOf", "anyOf", "allOf"):
        yield from map(as_mapping, _items(node.get(keyword)))


def _resolve(schema: Schema, node: Schema) -> Schema:
    """The node that the ``$ref`` leads to. A handler's schema calls the resource's ``resource-schema.json``."""
    seen: set[str] = set()
    while isinstance(reference := node.get("$ref"), str) and reference not in seen:
        seen.add(reference)
        node = schema
        for token in reference.partition("#/")[2].split("/"):
            node = as_mapping(node.get(token.replace("~1", "/").replace("~0", "~")))
    return node


def _pointers(paths: object) -> Iterator[str]:
    for path in _strings(paths):
        yield path.removeprefix(_ROOT) if path.startswith("/") else f"/{escape(path)}"


def _strings(values: object) -> tuple[str, ...]:
    return tuple(value for value in _items(values) if isinstance(value, str))


def _items(values: object) -> Iterable[object]:
    return values if isinstance(values, list | tuple) else ()
