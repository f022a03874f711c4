"""The planner: from a statement to its plan, whatever kind of statement it is."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ccdbapi.catalog import Catalog
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.exceptions import InternalError
from ccdbapi.planning.explain import AnalyzePlan, DryRunPlan, explained
from ccdbapi.planning.metadata import MetadataPlanner
from ccdbapi.planning.permissions import Policy, policies_of
from ccdbapi.planning.plan import CancelPlan, DeletePlan, InsertPlan, Plan, QueryPlan, UpdatePlan, WritePlan
from ccdbapi.planning.queries import QueryPlanner
from ccdbapi.planning.rendering import render
from ccdbapi.planning.roles import gives_role
from ccdbapi.planning.scopes import Directory, OneAccount, Scopes
from ccdbapi.planning.writes import WritePlanner, max_calls_of, options_of
from ccdbapi.sql import (
    Delete,
    Describe,
    DryRun,
    Explain,
    Insert,
    Query,
    Show,
    ShowInsert,
    ShowPermissions,
    Statement,
    Update,
)


class Planner:
    """Plans the statements of a connection. Makes no call; may be used by several threads.

    ``regions`` are asked where a statement names none; ``schema`` is the service of tables named without one; ``wait``
    tells whether writes are waited for that do not say so themselves; ``directory`` knows the accounts, if there are
    several, and their regions: what it has to look up for a plan is all that planning may wait for. For ``scanning``
    and ``max_calls`` see `QueryPlanner`.
    """

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        *,
        regions: Sequence[str],
        schema: str | None,
        wait: bool = True,
        directory: Directory | None = None,
        scanning: bool = False,
        max_calls: int | None = None,
    ) -> None:
        scopes = Scopes(directory or OneAccount(), regions)
        self._catalog = catalog
        self._wait = wait
        self._queries = QueryPlanner(database, catalog, scopes, schema, scanning=scanning, max_calls=max_calls)
        self._writes = WritePlanner(database, self._queries, scopes)
        self._metadata = MetadataPlanner(catalog, self._queries, schema)

    def plan(self, statement: Statement, bindings: Bindings) -> Plan | AnalyzePlan | DryRunPlan:
        """The plan of ``statement`` with the parameters ``bindings``.

        Raises `ProgrammingError` for unknown names, missing predicates and bad SQL, `NotSupportedError` for what a type
        or the engine cannot do, `DataError` for constants that do not fit.
        """
        match statement:
            case Query() | Insert() | Update() | Delete():
                return self._plan(statement, bindings)
            case Explain(analyze=True):
                return AnalyzePlan(self._query(statement.query, bindings, max_calls_of(statement.query)))
            case Explain():
                return explained(self._query(statement.query, bindings, sys.maxsize))
            case DryRun():
                return self._dry_run(statement, bindings)
            case Show():
                return self._metadata.show(statement, bindings)
            case Describe():
                return self._metadata.describe(statement, bindings)
            case ShowInsert():
                return self._metadata.show_insert(statement, bindings)
            case ShowPermissions():
                return self._metadata.permissions(statement, bindings, self._policies(statement.statement, bindings))
        raise InternalError(f"There is no plan for a {type(statement).__name__}.")

    def plans(self, statement: Statement, executions: Sequence[Bindings]) -> Sequence[Plan | AnalyzePlan | DryRunPlan]:
        """The plans of executing ``statement`` once with each of ``executions``, together. Raises as `plan` does."""
        if isinstance(statement, Insert) and executions:
            return self._writes.inserts(statement, executions)
        return [self.plan(statement, bindings) for bindings in executions]

    def _plan(self, statement: Query | Insert | Update | Delete, bindings: Bindings) -> Plan:
        match statement:
            case Query():
                return self._query(statement, bindings, max_calls_of(statement))
            case Insert() | Update() | Delete():
                return self._write(statement, bindings)

    def _write(
        self, statement: Insert | Update | Delete, bindings: Bindings
    ) -> InsertPlan | UpdatePlan | DeletePlan | CancelPlan:
        match statement:
            case Insert():
                return self._writes.insert(statement, bindings)
            case Update():
                return self._writes.update(statement, bindings)
            case Delete():
                return self._writes.delete(statement, bindings)

    def _dry_run(self, statement: DryRun, bindings: Bindings) -> DryRunPlan:
        plan = self._write(statement.statement, bindings)
        if isinstance(plan, DeletePlan) and plan.returning is not None:
            # Nothing goes, and so nothing has to be read before it does.
            plan = self._write(replace(statement.statement, returning=None), bindings)
        return DryRunPlan(plan)

    def _query(self, statement: Query, bindings: Bindings, max_calls: int | None) -> QueryPlan:
        text = render(statement.text, bindings, statement.body)
        plan = self._queries.query(text, bindings, options_of(statement), max_calls)
        return replace(plan, fresh="no_cache" in statement.hints)

    def _policies(self, statement: Query | Insert | Update | Delete, bindings: Bindings) -> Mapping[str, Policy]:
        plan = self._plan(statement, bindings)
        role_in_rows = gives_role(plan.table, statement) if isinstance(plan, WritePlan) else False
        return policies_of(plan, self._catalog, wait=self._wait, role_in_rows=role_in_rows)
