"""Reads the engine's plan as relations: what must be joined to what, to know the keys of a table not read yet.

A scan that is not read yet is cut out of the plan, and the equalities that the rest demands of its columns are kept:
``SELECT DISTINCT`` of these over the rest are all values that the columns can have in a row of the answer. Wherever an
operator cannot be written as SQL it is left out, in such a way that the values only become more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import NamedTuple, cast

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.expressions import (
    Cell,
    ExpressionWriter,
    Node,
    Pending,
    Sql,
    conjuncts,
    function_name,
    integers,
    main_reference,
    nodes,
    reference,
    type_name,
)
from ccdbapi.engine.view import quote_identifier, quote_literal

#: Column of a raw table → the SQL type of the values that its text stands for. Those that are missing are text.
Types = Mapping[str, str]

#: Where one value has one text, so that an equality of values is one of texts. Not so that of a moment.
ONE_TEXT = frozenset({"BIGINT", "BOOLEAN", "DOUBLE", "JSON"})

#: Functions in FROM that are no more than their name and arguments.
_TABLE_FUNCTIONS = frozenset({"generate_series", "json_each", "range", "unnest"})

#: Aggregates that are no more than their name and arguments.
_AGGREGATES = frozenset({"avg", "count", "count_star", "max", "min", "sum"})

_EQUALITIES = frozenset({"COMPARE_EQUAL", "COMPARE_NOT_DISTINCT_FROM"})


@dataclass(frozen=True, slots=True)
class KeyQuery:
    """The query ``sql`` for the values that some columns of a scan can have in a row of the answer.

    It has a column for each of ``columns``, may repeat rows, and reads the scans with the numbers ``reads`` as tables
    of the names that `scan_name` gives them.
    """

    columns: tuple[str, ...]
    sql: str
    bindings: Bindings = field(repr=False)
    reads: frozenset[int]


class _Item(NamedTuple):
    """A table in FROM, which reads the scans ``reads``; ``over`` are the tables before it that it refers to."""

    text: str
    alias: str
    reads: frozenset[int] = frozenset()
    over: frozenset[str] = frozenset()


#: Number of a scan that is not read yet → what its columns have to be equal to.
Bound = Mapping[int, Mapping[str, Sql]]


@dataclass(frozen=True, slots=True)
class _Relation:
    """Rows: of ``items``, joined, where ``conditions`` hold.

    ``exact``: these and no others, each as often as it is. ``ragged``: there may be more columns than ``cells`` tells.
    """

    items: tuple[_Item, ...] = ()
    conditions: tuple[Sql, ...] = ()
    cells: tuple[Cell, ...] = ()
    bound: Bound = field(default_factory=dict)
    exact: bool = True
    ragged: bool = False

    def pick(self, positions: Sequence[int]) -> _Relation:
        """The columns at ``positions``. The engine writes no positions where it keeps all columns."""
        if not positions:
            return self
        cells = tuple(self.cells[p] if p < len(self.cells) else None for p in positions)
        return replace(self, cells=cells, ragged=False)

    @property
    def waits(self) -> bool:
        """Whether a scan below is not read yet."""
        return bool(self.bound) or any(isinstance(cell, Pending) for cell in self.cells)


#: Rows of which nothing is known.
_UNKNOWN = _Relation(exact=False, ragged=True)


class Reachable:
    """What is demanded of one scan's columns, where some scans are read already."""

    def __init__(self, relation: _Relation, demands: Mapping[str, Sql], bindings: Bindings) -> None:
        self._relation = relation
        self._demands = demands
        self._bindings = bindings

    @property
    def columns(self) -> frozenset[str]:
        """The columns that have to be equal to something."""
        return frozenset(self._demands)

    @property
    def restricted(self) -> bool:
        """Whether anything more is demanded of what the columns have to be equal to."""
        tables = frozenset[str]().union(*(demand.tables for demand in self._demands.values()))
        return any(condition.tables & tables for condition in self._relation.conditions)

    def query(self, needed: Iterable[str], welcome: Iterable[str] = ()) -> KeyQuery:
        """The query for ``needed`` columns, and those of ``welcome`` that take no table more."""
        columns = list(needed)
        tables = self._joined(frozenset[str]().union(*(self._demands[column].tables for column in columns)))
        columns += [c for c in welcome if c in self._demands and c not in columns and self._demands[c].tables <= tables]
        selected = ", ".join(self._demands[column].text for column in columns)
        items = [item for item in self._relation.items if item.alias in tables]
        conditions = [c.text for c in self._relation.conditions if c.tables <= tables]
        conditions += [f"({self._demands[column].text} IS NOT NULL)" for column in columns]
        return KeyQuery(tuple(columns), _select(selected, items, conditions), self._bindings, _reads(items))

    def _joined(self, tables: frozenset[str]) -> frozenset[str]:
        """``tables`` and all that conditions tie to them: what is left out would only multiply the rows."""
        ties = [c.tables for c in self._relation.conditions if len(c.tables) > 1]
        ties += [item.over | {item.alias} for item in self._relation.items if item.over]
        while True:
            more = tables.union(*(tie for tie in ties if tie & tables))
            if more == tables:
                return tables
            tables = more


