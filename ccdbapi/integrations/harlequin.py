"""AWS in Harlequin, the SQL IDE for the terminal. Source: harlequin.sh/docs/contributing/adapter-guide.

    harlequin -a awscc --regions us-east-1 --regions eu-west-1
    harlequin -a awscc 'awscc:///sagemaker?regions=us-east-1'

The tree of services, tables and columns is that of the packaged catalogue, and is shown without a call to AWS.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from harlequin import HarlequinAdapter, HarlequinCompletion, HarlequinConnection, HarlequinCursor
from harlequin.catalog import Catalog, CatalogItem, InteractiveCatalogItem
from harlequin.exception import HarlequinConfigError, HarlequinConnectionError, HarlequinQueryError
from harlequin.options import AbstractOption, FlagOption, ListOption, SelectOption, TextOption

import ccdbapi
from ccdbapi.config import Settings
from ccdbapi.url import settings_from_url

if TYPE_CHECKING:
    import pyarrow

#: A type of the engine → how Harlequin's headings abbreviate it. Whatever is not here is text.
_LABELS: Mapping[str, str] = {
    "JSON": "{}",
    "STRUCT": "{}",
    "MAP": "{m}",
    "BOOLEAN": "t/f",
    "DOUBLE": "#.#",
    "FLOAT": "#.#",
    "DECIMAL": "#.#",
    "DATE": "d",
    "TIME": "t",
    "TIMESTAMP": "ts",
    "TIMESTAMP WITH TIME ZONE": "ttz",
    "INTERVAL": "|-|",
    "BLOB": "0b",
}

_ROWS_PER_BATCH = 1000

_OPTIONS: list[AbstractOption] = [
    TextOption("region", "Where to ask for a role's credentials."),
    ListOption("regions", "A region to ask where a statement names none; repeat it for more, or 'all'."),
    TextOption("profile", "A profile of the AWS configuration."),
    TextOption("role-arn", "A role to assume."),
    TextOption("endpoint-url", "The address of Cloud Control, instead of the region's own."),
    TextOption("schema", "The service of tables that are named without one."),
    SelectOption("scan", "Whether a table without identifiers lists its resources first.", ["deny", "list"]),
    SelectOption("on-region-error", "What a region that cannot be read does to a query.", ["fail", "skip"]),
    FlagOption("embedded", "Ask an emulated Cloud Control within the process, which needs no AWS."),
]


class AwsccAdapter(HarlequinAdapter):
    """The adapter ``awscc``. Its connection string is a URL of this driver; options go before what the URL says."""

    ADAPTER_OPTIONS = _OPTIONS
    ADAPTER_DETAILS = "SQL over AWS Cloud Control. Each statement takes effect at once: there are no transactions."
    IMPLEMENTS_CANCEL = True
    IMPLEMENTS_READ_ONLY = True

    def __init__(self, conn_str: Sequence[str] = (), read_only: bool = False, **options: object) -> None:
        """Raises `HarlequinConfigError` for what is wrong with the URL or an option; others' options are ignored."""
        known = (option.name.replace("-", "_") for option in _OPTIONS)
        given = {name: options[name] for name in known if options.get(name) not in (None, "", (), [], False)}
        if read_only:
            given["read_only"] = True
        try:
            if len(conn_str) > 1:
                raise ccdbapi.InterfaceError("There is one connection string at most, a URL.")
            base = settings_from_url(conn_str[0]) if conn_str else Settings()
            self._settings = replace(base, **given)  # type: ignore[arg-type]  # which checks them itself
        except ccdbapi.InterfaceError as error:
            raise HarlequinConfigError(str(error), title="The AWS adapter cannot be set up so") from None

    @property
    def connection_id(self) -> str:
        """Names the settings, without secrets: Harlequin keeps its history and catalogue under it."""
        return repr(self._settings)

    def connect(self) -> AwsccConnection:
        """A connection. Raises `HarlequinConnectionError` where the settings cannot work."""
        connection = ccdbapi.Connection(self._settings)
        try:
            connection.catalog.services()
        except ccdbapi.Error as error:
            connection.close()
            raise HarlequinConnectionError(str(error), title="The AWS adapter could not connect") from error
        return AwsccConnection(connection)


