"""Reads the statements that ask the catalogue: SHOW and DESCRIBE."""

from __future__ import annotations

from collections.abc import Mapping

from sqlparse import tokens as ttypes

from ccdbapi.exceptions import DatabaseError
from ccdbapi.sql.fragment import Fragment
from ccdbapi.sql.location import unsupported
from ccdbapi.sql.reader import Reader
from ccdbapi.sql.statement import Describe, SchemaName, Show, ShowInsert, ShowSubject

_FORMS = (
    "SHOW PROVIDERS, SHOW SERVICES, SHOW RESOURCES IN awscc.sagemaker, SHOW METHODS IN awscc.sagemaker.images, "
    "SHOW INSERT INTO awscc.sagemaker.images or SHOW PERMISSIONS FOR SELECT …"
)
_SUBJECTS: Mapping[str, ShowSubject] = {
    "PROVIDERS": "providers",
    "SERVICES": "services",
    "RESOURCES": "resources",
    "METHODS": "methods",
}
_PATTERNS = (ttypes.String.Single, ttypes.String.Escape, ttypes.Name.Placeholder)


def begins_permissions(reader: Reader) -> bool:
    """Whether SHOW PERMISSIONS FOR stands at the position; if so, steps over it."""
    if _words(reader, 2) != ["SHOW", "PERMISSIONS"]:
        return False
    reader.index += 2
    if not reader.accept("FOR") or not reader.token.text:
        raise reader.error("here FOR and a statement are expected: SHOW PERMISSIONS FOR SELECT …")
    return True


def read_show(reader: Reader, hints: Mapping[str, str | None]) -> Show | ShowInsert:
    """The SHOW at the position, but for SHOW PERMISSIONS."""
    reader.accept("SHOW")
    if reader.token.word == "INSERT":
        return _read_show_insert(reader, hints)
    extended = _accept_extended(reader)
    subject = _SUBJECTS.get(reader.token.text.upper())
    if subject is None:
        raise _unknown(reader)
    reader.index += 1
    place = _read_place(reader, subject) if reader.token.word in {"FROM", "IN"} else None
    pattern = _read_pattern(reader) if reader.accept("LIKE") else None
    _check_end(reader)
    return Show(
        text=reader.text,
        hints=hints,
        parameters=reader.parameters,
        subject=subject,
        extended=extended,
        place=place,
        pattern=pattern,
    )


def read_describe(reader: Reader, hints: Mapping[str, str | None]) -> Describe:
    """The DESCRIBE at the position."""
    reader.index += 1
    extended = _accept_extended(reader)
    table = reader.table_name()
    _check_end(reader)
    return Describe(text=reader.text, hints=hints, parameters=reader.parameters, table=table, extended=extended)


def _read_show_insert(reader: Reader, hints: Mapping[str, str | None]) -> ShowInsert:
    if not reader.accept("INSERT", "INTO"):
        raise reader.error("here INTO is expected: SHOW INSERT INTO awscc.sagemaker.images", reader.peek(1))
    table = reader.table_name()
    _check_end(reader)
    return ShowInsert(text=reader.text, hints=hints, parameters=reader.parameters, table=table)


def _accept_extended(reader: Reader) -> bool:
    # Where a name follows, as in DESCRIBE extended.images, it is a name itself.
    if _words(reader, 1) != ["EXTENDED"] or reader.peek(1).text in {"", "."}:
        return False
    reader.index += 1
    return True


def _read_place(reader: Reader, subject: ShowSubject) -> SchemaName:
    most = {"providers": 0, "services": 1, "resources": 2, "methods": 3}[subject]
    if not most:
        raise reader.error("SHOW PROVIDERS takes no IN; there is one: awscc")
    reader.index += 1
    start = reader.token
    parts = reader.name_parts("what to show the " + subject + " of")
    if len(parts) > most:
        raise reader.error(f"SHOW {subject.upper()} takes a name of at most {most} parts, not {len(parts)}", start)
    return SchemaName(tuple(parts), start.start)


def _read_pattern(reader: Reader) -> Fragment:
    if reader.token.ttype not in _PATTERNS:
        raise reader.error("LIKE takes a text in single quotes, or a parameter: LIKE '%image%'")
    reader.index += 1
    return reader.fragment(reader.index - 1, reader.index)


def _check_end(reader: Reader) -> None:
    if reader.token.text:
        raise reader.error(f"the statement should end here, before {reader.token.text}")


def _words(reader: Reader, count: int) -> list[str]:
    return [reader.peek(ahead).text.upper() for ahead in range(count)]


def _unknown(reader: Reader) -> DatabaseError:
    what = reader.token.text
    if not what:
        return reader.error(f"SHOW what? There are {_FORMS}")
    return unsupported(f"SHOW {what} is not supported; there are {_FORMS}", reader.text, reader.token.start)
