"""Reads the engine's optimized logical plan: which raw tables are scanned, and with which predicates.

The plan's JSON is not a stable interface of DuckDB. This module is the only one that knows it; whatever it does not
recognize it takes for a predicate that says nothing, so a change of the format costs calls, never rows.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import and_
from typing import cast

from ccdbapi.engine.domain import ANYTHING, NOTHING, Domain, union
from ccdbapi.engine.expressions import Node, integers, main_reference, nodes
from ccdbapi.engine.relation import ONE_TEXT, Types

#: Beyond this, not every whole number is a DOUBLE.
_EXACT = 2.0**53


@dataclass(slots=True)
class Scan:
    """One reading of a raw table in a statement, which has a ``number``.

    ``columns`` are those that the statement needs, ``domain`` holds the rows that its predicates allow, ``enough`` is
    how many of these rows a LIMIT above needs at most, None where all are read, and ``shared`` tells that several parts
    of the statement use it: the engine is free to read it once for each of them.
    """

    number: int
    table: str
    columns: frozenset[str]
    domain: Domain
    enough: int | None
    shared: bool = False

    @property
    def may_stop_early(self) -> bool:
        """Whether a LIMIT may leave rows unread."""
        return self.enough is not None


@dataclass(slots=True)
class _Output:
    """What an operator hands on that keeps the rows of one scan: the scan's columns, None for what is computed."""

    scan: Scan | None = None
    columns: list[str | None] = field(default_factory=list)
    types: Types = field(default_factory=dict)

    def pick(self, positions: Sequence[int]) -> _Output:
        """The columns at ``positions``. The engine writes no positions where it keeps all columns."""
        return replace(self, columns=[self.column(position) for position in positions]) if positions else self

    def column(self, position: int) -> str | None:
        return self.columns[position] if position < len(self.columns) else None


_OPAQUE = _Output()


@dataclass(slots=True)
class _Scans:
    """The scans that are found, in tables whose columns have these types."""

    types: Mapping[str, Types]
    found: list[Scan] = field(default_factory=list)
    main_references: dict[object, _Output] = field(default_factory=dict)
    folded: bool = False


def read_plan(plan: Node, types: Mapping[str, Types]) -> tuple[Scan, ...]:
    """The scans of tables in an optimized logical plan, in the plan's order. ``types`` are those of the raw tables."""
    scans = _Scans(types)
    _read(plan, scans, enough=None)
    if scans.folded:
        # Scans that cannot give a row are not in the plan, but the engine may make them when it runs.
        for scan in scans.found:
            scan.shared = True
    return tuple(scans.found)


def _read(node: Node, scans: _Scans, *, enough: int | None) -> _Output:
    """Appends the scans below ``node``. Something above may stop after it has read ``enough`` rows; None if nothing."""
    children = nodes(node, "children")
    match node.get("type"), children:
        case "LOGICAL_GET", _:
            return _read_get(node, scans, enough=enough)
        case "LOGICAL_FILTER", [child]:
            before = len(scans.found)
            below = _read(child, scans, enough=enough)
            if below.scan is None or not all(map(_names_values, nodes(node, "expressions"))):
                for scan in scans.found[before:]:
                    scan.enough = _unknown(scan.enough)
            if below.scan is not None:
                domains = (_domain(expression, below) for expression in nodes(node, "expressions"))
                below.scan.domain = reduce(and_, domains, below.scan.domain)
            return below.pick(integers(node, "projection_map"))
        case "LOGICAL_PROJECTION", [child]:
            below = _read(child, scans, enough=enough)
            return replace(below, columns=[_reference(part, below) for part in nodes(node, "expressions")])
        case "LOGICAL_COMPARISON_JOIN", [left, right] if node.get("join_type") == "MARK":
            # Every row of the left side is kept as it is; the mark comes as one more column.
            below = _read(left, scans, enough=enough)
            _read(right, scans, enough=None)
            kept = below.pick(integers(node, "left_projection_map"))
            return replace(kept, columns=[*kept.columns, None])
        case "LOGICAL_COMPARISON_JOIN" | "LOGICAL_ANY_JOIN" | "LOGICAL_CROSS_PRODUCT", [left, right]:
            # The right side is read whole before the first row of the left.
            _read(left, scans, enough=_unknown(enough))
            _read(right, scans, enough=None)
        case "LOGICAL_MATERIALIZED_CTE", [definition, query]:
            before = len(scans.found)
            output = _read(definition, scans, enough=None)
            for scan in scans.found[before:]:
                scan.shared = True
            main = main_reference(node)
            if main is not None:
                scans.main_references[main] = output
            _read(query, scans, enough=enough)
        case "LOGICAL_EMPTY_RESULT", _:
            scans.folded = True
        case "LOGICAL_CTE_REF", _:
            return scans.main_references.get(node.get("table_index", 0), _OPAQUE)
        case "LOGICAL_LIMIT", _:
            for child in children:
                _read(child, scans, enough=_least(enough, _rows_of(node)))
        case "LOGICAL_UNION", _:
            for child in children:
                _read(child, scans, enough=enough)
        case _:
            for child in children:
                _read(child, scans, enough=None)
    return _OPAQUE


