"""The information schema: what is in the catalogue, as tables that any query can read. SQL standard, part 11."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ccdbapi.catalog import Catalog, Column, Table, TableSummary
from ccdbapi.engine.domain import Domain, union
from ccdbapi.engine.plan import Scan
from ccdbapi.engine.view import RawTable, StoredColumn, View
from ccdbapi.exceptions import ProgrammingError
from ccdbapi.planning.plan import Facts
from ccdbapi.planning.views import CATALOG
from ccdbapi.sql import INFORMATION_SCHEMA

#: A row; columns that it lacks are NULL.
Row = Mapping[str, str]

#: Table → its columns and their SQL types: the standard's, and the comments under the names that DuckDB gives them.
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "schemata": dict.fromkeys(
        (
            "catalog_name", "schema_name", "schema_owner", "default_character_set_catalog",
            "default_character_set_schema", "default_character_set_name", "sql_path",
        ),
        "VARCHAR",
    ),
    "tables": dict.fromkeys(
        (
            "table_catalog", "table_schema", "table_name", "table_type", "self_referencing_column_name",
            "reference_generation", "user_defined_type_catalog", "user_defined_type_schema", "user_defined_type_name",
            "is_insertable_into", "is_typed", "commit_action", "TABLE_COMMENT",
        ),
        "VARCHAR",
    ),
    "columns": {
        "table_catalog": "VARCHAR",
        "table_schema": "VARCHAR",
        "table_name": "VARCHAR",
        "column_name": "VARCHAR",
        "ordinal_position": "INTEGER",
        "column_default": "VARCHAR",
        "is_nullable": "VARCHAR",
        "data_type": "VARCHAR",
        "character_maximum_length": "INTEGER",
        "character_octet_length": "INTEGER",
        "numeric_precision": "INTEGER",
        "numeric_precision_radix": "INTEGER",
        "numeric_scale": "INTEGER",
        "datetime_precision": "INTEGER",
        "is_identity": "VARCHAR",
        "is_generated": "VARCHAR",
        "generation_expression": "VARCHAR",
        "is_updatable": "VARCHAR",
        "COLUMN_COMMENT": "VARCHAR",
    },
}  # fmt: skip

_TABLE_TYPES = {"get": "BASE TABLE", "list": "VIEW"}


class InformationSchema:
    """Tells of the catalogue's schemas, tables and columns, and reads no more of it than the query asks for."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._rows: Mapping[str, Callable[[Domain, frozenset[str]], Iterator[Row]]] = {
            "schemata": self._schemata,
            "tables": self._tables,
            "columns": self._table_columns,
        }

    def view(self, name: str) -> View:
        """The view of this name. Raises `ProgrammingError` where there is none."""
        columns = _COLUMNS.get(name.lower())
        if columns is None:
            raise ProgrammingError(f"information_schema has no table {name}; it has {', '.join(sorted(_COLUMNS))}.")
        raw = RawTable(_raw_name(name.lower()), tuple(columns))
        shown = tuple(StoredColumn(column, column, sql_type) for column, sql_type in columns.items())
        return View(CATALOG, INFORMATION_SCHEMA, name.lower(), raw, shown)

    def has(self, raw_name: str) -> bool:
        """Whether the raw table is one of this schema's."""
        return any(raw_name == _raw_name(name) for name in _COLUMNS)

    def facts(self, raw_name: str, scans: Sequence[Scan]) -> Facts:
        """The rows of one of this schema's raw tables that ``scans`` of it can need."""
        name = next(name for name in _COLUMNS if raw_name == _raw_name(name))
        needed = frozenset[str]().union(*(scan.columns for scan in scans))
        rows = self._rows[name](union(scan.domain for scan in scans), needed)
        return Facts(RawTable(raw_name, tuple(_COLUMNS[name])), tuple(rows))

    def _schemata(self, domain: Domain, needed: frozenset[str]) -> Iterator[Row]:
        if not domain.is_empty:
            for name in sorted((*self._catalog.services(), "information_schema")):
                yield {"catalog_name": CATALOG, "schema_name": name}

    def _tables(self, domain: Domain, needed: frozenset[str]) -> Iterator[Row]:
        for service, summary in self._summaries(domain):
            row = {
                "table_catalog": CATALOG,
                "table_schema": service,
                "table_name": summary.name,
                "table_type": _TABLE_TYPES[summary.kind],
                "is_insertable_into": _yes(summary.kind == "get" and "create" in summary.operations),
                "is_typed": "NO",
            }
            # A comment is in the type's schema, which takes a while to read for all of them.
            if "TABLE_COMMENT" in needed and (comment := self._catalog.table(service, summary.name).comment):
                row["TABLE_COMMENT"] = comment
            yield row

    def _table_columns(self, domain: Domain, needed: frozenset[str]) -> Iterator[Row]:
        for service, summary in self._summaries(domain):
            table = self._catalog.table(service, summary.name)
            for position, column in enumerate(table.columns, 1):
                yield _column_row(table, column, position)

    def _summaries(self, domain: Domain) -> Iterator[tuple[str, TableSummary]]:
        services, names = _allowed(domain, "table_schema"), _allowed(domain, "table_name")
        for service in self._catalog.services():
            if services is None or service in services:
                for summary in self._catalog.summaries(service):
                    if names is None or summary.name in names:
                        yield service, summary


def _column_row(table: Table, column: Column, position: int) -> Row:
    changeable = column.pointer is not None and not column.read_only and not column.create_only
    row = {
        "table_catalog": CATALOG,
        "table_schema": table.service,
        "table_name": table.name,
        "column_name": column.name,
        "ordinal_position": str(position),
        "is_nullable": _yes(column.nullable),
        "data_type": column.sql_type,
        "is_identity": "NO",
        "is_generated": "ALWAYS" if column.read_only else "NEVER",
        "is_updatable": _yes(changeable and table.kind == "get" and "update" in table.resource_type.handlers),
    }
    return row if column.comment is None else row | {"COLUMN_COMMENT": column.comment}


def _allowed(domain: Domain, column: str) -> frozenset[str] | None:
    """The values that the column can have, None where it can have any."""
    if domain.leaves_open(column):
        return None
    return frozenset(value for box in domain.boxes for value in box[column])


def _raw_name(name: str) -> str:
    return f"{INFORMATION_SCHEMA} {name}"


def _yes(condition: bool) -> str:
    return "YES" if condition else "NO"
