"""What is stored of each type, and where it comes from: a file read type by type, or schemas in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from ccdbapi.catalog import schemas
from ccdbapi.catalog.model import HANDLER_NAMES, HandlerName, Schema, service_name


class Entry(NamedTuple):
    """A type in the index: what can be known without its schema.

    ``aliases`` are other names of its table; ``handlers`` are the operations that it has.
    """

    type_name: str
    table: str
    handlers: tuple[HandlerName, ...]
    aliases: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        """The service that the table belongs to."""
        return service_name(self.type_name)


class Record(NamedTuple):
    """A type's schema with the names of its columns, by the JSON pointers of their properties.

    ``listed`` are properties that its list table shows beside the identifier and the parents.
    """

    schema: Schema
    columns: Mapping[str, str]
    aliases: Mapping[str, Sequence[str]]
    listed: Sequence[str] = ()


class Source(Protocol):
    """Where a catalogue's types come from."""

    def services(self) -> Iterable[str]:
        """The names of all services."""

    def entries(self, service: str) -> Iterable[Entry]:
        """The service's types that have handlers. None for an unknown service."""

    def record(self, type_name: str) -> Record:
        """What is known of one of the entries. Raises `KeyError` for another name."""


@dataclass(frozen=True, slots=True)
class Spellings:
    """Names that are accepted or shown beside those that the rules make, as StackQL has them."""

    #: Type name → other names of its table.
    tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: Type name → JSON pointer → other names of the property's column.
    columns: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    #: Type name → JSON pointers of further properties of its list table.
    listed: Mapping[str, Sequence[str]] = field(default_factory=dict)


def make_record(type_name: str, schema: Schema, spellings: Spellings) -> Record:
    """The record of a type, with column names by the rules and the spellings beside them."""
    # Reading the packaged records needs no names to be made, and so no inflection.
    from ccdbapi.catalog.naming import column_names

    described = schemas.resource_type(type_name, schema)
    columns = column_names(dict.fromkeys((*schemas.property_pointers(described), *schemas.listed_pointers(described))))
    taken = set(columns.values())
    aliases = {
        pointer: kept
        for pointer, other in spellings.columns.get(type_name, {}).items()
        if pointer in columns and (kept := [alias for alias in other if alias not in taken])
    }
    listed = [pointer for pointer in spellings.listed.get(type_name, ()) if pointer in columns]
    return Record(schema, columns, aliases, listed)


def operations(schema: Schema) -> tuple[HandlerName, ...]:
    """The operations that the type has a handler for; none where Cloud Control cannot manage it."""
    handlers = schemas.as_mapping(schema.get("handlers"))
    return tuple(operation for operation in HANDLER_NAMES if operation in handlers)


class SchemaSource:
    """Types from schemas in memory. Those without handlers are left out: Cloud Control cannot manage them.

    Raises `ValueError` where a type's name has not three parts.
    """

    def __init__(self, type_schemas: Mapping[str, Schema], spellings: Spellings) -> None:
        self._schemas = {name: schema for name, schema in sorted(type_schemas.items()) if schema.get("handlers")}
        for name in self._schemas:
            if name.count("::") != 2:
                raise ValueError(f"resource type {name!r} is not of the form Organization::Service::Resource")
        self._spellings = spellings

    def services(self) -> Iterable[str]:
        return self._services.keys()

    def entries(self, service: str) -> Iterable[Entry]:
        return self._services.get(service, ())

    def record(self, type_name: str) -> Record:
        return make_record(type_name, self._schemas[type_name], self._spellings)

    @cached_property
    def _services(self) -> Mapping[str, Sequence[Entry]]:
        # Names are made here only: reading the packaged ones needs no inflection.
        from ccdbapi.catalog.naming import table_names

        names = table_names(self._schemas)
        taken = {(service_name(type_name), table) for type_name, table in names.items()}
        services: dict[str, list[Entry]] = {}
        for type_name, schema in self._schemas.items():
            service = service_name(type_name)
            other = self._spellings.tables.get(type_name, ())
            aliases = tuple(alias for alias in other if (service, alias) not in taken)
            entry = Entry(type_name, names[type_name], operations(schema), aliases)
            services.setdefault(service, []).append(entry)
        return services