def scan_name(number: int) -> str:
    """The name by which key queries read the scan ``number``."""
    return f"ccdbapi scan {number}"


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
        self._types = types
        self._readable = readable
        self._candidates = candidates or {}
        self._bindings = Bindings()
        self._writer = ExpressionWriter(self._bindings.text)
        self._numbers = count()
        self._scan_types: dict[int, Types] = {}
        self._common_tables: dict[object, tuple[_Relation | None, object]] = {}
        self._eliminated: list[_Relation] = []
        self._reached: dict[int, Reachable] = {}

    def read(self, plan: Node) -> Mapping[int, Reachable]:
        """Number of a scan that is not read → what is demanded of it."""
        self._settle(self._relation(plan))
        return self._reached

    def _settle(self, relation: _Relation) -> None:
        """What is demanded of scans so far is all that will be."""
        for number, demands in relation.bound.items():
            if demands:
                self._reached[number] = Reachable(relation, demands, self._bindings)

    def _relation(self, node: Node) -> _Relation:
        reader = _READERS.get(str(node.get("type")))
        return self._unknown(node) if reader is None else reader(self, node)

    def _either(self, node: Node) -> _Relation:
        """EXCEPT or INTERSECT: some of the rows of its first branch."""
        first, *others = map(self._relation, nodes(node, "children"))
        for other in others:
            self._settle(other)
        return replace(first, exact=False)

    def _unknown(self, node: Node) -> _Relation:
        """An operator of which nothing is known but what is below."""
        for child in nodes(node, "children"):
            self._settle(self._relation(child))
        return _UNKNOWN

    # Leaves

    def _get(self, node: Node) -> _Relation:
        data = node.get("function_data")
        table = data.get("table") if isinstance(data, Mapping) else None
        if not isinstance(table, str):
            return self._table_function(node)
        number = cast("int", node.get("table_index", 0))
        names = cast("Sequence[str]", node.get("names", ()))
        indexes = [cast("int", column.get("index", 0)) for column in nodes(node, "column_indexes")]
        columns = [names[index] if index < len(names) else None for index in indexes]
        if table in self._types and number not in self._readable:
            relation = self._unread(number, table, columns)
        else:
            alias = f"s{number}"
            raw = table in self._types
            if raw:
                source = f"temp.main.{quote_identifier(scan_name(number))}"
            else:
                name = cast("Mapping[str, Sequence[str]]", cast("Node", data).get("qualified_name") or {})
                source = ".".join(quote_identifier(part) for part in name.get("path", (table,)))
            cells = [Sql(f"{alias}.{quote_identifier(c)}", frozenset({alias})) if c else None for c in columns]
            item = _Item(f"{source} AS {alias}", alias, frozenset({number} if raw else ()))
            relation = _Relation((item,), (), tuple(cells))
        return self._filtered_get(node, relation, names).pick(integers(node, "projection_ids"))

    def _table_function(self, node: Node) -> _Relation:
        name = function_name(node)
        children = [_positional(child) for child in nodes(node, "children")]
        below = self._relation(children[0]) if len(children) == 1 else _Relation()
        names = node.get("names")
        width = len(names) if isinstance(names, list) else 0
        given = below.cells[: len(nodes(node, "input_table_types"))] if children else ()
        arguments = [cell.text for cell in given if isinstance(cell, Sql)]
        constants = [self._writer.constant(value) for value in nodes(node, "parameters")]
        texts = [*arguments, *(constant for constant in constants if constant is not None)]
        if name not in _TABLE_FUNCTIONS or len(children) > 1 or len(texts) < len(given) + len(constants):
            return self._unknown(node)
        alias = self._alias()
        own = [f"c{number}" for number in range(width)]
        over = frozenset[str]().union(*(cell.tables for cell in given if isinstance(cell, Sql)))
        item = _Item(f"{name}({', '.join(texts)}) AS {alias}({', '.join(own)})", alias, over=over)
        indexes = [cast("int", column.get("index", 0)) for column in nodes(node, "column_indexes")]
        cells: list[Cell] = [Sql(f"{alias}.c{n}", frozenset({alias})) if n < width else None for n in indexes]
        # What it hands on of its input comes last.
        cells = list(_Relation(cells=tuple(cells)).pick(integers(node, "projection_ids")).cells)
        cells += [below.cells[n] if n < len(below.cells) else None for n in integers(node, "projected_input")]
        plain = not nodes(cast("Node", node.get("table_filters") or {}), "filters")
        exact = below.exact and plain
        return replace(below, items=(*below.items, item), cells=tuple(cells), exact=exact, ragged=False)

    def _unread(self, number: int, table: str, columns: Sequence[str | None]) -> _Relation:
        self._scan_types[number] = self._types[table]
        given, rows = self._candidates.get(number, ((), ()))
        cells: list[Cell] = []
        alias = f"c{number}"
        for column in columns:
            if column is None:
                cells.append(None)
            elif column in given:
                cells.append(Sql(f"{alias}.{quote_identifier(column)}", frozenset({alias})))
            else:
                cells.append(Pending(frozenset({(number, column)})))
        items: tuple[_Item, ...] = ()
        demands: dict[str, Sql] = {}
        if given:
            values = ", ".join(f"({', '.join(map(quote_literal, row))})" for row in rows)
            names = ", ".join(map(quote_identifier, given))
            items = (_Item(f"(VALUES {values}) AS {alias}({names})", alias),)
            demands = {c: Sql(f"{alias}.{quote_identifier(c)}", frozenset({alias})) for c in given}
        return _Relation(items, (), tuple(cells), {number: demands}, exact=False)

    def _filtered_get(self, node: Node, relation: _Relation, names: Sequence[str]) -> _Relation:
        filters = node.get("table_filters")
        if not isinstance(filters, Mapping):
            return relation
        by_position = relation
        if not node.get("table_filters_by_projection"):
            return replace(relation, exact=False)
        for entry in nodes(filters, "filters"):
            key = cast("int", entry.get("key", 0))
            cell = by_position.cells[key] if key < len(by_position.cells) else None
            constant = self._constant_of(cast("Node", entry.get("value") or {}))
            if constant is not None and isinstance(cell, Pending) and all(self._is_text(*c) for c in cell.columns):
                relation = self._equal(relation, cell, Sql(constant))
                continue
            condition = self._column_filter(cast("Node", entry.get("value") or {}), cell)
            relation = self._where(relation, condition)
        for entry in nodes(filters, "multi_column_filters"):
            columns = by_position.pick(integers(entry, "column_indexes")).cells
            relation = self._where(relation, self._writer.write(cast("Node", entry.get("expr") or {}), columns))
        return relation

    def _constant_of(self, entry: Node) -> str | None:
        """The constant that a filter on one column asks for."""
        if not str(entry.get("filter_type", "")).endswith("CONSTANT_COMPARISON"):
            return None
        equal = entry.get("comparison_type") == "COMPARE_EQUAL"
        return self._writer.constant(cast("Node", entry.get("constant") or {})) if equal else None

    def _column_filter(self, entry: Node, cell: Cell) -> Sql | None:
        """A filter that was pushed into the scan, on one of its columns."""
        if not isinstance(cell, Sql):
            return None
        kind = str(entry.get("filter_type", "")).removeprefix("LEGACY_")
        match kind:
            case "CONSTANT_COMPARISON":
                constant = self._writer.constant(cast("Node", entry.get("constant") or {}))
                operator = _OPERATORS.get(str(entry.get("comparison_type")))
                return Sql(f"({cell.text} {operator} {constant})", cell.tables) if constant and operator else None
            case "IS_NOT_NULL" | "IS_NULL":
                return Sql(f"({cell.text} {kind.replace('_', ' ')})", cell.tables)
            case "IN_FILTER":
                constants = [self._writer.constant(value) for value in nodes(entry, "values")]
                known = [constant for constant in constants if constant is not None]
                if not known or len(known) < len(constants):
                    return None
                return Sql(f"({cell.text} IN ({', '.join(known)}))", cell.tables)
            case "OPTIONAL_FILTER":
                return self._column_filter(cast("Node", entry.get("child_filter") or {}), cell)
            case "CONJUNCTION_AND" | "CONJUNCTION_OR":
                parts = [self._column_filter(child, cell) for child in nodes(entry, "child_filters")]
                texts = [part.text for part in parts if part is not None]
                if not texts or (kind == "CONJUNCTION_OR" and len(texts) < len(parts)):
                    return None
                return Sql(f"({f' {kind[12:]} '.join(texts)})", cell.tables)
            case "EXPRESSION_FILTER":
                return self._writer.write(cast("Node", entry.get("expr") or {}), [cell])
        return None

    def _values(self, node: Node) -> _Relation:
        lists = node.get("expressions")
        rows = [[self._writer.write(cell, ()) for cell in row] for row in cast("Sequence[Sequence[Node]]", lists or ())]
        return self._table_of([[None if cell is None else cell.text for cell in row] for row in rows])

    def _chunk(self, node: Node) -> _Relation:
        collection = cast("Node", node.get("collection") or {})
        columns = cast("Sequence[Sequence[Node]]", collection.get("values") or ())
        return self._table_of(
            list(zip(*([self._writer.constant(v) for v in column] for column in columns), strict=True))
        )

    def _table_of(self, rows: Sequence[Sequence[str | None]]) -> _Relation:
        if not rows or any(text is None for row in rows for text in row):
            return _UNKNOWN
        alias = self._alias()
        names = [f"c{number}" for number in range(len(rows[0]))]
        values = ", ".join(f"({', '.join(map(str, row))})" for row in rows)
        cells = tuple(Sql(f"{alias}.{name}", frozenset({alias})) for name in names)
        return _Relation((_Item(f"(VALUES {values}) AS {alias}({', '.join(names)})", alias),), (), cells)

    def _one_row(self, node: Node) -> _Relation:
        return _Relation(cells=(None,))

    def _no_rows(self, node: Node) -> _Relation:
        return _Relation(conditions=(Sql("false"),), exact=False, ragged=True)

    # Operators with one input

    def _filter(self, node: Node) -> _Relation:
        (child,) = nodes(node, "children")
        expressions = list(conjuncts(nodes(node, "expressions")))
        if child.get("type") == "LOGICAL_COMPARISON_JOIN" and child.get("join_type") == "MARK":
            below, expressions = self._marked(child, expressions)
        else:
            below = self._relation(child)
        for expression in expressions:
            below = self._demand(below, expression)
        return below.pick(integers(node, "projection_map"))

    def _demand(self, relation: _Relation, expression: Node) -> _Relation:
        """The rows of ``relation`` for which ``expression`` is true."""
        if expression.get("type") in _EQUALITIES:
            left, right = nodes(expression, "children")
            for tested, other in ((left, right), (right, left)):
                pending = self._pending(tested, relation.cells)
                value = self._writer.write(other, relation.cells) or self._told(relation, other)
                if pending is not None and value is not None:
                    return self._equal(relation, pending, value)
        return self._where(relation, self._writer.write(expression, relation.cells))

    def _told(self, relation: _Relation, expression: Node) -> Sql | None:
        """What a column that is not known yet has to be equal to, if it is text."""
        pending = self._pending(expression, relation.cells)
        if pending is None or len(pending.columns) > 1:
            return None
        ((number, column),) = pending.columns
        return relation.bound.get(number, {}).get(column) if self._is_text(number, column) else None

    def _is_text(self, number: int, column: str) -> bool:
        return self._scan_types[number].get(column, "VARCHAR") == "VARCHAR"

    def _where(self, relation: _Relation, condition: Sql | None) -> _Relation:
        if condition is None:
            return replace(relation, exact=False)
        return replace(relation, conditions=(*relation.conditions, condition))

    def _equal(self, relation: _Relation, pending: Pending, value: Sql) -> _Relation:
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
        match self._scan_types[number].get(column, "VARCHAR"):
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
                cast_alike = all(self._scan_types[number].get(c) == sql_type for number, c in pending.columns)
                return pending if cast_alike else None
        return None

    def _projection(self, node: Node) -> _Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        cells = tuple(self._cell(part, below.cells) for part in nodes(node, "expressions"))
        return replace(below, cells=cells, ragged=False)

    def _cell(self, expression: Node, cells: Sequence[Cell]) -> Cell:
        return self._pending(expression, cells) or self._writer.write(expression, cells)

    def _order(self, node: Node) -> _Relation:
        (child,) = nodes(node, "children")
        return self._relation(child).pick(integers(node, "projection_map"))

    def _limit(self, node: Node) -> _Relation:
        # Which rows it lets through depends on all of them: none of those below may be left out.
        (child,) = nodes(node, "children")
        return self._sealed(self._relation(child), ())

    def _sealed(self, below: _Relation, open_cells: Iterable[int]) -> _Relation:
        """``below``, where only what is said of ``open_cells`` further up leaves rows of it out."""
        kept = frozenset(open_cells)
        if not below.waits:
            return replace(below, exact=False)
        cells = (cell if number in kept else None for number, cell in enumerate(below.cells))
        return replace(below, cells=tuple(cells), exact=False)

    def _distinct(self, node: Node) -> _Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        targets = [
            target.get("index", 0) for target in nodes(node, "distinct_targets") if target.get("type") == "BOUND_REF"
        ]
        return self._sealed(below, [t for t in targets if isinstance(t, int)] if targets else range(len(below.cells)))

    def _aggregate(self, node: Node) -> _Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        groups, aggregates = nodes(node, "groups"), nodes(node, "expressions")
        sets = node.get("grouping_sets")
        if below.exact and below.items and not (isinstance(sets, list) and len(sets) > 1):
            computed = self._computed(below, groups, aggregates)
            if computed is not None:
                return computed
        if not groups or (isinstance(sets, list) and len(sets) > 1):
            # There is a row even of nothing, and groups that are NULL.
            self._settle(below)
            return _Relation(cells=(None,) * (len(groups) + len(aggregates)), exact=False)
        cells = [self._cell(group, below.cells) for group in groups]
        return replace(below, cells=(*cells, *([None] * len(aggregates))), exact=False, ragged=False)

    def _computed(self, below: _Relation, groups: Sequence[Node], aggregates: Sequence[Node]) -> _Relation | None:
        """The groups with their aggregates, where all of these can be written."""
        keys = [self._writer.write(group, below.cells) for group in groups]
        values = [self._aggregated(aggregate, below.cells) for aggregate in aggregates]
        parts = [part for part in (*keys, *values) if part is not None]
        if len(parts) < len(keys) + len(values):
            return None
        alias = self._alias()
        names = [f"c{number}" for number in range(len(parts))]
        selected = ", ".join(f"{part.text} AS {name}" for part, name in zip(parts, names, strict=True)) or "1"
        text = _select(selected, below.items, [condition.text for condition in below.conditions])
        grouped = f" GROUP BY {', '.join(map(str, range(1, len(keys) + 1)))}" if keys else ""
        item = _Item(f"({text}{grouped}) AS {alias}", alias, _reads(below.items))
        return _Relation((item,), (), tuple(Sql(f"{alias}.{name}", frozenset({alias})) for name in names))

    def _aggregated(self, aggregate: Node, cells: Sequence[Cell]) -> Sql | None:
        arguments = [self._writer.write(part, cells) for part in nodes(aggregate, "children")]
        known = [argument for argument in arguments if argument is not None]
        name = function_name(aggregate)
        plain = aggregate.get("aggregate_type") == "NON_DISTINCT" and not aggregate.keys() & {"filter", "order_bys"}
        if name not in _AGGREGATES or not plain or len(known) < len(arguments):
            return None
        text = f"{name}({', '.join(argument.text for argument in known)})"
        return Sql(text, frozenset[str]().union(*(argument.tables for argument in known)))

    def _window(self, node: Node) -> _Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        windows = nodes(node, "expressions")
        # A whole partition is left out, or nothing of it.
        partitions = [
            {part.get("index", 0) for part in nodes(window, "partitions") if part.get("type") == "BOUND_REF"}
            for window in windows
        ]
        common = set.intersection(*partitions) if partitions else set()
        sealed = self._sealed(below, [number for number in common if isinstance(number, int)])
        return replace(sealed, cells=() if below.ragged else (*sealed.cells, *([None] * len(windows))))

    def _unnest(self, node: Node) -> _Relation:
        (child,) = nodes(node, "children")
        below = self._relation(child)
        items, cells = list(below.items), list(below.cells)
        exact = below.exact
        for expression in nodes(node, "expressions"):
            listed = self._writer.write(cast("Node", expression.get("child") or {}), below.cells)
            if len(nodes(node, "expressions")) > 1 or listed is None:
                cells.append(None)
                exact = False
                continue
            alias = self._alias()
            items.append(_Item(f"unnest({listed.text}) AS {alias}(c0)", alias, over=listed.tables))
            cells.append(Sql(f"{alias}.c0", frozenset({alias})))
        return replace(below, items=tuple(items), cells=() if below.ragged else tuple(cells), exact=exact)

    # Operators with several inputs

    def _join(self, node: Node) -> _Relation:
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
            self._settle(first)
            self._settle(second)
            return _UNKNOWN
        joined = _JOINS.get(kind, RelationReader._outer)(self, first, second, _conditions(node, len(first.cells)))
        return self._projected(node, first, second, joined)

    def _projected(self, node: Node, first: _Relation, second: _Relation, joined: _Relation) -> _Relation:
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

    def _delimited(self, node: Node, left: Node, right: Node) -> tuple[_Relation, _Relation]:
        """The inputs of a join whose one side reads the distinct values of some columns of the other."""
        flipped = node.get("delim_flipped") is True
        outer, inner = (right, left) if flipped else (left, right)
        first = self._relation(outer)
        columns = tuple(self._writer.write(part, first.cells) for part in nodes(node, "duplicate_eliminated_columns"))
        self._eliminated.append(
            replace(first, cells=columns, bound={}, exact=first.exact and not first.waits, ragged=False)
        )
        second = self._relation(inner)
        self._eliminated.pop()
        return (second, first) if flipped else (first, second)

    def _delim_get(self, node: Node) -> _Relation:
        return self._derived(self._eliminated[-1], "DISTINCT ")

    def _inner(self, left: _Relation, right: _Relation, conditions: Sequence[Node]) -> _Relation:
        joined = _Relation(
            (*left.items, *right.items),
            (*left.conditions, *right.conditions),
            (*left.cells, *right.cells),
            {**left.bound, **right.bound},
            exact=left.exact and right.exact,
            ragged=right.ragged,
        )
        for condition in conditions:
            joined = self._demand(joined, condition)
        return joined

    def _semi(self, left: _Relation, right: _Relation, conditions: Sequence[Node]) -> _Relation:
        joined = self._inner(left, right, conditions)
        return replace(joined, cells=joined.cells[: len(left.cells)], exact=False, ragged=False)

    def _anti(self, left: _Relation, right: _Relation, conditions: Sequence[Node]) -> _Relation:
        self._settle(self._only(self._inner(left, right, conditions), right))
        return replace(left, exact=False)

    def _left(self, left: _Relation, right: _Relation, conditions: Sequence[Node]) -> _Relation:
        nothing = replace(left, cells=(*left.cells, *((None,) * len(right.cells))), exact=False, ragged=right.ragged)
        if right.waits or not right.exact or not left.items or not right.items:
            # No row of the left side is left out, whatever is read of the right side.
            self._settle(self._only(self._inner(left, right, conditions), right))
            return nothing
        first, second = self._derived(left), self._derived(right)
        cells = (*first.cells, *second.cells)
        written = [self._writer.write(condition, cells) for condition in conditions]
        if any(condition is None for condition in written):
            return nothing
        on = " AND ".join(condition.text for condition in written if condition is not None) or "true"
        item = _Item(
            f"{first.items[0].text} LEFT JOIN {second.items[0].text} ON {on}", "", _reads((*first.items, *second.items))
        )
        return self._derived(_Relation((item,), (), cells, first.bound, exact=first.exact))

    def _right(self, left: _Relation, right: _Relation, conditions: Sequence[Node]) -> _Relation:
        joined = self._left(right, left, _turned(conditions, left, right))
        width = len(right.cells)
        return replace(joined, cells=(*joined.cells[width:], *joined.cells[:width]), ragged=right.ragged)

    def _right_semi(self, left: _Relation, right: _Relation, conditions: Sequence[Node]) -> _Relation:
        return self._semi(right, left, _turned(conditions, left, right))

    def _right_anti(self, left: _Relation, right: _Relation, conditions: Sequence[Node]) -> _Relation:
        return self._anti(right, left, _turned(conditions, left, right))

    def _outer(self, left: _Relation, right: _Relation, conditions: Sequence[Node]) -> _Relation:
        """A join that keeps the rows of both sides, or that is not known."""
        self._settle(left)
        self._settle(right)
        return _Relation(cells=(None,) * (len(left.cells) + len(right.cells)), exact=False, ragged=right.ragged)

    def _marked(self, join: Node, expressions: Sequence[Node]) -> tuple[_Relation, list[Node]]:
        """A join that only marks the rows of its left side, under ``expressions`` that may ask for the mark."""
        join = _unpacked(join)
        left, right = map(self._relation, nodes(join, "children"))
        if left.ragged:
            self._settle(left)
            self._settle(right)
            return _UNKNOWN, list(expressions)
        conditions = _conditions(join, len(left.cells))
        positions = integers(join, "left_projection_map")
        mark = len(positions or left.cells)
        asked = [e for e in expressions if e.get("type") == "BOUND_REF" and e.get("index", 0) == mark]
        joined = left
        if asked:
            joined = self._semi(left, right, conditions)
        elif all(condition.get("type") == "COMPARE_NOT_DISTINCT_FROM" for condition in conditions):
            self._settle(self._only(self._inner(left, right, conditions), right))
        else:
            # The mark is unknown rather than false where the right side has a row, however unlike.
            self._settle(right)
        kept = joined.pick(positions)
        return replace(kept, cells=(*kept.cells, None)), [e for e in expressions if e not in asked]

    def _product(self, node: Node) -> _Relation:
        left, right = map(self._relation, nodes(node, "children"))
        if left.ragged:
            self._settle(left)
            self._settle(right)
            return _UNKNOWN
        return self._inner(left, right, ())

    def _any_join(self, node: Node) -> _Relation:
        left, right = map(self._relation, nodes(node, "children"))
        kind = str(node.get("join_type", "INNER"))
        condition = node.get("condition")
        if left.ragged or (right.ragged and kind.startswith("RIGHT")):
            self._settle(left)
            self._settle(right)
            return _UNKNOWN
        if kind not in ("INNER", "SEMI"):
            joined = self._left(left, right, ()) if kind in ("LEFT", "SINGLE") else self._outer(left, right, ())
            return self._projected(node, left, right, replace(joined, exact=False))
        joined = self._inner(left, right, ())
        for expression in conjuncts([condition] if isinstance(condition, Mapping) else ()):
            joined = self._demand(joined, expression)
        if kind == "SEMI":
            joined = replace(joined, cells=joined.cells[: len(left.cells)], exact=False, ragged=False)
        return self._projected(node, left, right, joined)

    def _union(self, node: Node) -> _Relation:
        branches = [self._relation(child) for child in nodes(node, "children")]
        width = min((len(branch.cells) for branch in branches), default=0)
        columns = [[branch.cells[number] for branch in branches] for number in range(width)]
        ragged = any(branch.ragged for branch in branches)
        if not any(branch.waits for branch in branches):
            if not all(isinstance(cell, Sql) for cells in columns for cell in cells):
                return _Relation(cells=(None,) * width, exact=False, ragged=ragged)
            alias = self._alias()
            names = [f"c{number}" for number in range(width)]
            selects = [self._selected(branch, names) for branch in branches]
            reads = frozenset[int]().union(*(_reads(branch.items) for branch in branches))
            item = _Item(f"({' UNION ALL '.join(selects)}) AS {alias}", alias, reads)
            cells = tuple(Sql(f"{alias}.{name}", frozenset({alias})) for name in names)
            exact = all(branch.exact for branch in branches) and node.get("type") == "LOGICAL_UNION"
            return _Relation((item,), (), cells, exact=exact, ragged=ragged)
        for branch in branches:
            self._settle(branch)
        # What is demanded of a column, is demanded in each branch, of whatever stands there.
        merged = tuple(_alternatives(cells) for cells in columns)
        bound = {n: dict(demands) for branch in branches if not branch.items for n, demands in branch.bound.items()}
        open_scans = frozenset(bound)
        kept = tuple(_only_of(cell, open_scans) for cell in merged)
        return _Relation(cells=kept, bound=bound, exact=False, ragged=ragged)

    def _only(self, relation: _Relation, side: _Relation) -> _Relation:
        """``relation`` with what is demanded of the scans below ``side``, and of no others."""
        below = {number for cell in side.cells if isinstance(cell, Pending) for number, _ in cell.columns}
        below |= set(side.bound)
        return replace(relation, bound={n: demands for n, demands in relation.bound.items() if n in below})

    def _common_table(self, node: Node) -> _Relation:
        definition, query = nodes(node, "children")
        below = self._relation(definition)
        if not below.waits or main_reference(node) is None:
            self._settle(below)
        self._common_tables[node.get("table_index", 0)] = below, main_reference(node)
        return self._relation(query)

    def _common_table_reference(self, node: Node) -> _Relation:
        table, main = self._common_tables.get(node.get("cte_index", 0), (None, None))
        width = len(nodes(node, "chunk_types"))
        if table is not None and table.waits and main == node.get("table_index"):
            return table
        if table is None or table.waits or not table.items or table.ragged:
            return _Relation(cells=(None,) * width, exact=False)
        return self._derived(table)

    def _derived(self, relation: _Relation, distinct: str = "") -> _Relation:
        """The same rows as one derived table."""
        if not relation.items:
            return relation
        alias = self._alias()
        names = [f"c{number}" for number in range(len(relation.cells))]
        selected = [f"{c.text} AS {n}" for c, n in zip(relation.cells, names, strict=True) if isinstance(c, Sql)]
        bound: dict[int, dict[str, Sql]] = {number: {} for number in relation.bound}
        for number, demands in relation.bound.items():
            for column, value in demands.items():
                name = f"b{number}_{len(selected)}"
                selected.append(f"{value.text} AS {name}")
                bound[number][column] = Sql(f"{alias}.{name}", frozenset({alias}))
        text = _select(distinct + (", ".join(selected) or "1"), relation.items, [c.text for c in relation.conditions])
        cells = tuple(
            Sql(f"{alias}.{name}", frozenset({alias})) if isinstance(cell, Sql) else cell
            for cell, name in zip(relation.cells, names, strict=True)
        )
        item = _Item(f"({text}) AS {alias}", alias, _reads(relation.items))
        return _Relation((item,), (), cells, bound, exact=relation.exact, ragged=relation.ragged)

    def _selected(self, relation: _Relation, names: Sequence[str]) -> str:
        pairs = zip(relation.cells, names, strict=False)
        selected = ", ".join(f"{cell.text} AS {name}" for cell, name in pairs if isinstance(cell, Sql))
        return _select(selected or "1", relation.items, [c.text for c in relation.conditions])

    def _alias(self) -> str:
        return f"d{next(self._numbers)}"


