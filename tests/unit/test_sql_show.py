"""SHOW and DESCRIBE, and names that SQL reserves, as they are read."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccdbapi.exceptions import DatabaseError, NotSupportedError, ProgrammingError
from ccdbapi.sql import (
    INFORMATION_SCHEMA,
    Delete,
    Describe,
    Insert,
    Query,
    Show,
    ShowInsert,
    ShowPermissions,
    Update,
    listed,
    named,
    parse,
)


def body(text: str) -> str:
    """The text that the engine gets for a query, with single spaces."""
    statement = parse(text)
    assert isinstance(statement, Query)
    return " ".join(statement.body.render("<{}>".format).split())


class TestShow:
    @pytest.mark.parametrize("end", ["", ";", " -- all"])
    @pytest.mark.parametrize(
        ("text", "subject", "extended", "place", "pattern"),
        [
            ("SHOW PROVIDERS", "providers", False, None, None),
            ("show services", "services", False, None, None),
            ("SHOW EXTENDED SERVICES IN awscc LIKE '%x''y%'", "services", True, ("awscc",), "'%x''y%'"),
            ("SHOW RESOURCES IN awscc.sagemaker", "resources", False, ("awscc", "sagemaker"), None),
            ("SHOW RESOURCES FROM sagemaker LIKE E'a\\n'", "resources", False, ("sagemaker",), "E'a\\n'"),
            ('SHOW METHODS IN "awscc".sagemaker."images"', "methods", False, ("awscc", "sagemaker", "images"), None),
            ("SHOW /* all */ RESOURCES IN a LIKE ?", "resources", False, ("a",), "<0>"),
            ("SHOW RESOURCES IN a LIKE :like", "resources", False, ("a",), "<0>"),
        ],
    )
    def test_forms(
        self, text: str, subject: str, extended: bool, place: tuple[str, ...] | None, pattern: str | None, end: str
    ) -> None:
        statement = parse(text + end)
        assert isinstance(statement, Show)
        assert (statement.subject, statement.extended) == (subject, extended)
        assert (statement.place and statement.place.parts) == place
        assert (statement.pattern and statement.pattern.render("<{}>".format).strip()) == pattern

    @pytest.mark.parametrize(
        ("text", "name", "extended"),
        [
            ("DESCRIBE awscc.sagemaker.images", "awscc.sagemaker.images", False),
            ("desc extended images;", "images", True),
            ("DESCRIBE EXTENDED extended.images", "extended.images", True),
            ("DESCRIBE extended.images", "extended.images", False),
            ("DESCRIBE extended", "extended", False),
        ],
    )
    def test_describe(self, text: str, name: str, extended: bool) -> None:
        statement = parse(text)
        assert isinstance(statement, Describe)
        assert (str(statement.table), statement.extended) == (name, extended)

    @pytest.mark.parametrize(
        ("text", "required"),
        [
            ("SHOW INSERT INTO a.b", False),
            ("show insert /*+ REQUIRED */ into a.b;", True),
            ("SHOW /*+ required */ INSERT INTO a.b", True),
            ("SHOW INSERT INTO /*+ REQUIRED */ a.b", False),
        ],
    )
    def test_show_insert(self, text: str, required: bool) -> None:
        statement = parse(text)
        assert isinstance(statement, ShowInsert)
        assert str(statement.table) == "a.b"
        assert ("required" in statement.hints) is required

    @pytest.mark.parametrize(
        ("inner", "kind"),
        [
            ("SELECT a FROM t WHERE b = ?", Query),
            ("/*+ create role_arn('r') */ INSERT INTO t (a) VALUES (:a)", Insert),
            ("UPDATE t SET a = 1 WHERE b = ?", Update),
            ("DELETE FROM t WHERE b = 1", Delete),
        ],
    )
    def test_show_permissions_holds_the_statement_as_it_is_read_alone(self, inner: str, kind: type) -> None:
        statement, alone = parse(f"SHOW PERMISSIONS FOR\n {inner};"), parse(inner)
        assert isinstance(statement, ShowPermissions)
        assert isinstance(statement.statement, kind)
        assert statement.statement.hints == alone.hints
        assert [p.index for p in statement.parameters] == [p.index for p in alone.parameters]
        assert [p.position for p in statement.parameters] == [p.position + 22 for p in alone.parameters]

    @pytest.mark.parametrize(
        ("text", "error", "message"),
        [
            ("SHOW", ProgrammingError, "column 5: SHOW what. There are SHOW PROVIDERS"),
            ("SHOW TABLES", NotSupportedError, "column 6: SHOW TABLES is not supported; there are SHOW PROVIDERS"),
            ("SHOW PROVIDERS IN awscc", ProgrammingError, "SHOW PROVIDERS takes no IN"),
            ("SHOW SERVICES IN a.b", ProgrammingError, "column 18: SHOW SERVICES takes a name of at most 1 part"),
            ("SHOW METHODS IN a.b.c.d", ProgrammingError, "at most 3 parts, not 4"),
            ("SHOW METHODS IN", ProgrammingError, "column 16: here the name of .* but the statement ends"),
            ("SHOW SERVICES LIKE a", ProgrammingError, "LIKE takes a text in single quotes, or a parameter"),
            ("SHOW SERVICES LIKE 'a' || 'b'", ProgrammingError, "the statement should end here, before |"),
            ("SHOW SERVICES WHERE true", ProgrammingError, "the statement should end here, before WHERE"),
            ("SHOW PERMISSIONS", ProgrammingError, "here FOR and a statement are expected"),
            ("SHOW PERMISSIONS FOR", ProgrammingError, "here FOR and a statement are expected"),
            ("SHOW PERMISSIONS FOR SELCT 1", ProgrammingError, "column 22: SELCT begins no statement"),
            ("SHOW PERMISSIONS FOR SHOW SERVICES", ProgrammingError, "need no permissions"),
            ("SHOW INSERT awscc.a.b", ProgrammingError, "here INTO is expected"),
            ("DESCRIBE", ProgrammingError, "here the name of a table is expected"),
            ("DESCRIBE SELECT 1", ProgrammingError, "the statement should end here, before 1"),
            ("DESCRIBE a.b.c.d", ProgrammingError, "at most three parts"),
            ("SELECT * FROM (SHOW ALL TABLES)", NotSupportedError, "SHOW is not supported"),
            ("WITH a AS (SHOW TABLES) SELECT 1", NotSupportedError, "it is a statement of its own"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_place(self, text: str, error: type[DatabaseError], message: str) -> None:
        with pytest.raises(error, match=message):
            parse(text)


class TestReservedNames:
    @pytest.mark.parametrize(
        ("text", "respelled"),
        [
            ("SELECT group, authorization FROM t", 'SELECT "group" , "authorization" FROM t'),
            ("SELECT t.Group FROM t GROUP BY t.group", 'SELECT t. "Group" FROM t GROUP BY t. "group"'),
            ("SELECT 1 FROM t GROUP BY group ORDER BY group", 'SELECT 1 FROM t GROUP BY "group" ORDER BY "group"'),
            ("SELECT x FROM t WHERE group = ? AND y", 'SELECT x FROM t WHERE "group" = <0> AND y'),
            ("SELECT * EXCLUDE group FROM t", 'SELECT * EXCLUDE "group" FROM t'),
            ("(SELECT * EXCLUDE group)", '(SELECT * EXCLUDE "group" )'),
        ],
    )
    def test_a_column_is_quoted_for_the_engine(self, text: str, respelled: str) -> None:
        assert body(text) == respelled

    @pytest.mark.parametrize(
        "text",
        [
            "SELECT a FROM t GROUP BY a",
            "SELECT a FROM t group\nby ALL",
            "SELECT a FROM t GROUP BY GROUPING SETS ((a), ())",
            "SELECT mode() WITHIN GROUP (ORDER BY a) FROM t",
            "SELECT sum(a) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE GROUP) FROM t",
            "SELECT sum(a) OVER (ORDER BY a GROUPS 1 PRECEDING EXCLUDE GROUP ) FROM t",
            "SELECT 'group', \"group\", $$group$$, /* group */ 1 AS groups FROM t",
            "PIVOT_LONGER t ON a",
            "SELECT * FROM t PIVOT (sum(a) FOR a IN (1) GROUP BY a)",
        ],
    )
    def test_the_keyword_stays(self, text: str) -> None:
        statement = parse(text)
        assert isinstance(statement, Query)
        assert statement.body.fillings == ()

    @pytest.mark.parametrize("name", ["group", "GROUP", "authorization", "Primary"])
    def test_they_are_names_in_statements_that_write(self, name: str) -> None:
        insert = parse(f"INSERT INTO t ({name}, region) VALUES (1, 2) RETURNING {name}")
        assert isinstance(insert, Insert)
        assert insert.returning is not None
        assert [column.name for column in insert.columns] == [name, "region"]
        assert insert.returning.render(str).strip() == f'"{name}"'
        update = parse(f"UPDATE t SET {name} = {name} WHERE {name} = 1 AND t.{name} = 2")
        assert isinstance(update, Update)
        assert [a.column.name for a in update.assignments] == [name]
        assert update.where.render(str).split() == [f'"{name}"', "=", "1", "AND", "t.", f'"{name}"', "=", "2"]

    @example("SELECT group /* é */ FROM t WHERE group = ? GROUP BY x, group, ?")
    @given(st.lists(st.sampled_from(["group", "?", ", ", " x ", "(", ")", " + ", "'é' ", "information_schema.t "])))
    def test_every_character_that_the_engine_gets_leads_back_to_its_own(self, parts: str | list[str]) -> None:
        text = parts if isinstance(parts, str) else "SELECT " + " ".join(parts)
        try:
            statement = parse(text)
        except ProgrammingError:
            return  # brackets or parameters that do not match
        assert isinstance(statement, Query)
        sql = statement.body.render("<{}>".format)
        for word in re.finditer(r"\w+(?![^<]*>)", sql):
            origin = statement.body.origin(word.start(), "<{}>".format)
            if word[0] in {"SELECT", "FROM", "x", "é"}:
                assert text[origin : origin + len(word[0])] == word[0]

    @given(
        st.lists(
            st.sampled_from(
                [
                    "a",
                    "t.a AS group",
                    "a AS Authorization",
                    "* EXCLUDE a",
                    "t.* EXCLUDE (a)",
                    "{'group': a}",
                    "mode() WITHIN GROUP (ORDER BY a)",
                    "sum(a) FILTER (a > 1) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE GROUP)",
                    "(SELECT max(a) FROM t GROUP BY b HAVING a > 1)",
                    "t.group",
                    "'group by' || \"group\"",
                ]
            ),
            min_size=1,
        ),
        st.sampled_from(
            ["", "GROUP BY a", "GROUP BY ALL", "GROUP BY GROUPING SETS ((a), (a, b), ())", "GROUP BY ROLLUP (a), b"]
        ),
        st.sampled_from(["", "WINDOW w AS (ORDER BY a GROUPS 1 PRECEDING EXCLUDE GROUP)", "ORDER BY a"]),
        st.sampled_from([str.lower, str.upper, str]),
    )
    def test_what_the_engine_can_read_as_it_stands_means_the_same(
        self, items: list[str], grouping: str, tail: str, case: type[str]
    ) -> None:
        text = case(f"SELECT {', '.join(items)} FROM t {grouping} {tail}")
        statement = parse(text)
        assert isinstance(statement, Query)
        expected = serialized(text)
        assert expected is not None
        assert serialized(statement.body.render(str)) == expected


class TestInformationSchema:
    @pytest.mark.parametrize(
        "text",
        [
            "SELECT * FROM information_schema.tables",
            "SELECT * FROM awscc.Information_Schema . tables",
            'FROM "information_schema"."columns"',
            "SELECT information_schema.tables.table_name FROM information_schema.tables",
        ],
    )
    def test_the_catalogues_stands_for_the_engines(self, text: str) -> None:
        shown = body(text)
        assert f'"{INFORMATION_SCHEMA}"' in shown
        assert "information_schema" not in shown.lower()

    @pytest.mark.parametrize(
        "text",
        ["SELECT information_schema FROM t", "SELECT 'information_schema.tables'", "SELECT a.b.information_schema.c"],
    )
    def test_other_names_stay(self, text: str) -> None:
        assert body(text) == text


def test_identifiers_are_found_by_name_wherever_they_are_no_text() -> None:
    sql = "SELECT a.B, \"b\", 'b', bb /* b */ FROM t AS b"
    assert [sql[start:end] for start, end in named(sql, "b")] == ["B", '"b"', "b"]


def test_listed_names_are_found_where_the_engine_tells_no_place() -> None:
    sql = "SELECT b, * EXCLUDE (a, B), t.* EXCLUDE B, * REPLACE (B + 1 AS B) FROM t JOIN u USING (B, c) WHERE f(b)"
    found = [start for start, _ in listed(sql, "b")]
    assert found == [index for index, character in enumerate(sql) if character == "B"]


def serialized(sql: str) -> str | None:
    """The engine's reading of a query, without places; None where it is none."""
    row = duckdb.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    assert row is not None
    text = str(row[0])
    return None if '"error":true' in text else re.sub(r'"query_location(_length)?":\d+', "", text)
