"""Reads the engine's syntax tree of a query: which tables it names, before anything is known of them."""

from __future__ import annotations

from collections.abc import Iterator


def table_references(tree: object) -> set[tuple[str, ...]]:
    """The names, in parts, of the tables in the tree that ``json_serialize_sql`` gives; those of its CTEs left out."""
    nodes = list(_nodes(tree))
    named = {str(entry.get("key")).lower() for node in nodes for entry in _entries(node.get("cte_map"))}
    references = {_parts(node) for node in nodes if node.get("type") == "BASE_TABLE"}
    return {parts for parts in references if len(parts) > 1 or parts[0].lower() not in named}


def _nodes(tree: object) -> Iterator[dict[str, object]]:
    if isinstance(tree, dict):
        yield tree
    members = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for member in members:
        yield from _nodes(member)


def _entries(cte_map: object) -> list[dict[str, object]]:
    entries = cte_map.get("map") if isinstance(cte_map, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _parts(node: dict[str, object]) -> tuple[str, ...]:
    names = (node.get("catalog_name"), node.get("schema_name"), node.get("table_name"))
    return tuple(name for name in names if isinstance(name, str) and name)