_Reader = Callable[[RelationReader, Node], _Relation]
_Join = Callable[[RelationReader, _Relation, _Relation, Sequence[Node]], _Relation]

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
    "LOGICAL_ANY_JOIN": RelationReader._any_join,
    "LOGICAL_CROSS_PRODUCT": RelationReader._product,
    "LOGICAL_DELIM_GET": RelationReader._delim_get,
    "LOGICAL_UNION": RelationReader._union,
    "LOGICAL_EXCEPT": RelationReader._either,
    "LOGICAL_INTERSECT": RelationReader._either,
    "LOGICAL_MATERIALIZED_CTE": RelationReader._common_table,
    "LOGICAL_CTE_REF": RelationReader._common_table_reference,
}

_JOINS: Mapping[str, _Join] = {
    "INNER": RelationReader._inner,
    "SEMI": RelationReader._semi,
    "ANTI": RelationReader._anti,
    "LEFT": RelationReader._left,
    "SINGLE": RelationReader._left,
    "RIGHT": RelationReader._right,
    "RIGHT_SEMI": RelationReader._right_semi,
    "RIGHT_ANTI": RelationReader._right_anti,
}


_OPERATORS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}


def _select(selected: str, items: Sequence[_Item], conditions: Sequence[str]) -> str:
    tables = f" FROM {', '.join(item.text for item in items)}" if items else ""
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {selected}{tables}{where}"


