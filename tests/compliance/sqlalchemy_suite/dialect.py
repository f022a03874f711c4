"""The dialects as the suite uses them: with tables that can be created."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable, DropTable, DropTableComment, SetTableComment
from sqlalchemy.sql.compiler import DDLCompiler

import ccdbapi
from ccdbapi import aio
from ccdbapi.catalog import IDENTIFIER, REGION, Catalog
from ccdbapi.config import Settings
from ccdbapi.connection_core import ConnectionCore
from ccdbapi.sqlalchemy.aio import AdaptedAioConnection, AwsccAioDialect
from ccdbapi.sqlalchemy.compiler import AwsccCompiler
from ccdbapi.sqlalchemy.dialect import AwsccDialect
from sqlalchemy_suite.endpoint import GENERATED, Endpoint

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedPrimaryKeyConstraint

    from ccdbapi.assembly import Assembly

#: What every table has beside the columns that the suite gave it.
_BESIDE = frozenset({REGION, IDENTIFIER, GENERATED})


class Renewed(ConnectionCore):
    """A connection that is as new as the endpoint's types."""

    def __init__(self, settings: Settings, endpoint: Endpoint) -> None:
        super().__init__(settings)
        self._endpoint = endpoint

    @property
    def catalog(self) -> Catalog:
        """What tables there are."""
        return self._endpoint.catalog

    def assembly(self) -> Assembly:
        """See `ccdbapi.Connection`."""
        service, catalog = self._endpoint.service, self._endpoint.catalog
        with self._lock:
            if self._settings.catalog is not catalog:
                self._settings = replace(self._settings, embedded=service, catalog=catalog)
                self._assembly = None
            return super().assembly()


class SuiteConnection(Renewed, ccdbapi.Connection):
    """The blocking one."""


class SuiteAioConnection(Renewed, aio.AioConnection):
    """The one for asyncio."""


class SuiteCompiler(AwsccCompiler):
    """Says of statements about all rows of a table that they are: the driver wants a WHERE."""

    def visit_delete(self, delete_stmt: Any, *args: Any, **kw: Any) -> str:
        """See the class."""
        return str(super().visit_delete(_with_where(delete_stmt), *args, **kw))  # type: ignore[no-untyped-call]

    def visit_update(self, update_stmt: Any, *args: Any, **kw: Any) -> str:
        """See the class."""
        return str(super().visit_update(_with_where(update_stmt), *args, **kw))


class Registering(AwsccDialect):
    """A dialect in which CREATE TABLE, DROP TABLE and COMMENT register, remove and describe resource types.

    All other DDL does nothing. Reflection leaves out what every table has, since the suite compares what it created
    with what it finds.
    """

    supports_statement_cache = True
    statement_compiler = SuiteCompiler
    ddl_compiler = DDLCompiler
    inline_comments = True

    endpoint = Endpoint()

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Executes a statement of the suite's."""
        if context is None or not context.isddl:
            super().do_execute(cursor, statement, parameters, context)  # type: ignore[no-untyped-call]
            return
        match context.compiled.statement:
            case CreateTable(element=table):
                self.endpoint.create(table)
            case DropTable(element=table):
                self.endpoint.drop(table)
            case SetTableComment(element=table):
                self.endpoint.describe(table, table.comment or "")
            case DropTableComment(element=table):
                self.endpoint.describe(table, "")

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[ReflectedColumn]:
        """The columns that the suite created."""
        columns = super().get_columns(connection, table_name, schema, **kw)
        found = [column for column in columns if column["name"] not in _BESIDE]
        # With the region hidden, a key of one number is one that the endpoint may make: nothing is said of it.
        return [cast("ReflectedColumn", {k: v for k, v in column.items() if k != "autoincrement"}) for column in found]

    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: object) -> list[str]:
        """The tables, as the suite spelled them."""
        return [self.endpoint.created_as(schema, name) for name in super().get_table_names(connection, schema, **kw)]

    def get_view_names(self, connection: Connection, schema: str | None = None, **kw: object) -> list[str]:
        """None: the suite created none, and those of every type are for lists."""
        return []

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> ReflectedPrimaryKeyConstraint:
        """The primary key that the suite created."""
        constraint = super().get_pk_constraint(connection, table_name, schema, **kw)
        names = [name for name in constraint["constrained_columns"] if name not in _BESIDE]
        return {**constraint, "constrained_columns": names}


class SuiteDialect(Registering):
    """`AwsccDialect` for the suite."""

    driver = "suite"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """The driver: SQLAlchemy 2 asks the very class."""
        return ccdbapi

    def connect(self, *arguments: Any, **keywords: Any) -> Any:
        """A connection to the endpoint."""
        return SuiteConnection(Settings(**keywords), self.endpoint)


class SuiteAioDialect(Registering, AwsccAioDialect):
    """`AwsccAioDialect` for the suite."""

    driver = "suiteaio"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """The driver."""
        return ccdbapi

    def connect(self, *arguments: Any, **keywords: Any) -> Any:
        """A connection to the endpoint."""
        return AdaptedAioConnection(SuiteAioConnection(Settings(**keywords), self.endpoint))


def _with_where(statement: Any) -> Any:
    return statement if statement._where_criteria else statement.where(sa.true())
