"""What the plan reader finds never loses a row: the engine gives the same answer over the rows of the domains alone.

Everything else may cost calls that were not needed. This may not go wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.domain import Domain, union
from ccdbapi.engine.session import Session
from ccdbapi.engine.stream import ArrowTable, Columns
from ccdbapi.engine.view import RawTable, StoredColumn, View

RAW = RawTable("raw things", ("region", "Identifier", "kind"))
THINGS = View("awscc", "shop", "things", RAW, tuple(StoredColumn(name, name) for name in RAW.columns))

Row = tuple[str | None, ...]

VALUES = ("a", "b", "c", "", "a|b", "A")


class Engine:
    """A database with one view, and a session that answers over the rows it is given."""

    def __init__(self) -> None:
        self.database = Database("awscc")
        self.database.define(THINGS)
        self.session: Session = self.database.session()

    def domain(self, sql: str) -> Domain:
        """What the scans of the view need, together: they all read the same rows."""
        return union(scan.domain for scan in self.database.plan(sql, Bindings(), _nowhere).scans)

    def answer(self, sql: str, rows: Sequence[Row]) -> list[str]:
        """The rows of the answer, in an order of their own."""

        def batches() -> Iterator[Columns]:
            if rows:
                yield [[row[number] for row in rows] for number in range(len(RAW.columns))]

        self.session.execute(sql, Bindings(), {RAW.name: ArrowTable(RAW.columns, batches)}, _nowhere)
        return sorted(map(repr, self.session.fetch_all()))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.session.close()
    engine.database.close()


def _nowhere(_: int) -> None:
    return None


def holds(domain: Domain, row: Mapping[str, str | None]) -> bool:
    """Whether the row is in one of the domain's boxes. NULL is none of the values that a box lists."""
    return any(all(row[column] in values for column, values in box.items()) for box in domain.boxes)


literals = st.one_of(
    st.sampled_from(VALUES).map(lambda value: f"'{value}'"),
    st.sampled_from(("NULL", "lower('A')", "concat('a', '|', 'b')", "(SELECT 'b')", "'a'::VARCHAR", "left('abc', 1)")),
)


@st.composite
def lists(draw: st.DrawFn) -> str:
    """An IN list; some are so long that the engine makes a join of them."""
    members = draw(st.lists(literals, min_size=1, max_size=5))
    filler = draw(st.sampled_from((0, 0, 0, 8, 40)))
    return ", ".join([*members, *(f"'v{number}'" for number in range(filler))])


def atoms(columns: Sequence[str]) -> st.SearchStrategy[str]:
    """Predicates on one or two columns."""
    column = st.sampled_from(columns)

    def of(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map(lambda given: template.format(*given))

    pair = of("({}, {})", literals, literals)
    return st.one_of(
        of("{} = {}", column, literals),
        of("{} = {}", literals, column),
        of("{} IN ({})", column, lists()),
        of("{} NOT IN ({})", column, lists()),
        of("{} <> {}", column, literals),
        of("{} IS NULL", column),
        of("{} IS NOT NULL", column),
        of("{} LIKE {}", column, st.sampled_from(("'a%'", "'a'", "'%'", "'_'", "''"))),
        of("{} BETWEEN {} AND {}", column, literals, literals),
        of("{} {} {}", column, st.sampled_from(("<", "<=", ">", ">=")), literals),
        of("{} IS {} DISTINCT FROM {}", column, st.sampled_from(("", "NOT")), literals),
        of("({}, {}) IN ({}, {})", column, column, pair, pair),
        of("({}, {}) NOT IN ({}, {})", column, column, pair, pair),
        of("({}, {}) = {}", column, column, pair),
        of("({}, {}) IS NOT DISTINCT FROM {}", column, column, pair),
        of("({}, lower({})) IN ({})", column, column, pair),
        of("{} = {}", column, column),
        of("{} IN ({}, {})", column, column, literals),
        of("{} {} (SELECT k FROM (VALUES ('a'), ({})) AS w(k))", column, st.sampled_from(("IN", "NOT IN")), literals),
        of("{} {} (VALUES ({}), ({}))", column, st.sampled_from(("= ANY", "<> ALL")), literals, literals),
        of("coalesce({}, {}) = {}", column, literals, literals),
        of("CASE WHEN {0} = {1} THEN {2} = {3} ELSE {2} IS NULL END", column, literals, column, literals),
        of("CASE {} WHEN {} THEN true WHEN {} THEN NULL END", column, literals, literals),
        of("list_contains([{}], {})", lists(), column),
        of("{} COLLATE NOCASE = {}", column, literals),
        of("lower({}) = {}", column, literals),
        of("starts_with({}, {})", column, literals),
        of("({} = {}) = ({} = {})", column, literals, column, literals),
        of("({} = {}) IS NOT TRUE", column, literals),
        of("nullif({}, {}) IS NULL", column, literals),
        of("{0} || {1} = {2}", column, column, literals),
        st.sampled_from(("true", "false", "NULL", "1 = 0")),
    )


def predicates(columns: Sequence[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        atoms(columns),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})"),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
            inner.map(lambda part: f"NOT ({part})"),
        ),
        max_leaves=6,
    )


