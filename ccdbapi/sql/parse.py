"""Reads a statement: exactly one, and one that this driver has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlparse import tokens as ttypes

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.sql.hints import read_hints
from ccdbapi.sql.lexer import Token, tokenize
from ccdbapi.sql.location import syntax_error, unsupported
from ccdbapi.sql.query import check_common_tables, read_common_tables, read_query
from ccdbapi.sql.reader import Reader
from ccdbapi.sql.script import split_tokens
from ccdbapi.sql.show import begins_permissions, read_describe, read_show
from ccdbapi.sql.statement import Delete, DryRun, Explain, Insert, Query, ShowPermissions, Statement, Update
from ccdbapi.sql.writes import read_delete, read_insert, read_update


def parse(text: str) -> Statement:
    """The one statement in ``text``, with or without a semicolon at its end.

    Raises `ProgrammingError` for what is no statement or more than one, and `NotSupportedError` for statements that
    are none of this driver's; both say where (line and column) and what to do.
    """
    statements = split_tokens(tokenize(text))
    if not statements:
        raise ProgrammingError("there is no statement to execute: the text is empty or holds only comments")
    if len(statements) > 1:
        second = next(token for token in statements[1] if not token.is_blank)
        raise syntax_error(
            "a second statement begins here; execute them one by one (ccdbapi.sql.split() separates a script)",
            text,
            second.start,
        )
    return _read(statements[0], text)


def _read(tokens: Sequence[Token], text: str) -> Statement:
    hints = read_hints(_hint_comments(tokens), text)
    reader = Reader(tokens, text)
    check_common_tables(reader)
    common_tables = read_common_tables(reader)
    match reader.token.word:
        case "SHOW":
            return _read_permissions(reader, tokens, hints) if begins_permissions(reader) else read_show(reader, hints)
        case "EXPLAIN":
            return _read_explain(reader, tokens, hints)
        case "DESC" | "DESCRIBE":
            return read_describe(reader, hints)
        case "INSERT":
            return read_insert(reader, hints)
        case "UPDATE":
            return read_update(reader, hints, common_tables)
        case "DELETE":
            return read_delete(reader, hints, common_tables)
    return read_query(reader, hints)


def _read_permissions(reader: Reader, tokens: Sequence[Token], hints: Mapping[str, str | None]) -> ShowPermissions:
    """SHOW PERMISSIONS FOR a statement that begins, with its hints, after the position's last token."""
    ends = reader.peek(-1).end
    statement = _read([token for token in tokens if token.start >= ends], reader.text)
    if not isinstance(statement, Query | Insert | Update | Delete):
        raise reader.error("SHOW, DESCRIBE and EXPLAIN need no permissions of their own: SHOW PERMISSIONS FOR SELECT …")
    return ShowPermissions(text=reader.text, hints=hints, parameters=statement.parameters, statement=statement)


def _read_explain(reader: Reader, tokens: Sequence[Token], hints: Mapping[str, str | None]) -> Explain | DryRun:
    """EXPLAIN, and the statement after it. Hints may stand before either."""
    reader.index += 1
    analyze = reader.token.text.upper() in {"ANALYZE", "ANALYSE"}
    reader.index += analyze
    first = reader.token
    if not first.text:
        raise reader.error("here a query is expected: EXPLAIN SELECT …")
    options = reader.peek(1).text.upper()
    if first.text == "(" and options in {"ANALYZE", "FORMAT", "VERBOSE"}:
        raise unsupported(
            f"EXPLAIN has no option {options}; write EXPLAIN or EXPLAIN ANALYZE", reader.text, first.start
        )
    if first.word in {"DESC", "DESCRIBE", "EXPLAIN", "SHOW"}:
        raise reader.error(f"EXPLAIN is for queries, and {first.word} is none")
    query = _read([token for token in tokens if token.start >= reader.peek(-1).end], reader.text)
    if isinstance(query, Insert | Update | Delete):
        if analyze:
            word = type(query).__name__.upper()
            message = f"EXPLAIN ANALYZE runs a statement, and {word} would write; EXPLAIN shows what it would send"
            raise unsupported(message, reader.text, first.start)
        written = replace(query, hints={**hints, **query.hints})
        return DryRun(text=reader.text, hints=hints, parameters=query.parameters, statement=written)
    if not isinstance(query, Query):
        raise reader.error("EXPLAIN is for queries and what writes: EXPLAIN SELECT …", first)
    query = replace(query, hints={**hints, **query.hints})
    return Explain(text=reader.text, hints=hints, parameters=query.parameters, query=query, analyze=analyze)


def _hint_comments(tokens: Sequence[Token]) -> list[Token]:
    """The comments before the first word and directly after it; elsewhere a comment is only that.

    SHOW INSERT counts as one word, since StackQL writes SHOW INSERT /*+ REQUIRED */ INTO.
    """
    words = [token.word for token in tokens if not token.is_blank]
    last = 1 if words[:2] == ["SHOW", "INSERT"] else 0
    comments: list[Token] = []
    for token in tokens:
        if not token.is_blank:
            last -= 1
        elif token.ttype in ttypes.Comment:
            comments.append(token)
        if last < -1:
            break
    return comments
