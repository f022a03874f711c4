"""The types whose values the driver takes or gives in another form than SQLAlchemy expects."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from typing import cast as typing_cast

from sqlalchemy import cast
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.elements import BindParameter, Cast

from ccdbapi.sqlalchemy.version import BEFORE_2

#: Values of JSON may be anything that JSON can hold, hence Any.
_Processor = Callable[[Any], Any]


class AwsccJSON(sqltypes.JSON):
    """JSON: the cursor gives dicts, lists and scalars as they are, and takes text that is cast.

    A property is given or it is not, so None is NULL and not JSON's ``null``. ``json_serializer`` and
    ``json_deserializer`` of `sqlalchemy.create_engine` write and read the text of what the engine is given and gives.
    """

    def bind_expression(self, bindvalue: BindParameter[Any]) -> Cast[Any]:
        """A cast, without which the engine would take it for text."""
        return cast(bindvalue, self)

    def bind_processor(self, dialect: Dialect) -> _Processor:
        """See the class."""
        serialize = dialect._json_serializer or _compact

        def process(value: Any) -> str | None:
            return None if value is None or value is sqltypes.JSON.NULL else serialize(value)

        return process

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """See the class."""
        process = self.bind_processor(dialect)

        def literal(value: Any) -> str:
            text = process(value)
            return "NULL" if text is None else _literal(text)

        return literal

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor | None:
        """None, since the cursor has read it; or as the engine's own ``json_deserializer`` reads it."""
        deserialize = dialect._json_deserializer
        if deserialize is None:
            return None
        return lambda value: None if value is None else deserialize(json.dumps(value))


class JSONIndex(sqltypes.JSON.JSONIndexType):
    """A key or an index of a JSON value: an index stays a number, a key becomes a JSON pointer (RFC 6901)."""

    def bind_processor(self, dialect: Dialect) -> _Processor:
        """See the class."""
        return _index

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """See the class."""
        return lambda value: str(value) if isinstance(value, int) else _literal(_pointer([value]))


class JSONPath(sqltypes.JSON.JSONPathType):
    """A path of keys and indexes into a JSON value."""

    def bind_processor(self, dialect: Dialect) -> _Processor:
        """See the class."""
        return _path

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """See the class."""
        return lambda value: _literal(_path(value))


class AwsccDate(sqltypes.Date):
    """A date, which schemas have as text."""

    def bind_processor(self, dialect: Dialect) -> _Processor:
        """The date of what may have a time."""
        return _date

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """With its type, as a parameter has it: functions do not take text for a date."""
        return lambda value: f"DATE {_literal(_date(value).isoformat())}"

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        """From text."""
        return lambda value: datetime.date.fromisoformat(value) if isinstance(value, str) else value


class AwsccTime(sqltypes.Time):
    """A time, which schemas have as text."""

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """With its type."""
        return lambda value: f"{'TIME' if value.tzinfo is None else 'TIMETZ'} {_literal(value.isoformat())}"

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        """From text."""
        return lambda value: datetime.time.fromisoformat(value) if isinstance(value, str) else value


class AwsccDateTime(sqltypes.DateTime):
    """A date and time. Columns have them in UTC without saying so, as no extension of the engine's is needed then."""

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor | None:
        """With the time zone, where the type is to have one."""
        return _in_utc if self.timezone else None

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """With its type: the engine reads text without one as if it named no time zone."""
        return lambda value: (
            f"{'TIMESTAMP' if value.tzinfo is None else 'TIMESTAMPTZ'} {_literal(value.isoformat(sep=' '))}"
        )


class AwsccInterval(postgresql.INTERVAL):
    """A duration, which the engine has and schemas have not."""

    @classmethod
    def adapt_emulated_to_native(  # type: ignore[override]  # as in PostgreSQL's
        cls, interval: sqltypes.Interval, **kw: object
    ) -> AwsccInterval:
        """For the generic type. PostgreSQL's makes a type of its own."""
        return cls(precision=interval.second_precision)

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """Exactly."""
        return lambda value: f"INTERVAL '{value // datetime.timedelta(microseconds=1)} microseconds'"


class AwsccBinary(sqltypes.LargeBinary):
    """Bytes, which the engine has and schemas have not."""

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """All of them, whatever they would be as text."""
        return lambda value: f"from_hex('{bytes(value).hex()}')"


class AwsccNumeric(sqltypes.Numeric):  # type: ignore[type-arg]  # it has none in SQLAlchemy 1.4
    """A number: the engine has decimals, JSON has floats."""

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        """Decimals or floats, as the type says."""
        return _decimal(self._effective_decimal_return_scale) if self.asdecimal else _float


class AwsccFloat(sqltypes.Float):  # type: ignore[type-arg]  # as above
    """As `AwsccNumeric`."""

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        """See the class."""
        return _decimal(self._effective_decimal_return_scale) if self.asdecimal else _float


#: SQLAlchemy's type → the one that this dialect uses in its place.
COLSPECS: dict[type[sqltypes.TypeEngine[Any]], type[sqltypes.TypeEngine[Any]]] = {
    sqltypes.Date: AwsccDate,
    sqltypes.DateTime: AwsccDateTime,
    sqltypes.Float: AwsccFloat,
    sqltypes.Interval: AwsccInterval,
    sqltypes.JSON: AwsccJSON,
    sqltypes.JSON.JSONIndexType: JSONIndex,
    sqltypes.JSON.JSONPathType: JSONPath,
    sqltypes.LargeBinary: AwsccBinary,
    sqltypes.Numeric: AwsccNumeric,
    sqltypes.Time: AwsccTime,
}

if not BEFORE_2:  # it has no type for both UUIDs and their text

    class AwsccUuid(sqltypes.Uuid[Any]):
        """A UUID, which schemas have as text: it is compared as such, so that the planner sees which."""

        def bind_processor(self, dialect: Dialect) -> _Processor | None:
            """As text."""
            if not self.native_uuid:
                return super().bind_processor(dialect)
            return lambda value: None if value is None else str(value)

        def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
            """As text."""
            if not self.native_uuid:
                return typing_cast("Callable[[Any], str]", super().literal_processor(dialect))
            return lambda value: _literal(str(value))

        def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
            """From text, or from a value of the engine's own type."""
            if self.as_uuid:
                return lambda value: uuid.UUID(value) if isinstance(value, str) else value
            return lambda value: None if value is None else str(uuid.UUID(str(value)))

    COLSPECS[sqltypes.Uuid] = AwsccUuid


def _compact(value: Any) -> str:
    # Without blanks, as services write it: the engine compares JSON by its text.
    return json.dumps(value, separators=(",", ":"))


def _date(value: Any) -> Any:
    return value.date() if isinstance(value, datetime.datetime) else value


def _in_utc(value: Any) -> Any:
    naive = isinstance(value, datetime.datetime) and value.tzinfo is None
    return value.replace(tzinfo=datetime.UTC) if naive else value


def _decimal(scale: int) -> _Processor:
    return lambda value: Decimal(f"{value:.{scale}f}") if isinstance(value, float) else value


def _float(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _index(value: int | str) -> int | str:
    return value if isinstance(value, int) else _pointer([value])


def _path(steps: Sequence[int | str]) -> str:
    """A JSON pointer, which can hold any key; from the end, for which there is no pointer, a path of DuckDB's."""
    if any(isinstance(step, int) and step < 0 for step in steps):
        return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{json.dumps(step)}" for step in steps)
    return _pointer(steps)


def _pointer(steps: Sequence[int | str]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
