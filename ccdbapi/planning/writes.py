"""Plans INSERT, UPDATE and DELETE: the requests they make are what a query over their source or WHERE yields."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from ccdbapi.catalog import GENERIC_SERVICE, IDENTIFIER, REGION, HandlerName, Table
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.errors import UnknownColumn
from ccdbapi.engine.view import quote_identifier
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.planning.aliases import unknown_column
from ccdbapi.planning.plan import (
    CancelPlan,
    DeletePlan,
    InsertPlan,
    QueryPlan,
    RequestOptions,
    Returning,
    Role,
    UpdatePlan,
)
from ccdbapi.planning.queries import QueryPlanner, qualified
from ccdbapi.planning.rendering import place, render
from ccdbapi.planning.views import EVENT_COLUMNS, OPTION_COLUMNS, ROW_NUMBER, returning_view_of, target_view_of
from ccdbapi.sql import ColumnName, Delete, Fragment, Insert, Statement, TableName, Update

PATCH_DOCUMENT = "PatchDocument"


class WritePlanner:
    """Plans statements that write. Makes no call, and finds what is wrong with a statement before any is made.

    ``regions`` is where an INSERT without a region goes, if it is one.
    """

    def __init__(self, database: Database, queries: QueryPlanner, regions: Sequence[str]) -> None:
        self._database = database
        self._queries = queries
        self._regions = regions

    def insert(self, statement: Insert, bindings: Bindings) -> InsertPlan:
        """The plan of an INSERT.

        Raises `ProgrammingError` for columns that are unknown, missing or not to be given, `NotSupportedError` for a
        type that cannot be created, and what `QueryPlanner.query` raises for the source.
        """
        table = self._table(statement, statement.table, "create")
        roles = tuple(_role(table, column, statement) for column in statement.columns)
        if REGION not in roles and len(self._regions) != 1:
            raise ProgrammingError(
                f"INSERT INTO {table.qualified_name} needs to know where: add the column region, "
                f"as in INSERT INTO {table.qualified_name} (…, region) VALUES (…, 'us-east-1')."
            )
        _check_required(table, roles)
        source = self._queries.query(render(statement.text, bindings, statement.source), bindings, RequestOptions())
        given = self._database.columns(source.sql, bindings, source.locate)
        if len(given) != len(roles):
            raise ProgrammingError(
                f"INSERT INTO {table.qualified_name} names {len(roles)} columns, and its source gives {len(given)}."
            )
        return InsertPlan(
            table=table,
            source=source,
            options=options_of(statement),
            returning=self._returning(table, statement, statement.returning, bindings),
            awaited=awaited(statement),
            roles=roles,
            default_region=None if REGION in roles else self._regions[0],
        )

    def update(self, statement: Update, bindings: Bindings) -> UpdatePlan:
        """The plan of an UPDATE. Raises as `insert` does."""
        table = self._table(statement, statement.table, "update")
        assigned = dict(_assignments(table, statement))
        if PATCH_DOCUMENT not in assigned:
            raise ProgrammingError(f"UPDATE {table.qualified_name} needs {_SET_EXAMPLE}.")
        return UpdatePlan(
            table=table,
            source=self._targets(table, statement, bindings, assigned),
            options=options_of(statement),
            returning=self._returning(table, statement, statement.returning, bindings),
            awaited=awaited(statement),
        )

    def delete(self, statement: Delete, bindings: Bindings) -> DeletePlan | CancelPlan:
        """The plan of a DELETE. Raises as `insert` does."""
        table = self._table(statement, statement.table, "delete")
        plan_class = CancelPlan if table.service == GENERIC_SERVICE else DeletePlan
        return plan_class(
            table=table,
            source=self._targets(table, statement, bindings, {}),
            options=options_of(statement),
            returning=self._returning(table, statement, statement.returning, bindings),
            awaited=awaited(statement),
        )

    def _table(self, statement: Statement, name: TableName, handler: HandlerName) -> Table:
        return writable(self._queries.known_table(name, statement.text), handler, place(statement.text, name.position))

    def _targets(
        self, table: Table, statement: Update | Delete, bindings: Bindings, assigned: dict[str, Fragment]
    ) -> QueryPlan:
        """The query for region, identifier, token, role, version and, of an UPDATE, the patch document.

        For requests it is the one for region and request token.
        """
        view = target_view_of(table)
        alias = quote_identifier(statement.alias or statement.table.name)
        is_request = table.service == GENERIC_SERVICE
        selected: list[str | Fragment] = [
            f'{alias}.{REGION}, {alias}."{"request_token" if is_request else IDENTIFIER}"'
        ]
        for option in OPTION_COLUMNS if not is_request else ():
            if option in assigned:
                selected += [", CAST((", assigned[option], ") AS VARCHAR)"]
            else:
                selected.append(f', {alias}."{option}"' if option in view.table.columns else ", NULL")
        if PATCH_DOCUMENT in assigned:
            selected += [", (", assigned[PATCH_DOCUMENT], ")"]
        others: list[str | Fragment] = [] if statement.source is None else [", ", statement.source]
        text = render(
            statement.text, bindings,
            "SELECT DISTINCT ", *selected, f" FROM {qualified(view)} AS {alias}", *others, " WHERE ", statement.where,
        )  # fmt: skip
        return self._queries.targets(table, text, bindings, RequestOptions())

    def _returning(
        self, table: Table, statement: Statement, returning: Fragment | None, bindings: Bindings
    ) -> Returning | None:
        if returning is None:
            return None
        view = returning_view_of(table)
        self._database.define(view)
        # `*` is the event and the region; the names of properties are found one level further out.
        events = ", ".join(f'h."{name}"' for name in (*EVENT_COLUMNS, REGION))
        text = render(
            statement.text, bindings,
            f"SELECT r.* FROM {qualified(view)} AS h, LATERAL (SELECT ", returning,
            f' FROM (SELECT {events}) AS e) AS r ORDER BY h."{ROW_NUMBER}"',
        )  # fmt: skip
        try:
            scans = self._database.plan(text.sql, bindings, text.locate)
        except UnknownColumn as error:
            raise unknown_column(error, [table]) from None
        if any(scan.table != view.table.name for scan in scans):
            raise NotSupportedError("RETURNING sees the rows that were written, and no other table.")
        return Returning(sql=text.sql, bindings=bindings, locate=text.locate, raw=view.table)


_SET_EXAMPLE = """SET PatchDocument = string('[{"op": "replace", "path": "/…", "value": …}]')"""


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


def gives_role(table: Table, statement: Statement) -> bool:
    """Whether the statement gives each request a RoleArn of its own: as a column of INSERT, or in SET."""
    if table.property_column("RoleArn") is not None:
        return False
    names: Iterable[ColumnName] = ()
    if isinstance(statement, Insert):
        names = statement.columns
    elif isinstance(statement, Update):
        names = (assignment.column for assignment in statement.assignments)
    return any(_option(column.name) == "RoleArn" for column in names)


def awaited(statement: Statement) -> bool | None:
    """Whether the statement's hints want its requests waited for; None where they do not say."""
    return True if "await" in statement.hints else False if "async" in statement.hints else None