def _reads(items: Iterable[_Item]) -> frozenset[int]:
    return frozenset[int]().union(*(item.reads for item in items))


def _conditions(join: Node, width: int) -> Sequence[Node]:
    """A join's conditions as expressions over the columns of the left side, of which there are ``width``, and right."""
    return [
        {"type": condition.get("comparison"), "children": [condition["left"], _moved(condition["right"], width)]}
        if "right" in condition
        else cast("Node", condition.get("left") or condition)  # no comparison of the two sides: over both already
        for condition in nodes(join, "conditions")
    ]


def _turned(conditions: Sequence[Node], left: _Relation, right: _Relation) -> Sequence[Node]:
    """The conditions as expressions over the columns of the right side, and left."""
    width = len(left.cells)
    return [cast("Node", _at(c, lambda n: n - width if n >= width else n + len(right.cells))) for c in conditions]


def _moved(part: object, width: int) -> object:
    return _at(part, lambda number: number + width)


def _at(part: object, place: Callable[[int], int]) -> object:
    """The expression where the column that was the nth is the ``place(n)``th."""
    if isinstance(part, Mapping):
        moved = {key: _at(value, place) for key, value in part.items()}
        if part.get("type") == "BOUND_REF":
            moved["index"] = place(cast("int", part.get("index", 0)))
        return moved
    return [_at(member, place) for member in part] if isinstance(part, list) else part


