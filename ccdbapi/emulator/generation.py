"""What a service adds to a new resource: defaults, identifiers and other read-only properties."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property

from ccdbapi.catalog import ResourceType
from ccdbapi.catalog.patterns import matches
from ccdbapi.emulator import patterns, pointers
from ccdbapi.emulator.arns import ArnMaker, kebab
from ccdbapi.emulator.pointers import Json
from ccdbapi.emulator.schema import Node, with_defaults
from ccdbapi.emulator.store import Scope

_ACCOUNT_PROPERTIES = frozenset({"AccountId", "AwsAccountId", "OwnerId", "OwnerAccount", "CatalogId"})
_MOMENT = re.compile(r"(Time|Timestamp|Date|At)$")
_ARN = re.compile(r"A(rn|RN)$")
_IDENTIFYING = re.compile(r"I(d|dentifier)$")
_ADDRESS = re.compile(r"(Url|URL|Uri|URI)$")
_HOST = re.compile(r"(Endpoint|DomainName|DnsName|DNSName|Address)$")


class Maker:
    """Completes new resources of one type in one account and region; one object for each resource.

    ``now`` is the time of creation, in epoch seconds; random values are drawn from ``rng``.
    """

    def __init__(
        self, resource_type: ResourceType, desired: Json, scope: Scope, *, now: float, rng: random.Random
    ) -> None:
        self._type = resource_type
        self._root = Node.of(resource_type)
        self._desired = desired
        self._scope = scope
        self._now = now
        self._rng = rng

    def complete(self) -> Json:
        """The resource: what is desired, the schema's defaults, its identifiers and read-only properties."""
        state = with_defaults(self._root, self._desired)
        for pointer in (*self._type.primary_identifier, *sorted(self._type.read_only)):
            if "*" not in pointers.tokens(pointer) and pointers.value(state, pointer) is None:
                self._add(state, pointer)
        return state

    def _add(self, state: Json, pointer: str) -> None:
        node = self._root.at(pointer)
        parent, _, _ = pointer.rpartition("/")
        missing_parent = parent and pointers.value(state, parent) is None
        optional = pointer not in self._type.primary_identifier
        if node is None or (missing_parent and optional and not self._generated(parent)):
            return
        pointers.put(state, pointer, self.value(node, pointers.tokens(pointer)[-1]))

    def _generated(self, pointer: str) -> bool:
        # An object of which the user may set a part is not there until the user sets it; else one that needs
        # more than its read-only properties would come out incomplete.
        settled = self._type.read_only | set(self._type.primary_identifier)
        node = self._root.at(pointer)
        return node is not None and all(f"{pointer}/{name}" in settled for name in node.properties())

    def value(self, node: Node, name: str) -> object:
        """A value for a property of this name that fits its schema node."""
        for keyword in ("const", "default"):
            if keyword in node.raw:
                return node.raw[keyword]
        choices = node.raw.get("enum")
        if isinstance(choices, list | tuple) and choices:
            return choices[0]
        match node.kind:
            case "string":
                return self._text(node, name)
            case "integer" | "number":
                return max(node.number("minimum") or 0, min(1, node.number("maximum") or 1))
            case "boolean":
                return False
            case "array":
                items = node.items()
                count = node.number("minItems") or 0
                return [self.value(items, name.removesuffix("s")) for _ in range(count)] if items else []
            case "object":
                members = node.properties()
                return {key: self.value(members[key], key) for key in node.required if key in members}
            case _:
                return None

    def _text(self, node: Node, name: str) -> str:
        def fits(text: str) -> bool:
            return _fits(node, text)

        # Where no candidate fits a pattern that cannot be satisfied, a value that cannot be empty is still better.
        return next(filter(fits, self._texts(node, name)), self._token(12))

    def _texts(self, node: Node, name: str) -> Iterator[str]:
        """Candidates for a text, the most telling first."""
        pattern = node.raw.get("pattern")
        is_arn = _ARN.search(name) or (isinstance(pattern, str) and re.match(r"\^?\(?arn:", pattern))
        if is_arn:
            yield self._arns.plain()
            if isinstance(pattern, str) and (example := self._example(node, pattern)) is not None:
                yield self._arns.adapted(example, lambda text: _fits(node, text))
        if node.raw.get("format") == "date-time" or _MOMENT.search(name):
            yield datetime.fromtimestamp(self._now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        if name in _ACCOUNT_PROPERTIES:
            yield self._scope.account
        if name == "Region":
            yield self._scope.region
        if _ADDRESS.search(name):
            yield f"https://{self._endpoint}/{self._scope.account}/{self._arns.name}"
        if _HOST.search(name):
            yield f"{self._arns.name}.{self._endpoint}"
        if _IDENTIFYING.search(name):
            stem = _IDENTIFYING.sub("", name).replace("Resource", "") or self._kind
            yield f"{kebab(stem)}-{self._rng.getrandbits(68):017x}"
            yield str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        if name.endswith("Version"):
            yield "1"
        yield f"{kebab(self._kind)}-{self._token(12)}"
        if isinstance(pattern, str) and (example := self._example(node, pattern)) is not None:
            yield example
        # No pattern asks for a length between: letters of the least length that is allowed.
        yield self._token(max(node.number("minLength") or 0, min(12, node.number("maxLength") or 12)))

    def _example(self, node: Node, pattern: str) -> str | None:
        return patterns.example(
            pattern, self._rng, min_length=node.number("minLength") or 0, max_length=node.number("maxLength")
        )

    @cached_property
    def _arns(self) -> ArnMaker:
        return ArnMaker(self._type, self._scope, self._name or f"{kebab(self._kind)}-{self._token(12)}")

    @property
    def _name(self) -> str | None:
        """The name that the user gave, where one identifies the resource: names that can be changed do not."""
        preferred = (f"/{self._kind}Name", "/Name", f"/{self._kind}Id")
        others = sorted(pointer for pointer in self._type.create_only if pointer.endswith("Name"))
        for pointer in (*preferred, *others):
            given = pointers.value(self._desired, pointer)
            if pointer in self._type.create_only and isinstance(given, str):
                return given
        return None

    @property
    def _kind(self) -> str:
        return self._type.name.rpartition("::")[2]

    @property
    def _endpoint(self) -> str:
        return f"{self._arns.service}.{self._scope.region}.amazonaws.com"

    def _token(self, length: int) -> str:
        return "".join(self._rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))


def identifier_of(resource_type: ResourceType, state: Json) -> str:
    """The resource's primary identifier, its parts joined with ``|``."""
    return "|".join(_part(pointers.value(state, pointer)) for pointer in resource_type.primary_identifier)


def _part(value: object) -> str:
    return "" if value is None else str(value)


def _fits(node: Node, text: str) -> bool:
    least, most, pattern = node.number("minLength"), node.number("maxLength"), node.raw.get("pattern")
    return (
        (least is None or len(text) >= least)
        and (most is None or len(text) <= most)
        and (not isinstance(pattern, str) or matches(pattern, text))
    )
