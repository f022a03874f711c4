"""Tables of users' own data, which statements can join with those of resources."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypeGuard, cast

import arro3.core as arrow
import duckdb

from ccdbapi.engine.errors import error_of_exception
from ccdbapi.engine.view import quote_identifier
from ccdbapi.exceptions import DataError, ProgrammingError

if TYPE_CHECKING:
    from arro3.core.types import ArrowStreamExportable

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")

_KEYWORDS = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')"


class LocalTables:
    """The tables in the engine's schema ``schema``, a name as SQL has it. May be used by several threads.

    They are copies: in the engine's own memory all its connections see them, those that plan and those that run.
    """

    def __init__(self, open_connection: Callable[[], duckdb.DuckDBPyConnection], schema: str) -> None:
        self._open_connection = open_connection
        self._schema = schema

    def put(self, name: str, data: object) -> None:
        """Makes ``data`` the table ``name``, in place of one that has this name already.

        ``data`` is a pandas DataFrame (its index is left out), anything that gives itself as an Arrow stream or array,
        or a list of mappings from columns to values. Raises `ProgrammingError` for a name that would need quotes,
        and for data that is no table.
        """
        with self._connection() as connection:
            if not _may_name(connection, name):
                raise ProgrammingError(f"{name!r} cannot name a table: take letters, digits and _, and no SQL keyword.")
            if _is_rows(data):
                columns = _columns(data)
                source = ", ".join(f"unnest(?) AS {quote_identifier(column)}" for column in columns)
                self._create(connection, name, f"SELECT {source}", list(columns.values()))
            else:
                connection.register("data", _readable(data))
                self._create(connection, name, "FROM temp.main.data")

    def drop(self, name: str) -> None:
        """Drops the table ``name``. Raises `ProgrammingError` where there is none."""
        with self._connection() as connection:
            try:
                connection.execute(f"DROP TABLE {self._schema}.{quote_identifier(name)}")
            except duckdb.CatalogException:
                raise ProgrammingError(f"No data is registered as {name!r}.") from None

    def _create(
        self, connection: duckdb.DuckDBPyConnection, name: str, source: str, values: Sequence[object] = ()
    ) -> None:
        connection.execute(f"CREATE OR REPLACE TABLE {self._schema}.{quote_identifier(name)} AS {source}", values)

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with closing(self._open_connection()) as connection:
            try:
                yield connection
            except duckdb.Error as error:
                raise error_of_exception(error, "", lambda _: None) from None


def _may_name(connection: duckdb.DuckDBPyConnection, name: object) -> bool:
    """Whether a table can be named so without quotes."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return False
    return (name.lower(),) not in connection.execute(_KEYWORDS).fetchall()


def _is_rows(data: object) -> TypeGuard[Sequence[Mapping[object, object]]]:
    return isinstance(data, list | tuple) and all(isinstance(row, Mapping) for row in data)


def _columns(rows: Sequence[Mapping[object, object]]) -> Mapping[str, Sequence[object]]:
    names = dict.fromkeys(name for row in rows for name in row)
    if not names:
        raise ProgrammingError("Data without rows does not tell its columns: pass a DataFrame or an Arrow table.")
    columns = {name: [row.get(name) for row in rows] for name in names if isinstance(name, str)}
    if len(columns) < len(names):
        raise ProgrammingError("The keys of all mappings are the names of columns: text.")
    return columns


def _readable(data: object) -> object:
    """``data`` as the engine can read it."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return data  # as Arrow it would need pyarrow
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        try:
            return arrow.Table.from_arrow(cast("ArrowStreamExportable", data))
        except Exception as error:  # arro3 raises no narrower class where a stream fails
            raise DataError(f"The data could not be read as an Arrow table: {error}") from error
    raise ProgrammingError(
        f"{type(data).__name__} is no table: register a DataFrame of pandas or polars, an Arrow table, batch or "
        "reader, or a list of mappings."
    )
