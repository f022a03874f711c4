"""The type objects and constructors of PEP 249."""

from __future__ import annotations

import datetime

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> datetime.date:
    """The local date at ``ticks`` seconds since the epoch. PEP 249."""
    return datetime.date.fromtimestamp(ticks)  # noqa: DTZ012 - PEP 249 wants the local date


def TimeFromTicks(ticks: float) -> datetime.time:
    """The local time at ``ticks`` seconds since the epoch. PEP 249."""
    return TimestampFromTicks(ticks).time()


def TimestampFromTicks(ticks: float) -> datetime.datetime:
    """The local date and time at ``ticks`` seconds since the epoch. PEP 249."""
    return datetime.datetime.fromtimestamp(ticks)  # noqa: DTZ006 - PEP 249 wants local time without a zone


class TypeObject:
    """Equals the type codes in ``cursor.description`` of the SQL types that it stands for. PEP 249, "Type Objects".

    Type codes are the names of SQL types. Those of lists, structs and the like (``INTEGER[]``, ``STRUCT``) equal none:
    PEP 249 knows no nested types.
    """

    def __init__(self, name: str, *sql_types: str) -> None:
        self._name = name
        self._sql_types = frozenset(sql_types)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeObject):
            return self._sql_types == other._sql_types
        return other in self._sql_types

    def __hash__(self) -> int:
        return hash(self._sql_types)

    def __repr__(self) -> str:
        return f"ccdbapi.{self._name}"


#: Text, and what comes as Python objects made from it: JSON as dicts and lists, UUIDs.
STRING = TypeObject("STRING", "VARCHAR", "JSON", "UUID", "ENUM", "BIT", "NULL")
BINARY = TypeObject("BINARY", "BLOB", "GEOMETRY")
NUMBER = TypeObject(
    "NUMBER", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM",
)  # fmt: skip
DATETIME = TypeObject(
    "DATETIME", "DATE", "TIME", "TIME_NS", "TIME WITH TIME ZONE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS",
    "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS", "INTERVAL",
)  # fmt: skip
#: Cloud Control has no row ids; its identifiers are text.
ROWID = TypeObject("ROWID")
