"""The lexer against DuckDB's own: what the two would read differently, ours refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlparse import tokens as ttypes

from ccdbapi.exceptions import DatabaseError, ProgrammingError
from ccdbapi.sql import Query, parse, split
from ccdbapi.sql.lexer import Token, tokenize

#: DuckDB cuts a message to length in the middle of a character, and Python cannot decode it then.
REFUSALS = (duckdb.Error, DatabaseError, UnicodeDecodeError)

#: Unicode's spaces that DuckDB replaces by plain ones before it lexes.
SPACES = "\u00a0\u202f\u205f\u2060\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200C)))


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


#: Pieces that begin, end, escape or continue something, in the hands of one of the two readers at least.
PIECES = [
    *["'", "''", '"', '""', "\\", "\\'", ";", "?", ":", "::", ":=", "$", "$$", "$t$", "$1", "`", "#", ".", ",", "@"],
    *["/*", "*/", "/*+", "--", "\n", "\r", "\r\n", " ", "\t", "\f", "\v", "(", ")", "[", "]", "{", "}"],
    *["e", "E'", "e'", "x'", "X'", "b'", "N'", "n", "U&'", "1", "1.", ".5", "1e5", "1e", "1_0", "_1", "0x1F", "e-1"],
    *["+", "-", "*", "/", "<", ">", "=", "->", "->>", "=>", "**", "//", "||", "!", "~", "%", "^", "&"],
    *[
        "a",
        "_",
        "é",
        "→",
        "\u017f",
        "\u212a",
        "\u0130",
        "select",
        "SELECT",
        "from",
        "and",
        "in",
        "t",
        "b c",
        "🦆",
        "\x85",
    ],
]
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.characters(codec="utf-8")), max_size=12).map("".join)


def without_special_spaces(text: str) -> str:
    """DuckDB's reader of these is another one, and does not know comments: it replaces them inside strings, too."""
    return text.translate(dict.fromkeys(map(ord, SPACES), " "))


def ours(text: str) -> list[tuple[str, int]]:
    """Class and byte offset of each token; operators apart, which DuckDB joins to longer ones."""
    return [
        (kind, len(text[: token.start].encode()))
        for token in tokenize(text)
        if (kind := _kind(token)) not in {"blank", "operator"}
    ]


def _kind(token: Token) -> str:
    match token.ttype:
        case ttypes.Whitespace:
            return "blank"
        case ttypes.Name | ttypes.Keyword | ttypes.String.Symbol:
            return "name"
        case ttypes.Number:
            return "number"
        case ttypes.String.Single | ttypes.String.Escape | ttypes.Literal:
            return "string"
    return "comment" if token.is_blank else "operator"


def theirs(text: str) -> list[tuple[str, int]]:
    """The same of DuckDB's tokens. To it the dot of `a.b` is a number."""
    names = {"identifier": "name", "keyword": "name", "numeric_const": "number", "string_const": "string"}
    found = [(names.get(str(kind.name), str(kind.name)), start) for start, kind in duckdb.tokenize(text)]
    data = text.encode()
    return [
        (kind, start)
        for (kind, start), (_, end) in pairwise([*found, ("end", len(data))])
        if kind != "operator" and data[start:end].strip(b". \t\n\v\f\r")
    ]


@given(TEXTS.map(without_special_spaces))
@example("select 'C:\\' || ';'")
@example("select E'a\\';b'")
@example("select /* a /* b */ ; */ 2")
@example("select a$$;b$$")
@example("\u017felect 1")
@settings(max_examples=1000)
def test_reads_the_tokens_that_duckdb_reads(text: str) -> None:
    try:
        read = ours(text)
    except ProgrammingError:
        return
    assert read == theirs(text)


@given(TEXTS)
def test_loses_no_character(text: str) -> None:
    try:
        tokens = tokenize(text)
    except ProgrammingError:
        return
    assert "".join(token.text for token in tokens) == text


NASTY = "'\\$;?:/*-+ tE\n\r" + '"' + SPACES
VALUES = st.text(st.one_of(st.sampled_from(NASTY), st.characters(codec="utf-8", exclude_characters="\0")), max_size=12)
NOISE = st.sampled_from(["", " ", "\n", "\u3000", "/*'*/", '/* /*"*/ $$ */', "--'\n", "-- ; /*\r", "/*+ hint */"])


