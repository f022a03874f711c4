"""Patch documents (RFC 6902) and what they may change."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence

import jsonpatch
from jsonpointer import JsonPointerException

from ccdbapi.catalog import ResourceType
from ccdbapi.emulator import pointers
from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.pointers import Json


def patched(resource_type: ResourceType, current: Json, patch_document: str) -> Json:
    """What the patch makes of the properties that reads show.

    Raises `ServiceError`: ValidationException where the document is no patch, cannot be applied or touches
    read-only properties, NotUpdatableException where it changes create-only ones.
    """
    try:
        operations = json.loads(patch_document)
    except (ValueError, RecursionError) as error:
        raise refusal("ValidationException", f"Invalid patch document: {error}") from None
    if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
        raise refusal("ValidationException", "Invalid patch document: it must be an array of operations")
    try:
        result = jsonpatch.JsonPatch(operations).apply(copy.deepcopy(current))
    except (jsonpatch.JsonPatchException, JsonPointerException, TypeError) as error:
        raise refusal("ValidationException", f"Invalid patch update: {error}") from None
    if not isinstance(result, dict):
        raise refusal("ValidationException", "Invalid patch update: the result is no JSON object")
    _refuse("ValidationException", "readOnlyProperties", _touched(resource_type.read_only, operations, current, result))
    _refuse("NotUpdatableException", "createOnlyProperties", _changed(resource_type.create_only, current, result))
    return result


def _touched(
    candidates: Iterable[str], operations: Sequence[Mapping[str, object]], before: Json, after: Json
) -> list[str]:
    """Those of the properties that an operation names, or gives a value that they did not have.

    They may go with what they are part of: an item is removed with the id that the service gave it.
    """
    named = [
        pointers.tokens(str(operation[member]))
        for operation in operations
        for member in (("path", "from") if operation["op"] == "move" else ("path",))
        if operation["op"] != "test"
    ]
    return sorted(
        pointer
        for pointer in candidates
        if any(_leads_through(path, pointers.tokens(pointer)) for path in named)
        or any(value not in pointers.values(before, pointer) for value in pointers.values(after, pointer))
    )


def _leads_through(path: Sequence[str], property_path: Sequence[str]) -> bool:
    return len(path) >= len(property_path) and all(
        wanted in ("*", part) for wanted, part in zip(property_path, path, strict=False)
    )


def _changed(candidates: Iterable[str], before: Json, after: Json) -> list[str]:
    return sorted(
        pointer for pointer in candidates if pointers.values(before, pointer) != pointers.values(after, pointer)
    )


def _refuse(code: str, kind: str, changed: list[str]) -> None:
    if changed:
        named = ", ".join(f"/properties{pointer}" for pointer in changed)
        raise refusal(code, f"Invalid patch update: {kind} [{named}] cannot be updated")
