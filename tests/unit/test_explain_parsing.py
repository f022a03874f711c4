"""EXPLAIN and EXPLAIN ANALYZE as statements: what they wrap, and what they refuse."""

from __future__ import annotations

import pytest

from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.sql import DryRun, Explain, Query, parse


def explain(text: str) -> Explain:
    statement = parse(text)
    assert isinstance(statement, Explain)
    assert isinstance(statement.query, Query)
    return statement


@pytest.mark.parametrize(
    ("text", "body", "analyze"),
    [
        ("EXPLAIN SELECT 1", "SELECT 1", False),
        ("explain analyze select 1", "select 1", True),
        ("EXPLAIN ANALYSE SELECT 1;", "SELECT 1", True),
        ("EXPLAIN (SELECT 1)", "(SELECT 1)", False),
        ("EXPLAIN FROM t", "FROM t", False),
        ("EXPLAIN VALUES (1)", "VALUES (1)", False),
        ("EXPLAIN ANALYZE WITH a AS (SELECT 1) FROM a", "WITH a AS (SELECT 1) FROM a", True),
        ("EXPLAIN -- why\n SELECT 1", "SELECT 1", False),
    ],
)
def test_it_wraps_a_query(text: str, body: str, analyze: bool) -> None:
    statement = explain(text)
    assert (statement.query.body.render(str), statement.analyze) == (body, analyze)


@pytest.mark.parametrize(
    "text",
    [
        "/*+ no_cache */ EXPLAIN SELECT 1",
        "EXPLAIN /*+ no_cache */ SELECT 1",
        "EXPLAIN ANALYZE /*+ no_cache */ SELECT 1",
        "EXPLAIN SELECT /*+ no_cache */ 1",
    ],
)
def test_hints_before_it_and_after_it_are_the_querys(text: str) -> None:
    assert dict(explain(text).query.hints) == {"no_cache": None}


def test_parameters_are_the_querys() -> None:
    statement = explain("EXPLAIN SELECT :b, :a, :b")
    assert statement.parameter_names == statement.query.parameter_names == ("b", "a")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("EXPLAIN", ProgrammingError, "column 8: here a query is expected: EXPLAIN SELECT …"),
        ("EXPLAIN ANALYZE", ProgrammingError, "column 16: here a query is expected"),
        ("EXPLAIN ANALYZE INSERT INTO t (a) SELECT 1", NotSupportedError, "INSERT would write"),
        ("EXPLAIN ANALYZE DELETE FROM t WHERE a", NotSupportedError, "column 17: EXPLAIN ANALYZE runs a statement"),
        ("EXPLAIN UPDATE t SET a = 1", ProgrammingError, "UPDATE needs WHERE"),
        ("EXPLAIN SHOW SERVICES", ProgrammingError, "EXPLAIN is for queries, and SHOW is none"),
        ("EXPLAIN DESCRIBE t", ProgrammingError, "DESCRIBE is none"),
        ("EXPLAIN EXPLAIN SELECT 1", ProgrammingError, "EXPLAIN is none"),
        ("EXPLAIN (FORMAT json) SELECT 1", NotSupportedError, "EXPLAIN has no option FORMAT"),
        ("EXPLAIN (ANALYZE) SELECT 1", NotSupportedError, "no option ANALYZE; write EXPLAIN or EXPLAIN ANALYZE"),
        ("EXPLAIN CREATE TABLE t (a INT)", NotSupportedError, "CREATE is not supported"),
        ("EXPLAIN nonsense", ProgrammingError, "nonsense begins no statement"),
        ("EXPLAIN SELECT 1; SELECT 2", ProgrammingError, "a second statement begins here"),
        ("WITH a AS (EXPLAIN SELECT 1) SELECT 1", NotSupportedError, "EXPLAIN is not supported: it stands before"),
        ("SHOW PERMISSIONS FOR EXPLAIN SELECT 1", ProgrammingError, "SHOW PERMISSIONS FOR SELECT"),
    ],
)
def test_what_is_no_query_is_refused(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        parse(text)


@pytest.mark.parametrize(
    "written", ["INSERT INTO t (a) SELECT 1", "DELETE FROM t WHERE a", "UPDATE t SET a = 1 WHERE b"]
)
def test_what_writes_is_wrapped_with_the_hints_before_it(written: str) -> None:
    statement = parse(f"EXPLAIN /*+ async */ {written}")
    assert isinstance(statement, DryRun)
    assert statement.statement.hints == {"async": None}
