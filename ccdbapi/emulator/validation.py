"""What the service refuses before it takes a request on."""

from __future__ import annotations

import json

from ccdbapi.catalog import ResourceType
from ccdbapi.catalog.validation import violations
from ccdbapi.emulator import pointers
from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.pointers import Json


def check_model(resource_type: ResourceType, model: Json) -> None:
    """Raises `ServiceError` (ValidationException) where the model does not fit the schema."""
    found = violations(resource_type, model)
    if found:
        raise refusal("ValidationException", f"Model validation failed ({chr(10).join(found)})")


def object_of(text: str, parameter: str) -> Json:
    """The JSON object that the text holds. Raises `ServiceError` (InvalidRequestException) where it holds none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal("InvalidRequestException", f"{parameter} is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise refusal("InvalidRequestException", f"{parameter} must be a JSON object")
    return document


def given_read_only(resource_type: ResourceType, model: Json) -> list[str]:
    """The read-only properties that the model sets, as pointers."""
    return sorted(pointer for pointer in resource_type.read_only if pointers.values(model, pointer))