def _alternatives(cells: Sequence[Cell]) -> Pending | None:
    """What a column is where several branches give it, as far as it is not known yet."""
    columns = frozenset(column for cell in cells if isinstance(cell, Pending) for column in cell.columns)
    return Pending(columns) if columns else None


def _only_of(cell: Pending | None, scans: frozenset[int]) -> Pending | None:
    columns = frozenset(column for column in cell.columns if column[0] in scans) if cell else frozenset()
    return Pending(columns) if columns else None


def _positional(node: Node) -> Node:
    """The operator with columns referred to by position, where the plan has left them referred to by table.

    The engine resolves no references below a function in FROM.
    """
    children = [_positional(child) for child in nodes(node, "children")]
    if len(children) != 1:
        return {**node, "children": children}
    named = {key: _by_position(value, children[0]) for key, value in node.items() if key in ("expressions", "groups")}
    return {**node, **named, "children": children}


def _by_position(part: object, child: Node) -> object:
    if isinstance(part, list):
        return [_by_position(member, child) for member in part]
    if not isinstance(part, Mapping):
        return part
    if part.get("type") != "BOUND_COLUMN_REF":
        return {key: _by_position(value, child) for key, value in part.items()}
    binding = cast("Node", part.get("binding") or {})
    table, column = binding.get("table_index", 0), cast("int", binding.get("column_index", 0))
    match child.get("type"):
        case "LOGICAL_PROJECTION" | "LOGICAL_CTE_REF" if child.get("table_index", 0) == table:
            return {**part, "type": "BOUND_REF", "index": column}
        case "LOGICAL_AGGREGATE_AND_GROUP_BY" if child.get("group_index") == table:
            return {**part, "type": "BOUND_REF", "index": column}
    return part


