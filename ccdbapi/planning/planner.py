"""The planner: from a statement to its plan, whatever kind of statement it is."""

from __future__ import annotations

from collections.abc import Sequence

from ccdbapi.catalog import Catalog
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.exceptions import InternalError
from ccdbapi.planning.plan import Plan
from ccdbapi.planning.queries import QueryPlanner
from ccdbapi.planning.rendering import render
from ccdbapi.planning.writes import WritePlanner, options_of
from ccdbapi.sql import Delete, Insert, Query, Statement, Update


class Planner:
    """Plans the statements of a connection. Makes no call; may be used by several threads.

    ``regions`` are asked where a statement names none; ``schema`` is the service of tables named without one.
    """

    def __init__(self, database: Database, catalog: Catalog, *, regions: Sequence[str], schema: str | None) -> None:
        self._queries = QueryPlanner(database, catalog, regions, schema)
        self._writes = WritePlanner(database, self._queries, regions)

    def plan(self, statement: Statement, bindings: Bindings) -> Plan:
        """The plan of ``statement`` with the parameters ``bindings``.

        Raises `ProgrammingError` for unknown names, missing predicates and bad SQL, `NotSupportedError` for what a type
        or the engine cannot do, `DataError` for constants that do not fit.
        """
        match statement:
            case Query():
                text = render(statement.text, bindings, statement.body)
                return self._queries.query(text, bindings, options_of(statement))
            case Insert():
                return self._writes.insert(statement, bindings)
            case Update():
                return self._writes.update(statement, bindings)
            case Delete():
                return self._writes.delete(statement, bindings)
        raise InternalError(f"There is no plan for a {type(statement).__name__}.")
