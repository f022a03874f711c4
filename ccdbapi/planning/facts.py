"""Rows that are at hand, as a table for the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ccdbapi.engine.view import RawTable, quote_identifier
from ccdbapi.planning.plan import Facts

_RAW = "ccdbapi show"


def facts_of(columns: Mapping[str, str], rows: Iterable[Mapping[str, str | None]]) -> tuple[str, Facts]:
    """The query for ``rows``, in ``columns`` of these SQL types, of which they have the texts; and what it reads."""
    selected = ", ".join(
        f"CAST({name} AS {sql_type}) AS {name}"
        for name, sql_type in ((quote_identifier(name), sql_type) for name, sql_type in columns.items())
    )
    kept = tuple({name: value for name, value in row.items() if value is not None} for row in rows)
    return f"SELECT {selected} FROM temp.main.{quote_identifier(_RAW)}", Facts(RawTable(_RAW, tuple(columns)), kept)