class AwsccConnection(HarlequinConnection):
    """A connection of the driver, as Harlequin uses it."""

    def __init__(self, connection: ccdbapi.Connection, init_message: str = "") -> None:
        self.driver = connection
        self.init_message = init_message
        self._lock = threading.Lock()
        self._cursors: weakref.WeakSet[AwsccCursor] = weakref.WeakSet()

    def execute(self, query: str) -> AwsccCursor | None:
        """Runs a statement; None where it gives no rows, or was cancelled. Raises `HarlequinQueryError`."""
        cursor = AwsccCursor(self.driver.cursor())
        with self._lock:
            self._cursors.add(cursor)
        return cursor if cursor.execute(query) else None

    def cancel(self) -> None:
        """Cancels all statements that run, or have rows left."""
        with self._lock:
            cursors = list(self._cursors)
        for cursor in cursors:
            cursor.cancel()

    def get_catalog(self) -> Catalog:
        """The services; what is in them is read as it is opened."""
        return Catalog(items=[ServiceItem.of(service, self) for service in self.driver.catalog.services()])

    def get_completions(self) -> list[HarlequinCompletion]:
        """The services, and the tables of each after its name and a dot."""
        catalog = self.driver.catalog
        services = catalog.services()
        return [
            *(HarlequinCompletion(service, "sch", service, priority=500) for service in services),
            *(
                HarlequinCompletion(table, "t", table, priority=500, context=service)
                for service in services
                for table in catalog.tables(service)
            ),
        ]

    def close(self) -> None:
        """Closes the connection; what runs is cancelled."""
        self.driver.close()


class AwsccCursor(HarlequinCursor):
    """One statement and its rows."""

    def __init__(self, cursor: ccdbapi.Cursor) -> None:
        self._cursor = cursor
        self._columns: list[tuple[str, str]] = []
        self._limit: int | None = None
        self._cancelled = False

    def execute(self, query: str) -> bool:
        """Runs the statement; whether there are rows to fetch. Raises `HarlequinQueryError`."""
        try:
            self._cursor.execute(query)
        except ccdbapi.Error as error:
            self._cursor.close()
            self._tell(error)
            return False
        if self._cursor.description is None:
            self._cursor.close()
            return False
        self._columns = [(column.name, _label(column.type_code)) for column in self._cursor.description]
        return True

    def columns(self) -> list[tuple[str, str]]:
        """Name and abbreviated type of each column."""
        return self._columns

    def set_limit(self, limit: int) -> Self:
        """Makes `fetchall` stop after so many rows, and with it the calls."""
        self._limit = limit
        return self

    def fetchall(self) -> pyarrow.Table | None:
        """The rows, JSON as text; None if the statement was cancelled. Raises `HarlequinQueryError`."""
        try:
            return self._cursor.fetch_arrow_table() if self._limit is None else self._first(self._limit)
        except ccdbapi.Error as error:
            self._tell(error)
            return None
        finally:
            self._cursor.close()

    def cancel(self) -> None:
        """Stops the statement, from any thread."""
        self._cancelled = True
        self._cursor.cancel()

    def _first(self, limit: int) -> pyarrow.Table:
        import pyarrow

        reader = self._cursor.fetch_record_batches(max(1, min(limit, _ROWS_PER_BATCH)))
        batches: list[pyarrow.RecordBatch] = []
        while sum(batch.num_rows for batch in batches) < limit:
            batch = next(reader, None)
            if batch is None:
                break
            batches.append(batch)
        return pyarrow.Table.from_batches(batches, reader.schema).slice(0, limit)

    def _tell(self, error: ccdbapi.Error) -> None:
        if not self._cancelled:
            raise HarlequinQueryError(str(error), title=f"{type(error).__name__} from the AWS driver") from error


@dataclass
class ServiceItem(InteractiveCatalogItem[AwsccConnection]):
    """A service in the tree."""

    @classmethod
    def of(cls, service: str, connection: AwsccConnection) -> Self:
        """The item of a service."""
        name = f'"awscc"."{service}"'
        return cls(name, name, service, "sch", type_name="SCHEMA", connection=connection)

    def fetch_children(self) -> Sequence[CatalogItem]:
        """The service's tables."""
        if self.connection is None:
            return []
        return [
            TableItem.of(self, summary.name, is_list=summary.kind == "list")
            for summary in self.connection.driver.catalog.summaries(self.label)
        ]


@dataclass
class TableItem(InteractiveCatalogItem[AwsccConnection]):
    """A table in the tree; those that list are views, as for SQLAlchemy."""

    service: str = ""

    @classmethod
    def of(cls, parent: ServiceItem, table: str, *, is_list: bool) -> Self:
        """The item of a table of a service."""
        name = f'{parent.qualified_identifier}."{table}"'
        return cls(
            name,
            name,
            table,
            "v" if is_list else "t",
            type_name="VIEW" if is_list else "TABLE",
            connection=parent.connection,
            service=parent.label,
        )

    def fetch_children(self) -> Sequence[CatalogItem]:
        """The table's columns."""
        if self.connection is None:
            return []
        return [
            CatalogItem(
                f'{self.qualified_identifier}."{column.name}"',
                f'"{column.name}"',
                column.name,
                _label(column.sql_type),
                type_name=column.sql_type,
            )
            for column in self.connection.driver.catalog.table(self.service, self.label).columns
        ]


def _label(type_name: str) -> str:
    """The abbreviation of a type (``DECIMAL(5,2)``, ``VARCHAR[]``)."""
    if type_name.endswith("]"):
        return "[]"
    name = type_name.partition("(")[0]
    return "##" if name.endswith(("INT", "INTEGER")) else _LABELS.get(name, "s")
