"""Names of services, tables and columns, made from type and property names as StackQL makes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import inflection

from ccdbapi.catalog.model import IDENTIFIER, REGION, property_name, service_name

#: The schema's own properties of these names get this before their column's name.
_PROPERTY_PREFIX = "property_"


def table_name(type_name: str) -> str:
    """The table of the type, by the regular rule: ``AWS::SageMaker::Image`` → ``images``."""
    return str(inflection.pluralize(inflection.underscore(type_name.split("::")[2])))


def table_names(type_names: Iterable[str], reserved: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Type name → table name, unique within each service.

    Where two types would share one, AWS's keeps it and the other's begins with its organization
    (``acme_images`` for ``Acme::SageMaker::Image``). ``reserved`` are names that others have already, as (service,
    table).
    """
    names: dict[str, str] = {}
    taken = set(reserved)
    for type_name in sorted(type_names, key=lambda name: (not name.startswith("AWS::"), name)):
        service, name = service_name(type_name), table_name(type_name)
        if (service, name) in taken:
            name = f"{type_name.split('::')[0].lower()}_{name}"
        names[type_name] = name = _unused(name, {table for of, table in taken if of == service})
        taken.add((service, name))
    return names


def column_names(pointers: Iterable[str]) -> dict[str, str]:
    """JSON pointer of a property → column name, unique within the table: ``/ImageName`` → ``image_name``.

    A property called Region or Identifier becomes ``property_region`` or ``property_identifier``, since the plain
    names mean the AWS region and Cloud Control's identifier in every table. Of properties that differ in spelling
    only, the later ones get a number (``_2``).
    """
    names: dict[str, str] = {}
    taken = {REGION, IDENTIFIER.lower()}
    for pointer in pointers:
        column = str(inflection.underscore(property_name(pointer)))
        if column in (REGION, IDENTIFIER.lower()):
            column = reserved_column(column)
        names[pointer] = _unused(column, taken)
        taken.add(names[pointer])
    return names


def reserved_column(name: str) -> str:
    """The column of a property whose own name means something else in every table."""
    return _PROPERTY_PREFIX + name


def matching(spellings: Iterable[str], names: Mapping[str, str]) -> dict[str, str]:
    """Other spellings of names: spelling → the key whose name it is but for underscores (``c_ss`` → CSS).

    Spellings that equal a name, or match none, are left out.
    """
    regular = set(names.values())
    by_letters = {name.replace("_", ""): key for key, name in names.items()}
    return {
        spelling: by_letters[letters]
        for spelling in spellings
        if spelling not in regular and (letters := spelling.replace("_", "")) in by_letters
    }


def _unused(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate
