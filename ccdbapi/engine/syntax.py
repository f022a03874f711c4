"""Reads the engine's syntax tree of a query: which tables it names, before anything is known of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

#: The function that makes several rows of one, by its names.
_UNNEST = frozenset({"unnest", "unlist"})


class RowFunction(NamedTuple):
    """A function that is of several rows at once, or makes several of one; ``offset`` in the text, in bytes."""

    kind: str
    name: str
    offset: int


def table_references(tree: object) -> set[tuple[str, ...]]:
    """The names, in parts, of the tables in the tree that ``json_serialize_sql`` gives; those of its CTEs left out."""
    nodes = list(_nodes(tree))
    named = {str(entry.get("key")).lower() for node in nodes for entry in _entries(node.get("cte_map"))}
    references = {_parts(node) for node in nodes if node.get("type") == "BASE_TABLE"}
    return {parts for parts in references if len(parts) > 1 or parts[0].lower() not in named}


def stars(tree: object) -> Iterator[int]:
    """Where in the text, in bytes, each ``*`` and ``t.*`` of the tree begins; those within its subqueries left out."""
    if isinstance(tree, dict):
        if tree.get("class") == "SUBQUERY":
            return
        offset = tree.get("query_location")
        if tree.get("class") == "STAR" and tree.get("expr") is None and isinstance(offset, int):
            yield offset
    for member in _members(tree):
        yield from stars(member)


def row_functions(tree: object, aggregates: Collection[str]) -> Iterator[RowFunction]:
    """The functions of the tree that are of several rows; those within its subqueries left out."""
    if isinstance(tree, dict):
        kind, name = tree.get("class"), str(tree.get("function_name"))
        offset = tree.get("query_location")
        place = offset if isinstance(offset, int) else 0
        if kind == "SUBQUERY":
            return
        if kind == "WINDOW":
            yield RowFunction("window function", name, place)
        elif kind == "FUNCTION" and name.lower() in aggregates:
            yield RowFunction("aggregate", name.removesuffix("_star"), place)
        elif kind == "FUNCTION" and name.lower() in _UNNEST:
            yield RowFunction("function", name, place)
    for member in _members(tree):
        yield from row_functions(member, aggregates)


def _nodes(tree: object) -> Iterator[dict[str, object]]:
    if isinstance(tree, dict):
        yield tree
    for member in _members(tree):
        yield from _nodes(member)


def _members(tree: object) -> Collection[object]:
    return tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()


def _entries(cte_map: object) -> list[dict[str, object]]:
    entries = cte_map.get("map") if isinstance(cte_map, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _parts(node: dict[str, object]) -> tuple[str, ...]:
    names = (node.get("catalog_name"), node.get("schema_name"), node.get("table_name"))
    return tuple(name for name in names if isinstance(name, str) and name)
