"""The least that a resource of any type can be made of, and a change to it, both from its registry schema."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, cast

from ccdbapi.catalog import ResourceType, Schema
from ccdbapi.catalog.validation import fits
from ccdbapi.emulator import patterns, pointers

Json = dict[str, object]

#: How many candidates for an object are looked at, and how deep objects may be.
_CANDIDATES, _DEPTH = 200, 12

_ALTERNATIVES = ("oneOf", "anyOf")


class ContradictionError(Exception):
    """No value fits a part of the schema."""


class Change(NamedTuple):
    """A property at the top level, and a new value for it."""

    name: str
    value: object
    shown: bool


def minimal_state(resource_type: ResourceType) -> Json:
    """The properties that a create must be given, and those by which the type's lists are selected.

    Raises `ContradictionError` where no value fits the schema.
    """
    return _Maker(resource_type).state()


def changes(resource_type: ResourceType, desired: Json) -> Iterator[Change]:
    """What an update could change in a resource that is as ``desired`` says: what reads show first.

    What the service has set in a property stays as it is.
    """
    return _Maker(resource_type).changes(desired)


def parent_value(resource_type: ResourceType, name: str) -> object:
    """A value for a property that the type's list handler takes. Raises as `minimal_state` does."""
    return _Maker(resource_type).parent(name)


