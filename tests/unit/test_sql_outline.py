"""What is left of a statement for the log: its words, none of its values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdbapi.sql import outline

CANARY = "canary7"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT a.b, c FROM t\n  WHERE region = 'x'", "SELECT a.b, c FROM t WHERE region = …"),
        ("select 1 + 2.5e3 - 'a'", "select … + … - …"),
        ("SELECT * FROM t WHERE a IN ('x', 'y',1)", "SELECT * FROM t WHERE a IN (…)"),
        ("SELECT ?, :name", "SELECT ?, :name"),
        ("/*+ role_arn('arn') */ DELETE /* b */ FROM t -- c", "DELETE FROM t"),
        ('SELECT "a" FROM t', "SELECT … FROM t"),
        ("SELECT E'a\\'b', x'ff', $$c$$, $d$e$d$", "SELECT …"),
        ("SELECT 'not closed", "(no SQL)"),
        ("", ""),
    ],
)
def test_values_are_left_out(statement: str, expected: str) -> None:
    assert outline(statement) == expected


@pytest.mark.parametrize("size", [600, 100_000])
def test_a_long_one_is_cut(size: int) -> None:
    assert len(outline("SELECT " + "a" * size)) == 501


VALUES = ["'{}'", "E'\\'{}'", "$${}$$", "$q${}$q$", '"{}"', "/*{}*/ 1", "1 --{}\n", "'a''{}'", "N'{}'", "/*/**/{}*/1"]


@given(
    st.lists(st.sampled_from(VALUES), min_size=1),
    st.sampled_from(["SELECT {}", "/*+ h('canary7') */ INSERT INTO t VALUES ({})"]),
)
def test_no_way_to_write_a_value_shows_it(values: list[str], statement: str) -> None:
    assert CANARY not in outline(statement.format(", ".join(value.format(CANARY) for value in values)))


@given(st.text(max_size=30))
def test_any_text_has_an_outline_of_one_line(text: str) -> None:
    assert len(outline(text).splitlines()) <= 1
