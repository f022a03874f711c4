"""Plans RETURNING: a query over the progress events of what was written, and what is known of the resources."""

from __future__ import annotations

from ccdbapi.catalog import ACCOUNT, Table
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.errors import UnknownColumn
from ccdbapi.engine.view import quote_identifier
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.planning.aliases import unknown_column
from ccdbapi.planning.plan import Returning
from ccdbapi.planning.queries import QueryPlanner, qualified
from ccdbapi.planning.rendering import render
from ccdbapi.planning.scopes import Scopes
from ccdbapi.planning.views import EVENT_COLUMNS, ROW_NUMBER, returning_view_of
from ccdbapi.sql import Delete, Fragment, Insert, Update

#: What the user's own query is called within the one that puts its rows in order.
_SHOWN = '"ccdbapi shown"'


class ReturningPlanner:
    """Plans the RETURNING of statements that write."""

    def __init__(self, database: Database, queries: QueryPlanner, scopes: Scopes) -> None:
        self._database = database
        self._queries = queries
        self._scopes = scopes

    def plan(self, table: Table, statement: Insert | Update | Delete, bindings: Bindings) -> Returning | None:
        """The query that the statement's RETURNING is over the events of its requests; None where it has none.

        Raises `ProgrammingError` for what is wrong with it, `NotSupportedError` where it reads another table.
        """
        if statement.returning is None:
            return None
        view = returning_view_of(table)
        self._database.define(view)
        alias = quote_identifier(statement.alias or statement.table.name)
        self._check_rows(statement.text, statement.returning, bindings)
        # `*` is the event and where it is of; the names of properties are found one level further out.
        events = ", ".join(f'{alias}."{name}"' for name in (*EVENT_COLUMNS, *table.scope_columns))
        text = render(
            statement.text, bindings,
            f"SELECT {_SHOWN}.* FROM {qualified(view)} AS {alias}, LATERAL (SELECT ", statement.returning,
            f' FROM (SELECT {events}) AS {alias}) AS {_SHOWN} ORDER BY {alias}."{ROW_NUMBER}"',
        )  # fmt: skip
        names = self._database.table_names(text.sql, bindings, text.locate)
        others = [name for name in names if self._queries.table(name) is not None]
        try:
            scans = [] if others else self._database.plan(text.sql, bindings, text.locate).scans
        except UnknownColumn as error:
            raise unknown_column(error, [table]) from None
        if others or any(scan.table != view.table.name for scan in scans):
            raise NotSupportedError("RETURNING sees the rows that were written, and no other table of AWS resources.")
        return Returning(
            table=table,
            sql=text.sql,
            bindings=bindings,
            locate=text.locate,
            raw=view.table,
            columns=frozenset().union(*(scan.columns for scan in scans)),
            account_ids=self._scopes.ids() if any(ACCOUNT in scan.columns for scan in scans) else {},
        )

    def _check_rows(self, statement: str, returning: Fragment, bindings: Bindings) -> None:
        """Raises for what is of several rows: the engine would have it see each row alone."""
        text = render(statement, bindings, "SELECT ", returning)
        for function in self._database.row_functions(text.sql, bindings, text.locate):
            raise ProgrammingError(
                f"RETURNING gives one row for each request, where {function} cannot stand: apply it to the rows that "
                "are fetched."
            )
