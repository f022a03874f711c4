"""Decides where the rows of a query's tables come from: from constants, from other tables' rows, or from a scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from ccdbapi.catalog import GENERIC_SERVICE, IDENTIFIER, REGION, Table
from ccdbapi.engine.analysis import Analysis
from ccdbapi.engine.domain import NOTHING, Domain, union
from ccdbapi.engine.plan import Scan
from ccdbapi.engine.relation import Reachable
from ccdbapi.exceptions import ProgrammingError
from ccdbapi.planning.generic import generic_calls_of, generic_key_columns
from ccdbapi.planning.keys import keys_of, list_columns, listings_of
from ccdbapi.planning.plan import Calls, Feed, Gets, Lists, Scans
from ccdbapi.planning.scopes import Scopes

#: Number of a scan → its raw table, and the number of its part there; None where its rows take no call.
Places = dict[int, tuple[str, int | None]]


@dataclass(slots=True)
class Sought:
    """A raw table of the query: its table, that of the type's lists, its scans, and the parts found for it so far.

    ``domains`` has, for each part, what constants say of its rows.
    """

    table: Table
    lists: Table | None
    scans: Sequence[Scan]
    parts: list[Calls] = field(default_factory=list)
    domains: list[Domain] = field(default_factory=list)

    def add(self, calls: Calls, domain: Domain) -> int:
        """Adds a part, or widens the one that makes the same calls, and returns its number."""
        if calls in self.parts:
            number = self.parts.index(calls)
            self.domains[number] |= domain
            return number
        self.parts.append(calls)
        self.domains.append(domain)
        return len(self.parts) - 1

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the statement needs."""
        return frozenset[str]().union(*(scan.columns for scan in self.scans))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourcing:
    """Finds the parts of a query's sources. Makes no call.

    ``scopes`` has where to ask where the query does not say; ``scanning`` tells whether a table that is asked for no
    resource in particular is listed.
    """

    analysis: Analysis
    scopes: Scopes
    scanning: bool

    def find(self, tables: Mapping[str, Sought], facts: Iterable[Scan]) -> None:
        """Finds the parts of all ``tables``, by raw table; the rows of the scans ``facts`` are at hand.

        Raises `ProgrammingError` for a missing predicate, and what `keys_of` and `listings_of` raise.
        """
        places: Places = {scan.number: (scan.table, None) for scan in facts}
        for name, sought in tables.items():
            for scan in sought.scans:
                tested = [column for column in sought.table.scope_columns if column in scan.columns]
                scan.domain = self.scopes.narrowed(scan.domain, tested, partial(self.analysis.allowed, scan))
            told = [scan for scan in sought.scans if self._is_told(sought.table, scan.domain)]
            if told or not sought.scans:
                domain = union(scan.domain for scan in told)
                part = sought.add(calls_of(sought.table, domain, self.scopes), domain)
                places.update({scan.number: (name, part) for scan in told})
        while waiting := [(name, scan) for name, s in tables.items() for scan in s.scans if scan.number not in places]:
            reachable = self.analysis.reachable(frozenset(places))
            found: Places = {}
            for name, scan in waiting:
                calls = self._fed(tables[name].table, scan, reachable, places)
                if calls is not None:
                    found[scan.number] = name, tables[name].add(calls, scan.domain)
            places.update(found or self._scanned(tables, waiting, reachable, places))

    def _is_told(self, table: Table, domain: Domain) -> bool:
        """Whether constants tell all that the calls need."""
        choices = [frozenset(choice) for choice in key_columns(table)]
        return all(
            any(choice <= box.keys() for choice in choices) and (self.scopes.names_regions or REGION in box)
            for box in domain.boxes
        )

    def _fed(self, table: Table, scan: Scan, reachable: Mapping[int, Reachable], places: Places) -> Calls | None:
        """The calls for what the rows of scans at ``places`` tell; None if they do not tell enough."""
        demanded = reachable.get(scan.number)
        if demanded is None:
            return None
        for choice in key_columns(table):
            needed = choice if self.scopes.names_regions else (REGION, *choice)
            lacking = [column for column in needed if scan.domain.leaves_open(column)]
            if lacking and demanded.columns.issuperset(lacking):
                query = demanded.query(lacking, table.scope_columns)
                if not query.reads:
                    rows = self.analysis.evaluate(query)
                    return calls_of(table, scan.domain & domain_of(query.columns, rows), self.scopes)
                reads = {number: places[number] for number in query.reads}
                self.scopes.look_up(scan.domain, query.columns)
                feed = Feed(table, query, MappingProxyType(reads), scan.domain, self.scopes)
                return Lists(feed) if isinstance(calls_of(table, NOTHING, self.scopes), Lists) else Gets(feed)
        return None

    def _scanned(
        self,
        tables: Mapping[str, Sought],
        waiting: Sequence[tuple[str, Scan]],
        reachable: Mapping[int, Reachable],
        places: Places,
    ) -> Places:
        """Lists the first of the tables that can be listed."""
        for name, scan in waiting:
            sought = tables[name]
            lists = sought.lists
            if not self.scanning or lists is None or sought.table.kind != "get":
                continue
            if self._is_told(lists, scan.domain):
                listed: Calls | None = calls_of(lists, scan.domain, self.scopes)
            else:
                listed = self._fed(lists, scan, reachable, places)
            if not isinstance(listed, Lists):
                continue
            shown = {REGION, IDENTIFIER, *lists.scope_columns, *list_columns(lists)}
            calls = listed if sought.columns <= shown else Scans(listed.listings)
            return {scan.number: (name, sought.add(calls, scan.domain))}
        raise self._untold(tables, waiting, places)

    def _untold(
        self, tables: Mapping[str, Sought], waiting: Sequence[tuple[str, Scan]], places: Places
    ) -> ProgrammingError:
        """The error for tables that wait: for what one of them lacks, or for a cycle in which each waits for others."""
        cycles: list[tuple[str, str]] = []
        for name, scan in waiting:
            table = tables[name].table
            others = [(other, waits) for other, waits in waiting if waits.number != scan.number]
            all_places = places | {waits.number: (other, 0) for other, waits in others}
            calls = self._fed(table, scan, self.analysis.reachable(frozenset(all_places)), all_places)
            feed = calls.listings if isinstance(calls, Lists) else calls.keys if isinstance(calls, Gets) else None
            if not isinstance(feed, Feed):
                calls_of(table, scan.domain, self.scopes)  # raises
                return ProgrammingError(f"{table.qualified_name}: the predicates in WHERE do not tell what to get.")
            tellers = dict.fromkeys(
                tables[other].table.qualified_name for other, waits in others if waits.number in feed.reads
            )
            cycles.append((table.qualified_name, " and ".join(tellers)))
        name, names = cycles[0]
        return ProgrammingError(
            f"{name} is to be told by {names} what to get, and that is not told by anything else: give one of them "
            f"{REGION} and {IDENTIFIER} in WHERE, join {name}_list_only, or connect with scan='list'."
        )


