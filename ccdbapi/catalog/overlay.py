"""Cached schemas over the packaged ones.

A cached type stands in place of the packaged one and keeps the name of its table, so that a refresh renames nothing. A
type that the package lacks gets a table by the rules; where that name is taken, its table's begins with its
organization. Types that are only packaged stay: the registry of one region does not know those of other regions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ccdbapi.catalog.archive import packaged_archive
from ccdbapi.catalog.catalog import Catalog
from ccdbapi.catalog.model import service_name
from ccdbapi.catalog.records import Entry, Record, Spellings, make_record
from ccdbapi.catalog.spellings import stackql_spellings

if TYPE_CHECKING:
    from ccdbapi.catalog.cache import CachedSchemas
    from ccdbapi.catalog.records import Source


def overlaid(cached: CachedSchemas) -> Catalog:
    """The packaged catalogue with the cached types in place of its own, and beside them."""
    return Catalog(OverlaySource(packaged_archive(), cached, stackql_spellings()))


class OverlaySource:
    """The types of ``base``, and over them those that are cached. Implements `ccdbapi.catalog.records.Source`."""

    def __init__(self, base: Source, cached: CachedSchemas, spellings: Spellings) -> None:
        self._base = base
        self._cached = cached
        self._spellings = spellings

    def services(self) -> Iterable[str]:
        services = dict.fromkeys((*self._base.services(), *self._by_service))
        # A service whose types have all lost their handlers is none any more.
        lost = {service_name(name) for name, cached in self._cached.types.items() if not cached.handlers}
        return [service for service in services if service not in lost or self.entries(service)]

    def entries(self, service: str) -> Iterable[Entry]:
        names = self._by_service.get(service, ())
        kept = list(self._base.entries(service))
        known = {entry.type_name for entry in kept}
        current = (self._current(entry) for entry in kept)
        added = self._added([name for name in names if name not in known], kept)
        return [entry for entry in (*current, *added) if entry.handlers]

    def record(self, type_name: str) -> Record:
        if type_name not in self._cached.types:
            return self._base.record(type_name)
        return make_record(type_name, self._cached.schema(type_name), self._spellings)

    @cached_property
    def _by_service(self) -> Mapping[str, Sequence[str]]:
        services: dict[str, list[str]] = {}
        for name, cached in self._cached.types.items():
            if cached.handlers:
                services.setdefault(service_name(name), []).append(name)
        return services

    def _current(self, entry: Entry) -> Entry:
        cached = self._cached.types.get(entry.type_name)
        return entry if cached is None else entry._replace(handlers=cached.handlers)

    def _added(self, type_names: Sequence[str], kept: Sequence[Entry]) -> Iterable[Entry]:
        if not type_names:
            return ()
        # Names are made here only: reading those that are known needs no inflection.
        from ccdbapi.catalog.naming import table_names

        reserved = [(entry.service, name) for entry in kept for name in (entry.table, *entry.aliases)]
        names = table_names(type_names, reserved)
        return [Entry(name, names[name], self._cached.types[name].handlers) for name in type_names]
