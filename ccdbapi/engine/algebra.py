"""What relations come to when they are filtered and joined, and what that demands of scans that are not read yet.

Wherever something cannot be written as SQL it is left out, in such a way that the rows only become more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import cast

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.expressions import (
    Cell,
    ExpressionWriter,
    Node,
    Pending,
    Sql,
    column_of,
    function_name,
    nodes,
    reference,
    type_name,
)
from ccdbapi.engine.plan_nodes import turned
from ccdbapi.engine.relation import ONE_TEXT, UNKNOWN, Item, Reachable, Relation, Types, read_by, select

#: Aggregates that are no more than their name and arguments.
_AGGREGATES = frozenset({"avg", "count", "count_star", "max", "min", "sum"})

_EQUALITIES = frozenset({"COMPARE_EQUAL", "COMPARE_NOT_DISTINCT_FROM"})


class Algebra:
    """The relations of one plan. ``reached``: number of a scan that is not read → what is demanded of it."""

    def __init__(self) -> None:
        self.bindings = Bindings()
        self.writer = ExpressionWriter(self.bindings.text)
        self.scan_types: dict[int, Types] = {}
        self.reached: dict[int, Reachable] = {}
        self._numbers = count()

    def settle(self, relation: Relation) -> None:
        """What is demanded of scans so far is all that will be."""
        for number, demands in relation.bound.items():
            if demands:
                self.reached[number] = Reachable(relation, demands, self.bindings)

    def demand(self, relation: Relation, expression: Node) -> Relation:
        """The rows of ``relation`` for which ``expression`` is true."""
        if expression.get("type") in _EQUALITIES:
            left, right = nodes(expression, "children")
            for tested, other in ((left, right), (right, left)):
                pending = self._pending(tested, relation.cells)
                value = self.writer.write(other, relation.cells) or self._told(relation, other)
                if pending is not None and value is not None:
                    return self.equal(relation, pending, value)
        return self.where(relation, self.writer.write(expression, relation.cells))

    def _told(self, relation: Relation, expression: Node) -> Sql | None:
        """What a column that is not known yet has to be equal to, if it is text."""
        pending = self._pending(expression, relation.cells)
        if pending is None or len(pending.columns) > 1:
            return None
        ((number, column),) = pending.columns
        return relation.bound.get(number, {}).get(column) if self.is_text(number, column) else None

    def is_text(self, number: int, column: str) -> bool:
        """Whether the values of a scan's column are text, as its raw table has them."""
        return self.scan_types[number].get(column, "VARCHAR") == "VARCHAR"

    def where(self, relation: Relation, condition: Sql | None) -> Relation:
        """The rows of ``relation`` for which ``condition`` is true; None for one that cannot be written."""
        if condition is None:
            return replace(relation, exact=False)
        return replace(relation, conditions=(*relation.conditions, condition))

    def equal(self, relation: Relation, pending: Pending, value: Sql) -> Relation:
        """``pending`` columns have to equal ``value``, and so all that they have to equal are equal to each other."""
        bound = dict(relation.bound)
        conditions = list(relation.conditions)
        for number, column in sorted(pending.columns):
            demands = dict(bound.get(number, {}))
            text = self._as_text(number, column, value)
            if column not in demands:
                demands[column] = text
            elif len(pending.columns) == 1:
                conditions.append(Sql(f"({demands[column].text} = {text.text})", demands[column].tables | text.tables))
            bound[number] = demands
        return replace(relation, bound=bound, conditions=tuple(conditions), exact=False)

    def _as_text(self, number: int, column: str, value: Sql) -> Sql:
        """The text that stands for ``value`` in a raw table."""
        match self.scan_types[number].get(column, "VARCHAR"):
            case "VARCHAR":
                return value
            case "DOUBLE":
                whole = f"{value.text} = trunc({value.text}) AND abs({value.text}) < 9007199254740992"
                integer = f"CAST(CAST({value.text} AS BIGINT) AS VARCHAR)"
                return Sql(f"CASE WHEN {whole} THEN {integer} ELSE CAST({value.text} AS VARCHAR) END", value.tables)
        return Sql(f"CAST({value.text} AS VARCHAR)", value.tables)

    def _pending(self, expression: Node, cells: Sequence[Cell]) -> Pending | None:
        """The columns not known yet that ``expression`` is, apart from the cast by which a view gives them a type."""
        match expression.get("type"), nodes(expression, "children"):
            case "BOUND_REF", _:
                cell = reference(expression, cells)
                return cell if isinstance(cell, Pending) else None
            case "OPERATOR_CAST", [child]:
                pending = self._pending(child, cells)
                sql_type = type_name(cast("Node", expression.get("return_type") or {}))
                if pending is None or sql_type not in ONE_TEXT:
                    return None
                cast_alike = all(self.scan_types[number].get(c) == sql_type for number, c in pending.columns)
                return pending if cast_alike else None
        return None

    def cell(self, expression: Node, cells: Sequence[Cell]) -> Cell:
        """What a column is that ``expression`` computes."""
        return self._pending(expression, cells) or self.writer.write(expression, cells)

    def sealed(self, below: Relation, open_cells: Iterable[int]) -> Relation:
        """``below``, where only what is said of ``open_cells`` further up leaves rows of it out."""
        kept = frozenset(open_cells)
        if not below.waits:
            return replace(below, exact=False)
        cells = (cell if number in kept else None for number, cell in enumerate(below.cells))
        return replace(below, cells=tuple(cells), exact=False)

    def inner(self, left: Relation, right: Relation, conditions: Sequence[Node]) -> Relation:
        """The pairs of rows for which ``conditions``, over the columns of both sides, are true."""
        joined = Relation(
            (*left.items, *right.items),
            (*left.conditions, *right.conditions),
            (*left.cells, *right.cells),
            {**left.bound, **right.bound},
            exact=left.exact and right.exact,
            ragged=right.ragged,
        )
        for condition in conditions:
            joined = self.demand(joined, condition)
        return joined

    def semi(self, left: Relation, right: Relation, conditions: Sequence[Node]) -> Relation:
        """The rows of the left side that have a partner."""
        joined = self.inner(left, right, conditions)
        return replace(joined, cells=joined.cells[: len(left.cells)], exact=False, ragged=False)

    def anti(self, left: Relation, right: Relation, conditions: Sequence[Node]) -> Relation:
        """The rows of the left side that have none."""
        self.settle(self.only(self.inner(left, right, conditions), right))
        return replace(left, exact=False)

    def left(self, left: Relation, right: Relation, conditions: Sequence[Node]) -> Relation:
        """The rows of the left side, with their partners."""
        nothing = replace(left, cells=(*left.cells, *((None,) * len(right.cells))), exact=False, ragged=right.ragged)
        if right.waits or not right.exact or not left.items or not right.items:
            # No row of the left side is left out, whatever is read of the right side.
            self.settle(self.only(self.inner(left, right, conditions), right))
            return nothing
        first, second = self.derived(left), self.derived(right)
        cells = (*first.cells, *second.cells)
        written = [self.writer.write(condition, cells) for condition in conditions]
        if any(condition is None for condition in written):
            return nothing
        on = " AND ".join(condition.text for condition in written if condition is not None) or "true"
        item = Item(
            f"{first.items[0].text} LEFT JOIN {second.items[0].text} ON {on}",
            "",
            read_by((*first.items, *second.items)),
        )
        return self.derived(Relation((item,), (), cells, first.bound, exact=first.exact))

    def right(self, left: Relation, right: Relation, conditions: Sequence[Node]) -> Relation:
        """The rows of the right side, with their partners."""
        joined = self.left(right, left, turned(conditions, len(left.cells), len(right.cells)))
        width = len(right.cells)
        return replace(joined, cells=(*joined.cells[width:], *joined.cells[:width]), ragged=right.ragged)

    def right_semi(self, left: Relation, right: Relation, conditions: Sequence[Node]) -> Relation:
        """The rows of the right side that have a partner."""
        return self.semi(right, left, turned(conditions, len(left.cells), len(right.cells)))

    def right_anti(self, left: Relation, right: Relation, conditions: Sequence[Node]) -> Relation:
        """The rows of the right side that have none."""
        return self.anti(right, left, turned(conditions, len(left.cells), len(right.cells)))

    def outer(self, left: Relation, right: Relation, conditions: Sequence[Node]) -> Relation:
        """A join that keeps the rows of both sides, or that is not known."""
        self.settle(left)
        self.settle(right)
        return Relation(cells=(None,) * (len(left.cells) + len(right.cells)), exact=False, ragged=right.ragged)

    def only(self, relation: Relation, side: Relation) -> Relation:
        """``relation`` with what is demanded of the scans below ``side``, and of no others."""
        below = {number for cell in side.cells if isinstance(cell, Pending) for number, _ in cell.columns}
        below |= set(side.bound)
        return replace(relation, bound={n: demands for n, demands in relation.bound.items() if n in below})

    def derived(self, relation: Relation, distinct: str = "") -> Relation:
        """The same rows as one derived table."""
        if not relation.items:
            return relation
        alias = self.alias()
        names = [f"c{number}" for number in range(len(relation.cells))]
        selected = [f"{c.text} AS {n}" for c, n in zip(relation.cells, names, strict=True) if isinstance(c, Sql)]
        bound: dict[int, dict[str, Sql]] = {number: {} for number in relation.bound}
        for number, demands in relation.bound.items():
            for column, value in demands.items():
                name = f"b{number}_{len(selected)}"
                selected.append(f"{value.text} AS {name}")
                bound[number][column] = column_of(alias, name)
        text = select(distinct + (", ".join(selected) or "1"), relation.items, [c.text for c in relation.conditions])
        cells = tuple(
            column_of(alias, name) if isinstance(cell, Sql) else cell
            for cell, name in zip(relation.cells, names, strict=True)
        )
        item = Item(f"({text}) AS {alias}", alias, read_by(relation.items))
        return Relation((item,), (), cells, bound, exact=relation.exact, ragged=relation.ragged)

    def selected(self, relation: Relation, names: Sequence[str]) -> str:
        """The relation as a SELECT of its columns under these names."""
        pairs = zip(relation.cells, names, strict=False)
        selected = ", ".join(f"{cell.text} AS {name}" for cell, name in pairs if isinstance(cell, Sql))
        return select(selected or "1", relation.items, [c.text for c in relation.conditions])

    def alias(self) -> str:
        """A name that no other table of the plan's relations has."""
        return f"d{next(self._numbers)}"

    def table_of(self, rows: Sequence[Sequence[str | None]]) -> Relation:
        """These rows of SQL texts; nothing is known of them where one text is missing."""
        if not rows or any(text is None for row in rows for text in row):
            return UNKNOWN
        alias = self.alias()
        names = [f"c{number}" for number in range(len(rows[0]))]
        values = ", ".join(f"({', '.join(map(str, row))})" for row in rows)
        cells = tuple(column_of(alias, name) for name in names)
        return Relation((Item(f"(VALUES {values}) AS {alias}({', '.join(names)})", alias),), (), cells)

    def computed(self, below: Relation, groups: Sequence[Node], aggregates: Sequence[Node]) -> Relation | None:
        """The groups with their aggregates, where all of these can be written."""
        keys = [self.writer.write(group, below.cells) for group in groups]
        values = [self._aggregated(aggregate, below.cells) for aggregate in aggregates]
        parts = [part for part in (*keys, *values) if part is not None]
        if len(parts) < len(keys) + len(values):
            return None
        alias = self.alias()
        names = [f"c{number}" for number in range(len(parts))]
        selected = ", ".join(f"{part.text} AS {name}" for part, name in zip(parts, names, strict=True)) or "1"
        text = select(selected, below.items, [condition.text for condition in below.conditions])
        grouped = f" GROUP BY {', '.join(map(str, range(1, len(keys) + 1)))}" if keys else ""
        item = Item(f"({text}{grouped}) AS {alias}", alias, read_by(below.items))
        return Relation((item,), (), tuple(column_of(alias, name) for name in names))

    def _aggregated(self, aggregate: Node, cells: Sequence[Cell]) -> Sql | None:
        arguments = [self.writer.write(part, cells) for part in nodes(aggregate, "children")]
        known = [argument for argument in arguments if argument is not None]
        name = function_name(aggregate)
        plain = aggregate.get("aggregate_type") == "NON_DISTINCT" and not aggregate.keys() & {"filter", "order_bys"}
        if name not in _AGGREGATES or not plain or len(known) < len(arguments):
            return None
        text = f"{name}({', '.join(argument.text for argument in known)})"
        return Sql(text, frozenset[str]().union(*(argument.tables for argument in known)))
