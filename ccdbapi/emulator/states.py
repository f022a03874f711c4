"""The states of a resource: what reads show of it, and what they never show."""

from __future__ import annotations

import json
from typing import NamedTuple

from ccdbapi.catalog import ResourceType
from ccdbapi.emulator import pointers
from ccdbapi.emulator.pointers import Json


class State(NamedTuple):
    """A resource's properties as JSON: what reads show, and what they never show."""

    visible: str
    hidden: str


def split(resource_type: ResourceType, state: Json) -> State:
    """The properties of ``state``, apart."""
    hidden = pointers.only(state, (pointer for pointer in resource_type.write_only if "*" not in pointer))
    return State(as_text(pointers.without(state, resource_type.write_only)), as_text(hidden))


def merged(hidden: Json, visible: Json) -> Json:
    """The properties of both, with those that reads show over those that they do not."""
    result = dict(hidden)
    for name, value in visible.items():
        kept = result.get(name)
        result[name] = merged(kept, value) if isinstance(kept, dict) and isinstance(value, dict) else value
    return result


def as_text(document: Json) -> str:
    """The document as JSON text."""
    return json.dumps(document, ensure_ascii=False)
