"""Other spellings of columns: a reference that the engine does not know is written as it does, and bound again."""

from __future__ import annotations

from collections.abc import Iterable

from ccdbapi.catalog import Table
from ccdbapi.engine.errors import UnknownColumn
from ccdbapi.engine.view import quote_identifier
from ccdbapi.planning.rendering import Text
from ccdbapi.sql import listed, named


def respelled(text: Text, error: UnknownColumn, tables: Iterable[Table]) -> Text | None:
    """``text`` with the column's own name where ``error`` found an alias; None where it is no alias.

    ``tables`` are those that the text names.
    """
    wanted = error.column.lower()
    names = dict.fromkeys(
        column.name for table in tables for column in table.columns if wanted in map(str.lower, column.aliases)
    )
    if len(names) != 1:
        return None
    (name,) = names
    if error.span is None:
        # The engine does not say where for lists of names: USING (…), EXCLUDE (…), REPLACE (… AS …).
        places = list(listed(text.sql, error.column))[:1]
    else:
        # For `t.alias` it is the place of the whole.
        start, end = error.span
        places = [place for place in named(text.sql, error.column) if start <= place[0] and place[1] <= end][-1:]
    return text.replaced(*places[0], quote_identifier(name)) if places else None
