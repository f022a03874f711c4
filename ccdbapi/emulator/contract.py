"""The service's contract: botocore's model of Cloud Control, and whether a request keeps to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import regex
from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from ccdbapi.emulator.errors import ServiceError

_JSON_TYPES: Mapping[str, type] = {"string": str, "integer": int, "list": list, "structure": dict}


@cache
def service_model() -> ServiceModel:
    """botocore's model of Cloud Control."""
    return ServiceModel(_definition(), "cloudcontrol")


def is_operation(name: str) -> bool:
    """Whether the service has this operation."""
    return name in service_model().operation_names


def refusal(code: str, message: str) -> ServiceError:
    """The error of this code, with the HTTP status that the model gives it: 500 for a fault, else 400."""
    return ServiceError(code, message, _status(code))


@cache
def _status(code: str) -> int:
    # ServiceModel drops this trait.
    return 500 if _definition()["shapes"].get(code, {}).get("fault") else 400


@cache
def _definition() -> dict[str, Any]:
    definition: dict[str, Any] = Loader().load_service_model("cloudcontrol", "service-2")
    return definition


def check(operation: str, payload: Mapping[str, object]) -> None:
    """Raises `ServiceError` (ValidationException, SerializationException) where the model forbids the payload."""
    shape = service_model().operation_model(operation).input_shape
    assert shape is not None  # noqa: S101 - each of the eight operations has an input
    violations = list(_violations(shape, payload, ""))
    if violations:
        plural = "s" if len(violations) > 1 else ""
        raise refusal(
            "ValidationException", f"{len(violations)} validation error{plural} detected: {'; '.join(violations)}"
        )


def _violations(shape: Shape, value: object, path: str) -> Iterator[str]:
    expected = _JSON_TYPES[shape.type_name]
    if not isinstance(value, expected) or isinstance(value, bool):
        raise refusal("SerializationException", f"{path or 'The body'} must be of type {shape.type_name}")
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name in shape.required_members:
            if value.get(name) is None:
                yield _violation("null", _join(path, name), "Member must not be null")
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _violations(member, value[name], _join(path, name))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{path}.{index}.member")
    else:
        shown = "***Sensitive***" if shape.metadata.get("sensitive") else str(value)
        for constraint in _broken_constraints(shape, value):
            yield _violation(f"'{shown}'", path, constraint)


def _broken_constraints(shape: Shape, value: object) -> Iterator[str]:
    size, measured = (len(value), "have length") if isinstance(value, str) else (value, "have value")
    assert isinstance(size, int)  # noqa: S101 - _violations checked the type
    least, most, pattern = (shape.metadata.get(name) for name in ("min", "max", "pattern"))
    if least is not None and size < least:
        yield f"Member must {measured} greater than or equal to {least}"
    if most is not None and size > most:
        yield f"Member must {measured} less than or equal to {most}"
    if pattern is not None and not regex.fullmatch(pattern, str(value)):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    allowed = shape.metadata.get("enum")
    if allowed is not None and value not in allowed:
        yield f"Member must satisfy enum value set: [{', '.join(allowed)}]"


def _violation(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member
