"""Plans INSERT, UPDATE and DELETE: the requests they make are what a query over their source or WHERE yields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from types import MappingProxyType

from ccdbapi.catalog import ACCOUNT, ACCOUNT_ALIAS, GENERIC_SERVICE, IDENTIFIER, REGION, Column, HandlerName, Table
from ccdbapi.engine.bindings import Bindings, StackedBindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.view import quote_identifier
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.planning.plan import (
    CancelPlan,
    DeletePlan,
    InsertPlan,
    QueryPlan,
    RequestOptions,
    Role,
    UpdatePlan,
)
from ccdbapi.planning.queries import QueryPlanner, qualified
from ccdbapi.planning.rendering import Text, place, render
from ccdbapi.planning.returning import ReturningPlanner
from ccdbapi.planning.roles import SCOPE_ROLES, assignments_of, check_required, role_of
from ccdbapi.planning.scopes import Scopes
from ccdbapi.planning.views import (
    MODEL,
    OPTION_COLUMNS,
    target_view_of,
    unseen_columns,
)
from ccdbapi.sql import Delete, Fragment, Insert, Statement, TableName, Update


class WritePlanner:
    """Plans statements that write. Makes no call, and finds what is wrong with a statement before any is made.

    ``scopes`` has where an INSERT goes that does not say.
    """

    def __init__(self, database: Database, queries: QueryPlanner, scopes: Scopes) -> None:
        self._database = database
        self._queries = queries
        self._scopes = scopes
        self._returning = ReturningPlanner(database, queries, scopes)

    def inserts(self, statement: Insert, executions: Sequence[Bindings]) -> Sequence[InsertPlan]:
        """The plans of executing an INSERT once with each of ``executions``. Raises as `insert` does.

        They are one, of a quick query, where the rows differ by their parameters alone.
        """
        alike = statement.rows
        parameters = () if alike is None else alike.parameters
        rows = [execution.part(numbers) for execution in executions for numbers in parameters]
        stacked = StackedBindings.of(rows) if len(rows) > 1 else None
        if alike is None or stacked is None:
            return [self.insert(statement, bindings) for bindings in executions]
        text, shape = statement.text, alike.shape
        # What can be a row of VALUES, and only that; the engine takes more where a query selects.
        plan = self._insert(statement, render(text, rows[0], "VALUES (", shape, ")"), rows[0], executions[0])
        if plan.source.sources or plan.source.facts:
            return [self.insert(statement, bindings) for bindings in executions]
        query = render(text, stacked, "SELECT ", shape, f" FROM {stacked.table} ORDER BY {stacked.order}")
        return [replace(plan, source=replace(plan.source, sql=query.sql, bindings=stacked, locate=query.locate))]

    def insert(self, statement: Insert, bindings: Bindings) -> InsertPlan:
        """The plan of an INSERT.

        Raises `ProgrammingError` for columns that are unknown, missing or not to be given, `NotSupportedError` for a
        type that cannot be created, and what `QueryPlanner.query` raises for the source.
        """
        return self._insert(statement, render(statement.text, bindings, statement.source), bindings, bindings)

    def _insert(self, statement: Insert, text: Text, values: Bindings, bindings: Bindings) -> InsertPlan:
        """The plan of an INSERT from the query ``text`` with the parameters ``values``."""
        table = self._table(statement, statement.table, "create")
        roles = tuple(role_of(table, column, statement) for column in statement.columns)
        self._check_located(table, roles)
        check_required(table, roles)
        source = self._queries.query(text, values, RequestOptions())
        given = self._database.columns(source.sql, values, source.locate)
        if len(given) != len(roles):
            raise ProgrammingError(
                f"INSERT INTO {table.qualified_name} names {len(roles)} columns, and its source gives {len(given)}."
            )
        return InsertPlan(
            table=table,
            source=source,
            options=options_of(statement),
            returning=self._returning.plan(table, statement, bindings),
            awaited=awaited(statement),
            roles=roles,
            default_region=self._scopes.only_region,
            accounts=self._scopes.ids() if ACCOUNT in roles else dict.fromkeys(self._scopes.aliases),
        )

    def update(self, statement: Update, bindings: Bindings) -> UpdatePlan:
        """The plan of an UPDATE.

        Raises as `insert` does, and `NotSupportedError` for properties that are read-only or create-only.
        """
        table = self._table(statement, statement.table, "update")
        assigned = assignments_of(table, statement)
        compared = any(isinstance(role, Column) for role in assigned)
        shown: Mapping[Role, str] = {"properties": MODEL} if compared else {}
        roles, source = self._targets(table, statement, bindings, shown, assigned)
        _check_seen(table, source, "UPDATE")
        return UpdatePlan(
            table=table,
            source=source,
            roles=roles,
            options=options_of(statement),
            returning=self._returning.plan(table, statement, bindings),
            awaited=awaited(statement),
            max_writes=max_writes(statement),
        )

    def delete(self, statement: Delete, bindings: Bindings) -> DeletePlan | CancelPlan:
        """The plan of a DELETE. Raises as `insert` does.

        Where RETURNING shows more of the resources than their identifiers, they are read before they are gone.
        """
        table = self._table(statement, statement.table, "delete")
        plan_class = CancelPlan if table.service == GENERIC_SERVICE else DeletePlan
        returning = self._returning.plan(table, statement, bindings)
        shown = returning is not None and returning.shows_resources
        roles, source = self._targets(table, statement, bindings, {"properties": MODEL} if shown else {})
        _check_seen(table, source, "DELETE FROM")
        return plan_class(
            table=table,
            source=source,
            roles=roles,
            options=options_of(statement),
            returning=returning,
            awaited=awaited(statement),
            max_writes=max_writes(statement),
        )

    def _check_located(self, table: Table, roles: Sequence[Role]) -> None:
        """Raises unless the rows' region and account are given, or the connection has but one."""
        if REGION not in roles and self._scopes.only_region is None:
            raise ProgrammingError(
                f"INSERT INTO {table.qualified_name} needs to know where: add the column region, "
                f"as in INSERT INTO {table.qualified_name} (…, region) VALUES (…, 'us-east-1')."
            )
        aliases = self._scopes.aliases
        if not {ACCOUNT, ACCOUNT_ALIAS} & set(roles) and len(aliases) > 1:
            raise ProgrammingError(
                f"INSERT INTO {table.qualified_name} needs to know in which account, of {', '.join(aliases)}: add the "
                f"column {ACCOUNT_ALIAS} or {ACCOUNT}, as in INSERT INTO {table.qualified_name} (…, {ACCOUNT_ALIAS}) "
                f"VALUES (…, '{aliases[0]}')."
            )

    def _table(self, statement: Statement, name: TableName, handler: HandlerName) -> Table:
        return writable(self._queries.known_table(name, statement.text), handler, place(statement.text, name.position))

    def _targets(
        self,
        table: Table,
        statement: Update | Delete,
        bindings: Bindings,
        shown: Mapping[Role, str],
        assigned: Mapping[Role, Fragment] = MappingProxyType({}),
    ) -> tuple[tuple[Role, ...], QueryPlan]:
        """The query for the resources, or the requests, that the statement is about, and what its columns mean.

        Beside what tells which they are, it gives columns of theirs that are ``shown``, and what is ``assigned``.
        """
        view = target_view_of(table)
        alias = quote_identifier(statement.alias or statement.table.name)
        # By its alias an account is known without a call.
        columns: dict[Role, str] = {
            role: role for role in SCOPE_ROLES if role in table.scope_columns and role != ACCOUNT
        }
        if table.service == GENERIC_SERVICE:
            columns |= {"request_token": "request_token"}
        else:
            columns |= {"identifier": IDENTIFIER}
            columns |= {role: name for name, role in OPTION_COLUMNS.items() if name in view.table.columns}
        selected: dict[Role, Sequence[str | Fragment]] = {
            role: [f"{alias}.{quote_identifier(name)}"] for role, name in {**columns, **shown}.items()
        }
        selected |= {role: ["(", value, ")"] for role, value in assigned.items()}
        others: list[str | Fragment] = [] if statement.source is None else [", ", statement.source]
        before: list[str | Fragment] = [] if statement.common_tables is None else [statement.common_tables, " "]
        text = render(
            statement.text, bindings, *before,
            "SELECT DISTINCT ", *list(chain.from_iterable((", ", *parts) for parts in selected.values()))[1:],
            f" FROM {qualified(view)} AS {alias}", *others, " WHERE ", statement.where,
        )  # fmt: skip
        options = replace(options_of(statement), client_token=None)
        return tuple(selected), self._queries.targets(table, text, bindings, options)


