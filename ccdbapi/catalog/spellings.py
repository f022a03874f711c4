"""StackQL's names where they differ from the rules in ``naming``: a data file, and how it is made from a table list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from ccdbapi.catalog import schemas
from ccdbapi.catalog.records import SchemaSource, Spellings

SPELLINGS = "spellings.json"


class ListedTable(NamedTuple):
    """A row of StackQL's list of tables: ``awscc.sagemaker.images``, its type, and its columns for each kind."""

    table: str
    type_name: str
    get_columns: tuple[str, ...]
    list_columns: tuple[str, ...]


@cache
def stackql_spellings() -> Spellings:
    """The spellings that come with this package."""
    return Spellings(**json.loads(files("ccdbapi.catalog").joinpath("data", SPELLINGS).read_bytes()))


def parse_table_list(text: str) -> list[ListedTable]:
    """Reads a tab-separated list with the columns table, type_name, get_columns, list_columns (comma-separated)."""
    header, *lines = text.splitlines()
    if header.split("\t") != list(ListedTable._fields):
        raise ValueError(f"expected the columns {', '.join(ListedTable._fields)}, found {header!r}")
    rows = (line.split("\t") for line in lines if line)
    return [ListedTable(table, name, _names(get), _names(listed)) for table, name, get, listed in rows]


def compare(source: SchemaSource, listed: Iterable[ListedTable]) -> Spellings:
    """What the list spells differently from the rules, and what its list tables show beside identifier and parents.

    ``source`` is made without spellings. Columns that the schema does not have are left out.
    """
    from ccdbapi.catalog.naming import matching

    tables: dict[str, list[str]] = {}
    columns: dict[str, dict[str, list[str]]] = {}
    further: dict[str, list[str]] = {}
    entries = {entry.type_name: entry for service in source.services() for entry in source.entries(service)}
    for row in listed:
        if row.type_name not in entries:
            continue
        name = row.table.rsplit(".", 1)[-1]
        if name != entries[row.type_name].table:
            tables[row.type_name] = [name]
        record = source.record(row.type_name)
        names = record.columns
        spelled = matching((*row.get_columns, *row.list_columns), names)
        if spelled:
            columns[row.type_name] = _by_pointer(spelled)
        pointers = {column: pointer for pointer, column in names.items()} | spelled
        anyway = schemas.listed_pointers(schemas.resource_type(row.type_name, record.schema))
        more = [pointers[column] for column in row.list_columns if pointers.get(column, anyway[0]) not in anyway]
        if more:
            further[row.type_name] = more
    return Spellings(tables, columns, further)


def _by_pointer(spelled: Mapping[str, str]) -> dict[str, list[str]]:
    pointers: dict[str, list[str]] = {}
    for spelling, pointer in spelled.items():
        pointers.setdefault(pointer, []).append(spelling)
    return pointers


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
