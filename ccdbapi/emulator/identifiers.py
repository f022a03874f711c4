"""Reading the ``Identifier`` of a request: a string, or JSON that names the properties."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ccdbapi.catalog import ResourceType
from ccdbapi.emulator import pointers
from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.store import Scope, Store

_SCANNED_PAGE = 500


def primary_identifier(store: Store, scope: Scope, resource_type: ResourceType, given: str) -> str:
    """The primary identifier that is meant.

    A JSON object may name the properties of the primary identifier, or of a secondary one, which is looked up.
    Raises `ServiceError`: ValidationException where the identifier does not fit the type, ResourceNotFoundException
    where a secondary one leads nowhere.
    """
    named = _named(given)
    if named is None:
        if given.count("|") < len(resource_type.primary_identifier) - 1:
            raise _unfit(resource_type, given)
        return given
    for candidate in (resource_type.primary_identifier, *resource_type.additional_identifiers):
        if {_name(pointer) for pointer in candidate} == named.keys():
            values = [named[_name(pointer)] for pointer in candidate]
            if candidate == resource_type.primary_identifier:
                return "|".join(map(str, values))
            found = _with_values(store, scope, resource_type, candidate, values)
            if found is None:
                raise refusal(
                    "ResourceNotFoundException",
                    f"Resource of type '{resource_type.name}' with identifier '{given}' was not found.",
                )
            return found
    raise _unfit(resource_type, given)


def _named(given: str) -> dict[str, object] | None:
    if not given.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(given)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _with_values(
    store: Store, scope: Scope, resource_type: ResourceType, properties: Sequence[str], values: Sequence[object]
) -> str | None:
    after = 0
    while page := store.resources(scope, resource_type.name, after, _SCANNED_PAGE):
        for resource in page:
            visible = json.loads(resource.visible)
            if [pointers.value(visible, pointer) for pointer in properties] == values:
                return resource.identifier
        after = page[-1].seq
    return None


def _name(pointer: str) -> str:
    return pointers.tokens(pointer)[-1]


def _unfit(resource_type: ResourceType, given: str) -> Exception:
    properties = ", ".join(f"/properties{pointer}" for pointer in resource_type.primary_identifier)
    return refusal("ValidationException", f"Identifier {given} is not valid for identifier [{properties}]")
