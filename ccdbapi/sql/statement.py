"""What a statement says: which kind it is, and the parts it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from ccdbapi.sql.fragment import Fragment


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A parameter's place in a statement.

    ``index`` counts from 0: for ``?`` the place in the sequence of values, for ``:name`` the number of the distinct
    name in order of first appearance. ``name`` is None for ``?``; ``position`` is the offset in the text.
    """

    name: str | None
    index: int
    position: int


@dataclass(frozen=True, slots=True)
class TableName:
    """A table as the statement names it, without quotes. Parts that it does not give are None."""

    catalog: str | None
    schema: str | None
    name: str
    position: int

    def __str__(self) -> str:
        return ".".join(part for part in (self.catalog, self.schema, self.name) if part is not None)


@dataclass(frozen=True, slots=True)
class SchemaName:
    """What a statement names to say where to look, without quotes: ``awscc``, ``awscc.sagemaker``, or a table."""

    parts: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A column as the statement names it, without quotes."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """``column = value`` in SET."""

    column: ColumnName
    value: Fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Common:
    """What all statements have.

    ``text`` is the text that was parsed, to which all positions refer. ``hints`` are the words of its ``/*+ … */``
    comments in lower case, with the argument of those that have one. ``parameters`` are in order of appearance.
    """

    text: str
    hints: Mapping[str, str | None]
    parameters: tuple[Placeholder, ...]

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The distinct names of ``:name`` parameters, so that ``index`` leads to them; empty for ``?``."""
        return tuple(dict.fromkeys(p.name for p in self.parameters if p.name is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(_Common):
    """A statement that only reads: SELECT, WITH, FROM, VALUES, TABLE, UNPIVOT."""

    body: Fragment


class Rows(NamedTuple):
    """Rows of VALUES of which each value is a parameter, or has none.

    ``shape`` is what is in the brackets of one, with gaps for the values that are parameters, numbered from 0;
    ``parameters`` are these of each row.
    """

    shape: Fragment
    parameters: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert(_Common):
    """``INSERT INTO table AS alias (columns) source RETURNING returning``.

    ``rows`` has the rows of a source that is VALUES, where these differ by their parameters alone.
    """

    table: TableName
    alias: str | None
    columns: tuple[ColumnName, ...]
    source: Fragment
    rows: Rows | None
    returning: Fragment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(_Common):
    """``WITH common_tables UPDATE table AS alias SET assignments FROM source WHERE where RETURNING returning``."""

    common_tables: Fragment | None
    table: TableName
    alias: str | None
    assignments: tuple[Assignment, ...]
    source: Fragment | None
    where: Fragment
    returning: Fragment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(_Common):
    """``WITH common_tables DELETE FROM table AS alias USING source WHERE where RETURNING returning``."""

    common_tables: Fragment | None
    table: TableName
    alias: str | None
    source: Fragment | None
    where: Fragment
    returning: Fragment | None


#: What SHOW can list.
ShowSubject = Literal["providers", "services", "resources", "methods"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Show(_Common):
    """``SHOW EXTENDED subject IN place LIKE pattern``: lists what is in the catalogue."""

    subject: ShowSubject
    extended: bool
    place: SchemaName | None
    pattern: Fragment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe(_Common):
    """``DESCRIBE EXTENDED table``: lists its columns."""

    table: TableName
    extended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowInsert(_Common):
    """``SHOW INSERT INTO table``: a statement to fill in."""

    table: TableName


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPermissions(_Common):
    """``SHOW PERMISSIONS FOR statement``: what whoever runs it has to be allowed."""

    statement: Query | Insert | Update | Delete


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain(_Common):
    """``EXPLAIN ANALYZE query``: the calls that it will make or, where it is to ``analyze``, that it made."""

    query: Query
    analyze: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun(_Common):
    """``EXPLAIN`` of a statement that writes: the requests that it would make."""

    statement: Insert | Update | Delete


#: Statements that ask the catalogue.
Metadata: TypeAlias = Show | Describe | ShowInsert | ShowPermissions

Statement: TypeAlias = Query | Insert | Update | Delete | Explain | DryRun | Metadata
