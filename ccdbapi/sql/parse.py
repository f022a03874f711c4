"""Reads a statement: exactly one, and one that this driver has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from sqlparse import tokens as ttypes

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.sql.hints import read_hints
from ccdbapi.sql.lexer import Token, tokenize
from ccdbapi.sql.location import syntax_error
from ccdbapi.sql.query import check_common_tables, read_query
from ccdbapi.sql.reader import Reader
from ccdbapi.sql.script import split_tokens
from ccdbapi.sql.statement import Statement
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
    tokens = statements[0]
    hints = read_hints(_hint_comments(tokens), text)
    reader = Reader(tokens, text)
    check_common_tables(reader)
    match reader.token.word:
        case "INSERT":
            return read_insert(reader, hints)
        case "UPDATE":
            return read_update(reader, hints)
        case "DELETE":
            return read_delete(reader, hints)
    return read_query(reader, hints)


def _hint_comments(tokens: Sequence[Token]) -> list[Token]:
    """The comments before the first word and directly after it; elsewhere a comment is only that."""
    leading = list(takewhile(lambda token: token.is_blank, tokens))
    following = takewhile(lambda token: token.is_blank, tokens[len(leading) + 1 :])
    return [token for token in (*leading, *following) if token.ttype in ttypes.Comment]
