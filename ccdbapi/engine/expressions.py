"""Writes expressions of the engine's plan as SQL again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from ccdbapi.engine.view import quote_identifier

#: A node of the plan, as its JSON has it.
Node = Mapping[str, object]


class Sql(NamedTuple):
    """An expression as SQL, and the aliases of the tables that it is over."""

    text: str
    tables: frozenset[str] = frozenset()


def column_of(table: str, column: str) -> Sql:
    """The column, as SQL names it, of the table with the alias ``table``."""
    return Sql(f"{table}.{column}", frozenset({table}))


@dataclass(frozen=True, slots=True)
class Pending:
    """A column whose values are not known yet: it is each of these columns of scans that have still to be read."""

    columns: frozenset[tuple[int, str]]


#: What a column of an operator's output is; None where it cannot be told.
Cell = Sql | Pending | None

#: Types that SQL can name by what the plan calls them.
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
_SIMPLE_TYPES = frozenset(
    {"BOOLEAN", "HUGEINT", "UHUGEINT", "VARCHAR", "BLOB", "DATE", "TIME", "TIMESTAMP", "UUID", "INTERVAL"}
).union(_INTEGERS, _FLOATS)

#: Comparisons as the plan names them → in SQL.
COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}
_CONJUNCTIONS = {"CONJUNCTION_AND": " AND ", "CONJUNCTION_OR": " OR "}
_POSTFIX = {"OPERATOR_IS_NULL": "IS NULL", "OPERATOR_IS_NOT_NULL": "IS NOT NULL"}
_MEMBERSHIP = {"COMPARE_IN": "IN", "COMPARE_NOT_IN": "NOT IN"}

#: Functions whose value is not told by their arguments.
_VOLATILE = frozenset(
    {
        "currval",
        "error",
        "gen_random_uuid",
        "get_current_time",
        "get_current_timestamp",
        "getvariable",
        "nextval",
        "now",
        "random",
        "setseed",
        "setval",
        "sleep_ms",
        "stats",
        "today",
        "transaction_timestamp",
        "txid_current",
        "uuid",
        "uuidv4",
        "uuidv7",
        "write_log",
    }
)
_SYSTEM = ["system", "main"]


class ExpressionWriter:
    """Writes expressions over columns that are ``Cell``; ``bind`` gives the SQL that stands for a text.

    A failing cast gives NULL here: the user's own statement raises it, if it comes to that.
    """

    def __init__(self, bind: Callable[[str], str]) -> None:
        self._bind = bind

    def write(self, expression: Node, columns: Sequence[Cell]) -> Sql | None:
        """The expression as SQL; None if it is not over known columns alone, or of a kind that is not known here."""
        kind = str(expression.get("type"))
        if kind == "BOUND_REF":
            cell = reference(expression, columns)
            return cell if isinstance(cell, Sql) else None
        if kind == "VALUE_CONSTANT":
            text = self.constant(cast("Node", expression.get("value") or {}))
            return None if text is None else Sql(text)
        if kind == "CASE_EXPR":
            return self._case(expression, columns)
        parts = [self.write(child, columns) for child in nodes(expression, "children")]
        known = [part for part in parts if part is not None]
        if not parts or len(known) < len(parts):
            return None
        text = self._operation(kind, expression, [part.text for part in known])
        return None if text is None else Sql(text, frozenset[str]().union(*(part.tables for part in known)))

    def constant(self, value: Node) -> str | None:
        """A value of the plan as SQL."""
        sql_type = type_name(cast("Node", value.get("type") or {}))
        if sql_type is None:
            return "NULL" if value.get("is_null") is True else None
        if value.get("is_null") is True:
            return f"CAST(NULL AS {sql_type})"
        return self._literal(value.get("value"), sql_type)

    def _literal(self, value: object, sql_type: str) -> str | None:
        match value:
            case None | str() if sql_type in ("VARCHAR", "JSON"):
                text = self._bind(value or "")  # the plan leaves empty texts out
                return text if sql_type == "VARCHAR" else f"CAST({text} AS JSON)"
            case bool() if sql_type == "BOOLEAN":
                return "true" if value else "false"
            case int() if sql_type in _INTEGERS:
                return f"CAST({value} AS {sql_type})"
            case int() | float() if sql_type in _FLOATS and math.isfinite(value):
                return f"CAST({value!r} AS {sql_type})"
            case {"children": [*members]} if sql_type.endswith("[]"):
                texts = [
                    "NULL" if member.get("is_null") is True else self._literal(member.get("value"), sql_type[:-2])
                    for member in cast("Sequence[Node]", members)
                ]
                if all(text is not None for text in texts):
                    return f"CAST([{', '.join(map(str, texts))}] AS {sql_type})"
        return None

    def _case(self, expression: Node, columns: Sequence[Cell]) -> Sql | None:
        pairs = [(_node(check, "when_expr"), _node(check, "then_expr")) for check in nodes(expression, "case_checks")]
        written = [(self.write(when, columns), self.write(then, columns)) for when, then in pairs]
        otherwise = self.write(_node(expression, "else_expr"), columns)
        if otherwise is None or not written:
            return None
        text, tables = "CASE", otherwise.tables
        for when, then in written:
            if when is None or then is None:
                return None
            text += f" WHEN {when.text} THEN {then.text}"
            tables |= when.tables | then.tables
        return Sql(f"{text} ELSE {otherwise.text} END", tables)

    def _operation(self, kind: str, expression: Node, parts: Sequence[str]) -> str | None:
        if kind in COMPARISONS and len(parts) == 2:
            return f"({parts[0]} {COMPARISONS[kind]} {parts[1]})"
        if kind in _CONJUNCTIONS:
            return f"({_CONJUNCTIONS[kind].join(parts)})"
        if kind in _POSTFIX:
            return f"({parts[0]} {_POSTFIX[kind]})"
        if kind in _MEMBERSHIP:
            return f"({parts[0]} {_MEMBERSHIP[kind]} ({', '.join(parts[1:])}))"
        if kind == "OPERATOR_NOT":
            return f"(NOT {parts[0]})"
        if kind == "OPERATOR_COALESCE":
            return f"coalesce({', '.join(parts)})"
        if kind == "OPERATOR_CAST":
            sql_type = type_name(_node(expression, "return_type"))
            return None if sql_type is None else f"TRY_CAST({parts[0]} AS {sql_type})"
        if kind == "BOUND_FUNCTION":
            name = _plain_function(expression)
            return None if name is None else f"system.main.{quote_identifier(name)}({', '.join(parts)})"
        return None


def reference(expression: Node, columns: Sequence[Cell]) -> Cell:
    """The column that a reference is to."""
    index = cast("int", expression.get("index", 0))
    return columns[index] if index < len(columns) else None


def type_name(sql_type: Node) -> str | None:
    """The SQL name of a type, by its alias if it has one; None for one that is not known here."""
    info = _node(sql_type, "type_info")
    name = info.get("alias") or sql_type.get("id")
    if name == "LIST":
        member = type_name(_node(info, "child_type"))
        return None if member is None else f"{member}[]"
    if name == "DECIMAL":
        return f"DECIMAL({info.get('width', 18)}, {info.get('scale', 0)})"
    return str(name) if name in _SIMPLE_TYPES or name == "JSON" else None


def nodes(node: Node, key: str) -> Sequence[Node]:
    """The nodes in the list ``key``."""
    entries = node.get(key)
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def integers(node: Node, key: str) -> Sequence[int]:
    """The numbers in the list ``key``."""
    entries = node.get(key)
    return [entry for entry in entries if isinstance(entry, int)] if isinstance(entries, list) else []


def conjuncts(expressions: Iterable[Node]) -> Iterable[Node]:
    """The parts that all have to be true."""
    for expression in expressions:
        if expression.get("type") == "CONJUNCTION_AND":
            yield from conjuncts(nodes(expression, "children"))
        else:
            yield expression


def _node(node: Node, key: str) -> Node:
    entry = node.get(key)
    return entry if isinstance(entry, Mapping) else {}


def function_name(expression: Node) -> str | None:
    """The name of a function that is the engine's own."""
    path = _node(expression, "qname").get("path")
    return str(path[-1]) if isinstance(path, list) and path[:-1] == _SYSTEM else None


