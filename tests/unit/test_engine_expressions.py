"""Expressions of a plan, written as SQL again: the same values over the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from key_queries import KeyQueries, Row

TEXTS = ("a", "b", "arn:x:role/a", "a,b", "", "12", '["a","b"]', '{"k": "a"}', "é'\\", "A")

#: Over texts {0} and {1}, none of which fails.
WRITTEN = (
    "{0}",
    "concat('it''s', {0})",
    "lower({0})",
    "{0} || {1}",
    "concat({0}, '-', {1})",
    "split_part({0}, '/', -1)",
    "coalesce({0}, {1})",
    "nullif({0}, 'a')",
    "ifnull({0}, {1})",
    "if({0} = 'a', {0}, {1})",
    "CASE WHEN {0} IS NULL THEN 'none' WHEN {0} < {1} THEN {0} ELSE {1} END",
    "CASE {0} WHEN 'a' THEN {1} END",
    "CASE WHEN {0} IN ('a', 'b', '') THEN {0} END",
    "CASE WHEN {0} NOT IN ('a', {1}) THEN {0} END",
    "CASE WHEN {0} LIKE '%a' AND NOT ({1} = 'b' OR {1} <> '') THEN {1} ELSE {0} END",
    "CASE WHEN {0} IS DISTINCT FROM {1} THEN 'other' END",
    "CASE WHEN {0} IS NOT DISTINCT FROM {1} THEN 'same' END",
    "CASE WHEN {0} BETWEEN 'a' AND 'b' THEN {1} END",
    "CASE WHEN {0} >= {1} THEN {0} END",
    "CASE WHEN starts_with({0}, 'a') THEN {1} END",
    "CAST(length({0}) AS VARCHAR)",
    "CAST(length({0}) + 1 * 2 - 3 AS VARCHAR)",
    "CAST(length({0}) / 2 AS VARCHAR)",
    "TRY_CAST({0} AS INTEGER)::VARCHAR",
    "CAST(coalesce({0}, '') = {1} AS VARCHAR)",
    "replace({0}, 'a', 'b')",
    "left({0}, 2)",
    "right({0}, 2)",
    "{0}[1:3]",
    "substring({0} FROM 2)",
    "trim({0})",
    "regexp_extract({0}, '[a-z]+$')",
    "regexp_replace({0}, '^.*/', '')",
    "string_split({0}, ',')[1]",
    "list_extract(string_split({0}, ','), -1)",
    "[{0}, {1}][2]",
    "greatest({0}, {1})",
    "least({0}, 'm')",
    "md5({0})",
    "printf('%s-%d', {0}, 5)",
    "CAST({0} IS NULL AS VARCHAR)",
)

#: What is not over the rows alone, or not known well enough to be written again.
UNWRITTEN = (
    "uuid()::VARCHAR",
    "CAST(random() AS VARCHAR)",
    "array_to_string([a.kind], '/')",
    "a.kind || uuid()::VARCHAR",
    "CASE WHEN random() < 2 THEN a.kind END",
    "list_transform([a.kind], lambda k: k || 'x')[1]",
    "b.id",
    "lower(b.kind)",
    "a.kind || b.kind",
)

values = st.sampled_from((*TEXTS, None))
rows = st.lists(st.tuples(values, values, values, st.sampled_from(("0", "7", "-12", None))), max_size=6)
expressions = st.recursive(
    st.sampled_from(("a.kind", "a.id", "a.region", "CAST(a.number AS VARCHAR)", "'b'", "CAST(NULL AS VARCHAR)")),
    lambda inner: st.tuples(st.sampled_from(WRITTEN), inner, inner).map(lambda given: given[0].format(*given[1:])),
    max_leaves=5,
).map("concat(a.id, {})".format)  # never a constant, which tells the same where there are no rows


@pytest.fixture(scope="module")
def queries() -> Iterator[KeyQueries]:
    queries = KeyQueries()
    yield queries
    queries.close()


def keyed(expression: str) -> str:
    return f"SELECT b.kind FROM awscc.shop.a JOIN awscc.shop.b ON b.id = {expression}"


def assert_the_same(queries: KeyQueries, expression: str, given: list[Row]) -> None:
    world = {"a": given}
    (query,) = queries.find(keyed(expression), "a")["b"]
    expected = queries.answer(f"SELECT DISTINCT {expression} FROM awscc.shop.a", world)
    assert queries.rows(query, world) == {row for row in expected if row != (None,)}


@pytest.mark.parametrize("template", WRITTEN)
def test_each_kind_of_expression(queries: KeyQueries, template: str) -> None:
    given: list[Row] = [("us", first, second, "1") for first in (*TEXTS, None) for second in ("a", "b", None)]
    assert_the_same(queries, template.format("a.id", "a.kind"), given)


@given(expression=expressions, given=rows)
@settings(max_examples=200, deadline=None)
def test_expressions_of_expressions(queries: KeyQueries, expression: str, given: list[Row]) -> None:
    assert_the_same(queries, expression, given)


@pytest.mark.parametrize("expression", UNWRITTEN)
def test_what_cannot_be_written(queries: KeyQueries, expression: str) -> None:
    assert "b" not in queries.find(keyed(expression), "a")


@pytest.mark.parametrize(
    ("expression", "keys"),
    [
        ("CAST(CAST(a.id AS INTEGER) AS VARCHAR)", {("12",)}),
        ("CAST(a.id AS BIGINT)::VARCHAR || a.kind", {("12k",)}),
    ],
)
def test_a_cast_that_fails_tells_nothing(queries: KeyQueries, expression: str, keys: set[Row]) -> None:
    (query,) = queries.find(keyed(expression), "a")["b"]
    assert queries.rows(query, {"a": [("us", "12", "k", None), ("us", "x", "k", None)]}) == keys


@pytest.mark.parametrize(
    ("demand", "keys"),
    [
        ("b.number = a.number", {("7",), ("-12",)}),
        ("b.number = a.number + 1", {("8",), ("-11",)}),
        ("b.number = length(a.kind)", {("1",)}),
    ],
)
def test_the_text_of_what_is_no_text(queries: KeyQueries, demand: str, keys: set[Row]) -> None:
    sql = f"SELECT b.kind FROM awscc.shop.a JOIN awscc.shop.b ON {demand}"
    (query,) = queries.find(sql, "a")["b"]
    assert query.columns == ("number",)
    assert queries.rows(query, {"a": [("us", "x", "k", "7"), ("us", "x", "k", "-12"), ("us", "x", "k", None)]}) >= keys
