"""Splits a text into its statements."""

from __future__ import annotations

from collections.abc import Sequence

from ccdbapi.sql.lexer import Token, tokenize


def split_tokens(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens of each statement, comments around it included, semicolons not. Blank statements are left out."""
    statements: list[list[Token]] = [[]]
    for token in tokens:
        if token.text == ";":
            statements.append([])
        else:
            statements[-1].append(token)
    return [statement for statement in statements if not all(token.is_blank for token in statement)]


def split(text: str) -> list[str]:
    """The texts of the statements in a script, comments included, without the semicolons between them.

    Raises `ProgrammingError` for what is no SQL, like an unclosed string.
    """
    return ["".join(token.text for token in statement).strip() for statement in split_tokens(tokenize(text))]
