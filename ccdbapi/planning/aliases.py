"""Columns that the engine does not know: other spellings are written as it does, for all else there is advice."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ccdbapi.catalog import Table
from ccdbapi.engine.errors import UnknownColumn
from ccdbapi.engine.view import quote_identifier
from ccdbapi.exceptions import ProgrammingError
from ccdbapi.planning.rendering import Text
from ccdbapi.sql import listed, named, renamed


def respelled(text: Text, error: UnknownColumn, tables: Sequence[Table]) -> Text | None:
    """``text`` with the column's own name where ``error`` found an alias; None where it is no alias.

    ``tables`` are those that the text names. Raises `ProgrammingError` where the text gives the alias to something
    else, too: the engine could take one for the other.
    """
    wanted = error.column.lower()
    names = dict.fromkeys(
        column.name for table in tables for column in table.columns if wanted in map(str.lower, column.aliases)
    )
    if len(names) != 1:
        return None
    (name,) = names
    given = list(renamed(text.sql, error.column))
    if not all(itself for _, _, itself in given):
        raise ProgrammingError(
            f"{error.column} is another spelling of the column {name}, and this statement calls something else by it, "
            f"too: use {name} for the column."
        )
    if error.span is None:
        # The engine does not say where it is in `alias AS alias` and in lists: USING (…), EXCLUDE (…), REPLACE (…).
        places = [*((start, end) for start, end, _ in given), *listed(text.sql, error.column)][:1]
    else:
        # For `t.alias` it is the place of the whole.
        start, end = error.span
        places = [place for place in named(text.sql, error.column) if start <= place[0] and place[1] <= end][-1:]
    return text.replaced(*places[0], quote_identifier(name)) if places else None


def unknown_column(error: UnknownColumn, tables: Sequence[Table]) -> ProgrammingError:
    """``error`` with the closest names, where the engine gives none, and the statements that list the columns."""
    by_folded = {column.name.lower(): column.name for table in tables for column in table.columns}
    close = difflib.get_close_matches(error.column.lower(), by_folded) if "Candidate" not in str(error) else []
    hint = f"; did you mean {' or '.join(by_folded[name] for name in close)}?" if close else ""
    statements = " and ".join(dict.fromkeys(f"DESCRIBE {table.qualified_name}" for table in tables))
    return ProgrammingError(f"{error}{hint}; {statements} shows the columns" if statements else f"{error}{hint}")
