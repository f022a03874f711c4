"""SQLAlchemy's types: what is written and read with each, as a parameter, as a literal and as a property."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Engine

from ccdbapi.catalog import Catalog
from ccdbapi.emulator.service import CloudControl

PROPERTIES = {
    "Name": {"type": "string"},
    "Label": {"type": "string"},
    "Size": {"type": "integer"},
    "Weight": {"type": "number"},
    "Sharp": {"type": "boolean"},
    "Made": {"type": "string", "format": "date-time"},
    "Parts": {"type": "array", "items": {"type": "string"}},
    "Options": {"type": "object"},
}
WIDGET = {
    "typeName": "Acme::Tools::Widget",
    "properties": PROPERTIES,
    "primaryIdentifier": ["/properties/Name"],
    "handlers": {"create": {}, "read": {}, "update": {}, "delete": {}, "list": {}},
}


@pytest.fixture
def service() -> Iterator[CloudControl]:
    service = CloudControl(catalog=Catalog.from_schemas({"Acme::Tools::Widget": WIDGET}))
    yield service
    service.close()


@pytest.fixture
def engine(service: CloudControl) -> Iterator[Engine]:
    with engine_over(service, catalog=Catalog.from_schemas({"Acme::Tools::Widget": WIDGET})) as engine:
        yield engine


@pytest.fixture
def widgets(engine: Engine) -> sa.Table:
    return reflected(engine, "tools", "widgets")


def rows(engine: Engine, statement: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(statement)]


class Colour(enum.Enum):
    """Names and values that differ."""

    RED = "red"


class Shouted(sa.types.TypeDecorator):  # type: ignore[type-arg]  # it has none in SQLAlchemy 1.4
    """Text in capitals, here; in small letters, there."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:
        """To small letters."""
        return value and value.lower()

    def process_result_value(self, value: str | None, dialect: object) -> str | None:
        """To capitals."""
        return value and value.upper()


MOMENT = datetime.datetime(2026, 2, 3, 4, 5, 6)  # noqa: DTZ001

#: A property, its type where it is not the catalogue's → what is written, what Cloud Control gets, what is read.
COLUMNS: list[tuple[str, Any, Any, Any, Any]] = [
    ("size", None, 2**53, 2**53, 2**53),
    ("weight", None, 0.25, 0.25, 0.25),
    ("weight", sa.Numeric(asdecimal=True), decimal.Decimal("0.25"), 0.25, decimal.Decimal("0.25")),
    ("sharp", None, False, False, False),
    ("made", None, MOMENT, "2026-02-03T04:05:06Z", MOMENT),
    ("parts", None, ["a", "it's"], ["a", "it's"], ["a", "it's"]),
    ("parts", None, [], [], []),
    ("options", None, {"a": [1, None, {"b": True}]}, {"a": [1, None, {"b": True}]}, {"a": [1, None, {"b": True}]}),
    ("options", None, None, None, None),
    ("label", sa.Enum(Colour), Colour.RED, "RED", Colour.RED),
    ("label", Shouted(), "A", "a", "A"),
    ("label", postgresql.UUID(as_uuid=True), uuid.UUID(int=7), str(uuid.UUID(int=7)), uuid.UUID(int=7)),
    ("label", sa.Date(), datetime.date(2026, 2, 3), "2026-02-03", datetime.date(2026, 2, 3)),
]


@pytest.mark.parametrize(
    ("column", "type_", "written", "stored", "read"),
    COLUMNS,
    ids=lambda value: repr(value) if isinstance(value, str) else type(value).__name__,
)
def test_a_property_is_written_and_read(
    engine: Engine, service: CloudControl, column: str, type_: Any, written: Any, stored: Any, read: Any
) -> None:
    columns = [] if type_ is None else [sa.Column(column, type_)]
    widgets = sa.Table("widgets", sa.MetaData(), *columns, schema="tools", autoload_with=engine)
    values = {"region": "us-east-1", "name": "w", column: written}
    with engine.connect() as connection:
        connection.execute(sa.insert(widgets).values(**values))
    [model] = [json.loads(str(c.payload["DesiredState"])) for c in service.calls if c.operation == "CreateResource"]

    assert model.get(column.capitalize()) == stored
    where = widgets.c.region == "us-east-1", widgets.c.Identifier == "w"
    assert rows(engine, sa.select(widgets.c[column]).where(*where)) == [(read,)]
    if not isinstance(written, dict | list | type(None)):
        assert rows(engine, sa.select(widgets.c[column]).where(*where, widgets.c[column] == written)) == [(read,)]
        assert rows(engine, sa.select(widgets.c[column]).where(*where, widgets.c[column].in_([written]))) == [(read,)]


