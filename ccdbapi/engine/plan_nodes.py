"""Rewrites nodes of the engine's plan, so that all that reads them finds one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from ccdbapi.engine.expressions import Node, conjuncts, nodes


def conditions_of(join: Node, width: int) -> Sequence[Node]:
    """A join's conditions as expressions over the columns of the left side, of which there are ``width``, and right."""
    whole = join.get("condition")  # of a join without an equality
    if isinstance(whole, Mapping):
        return list(conjuncts([whole]))
    return [
        {"type": condition.get("comparison"), "children": [condition["left"], _moved(condition["right"], width)]}
        if "right" in condition
        else cast("Node", condition.get("left") or condition)  # no comparison of the two sides: over both already
        for condition in nodes(join, "conditions")
    ]


def turned(conditions: Sequence[Node], left: int, right: int) -> Sequence[Node]:
    """The conditions as expressions over the columns of the right side, of which there are ``right``, and left."""
    return [cast("Node", _at(c, lambda n: n - left if n >= left else n + right)) for c in conditions]


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


def positional(node: Node) -> Node:
    """The operator with columns referred to by position, where the plan has left them referred to by table.

    The engine resolves no references below a function in FROM.
    """
    children = [positional(child) for child in nodes(node, "children")]
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


def unpacked(join: Node) -> Node:
    """A join with a list of rows, ``(a, b) IN (('x', 'y'), …)``, as one with a column for each part of them."""
    sides, conditions = nodes(join, "children"), nodes(join, "conditions")
    if len(sides) != 2 or len(conditions) != 1 or sides[1].get("type") != "LOGICAL_CHUNK_GET":
        return join
    parts = nodes(cast("Node", conditions[0].get("left") or {}), "children")
    types = [cast("Node", t.get("type_info") or {}) for t in nodes(sides[1], "chunk_types")]
    members = [cast("Node", entry.get("second") or {}) for info in types for entry in nodes(info, "child_types")]
    if len(types) != 1 or len(parts) != len(members) or not parts:
        return join
    collection = cast("Node", sides[1].get("collection") or {})
    columns = cast("Sequence[Sequence[Node]]", collection.get("values") or ())
    rows = [nodes(cast("Node", row.get("value") or {}), "children") for column in columns for row in column]
    if any(len(row) != len(parts) for row in rows):
        return join
    values = [[{**row[n], "type": member} for row in rows] for n, member in enumerate(members)]
    unpacked = {**sides[1], "chunk_types": members, "collection": {**collection, "types": members, "values": values}}
    equal = [
        {**conditions[0], "left": part, "right": {"type": "BOUND_REF", "index": number}}
        for number, part in enumerate(parts)
    ]
    return {**join, "children": [sides[0], unpacked], "conditions": equal}
