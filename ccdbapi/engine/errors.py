"""The engine's errors as PEP 249 exceptions."""

from __future__ import annotations

import json
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
    "fatal": (InternalError, None),
    "http": (NotSupportedError, _NO_FILES),
    "internal": (InternalError, None),
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


def error_of_exception(error: duckdb.Error, sql: str, locate: Locate) -> DatabaseError:
    """The PEP 249 exception for what the engine raised when it ran ``sql``."""
    text = str(error)
    prefix, _, payload = text.partition("{")
    try:
        details, _ = _JSON.raw_decode("{" + payload)  # advice for those who develop the engine may follow it
    except ValueError:
        details = {"exception_type": prefix.partition(" Error:")[0], "exception_message": text}
    return _error(str(details.get("exception_type")), details.get("exception_message"), details, sql, locate)


def error_of_answer(answer: Mapping[str, object], sql: str, locate: Locate) -> DatabaseError:
    """The PEP 249 exception for an answer of ``json_serialize_plan``, which gives the errors of ``sql`` as values."""
    return _error(str(answer.get("error_type")), answer.get("error_message"), answer, sql, locate)


def _error(kind: str, message: object, details: Mapping[str, object], sql: str, locate: Locate) -> DatabaseError:
    error_class, advice = _KINDS.get(kind.lower(), (DatabaseError, None))
    text = " ".join(str(message).split()) or kind
    position = details.get("position")
    if isinstance(position, str) and position.isdigit():
        # The engine counts bytes.
        place = locate(len(sql.encode()[: int(position)].decode(errors="ignore")))
        text = text if place is None else f"{text} (at {place})"
    return error_class(text if advice is None else f"{text}: {advice}")