COLUMNS = ("region", "Identifier", "kind")
OWN = tuple(f"v.{column}" for column in COLUMNS)
OTHERS = tuple(f"u.{column}" for column in COLUMNS)
T = "awscc.shop.things"
W = "(VALUES ('a', 1), ('b', 2), (NULL, 3), ('a', 4)) AS w(k, n)"

#: {p} and {q} are predicates on a table called v, {r} one on v or another reading of the same view called u.
SHAPES = (
    f"SELECT * FROM {T} AS v WHERE {{p}}",
    f"SELECT {{p}}, * FROM {T} AS v WHERE {{q}}",
    f"SELECT count(*) FROM {T} AS v WHERE {{p}}",
    f"SELECT count(*) FILTER ({{q}}), count(kind) FROM {T} AS v WHERE {{p}}",
    f"SELECT region, max(kind) FROM {T} AS v WHERE {{p}} GROUP BY region HAVING max(kind) = 'a' OR region = 'b'",
    f"SELECT * FROM (SELECT region, max(kind) kind, min(Identifier) Identifier FROM {T} GROUP BY ALL) v WHERE {{p}}",
    f"SELECT region, kind, count(*) FROM {T} AS v WHERE {{p}} GROUP BY GROUPING SETS ((region), (kind), ()) ",
    f"SELECT * FROM (SELECT region, kind, 'x' Identifier FROM {T} GROUP BY CUBE (region, kind)) v WHERE {{p}}",
    f"SELECT DISTINCT region FROM {T} AS v WHERE {{p}}",
    f"SELECT * FROM (SELECT DISTINCT * FROM {T}) AS v WHERE {{p}}",
    f"SELECT * FROM {T} AS v JOIN {W} ON v.region = w.k WHERE {{p}}",
    f"SELECT * FROM {T} AS v JOIN {W} ON v.region = w.k AND {{p}} WHERE {{q}}",
    f"SELECT * FROM {T} AS v LEFT JOIN {W} ON v.region = w.k AND {{q}} WHERE {{p}}",
    f"SELECT * FROM {T} AS v LEFT JOIN {W} ON {{p}}",
    f"SELECT * FROM {W} LEFT JOIN {T} AS v ON v.region = w.k AND {{p}}",
    f"SELECT * FROM {W} LEFT JOIN {T} AS v ON v.region = w.k AND {{q}} WHERE {{p}}",
    f"SELECT * FROM {W} LEFT JOIN {T} AS v ON {{q}} WHERE {{p}} OR w.n = 1",
    f"SELECT * FROM {T} AS v FULL JOIN {W} ON v.region = w.k AND {{q}}",
    f"SELECT * FROM {T} AS v FULL JOIN {W} ON v.region = w.k WHERE {{p}}",
    f"SELECT * FROM {T} AS v RIGHT JOIN {W} ON v.kind = w.k AND {{q}} WHERE {{p}}",
    f"SELECT * FROM {T} AS v SEMI JOIN {W} ON v.region = w.k AND {{p}}",
    f"SELECT * FROM {T} AS v ANTI JOIN {W} ON v.region = w.k AND {{p}}",
    f"SELECT * FROM {W} ANTI JOIN {T} AS v ON v.region = w.k AND {{p}}",
    f"SELECT * FROM {T} AS v, {W} WHERE {{p}} AND (v.region = w.k OR {{q}})",
    f"SELECT * FROM {W} WHERE EXISTS (SELECT 1 FROM {T} AS v WHERE v.region = w.k AND {{p}})",
    f"SELECT * FROM {W} WHERE NOT EXISTS (SELECT 1 FROM {T} AS v WHERE v.region = w.k AND {{p}})",
    f"SELECT * FROM {W} WHERE NOT EXISTS (SELECT 1 FROM {T} AS v WHERE {{p}})",
    f"SELECT * FROM {W} WHERE k IN (SELECT region FROM {T} AS v WHERE {{p}})",
    f"SELECT * FROM {W} WHERE k NOT IN (SELECT region FROM {T} AS v WHERE {{p}})",
    f"SELECT * FROM {W} WHERE k NOT IN (SELECT region FROM {T} AS v WHERE v.kind = w.k AND {{p}})",
    f"SELECT *, k IN (SELECT region FROM {T} AS v WHERE {{p}}) FROM {W}",
    f"SELECT * FROM {T} AS v WHERE region IN (SELECT k FROM {W}) AND {{p}}",
    f"SELECT * FROM {T} AS v WHERE region NOT IN (SELECT k FROM {W} WHERE n = 1) AND {{p}}",
    f"SELECT * FROM {T} AS v WHERE region IN (SELECT k FROM {W}) OR {{p}}",
    f"SELECT *, region IN (SELECT k FROM {W}) AS m FROM {T} AS v WHERE {{p}} AND ({{q}} OR NOT m)",
    f"SELECT *, (region, kind) IN (SELECT k, k FROM {W}) AS m FROM {T} AS v WHERE {{p}} AND ({{q}} OR m IS NULL)",
    f"SELECT kind FROM (SELECT *, region IN (SELECT k FROM {W}) AS m FROM {T}) AS v WHERE ({{p}} OR m) AND {{q}}",
    f"SELECT * FROM {W} WHERE (SELECT count(*) FROM {T} AS v WHERE {{p}}) > 1",
    f"SELECT n, (SELECT max(kind) FROM {T} AS v WHERE v.region = w.k AND {{p}}) FROM {W}",
    f"SELECT * FROM {W}, LATERAL (SELECT count(*) AS c FROM {T} AS v WHERE v.region = w.k AND {{p}}) AS l",
    f"SELECT * FROM {W} LEFT JOIN LATERAL (SELECT * FROM {T} AS v WHERE v.region = w.k AND {{p}}) AS l ON true",
    f"SELECT * FROM {T} AS v WHERE {{p}} UNION ALL SELECT * FROM {T} AS v WHERE {{q}}",
    f"SELECT * FROM {T} AS v WHERE {{p}} UNION SELECT * FROM {T} AS v WHERE {{q}}",
    f"SELECT * FROM {T} AS v WHERE {{p}} EXCEPT SELECT * FROM {T} AS v WHERE {{q}}",
    f"SELECT * FROM {T} AS v WHERE {{p}} INTERSECT ALL SELECT * FROM {T} AS v WHERE {{q}}",
    f"SELECT * FROM (SELECT * FROM {T} UNION ALL SELECT kind, region, Identifier FROM {T}) AS v WHERE {{p}}",
    f"SELECT * FROM (FROM {T} EXCEPT SELECT * FROM {T} AS u WHERE u.region = 'a') AS v WHERE {{p}}",
    f"WITH c AS (SELECT * FROM {T} AS v WHERE {{p}}) SELECT * FROM c AS v, c AS u WHERE {{q}} AND v.region = u.kind",
    f"WITH c AS MATERIALIZED (SELECT * FROM {T} AS v WHERE {{p}}) SELECT * FROM c AS v WHERE {{q}} UNION ALL FROM c",
    f"WITH c AS MATERIALIZED (FROM {T}) SELECT * FROM c AS v WHERE {{q}} UNION ALL SELECT * FROM c AS v WHERE {{p}}",
    f"WITH RECURSIVE c AS (FROM {T} v WHERE {{p}} UNION SELECT v.* FROM {T} v JOIN c ON v.region = c.kind) FROM c",
    f"SELECT * FROM {T} AS v JOIN {T} AS u ON {{r}} WHERE {{p}}",
    f"SELECT * FROM {T} AS v LEFT JOIN {T} AS u ON v.region = u.region AND {{r}} WHERE {{r}}",
    f"SELECT * FROM {T} AS v JOIN {T} AS u USING (region, kind) WHERE {{r}}",
    f"SELECT v.* FROM {T} AS v POSITIONAL JOIN (SELECT 1) WHERE {{p}}",
    f"SELECT *, count(*) OVER (PARTITION BY region) FROM {T} AS v WHERE {{p}}",
    f"SELECT * FROM {T} AS v WHERE {{p}} QUALIFY count(*) OVER (PARTITION BY region) > 1 AND {{q}}",
    f"SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY region) AS c FROM {T}) AS v WHERE {{p}}",
    f"SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY kind) AS c FROM {T}) AS v WHERE {{p}}",
    f"SELECT * FROM (SELECT * FROM {T} ORDER BY ALL LIMIT 3) AS v WHERE {{p}}",
    f"SELECT * FROM {T} AS v WHERE {{p}} ORDER BY ALL LIMIT 2 OFFSET 1",
    f"SELECT DISTINCT ON (region) * FROM {T} AS v WHERE {{p}} ORDER BY ALL",
    f"SELECT kind FROM (SELECT kind AS region, region AS kind, Identifier FROM {T}) AS v WHERE {{p}}",
    f"SELECT kind FROM (SELECT region, upper(kind) AS kind, 'a' AS Identifier FROM {T}) AS v WHERE {{p}} AND {{q}}",
    f"SELECT Identifier FROM {T} AS v WHERE {{p}} AND {{q}}",
    f"SELECT unnest([region, kind]) FROM {T} AS v WHERE {{p}}",
    f"SELECT * FROM (SELECT unnest([region, kind]) AS region, kind, Identifier FROM {T}) AS v WHERE {{p}}",
    f"SELECT * FROM {W} WHERE EXISTS (FROM {T} AS v WHERE ({{p}}) IN (SELECT {{q}} FROM {T} AS v))",
    f"PIVOT (SELECT * FROM {T} AS v WHERE {{p}}) ON region IN ('a', 'b') USING count(*) GROUP BY kind",
    f"UNPIVOT (SELECT * FROM {T} AS v WHERE {{p}}) ON COLUMNS(*)",
)


@given(
    shape=st.sampled_from(SHAPES),
    rows=st.lists(st.tuples(*[st.sampled_from((*VALUES, None))] * len(COLUMNS)), max_size=8),
    p=predicates(OWN),
    q=predicates(OWN),
    r=predicates((*OWN, *OTHERS)),
)
@settings(max_examples=300, deadline=None)
def test_an_answer_is_the_same_over_the_rows_of_the_domains_alone(
    engine: Engine, shape: str, rows: list[Row], p: str, q: str, r: str
) -> None:
    sql = shape.format(p=p, q=q, r=r)
    note(sql)
    domain = engine.domain(sql)
    note(str([{column: list(values) for column, values in box.items()} for box in domain.boxes]))
    within = [row for row in rows if holds(domain, dict(zip(RAW.columns, row, strict=True)))]
    assert engine.answer(sql, within) == engine.answer(sql, rows)
