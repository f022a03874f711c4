"""Raw tables, and the views that give them the columns that users see."""

from __future__ import annotations

from dataclasses import dataclass

#: The column of a raw table that holds a whole resource as JSON text.
PROPERTIES = "properties"


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as it comes from outside: all its columns are text, and named once."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column of a view that is a column of its raw table."""

    name: str
    source: str
    sql_type: str = "VARCHAR"

    @property
    def expression(self) -> str:
        return _cast(quote_identifier(self.source), self.sql_type)


@dataclass(frozen=True, slots=True)
class ExtractedColumn:
    """A column of a view that is extracted, by JSON pointer, from the raw table's properties."""

    name: str
    pointer: str
    sql_type: str = "VARCHAR"

    @property
    def expression(self) -> str:
        extract = "json_extract" if self.sql_type == "JSON" else "json_extract_string"
        return _cast(f"{extract}({PROPERTIES}, {quote_literal(self.pointer)})", self.sql_type)


@dataclass(frozen=True, slots=True)
class View:
    """A table as users see it: ``catalog.schema.name``, over one raw table."""

    catalog: str
    schema: str
    name: str
    table: RawTable
    columns: tuple[StoredColumn | ExtractedColumn, ...]

    @property
    def definition(self) -> str:
        """The CREATE VIEW statement."""
        name = ".".join(quote_identifier(part) for part in (self.catalog, self.schema, self.name))
        columns = ", ".join(f"{column.expression} AS {quote_identifier(column.name)}" for column in self.columns)
        return f"CREATE VIEW {name} AS SELECT {columns} FROM temp.main.{quote_identifier(self.table.name)}"  # noqa: S608


def quote_identifier(name: str) -> str:
    """``name`` as a quoted SQL identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def quote_literal(text: str) -> str:
    """``text`` as an SQL string."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _cast(expression: str, sql_type: str) -> str:
    return expression if sql_type == "VARCHAR" else f"CAST({expression} AS {sql_type})"
