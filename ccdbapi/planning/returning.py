"""Plans RETURNING: a query over the progress events of what was written, and what is known of the resources."""

from __future__ import annotations

import re

from ccdbapi.catalog import ACCOUNT, Table
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.errors import UnknownColumn
from ccdbapi.engine.view import quote_identifier
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.planning.aliases import unknown_column
from ccdbapi.planning.plan import Returning
from ccdbapi.planning.queries import QueryPlanner, qualified
from ccdbapi.planning.rendering import Text, render
from ccdbapi.planning.scopes import Scopes
from ccdbapi.planning.views import EVENT_COLUMNS, ROW_NUMBER, returning_view_of
from ccdbapi.sql import Delete, Insert, Update

#: A star, and what it leaves out: a list, or one column.
_STAR = re.compile(
    r'(?:(?:"(?:[^"]|"")*"|\w+)\s*\.\s*)*\*'
    r'(?P<exclude>\s*\bEXC(?:LUDE|EPT)\b\s*(?:(?P<list>\()|(?P<one>"(?:[^"]|"")*"|\w+)))?',
    re.IGNORECASE,
)


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
        text = render(
            statement.text, bindings,
            "SELECT ", statement.returning, f' FROM {qualified(view)} AS {alias} ORDER BY {alias}."{ROW_NUMBER}"',
        )  # fmt: skip
        self._check_rows(text, bindings)
        # A star is the event and where it is of, and none of the resource's properties.
        shown = {*EVENT_COLUMNS, *table.scope_columns}
        hidden = ", ".join(quote_identifier(column.name) for column in view.columns if column.name not in shown)
        for star in sorted(self._database.stars(text.sql, bindings, text.locate), reverse=True):
            text = _excluding(hidden, text, star)
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

    def _check_rows(self, text: Text, bindings: Bindings) -> None:
        """Raises for what is of several rows."""
        for function in self._database.row_functions(text.sql, bindings, text.locate):
            raise ProgrammingError(
                f"RETURNING gives one row for each request, where {function} cannot stand: apply it to the rows that "
                "are fetched."
            )


def _excluding(hidden: str, text: Text, start: int) -> Text:
    """``text`` in which the star at ``start`` leaves out the columns ``hidden``, too."""
    star = _STAR.match(text.sql, start)
    if star is None:
        return text
    if star["list"]:
        return text.replaced(star.end(), star.end(), f"{hidden}, ")
    if star["one"]:
        return text.replaced(star.start("exclude"), star.end(), f" EXCLUDE ({hidden}, {star['one']})")
    return text.replaced(star.end(), star.end(), f" EXCLUDE ({hidden})")
