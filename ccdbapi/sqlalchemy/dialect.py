"""The dialect ``awscc``: what SQLAlchemy has to know of the driver."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, cast

from sqlalchemy.engine.default import DefaultDialect, DefaultExecutionContext
from sqlalchemy.exc import ArgumentError

import ccdbapi
from ccdbapi.emulator import start
from ccdbapi.sqlalchemy.compiler import AwsccCompiler, AwsccTypeCompiler
from ccdbapi.sqlalchemy.hints import hints_from
from ccdbapi.sqlalchemy.identifiers import AwsccIdentifierPreparer
from ccdbapi.sqlalchemy.reflection import CATALOG, CatalogReflection, driver_connection
from ccdbapi.sqlalchemy.types import COLSPECS
from ccdbapi.sqlalchemy.url import DiscreetURL, connect_arguments
from ccdbapi.sqlalchemy.version import BEFORE_2

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy.engine import URL, Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection, IsolationLevel

    from ccdbapi.catalog import Catalog
    from ccdbapi.emulator.service import CloudControl

ParamStyle = Literal["named", "qmark"]

_AUTOCOMMIT: Final = "AUTOCOMMIT"


class AwsccExecutionContext(DefaultExecutionContext):
    """One execution of a statement."""

    statement: str

    def pre_exec(self) -> None:
        """Puts the hints that the execution options stand for before the statement."""
        self.statement = hints_from(self.execution_options) + self.statement


class AwsccDialect(CatalogReflection, DefaultDialect):
    """Cloud Control through `ccdbapi`.

    Every statement takes effect at once (isolation level AUTOCOMMIT): commit and rollback do nothing. Rows are streamed
    always, as they are fetched. An engine has one emulated Cloud Control, whatever number of connections, where its URL
    says ``embedded=true``.
    """

    name = "awscc"
    driver = "ccdbapi"
    default_paramstyle = "qmark"

    statement_compiler = AwsccCompiler
    type_compiler = AwsccTypeCompiler
    preparer = AwsccIdentifierPreparer
    execution_ctx_cls = AwsccExecutionContext
    colspecs = COLSPECS

    supports_statement_cache = True
    # The engine's SQL.
    cte_follows_insert = True
    div_is_floordiv = False
    supports_is_distinct_from = True
    supports_multivalues_insert = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_uuid = True
    supports_simple_order_by_label = True
    tuple_in_values = False
    _backslash_escapes = False  # asked for by the PostgreSQL compiler
    # A resource type has no defaults for all of its properties, and nothing numbers resources.
    supports_default_values = False
    supports_empty_insert = False
    supports_sequences = False
    postfetch_lastrowid = False
    # Types belong to AWS.
    supports_alter = False
    supports_comments = True
    # RETURNING shows what the progress event holds: always the identifier, not always all else. So it gives keys, and
    # whatever else is asked for, but the ORM is not to take it by itself for the state of a resource.
    implicit_returning = True
    full_returning = True
    insert_returning = True
    update_returning = True
    delete_returning = True
    # The driver gives the rows of all sets of parameters, in their order.
    insert_executemany_returning = True
    insert_executemany_returning_sort_by_parameter_order = True
    use_insertmanyvalues = False
    # An UPDATE counts what it changes; a resource that is as it is to be already was not lost to the ORM.
    supports_sane_rowcount = False
    supports_sane_multi_rowcount = False

    def __init__(
        self,
        paramstyle: ParamStyle = "named",
        json_serializer: Callable[[Any], str] | None = None,
        json_deserializer: Callable[[str], Any] | None = None,
        isolation_level: str | None = None,
        **options: Any,
    ) -> None:
        # By name a value that stands twice in a statement is one to the engine, too: GROUP BY f(x, :p) goes with
        # SELECT f(x, :p), while f(x, ?) and f(x, ?) are different expressions.
        if not BEFORE_2:
            options["isolation_level"] = isolation_level
        elif isolation_level is not None:  # SQLAlchemy 1.4 leaves it to the dialect
            self.set_isolation_level(None, isolation_level)
        super().__init__(paramstyle=paramstyle, **options)
        self._json_serializer = json_serializer
        self._json_deserializer = json_deserializer
        self._lock = threading.Lock()
        self._emulator: CloudControl | None = None

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """The driver."""
        return ccdbapi

    @classmethod
    def dbapi(cls) -> ModuleType:  # type: ignore[override]  # as SQLAlchemy 1.4 asks for it
        """The driver."""
        return ccdbapi

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Hides what is secret in the engine's URL."""
        engine.url = DiscreetURL._make(engine.url)

    def create_connect_args(self, url: URL) -> tuple[list[str], dict[str, Any]]:
        """The arguments for `ccdbapi.connect`. Raises `ArgumentError` for what is wrong with the URL."""
        return [], connect_arguments(url)

    def connect(self, *arguments: Any, **keywords: Any) -> DBAPIConnection:
        """A new connection of the driver."""
        return cast("DBAPIConnection", ccdbapi.connect(*arguments, **self._with_emulator(keywords)))

    def is_disconnect(self, e: Exception, connection: object, cursor: object) -> bool:
        """Whether the connection is closed, its engine may have broken down, or the service did not answer."""
        if isinstance(e, ccdbapi.InternalError):
            return True
        if isinstance(e, ccdbapi.InterfaceError):
            driver = getattr(connection, "dbapi_connection", connection)
            return getattr(driver, "closed", False) is True
        return isinstance(e, ccdbapi.OperationalError) and e.diag.operation is not None and e.diag.code is None

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Whether the connection is open. Each call to AWS stands for itself, so there is nothing else to try."""
        return not dbapi_connection.closed

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Does nothing: every use of a connection ends with it, and a write that took effect is no error then."""
        dbapi_connection.commit()

    def do_begin_twophase(self, connection: Connection, xid: object) -> NoReturn:
        """Raises `ccdbapi.NotSupportedError`."""
        raise ccdbapi.NotSupportedError("Cloud Control has no transactions, and so none of two phases.")

    def get_isolation_level_values(self, dbapi_conn: object) -> list[IsolationLevel]:
        """AUTOCOMMIT."""
        return [_AUTOCOMMIT]

    def get_default_isolation_level(self, dbapi_conn: object) -> IsolationLevel:
        """AUTOCOMMIT."""
        return _AUTOCOMMIT

    def get_isolation_level(self, dbapi_connection: object) -> IsolationLevel:
        """AUTOCOMMIT."""
        return _AUTOCOMMIT

    def set_isolation_level(self, dbapi_connection: object, level: str) -> None:
        """Raises `ArgumentError` for another than AUTOCOMMIT."""
        if level.replace("_", " ").upper() != _AUTOCOMMIT:
            raise ArgumentError(f"The isolation level is {_AUTOCOMMIT}: Cloud Control has no transactions.")

    def detect_autocommit_setting(self, dbapi_conn: object) -> bool:
        """True."""
        return True

    def _get_default_schema_name(self, connection: Connection) -> str | None:  # type: ignore[override]  # may be none
        schema = driver_connection(connection).settings.schema
        return schema.lower().removeprefix(f"{CATALOG}.") if schema else None

    def _with_emulator(self, keywords: dict[str, Any]) -> dict[str, Any]:
        """The settings, with the engine's own emulator where they ask for one."""
        if keywords.get("embedded") is True:
            return {**keywords, "embedded": self._shared_emulator(keywords.get("catalog"))}
        return keywords

    def _shared_emulator(self, catalog: str | Catalog | None) -> CloudControl:
        with self._lock:
            if self._emulator is None:
                self._emulator = start(catalog=None if isinstance(catalog, str) else catalog)
            return self._emulator