def test_json_is_looked_into_by_the_types_of_what_is_in_it(engine: Engine, widgets: sa.Table) -> None:
    held = {"n": 3, "f": 0.5, "b": True, "s": "7", "z": None, "x.y": {"/": ["a"]}}
    with engine.connect() as connection:
        connection.execute(sa.insert(widgets).values(region="us-east-1", name="w", options=held))
    o = widgets.c.options
    expressions = [
        (o["n"].as_integer(), 3),
        (o["f"].as_float(), 0.5),
        (o["b"].as_boolean(), True),
        (o["s"].as_string(), "7"),
        (o["s"].as_integer(), 7),
        (o["z"].as_string(), None),
        (o["none"].as_integer(), None),
        (o["x.y"]["/"][0].as_string(), "a"),
        (o[("x.y", "/", -1)].as_string(), "a"),
        (o["x.y"].as_json(), {"/": ["a"]}),
        (o["n"].as_integer() + 1 == 4, True),
        (o["s"].as_string().in_(["7", "8"]), True),
        (o["x.y"] == {"/": ["a"]}, True),
        (o.is_(None), False),
        (o != sa.null(), True),
        (widgets.c.parts.is_(None), True),
    ]
    where = widgets.c.region == "us-east-1", widgets.c.Identifier == "w"

    found = rows(engine, sa.select(*(expression for expression, _ in expressions)).where(*where))

    assert found == [tuple(expected for _, expected in expressions)]


#: Bytes and times, whose literals are not the text that they look like.
LITERALS: list[Any] = [
    "it's \\ :x ? 100%",
    b"\x00'\xff",
    2**62,
    decimal.Decimal("1.10"),
    1.5,
    True,
    None,
    datetime.timedelta(days=1, microseconds=5),
    datetime.date(2026, 2, 3),
    datetime.time(4, 5, 6, 7),
    datetime.datetime(2026, 2, 3, 4, 5, 6, 7),  # noqa: DTZ001
    datetime.datetime(2026, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
]


@pytest.mark.parametrize("value", LITERALS, ids=lambda value: type(value).__name__)
def test_a_literal_is_the_value_that_a_parameter_is(engine: Engine, value: Any) -> None:
    literal = sa.literal(value)
    written = literal.compile(engine, compile_kwargs={"literal_binds": True})
    column = sa.literal_column(str(written), type_=literal.type)

    assert rows(engine, sa.select(literal, column)) == [(value, value)]


@pytest.mark.parametrize("literal", [False, True])
def test_a_time_is_one_wherever_it_is_said(engine: Engine, literal: bool) -> None:
    noon = datetime.datetime(2026, 2, 3, 12, tzinfo=datetime.UTC)
    stored = sa.cast(sa.literal("2026-02-03 12:00:00"), sa.DateTime)
    elsewhere = noon.astimezone(datetime.timezone(datetime.timedelta(hours=2)))
    month = sa.func.date_trunc("month", noon.replace(tzinfo=None))
    year = sa.extract("year", sa.literal(noon.date()))
    statement = sa.select(stored == noon, stored == elsewhere, stored == noon.replace(tzinfo=None), month, year)
    if literal:
        text = str(statement.compile(engine, compile_kwargs={"literal_binds": True}))
        statement = sa.text(text.replace(":", "\\:"))  # type: ignore[assignment]

    assert rows(engine, statement) == [(True, True, True, datetime.datetime(2026, 2, 1), 2026)]  # noqa: DTZ001


def test_an_array_is_made_of_values(engine: Engine) -> None:
    made = postgresql.array([sa.literal("a"), sa.func.upper("b")])

    assert rows(engine, sa.select(made, made[2], sa.literal("B") == sa.any_(made))) == [(["a", "B"], "B", True)]
