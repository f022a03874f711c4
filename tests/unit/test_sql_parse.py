"""Which statement a text is, and which clauses it has."""

from __future__ import annotations

import pytest

from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.sql import Delete, Fragment, Insert, Query, TableName, Update, location, parse, split


def shown(fragment: Fragment | None) -> str | None:
    return fragment.render("<{}>".format) if fragment else None


@pytest.mark.parametrize("end", ["", ";", " ;\n", "; -- done", ";;", "\n/* done */"])
@pytest.mark.parametrize(
    "text",
    [
        "SELECT region, image_arn FROM awscc.sagemaker.images_list_only WHERE region = 'us-east-1'",
        "from awscc.sagemaker.images_list_only select count(*)",
        "WITH a AS (SELECT 1), b(x) AS NOT MATERIALIZED (SELECT 2) SELECT * FROM a, b",
        "with recursive r as (select 1 union all select 2) from r",
        "(SELECT 1) UNION ALL SELECT 2",
        "((WITH a AS (SELECT 1) SELECT 2))",
        "VALUES (1), (2)",
        "TABLE awscc.sagemaker.images",
        "UNPIVOT t ON a, b",
        "SELECT a AS into, t.into FROM t",
        "SELECT $$;$$, ';', \";\"",
        "SELECT 'a'\n'b'",
    ],
)
def test_query(text: str, end: str) -> None:
    statement = parse(text + end)
    assert isinstance(statement, Query)
    assert shown(statement.body) == text


@pytest.mark.parametrize(
    "source", ["SELECT 'a', ? FROM t", "VALUES ('a', ?), ('b', f(1, 2),),", "WITH q AS (SELECT 1) FROM q"]
)
@pytest.mark.parametrize("returning", [None, "*", "ErrorCode, Identifier AS where"])
def test_insert(source: str, returning: str | None) -> None:
    tail = f" RETURNING {returning}" if returning else ""
    statement = parse(f'/*+ create */ insert into awscc."s""m".images (ImageName, "Tags") {source}{tail};')
    assert isinstance(statement, Insert)
    assert statement.table == TableName("awscc", 's"m', "images", 26)
    assert [(c.name, c.position) for c in statement.columns] == [("ImageName", 47), ("Tags", 58)]
    assert shown(statement.source) == source.replace("?", " <0> ")
    assert shown(statement.returning) == returning


def test_update() -> None:
    statement = parse(
        "UPDATE awscc.x.y AS t SET PatchDocument = string('[1, 2]'), b = a IS DISTINCT FROM c, "
        "d = CASE WHEN (SELECT 1 WHERE true) THEN {'set': 1} ELSE [2, 3] END "
        "FROM other WHERE region = :r AND t.where = 'RETURNING' RETURNING *"
    )
    assert isinstance(statement, Update)
    assert str(statement.table) == "awscc.x.y"
    assert statement.alias == "t"
    assert {a.column.name: shown(a.value) for a in statement.assignments} == {
        "PatchDocument": "string('[1, 2]')",
        "b": "a IS DISTINCT FROM c",
        "d": "CASE WHEN (SELECT 1 WHERE true) THEN {'set': 1} ELSE [2, 3] END",
    }
    assert shown(statement.source) == "other"
    assert shown(statement.where) == "region =  <0>  AND t.where = 'RETURNING'"
    assert shown(statement.returning) == "*"


@pytest.mark.parametrize(
    ("text", "alias", "source"),
    [
        ("DELETE FROM t WHERE a = 1", None, None),
        ("delete /* c */ from t x where a = 1;", "x", None),
        ('DELETE FROM t AS "x" USING u JOIN v USING (i) WHERE a = 1', "x", "u JOIN v USING (i)"),
    ],
)
def test_delete(text: str, alias: str | None, source: str | None) -> None:
    statement = parse(text)
    assert isinstance(statement, Delete)
    assert (statement.table.name, statement.alias, shown(statement.source)) == ("t", alias, source)
    assert (shown(statement.where), statement.returning) == ("a = 1", None)