def _role(table: Table, column: ColumnName, statement: Insert) -> Role:
    at = place(statement.text, column.position)
    if column.name.lower() == REGION:
        return "region"
    found = table.property_column(column.name)
    if found is None:
        option = _option(column.name)
        if option is None:
            raise _unknown_column(table, column.name, at)
        return OPTION_COLUMNS[option]
    if found.read_only:
        raise ProgrammingError(
            f"{found.name} of {table.qualified_name} is read-only: AWS sets it. Leave it out of the INSERT ({at})."
        )
    return found


def _check_required(table: Table, roles: Sequence[Role]) -> None:
    given = {role.pointer for role in roles if not isinstance(role, str)}
    twice = [role for number, role in enumerate(roles) if role in roles[:number]]
    if twice:
        name = twice[0] if isinstance(twice[0], str) else twice[0].name
        raise ProgrammingError(f"INSERT INTO {table.qualified_name} names the column {name} twice.")
    lacking = [column.name for column in table.columns if column.required and column.pointer not in given]
    if lacking:
        raise ProgrammingError(
            f"INSERT INTO {table.qualified_name} lacks {', '.join(lacking)}: every {table.resource_type.name} has it."
        )


def _assignments(table: Table, statement: Update) -> Iterator[tuple[str, Fragment]]:
    for assignment in statement.assignments:
        name, at = assignment.column.name, place(statement.text, assignment.column.position)
        column = table.property_column(name)
        option = None if column is not None else _option(name)
        if name.lower() == PATCH_DOCUMENT.lower() and column is None:
            yield PATCH_DOCUMENT, assignment.value
        elif option is not None:
            yield option, assignment.value
        elif column is None:
            raise _unknown_column(table, name, at)
        else:
            raise NotSupportedError(f"SET {name} is not supported ({at}); write {_SET_EXAMPLE} instead.")


def _option(name: str) -> str | None:
    return next((option for option in OPTION_COLUMNS if option.lower() == name.lower()), None)


def _unknown_column(table: Table, name: str, at: str) -> ProgrammingError:
    names = [name for column in table.columns for name in (column.name, column.property_name) if name is not None]
    by_folded = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(name.lower(), by_folded, n=3)
    hint = f"; did you mean {' or '.join(by_folded[match] for match in close)}?" if close else ""
    return ProgrammingError(
        f"{table.qualified_name} has no column {name} ({at}){hint}; DESCRIBE {table.qualified_name} shows the columns"
    )