def _unknown(enough: int | None) -> int | None:
    """Of what is filtered, it may take any number of rows to give ``enough``."""
    return None if enough is None else sys.maxsize


def _least(enough: int | None, rows: int) -> int:
    return rows if enough is None else min(enough, rows)


def _rows_of(limit: Node) -> int:
    """How many rows a LIMIT reads at most."""
    values = [cast("Node", limit.get(key) or {}) for key in ("limit_val", "offset_val")]
    if any(value.get("type") not in ("CONSTANT_VALUE", "UNSET") for value in values):
        return sys.maxsize
    rows = [cast("int", value.get("constant_integer", 0)) for value in values]
    return sys.maxsize if values[0].get("type") == "UNSET" else sum(rows)


def _is_met(entry: Node) -> bool:
    """Whether whatever is fetched for a scan meets this filter, which was pushed into it: it names the values."""
    match str(entry.get("filter_type", "")).removeprefix("LEGACY_"):
        case "CONSTANT_COMPARISON":
            return entry.get("comparison_type") == "COMPARE_EQUAL"
        case "IN_FILTER":
            return True
        case "OPTIONAL_FILTER":
            return _is_met(cast("Node", entry.get("child_filter") or {}))
        case "EXPRESSION_FILTER":
            return _names_values(cast("Node", entry.get("expr") or {}))
    return False


def _names_values(expression: Node) -> bool:
    kind, children = expression.get("type"), nodes(expression, "children")
    if children and kind in ("CONJUNCTION_OR", "CONJUNCTION_AND"):
        return all(map(_names_values, children))
    constants = all(child.get("type") == "VALUE_CONSTANT" for child in children[1:])
    named = bool(children) and children[0].get("type") == "BOUND_REF"
    return kind in ("COMPARE_EQUAL", "COMPARE_IN") and constants and named


def _read_get(node: Node, scans: _Scans, *, enough: int | None) -> _Output:
    table = cast("Node", node.get("function_data") or {}).get("table")
    if not isinstance(table, str):  # a table function, whose input may hold scans
        for child in nodes(node, "children"):
            _read(child, scans, enough=enough)
        return _OPAQUE
    names = cast("Sequence[str]", node.get("names", ()))
    indexes = [cast("int", column.get("index", 0)) for column in nodes(node, "column_indexes")]
    # A row id, which count(*) reads, has an index beyond the table's columns.
    columns = [names[index] if index < len(names) else None for index in indexes]
    scan = Scan(cast("int", node.get("table_index", 0)), table, frozenset(filter(None, columns)), ANYTHING, enough)
    read = _Output(scan, columns, scans.types.get(table, {}))
    filters = cast("Node", node.get("table_filters") or {})
    met = all(_is_met(cast("Node", entry.get("value") or {})) for entry in nodes(filters, "filters"))
    if not met or nodes(filters, "multi_column_filters"):
        scan.enough = _unknown(enough)
    by_position = read if node.get("table_filters_by_projection") else replace(read, columns=list(names))
    for entry in nodes(filters, "filters"):
        column = by_position.column(cast("int", entry.get("key", 0)))
        if column is not None:
            scan.domain &= _filter_domain(cast("Node", entry.get("value", {})), read, column)
    for entry in nodes(filters, "multi_column_filters"):
        referenced = by_position.pick(integers(entry, "column_indexes"))
        scan.domain &= _domain(cast("Node", entry.get("expr", {})), referenced)
    scans.found.append(scan)
    return read.pick(integers(node, "projection_ids"))


