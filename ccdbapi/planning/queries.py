"""Plans queries: which tables they name, which predicates reach which table, and so which calls answer them."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set
from dataclasses import replace

from ccdbapi.catalog import ACCOUNT, GENERIC_SERVICE, IDENTIFIER, Catalog, Table
from ccdbapi.engine.analysis import Analysis
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.domain import union
from ccdbapi.engine.errors import UnknownColumn, UnknownTable
from ccdbapi.engine.plan import Scan
from ccdbapi.engine.view import RawTable, View, quote_identifier
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.planning.aliases import respelled, unknown_column
from ccdbapi.planning.generic import FILTER_COLUMN
from ccdbapi.planning.information import InformationSchema
from ccdbapi.planning.keys import constants_of
from ccdbapi.planning.limits import check_calls
from ccdbapi.planning.plan import Calls, Gets, Knowns, Lists, QueryPlan, RequestOptions, Scans, Source
from ccdbapi.planning.rendering import Text, place
from ccdbapi.planning.scopes import Scopes
from ccdbapi.planning.sourcing import Sought, Sourcing
from ccdbapi.planning.views import CATALOG, OPTION_COLUMNS, target_view_of, view_of
from ccdbapi.sql import INFORMATION_SCHEMA, TableName

#: Schemas that are the engine's own.
_ENGINE_SCHEMAS = frozenset({"information_schema", "main", "pg_catalog"})

#: How many texts of queries are kept with what they refer to, and how long one may be, in characters.
_KEPT_TEXTS, _LONGEST_KEPT_TEXT = 1024, 10_000

_TABLE_NAMES = "tables of AWS resources are named awscc.<service>.<resource>, such as awscc.sagemaker.images."

#: How often a text may use a column's alias: each takes the engine one more try, of a millisecond or two.
_MOST_ALIASES = 200


class QueryPlanner:
    """Plans queries over the tables of a catalogue. Makes no call; may be used by several threads.

    ``scopes`` has where to ask where a statement does not say; ``scanning`` tells whether a table that is asked for no
    resource in particular is listed; ``max_calls`` bounds the resources that a statement gets and the lists that it
    makes.
    """

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        scopes: Scopes,
        schema: str | None,
        *,
        scanning: bool = False,
        max_calls: int | None = None,
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._scopes = scopes
        self._schema = schema
        self._scanning = scanning
        self._max_calls = max_calls
        self._information = InformationSchema(catalog)
        self._raw_tables: dict[str, tuple[Table, RawTable]] = {}
        self._referenced: dict[str, Sequence[str]] = {}

    def table(self, parts: Sequence[str]) -> Table | None:
        """The table that a name in parts means; None where the name is not for the catalogue to know.

        Raises `ProgrammingError` for a name in the catalogue's part of the namespace that is not there.
        """
        match [part.lower() for part in parts]:
            case [catalog, schema, name] if catalog == CATALOG:
                return self._table_of(schema, name)
            case [schema, name]:
                return self._table_of(schema, name)
            case [name] if self._schema is not None:
                return self._catalog.find_table(self._schema, name)
        return None

    def _table_of(self, schema: str, name: str) -> Table | None:
        # A private service may be called as one of the engine's own schemas is.
        own = schema in _ENGINE_SCHEMAS
        return self._catalog.find_table(schema, name) if own else self._catalog.table(schema, name)

    def known_table(self, name: TableName, statement: str) -> Table:
        """The table of this name in the text ``statement``. Raises as `table` does, and where that knows none."""
        table = self.table([part for part in (name.catalog, name.schema, name.name) if part is not None])
        if table is None:
            raise ProgrammingError(
                f"{name} is no table of AWS resources ({place(statement, name.position)}); {_TABLE_NAMES}"
            )
        return table

    def query(self, text: Text, bindings: Bindings, options: RequestOptions, max_calls: int | None = None) -> QueryPlan:
        """The plan of a query, with a bound of its own on the calls where ``max_calls`` gives one.

        Raises `ProgrammingError` for unknown names, missing predicates and too many calls, and what the engine says of
        the rest.
        """
        text, referenced, analysis = self._bound(text, bindings)
        names = dict.fromkeys((*(scan.table for scan in analysis.scans), *referenced))
        scans_of = {name: [scan for scan in analysis.scans if scan.table == name] for name in names}
        tables = {name: self._sought(name, scans_of[name]) for name in names if name in self._raw_tables}
        facts = [scan for scan in analysis.scans if self._information.has(scan.table)]
        Sourcing(analysis=analysis, scopes=self._scopes, scanning=self._scanning).find(tables, facts)
        plan = QueryPlan(
            sql=text.sql,
            bindings=bindings,
            locate=text.locate,
            sources=tuple(self._source(name, sought) for name, sought in tables.items()),
            options=options,
            facts=tuple(self._information.facts(n, scans_of[n]) for n in names if self._information.has(n)),
            max_calls=self._max_calls if max_calls is None else max_calls,
        )
        check_calls(plan)
        return plan

    def targets(self, table: Table, text: Text, bindings: Bindings, options: RequestOptions) -> QueryPlan:
        """The plan of a query for the resources that an UPDATE or DELETE is about, over `target_view_of` ``table``.

        As `query`, with a version of the target's type for that alone; and a target that is named or listed, and of
        which no property is asked, is taken for granted: the write itself finds out whether it exists.
        """
        view = target_view_of(table)
        self._define(table, view)
        plan = self.query(text, bindings, options)
        known = {*table.scope_columns, IDENTIFIER, *table.resource_type.primary_identifier, *OPTION_COLUMNS}
        sources = tuple(
            replace(source, is_target=True, parts=_target_parts(source, known)) if source.raw == view.table else source
            for source in plan.sources
        )
        if any(source.table.resource_type != table.resource_type for source in sources):
            options = replace(options, type_version_id=None)
        return replace(plan, sources=sources, options=options)

    def _bound(self, text: Text, bindings: Bindings) -> tuple[Text, Sequence[str], Analysis]:
        """The text that the engine took, which has the names of columns for their aliases, and what it refers to."""
        referenced: Sequence[str] | None = None
        for _ in range(_MOST_ALIASES):
            try:
                referenced = self._references(text, bindings)
                return text, referenced, self._database.plan(text.sql, bindings, text.locate)
            except UnknownTable as error:
                raise ProgrammingError(f"{error}; {_TABLE_NAMES}") from None
            except UnknownColumn as error:
                tables = self._tables_named(text, referenced)
                other = respelled(text, error, tables)
                if other is None:
                    raise unknown_column(error, tables) from None
                text = other
        raise NotSupportedError(f"The statement has more than {_MOST_ALIASES} aliases of columns; use their own names.")

    def _tables_named(self, text: Text, referenced: Sequence[str] | None) -> Sequence[Table]:
        """The tables under the raw tables; without these, those that the text may name."""
        if referenced is not None:
            return [self._raw_tables[name][0] for name in referenced if name in self._raw_tables]
        return [table for table, _ in list(self._raw_tables.values()) if table.name in text.sql.lower()]

    def _references(self, text: Text, bindings: Bindings) -> Sequence[str]:
        """The raw tables under the views that a query names; defines the views."""
        # The text holds no values of parameters: the same one comes again and again.
        known = self._referenced.get(text.sql)
        if known is not None:
            return known
        names = self._database.table_names(text.sql, bindings, text.locate)
        referenced = [name for parts in names if (name := self._raw_table(parts)) is not None]
        if len(self._referenced) >= _KEPT_TEXTS:
            self._referenced.clear()
        if len(text.sql) <= _LONGEST_KEPT_TEXT:
            self._referenced[text.sql] = referenced
        return referenced

    def _raw_table(self, parts: Sequence[str]) -> str | None:
        # The engine looks through views that exist.
        if parts[-1] in self._raw_tables or self._information.has(parts[-1]):
            return parts[-1]
        if parts[-2:-1] == (INFORMATION_SCHEMA,):
            view = self._information.view(parts[-1])
            self._database.define(view)
            return view.table.name
        table = self.table(parts)
        if table is None:
            return None
        view = replace(view_of(table), name=parts[-1].lower())
        self._define(table, view)
        return view.table.name

    def _define(self, table: Table, view: View) -> None:
        self._database.define(view)
        self._raw_tables[view.table.name] = table, view.table

    def _sought(self, raw_name: str, scans: Sequence[Scan]) -> Sought:
        table, _ = self._raw_tables[raw_name]
        if table.kind == "list" or table.service == GENERIC_SERVICE:
            return Sought(table, table, scans)
        has_lists = "list" in table.resource_type.handlers
        return Sought(
            table, self._catalog.find_table(table.service, f"{table.name}_list_only") if has_lists else None, scans
        )

    def _source(self, raw_name: str, sought: Sought) -> Source:
        return Source(
            table=sought.table,
            raw=self._raw_tables[raw_name][1],
            parts=tuple(sought.parts),
            domains=tuple(sought.domains),
            columns=sought.columns,
            scans=sum(2 if scan.shared else 1 for scan in sought.scans),
            enough=_enough(sought.scans),
            constants=constants_of(union(scan.domain for scan in sought.scans), (*OPTION_COLUMNS, FILTER_COLUMN)),
            lists=sought.lists,
            account_ids=self._scopes.ids() if ACCOUNT in sought.columns and sought.parts else {},
        )


def _enough(scans: Sequence[Scan]) -> int | None:
    """How many rows the scans need together at most; None where one of them reads all."""
    wanted = [scan.enough for scan in scans if scan.enough is not None]
    return min(sum(wanted), sys.maxsize) if wanted and len(wanted) == len(scans) else None


def _target_parts(source: Source, known: Set[str]) -> tuple[Calls, ...]:
    """The parts of a target; those of which no more is asked than what is ``known`` without a get make none."""
    return tuple(map(_taken_for_granted, source.parts)) if source.columns <= known else source.parts


def _taken_for_granted(calls: Calls) -> Calls:
    match calls:
        case Gets(keys):
            return Knowns(keys)
        case Scans(listings):
            return Lists(listings)
    return calls


def qualified(view: View) -> str:
    """The view's name, in parts and quoted, as SQL has it."""
    return ".".join(quote_identifier(part) for part in (view.catalog, view.schema, view.name))
