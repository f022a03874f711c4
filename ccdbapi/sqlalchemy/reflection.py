"""Reflection from the catalogue of the connection, without a call to AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.reflection import cache
from sqlalchemy.exc import NoSuchTableError

from ccdbapi.catalog import ACCOUNT, IDENTIFIER, Column, SqlType, Table, default_value, max_length
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.sqlalchemy.version import BEFORE_2
from ccdbapi.sqlalchemy.views import definition_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import (
        ReflectedCheckConstraint,
        ReflectedColumn,
        ReflectedForeignKeyConstraint,
        ReflectedIndex,
        ReflectedPrimaryKeyConstraint,
        ReflectedTableComment,
        ReflectedUniqueConstraint,
    )
    from sqlalchemy.sql.compiler import IdentifierPreparer

    import ccdbapi
    from ccdbapi.catalog import Catalog, TableKind

CATALOG = "awscc"

T = TypeVar("T")


def _cached(method: Callable[..., T]) -> Callable[..., T]:
    """Has an inspector ask once, as it is used to. SQLAlchemy 1.4 cannot read annotations that are text."""
    return method if BEFORE_2 else cache(method)


_TYPES: Mapping[SqlType, Callable[[], sqltypes.TypeEngine[Any]]] = {
    "BIGINT": sqltypes.BIGINT,
    "BOOLEAN": sqltypes.BOOLEAN,
    "DOUBLE": postgresql.DOUBLE_PRECISION,
    "JSON": lambda: sqltypes.JSON(none_as_null=True),
    "TIMESTAMP": sqltypes.TIMESTAMP,
    "VARCHAR": sqltypes.VARCHAR,
}


class CatalogReflection:
    """The part of the dialect that tells what schemas (services), tables and columns there are.

    A ``_list_only`` table is a view. A schema is named ``sagemaker`` or ``awscc.sagemaker``. Methods about one table
    raise `NoSuchTableError` where there is none.
    """

    default_schema_name: str | None
    identifier_preparer: IdentifierPreparer

    @_cached
    def get_schema_names(self, connection: Connection, **kw: object) -> list[str]:
        """The services."""
        return list(_catalog(connection).services())

    @_cached
    def has_schema(self, connection: Connection, schema_name: str, **kw: object) -> bool:
        """Whether there is such a service."""
        return self._service(schema_name) in _catalog(connection).services()

    @_cached
    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: object) -> list[str]:
        """The tables of single resources; none without a schema, if the connection has none either."""
        return self._names(connection, schema, "get")

    @_cached
    def get_view_names(self, connection: Connection, schema: str | None = None, **kw: object) -> list[str]:
        """The tables of lists."""
        return self._names(connection, schema, "list")

    @_cached
    def get_view_definition(
        self, connection: Connection, view_name: str, schema: str | None = None, **kw: object
    ) -> str:
        """The view as a query of ``cloud_control``; None for what lists there. A table is no view."""
        view = self._table(connection, view_name, schema)
        if view.kind != "list":
            _no_such_table(view_name, schema, "it is a table, not a view")
        return definition_of(view, self.identifier_preparer.quote)  # type: ignore[return-value]  # SQL's NULL is None

    @_cached
    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: object) -> bool:
        """Whether there is such a table or view."""
        return self._find(connection, table_name, schema) is not None

    @_cached
    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[ReflectedColumn]:
        """The columns. Those that AWS sets are computed or, in identifiers, have a default: no INSERT gives them."""
        table = self._table(connection, table_name, schema)
        return [_reflected(table, column) for column in table.columns]

    @_cached
    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> ReflectedPrimaryKeyConstraint:
        """Where the resource is (region, and alias of the account), and the properties of its primary identifier."""
        table = self._table(connection, table_name, schema)
        places = (column.name for column in table.columns if column.pointer is None and not _is_told(column))
        key = [*places, *(column.name for column in table.identifier_columns)]
        return {"constrained_columns": key, "name": None}

    @_cached
    def get_table_comment(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> ReflectedTableComment:
        """The description of the resource type."""
        return {"text": self._table(connection, table_name, schema).comment}

    @_cached
    def get_table_options(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> dict[str, Any]:
        """None."""
        self._table(connection, table_name, schema)
        return {}

    @_cached
    def get_foreign_keys(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[ReflectedForeignKeyConstraint]:
        """None: schemas do not say to what a property refers."""
        return self._none_of(connection, table_name, schema)

    @_cached
    def get_indexes(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[ReflectedIndex]:
        """None."""
        return self._none_of(connection, table_name, schema)

    @_cached
    def get_unique_constraints(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[ReflectedUniqueConstraint]:
        """None."""
        return self._none_of(connection, table_name, schema)

    @_cached
    def get_check_constraints(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[ReflectedCheckConstraint]:
        """None."""
        return self._none_of(connection, table_name, schema)

    def get_sequence_names(self, connection: Connection, schema: str | None = None, **kw: object) -> list[str]:
        """None: AWS makes the identifiers."""
        return []

    def has_sequence(self, connection: Connection, sequence_name: str, schema: str | None = None, **kw: object) -> bool:
        """False."""
        return False

    def get_materialized_view_names(self, connection: Connection, schema: str | None = None, **kw: object) -> list[str]:
        """None: lists are read when they are asked for."""
        return []

    def get_temp_table_names(self, connection: Connection, schema: str | None = None, **kw: object) -> list[str]:
        """None: no resource belongs to a connection."""
        return []

    def get_temp_view_names(self, connection: Connection, schema: str | None = None, **kw: object) -> list[str]:
        """None."""
        return []

    def _names(self, connection: Connection, schema: str | None, kind: TableKind) -> list[str]:
        service = self._service(schema)
        if service is None:
            return []
        try:
            summaries = _catalog(connection).summaries(service)
        except ProgrammingError:  # there is no such service, so there are no tables in it
            return []
        return [summary.name for summary in summaries if summary.kind == kind]

    def _none_of(self, connection: Connection, name: str, schema: str | None) -> list[Any]:
        self._table(connection, name, schema)
        return []

    def _table(self, connection: Connection, name: str, schema: str | None) -> Table:
        service = self._service(schema)
        if service is None:
            _no_such_table(name, schema, "its schema is a service, as in 'sagemaker' or 'awscc.sagemaker'")
        try:
            return _catalog(connection).table(service, name)
        except (NotSupportedError, ProgrammingError) as error:
            _no_such_table(name, schema, str(error))

    def _find(self, connection: Connection, name: str, schema: str | None) -> Table | None:
        service = self._service(schema)
        return None if service is None else _catalog(connection).find_table(service, name)

    def _service(self, schema: str | None) -> str | None:
        """The service that the schema is, None where there is none; a catalogue but ours has none."""
        catalog, _, service = (schema or self.default_schema_name or "").lower().rpartition(".")
        return service if catalog in ("", CATALOG) and service else None


def driver_connection(connection: Connection) -> ccdbapi.Connection:
    """The driver's connection behind SQLAlchemy's."""
    pooled = connection.connection
    # SQLAlchemy 1.4 makes its first connection without the pool.
    return cast("ccdbapi.Connection", getattr(pooled, "dbapi_connection", pooled))


def _catalog(connection: Connection) -> Catalog:
    return driver_connection(connection).catalog


def _no_such_table(name: str, schema: str | None, why: str) -> NoReturn:
    raise NoSuchTableError(f"{schema}.{name}: {why}" if schema else f"{name}: {why}") from None


def _reflected(table: Table, column: Column) -> ReflectedColumn:
    reflected: ReflectedColumn = {
        "name": column.name,
        "type": _type(table, column),
        "nullable": column.nullable and (column.write_only or not column.required),
        "default": None,
        "autoincrement": False,
        "comment": column.comment,
    }
    if _is_told(column) or (column.read_only and column in table.identifier_columns):
        # Given by AWS, and once for all: the ORM would read a computed one again after every UPDATE.
        reflected["default"] = "NULL"
    elif column.read_only:
        reflected["computed"] = {"sqltext": "NULL", "persisted": True}
    elif column.pointer is not None:
        value = default_value(table.resource_type.schema, column.pointer)
        reflected["default"] = None if value is None else _literal(value)
    return reflected


def _type(table: Table, column: Column) -> sqltypes.TypeEngine[Any]:
    if column.sql_type == "VARCHAR" and column.pointer is not None:
        return sqltypes.VARCHAR(max_length(table.resource_type.schema, column.pointer))
    return _TYPES[column.sql_type]()


def _is_told(column: Column) -> bool:
    """Whether the column repeats what others say: the identifier its properties, and the account's id its alias."""
    return column.pointer is None and column.name in (ACCOUNT, IDENTIFIER)


def _literal(value: object) -> str:
    """A JSON value as SQL."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    text = (value if isinstance(value, str) else json.dumps(value)).replace("'", "''")
    return f"'{text}'"