def _filter_domain(entry: Node, read: _Output, column: str) -> Domain:
    """The domain of a filter that was pushed into the scan, on one of the columns that are read."""
    match str(entry.get("filter_type", "")).removeprefix("LEGACY_"):
        case "CONSTANT_COMPARISON" if entry.get("comparison_type") == "COMPARE_EQUAL":
            return _is(column, cast("Node", entry.get("constant") or {}))
        case "IN_FILTER":
            return _one_of(column, nodes(entry, "values"))
        case "OPTIONAL_FILTER":  # the engine need not apply it, but it holds for every row of the answer
            return _filter_domain(cast("Node", entry.get("child_filter") or {}), read, column)
        case "CONJUNCTION_AND":
            parts = (_filter_domain(child, read, column) for child in nodes(entry, "child_filters"))
            return reduce(and_, parts, ANYTHING)
        case "CONJUNCTION_OR":
            return _any([_filter_domain(child, read, column) for child in nodes(entry, "child_filters")])
        case "EXPRESSION_FILTER":
            return _domain(cast("Node", entry.get("expr") or {}), replace(read, columns=[column]))
    return ANYTHING


def _domain(expression: Node, below: _Output) -> Domain:
    """The rows for which ``expression`` can be true; ``below`` tells what its references are."""
    children = nodes(expression, "children")
    match expression.get("type"), children:
        case "CONJUNCTION_AND", _:
            return reduce(and_, (_domain(child, below) for child in children), ANYTHING)
        case "CONJUNCTION_OR", _:
            return _any([_domain(child, below) for child in children])
        case "COMPARE_EQUAL" | "COMPARE_NOT_DISTINCT_FROM", [left, right]:
            return _equality(left, right, below) & _equality(right, left, below)
        case "COMPARE_IN", [tested, *values]:
            column = _reference(tested, below)
            constants = [cast("Node", value.get("value") or {}) for value in values]
            return ANYTHING if column is None else _one_of(column, constants)
        case "VALUE_CONSTANT", _ if cast("Node", expression.get("value") or {}).get("value") is False:
            return NOTHING
    return ANYTHING


def _equality(tested: Node, constant: Node, below: _Output) -> Domain:
    if constant.get("type") != "VALUE_CONSTANT":
        return ANYTHING
    value = cast("Node", constant.get("value") or {})
    column = _reference(tested, below)
    if column is not None:
        return _is(column, value)
    if _function_name(tested) == "row":
        # A pair of columns against a pair of values: every part has to be equal.
        parts = nodes(cast("Node", value.get("value") or {}), "children")
        columns = [_reference(child, below) for child in nodes(tested, "children")]
        pairs = zip(columns, parts, strict=True) if len(parts) == len(columns) else ()
        return reduce(and_, (_is(name, part) for name, part in pairs if name is not None), ANYTHING)
    return ANYTHING


def _is(column: str, constant: Node) -> Domain:
    """``column`` is ``constant``, a value as the plan writes it."""
    text = _text(constant.get("value"))
    return ANYTHING if text is None else Domain.of(column, [text])


def _one_of(column: str, constants: Sequence[Node]) -> Domain:
    """``column`` equals one of ``constants``. Nothing equals NULL."""
    values = [_text(constant.get("value")) for constant in constants if constant.get("is_null") is not True]
    texts = [text for text in values if text is not None]
    return Domain.of(column, texts) if constants and len(texts) == len(values) else ANYTHING


def _text(value: object) -> str | None:
    """The text that stands for the value in a raw table, as JSON has it but for strings; None where it is not clear."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) <= _EXACT:
            return str(int(value))
        case float() if not math.isfinite(value):
            return None
        case int() | float():
            return repr(value)
    return None


def _any(domains: Sequence[Domain]) -> Domain:
    """The rows that are in one of ``domains``. None at all were not found where they are looked for."""
    return union(domains) if domains else ANYTHING


def _reference(expression: Node, below: _Output) -> str | None:
    """The scan's column that an expression is, None if it is anything else."""
    match expression.get("type"), nodes(expression, "children"):
        case "BOUND_REF", _:
            return below.column(cast("int", expression.get("index", 0)))
        case "OPERATOR_CAST", [child]:
            # The cast by which a view gives the column its type.
            column = _reference(child, below)
            sql_type = _type_name(cast("Node", expression.get("return_type") or {}))
            return column if column and sql_type in ONE_TEXT and below.types.get(column) == sql_type else None
    return None


def _type_name(sql_type: Node) -> object:
    """The type's alias (``JSON``), if it has one, else its name."""
    return cast("Node", sql_type.get("type_info") or {}).get("alias") or sql_type.get("id")


def _function_name(expression: Node) -> str | None:
    path = cast("Node", expression.get("qname") or {}).get("path")
    return str(path[-1]) if isinstance(path, list) and path else None
