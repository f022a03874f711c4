"""Reads statements that only read, and refuses those that only look so."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from itertools import pairwise

from sqlparse import tokens as ttypes

from ccdbapi.exceptions import DatabaseError
from ccdbapi.sql.fragment import Fragment
from ccdbapi.sql.keywords import READS, UNSUPPORTED, WRITES
from ccdbapi.sql.lexer import Token
from ccdbapi.sql.location import unsupported
from ccdbapi.sql.reader import Reader
from ccdbapi.sql.statement import Query


def read_query(reader: Reader, hints: Mapping[str, str | None]) -> Query:
    """The query that the whole statement is."""
    check_reads(reader)
    body = reader.fragment(0, len(reader.tokens))
    return Query(text=reader.text, hints=hints, parameters=reader.parameters, body=body)


def check_reads(reader: Reader) -> None:
    """Raise unless a query begins at the position: `NotSupportedError` for other statements, else `ProgrammingError`.

    The position stays. That what follows is a query to its end is left to the engine.
    """
    start = reader.index
    _skip_to_main_word(reader)
    if reader.token.word not in READS:
        raise _no_query(reader, reader.token)
    reader.index = start
    for before, token in pairwise(reader.tokens[start:]):
        if token.word == "INTO" and before.text != "." and before.word != "AS":
            raise unsupported("SELECT … INTO makes a table; fetch the rows instead", reader.text, token.start)


def read_common_tables(reader: Reader) -> Fragment | None:
    """The WITH clause at the position, if an UPDATE or a DELETE follows it; else None, and the position stays."""
    start = reader.index
    if reader.accept("WITH"):
        _skip_common_tables(reader)
        if reader.token.word in {"UPDATE", "DELETE"}:
            return reader.fragment(start, reader.index)
    reader.index = start
    return None


def check_common_tables(reader: Reader) -> None:
    """Raise `NotSupportedError` where a statement that changes something stands in a WITH clause, at any depth.

    DuckDB takes any statement there. The position stays.
    """
    start = reader.index
    for index in range(1, len(reader.tokens)):
        if reader.tokens[index].text == "(":
            reader.index = index
            if reader.tokens[index - 1].word in {"AS", "MATERIALIZED"}:
                _skip_to_main_word(reader)
                word = reader.token.word
                if word in WRITES or word in UNSUPPORTED:
                    raise _no_query(reader, reader.token)
            elif reader.peek(1).word in {"PIVOT", "PIVOT_WIDER", "SHOW"}:
                raise _no_query(reader, reader.peek(1))
    reader.index = start


def _skip_to_main_word(reader: Reader) -> None:
    """Step over opening brackets and WITH clauses."""
    while True:
        if reader.token.text == "(":
            reader.index += 1
        elif reader.accept("WITH"):
            _skip_common_tables(reader)
        else:
            return


def _skip_common_tables(reader: Reader) -> None:
    """Step over what follows WITH."""
    reader.accept("RECURSIVE")
    _skip_common_table(reader)
    while reader.token.text == ",":
        reader.index += 1
        _skip_common_table(reader)


def _skip_common_table(reader: Reader) -> None:
    """Step over ``name (columns) USING KEY (columns) AS NOT MATERIALIZED (…)``."""
    if reader.token.ttype is ttypes.String.Single:
        reader.index += 1
    else:
        reader.identifier("a common table")
    _skip_brackets(reader)
    if reader.accept("USING", "KEY"):
        _skip_brackets(reader)
    if not reader.accept("AS"):
        raise reader.error("here AS is expected: WITH name AS (SELECT …) SELECT …")
    reader.accept("NOT")
    reader.accept("MATERIALIZED")
    if reader.token.text != "(":
        raise reader.error("here a query in brackets is expected: WITH name AS (SELECT …) SELECT …")
    _skip_brackets(reader)


def _skip_brackets(reader: Reader) -> None:
    if reader.token.text == "(":
        reader.index = reader.closing() + 1


def _no_query(reader: Reader, token: Token) -> DatabaseError:
    if token.word in WRITES:
        message = f"{token.word} cannot stand inside another statement"
        advice = {
            "INSERT": "with common tables, write INSERT INTO t (…) WITH … SELECT …",
            "UPDATE": "use subqueries in SET and WHERE",
            "DELETE": "use a subquery in WHERE",
        }[token.word]
        return unsupported(f"{message}; {advice}", reader.text, token.start)
    if token.word in UNSUPPORTED:
        return unsupported(f"{token.word} is not supported: {UNSUPPORTED[token.word]}", reader.text, token.start)
    if not token.text:
        return reader.error("the statement ends where SELECT or another query is expected", token)
    known = sorted(READS | WRITES) if token.ttype is ttypes.Name else []
    close = difflib.get_close_matches(token.text.upper(), known, n=1)
    advice = f"did you mean {close[0]}?" if close else "statements begin with SELECT, INSERT, UPDATE, DELETE or WITH"
    shown = token.text if len(token.text) <= 40 else f"{token.text[:40]}…"
    return reader.error(f"{shown} begins no statement; {advice}", token)
