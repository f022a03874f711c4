"""Finding one's way in a registry schema: the node of a property, what may be in it, defaults."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import datetime

from ccdbapi.catalog import ResourceType, Schema
from ccdbapi.catalog.validation import fits
from ccdbapi.emulator.pointers import Json, tokens

_COMPOSED = ("allOf", "oneOf", "anyOf")


class Node:
    """A place in a schema, with its ``$ref`` followed."""

    def __init__(self, root: Schema, raw: Schema) -> None:
        self._root = root
        self.raw = _resolved(root, raw)

    @classmethod
    def of(cls, resource_type: ResourceType) -> Node:
        """The node of the resource itself."""
        return cls(resource_type.schema, resource_type.schema)

    def at(self, pointer: str) -> Node | None:
        """The node of the property that the pointer names (``*``: the items of an array); None where it is unknown."""
        node: Node | None = self
        for part in tokens(pointer):
            node = node.child(part) if node is not None else None
        return node

    def child(self, name: str) -> Node | None:
        """The node of a property of this one, found in its compositions too; ``*`` stands for the items."""
        if name == "*" and isinstance(items := self.raw.get("items"), Mapping):
            return Node(self._root, items)
        properties = self.raw.get("properties")
        if isinstance(properties, Mapping) and isinstance(properties.get(name), Mapping):
            return Node(self._root, properties[name])
        return next((found for branch in self.branches() if (found := branch.child(name)) is not None), None)

    def properties(self) -> dict[str, Node]:
        """The properties that the node itself names."""
        properties = self.raw.get("properties")
        if not isinstance(properties, Mapping):
            return {}
        return {name: Node(self._root, raw) for name, raw in properties.items() if isinstance(raw, Mapping)}

    def items(self) -> Node | None:
        """The node of an array's items."""
        return self.child("*") if isinstance(self.raw.get("items"), Mapping) else None

    def branches(self) -> Iterator[Node]:
        """The nodes of ``allOf``, ``oneOf`` and ``anyOf``, in that order."""
        for keyword in _COMPOSED:
            alternatives = self.raw.get(keyword)
            if isinstance(alternatives, list | tuple):
                yield from (Node(self._root, raw) for raw in alternatives if isinstance(raw, Mapping))

    def accepts(self, value: object) -> bool:
        """Whether the value fits the node."""
        return fits(self._root, self.raw, value)

    @property
    def kind(self) -> str:
        """The JSON type of values: the first that is allowed, told from other keywords where none is named."""
        declared = self.raw.get("type")
        if isinstance(declared, str):
            return declared
        if isinstance(declared, list | tuple) and declared:
            return str(declared[0])
        if "properties" in self.raw or "patternProperties" in self.raw:
            return "object"
        if "items" in self.raw:
            return "array"
        return next((branch.kind for branch in self.branches() if branch.raw.keys() - {"required"}), "string")

    @property
    def is_misdated(self) -> bool:
        """Whether the default of what is said to be a date with a time is none."""
        if self.raw.get("format") != "date-time":
            return False
        try:
            datetime.fromisoformat(str(self.raw["default"]))
        except ValueError:
            return True
        return False

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the properties that must be there."""
        names = self.raw.get("required")
        return tuple(names) if isinstance(names, list | tuple) else ()

    def number(self, keyword: str) -> int | None:
        """The whole number that stands at this keyword, None where there is none."""
        value = self.raw.get(keyword)
        return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def with_defaults(node: Node, document: Json) -> Json:
    """The document with the schema's defaults where properties are absent, in nested objects as well."""
    result = dict(document)
    for name, child in node.properties().items():
        if name in result:
            result[name] = _nested_defaults(child, result[name])
        elif "default" in child.raw and child.accepts(child.raw["default"]) and not child.is_misdated:
            result[name] = copy.deepcopy(child.raw["default"])
    return result


def _nested_defaults(node: Node, value: object) -> object:
    if isinstance(value, dict):
        return with_defaults(node, value)
    items = node.items()
    if isinstance(value, list) and items is not None:
        return [_nested_defaults(items, item) for item in value]
    return value


def _resolved(root: Schema, raw: Schema) -> Schema:
    seen: set[str] = set()
    while isinstance(reference := raw.get("$ref"), str) and reference not in seen:
        seen.add(reference)
        target: object = root
        for part in tokens(reference.partition("#")[2]):
            target = target.get(part) if isinstance(target, Mapping) else None
        if not isinstance(target, Mapping):
            return {}
        raw = {**target, **{key: value for key, value in raw.items() if key != "$ref"}}
    return raw
