"""How the command writes values: as JSON, and as text."""

from __future__ import annotations

import datetime
import json
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdbapi.cli.values import dump, to_json, to_text

IDENTIFIER = uuid.UUID("12345678-1234-5678-1234-567812345678")
MOMENT = datetime.datetime.fromisoformat("2026-03-01T12:30:05.250000")

#: A value of a result, what it is as JSON, and as text.
VALUES: list[tuple[object, object, str]] = [
    (None, None, ""),
    ("a 'b' \"c\" é\n", "a 'b' \"c\" é\n", "a 'b' \"c\" é\n"),
    (True, True, "true"),
    (2**100, 2**100, str(2**100)),
    (1.5, 1.5, "1.5"),
    (float("nan"), None, "nan"),
    (float("-inf"), None, "-inf"),
    (Decimal("1.500"), 1.5, "1.500"),
    (Decimal("0.1"), 0.1, "0.1"),
    (Decimal("12345678901234567890.123"), "12345678901234567890.123", "12345678901234567890.123"),
    (MOMENT, "2026-03-01T12:30:05.250000", "2026-03-01T12:30:05.250000"),
    (MOMENT.replace(tzinfo=datetime.UTC), "2026-03-01T12:30:05.250000+00:00", "2026-03-01T12:30:05.250000+00:00"),
    (MOMENT.date(), "2026-03-01", "2026-03-01"),
    (MOMENT.time(), "12:30:05.250000", "12:30:05.250000"),
    (datetime.timedelta(days=1, seconds=2), "1 day, 0:00:02", "1 day, 0:00:02"),
    (IDENTIFIER, str(IDENTIFIER), str(IDENTIFIER)),
    (b"\x00\xff", "AP8=", "AP8="),
    ([1, None, Decimal("0.5")], [1, None, 0.5], "[1, null, 0.5]"),
    ((1, 2), [1, 2], "[1, 2]"),
    ({"Key": "é", "At": MOMENT.date()}, {"Key": "é", "At": "2026-03-01"}, '{"Key": "é", "At": "2026-03-01"}'),
    ({1: "x"}, {"1": "x"}, '{"1": "x"}'),
]


@pytest.mark.parametrize(("value", "as_json", "_"), VALUES)
def test_values_as_json(value: object, as_json: object, _: str) -> None:
    assert to_json(value) == as_json
    assert type(to_json(value)) is type(as_json)


@pytest.mark.parametrize(("value", "_", "as_text"), VALUES)
def test_values_as_text(value: object, _: object, as_text: str) -> None:
    assert to_text(value) == as_text


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_decimal_is_lost(value: Decimal) -> None:
    written = to_json(value)

    assert isinstance(written, float | str)
    assert Decimal(repr(written) if isinstance(written, float) else written) == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    )
)
def test_what_was_json_comes_back_from_one_line(value: object) -> None:
    line = dump(to_json(value))

    assert "\n" not in line
    assert json.loads(line) == value
