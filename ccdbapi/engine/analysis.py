"""What the engine's plan of a statement tells: its scans, and how one depends on the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ccdbapi.engine.expressions import Node
from ccdbapi.engine.plan import Scan, read_plan
from ccdbapi.engine.relation import KeyQuery, Reachable, Types
from ccdbapi.engine.relations import RelationReader


class Analysis:
    """The analysis of one statement's plan; ``evaluate`` gives the rows of a query that reads no raw table."""

    def __init__(
        self, plan: Node, types: Mapping[str, Types], evaluate: Callable[[KeyQuery], Sequence[tuple[object, ...]]]
    ) -> None:
        self._plan = plan
        self._types = types
        self._evaluate = evaluate
        #: The scans of raw tables, in the plan's order.
        self.scans: tuple[Scan, ...] = tuple(scan for scan in read_plan(plan, types) if scan.table in types)

    def reachable(self, readable: frozenset[int]) -> Mapping[int, Reachable]:
        """Number of a scan → what the rest of the statement demands of its columns, if scans ``readable`` are read."""
        return RelationReader(self._types, readable).read(self._plan)

    def evaluate(self, query: KeyQuery) -> Sequence[tuple[object, ...]]:
        """The rows of a query that reads no raw table. Raises as the engine does."""
        return self._evaluate(query)

    def allowed(self, scan: Scan, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Sequence[tuple[str, ...]]:
        """Those ``rows``, values of some columns of a scan, that its predicates on these columns allow, in order."""
        if not rows or not columns:
            return [tuple(row) for row in rows]
        reader = RelationReader(self._types, frozenset(), {scan.number: (columns, rows)})
        reached = reader.read(self._plan).get(scan.number)
        if reached is None or not reached.restricted:
            return [tuple(row) for row in rows]
        allowed = set(self._evaluate(reached.query(columns)))
        return [tuple(row) for row in rows if tuple(row) in allowed]
