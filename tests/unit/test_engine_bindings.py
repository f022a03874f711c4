"""Parameters are values: whatever is passed comes back equal, and is never read as SQL."""

# ruff: noqa: DTZ001, DTZ901 - values without a time zone are values, too

from __future__ import annotations

import datetime
import enum
import math
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.session import Row, Session
from ccdbapi.exceptions import DatabaseError, DataError, ProgrammingError

UTC = datetime.UTC


class Engine:
    """A database and a session. A statement is planned before it runs, and both are given the parameters."""

    def __init__(self) -> None:
        self.database = Database("awscc")
        self.session: Session = self.database.session()

    def select(self, *values: object) -> Row:
        """The row of ``SELECT ?, ?, …``."""
        bindings = Bindings(values)
        sql = f"SELECT {', '.join(bindings.expression(number) for number in range(len(values)))}"
        assert self.database.plan(sql, bindings, _nowhere).scans == ()
        self.session.execute(sql, bindings, {}, _nowhere)
        (row,) = self.session.fetch_all()
        self.session.reset()
        return row

    def variables(self) -> list[str]:
        """What is set in the session and where statements are planned."""
        sql = "SELECT name FROM duckdb_variables()"
        self.session.execute(sql, Bindings(), {}, _nowhere)
        planning = self.database._root.execute(sql).fetchall()
        return [name for (name,) in (*self.session.fetch_all(), *planning)]


def _nowhere(_: int) -> None:
    return None


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.session.close()
    engine.database.close()


valid_text = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    (
        "'; DROP TABLE t; --",
        'a"b',
        "C:\\",
        "\\'",
        "?",
        ":name",
        "$1",
        "a\0b",
        "\0",
        "é☃𝄞",
        "%_",
        "{}",
        "getvariable('x')",
    )
)
int64 = st.integers(-(2**63), 2**63 - 1)
int128 = st.integers(-(2**127), 2**127 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | valid_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(valid_text, inner, max_size=3),
    max_leaves=8,
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    int64,
    int128,
    st.floats(allow_nan=False),
    valid_text,
    st.binary(),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(min_value=datetime.datetime(1902, 1, 1), timezones=st.sampled_from((UTC, ZoneInfo("Asia/Kolkata")))),
    st.uuids(),
)


@given(st.lists(scalars, min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_scalars_come_back_equal(engine: Engine, values: list[object]) -> None:
    returned = engine.select(*values)
    assert returned == tuple(values)
    assert [type(value) for value in returned] == [type(value) for value in values]


@given(st.dictionaries(valid_text, json_values, max_size=3) | st.lists(st.lists(json_values, max_size=3), min_size=1))
@settings(max_examples=100, deadline=None)
def test_mappings_and_nested_lists_come_back_as_json(engine: Engine, value: object) -> None:
    assert engine.select(value) == (value,)


@given(
    st.lists(valid_text, max_size=20) | st.lists(int64, max_size=20) | st.lists(st.booleans() | st.none(), max_size=20)
)
@settings(max_examples=50, deadline=None)
def test_lists_of_one_type_are_lists(engine: Engine, value: list[object]) -> None:
    assert engine.select(value) == (value,)


class Name(str):
    """Text, as SQLAlchemy's quoted_name is."""


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "returned"),
    [
        ((1, 2), [1, 2]),
        (frozenset({"a"}), ["a"]),
        (bytearray(b"\0\xff"), b"\0\xff"),
        (memoryview(b"abc"), b"abc"),
        (OrderedDict(b=1, a=[]), {"b": 1, "a": []}),
        (Name("a'b"), "a'b"),
        (Colour.RED, "red"),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (Decimal("1.50"), Decimal("1.50")),
        (Decimal("0"), Decimal("0")),
        (Decimal("12345678901234567890123456789012345.678"), Decimal("12345678901234567890123456789012345.678")),
        (datetime.timedelta(days=1, seconds=2, microseconds=3), datetime.timedelta(days=1, seconds=2, microseconds=3)),
        (uuid.UUID(int=0), uuid.UUID(int=0)),
        (datetime.time(12, 30, tzinfo=UTC), datetime.time(12, 30, tzinfo=UTC)),
        (datetime.date.min, datetime.date.min),
        (datetime.date.max, datetime.date.max),
        (datetime.datetime.max, datetime.datetime.max),
        (datetime.datetime(2024, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")), datetime.datetime(2023, 12, 31, 15, tzinfo=UTC)),
        (numpy.int64(5), 5),
        (numpy.uint8(5), 5),
        (numpy.float64(0.5), 0.5),
        (numpy.float32(0.5), 0.5),
        (numpy.bool_(True), True),
        (numpy.str_("é"), "é"),
        (numpy.bytes_(b"ab"), b"ab"),
        (numpy.datetime64("2024-01-02T03:04:05"), datetime.datetime(2024, 1, 2, 3, 4, 5)),
        (numpy.datetime64("2024-01-02"), datetime.date(2024, 1, 2)),
        (numpy.array(7), 7),
        (numpy.array([1, 2]), [1, 2]),
        (pandas.Timestamp("2024-01-02 03:04:05"), datetime.datetime(2024, 1, 2, 3, 4, 5)),
        (pandas.Timestamp("2024-01-02 03:04:05", tz="UTC"), datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (pandas.Timedelta(days=1), datetime.timedelta(days=1)),
        (pandas.NaT, None),
        (pandas.NA, None),
        ([None], [None]),
        ([], []),
        ({}, {}),
        ([1, "a"], ["1", "a"]),
    ],
    ids=repr,
)  # fmt: skip
def test_other_values_come_back_as_what_they_mean(engine: Engine, value: object, returned: object) -> None:
    assert engine.select(value) == (returned,)


def test_not_a_number_stays_so(engine: Engine) -> None:
    (value,) = engine.select(math.nan)
    assert math.isnan(value)


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        ["a", "\udfff"],
        {"a": "\ud800"},
        {"\ud800": 1},
        object(),
        [object()],
        {"a": object()},
        {"a": {1, 2}},
        {"a": math.nan},
        lambda: None,
        int,
        iter([1]),
        1j,
        2**200,
        [2**200],
        Decimal(10) ** 60,
        Decimal("1E-39"),
        (value for value in "abc"),
        range(3),
        {(1, 2): 3},
    ],
    ids=repr,
)
def test_what_is_no_value_of_sql_is_refused_by_its_number(engine: Engine, value: object) -> None:
    with pytest.raises(DatabaseError, match="Parameter 2 ") as refused:
        engine.select("before", value, "after")
    assert isinstance(refused.value, DataError | ProgrammingError)
    assert engine.select("still", "usable") == ("still", "usable")
    assert engine.variables() == []


def test_20_000_parameters_of_mixed_types(engine: Engine) -> None:
    kinds = (str, float, int, bool, Decimal, lambda number: datetime.date.fromordinal(number + 1))
    values = [kinds[number % len(kinds)](number) for number in range(20_000)]
    assert engine.select(*values) == tuple(values)


def test_no_variable_stays_behind(engine: Engine) -> None:
    engine.select("text", 1, 2**100, None, {"a": 1})
    with pytest.raises(DatabaseError):
        engine.select("text", object())
    assert engine.variables() == []


def test_values_are_in_no_repr() -> None:
    assert "hunter2" not in repr(Bindings(["hunter2"]))
