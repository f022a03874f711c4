"""Breaks INSERT, UPDATE and DELETE into their clauses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlparse import tokens as ttypes

from ccdbapi.exceptions import NotSupportedError
from ccdbapi.sql.fragment import Fragment
from ccdbapi.sql.keywords import CLAUSES, READS
from ccdbapi.sql.location import unsupported
from ccdbapi.sql.query import check_reads
from ccdbapi.sql.reader import Reader
from ccdbapi.sql.statement import Assignment, ColumnName, Delete, Insert, Rows, TableName, Update

_INSERT_EXAMPLE = "INSERT INTO awscc.sagemaker.images (ImageName, region) VALUES ('…', 'us-east-1')"
_UPDATE_EXAMPLE = (
    "UPDATE awscc.sagemaker.images SET image_description = '…' WHERE region = 'us-east-1' AND Identifier = '…'"
)
_DELETE_EXAMPLE = "DELETE FROM awscc.sagemaker.images WHERE region = 'us-east-1' AND Identifier = '…'"
_NO_UPSERT = "INSERT a new resource, or UPDATE one that exists"


def read_insert(reader: Reader, hints: Mapping[str, str | None]) -> Insert:
    """The INSERT at the position."""
    reader.accept("INSERT")
    if reader.token.word == "OR":
        raise _unsupported(reader, f"INSERT OR {reader.peek(1).text.upper()}", _NO_UPSERT)
    if not reader.accept("INTO"):
        raise reader.error(f"here INTO is expected: {_INSERT_EXAMPLE}")
    table = _table(reader)
    alias = reader.identifier("the alias").text if reader.accept("AS") else None
    if reader.token.word == "BY":
        raise _unsupported(reader, "INSERT BY NAME or BY POSITION", f"list the columns: {_INSERT_EXAMPLE}")
    if reader.token.word == "DEFAULT":
        raise _unsupported(reader, "DEFAULT VALUES", f"a resource has no defaults for all of it: {_INSERT_EXAMPLE}")
    columns = _columns(reader)
    if reader.token.word == "DEFAULT":
        raise _unsupported(reader, "DEFAULT VALUES", "leave a column out of the list for its default")
    if not reader.token.text or reader.token.word == "RETURNING":
        raise reader.error(f"INSERT has no values: {_INSERT_EXAMPLE}")
    check_reads(reader)
    rows = _rows(reader, len(columns)) if reader.token.word == "VALUES" else []
    end = reader.find({"RETURNING"})
    for index in range(reader.index, end - 1):
        if reader.tokens[index].word == "ON" and reader.tokens[index + 1].word == "CONFLICT":
            reader.index = index
            raise _unsupported(reader, "ON CONFLICT", _NO_UPSERT)
    source = reader.fragment(reader.index, end)
    alike = _alike(reader, rows) if rows and rows[-1][1] + 1 == end else None
    reader.index = end
    return Insert(
        text=reader.text,
        hints=hints,
        parameters=reader.parameters,
        table=table,
        alias=alias,
        columns=columns,
        source=source,
        rows=alike,
        returning=_returning(reader),
    )


def read_update(reader: Reader, hints: Mapping[str, str | None], common_tables: Fragment | None) -> Update:
    """The UPDATE at the position, with the WITH clause before it."""
    reader.accept("UPDATE")
    table = _table(reader)
    alias = _alias(reader, before={"SET", "FROM", "WHERE", "RETURNING"})
    if not reader.accept("SET"):
        raise reader.error(f"UPDATE needs SET: {_UPDATE_EXAMPLE}")
    assignments = _assignments(reader)
    source = None
    if reader.accept("FROM"):
        source = _cut(reader, "FROM", reader.find({"WHERE", "RETURNING"}), forbidden=CLAUSES - {"USING"})
    if not reader.accept("WHERE"):
        raise reader.error(f"UPDATE needs WHERE, which says what to change: {_UPDATE_EXAMPLE}")
    return Update(
        text=reader.text,
        hints=hints,
        parameters=reader.parameters,
        common_tables=common_tables,
        table=table,
        alias=alias,
        assignments=assignments,
        source=source,
        where=_expression(reader, "WHERE", reader.find({"RETURNING"})),
        returning=_returning(reader),
    )


def read_delete(reader: Reader, hints: Mapping[str, str | None], common_tables: Fragment | None) -> Delete:
    """The DELETE at the position, with the WITH clause before it."""
    reader.accept("DELETE")
    if not reader.accept("FROM"):
        raise reader.error(f"here FROM is expected: {_DELETE_EXAMPLE}")
    table = _table(reader)
    alias = _alias(reader, before={"USING", "WHERE", "RETURNING"})
    source = None
    if reader.accept("USING"):
        source = _cut(reader, "USING", reader.find({"WHERE", "RETURNING"}), forbidden=CLAUSES - {"USING"})
    if not reader.accept("WHERE"):
        raise reader.error(f"DELETE needs WHERE, which says what to delete: {_DELETE_EXAMPLE}")
    return Delete(
        text=reader.text,
        hints=hints,
        parameters=reader.parameters,
        common_tables=common_tables,
        table=table,
        alias=alias,
        source=source,
        where=_expression(reader, "WHERE", reader.find({"RETURNING"})),
        returning=_returning(reader),
    )


def _table(reader: Reader) -> TableName:
    if reader.token.word in CLAUSES or reader.token.word == "SET":
        raise reader.error(f"here the name of a table is expected, not {reader.token.text}")
    return reader.table_name()


def _alias(reader: Reader, before: set[str]) -> str | None:
    if reader.accept("AS"):
        return reader.identifier("the alias").text
    if not reader.token.text or reader.token.word in before:
        return None
    return reader.identifier("the alias").text


def _columns(reader: Reader) -> tuple[ColumnName, ...]:
    listed = reader.token.text == "("
    if not listed or (reader.peek(1).word in READS and reader.peek(2).text not in {",", ")"}):
        raise reader.error(f"INSERT needs the names of the columns: {_INSERT_EXAMPLE}")
    closing = reader.closing()
    reader.index += 1
    columns: dict[str, ColumnName] = {}
    while reader.index < closing:
        column = reader.identifier("a column")
        if column.text.lower() in columns:
            raise reader.error(f"the column {column.text} is given twice", column)
        columns[column.text.lower()] = ColumnName(column.text, column.start)
        if reader.index < closing:
            if reader.token.text != ",":
                raise reader.error(f"here a comma or ) is expected, not {reader.token.text}")
            reader.index += 1
    if not columns:
        raise reader.error(f"INSERT needs the names of the columns: {_INSERT_EXAMPLE}")
    reader.index = closing + 1
    return tuple(columns.values())


def _rows(reader: Reader, width: int) -> list[tuple[int, int]]:
    """The ranges of indexes between the brackets of each row of VALUES. The position stays.

    Raises `ProgrammingError` unless every row has as many values as there are columns.
    """
    start = reader.index
    reader.accept("VALUES")
    rows: list[tuple[int, int]] = []
    while reader.token.text == "(":
        opening, closing = reader.token, reader.closing()
        reader.index += 1
        rows.append((reader.index, closing))
        count = len(reader.items(closing)) if reader.index < closing else 0
        if count != width:
            raise reader.error(f"row {len(rows)} of VALUES has {count} values for {width} columns", opening)
        reader.index = closing + 1
        if reader.token.text != ",":
            break
        reader.index += 1
    if not rows:
        raise reader.error("here a row in brackets is expected: VALUES ('…', …)")
    reader.index = start
    return rows


def _alike(reader: Reader, rows: Sequence[tuple[int, int]]) -> Rows | None:
    """The rows, if they differ by their parameters alone, and compute nothing of them. The position is lost."""
    reader.index, closing = rows[0]
    for first, last in reader.items(closing):
        parameters = [token.ttype is ttypes.Name.Placeholder for token in reader.tokens[first:last]]
        if any(parameters) and len(parameters) > 1:
            return None
    shape, *others = (reader.fragment(*row) for row in rows)
    gaps = len(shape.fillings)
    if len(shape.numbers) < gaps or any(other.pieces != shape.pieces or len(other.numbers) < gaps for other in others):
        return None
    return Rows(replace(shape, fillings=tuple(range(gaps))), [row.numbers for row in (shape, *others)])


def _assignments(reader: Reader) -> tuple[Assignment, ...]:
    end = reader.find({"FROM", "WHERE", "RETURNING"})
    if reader.index == end:
        raise reader.error(f"SET assigns nothing: {_UPDATE_EXAMPLE}")
    assignments: dict[str, Assignment] = {}
    for first, last in reader.items(end):
        reader.index = first
        if reader.token.text == "(":
            raise _unsupported(reader, "SET (a, b) = …", "write SET a = …, b = …")
        column = reader.identifier("a column")
        if reader.token.text in {".", "["}:
            raise _unsupported(reader, "SET of a part of a column", "set the whole column, or PatchDocument")
        if reader.token.text != "=":
            raise reader.error(f"here = is expected: {_UPDATE_EXAMPLE}")
        if column.text.lower() in assignments:
            raise reader.error(f"the column {column.text} is set twice", column)
        reader.index += 1
        if reader.token.word == "DEFAULT":
            raise _unsupported(reader, "SET … = DEFAULT", "NULL takes a property away, for the service's own default")
        value = _expression(reader, "SET", last)
        assignments[column.text.lower()] = Assignment(ColumnName(column.text, column.start), value)
    reader.index = end
    return tuple(assignments.values())


def _expression(reader: Reader, clause: str, end: int) -> Fragment:
    if reader.index < end and len(reader.items(end)) > 1:
        raise reader.error(f"{clause} takes one expression; there is a comma outside brackets")
    return _cut(reader, clause, end, forbidden=CLAUSES)


def _returning(reader: Reader) -> Fragment | None:
    if not reader.accept("RETURNING"):
        return None
    if reader.token.word in {"ALL", "DISTINCT"}:
        raise reader.error(f"RETURNING lists columns; {reader.token.word} cannot stand there")
    return _cut(reader, "RETURNING", len(reader.tokens), forbidden=CLAUSES)


def _cut(reader: Reader, clause: str, end: int, *, forbidden: Collection[str]) -> Fragment:
    """The fragment up to ``end``, where the position then is.

    A clause that goes on with ORDER BY, LIMIT or UNION would be valid in the query that the engine makes of it, and
    mean something else.
    """
    if reader.index >= end:
        raise reader.error(f"{clause} is empty")
    stray = reader.find(forbidden, end)
    if stray < end:
        word = reader.tokens[stray]
        raise reader.error(f"{word.text} cannot stand in {clause} outside brackets", word)
    fragment = reader.fragment(reader.index, end)
    reader.index = end
    return fragment


def _unsupported(reader: Reader, what: str, advice: str) -> NotSupportedError:
    return unsupported(f"{what} is not supported; {advice}", reader.text, reader.token.start)
