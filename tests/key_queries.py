"""An engine with three tables a, b and c, and the rows that its key queries give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.relation import KeyQuery, scan_name
from ccdbapi.engine.session import Session
from ccdbapi.engine.stream import ArrowTable, Columns
from ccdbapi.engine.view import RawTable, StoredColumn, View

COLUMNS = ("region", "id", "kind", "number")

Row = tuple[str | None, ...]
Rows = Sequence[Row]


class KeyQueries:
    """Tells what rows of some tables say of others. ``number`` is a BIGINT to SQL, and text where it comes from."""

    def __init__(self) -> None:
        self.database = Database("awscc")
        self.session: Session = self.database.session()
        for name in ("a", "b", "c"):
            types = {"number": "BIGINT"}
            columns = tuple(StoredColumn(column, column, types.get(column, "VARCHAR")) for column in COLUMNS)
            self.database.define(View("awscc", "shop", name, RawTable(f"raw {name}", COLUMNS), columns))

    def close(self) -> None:
        self.session.close()
        self.database.close()

    def find(self, sql: str, readable: str) -> Mapping[str, Sequence[KeyQuery]]:
        """Name of a table that is not ``readable`` → the queries for all that is demanded of its scans."""
        analysis = self.database.plan(sql, Bindings(), _nowhere)
        tables = {scan.number: scan.table[-1] for scan in analysis.scans}
        read = frozenset(number for number, table in tables.items() if table in readable)
        found: dict[str, list[KeyQuery]] = {}
        for number, reachable in sorted(analysis.reachable(read).items()):
            query = reachable.query(sorted(reachable.columns))
            self.tables = {scan_name(each): tables[each] for each in read}
            found.setdefault(tables[number], []).append(query)
        return found

    def rows(self, query: KeyQuery, rows: Mapping[str, Rows]) -> set[Row]:
        """The values that a query of the last statement gives, each once."""
        tables = {scan_name(number): self._table(rows[self.tables[scan_name(number)]]) for number in query.reads}
        self.session.execute(query.sql, query.bindings, tables, _nowhere)
        return set(self.session.fetch_all())

    def answer(self, sql: str, rows: Mapping[str, Rows]) -> list[tuple[object, ...]]:
        """The answer to ``sql`` over these rows of the tables."""
        tables = {f"raw {name}": self._table(rows.get(name, ())) for name in ("a", "b", "c")}
        self.session.execute(sql, Bindings(), tables, _nowhere)
        return self.session.fetch_all()

    def _table(self, rows: Rows) -> ArrowTable:
        def batches() -> Iterator[Columns]:
            if rows:
                yield [[row[number] for row in rows] for number in range(len(COLUMNS))]

        return ArrowTable(COLUMNS, batches)


def _nowhere(_: int) -> None:
    return None