class _Maker:
    def __init__(self, resource_type: ResourceType) -> None:
        self._type = resource_type
        self._root = resource_type.schema

    def state(self) -> Json:
        parents = self._type.handlers["list"].required if "list" in self._type.handlers else ()
        known = _mapping(self._root.get("properties"))
        wanted = [name for name in (*self._type.required, *parents) if name in known]
        node = {**self._root, "required": list(dict.fromkeys(wanted))}
        value = self._value(node, "", 0, _DEPTH)
        assert isinstance(value, dict)
        return value

    def parent(self, name: str) -> object:
        handlers = _mapping(self._root.get("handlers"))
        takes = _mapping(_mapping(_mapping(handlers.get("list")).get("handlerSchema")).get("properties"))
        known = _mapping(self._root.get("properties"))
        return self._value(_mapping(known.get(name, takes.get(name))), f"/{name}", 0, _DEPTH)

    def changes(self, desired: Json) -> Iterator[Change]:
        properties = _mapping(self._root.get("properties"))
        fixed = self._type.create_only | self._type.read_only | set(self._type.primary_identifier)
        held = [name for name in properties if f"/{name}" not in fixed]
        hidden = {name for name in held if f"/{name}" in self._type.write_only}
        writable = pointers.blanked(desired, self._type.read_only)

        def preference(name: str) -> tuple[bool, bool, bool]:
            is_text = _mapping(properties[name]).get("type") == "string"
            return f"/{name}" in self._type.conditional_create_only, name in hidden, not is_text

        for name in sorted(held, key=preference):
            kept = {pointer: pointers.value(desired, pointer) for pointer in fixed if pointer.startswith(f"/{name}/")}
            for value in self._others_than(desired.get(name), _mapping(properties[name]), f"/{name}"):
                changed = {**desired, name: value}
                for pointer, before in kept.items():
                    if before is not None:
                        pointers.put(changed, pointer, before)
                unmoved = all(pointers.value(changed, pointer) == before for pointer, before in kept.items())
                model = pointers.blanked(changed, self._type.read_only)
                if unmoved and model != writable and self._fits(self._root, "", model):
                    shown = (pointers.without(state, self._type.write_only) for state in (desired, changed))
                    yield Change(name, changed[name], shown=next(shown) != next(shown))

    def _others_than(self, present: object, node: Schema, pointer: str) -> Iterator[object]:
        for variant in range(1, 4):
            try:
                candidates = list(islice(self._fitting(node, pointer, variant, _DEPTH), 5))
            except ContradictionError:
                return
            yield from (value for value in candidates if value not in (present, {}, []))

    def _value(self, node: Schema, pointer: str, variant: int, depth: int, taken: Sequence[object] = ()) -> object:
        """The first candidate that fits the node and is not ``taken``."""
        for candidate in self._fitting(node, pointer, variant, depth):
            if candidate not in taken:
                return candidate
        raise ContradictionError(f"{self._type.name}: nothing fits {pointer or 'the resource'}")

    def _fitting(self, node: Schema, pointer: str, variant: int, depth: int) -> Iterator[object]:
        for candidate in islice(self._values(node, pointer, variant, depth), _CANDIDATES):
            if self._fits(node, pointer, candidate):
                yield candidate

    def _fits(self, node: Schema, pointer: str, value: object) -> bool:
        node = self._resolved(node)
        required = [name for name in _strings(node.get("required")) if f"{pointer}/{name}" not in self._type.read_only]
        return fits(self._root, {**node, "required": required} if "required" in node else node, value)

    def _values(self, node: Schema, pointer: str, variant: int, depth: int) -> Iterator[object]:
        if not depth:
            raise ContradictionError(f"{self._type.name}: {pointer} has no end")
        for flat in self._flattened(node):
            if "const" in flat:
                yield flat["const"]
            elif choices := list(cast("Iterable[object]", flat.get("enum", ()))):
                yield from choices[variant % len(choices) :] + choices[: variant % len(choices)]
            else:
                for kind in _kinds(flat):
                    yield from self._of_kind(kind, flat, pointer, variant, depth)

    def _of_kind(self, kind: str, node: Schema, pointer: str, variant: int, depth: int) -> Iterator[object]:
        match kind:
            case "string":
                yield from self._texts(node, pointer, variant)
            case "integer" | "number":
                yield from _numbers(node, kind, variant)
            case "boolean":
                yield variant % 2 == 1
            case "array":
                yield from self._arrays(node, pointer, variant, depth)
            case "object":
                yield from self._objects(node, pointer, variant, depth)

    def _texts(self, node: Schema, pointer: str, variant: int) -> Iterator[str]:
        least, most = _number(node, "minLength", 0), _number(node, "maxLength", None)
        if node.get("format") == "date-time":
            yield f"2030-01-01T00:00:0{variant}Z"
        name = pointer.rpartition("/")[2].strip("*").lower() or "item"
        plain = f"{name}-{variant}"
        yield plain
        if least is not None and len(plain) < least:
            yield plain.ljust(int(least), "x")
        if most is not None:
            yield plain[-int(most) :]
        if isinstance(pattern := node.get("pattern"), str):
            rng = random.Random(f"{self._type.name}{pointer}{variant}")  # noqa: S311 - the same each time
            for _ in range(4):
                text = patterns.example(
                    pattern, rng, min_length=int(least or 0), max_length=None if most is None else int(most)
                )
                if text is not None:
                    yield text

    def _arrays(self, node: Schema, pointer: str, variant: int, depth: int) -> Iterator[list[object]]:
        count = int(_number(node, "minItems", 0) or 0)
        items = node.get("items", node.get("prefixItems"))
        for length in dict.fromkeys((max(count, min(variant, 1)), count + 1)):
            array: list[object] = []
            for number in range(length):
                of = items[min(number, len(items) - 1)] if isinstance(items, list | tuple) else _mapping(items)
                taken = array if node.get("uniqueItems") else ()
                array.append(self._value(of, f"{pointer}/*", variant + number, depth - 1, taken))
            yield array

    def _objects(self, node: Schema, pointer: str, variant: int, depth: int) -> Iterator[Json]:
        members = _mapping(node.get("properties"))
        names = list(dict.fromkeys(self._with_dependent(node, _strings(node.get("required")))))
        least = int(_number(node, "minProperties", 0) or 0)
        optional = [name for name in members if name not in names]
        # The fewest members first: what some schemas ask for stands in no keyword that we read.
        for extra in ([], *([name] for name in optional), optional):
            value: Json = {}
            for name in self._with_dependent(node, [*names, *extra]):
                if f"{pointer}/{name}" in self._type.read_only:
                    continue
                try:
                    value[name] = self._value(
                        _mapping(members.get(name)) or self._other(node), f"{pointer}/{name}", variant, depth - 1
                    )
                except ContradictionError:
                    if name not in extra:
                        raise
            if not extra and (node.get("patternProperties") or node.get("additionalProperties") is not False):
                value |= self._others(node, least - len(value), pointer, variant, depth)
            yield value

    def _others(self, node: Schema, count: int, pointer: str, variant: int, depth: int) -> Json:
        """Members whose names the schema leaves open."""
        others: Json = {}
        expressions = _mapping(node.get("patternProperties"))
        if expressions or not node.get("properties"):
            count = max(count, min(variant, 1))
        rng = random.Random(f"{self._type.name}{pointer}")  # noqa: S311 - the same each time
        for number in range(count):
            expression = next(iter(expressions), None)
            name = f"name{number}" if expression is None else patterns.example(expression, rng, min_length=1)
            if name is not None:
                of = _mapping(expressions.get(expression)) if expression else self._other(node)
                others[name] = self._value(of, f"{pointer}/*", variant, depth - 1)
        return others

    def _other(self, node: Schema) -> Schema:
        return _mapping(node.get("additionalProperties")) or {"type": "string"}

    def _with_dependent(self, node: Schema, names: Iterable[str]) -> list[str]:
        dependent = {**_mapping(node.get("dependencies")), **_mapping(node.get("dependentRequired"))}
        result: list[str] = []
        waiting = list(names)
        while waiting:
            name = waiting.pop(0)
            if name not in result:
                result.append(name)
                waiting += _strings(dependent.get(name))
        return result

    def _flattened(self, node: Schema) -> Iterator[Schema]:
        """The node with each choice of its alternatives made part of it."""
        node = self._resolved(node)
        parts = node.get("allOf")
        rest = {key: value for key, value in node.items() if key not in ("allOf", "if", "then", "else")}
        conditions = [key for key in ("then", "else") if key in node]
        if parts:
            merged: list[Schema] = [rest]
            for part in cast("Iterable[Schema]", parts):
                merged = [_merged(base, flat) for base in merged for flat in self._flattened(part)]
            yield from (choice for flat in merged for choice in self._flattened(flat))
        elif conditions:
            yield from self._flattened(rest)
            for key in conditions:
                yield from self._flattened(_merged(rest, _mapping(node[key])))
        elif keyword := next((keyword for keyword in _ALTERNATIVES if keyword in node), None):
            base = {key: value for key, value in node.items() if key != keyword}
            for choice in cast("Iterable[Schema]", node[keyword]):
                for flat in self._flattened(choice):
                    yield from self._flattened(_merged(base, flat))
            yield from self._flattened(base)
        elif node.get("requiredXor") or node.get("requiredOr"):
            names = _strings(node.get("requiredXor")) + _strings(node.get("requiredOr"))
            given = set(_strings(node.get("required")))
            if given.isdisjoint(names):
                yield from ({**node, "required": [*given, name]} for name in names)
            yield node
        else:
            yield node

    def _resolved(self, node: Schema) -> Schema:
        while isinstance(reference := node.get("$ref"), str):
            target: object = self._root
            for token in reference.partition("#/")[2].split("/"):
                target = _mapping(target).get(token.replace("~1", "/").replace("~0", "~"))
            node = {**_mapping(target), **{key: value for key, value in node.items() if key != "$ref"}}
        return node