def plain(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def escaped(value: str) -> str:
    return "E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def dollar_quoted(value: str) -> str:
    return f"$q${value}$q$" if "$" not in value else plain(value)


LITERALS = st.tuples(VALUES, st.sampled_from([plain, escaped, dollar_quoted]), NOISE, NOISE)


@given(st.lists(LITERALS, min_size=1, max_size=4))
@example([("'", escaped, "", ""), ("\u00a0", plain, "", "")])
def test_strings_reach_the_engine_as_they_are_written(
    engine: duckdb.DuckDBPyConnection,
    literals: list[tuple[str, Callable[[str], str], str, str]],
) -> None:
    items = ",".join(f"{before}{quote(value)}{after}" for value, quote, before, after in literals)
    try:
        statement = parse(f"SELECT {items}")
    except ProgrammingError as error:
        assert "pass the value as a parameter" in str(error)  # noqa: PT017 - the one refusal that is allowed
        return
    assert isinstance(statement, Query)
    row = engine.execute(statement.body.render(str)).fetchone()
    assert row == tuple(value for value, *_ in literals)


ITEMS = st.one_of(
    VALUES.map(plain),
    VALUES.map(escaped),
    VALUES.map(dollar_quoted),
    st.sampled_from(["?", "a", '"?"', "x'00'", "[1, ?]", "{'a':?}", "b[1:2]", "1.5::int", "(? + 1)", "j->>'$.a'", "1"]),
)
STATEMENTS = st.lists(st.tuples(NOISE, ITEMS, NOISE), min_size=1, max_size=5).map(
    lambda items: "SELECT " + ",".join(map("".join, items))
)


@given(st.lists(st.one_of(STATEMENTS, NOISE, TEXTS), max_size=4).map(";".join).map(without_special_spaces))
@settings(max_examples=500)
def test_splits_where_duckdb_splits(engine: duckdb.DuckDBPyConnection, script: str) -> None:
    try:
        expected = [statement.query for statement in engine.extract_statements(script)]
        statements = split(script)
    except REFUSALS:
        return
    significant = [[t.text for t in tokenize(text) if not t.is_blank and t.text != ";"] for text in expected]
    assert [[t.text for t in tokenize(text) if not t.is_blank] for text in statements] == significant


@given(st.one_of(STATEMENTS, TEXTS, TEXTS.map("SELECT {}".format)))
@settings(max_examples=1000)
def test_finds_the_parameters_that_duckdb_finds(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    try:
        statement = parse(text)
        (native,) = engine.extract_statements(text)
    except REFUSALS:
        return
    assert len(statement.parameters) == len(native.named_parameters)


@given(st.one_of(STATEMENTS, TEXTS, TEXTS.map("SELECT {}".format)))
@settings(max_examples=1000)
def test_what_is_rendered_is_one_query_without_parameters(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    try:
        statement = parse(text)
        assert isinstance(statement, Query)
        extracted = engine.extract_statements(statement.body.render("getvariable('p{}')".format))
    except REFUSALS:
        return
    assert [(s.type, s.named_parameters) for s in extracted] == [(duckdb.StatementType.SELECT, set())]


COLONS = [
    *[
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ":x",
        ":x",
        " :x",
        ": x",
        "::int",
        ":=",
        "'a'",
        '"b"',
        "b",
        "1",
        ",",
        "-",
        "+",
        "*",
    ],
    *[".", "first", "rows", "by", "to", "null", "lambda x", "map", "from", "select", "and", "as", "in", "case", "end"],
    *[
        "like",
        "not",
        "if",
        "for",
        "between",
        "order by",
        "limit",
        "where",
        "replace",
        "zone",
        "escape",
        "range",
        "/**/",
    ],
]
COLON_TEXTS = st.builds(
    lambda frame, pieces: frame % "".join(pieces),
    st.sampled_from(["select %s", "select x[%s]", "select {%s}", "from %s", "select f(%s)", "select map {%s}"]),
    st.lists(st.sampled_from([*COLONS, *(f"{piece} " for piece in COLONS)]), min_size=1, max_size=7),
)


@given(COLON_TEXTS)
@example("select x[a: :x]")
@example("select x[1:-:x]")
@example("from rows :x")
@settings(max_examples=1000)
def test_takes_no_colon_for_a_parameter_that_has_a_meaning_to_duckdb(
    engine: duckdb.DuckDBPyConnection, text: str
) -> None:
    try:
        engine.extract_statements(text)
        statement = parse(text)
        assert isinstance(statement, Query)
        engine.extract_statements(statement.body.render("getvariable('p{}')".format))
    except REFUSALS:
        return
    assert not statement.parameters


NAMES = st.sampled_from(["x", '"x"', "'x'", "insert", "delete", "recursive", "x(a)", "pivot"])
BODIES = st.recursive(
    st.sampled_from(
        [
            *["SELECT 1 AS a", "FROM y", "VALUES (1)", "TABLE y", "DELETE FROM y RETURNING a", "DROP TABLE y"],
            *["INSERT INTO y VALUES (2) RETURNING a", "INSERT INTO y WITH q AS (SELECT 1) SELECT * FROM q"],
            *["UPDATE y SET a = 3", "CREATE TABLE z AS SELECT 1", "TRUNCATE y", "SET VARIABLE v = 1", "SUMMARIZE y"],
        ]
    ),
    lambda body: st.one_of(
        st.builds("WITH {} AS ({}) {}".format, NAMES, body, body),
        st.builds("WITH RECURSIVE {} AS NOT MATERIALIZED (({})), {}".format, NAMES, body, body),
        st.builds("({})".format, body),
        st.builds("{} UNION ALL {}".format, body, body),
        st.builds("SELECT * FROM ({}) AS t".format, body),
        st.builds("SELECT a FROM y WHERE a IN ({})".format, body),
    ),
    max_leaves=4,
)


@given(BODIES)
@example("WITH x AS (WITH q AS (SELECT 1) DELETE FROM y RETURNING a) SELECT 1")
@settings(max_examples=500)
def test_what_is_read_as_a_query_changes_nothing(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    try:
        statement = parse(text)
    except DatabaseError:
        return
    if not isinstance(statement, Query):
        return
    engine.execute("CREATE OR REPLACE TABLE y AS SELECT 1 AS a; DROP TABLE IF EXISTS z; RESET VARIABLE v")
    with suppress(*REFUSALS):
        engine.execute(statement.body.render(str)).fetchall()
    assert engine.execute("SELECT list(a), getvariable('v') FROM y").fetchall() == [([1], None)]
    assert engine.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("y",)]
