"""The views, as queries of the tables that show any type: what `Inspector.get_view_definition` tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ccdbapi.catalog import GENERIC_SERVICE, GENERIC_TABLES, IDENTIFIER, REQUEST_VIEWS, Column, Table

#: A name as it stands in a statement.
Quote = Callable[[str], str]


def definition_of(view: Table, quote: Quote) -> str | None:
    """The query that shows the same rows, by the same calls; None for the lists of any type and of all requests.

    What the list of a type has to be given is found in ``ResourceModel``, which the query has to be given then.
    """
    if view.service == GENERIC_SERVICE:
        if view.name not in REQUEST_VIEWS:
            return None
        operations, statuses = REQUEST_VIEWS[view.name]
        requests, names = GENERIC_TABLES["resource_requests"], [quote(column.name) for column in view.columns]
        of_these = [*_any_of("operation", operations), *_any_of("operation_status", statuses)]
        return f"SELECT {', '.join(names)} FROM {requests.qualified_name} WHERE {' AND '.join(of_these)}"  # noqa: S608
    expressions = [_expression(view, column, quote) for column in view.columns]
    type_name = _literal(view.resource_type.name)
    return (
        f"SELECT {', '.join(expressions)} "  # noqa: S608
        f"FROM {GENERIC_TABLES['resources'].qualified_name} WHERE {quote('TypeName')} = {type_name}"
    )


def _expression(view: Table, column: Column, quote: Quote) -> str:
    name = quote(column.name)
    if column.pointer is None:
        return f"identifier AS {name}" if column.name == IDENTIFIER else name
    text = f"json_extract_string(properties, {_literal(column.pointer)})"
    if column in view.parents:  # a list shows what it was given, as it was given
        text = f"coalesce(json_extract_string({quote('ResourceModel')}, {_literal(column.pointer)}), {text})"
    return f"{text if column.sql_type == 'VARCHAR' else f'CAST({text} AS {column.sql_type})'} AS {name}"


def _any_of(column: str, values: Sequence[str]) -> Iterator[str]:
    if values:
        yield f"{column} IN ({', '.join(map(_literal, values))})"


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