def _plain_function(expression: Node) -> str | None:
    """The name of a function that is nothing but its name and arguments.

    What is bound without data of its own, the engine itself binds anew from these when it reads a plan back.
    """
    complete = len(nodes(expression, "children")) == len(cast("Sequence[object]", expression.get("arguments") or ()))
    name = function_name(expression)
    plain = expression.get("has_serialize") is False and complete and name not in _VOLATILE
    return name if plain else None


def main_reference(common_table: Node) -> object | None:
    """The table index of the one reference by which a common table's rows come into the result; None if there are more.

    The engine makes a common table of the outer side of a correlated subquery. One reference to it is that side; the
    others, which are grouped at once, only hand its values to the subquery.
    """
    if not str(common_table.get("ctename", "")).startswith("__duckdb_delim"):
        return None
    _, query = nodes(common_table, "children")
    references = list(_references(query, common_table.get("table_index", 0)))
    return references[0] if len(references) == 1 else None


def _references(node: Node, common_table: object) -> Iterable[object]:
    for child in nodes(node, "children"):
        if child.get("type") != "LOGICAL_CTE_REF":
            yield from _references(child, common_table)
        elif child.get("cte_index", 0) == common_table and node.get("type") != "LOGICAL_AGGREGATE_AND_GROUP_BY":
            yield child.get("table_index", 0)
