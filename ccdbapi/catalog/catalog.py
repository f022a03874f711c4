"""The catalogue: finding resource types and tables by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from ccdbapi.catalog import schemas
from ccdbapi.catalog.archive import packaged_archive
from ccdbapi.catalog.generic import GENERIC_SERVICE, GENERIC_TABLES
from ccdbapi.catalog.model import service_name
from ccdbapi.catalog.records import SchemaSource
from ccdbapi.catalog.spellings import stackql_spellings
from ccdbapi.catalog.tables import HANDLERS, LIST_SUFFIX, make_table, summarize, summary_of
from ccdbapi.exceptions import NotSupportedError, ProgrammingError

if TYPE_CHECKING:
    from ccdbapi.catalog.model import ResourceType, Schema, Table, TableKind
    from ccdbapi.catalog.records import Entry, Record, Source
    from ccdbapi.catalog.tables import TableSummary

#: How many types stay in memory once they are read; one takes about 50 KB.
_KEPT_TYPES = 256

#: More than there are services, and a bound for names that are none.
_KEPT_SERVICES = 1024


class Catalog:
    """Resource types and their tables, each read when it is first asked for. Threads may share a catalogue."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # Per catalogue, so that what was read goes when the catalogue goes.
        self._read = lru_cache(_KEPT_TYPES)(self._read_type)
        self._make = lru_cache(_KEPT_TYPES)(self._make_table)
        self._named = lru_cache(_KEPT_SERVICES)(self._named_entries)

    @classmethod
    def from_schemas(cls, type_schemas: Mapping[str, Schema]) -> Catalog:
        """A catalogue of registry schemas, by type name. Types without handlers are left out.

        Names are made as for the packaged types; those that StackQL spells differently are accepted too.
        Raises `ValueError` where a type's name is not of the form ``Organization::Service::Resource``.
        """
        return cls(SchemaSource(type_schemas, stackql_spellings()))

    def services(self) -> Sequence[str]:
        """The names of all services, sorted."""
        return tuple(sorted((GENERIC_SERVICE, *self._source.services())))

    def tables(self, service: str) -> Sequence[str]:
        """The names of the service's tables, sorted; aliases are not among them. Raises as `summaries` does."""
        return tuple(summary.name for summary in self.summaries(service))

    def summaries(self, service: str) -> Sequence[TableSummary]:
        """What can be told of the service's tables without reading their types, sorted by name.

        Raises `ProgrammingError` where there is no such service.
        """
        if service.lower() == GENERIC_SERVICE:
            return tuple(sorted(map(summary_of, GENERIC_TABLES.values())))
        return tuple(sorted(chain.from_iterable(map(summarize, set(self._entries_of(service).values())))))

    def type_names(self) -> Sequence[str]:
        """The names of all resource types, sorted."""
        return tuple(sorted(self._all_type_names()))

    def table(self, service: str, name: str) -> Table:
        """The table of this name or alias, in any case.

        Raises `ProgrammingError` where there is none, with the closest names, and `NotSupportedError` where the
        type is known but lacks the handler that the table needs.
        """
        table = self.find_table(service, name)
        if table is None and service.lower() == GENERIC_SERVICE:
            hint = _did_you_mean(difflib.get_close_matches(name.lower(), list(GENERIC_TABLES)))
            raise ProgrammingError(
                f"no table {name!r} in service {service!r}{hint}; SHOW RESOURCES IN awscc.{GENERIC_SERVICE} lists them"
            )
        if table is None:
            self._entries_of(service)
            raise self._missing_table(service.lower(), name.lower())
        return table

    def find_table(self, service: str, name: str) -> Table | None:
        """The table of this name or alias, in any case, None where there is none."""
        if service.lower() == GENERIC_SERVICE:
            return GENERIC_TABLES.get(name.lower())
        base, kind = _split(name.lower())
        entry = self._named(service.lower()).get(base)
        return self._make(entry, kind) if entry is not None and HANDLERS[kind] in entry.handlers else None

    def resource_type(self, type_name: str) -> ResourceType:
        """The resource type of exactly this name (``AWS::SageMaker::Image``).

        Raises `ProgrammingError` where there is none, with the closest names.
        """
        resource_type = self.find_resource_type(type_name)
        if resource_type is None:
            hint = _did_you_mean(difflib.get_close_matches(type_name, list(self._all_type_names())))
            raise ProgrammingError(f"no resource type {type_name!r}{hint}; Catalog.type_names() lists them")
        return resource_type

    def find_resource_type(self, type_name: str) -> ResourceType | None:
        """The resource type of exactly this name, None where there is none."""
        if type_name.count("::") != 2:
            return None
        entries = self._named(service_name(type_name)).values()
        return self._read(type_name)[1] if any(entry.type_name == type_name for entry in entries) else None

    def _all_type_names(self) -> Iterator[str]:
        return (entry.type_name for service in self._source.services() for entry in self._source.entries(service))

    def _named_entries(self, service: str) -> Mapping[str, Entry]:
        """Table without its suffix, or an alias → its type. Empty for an unknown service."""
        entries = self._source.entries(service)
        return {name: entry for entry in entries for name in (entry.table, *entry.aliases)}

    def _entries_of(self, service: str) -> Mapping[str, Entry]:
        entries = self._named(service.lower())
        if not entries:
            hint = _did_you_mean(difflib.get_close_matches(service.lower(), self.services()))
            raise ProgrammingError(f"no service {service!r}{hint}; SHOW SERVICES lists them")
        return entries

    def _missing_table(self, service: str, name: str) -> ProgrammingError | NotSupportedError:
        base, kind = _split(name)
        entries = self._named(service)
        if base in entries:
            entry = entries[base]
            return NotSupportedError(
                f"no table {f'{service}.{name}'!r}: {entry.type_name} has no {HANDLERS[kind]} handler; "
                f"it has {', '.join(entry.handlers)}"
            )
        elsewhere = [f"{other}.{name}" for other in self.services() if base in self._named(other)]
        closest = difflib.get_close_matches(name, self.tables(service))
        return ProgrammingError(
            f"no table {name!r} in service {service!r}{_did_you_mean([*closest, *elsewhere])}; "
            f"SHOW RESOURCES IN awscc.{service} lists them"
        )

    def _read_type(self, type_name: str) -> tuple[Record, ResourceType]:
        record = self._source.record(type_name)
        return record, schemas.resource_type(type_name, record.schema)

    def _make_table(self, entry: Entry, kind: TableKind) -> Table:
        record, resource_type = self._read(entry.type_name)
        return make_table(entry, record, resource_type, kind)


#: Reads nothing until it is asked, so it can be made at once and needs no lock.
_PACKAGED = Catalog(packaged_archive())


def packaged() -> Catalog:
    """The catalogue that comes with this package: AWS's types that have handlers, read as they are asked for."""
    return _PACKAGED


def _split(name: str) -> tuple[str, TableKind]:
    base = name.removesuffix(LIST_SUFFIX)
    return base, "get" if base == name else "list"


def _did_you_mean(names: Sequence[str]) -> str:
    return f" (did you mean {' or '.join(map(repr, names[:3]))}?)" if names else ""
