"""The engine's errors as PEP 249 exceptions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ccdbapi.exceptions import (
    DatabaseError,
    DataError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)

if TYPE_CHECKING:
    import duckdb

#: Words for where a character offset in the engine's SQL lies in the user's ("line 1, column 8"); None if it does not.
Locate = Callable[[int], "str | None"]

_JSON = json.JSONDecoder()

_NO_FILES = "SQL reads AWS resources only: no files, no network and no settings of this machine"

#: The engine's kind of error → its PEP 249 class, and what the user can do.
_KINDS: Mapping[str, tuple[type[DatabaseError], str | None]] = {
    "binder": (ProgrammingError, None),
    "catalog": (ProgrammingError, None),
    "constraint": (IntegrityError, None),
    "conversion": (DataError, None),
    "dependency": (ProgrammingError, None),
    "fatal": (InternalError, "the engine of this connection has broken down, connect again"),
    "http": (NotSupportedError, _NO_FILES),
    "internal": (InternalError, "the engine fails on this statement; write it another way, and connect again"),
    "interrupt": (OperationalError, None),
    "invalid input": (DataError, None),
    "invalid type": (ProgrammingError, None),
    "io": (NotSupportedError, _NO_FILES),
    "mismatch type": (DataError, None),
    "missing extension": (NotSupportedError, "extensions of the engine are not loaded"),
    "not implemented": (NotSupportedError, None),
    "out of memory": (OperationalError, "ask for fewer rows or columns at once"),
    "out of range": (DataError, None),
    "parser": (ProgrammingError, None),
    "permission": (NotSupportedError, _NO_FILES),
    "syntax": (ProgrammingError, None),
}


#: How the engine says that a column is not known where it does not give the name on its own.
_UNKNOWN_COLUMN = re.compile(
    r'Values list ".*" does not have a column named "(?P<reference>[^"]+)"'
    r'|Column "(?P<listed>[^"]+)" (?:does not exist on (?:left|right) side of join|in [A-Z]+ list not found'
    r"|referenced that exists in the SELECT clause)"
)


#: Advice of the engine that nobody can take: its settings are the driver's.
_SETTINGS = re.compile(r' Use "SET .*')


class UnknownColumn(ProgrammingError):
    """A column is not known. ``span``: where it stands in the engine's SQL, in characters; None if that is not told."""

    def __init__(self, message: str, column: str = "", span: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.column = column
        self.span = span


class UnknownTable(ProgrammingError):
    """A table is not known."""


def error_of_exception(error: duckdb.Error | OSError, sql: str, locate: Locate) -> DatabaseError:
    """The PEP 249 exception for what the engine raised when it ran ``sql``."""
    kind, _, message = str(error).partition(" Error: ")
    try:
        details, _ = _JSON.raw_decode(message)  # advice for those who develop the engine may follow
    except ValueError:
        details = {"exception_type": kind, "exception_message": message or kind}
    return _error(str(details.get("exception_type")), details.get("exception_message"), details, sql, locate)


def error_of_answer(answer: Mapping[str, object], sql: str, locate: Locate) -> DatabaseError:
    """The PEP 249 exception for an answer of ``json_serialize_plan``, which gives the errors of ``sql`` as values."""
    return _error(str(answer.get("error_type")), answer.get("error_message"), answer, sql, locate)


def _error(kind: str, message: object, details: Mapping[str, object], sql: str, locate: Locate) -> DatabaseError:
    error_class, advice = _KINDS.get(kind.lower(), (DatabaseError, None))
    text = _SETTINGS.sub("", " ".join(str(message).split())) or kind
    if details.get("error_subtype") == "MISSING_ENTRY" and details.get("type") == "Table":
        # Not whom the engine holds for alike: it knows only the tables that were used so far.
        error_class, text = UnknownTable, f"There is no table {details.get('name')}"
    position = details.get("position")
    if isinstance(position, str) and position.isdigit():
        text += place_of(sql, int(position), locate)
    if column := _unknown_column(details, text):
        return UnknownColumn(text, column, _span(details, sql))
    return error_class(text if advice is None else f"{text}: {advice}")


def place_of(sql: str, offset: int, locate: Locate) -> str:
    """Words for where ``offset`` lies in the user's SQL, in brackets; none if it does not."""
    place = locate(characters_before(sql, offset))
    return "" if place is None else f" (at {place})"


def characters_before(sql: str, offset: int) -> int:
    """How many characters of ``sql`` its first ``offset`` bytes are, in which the engine counts."""
    return len(sql.encode()[:offset].decode(errors="ignore"))


def _unknown_column(details: Mapping[str, object], text: str) -> str | None:
    if details.get("error_subtype") == "COLUMN_NOT_FOUND":
        return str(details.get("name"))
    found = _UNKNOWN_COLUMN.match(text)
    return found and (found["reference"] or found["listed"])


def _span(details: Mapping[str, object], sql: str) -> tuple[int, int] | None:
    """The characters of ``sql`` that an error is about. The engine writes ``[offset,length]``, in bytes."""
    place = re.fullmatch(r"\[(\d+),(\d+)\]", str(details.get("location")))
    if place is None:
        return None
    start, length = int(place[1]), int(place[2])
    return characters_before(sql, start), characters_before(sql, start + length)
