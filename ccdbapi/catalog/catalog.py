"""The catalogue: finding resource types and tables by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import NamedTuple

from ccdbapi.catalog import schemas
from ccdbapi.catalog.archive import Archive
from ccdbapi.catalog.model import ResourceType, Schema, Table, TableKind
from ccdbapi.catalog.records import Entry, Record, SchemaSource, Source
from ccdbapi.catalog.spellings import stackql_spellings
from ccdbapi.catalog.tables import LIST_SUFFIX, make_table
from ccdbapi.exceptions import ProgrammingError

_KEPT_TYPES = 256


class _Details(NamedTuple):
    record: Record
    resource_type: ResourceType


class Catalog:
    """Resource types and their tables. Each type is read when it is first asked for; threads may share a catalogue."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # Per catalogue, so that dropping a catalogue drops what it read.
        self._details = lru_cache(_KEPT_TYPES)(self._read)

    @classmethod
    def from_schemas(cls, type_schemas: Mapping[str, Schema]) -> Catalog:
        """A catalogue of registry schemas, by type name. Types without handlers are left out."""
        return cls(SchemaSource(type_schemas, stackql_spellings()))

    def services(self) -> Sequence[str]:
        """The names of all services, sorted."""
        return tuple(sorted(self._services))

    def tables(self, service: str) -> Sequence[str]:
        """The names of the service's tables, sorted; aliases are not among them.

        Raises `ProgrammingError` where there is no such service.
        """
        return tuple(
            sorted(name for name, (entry, kind) in self._tables_of(service).items() if name == _table(entry, kind))
        )

    def type_names(self) -> Sequence[str]:
        """The names of all resource types, sorted."""
        return tuple(sorted(self._entries))

    def table(self, service: str, name: str) -> Table:
        """The table of this name or alias, in any case.

        Raises `ProgrammingError` where there is none, with the closest names.
        """
        tables = self._tables_of(service)
        table = self.find_table(service, name)
        if table is None:
            elsewhere = [other for other, names in self._services.items() if name.lower() in names]
            raise ProgrammingError(
                f"no table {name!r} in service {service.lower()!r}"
                + _did_you_mean(name.lower(), tables, [f"{other}.{name.lower()}" for other in elsewhere])
                + f"; ccdbapi.catalog.packaged().tables({service.lower()!r}) lists them"
            )
        return table

    def find_table(self, service: str, name: str) -> Table | None:
        """The table of this name or alias, in any case, None where there is none."""
        found = self._services.get(service.lower(), {}).get(name.lower())
        if found is None:
            return None
        entry, kind = found
        record, resource_type = self._details(entry.type_name)
        return make_table(service.lower(), entry, record, resource_type, kind)

    def resource_type(self, type_name: str) -> ResourceType:
        """The resource type of exactly this name (``AWS::SageMaker::Image``).

        Raises `ProgrammingError` where there is none, with the closest names.
        """
        resource_type = self.find_resource_type(type_name)
        if resource_type is None:
            raise ProgrammingError(
                f"no resource type {type_name!r}"
                + _did_you_mean(type_name, self._entries)
                + "; ccdbapi.catalog.packaged().type_names() lists them"
            )
        return resource_type

    def find_resource_type(self, type_name: str) -> ResourceType | None:
        """The resource type of exactly this name, None where there is none."""
        return self._details(type_name).resource_type if type_name in self._entries else None

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        return {entry.type_name: entry for entry in self._source.entries()}

    @cached_property
    def _services(self) -> Mapping[str, Mapping[str, tuple[Entry, TableKind]]]:
        services: dict[str, dict[str, tuple[Entry, TableKind]]] = {}
        for entry in self._entries.values():
            tables = services.setdefault(entry.service, {})
            for name in (entry.table, *entry.aliases):
                if "read" in entry.handlers:
                    tables[name] = entry, "get"
                if "list" in entry.handlers:
                    tables[name + LIST_SUFFIX] = entry, "list"
        return services

    def _tables_of(self, service: str) -> Mapping[str, tuple[Entry, TableKind]]:
        tables = self._services.get(service.lower())
        if tables is None:
            raise ProgrammingError(
                f"no service {service!r}"
                + _did_you_mean(service.lower(), self._services)
                + "; ccdbapi.catalog.packaged().services() lists them"
            )
        return tables

    def _read(self, type_name: str) -> _Details:
        record = self._source.record(type_name)
        return _Details(record, schemas.resource_type(type_name, record.schema))


@cache
def packaged() -> Catalog:
    """The catalogue that comes with this package: AWS's types that have handlers, read as they are asked for."""
    return Catalog(Archive(files("ccdbapi.catalog").joinpath("data")))


def _table(entry: Entry, kind: TableKind) -> str:
    return entry.table + (LIST_SUFFIX if kind == "list" else "")


def _did_you_mean(name: str, candidates: Iterable[str], certain: Sequence[str] = ()) -> str:
    closest = [*certain, *difflib.get_close_matches(name, candidates, n=3)][:3]
    return f": did you mean {' or '.join(map(repr, closest))}?" if closest else ""