@pytest.mark.parametrize("rest", ["DELETE FROM t USING b WHERE t.a = b.a", "UPDATE t SET a = 1 FROM b WHERE true"])
@pytest.mark.parametrize(
    "common_tables", ["WITH b AS (SELECT 1 AS a)", "WITH RECURSIVE b (a) AS MATERIALIZED (SELECT ?), c AS (FROM b)"]
)
def test_common_tables_before_what_writes(common_tables: str, rest: str) -> None:
    statement = parse(f"/*+ max_writes(2) */ {common_tables} {rest}")
    assert isinstance(statement, Delete | Update)
    assert shown(statement.common_tables) == common_tables.replace("?", " <0> ")
    assert (shown(statement.source), statement.hints) == ("b", {"max_writes": "2"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no statement"),
        (" ;; -- x\n /* y */", "no statement"),
        ("SELECT 1;\n SELECT 2", "line 2, column 2: a second statement begins here"),
        ("SELCT 1", "line 1, column 1: SELCT begins no statement; did you mean SELECT"),
        ("'SELECT 1'", "begins no statement; statements begin with SELECT"),
        ("(1 + 2)", "1 begins no statement"),
        ("WITH a AS (SELECT 1)", "the statement ends where SELECT"),
        ("WITH a (SELECT 1) SELECT 1", "here AS is expected"),
        ("WITH a AS (SELECT 1), INSERT INTO t WITH b AS (SELECT 1) SELECT 1", "here AS is expected"),
        ("SELECT (1", r"column 8: \( is not closed"),
        ("SELECT 1)", r"column 9: \) closes no bracket"),
        ("SELECT (1]", r"column 10: \] closes no bracket"),
        ("SELECT 'a", "column 8: a string that begins here is not closed"),
        ("SELECT E'a\\'", "column 8: a string that begins here is not closed"),
        ('SELECT "a', "a quoted identifier that begins here"),
        ("SELECT /* /* */", "column 8: a comment that begins here"),
        ("SELECT $1", "write [?] or :name"),
        ("SELECT $name", "write [?] or :name"),
        ("SELECT a$b", "quotes around the name"),
        ("SELECT 0x1F", "need a space between"),
        ("SELECT `a`", "double quotes"),
        ("SELECT \\", "a backslash cannot stand outside"),
        ("SELECT '\0'", "NUL"),
        ("SELECT '\ud800'", "surrogate"),
        ("SELECT " + "/* /**/ */" * 101 + "1", "more than 100 comments"),
        ("INSERT t (a) VALUES (1)", "column 8: here INTO is expected"),
        ("INSERT INTO (a) VALUES (1)", "name of a table is expected"),
        ("INSERT INTO a.b.c.d (a) VALUES (1)", "at most three parts"),
        ("INSERT INTO t VALUES (1)", "names of the columns"),
        ("INSERT INTO t SELECT 1", "names of the columns"),
        ("INSERT INTO t (SELECT 1)", "names of the columns"),
        ("INSERT INTO t () VALUES ()", "names of the columns"),
        ("INSERT INTO t (a, A) VALUES (1, 2)", "column 19: the column A is given twice"),
        ("INSERT INTO t (a b) VALUES (1)", "here a comma or [)] is expected"),
        ("INSERT INTO t (a)", "has no values"),
        ("INSERT INTO t (a, b) VALUES (1, 2), (3)", "column 37: row 2 of VALUES has 1 values for 2 columns"),
        ("INSERT INTO t (a) VALUES ([1, 2], 3)", "row 1 of VALUES has 2 values for 1 columns"),
        ("INSERT INTO t (a) VALUES ()", "row 1 of VALUES has 0 values"),
        ("INSERT INTO t (a, b) VALUES (1,,2)", "something is missing"),
        ("INSERT INTO t (a) VALUES 1", "row in brackets"),
        ("INSERT INTO t (a) VALUES (1) RETURNING", "RETURNING is empty"),
        ("INSERT INTO t (a) VALUES (1) RETURNING * FROM u", "FROM cannot stand in RETURNING"),
        ("INSERT INTO t (a) VALUES (1) RETURNING DISTINCT a", "DISTINCT cannot stand there"),
        ("UPDATE t WHERE a = 1", "UPDATE needs SET"),
        ("UPDATE SET a = 1 WHERE b = 1", "name of a table is expected, not SET"),
        ("UPDATE t SET WHERE a = 1", "SET assigns nothing"),
        ("UPDATE t SET a WHERE b = 1", "here = is expected"),
        ("UPDATE t SET a = WHERE b = 1", "SET is empty"),
        ("UPDATE t SET a = 1, a = 2 WHERE b = 1", "column 21: the column a is set twice"),
        ("UPDATE t SET a = 1", "UPDATE needs WHERE.*UPDATE awscc"),
        ("UPDATE t SET a = 1 WHERE", "WHERE is empty"),
        ("UPDATE t SET a = 1 WHERE b LIMIT 1", "LIMIT cannot stand in WHERE"),
        ("UPDATE t SET a = 1 WHERE b, c", "a comma outside brackets"),
        ("DELETE t WHERE a = 1", "here FROM is expected"),
        ("DELETE FROM t", "DELETE needs WHERE.*DELETE FROM awscc"),
        ("DELETE FROM t WHERE a = 1 UNION SELECT 1", "UNION cannot stand in WHERE"),
        ("DELETE FROM t WHERE a = 1 TABLESAMPLE 10%", "TABLESAMPLE cannot stand in WHERE"),
        ("DELETE FROM t WHERE a = 1 ORDER BY b", "ORDER cannot stand in WHERE"),
    ],
)
def test_bad_input_is_a_programming_error_that_says_what_to_do(text: str, message: str) -> None:
    with pytest.raises(ProgrammingError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE TABLE t (a INT)", "belong to AWS"),
        ("drop table t", "DROP is not supported: .*belong to AWS"),
        ("ALTER TABLE t ADD b INT", "belong to AWS"),
        ("COPY t TO 'f.csv'", "neither read nor write files"),
        ("ATTACH 'f.db'", "embedded engine"),
        ("PRAGMA version", "embedded engine"),
        ("SET threads = 1", "embedded engine"),
        ("INSTALL httpfs", "embedded engine"),
        ("CALL pragma_version()", "embedded engine"),
        ("BEGIN", "no transactions"),
        ("PREPARE p AS SELECT 1", "pass parameters to execute"),
        ("SUMMARIZE t", "SUMMARIZE is not supported"),
        ("SHOW TABLES", "SHOW TABLES is not supported; there are SHOW PROVIDERS, SHOW SERVICES"),
        ("TRUNCATE t", "DELETE FROM"),
        ("MERGE INTO t USING u ON a", "one by one"),
        ("PIVOT t ON a", "SELECT … FROM t PIVOT"),
        ("SELECT * FROM (PIVOT t ON a)", "SELECT … FROM t PIVOT"),
        ("SELECT 1 INTO t", "column 10: SELECT … INTO"),
        ("WITH x AS (DELETE FROM t WHERE a RETURNING *) SELECT 1", "column 12: DELETE cannot stand inside"),
        ("WITH x AS MATERIALIZED (COPY t TO 'f') SELECT 1", "COPY is not supported"),
        ("WITH x AS (WITH y AS (SELECT 1) DELETE FROM t) SELECT 1", "DELETE cannot stand inside"),
        ("WITH x AS (SELECT 1) INSERT INTO t (a) SELECT 1", "write INSERT INTO t .* WITH"),
        ("WITH x AS (SELECT 1) (DELETE FROM t WHERE a)", "column 23: DELETE cannot stand inside"),
        (
            "EXPLAIN ANALYZE WITH x AS (SELECT 1) DELETE FROM t WHERE a",
            "column 17: EXPLAIN ANALYZE runs .* DELETE would",
        ),
        ("INSERT INTO t (a) SELECT * FROM (WITH x AS (DROP TABLE t) SELECT 1)", "DROP is not supported"),
        ("INSERT INTO t (a) DELETE FROM u", "DELETE"),
        ("INSERT OR REPLACE INTO t (a) VALUES (1)", "INSERT OR REPLACE"),
        ("INSERT INTO t BY NAME SELECT 1 AS a", "BY NAME"),
        ("INSERT INTO t DEFAULT VALUES", "DEFAULT VALUES"),
        ("INSERT INTO t (a) DEFAULT VALUES", "DEFAULT VALUES"),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING", "column 30: ON CONFLICT"),
        ("UPDATE t SET (a, b) = (1, 2) WHERE c", "write SET a"),
        ("UPDATE t SET a.b = 1 WHERE c", "part of a column"),
    ],
)
def test_statements_of_others_are_not_supported(text: str, message: str) -> None:
    with pytest.raises(NotSupportedError, match=message):
        parse(text)


def test_splits_a_script() -> None:
    script = "-- first\n/*+ create */ SELECT ';';;  SELECT $$;$$ /* ; */ ; -- nothing more"
    assert split(script) == ["-- first\n/*+ create */ SELECT ';'", "SELECT $$;$$ /* ; */"]


@pytest.mark.parametrize(
    ("offset", "expected"), [(0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (4, (3, 1)), (5, (4, 1)), (6, (4, 2))]
)
def test_location_counts_every_kind_of_line_end(offset: int, expected: tuple[int, int]) -> None:
    assert location("a\n\r\n\rb", offset) == expected
