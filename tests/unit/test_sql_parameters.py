"""Parameters, and the fragments with gaps where they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.sql import Placeholder, Query, Update, parse


def test_positional_parameters_are_numbered_in_order() -> None:
    assert parse("SELECT ?, f(?) -- ?\n, '?', \"?\", $$?$$").parameters == (
        Placeholder(None, 0, 7),
        Placeholder(None, 1, 12),
    )


def test_a_name_that_is_used_twice_is_one_parameter() -> None:
    statement = parse("SELECT :a, :b, :a /* :c */, ':d'")
    assert [(p.name, p.index) for p in statement.parameters] == [("a", 0), ("b", 1), ("a", 0)]
    assert statement.parameter_names == ("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT%s",
        "SELECT DISTINCT %s",
        "SELECT DISTINCT ON (a) %s",
        "SELECT * FROM t WHERE a=%s AND b IN (%s,%s) OR c LIKE %s ESCAPE %s",
        "SELECT * FROM t WHERE a IN %s AND NOT %s",
        "SELECT * FROM t WHERE a BETWEEN %s AND %s AND b SIMILAR TO %s AND c IS DISTINCT FROM %s",
        "SELECT CASE %s WHEN %s THEN %s ELSE %s END",
        "SELECT {'a': %s, b: %s}, [%s, %s], x[(%s)], f(k := %s), a AT TIME ZONE %s, -%s",
        "SELECT substring(a FROM %s FOR %s), trim(BOTH %s FROM %s)",
        "SELECT sum(a) OVER (ORDER BY b ROWS %s PRECEDING) FROM t GROUP BY %s HAVING %s QUALIFY %s",
        "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN %s PRECEDING AND %s FOLLOWING) FROM t",
        "SELECT sum(a) OVER (w RANGE BETWEEN %s PRECEDING AND CURRENT ROW), b BETWEEN %s AND %s FROM t",
        "SELECT sum(a) OVER (PARTITION BY b GROUPS BETWEEN CURRENT ROW AND %s FOLLOWING) FROM t",
        "SELECT * FROM rows WHERE rows BETWEEN %s AND %s AND range BETWEEN %s AND %s",
        "SELECT * FROM t ORDER BY %s LIMIT %s OFFSET %s",
        "VALUES (%s, %s), (%s, %s)",
        "SELECT list_transform([1], lambda x: %s + x)",
        "SELECT [%s for x in [1] if %s], %s::INT, %s->>'a', a || %s",
    ],
)
def test_parameters_stand_wherever_a_value_can(text: str) -> None:
    if "(a) %s" not in text:  # after a bracket DuckDB's colon comes first
        named = parse(text.replace("%s", " :n"))
        assert len(named.parameters) == text.count("%s")
    positional = parse(text.replace("%s", "?"))
    assert isinstance(positional, Query)
    expected = text.replace("%s", " <%d> ") % tuple(range(text.count("%s")))
    assert positional.body.render("<{}>".format) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT {'a':b, c:d}",
        "SELECT x[a:b], x['a':b], x[1:b], x[f(1):b]",
        "SELECT list_transform([1], lambda x:x)",
        "SELECT a:b FROM t",
        "SELECT 1::name, a::name",
        "SELECT f(a:=b)",
        "SELECT {first:a}",
        "SELECT a: b, c : d",
    ],
)
def test_colons_of_duckdb_are_no_parameters(text: str) -> None:
    assert parse(text).parameters == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT ?, :a", "column 11: [?] and :name parameters cannot be mixed"),
        ("SELECT x[:b]", "column 10: this colon"),
        ("SELECT x[a: :b]", "column 13: this colon"),
        ("SELECT x[a:-:b]", "this colon"),
        ("SELECT x :b", "this colon"),
        ("SELECT ?1", "[?] cannot be followed by 1"),
        ("SELECT ?a", "[?] cannot be followed by a"),
        ("SELECT ? 'a'", "[?] cannot be followed by 'a'"),
        ("SELECT a ?", "cannot stand after a"),
        ("SELECT 1 ?", "cannot stand after 1"),
        ("SELECT ? ?", "cannot stand after [?]"),
        ("SELECT a.?", "cannot stand after [.]"),
        ("SELECT a::?", "cannot stand after ::"),
        ("SELECT * FROM t JOIN ?", "cannot stand after JOIN"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(text: str, message: str) -> None:
    with pytest.raises(ProgrammingError, match=message):
        parse(text)


def test_a_fragment_has_no_comments_and_no_special_spaces() -> None:
    statement = parse("SELECT\u00a0'\u00a0'/*'*/,--;\n?")
    assert isinstance(statement, Query)
    assert statement.body.render(str) == "SELECT '\u00a0'     ,   \n 0 "


@given(st.lists(st.sampled_from(["a", "?", "'?'", "/* c */b", "\u00a0c", "[?, 1]"]), min_size=1, max_size=8), st.data())
def test_positions_in_the_rendered_text_lead_back_to_the_statement(items: list[str], data: st.DataObject) -> None:
    text = "/*+ x */ SELECT " + ", ".join(items)
    statement = parse(text)
    assert isinstance(statement, Query)
    rendered = statement.body.render("getvariable({})".format)
    offset = data.draw(st.integers(0, len(rendered) - 1))
    origin = statement.body.origin(offset, "getvariable({})".format)
    placeholder = text[origin] == "?" and any(p.position == origin for p in statement.parameters)
    assert placeholder or rendered[offset] == text[origin] or rendered[offset] == " "


def test_the_end_of_the_rendered_text_leads_to_the_end_of_the_fragment() -> None:
    statement = parse("UPDATE t SET a = ? WHERE b = ?")
    assert isinstance(statement, Update)
    value = statement.assignments[0].value
    assert value.origin(len(value.render("<{}>".format)), "<{}>".format) == 18
    assert statement.where.numbers == (1,)


def test_twenty_thousand_parameters() -> None:
    statement = parse(f"SELECT * FROM t WHERE a IN ({', '.join('?' * 20_000)})")
    assert isinstance(statement, Query)
    assert statement.body.render(str).count(" 19999 ") == 1
