"""Results as tables, CSV and JSON. All but tables are written row by row, as rows arrive."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TextIO

from ccdbapi.cli.values import dump, to_json, to_text
from ccdbapi.cursor import Cursor, Row
from ccdbapi.dbtypes import NUMBER

#: Writes the rest of a cursor's result.
Writer = Callable[[Cursor, TextIO], None]


def write_table(cursor: Cursor, out: TextIO) -> None:
    """A table for the eye, as wide as the terminal at most, and the number of rows."""
    from rich.box import ROUNDED
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=ROUNDED)
    for column in cursor.description or ():
        table.add_column(Text(_visible(column.name)), justify="right" if column.type_code == NUMBER else "left")
    rows = cursor.fetchall()
    for row in rows:
        table.add_row(*(Text("NULL", "dim") if value is None else Text(_visible(to_text(value))) for value in row))
    console = Console(file=out)
    if not console.is_terminal:
        console.width = max(1, console.measure(table, options=console.options.update(width=_ANY_WIDTH)).maximum)
    console.print(table)
    print(_count(len(rows)), file=out)


def write_csv(cursor: Cursor, out: TextIO) -> None:
    """CSV with a line of names. Source: RFC 4180, but for the ends of lines, which are the platform's."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_names(cursor))
    for row in cursor:
        writer.writerow([to_text(value) for value in row])


def write_json(cursor: Cursor, out: TextIO) -> None:
    """One array of objects."""
    names = _unique(_names(cursor))
    before = "[\n"
    for row in cursor:
        out.write(before + _object(names, row))
        before = ",\n"
    out.write("[]\n" if before == "[\n" else "\n]\n")


def write_jsonl(cursor: Cursor, out: TextIO) -> None:
    """An object a line."""
    names = _unique(_names(cursor))
    for row in cursor:
        out.write(_object(names, row) + "\n")


#: What ``--format`` knows.
FORMATS: Mapping[str, Writer] = MappingProxyType(
    {"table": write_table, "csv": write_csv, "json": write_json, "jsonl": write_jsonl}
)

# Wider than any result: what is not for a terminal is never wrapped.
_ANY_WIDTH = 1_000_000


def _names(cursor: Cursor) -> list[str]:
    return [column.name for column in cursor.description or ()]


def _unique(names: Sequence[str]) -> list[str]:
    """The names, numbered where one occurs again: an object cannot have two members of one name."""
    unique: dict[str, None] = {}
    for name in names:
        candidate, number = name, 1
        while candidate in unique:
            number += 1
            candidate = f"{name}_{number}"
        unique[candidate] = None
    return list(unique)


def _object(names: Sequence[str], row: Row) -> str:
    return dump({name: to_json(value) for name, value in zip(names, row, strict=True)})


def _visible(text: str) -> str:
    """The text, with what would move a terminal's cursor or change its colours spelled out."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1] for character in text
    )


def _count(number: int) -> str:
    return "(1 row)" if number == 1 else f"({number:,} rows)"
