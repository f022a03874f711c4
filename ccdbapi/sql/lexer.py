"""Breaks SQL text into tokens exactly where DuckDB breaks it.

Two readers of one text that disagree are a hole: what is a value to one is SQL to the other. So the rules below are
DuckDB's own, and a text on which sqlparse and DuckDB could still disagree is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sqlparse import tokens as ttypes
from sqlparse.keywords import PROCESS_AS_KEYWORD
from sqlparse.lexer import Lexer

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.sql.keywords import KEYWORDS
from ccdbapi.sql.location import syntax_error

# Unicode's spaces that DuckDB takes for a space; any other character beyond ASCII is a letter to it.
_UNICODE_SPACES = "\u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
_LETTER = rf"[^\x00-\x7f{_UNICODE_SPACES}]"
_DIGITS = r"[0-9]++(?:_[0-9]++)*+"
_EXPONENT = rf"(?:[eE][+-]?{_DIGITS})?+"
_NUMBER = rf"(?:{_DIGITS}(?:\.(?:{_DIGITS})?+)?+|\.{_DIGITS}){_EXPONENT}"
_PREFIXED = "[EeNnXxBb]'"
_QUOTED = "'[^']*+(?:''[^']*+)*+'"

#: The most frequent tokens come first: sqlparse tries the rules one after the other. Comments and dollar-quoted strings
#: are not among them, since sqlparse finds these by itself before it asks the rules.
_RULES = [
    (rf"[ \t\n\v\f\r{_UNICODE_SPACES}]++", ttypes.Whitespace),
    (r"[,()\[\]{};]", ttypes.Punctuation),
    (r"\?", ttypes.Name.Placeholder),
    # A prefix before a quote is no name, even if the string is not closed.
    (rf"(?!{_PREFIXED})[A-Za-z_][A-Za-z0-9_]*+(?!\$|{_LETTER})", PROCESS_AS_KEYWORD),
    (r"::|:=|[=+*<>!|:&%@~^#]|-(?!-)|\.(?![0-9.])|/(?!\*)", ttypes.Operator),
    (_QUOTED, ttypes.String.Single),
    # DuckDB reads `1a` as `1 AS a` and `0x1F` as `0 AS x1F`, which nobody means.
    (rf"{_NUMBER}(?![A-Za-z0-9_.$]|{_LETTER})", ttypes.Number),
    (rf"[NnXxBb]{_QUOTED}", ttypes.String.Single),
    (r"[Ee]'[^'\\]*+(?:(?:''|\\[\s\S])[^'\\]*+)*+'", ttypes.String.Escape),
    (r'"[^"]*+(?:""[^"]*+)*+"', ttypes.String.Symbol),
    (r"--[^\r\n]*+", ttypes.Comment.Single),
    (rf"(?!{_PREFIXED})(?:[A-Za-z_]|{_LETTER})(?:[A-Za-z0-9_]|{_LETTER})*+(?!\$)", ttypes.Name),
]

_PREFIXED_QUOTE = re.compile(_PREFIXED)
_WORD_CHARACTER = re.compile(f"[A-Za-z0-9_$]|{_LETTER}")
_COMMENT_OPENINGS = ("--", "/*")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_UNICODE_SPACE = re.compile(f"[{_UNICODE_SPACES}]")
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
_NESTED_COMMENTS_LIMIT = 100

_ADVICE = {
    "'": "a string that begins here is not closed; a quote inside a string is written ''",
    '"': "a quoted identifier that begins here is not closed",
    "/": "a comment that begins here is not closed",
    "$": "$ is no parameter marker here and cannot stand in a name: write ? or :name, or quote the name",
    "`": 'identifiers are quoted with double quotes: "name"',
    "\\": "a backslash cannot stand outside a string",
}


class Token(NamedTuple):
    """A piece of a statement.

    ``ttype`` is sqlparse's token type, ``start`` the character offset in the text. ``word`` is the keyword in upper
    case, and empty for everything that is none.
    """

    ttype: ttypes._TokenType
    text: str
    start: int
    word: str

    @property
    def end(self) -> int:
        """The offset after the last character."""
        return self.start + len(self.text)

    @property
    def is_blank(self) -> bool:
        """Whether it only separates other tokens."""
        return self.ttype is ttypes.Whitespace or self.text[:2] in _COMMENT_OPENINGS

    @property
    def plain_text(self) -> str:
        """Text of the same length and meaning for the engine: without comments, and with plain spaces only."""
        if self.ttype is ttypes.Whitespace:
            return self.text if self.text.isascii() else _UNICODE_SPACE.sub(" ", self.text)
        return " " * len(self.text) if self.text[:2] in _COMMENT_OPENINGS else self.text


def _duckdb_lexer() -> Lexer:
    lexer = Lexer()
    lexer.clear()  # type: ignore[no-untyped-call]
    # sqlparse compiles all rules with IGNORECASE, under which some letters beyond ASCII equal ASCII ones.
    rules = [(f"(?-i:{rule})", action) for rule, action in _RULES]
    lexer.set_SQL_REGEX(rules)  # type: ignore[no-untyped-call]
    lexer.add_keywords(dict.fromkeys(KEYWORDS, ttypes.Keyword))  # type: ignore[no-untyped-call]
    return lexer


_LEXER = _duckdb_lexer()


def tokenize(text: str) -> list[Token]:
    """All tokens of ``text``, blanks among them, so that their texts joined are ``text``.

    Raises `ProgrammingError` for what is no SQL: an unclosed string or comment, a stray character, ``$1``.
    """
    if unusable := _UNUSABLE.search(text):
        what = "a NUL character" if unusable[0] == "\0" else "half of a surrogate pair"
        raise syntax_error(f"{what} cannot stand in SQL; pass it as a parameter", text, unusable.start())
    tokens = list(_with_nested_comments(text))
    if not text.isascii():
        _check_spaces_in_strings(tokens, text)
    return tokens


def _with_nested_comments(text: str) -> Iterator[Token]:
    """DuckDB nests comments and sqlparse does not: after a nested one, lexing starts again at its real end."""
    start, rest = 0, text
    for _ in range(_NESTED_COMMENTS_LIMIT):
        position = start
        for ttype, value in _LEXER.get_tokens(rest):  # type: ignore[no-untyped-call]
            if value[:2] == "/*" and "/*" in value[2:]:
                end = _comment_end(text, position)
                yield Token(ttype, text[position:end], position, "")
                start, rest = end, text[end:]
                break
            if ttype is ttypes.Error:
                raise _lexical_error(text, position)
            if ttype is ttypes.Literal and _WORD_CHARACTER.match(text, position + len(value)):
                raise syntax_error("a $$ string and a name need a space between them", text, position)
            yield Token(ttype, value, position, value.upper() if ttype is ttypes.Keyword else "")
            position += len(value)
        else:
            return
    raise syntax_error(f"more than {_NESTED_COMMENTS_LIMIT} comments hold comments themselves", text, start)


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    raise _lexical_error(text, start)


def _lexical_error(text: str, position: int) -> ProgrammingError:
    character = "'" if _PREFIXED_QUOTE.match(text, position) else text[position]
    if character.isascii() and (character.isalnum() or character in "._"):
        advice = "a name and a number need a space between them, and a $ in a name needs quotes around the name"
    else:
        advice = _ADVICE.get(character, f"the character {character!r} cannot stand here")
    return syntax_error(advice, text, position)


def _check_spaces_in_strings(tokens: list[Token], text: str) -> None:
    """Refuse a text in which DuckDB would turn special spaces inside a string into plain ones.

    It replaces Unicode's spaces before it lexes, with a reader that does not know backslash escapes and loses count
    of the quotes after ``E'\\''``.
    """
    if any(t.ttype is ttypes.String.Escape and not re.fullmatch(_QUOTED, t.text[1:]) for t in tokens):
        for token in tokens:
            if not token.is_blank and (space := _UNICODE_SPACE.search(token.text)):
                raise syntax_error(
                    f"the space {space[0]!r} inside quotes and a \\' elsewhere cannot stand in one statement; "
                    "pass the value as a parameter",
                    text,
                    token.start + space.start(),
                )