def _unpacked(join: Node) -> Node:
    """A join with a list of rows, ``(a, b) IN (('x', 'y'), …)``, as one with a column for each part of them."""
    sides, conditions = nodes(join, "children"), nodes(join, "conditions")
    if len(sides) != 2 or len(conditions) != 1 or sides[1].get("type") != "LOGICAL_CHUNK_GET":
        return join
    parts = nodes(cast("Node", conditions[0].get("left") or {}), "children")
    types = [cast("Node", t.get("type_info") or {}) for t in nodes(sides[1], "chunk_types")]
    members = [cast("Node", entry.get("second") or {}) for info in types for entry in nodes(info, "child_types")]
    collection = cast("Node", sides[1].get("collection") or {})
    columns = cast("Sequence[Sequence[Node]]", collection.get("values") or ())
    rows = [nodes(cast("Node", row.get("value") or {}), "children") for column in columns for row in column]
    if len(types) != 1 or len(parts) != len(members) or not parts or any(len(row) != len(parts) for row in rows):
        return join
    values = [[{**row[n], "type": member} for row in rows] for n, member in enumerate(members)]
    unpacked = {**sides[1], "chunk_types": members, "collection": {**collection, "types": members, "values": values}}
    equal = [
        {**conditions[0], "left": part, "right": {"type": "BOUND_REF", "index": number}}
        for number, part in enumerate(parts)
    ]
    return {**join, "children": [sides[0], unpacked], "conditions": equal}
