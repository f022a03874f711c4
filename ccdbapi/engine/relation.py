"""Relations: what rows a statement's plan comes to, as far as it can be written as SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.expressions import Cell, Pending, Sql

#: Column of a raw table → the SQL type of the values that its text stands for. Those that are missing are text.
Types = Mapping[str, str]

#: Where one value has one text, so that an equality of values is one of texts. Not so that of a moment.
ONE_TEXT = frozenset({"BIGINT", "BOOLEAN", "DOUBLE", "JSON"})


@dataclass(frozen=True, slots=True)
class KeyQuery:
    """The query ``sql`` for the values that some columns of a scan can have in a row of the answer.

    It has a column for each of ``columns``, may repeat rows, and reads the scans with the numbers ``reads`` as tables
    of the names that `scan_name` gives them.
    """

    columns: tuple[str, ...]
    sql: str
    bindings: Bindings = field(repr=False)
    reads: frozenset[int]


class Item(NamedTuple):
    """A table in FROM, which reads the scans ``reads``; ``over`` are the tables before it that it refers to."""

    text: str
    alias: str
    reads: frozenset[int] = frozenset()
    over: frozenset[str] = frozenset()


#: Number of a scan that is not read yet → what its columns have to be equal to.
Bound = Mapping[int, Mapping[str, Sql]]


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows: of ``items``, joined, where ``conditions`` hold.

    ``exact``: these and no others, each as often as it is. ``ragged``: there may be more columns than ``cells`` tells.
    """

    items: tuple[Item, ...] = ()
    conditions: tuple[Sql, ...] = ()
    cells: tuple[Cell, ...] = ()
    bound: Bound = field(default_factory=dict)
    exact: bool = True
    ragged: bool = False

    def pick(self, positions: Sequence[int]) -> Relation:
        """The columns at ``positions``. The engine writes no positions where it keeps all columns."""
        if not positions:
            return self
        cells = tuple(self.cells[p] if p < len(self.cells) else None for p in positions)
        return replace(self, cells=cells, ragged=False)

    @property
    def waits(self) -> bool:
        """Whether a scan below is not read yet."""
        return bool(self.bound) or any(isinstance(cell, Pending) for cell in self.cells)


#: Rows of which nothing is known.
UNKNOWN = Relation(exact=False, ragged=True)


class Reachable:
    """What is demanded of one scan's columns, where some scans are read already."""

    def __init__(self, relation: Relation, demands: Mapping[str, Sql], bindings: Bindings) -> None:
        self._relation = relation
        self._demands = demands
        self._bindings = bindings

    @property
    def columns(self) -> frozenset[str]:
        """The columns that have to be equal to something."""
        return frozenset(self._demands)

    @property
    def restricted(self) -> bool:
        """Whether anything more is demanded of what the columns have to be equal to."""
        tables = frozenset[str]().union(*(demand.tables for demand in self._demands.values()))
        return any(condition.tables & tables for condition in self._relation.conditions)

    def query(self, needed: Iterable[str], welcome: Iterable[str] = ()) -> KeyQuery:
        """The query for ``needed`` columns, and those of ``welcome`` that take no table more."""
        columns = list(needed)
        tables = self._joined(frozenset[str]().union(*(self._demands[column].tables for column in columns)))
        more = (column for column in welcome if column in self._demands and column not in columns)
        # What constants tell, the scan's own predicates tell, too.
        columns += [
            column for column in more if self._demands[column].tables and self._demands[column].tables <= tables
        ]
        selected = ", ".join(self._demands[column].text for column in columns)
        items = [item for item in self._relation.items if item.alias in tables]
        conditions = [c.text for c in self._relation.conditions if c.tables <= tables]
        conditions += [f"({self._demands[column].text} IS NOT NULL)" for column in columns]
        return KeyQuery(tuple(columns), select(selected, items, conditions), self._bindings, read_by(items))

    def _joined(self, tables: frozenset[str]) -> frozenset[str]:
        """``tables`` and all that conditions tie to them: what is left out would only multiply the rows."""
        ties = [c.tables for c in self._relation.conditions if len(c.tables) > 1]
        ties += [item.over | {item.alias} for item in self._relation.items if item.over]
        while True:
            more = tables.union(*(tie for tie in ties if tie & tables))
            if more == tables:
                return tables
            tables = more


def scan_name(number: int) -> str:
    """The name by which key queries read the scan ``number``."""
    return f"ccdbapi scan {number}"


def select(selected: str, items: Sequence[Item], conditions: Sequence[str]) -> str:
    tables = f" FROM {', '.join(item.text for item in items)}" if items else ""
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {selected}{tables}{where}"


def read_by(items: Iterable[Item]) -> frozenset[int]:
    return frozenset[int]().union(*(item.reads for item in items))
