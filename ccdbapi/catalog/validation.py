"""Whether a resource model fits its type's schema, said as AWS says it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from ccdbapi.catalog.model import ResourceType, Schema
from ccdbapi.catalog.patterns import matches

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def violations(resource_type: ResourceType, model: Mapping[str, object]) -> list[str]:
    """What in the properties of a resource does not fit its type's schema: a line for each, empty where all fits.

    What only the service sets may be missing, though some schemas list it among what is required.
    """
    errors = _validator(resource_type).iter_errors(cast("Any", model))
    return [text for error in errors if not _lacks(error, resource_type.read_only) for text in _described(error)]


def violations_in(resource_type: ResourceType, values: Mapping[str, object]) -> list[str]:
    """As `violations`, for new values of some properties of a resource that exists.

    Nothing is said of other properties, nor of members that a read does not show: the resource may have them.
    """
    errors = _part_validator(resource_type).iter_errors(cast("Any", values))
    unshown = resource_type.read_only | resource_type.write_only
    return [text for error in errors if not _lacks(error, unshown) for text in _described(error)]


def fits(root: Schema, node: Schema, value: object) -> bool:
    """Whether the value fits a node of the schema ``root``, which ``$ref`` refer to."""
    # Only the definitions of the root matter to a node; with its other keywords it would be the whole resource.
    schema = {"definitions": root.get("definitions", {}), **node}
    return bool(_ModelValidator(schema).is_valid(cast("Any", value)))


@lru_cache(maxsize=256)
def _part_validator(resource_type: ResourceType) -> Validator:
    parts = ("definitions", "properties", "patternProperties", "additionalProperties")
    return _ModelValidator({name: resource_type.schema[name] for name in parts if name in resource_type.schema})


@lru_cache(maxsize=256)
def _validator(resource_type: ResourceType) -> Validator:
    return _ModelValidator(resource_type.schema)


def _lacks(error: ValidationError, pointers: Collection[str]) -> bool:
    """Whether the error is that one of the properties at ``pointers`` is missing."""
    if error.validator != "required":
        return False
    # Some schemas leave the * out where a path leads through an array.
    path = [part for part in error.absolute_path if isinstance(part, str)]
    return any(
        [part for part in pointer.split("/")[1:] if part != "*"] == [*path, _missing_name(error)]
        for pointer in pointers
    )


def _missing_name(error: ValidationError) -> str:
    # jsonschema reports each missing name by itself; the name stands quoted at the start.
    return error.message.partition(" is a required")[0].strip("'")


def _pattern(_: Validator, pattern: str, instance: object, __: Mapping[str, object]) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, expressions: Mapping[str, Schema], instance: object, _: Schema
) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for expression, node in expressions.items():
            for name, value in instance.items():
                if matches(expression, name):
                    yield from validator.descend(value, node, path=name, schema_path=expression)


def _additional_properties(
    validator: Any, allowed: Schema | bool, instance: object, schema: Schema
) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        extras = _extras(instance, schema)
        if isinstance(allowed, Mapping):
            for name in extras:
                yield from validator.descend(instance[name], allowed, path=name)
        elif extras and not allowed:
            yield ValidationError(f"Additional properties are not allowed: {', '.join(extras)}")


def _extras(instance: Mapping[str, object], schema: Mapping[str, Any]) -> list[str]:
    """The names of members that the schema neither names nor describes by a pattern."""
    known, expressions = schema.get("properties", {}), schema.get("patternProperties", {})
    return [
        name
        for name in instance
        if name not in known and not any(matches(expression, name) for expression in expressions)
    ]


# jsonschema's own three read patterns with `re`, which many of the registry's are not written for.
_ModelValidator: Callable[[Mapping[str, object]], Validator] = extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    },
)


def _described(error: ValidationError) -> Iterator[str]:
    """The violation in the words of the validator that AWS uses."""
    where = "#" + "".join(f"/{part}" for part in error.absolute_path)
    yield from (f"{where}: {text}" for text in _texts(error))


def _texts(error: ValidationError) -> Iterator[str]:
    # jsonschema sets all three on every error that a validator reports.
    limit, value = cast("Any", error.validator_value), cast("Any", error.instance)
    schema = cast("Mapping[str, Any]", error.schema)
    match error.validator:
        case "required":
            yield f"required key [{_missing_name(error)}] not found"
        case "additionalProperties":
            yield from (f"extraneous key [{name}] is not permitted" for name in _extras(value, schema))
        case "type":
            expected = " or ".join(str(kind).capitalize() for kind in (limit if isinstance(limit, list) else [limit]))
            yield f"expected type: {expected}, found: {_json_type(value)}"
        case "pattern":
            yield f"failed validation constraint for keyword [pattern] ({limit})"
        case "minLength" | "maxLength":
            yield f"expected {error.validator}: {limit}, actual: {len(value)}"
        case "minItems":
            yield f"expected minimum item count: {limit}, found: {len(value)}"
        case "maxItems":
            yield f"expected maximum item count: {limit}, found: {len(value)}"
        case "uniqueItems":
            yield "array items are not unique"
        case "enum":
            yield f"{value} is not a valid enum value"
        case "minimum":
            yield f"{value} is not greater or equal to {limit}"
        case "maximum":
            yield f"{value} is not less or equal to {limit}"
        case "oneOf":
            # jsonschema gives the reasons of each alternative where none matched, and none where several did.
            yield f"#: {'0' if error.context else 'more than 1'} subschemas matched instead of one"
        case "anyOf":
            yield f"#: no subschema matched out of the total {len(limit)} subschemas"
        case _:
            yield f"failed validation constraint for keyword [{error.validator}]"


def _json_type(value: object) -> str:
    match value:
        case None:
            return "Null"
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "Double"
        case str():
            return "String"
        case list():
            return "JSONArray"
        case _:
            return "JSONObject"
