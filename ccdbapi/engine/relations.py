"""Reads the engine's plan as relations: what must be joined to what, to know the keys of a table not read yet.

A scan that is not read yet is cut out of the plan, and the equalities that the rest demands of its columns are kept:
``SELECT DISTINCT`` of these over the rest are all values that the columns can have in a row of the answer. Wherever an
operator cannot be written as SQL it is left out, in such a way that the values only become more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from ccdbapi.engine.algebra import Algebra
from ccdbapi.engine.expressions import (
    Cell,
    Node,
    Pending,
    Sql,
    column_of,
    conjuncts,
    function_name,
    integers,
    main_reference,
    nodes,
)
from ccdbapi.engine.leaves import LeafReader
from ccdbapi.engine.plan_nodes import conditions_of, positional, unpacked
from ccdbapi.engine.relation import UNKNOWN, Item, Reachable, Relation, Types, read_by

#: Functions in FROM that are no more than their name and arguments.
_TABLE_FUNCTIONS = frozenset({"generate_series", "json_each", "range", "unnest"})


class RelationReader:
    """Reads a plan where the scans with the numbers ``readable`` are read already, and all others are not.

    ``types`` are those of the raw tables' columns. ``candidates`` are tables of their own that stand for some columns
    of a scan that is not read: number → (columns, rows of texts).
    """

    def __init__(
        self,
        types: Mapping[str, Types],
        readable: frozenset[int],
        candidates: Mapping[int, tuple[Sequence[str], Sequence[Sequence[str]]]] | None = None,
    ) -> None:
        self._algebra = Algebra()
        self._leaves = LeafReader(self._algebra, types, readable, candidates or {})
        self._common_tables: dict[object, tuple[Relation | None, object]] = {}
        self._eliminated: list[Relation] = []

    def read(self, plan: Node) -> Mapping[int, Reachable]:
        """Number of a scan that is not read → what is demanded of it."""
        self._algebra.settle(self._relation(plan))
        return self._algebra.reached

    def _relation(self, node: Node) -> Relation:
        reader = _READERS.get(str(node.get("type")))
        return self._unknown(node) if reader is None else reader(self, node)

    def _either(self, node: Node) -> Relation:
        """EXCEPT or INTERSECT: some of the rows of its first branch."""
        first, *others = map(self._relation, nodes(node, "children"))
        for other in others:
            self._algebra.settle(other)
        return replace(first, exact=False)

    def _unknown(self, node: Node) -> Relation:
        """An operator of which nothing is known but what is below."""
        for child in nodes(node, "children"):
            self._algebra.settle(self._relation(child))
        return UNKNOWN

    def _get(self, node: Node) -> Relation:
        data = node.get("function_data")
        table = data.get("table") if isinstance(data, Mapping) else None
        return self._leaves.get(node, table) if isinstance(table, str) else self._table_function(node)

    def _values(self, node: Node) -> Relation:
        return self._leaves.values(node)

    def _chunk(self, node: Node) -> Relation:
        return self._leaves.chunk(node)

    def _table_function(self, node: Node) -> Relation:
        name = function_name(node)
        children = [positional(child) for child in nodes(node, "children")]
        below = self._relation(children[0]) if len(children) == 1 else Relation()
        names = node.get("names")
        width = len(names) if isinstance(names, list) else 0
        given = below.cells[: len(nodes(node, "input_table_types"))] if children else ()
        arguments = [cell.text for cell in given if isinstance(cell, Sql)]
        constants = [self._algebra.writer.constant(value) for value in nodes(node, "parameters")]
        texts = [*arguments, *(constant for constant in constants if constant is not None)]
        if name not in _TABLE_FUNCTIONS or len(children) > 1 or len(texts) < len(given) + len(constants):
            return self._unknown(node)
        alias = self._algebra.alias()
        own = [f"c{number}" for number in range(width)]
        over = frozenset[str]().union(*(cell.tables for cell in given if isinstance(cell, Sql)))
        item = Item(f"{name}({', '.join(texts)}) AS {alias}({', '.join(own)})", alias, over=over)
        indexes = [cast("int", column.get("index", 0)) for column in nodes(node, "column_indexes")]
        cells: list[Cell] = [column_of(alias, f"c{n}") if n < width else None for n in indexes]
        # What it hands on of its input comes last.
        cells = list(Relation(cells=tuple(cells)).pick(integers(node, "projection_ids")).cells)
        cells += [below.cells[n] if n < len(below.cells) else None for n in integers(node, "projected_input")]
        plain = not nodes(cast("Node", node.get("table_filters") or {}), "filters")
        exact = below.exact and plain
        return replace(below, items=(*below.items, item), cells=tuple(cells), exact=exact, ragged=False)

    def _one_row(self, node: Node) -> Relation:
        return Relation(cells=(None,))

    def _no_rows(self, node: Node) -> Relation:
        return Relation(conditions=(Sql("false"),), exact=False, ragged=True)

    def _filter(self, node: Node) -> Relation:
        (child,) = nodes(node, "children")
        expressions = list(conjuncts(nodes(node, "expressions")))
        if child.get("type") == "LOGICAL_COMPARISON_JOIN" and child.get("join_type") == "MARK":
            below, expressions = self._marked(child, expressions)
        else:
            below = self._relation(child)
        for expression in expressions:
            below = self._algebra.demand(below, expression)
        return below.pick(integers(node, "projection_map"))

    def _projection(self, node: Node) -> Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        cells = tuple(self._algebra.cell(part, below.cells) for part in nodes(node, "expressions"))
        return replace(below, cells=cells, ragged=False)

    def _order(self, node: Node) -> Relation:
        (child,) = nodes(node, "children")
        return self._relation(child).pick(integers(node, "projection_map"))

    def _limit(self, node: Node) -> Relation:
        # Which rows it lets through depends on all of them: none of those below may be left out.
        (child,) = nodes(node, "children")
        return self._algebra.sealed(self._relation(child), ())

    def _distinct(self, node: Node) -> Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        targets = [
            target.get("index", 0) for target in nodes(node, "distinct_targets") if target.get("type") == "BOUND_REF"
        ]
        return self._algebra.sealed(
            below, [t for t in targets if isinstance(t, int)] if targets else range(len(below.cells))
        )

    def _aggregate(self, node: Node) -> Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        groups, aggregates = nodes(node, "groups"), nodes(node, "expressions")
        sets = node.get("grouping_sets")
        if below.exact and below.items and not (isinstance(sets, list) and len(sets) > 1):
            computed = self._algebra.computed(below, groups, aggregates)
            if computed is not None:
                return computed
        if not groups or (isinstance(sets, list) and len(sets) > 1):
            # There is a row even of nothing, and groups that are NULL.
            self._algebra.settle(below)
            return Relation(cells=(None,) * (len(groups) + len(aggregates)), exact=False)
        cells = [self._algebra.cell(group, below.cells) for group in groups]
        return replace(below, cells=(*cells, *([None] * len(aggregates))), exact=False, ragged=False)

    def _window(self, node: Node) -> Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        windows = nodes(node, "expressions")
        # A whole partition is left out, or nothing of it.
        partitions = [
            {part.get("index", 0) for part in nodes(window, "partitions") if part.get("type") == "BOUND_REF"}
            for window in windows
        ]
        common = set.intersection(*partitions) if partitions else set()
        sealed = self._algebra.sealed(below, [number for number in common if isinstance(number, int)])
        return replace(sealed, cells=() if below.ragged else (*sealed.cells, *([None] * len(windows))))

    def _unnest(self, node: Node) -> Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        items, cells = list(below.items), list(below.cells)
        exact = below.exact
        for expression in nodes(node, "expressions"):
            listed = self._algebra.writer.write(cast("Node", expression.get("child") or {}), below.cells)
            if len(nodes(node, "expressions")) > 1 or listed is None:
                cells.append(None)
                exact = False
                continue
            alias = self._algebra.alias()
            items.append(Item(f"unnest({listed.text}) AS {alias}(c0)", alias, over=listed.tables))
            cells.append(column_of(alias, "c0"))
        return replace(below, items=tuple(items), cells=() if below.ragged else tuple(cells), exact=exact)

    def _join(self, node: Node) -> Relation:
        kind = str(node.get("join_type", "INNER"))
        if kind == "MARK":
            return self._marked(node, [])[0]
        left, right = nodes(node, "children")
        if node.get("type") == "LOGICAL_DELIM_JOIN":
            first, second = self._delimited(node, left, right)
        else:
            first, second = self._relation(left), self._relation(right)
        if first.ragged or (second.ragged and kind.startswith("RIGHT")):
            # Where the other side's columns begin is not known.
            self._algebra.settle(first)
            self._algebra.settle(second)
            return UNKNOWN
        joined = _JOINS.get(kind, Algebra.outer)(self._algebra, first, second, conditions_of(node, len(first.cells)))
        return self._projected(node, first, second, joined)

    def _projected(self, node: Node, first: Relation, second: Relation, joined: Relation) -> Relation:
        left, right = integers(node, "left_projection_map"), integers(node, "right_projection_map")
        width = len(first.cells)
        match node.get("join_type"):
            case "SEMI" | "ANTI":
                return joined.pick(left)
            case "RIGHT_SEMI" | "RIGHT_ANTI":
                return joined.pick(right)
        if not left and not right:
            return joined
        return joined.pick([*(left or range(width)), *(width + n for n in right or range(len(second.cells)))])

    def _delimited(self, node: Node, left: Node, right: Node) -> tuple[Relation, Relation]:
        """The inputs of a join whose one side reads the distinct values of some columns of the other."""
        flipped = node.get("delim_flipped") is True
        outer, inner = (right, left) if flipped else (left, right)
        first = self._relation(outer)
        columns = tuple(
            self._algebra.writer.write(part, first.cells) for part in nodes(node, "duplicate_eliminated_columns")
        )
        self._eliminated.append(
            replace(first, cells=columns, bound={}, exact=first.exact and not first.waits, ragged=False)
        )
        second = self._relation(inner)
        self._eliminated.pop()
        return (second, first) if flipped else (first, second)

    def _delim_get(self, node: Node) -> Relation:
        return self._algebra.derived(self._eliminated[-1], "DISTINCT ")

    def _marked(self, join: Node, expressions: Sequence[Node]) -> tuple[Relation, list[Node]]:
        """A join that only marks the rows of its left side, under ``expressions`` that may ask for the mark."""
        join = unpacked(join)
        left, right = map(self._relation, nodes(join, "children"))
        if left.ragged:
            self._algebra.settle(left)
            self._algebra.settle(right)
            return UNKNOWN, list(expressions)
        conditions = conditions_of(join, len(left.cells))
        positions = integers(join, "left_projection_map")
        mark = len(positions or left.cells)
        asked = [e for e in expressions if e.get("type") == "BOUND_REF" and e.get("index", 0) == mark]
        joined = left
        if asked:
            joined = self._algebra.semi(left, right, conditions)
        elif all(condition.get("type") == "COMPARE_NOT_DISTINCT_FROM" for condition in conditions):
            self._algebra.settle(self._algebra.only(self._algebra.inner(left, right, conditions), right))
        else:
            # The mark is unknown rather than false where the right side has a row, however unlike.
            self._algebra.settle(right)
        kept = joined.pick(positions)
        return replace(kept, cells=(*kept.cells, None)), [e for e in expressions if e not in asked]

    def _product(self, node: Node) -> Relation:
        left, right = map(self._relation, nodes(node, "children"))
        if left.ragged:
            self._algebra.settle(left)
            self._algebra.settle(right)
            return UNKNOWN
        return self._algebra.inner(left, right, ())

    def _union(self, node: Node) -> Relation:
        branches = [self._relation(child) for child in nodes(node, "children")]
        width = min((len(branch.cells) for branch in branches), default=0)
        columns = [[branch.cells[number] for branch in branches] for number in range(width)]
        ragged = any(branch.ragged for branch in branches)
        if not any(branch.waits for branch in branches):
            if not all(isinstance(cell, Sql) for cells in columns for cell in cells):
                return Relation(cells=(None,) * width, exact=False, ragged=ragged)
            alias = self._algebra.alias()
            names = [f"c{number}" for number in range(width)]
            selects = [self._algebra.selected(branch, names) for branch in branches]
            reads = frozenset[int]().union(*(read_by(branch.items) for branch in branches))
            item = Item(f"({' UNION ALL '.join(selects)}) AS {alias}", alias, reads)
            cells = tuple(column_of(alias, name) for name in names)
            exact = all(branch.exact for branch in branches) and node.get("type") == "LOGICAL_UNION"
            return Relation((item,), (), cells, exact=exact, ragged=ragged)
        for branch in branches:
            self._algebra.settle(branch)
        # What is demanded of a column, is demanded in each branch, of whatever stands there.
        merged = tuple(_alternatives(cells) for cells in columns)
        bound = {n: dict(demands) for branch in branches if not branch.items for n, demands in branch.bound.items()}
        open_scans = frozenset(bound)
        kept = tuple(_only_of(cell, open_scans) for cell in merged)
        return Relation(cells=kept, bound=bound, exact=False, ragged=ragged)

    def _common_table(self, node: Node) -> Relation:
        definition, query = nodes(node, "children")
        below = self._relation(definition)
        if not below.waits or main_reference(node) is None:
            self._algebra.settle(below)
        self._common_tables[node.get("table_index", 0)] = below, main_reference(node)
        return self._relation(query)

    def _common_table_reference(self, node: Node) -> Relation:
        table, main = self._common_tables.get(node.get("cte_index", 0), (None, None))
        width = len(nodes(node, "chunk_types"))
        if table is not None and table.waits and main == node.get("table_index"):
            return table
        if table is None or table.waits or not table.items or table.ragged:
            return Relation(cells=(None,) * width, exact=False)
        return self._algebra.derived(table)


_Reader = Callable[[RelationReader, Node], Relation]
_Join = Callable[[Algebra, Relation, Relation, Sequence[Node]], Relation]

_READERS: Mapping[str, _Reader] = {
    "LOGICAL_GET": RelationReader._get,
    "LOGICAL_EXPRESSION_GET": RelationReader._values,
    "LOGICAL_CHUNK_GET": RelationReader._chunk,
    "LOGICAL_DUMMY_SCAN": RelationReader._one_row,
    "LOGICAL_EMPTY_RESULT": RelationReader._no_rows,
    "LOGICAL_FILTER": RelationReader._filter,
    "LOGICAL_PROJECTION": RelationReader._projection,
    "LOGICAL_ORDER_BY": RelationReader._order,
    "LOGICAL_LIMIT": RelationReader._limit,
    "LOGICAL_DISTINCT": RelationReader._distinct,
    "LOGICAL_AGGREGATE_AND_GROUP_BY": RelationReader._aggregate,
    "LOGICAL_WINDOW": RelationReader._window,
    "LOGICAL_UNNEST": RelationReader._unnest,
    "LOGICAL_COMPARISON_JOIN": RelationReader._join,
    "LOGICAL_DELIM_JOIN": RelationReader._join,
    "LOGICAL_ANY_JOIN": RelationReader._join,
    "LOGICAL_CROSS_PRODUCT": RelationReader._product,
    "LOGICAL_DELIM_GET": RelationReader._delim_get,
    "LOGICAL_UNION": RelationReader._union,
    "LOGICAL_EXCEPT": RelationReader._either,
    "LOGICAL_INTERSECT": RelationReader._either,
    "LOGICAL_MATERIALIZED_CTE": RelationReader._common_table,
    "LOGICAL_CTE_REF": RelationReader._common_table_reference,
}


_JOINS: Mapping[str, _Join] = {
    "INNER": Algebra.inner,
    "SEMI": Algebra.semi,
    "ANTI": Algebra.anti,
    "LEFT": Algebra.left,
    "SINGLE": Algebra.left,
    "RIGHT": Algebra.right,
    "RIGHT_SEMI": Algebra.right_semi,
    "RIGHT_ANTI": Algebra.right_anti,
}


def _alternatives(cells: Sequence[Cell]) -> Pending | None:
    """What a column is where several branches give it, as far as it is not known yet."""
    columns = frozenset(column for cell in cells if isinstance(cell, Pending) for column in cell.columns)
    return Pending(columns) if columns else None


def _only_of(cell: Pending | None, scans: frozenset[int]) -> Pending | None:
    columns = frozenset(column for column in cell.columns if column[0] in scans) if cell else frozenset()
    return Pending(columns) if columns else None
