"""Patch documents (RFC 6902) and what they may change."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable

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
    _refuse("ValidationException", "readOnlyProperties", _changed(resource_type.read_only, current, result))
    _refuse("NotUpdatableException", "createOnlyProperties", _changed(resource_type.create_only, current, result))
    return result


def _changed(candidates: Iterable[str], before: Json, after: Json) -> list[str]:
    return sorted(
        pointer for pointer in candidates if pointers.values(before, pointer) != pointers.values(after, pointer)
    )


def _refuse(code: str, kind: str, changed: list[str]) -> None:
    if changed:
        named = ", ".join(f"/properties{pointer}" for pointer in changed)
        raise refusal(code, f"Invalid patch update: {kind} [{named}] cannot be updated")