def key_columns(table: Table) -> Sequence[tuple[str, ...]]:
    """The choices of columns, beside the region, that tell which calls to make."""
    if table.service == GENERIC_SERVICE:
        return generic_key_columns(table)
    if table.kind == "get":
        return ((IDENTIFIER,), table.resource_type.primary_identifier)
    handler = table.resource_type.handlers["list"]
    pointers = {str(column.property_name): str(column.pointer) for column in table.parents}
    return tuple(
        tuple(dict.fromkeys(pointers[name] for name in (*handler.required, *choice)))
        for choice in handler.alternatives or ((),)
    )


def calls_of(table: Table, domain: Domain, scopes: Scopes) -> Gets | Lists:
    """The calls for all rows that ``domain`` can hold. Raises as `Sourcing.find` does."""
    if table.service == GENERIC_SERVICE:
        return generic_calls_of(table, domain, scopes)
    if table.kind == "list":
        return Lists(listings_of(table, domain, scopes))
    return Gets(keys_of(table, domain, scopes))


def domain_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Domain:
    """The rows whose ``columns`` have one of ``rows`` of values.

    Rows with NULL are left out, and those with an empty region, which none is.
    """
    regions = [number for number, column in enumerate(columns) if column == REGION]
    told = (row for row in rows if None not in row and not any(row[number] == "" for number in regions))
    texts = ([str(value) for value in row] for row in told)
    boxes = (MappingProxyType({c: {t: None} for c, t in zip(columns, row, strict=True)}) for row in texts)
    return Domain(tuple(boxes))