def writable(table: Table, handler: HandlerName, at: str) -> Table:
    """``table``, if it is one to write to. Raises `NotSupportedError`; ``at`` says where the statement names it."""
    if table.kind == "list" and table.service != GENERIC_SERVICE:
        raise NotSupportedError(
            f"{table.qualified_name} only lists ({at}); write to {table.qualified_name.removesuffix('_list_only')}."
        )
    if handler not in table.resource_type.handlers:
        has = ", ".join(table.resource_type.handlers)
        raise NotSupportedError(f"{table.resource_type.name} has no {handler} handler, only: {has}.")
    return table


def options_of(statement: Statement) -> RequestOptions:
    """What the statement's hints say of its requests."""
    hints = statement.hints
    return RequestOptions(hints.get("client_token"), hints.get("role_arn"), hints.get("type_version_id"))


def max_calls_of(statement: Statement) -> int | None:
    """The bound that the statement's hints set on its calls; None where they set none."""
    bound = statement.hints.get("max_calls")
    return None if bound is None else int(bound)


def max_writes(statement: Statement) -> int | None:
    """How many resources the statement's hints let it touch; None where they do not say."""
    given = statement.hints.get("max_writes")
    return None if given is None else int(given)


def awaited(statement: Statement) -> bool | None:
    """Whether the statement's hints want its requests waited for; None where they do not say."""
    return True if "await" in statement.hints else False if "async" in statement.hints else None


def _check_seen(table: Table, source: QueryPlan, verb: str) -> None:
    """Raises where a write reads what no read shows: it would take for absent what is there."""
    raw = target_view_of(table).table
    read = frozenset[str]().union(*(part.columns for part in source.sources if part.raw == raw))
    unseen = [name for pointer, name in unseen_columns(table).items() if pointer in read]
    if unseen:
        advice = "SET it to a whole value, and leave it out of expressions and of WHERE"
        raise NotSupportedError(
            f"{verb} {table.qualified_name} reads {', '.join(unseen)}, which is write-only: no read shows it. "
            f"{advice if verb == 'UPDATE' else 'Leave it out of WHERE'}."
        )