def _merged(base: Schema, other: Schema) -> Schema:
    result = {**base, **other}
    if "required" in base and "required" in other:
        result["required"] = list(dict.fromkeys((*_strings(base["required"]), *_strings(other["required"]))))
    if "properties" in base and "properties" in other:
        mine, theirs = _mapping(base["properties"]), _mapping(other["properties"])
        both = {name: {**_mapping(mine[name]), **_mapping(theirs[name])} for name in mine if name in theirs}
        result["properties"] = {**mine, **theirs, **both}
    return result


def _numbers(node: Schema, kind: str, variant: int) -> Iterator[float]:
    least, most = _number(node, "minimum", None), _number(node, "maximum", None)
    above, below = _number(node, "exclusiveMinimum", None), _number(node, "exclusiveMaximum", None)
    step = _number(node, "multipleOf", 1) or 1
    lowest = least if least is not None else above + step if above is not None else 0
    if (most is not None and lowest > most) or (below is not None and lowest >= below):
        lowest = most if most is not None else cast("float", below) - step
    start = -(-lowest // step) * step if kind == "integer" or step != 1 else lowest
    candidates = [start + variant * step, start, *([most] if most is not None else [])]
    yield from (int(number) if kind == "integer" else number for number in candidates)
    if kind == "number" and most is not None and least is not None:
        yield (most + least) / 2


def _kinds(node: Schema) -> list[str]:
    declared = node.get("type")
    if isinstance(declared, str):
        return [declared]
    if isinstance(declared, list | tuple) and declared:
        return [str(kind) for kind in declared]
    if node.keys() & {"properties", "patternProperties", "required"}:
        return ["object"]
    return ["array"] if "items" in node else ["string", "object"]


def _number(node: Schema, keyword: str, default: float | None) -> float | None:
    value = node.get(keyword)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


def _strings(value: object) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list | tuple) else []


def _mapping(value: object) -> Schema:
    return value if isinstance(value, Mapping) else {}
