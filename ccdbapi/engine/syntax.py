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
    for node in _nodes(tree, without="SUBQUERY"):
        offset = node.get("query_location")
        if node.get("class") == "STAR" and node.get("expr") is None and isinstance(offset, int):
            yield offset


def row_functions(tree: object, aggregates: Collection[str]) -> Iterator[RowFunction]:
    """The functions of the tree that are of several rows; those within its subqueries left out."""
    for node in _nodes(tree, without="SUBQUERY"):
        kind, name = node.get("class"), str(node.get("function_name"))
        offset = node.get("query_location")
        place = offset if isinstance(offset, int) else 0
        if kind == "WINDOW":
            yield RowFunction("window function", name, place)
        elif kind == "FUNCTION" and name.lower() in aggregates:
            yield RowFunction("aggregate", name.removesuffix("_star"), place)
        elif kind == "FUNCTION" and name.lower() in _UNNEST:
            yield RowFunction("function", name, place)


def _nodes(tree: object, *, without: str = "") -> Iterator[dict[str, object]]:
    """The nodes of the tree, but those of the class ``without`` and what is below them."""
    if isinstance(tree, dict):
        if without and tree.get("class") == without:
            return
        yield tree
    for member in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(member, without=without)


def _entries(cte_map: object) -> list[dict[str, object]]:
    entries = cte_map.get("map") if isinstance(cte_map, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _parts(node: dict[str, object]) -> tuple[str, ...]:
    names = (node.get("catalog_name"), node.get("schema_name"), node.get("table_name"))
    return tuple(name for name in names if isinstance(name, str) and name)
