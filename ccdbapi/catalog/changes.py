"""What cached schemas change in the packaged catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from ccdbapi.catalog import schemas
from ccdbapi.catalog.model import Handler

if TYPE_CHECKING:
    from ccdbapi.catalog.cache import CachedSchemas
    from ccdbapi.catalog.catalog import Catalog
    from ccdbapi.catalog.model import ResourceType

#: What is compared of a type: the properties of its top level, its primary identifier, the operations it has, what its
#: create requires, and what its list requires.
Aspect = Literal["properties", "identifier", "handlers", "required", "list requires"]


class Difference(NamedTuple):
    """What a type has no longer, and has now, of one aspect. An identifier is one item: its parts joined with ``|``."""

    aspect: Aspect
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """From the packaged types to the cached ones.

    ``removed`` are packaged types that the account's registry does not list; they stay in the catalogue, since another
    region may have them. ``changed`` has an entry for each type that differs.
    """

    added: Sequence[str]
    removed: Sequence[str]
    changed: Mapping[str, Sequence[Difference]]


def compare(packaged: Catalog, cached: CachedSchemas) -> Changes:
    """The changes, each list sorted by type name. It reads every schema: this takes seconds."""
    before = set(packaged.type_names())
    after = {name for name, kept in cached.types.items() if kept.handlers}
    return Changes(
        added=sorted(after - before),
        removed=sorted(before - after - set(cached.provenance.unread)),
        changed={
            name: differences
            for name in sorted(before & after)
            if (
                differences := _differences(
                    packaged.resource_type(name), schemas.resource_type(name, cached.schema(name))
                )
            )
        },
    )


def _differences(before: ResourceType, after: ResourceType) -> list[Difference]:
    old, new = _aspects(before), _aspects(after)
    return [
        Difference(aspect, tuple(sorted(old[aspect] - new[aspect])), tuple(sorted(new[aspect] - old[aspect])))
        for aspect in get_args(Aspect)
        if old[aspect] != new[aspect]
    ]


def _aspects(described: ResourceType) -> Mapping[Aspect, set[str]]:
    listing = described.handlers.get("list", Handler())
    return {
        "properties": set(schemas.as_mapping(described.schema.get("properties"))),
        "identifier": {"|".join(pointer.removeprefix("/") for pointer in described.primary_identifier)},
        "handlers": set(described.handlers),
        "required": set(described.required),
        "list requires": set(listing.required),
    }
