"""Reads the leaves of the engine's plan as relations: scans of tables, read or not, and lists of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from ccdbapi.engine.algebra import Algebra
from ccdbapi.engine.expressions import COMPARISONS, Cell, Node, Pending, Sql, column_of, integers, nodes
from ccdbapi.engine.relation import Item, Relation, Types, scan_name
from ccdbapi.engine.view import quote_identifier, quote_literal


class LeafReader:
    """Reads leaves for `RelationReader`, where see the arguments."""

    def __init__(
        self,
        algebra: Algebra,
        types: Mapping[str, Types],
        readable: frozenset[int],
        candidates: Mapping[int, tuple[Sequence[str], Sequence[Sequence[str]]]],
    ) -> None:
        self._algebra = algebra
        self._types = types
        self._readable = readable
        self._candidates = candidates

    def get(self, node: Node, table: str) -> Relation:
        """A scan of ``table``."""
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
                name = cast(
                    "Mapping[str, Sequence[str]]", cast("Node", node["function_data"]).get("qualified_name") or {}
                )
                source = ".".join(quote_identifier(part) for part in name.get("path", (table,)))
            cells = [column_of(alias, quote_identifier(c)) if c else None for c in columns]
            item = Item(f"{source} AS {alias}", alias, frozenset({number} if raw else ()))
            relation = Relation((item,), (), tuple(cells))
        return self._filtered_get(node, relation, names).pick(integers(node, "projection_ids"))

    def _unread(self, number: int, table: str, columns: Sequence[str | None]) -> Relation:
        self._algebra.scan_types[number] = self._types[table]
        given, rows = self._candidates.get(number, ((), ()))
        cells: list[Cell] = []
        alias = f"c{number}"
        for column in columns:
            if column is None:
                cells.append(None)
            elif column in given:
                cells.append(column_of(alias, quote_identifier(column)))
            else:
                cells.append(Pending(frozenset({(number, column)})))
        items: tuple[Item, ...] = ()
        demands: dict[str, Sql] = {}
        if given:
            values = ", ".join(f"({', '.join(map(quote_literal, row))})" for row in rows)
            names = ", ".join(map(quote_identifier, given))
            items = (Item(f"(VALUES {values}) AS {alias}({names})", alias),)
            demands = {c: column_of(alias, quote_identifier(c)) for c in given}
        return Relation(items, (), tuple(cells), {number: demands}, exact=False)

    def _filtered_get(self, node: Node, relation: Relation, names: Sequence[str]) -> Relation:
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
            if (
                constant is not None
                and isinstance(cell, Pending)
                and all(self._algebra.is_text(*c) for c in cell.columns)
            ):
                relation = self._algebra.equal(relation, cell, Sql(constant))
                continue
            condition = self._column_filter(cast("Node", entry.get("value") or {}), cell)
            relation = self._algebra.where(relation, condition)
        for entry in nodes(filters, "multi_column_filters"):
            columns = by_position.pick(integers(entry, "column_indexes")).cells
            relation = self._algebra.where(
                relation, self._algebra.writer.write(cast("Node", entry.get("expr") or {}), columns)
            )
        return relation

    def _constant_of(self, entry: Node) -> str | None:
        """The constant that a filter on one column asks for."""
        if not str(entry.get("filter_type", "")).endswith("CONSTANT_COMPARISON"):
            return None
        equal = entry.get("comparison_type") == "COMPARE_EQUAL"
        return self._algebra.writer.constant(cast("Node", entry.get("constant") or {})) if equal else None

    def _column_filter(self, entry: Node, cell: Cell) -> Sql | None:
        """A filter that was pushed into the scan, on one of its columns."""
        if not isinstance(cell, Sql):
            return None
        kind = str(entry.get("filter_type", "")).removeprefix("LEGACY_")
        match kind:
            case "CONSTANT_COMPARISON":
                constant = self._algebra.writer.constant(cast("Node", entry.get("constant") or {}))
                operator = COMPARISONS.get(str(entry.get("comparison_type")))
                return Sql(f"({cell.text} {operator} {constant})", cell.tables) if constant and operator else None
            case "IS_NOT_NULL" | "IS_NULL":
                return Sql(f"({cell.text} {kind.replace('_', ' ')})", cell.tables)
            case "IN_FILTER":
                constants = [self._algebra.writer.constant(value) for value in nodes(entry, "values")]
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
                return self._algebra.writer.write(cast("Node", entry.get("expr") or {}), [cell])
        return None

    def values(self, node: Node) -> Relation:
        """VALUES."""
        lists = node.get("expressions")
        rows = [
            [self._algebra.writer.write(cell, ()) for cell in row]
            for row in cast("Sequence[Sequence[Node]]", lists or ())
        ]
        return self._algebra.table_of([[None if cell is None else cell.text for cell in row] for row in rows])

    def chunk(self, node: Node) -> Relation:
        """The values of a long IN, which the engine has put into a table."""
        collection = cast("Node", node.get("collection") or {})
        columns = cast("Sequence[Sequence[Node]]", collection.get("values") or ())
        return self._algebra.table_of(
            list(zip(*([self._algebra.writer.constant(v) for v in column] for column in columns), strict=True))
        )
