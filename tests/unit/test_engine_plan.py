"""What the plan reader must find in the engine's optimized plans, statement by statement.

The plan's format is no stable interface of DuckDB, nor is what its optimizer does. When a new version fails here,
users' statements will miss predicates that they have; that no rows are lost is for test_engine_soundness.py to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import cast

import duckdb
import pytest

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.domain import Domain
from ccdbapi.engine.plan import Scan, read_plan
from ccdbapi.engine.view import ExtractedColumn, RawTable, StoredColumn, View

RAW = RawTable("raw things", ("region", "Identifier", "kind", "properties"))
THINGS = View(
    "awscc",
    "shop",
    "things",
    RAW,
    (
        StoredColumn("region", "region"),
        StoredColumn("kind", "kind"),
        ExtractedColumn("note", "/Note"),
        ExtractedColumn("amount", "/Amount", "BIGINT"),
        StoredColumn("Identifier", "Identifier"),
    ),
)

Boxes = tuple[Mapping[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Found:
    """A scan as a test writes it. One empty box allows any row, no box none."""

    columns: frozenset[str]
    boxes: Boxes
    stops: bool
    shared: bool

    def __repr__(self) -> str:
        flags = [name for name in ("stops", "shared") if getattr(self, name)]
        return f"{'+'.join(sorted(self.columns))} {list(self.boxes)} {' '.join(flags)}"


def scan(columns: str, *boxes: Mapping[str, str], stops: bool = False, shared: bool = False) -> Found:
    """``columns`` and the values in ``boxes`` are separated by blanks; without ``boxes`` any row is allowed."""
    split = tuple({column: tuple(values.split(" ")) for column, values in box.items()} for box in boxes or ({},))
    return Found(frozenset(columns.split()), split, stops, shared)


def found(scans: Iterable[Scan]) -> list[Found]:
    return [
        Found(
            scan.columns,
            tuple({column: tuple(values) for column, values in box.items()} for box in scan.domain.boxes),
            scan.may_stop_early,
            scan.shared,
        )
        for scan in scans
    ]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    database = Database("awscc")
    database.define(THINGS)
    yield database
    database.close()


def plan(database: Database, sql: str, parameters: Iterable[object] = ()) -> list[Found]:
    bindings = Bindings(list(parameters))
    for number in range(sql.count("?")):
        sql = sql.replace("?", bindings.expression(number), 1)
    return found(database.plan(sql, bindings, lambda _: None).scans)


T = "awscc.shop.things"
W = "(VALUES ('k', 1), ('l', 2)) AS w(k, n)"
ALL = "region Identifier kind properties"
A = {"region": "a"}
AX = {"region": "a", "Identifier": "x"}
BY = {"region": "b", "Identifier": "y"}

PREDICATES: list[tuple[str, tuple[Mapping[str, str], ...]]] = [
    # Equality, from either side, with whatever the engine folds to a constant.
    ("region = 'a'", (A,)),
    ("'a' = region", (A,)),
    ("region = 'a' AND identifier = 'x'", (AX,)),
    ("region = lower('A') AND identifier = concat_ws('|', 'x', 'y')", ({"region": "a", "Identifier": "x|y"},)),
    ("region = 'b' || '-1'", ({"region": "b-1"},)),
    ("region::VARCHAR = 'a'::VARCHAR", (A,)),
    ("region IS NOT DISTINCT FROM 'a'", (A,)),
    ("region LIKE 'a'", (A,)),
    ("region BETWEEN 'a' AND 'a'", (A,)),
    ("NOT (region <> 'a' OR identifier <> 'x')", (AX,)),
    ("region = 'a' AND 1 = 1 AND true", (A,)),
    ("region = 'a' AND kind = ''", ({"region": "a", "kind": ""},)),
    # Lists.
    ("region IN ('a', 'b')", ({"region": "a b"},)),
    ("region IN ('b', 'a', 'b')", ({"region": "b a"},)),
    ("region IN ('a', NULL)", (A,)),
    ("region IN ('a', 'b') AND identifier IN ('x', 'y')", ({"region": "a b", "Identifier": "x y"},)),
    ("region IN ('a', 'b') AND region IN ('b', 'c')", ({"region": "b"},)),
    ("region = 'a' OR region = 'b'", ({"region": "a b"},)),
    ("region = 'a' OR region IN ('b', 'c')", ({"region": "a b c"},)),
    ("list_contains(['a', 'b'], region)", ({"region": "a b"},)),
    # Pairs stay pairs.
    ("(region = 'a' AND identifier = 'x') OR (region = 'b' AND identifier = 'y')", (AX, BY)),
    ("(region, identifier) IN (('a', 'x'), ('b', 'y'))", (AX, BY)),
    ("(identifier, region) IN (('x', 'a'), ('y', 'b'))", (AX, BY)),
    ("(region, identifier) = ('a', 'x')", (AX,)),
    ("(region, lower(identifier)) IN (('a', 'x'), ('b', 'y'))", ({"region": "a b"},)),
    ("region = 'a' AND (kind = 'k' OR (kind = 'l' AND identifier = 'x'))",
     ({"region": "a", "kind": "k"}, {"region": "a", "kind": "l", "Identifier": "x"})),
    ("region = 'a' OR identifier = 'x'", (A, {"Identifier": "x"})),
    # What says nothing leaves the rest as it is.
    ("region = 'a' AND (identifier = 'x' OR note = 'n')", (A,)),
    ("region = 'a' AND NOT identifier = 'x'", (A,)),
    ("region = 'a' AND identifier != 'x'", (A,)),
    ("region = 'a' AND identifier NOT IN ('x', 'y')", (A,)),
    ("region = 'a' AND identifier IS NULL", (A,)),
    ("region = 'a' AND identifier IS NOT NULL", (A,)),
    ("region = 'a' AND identifier LIKE 'x%'", (A,)),
    ("region = 'a' AND identifier BETWEEN 'x' AND 'y'", (A,)),
    ("region = 'a' AND identifier > 'x'", (A,)),
    ("region = 'a' AND identifier IS DISTINCT FROM 'x'", (A,)),
    ("region = 'a' AND kind = identifier", (A,)),
    ("region = 'a' AND amount = 5", (A,)),
    ("region = 'a' AND length(identifier) = 1", (A,)),
    ("region = 'a' AND random() < 2", (A,)),
    # A predicate on something else than the column itself is none on the column.
    ("lower(region) = 'a'", ()),
    ("region COLLATE NOCASE = 'a'", ()),
    ("region || 'x' = 'a'", ()),
    ("coalesce(region, '') = 'a'", ()),
    ("region::INT = 1", ()),
    ("CASE WHEN region = 'a' THEN identifier = 'x' ELSE false END", ()),
    ("CASE WHEN kind = 'k' THEN region ELSE identifier END = 'a'", ()),
    ("region = 'a' OR true", ()),
    ("(region = 'a') = (identifier = 'x')", ()),
    ("region LIKE 'a%'", ()),
    ("NOT region = 'a'", ()),
    ("region NOT IN ('a', 'b')", ()),
]  # fmt: skip


@pytest.mark.parametrize(("predicate", "boxes"), PREDICATES, ids=[predicate for predicate, _ in PREDICATES])
def test_predicates_of_where(database: Database, predicate: str, boxes: tuple[Mapping[str, str], ...]) -> None:
    (scanned,) = plan(database, f"SELECT * FROM {T} WHERE {predicate}")
    assert scanned == scan(ALL, *boxes)


@pytest.mark.parametrize(
    "predicate", ["false", "1 = 0", "region = 'a' AND region = 'b'", "region = NULL", "region = 'a' AND NULL"]
)  # fmt: skip
def test_what_cannot_be_true_scans_nothing(database: Database, predicate: str) -> None:
    assert plan(database, f"SELECT * FROM {T} WHERE {predicate}") == []


@pytest.mark.parametrize("predicate", ["region IN (NULL)", "region = 'a' AND region IN ('b', 'c')"])
def test_what_cannot_be_true_allows_no_row(database: Database, predicate: str) -> None:
    (scanned,) = plan(database, f"SELECT * FROM {T} WHERE {predicate}")
    assert scanned.boxes == ()


STATEMENTS: list[tuple[str, list[Found]]] = [
    # Columns: what is selected and what predicates need, and nothing of the rest of the view.
    (f"SELECT note FROM {T} WHERE region = 'a'", [scan("properties region", A)]),
    (f"SELECT kind FROM {T} WHERE region = 'a' AND note = 'n'", [scan("kind properties region", A)]),
    (f"SELECT region FROM {T} WHERE region = 'a'", [scan("region", A)]),
    (f"SELECT count(*) FROM {T} WHERE region = 'a'", [scan("region", A)]),
    (f"SELECT count(*) FROM {T}", [scan("")]),
    (f"SELECT 1 FROM {T} WHERE region = 'a' AND identifier = 'x'", [scan("region Identifier", AX)]),
    (f"SELECT max(kind) FROM {T} WHERE region = 'a' GROUP BY note", [scan("kind properties region", A)]),
    (f"SELECT kind FROM (SELECT * FROM {T}) WHERE region = 'a'", [scan("kind region", A)]),
    # Predicates reach the table through derived tables, CTEs, aggregates and windows that keep the column.
    (f"SELECT i FROM (SELECT region r, Identifier i, upper(kind) k FROM {T}) WHERE r = 'a' AND i = 'x' AND k = 'K'",
     [scan("region Identifier kind", AX)]),
    (f"SELECT r FROM (SELECT Identifier AS r, region AS i FROM {T}) WHERE r = 'x' AND i = 'a'",
     [scan("region Identifier", {"Identifier": "x", "region": "a"})]),
    (f"SELECT region, count(*) FROM {T} GROUP BY region HAVING region = 'a'", [scan("region", A)]),
    (f"SELECT DISTINCT kind FROM {T} WHERE region = 'a'", [scan("kind region", A)]),
    (f"SELECT kind, row_number() OVER (PARTITION BY kind) FROM {T} WHERE region = 'a'", [scan("kind region", A)]),
    (f"SELECT kind FROM {T} WHERE region = 'a' QUALIFY row_number() OVER (PARTITION BY kind) = 1",
     [scan("kind region", A)]),
    (f"SELECT c FROM (SELECT region, count(*) OVER (PARTITION BY region) c FROM {T}) WHERE region = 'a' AND c = 1",
     [scan("region", A)]),
    (f"SELECT unnest([kind, kind]) FROM {T} WHERE region = 'a'", [scan("kind region", A)]),
    # Not through those that make other rows of it.
    (f"SELECT r FROM (SELECT region, row_number() OVER () AS r FROM {T}) WHERE region = 'a'", [scan("region")]),
    (f"SELECT * FROM (SELECT region, max(kind) AS k FROM {T} GROUP BY region) WHERE k = 'a'", [scan("region kind")]),
    (f"SELECT kind FROM (SELECT * FROM {T} LIMIT 3) WHERE region = 'a'", [scan("kind region", stops=True)]),
    (f"SELECT region FROM {T} WHERE region = 'a' USING SAMPLE 3 ROWS", [scan("region")]),
    # Several scans, each with its own.
    (f"SELECT kind FROM {T} WHERE region = 'a' UNION ALL SELECT kind FROM {T} WHERE region = 'b' AND identifier = 'y'",
     [scan("kind region", A), scan("kind region Identifier", BY)]),
    (f"SELECT kind FROM {T} WHERE region = 'a' UNION SELECT kind FROM {T} WHERE region = 'b'",
     [scan("kind region", A), scan("kind region", {"region": "b"})]),
    (f"SELECT kind FROM {T} WHERE region = 'a' EXCEPT SELECT kind FROM {T} WHERE region = 'b'",
     [scan("kind region", A), scan("kind region", {"region": "b"})]),
    # Joins: equality carries a constant over.
    (f"SELECT v.kind FROM {T} v JOIN {T} u USING (region) WHERE v.region = 'a'",
     [scan("kind region", A), scan("region", A)]),
    (f"SELECT v.kind FROM {T} v, {T} u WHERE v.region = u.region AND v.identifier = u.identifier AND v.region = 'a' "
     "AND u.identifier = 'x'", [scan("kind region Identifier", AX), scan("region Identifier", AX)]),
    (f"SELECT w.n FROM {W} LEFT JOIN {T} v ON v.kind = w.k AND v.region = 'a' AND v.identifier = 'x'",
     [scan("region Identifier kind", AX)]),
    (f"SELECT w.n FROM {T} v RIGHT JOIN {W} ON v.kind = w.k AND v.region = 'a'", [scan("region kind", A)]),
    (f"SELECT v.kind FROM {T} v LEFT JOIN {W} ON v.kind = w.k WHERE v.region = 'a'", [scan("region kind", A)]),
    (f"SELECT v.kind FROM {W} LEFT JOIN {T} v ON v.kind = w.k WHERE v.region = 'a'", [scan("region kind", A)]),
    (f"SELECT v.kind FROM {T} v LEFT JOIN {W} ON v.kind = w.k AND v.region = 'a'", [scan("region kind")]),
    (f"SELECT w.n FROM {W} ANTI JOIN {T} v ON v.kind = w.k AND v.region = 'a'", [scan("region kind", A)]),
    (f"SELECT kind FROM {T} v JOIN {W} ON v.region = w.k", [scan("kind region")]),
    # Subqueries.
    (f"SELECT (SELECT max(kind) FROM {T} WHERE region = 'a' AND identifier = 'x')",
     [scan("kind region Identifier", AX)]),
    (f"SELECT (SELECT max(note) FROM {T} v WHERE region = 'a' AND v.kind = w.k) FROM {W}",
     [scan("kind properties region", A)]),
    (f"SELECT n FROM {W} WHERE k IN (SELECT kind FROM {T} WHERE region = 'a')", [scan("kind region", A)]),
    (f"SELECT n FROM {W} WHERE k NOT IN (SELECT kind FROM {T} WHERE region = 'a')", [scan("kind region", A)]),
    (f"SELECT n FROM {W} WHERE EXISTS (FROM {T} v WHERE region = 'a' AND v.kind = w.k)", [scan("kind region", A)]),
    (f"SELECT n FROM {W} WHERE NOT EXISTS (FROM {T} v WHERE region = 'a' AND v.kind = w.k)", [scan("kind region", A)]),
    (f"SELECT n FROM {W} WHERE EXISTS (FROM {T} WHERE region = 'a')", [scan("region", A, stops=True)]),
    (f"SELECT l.note FROM {W}, LATERAL (SELECT note FROM {T} v WHERE region = 'a' AND v.kind = w.k) AS l",
     [scan("kind properties region", A)]),
    (f"SELECT kind FROM {T} WHERE region = 'a' AND kind IN (SELECT k FROM {W})", [scan("kind region", A)]),
    (f"SELECT kind IN (SELECT k FROM {W}) FROM {T} WHERE region = 'a'", [scan("kind region", A)]),
    # The engine cannot write these plans down unless it may turn joins around.
    (f"WITH c AS (SELECT * FROM {T} WHERE region = 'a') SELECT kind FROM c WHERE identifier = 'x'",
     [scan("region Identifier kind", AX)]),
    (f"SELECT kind FROM (FROM {T} UNION ALL FROM {T}) WHERE region = 'a'", [scan("region kind", A)] * 2),
    (f"SELECT kind FROM (FROM {T} UNION ALL FROM {T}) WHERE region = 'a' LIMIT 2",
     [scan("region kind", A, stops=True)] * 2),
    # A CTE that is read several times needs the rows of all of them.
    (f"WITH c AS (FROM {T}) SELECT 1 FROM c a, c b WHERE a.region = 'a' AND b.region = 'b'",
     [scan("region", {"region": "a b"}, shared=True)]),
    (f"WITH c AS (FROM {T} WHERE region = 'a') SELECT 1 FROM c a, c b WHERE a.identifier = 'x' AND b.identifier = 'y'",
     [scan("region Identifier", {"region": "a", "Identifier": "x y"}, shared=True)]),
    # Where a LIMIT may leave rows unread.
    (f"SELECT kind FROM {T} WHERE region = 'a' LIMIT 3", [scan("kind region", A, stops=True)]),
    (f"SELECT kind FROM {T} WHERE region = 'a' AND note = 'n' LIMIT 3 OFFSET 4",
     [scan("kind properties region", A, stops=True)]),
    (f"SELECT kind FROM {T} WHERE region = 'a' AND kind = 'k' OR note = 'n' LIMIT 3",
     [scan("kind properties region", stops=True)]),
    (f"SELECT k FROM (SELECT upper(kind) AS k FROM {T} WHERE region = 'a') LIMIT 3",
     [scan("kind region", A, stops=True)]),
    (f"SELECT v.kind FROM {T} v JOIN {T} u ON v.kind = u.note WHERE v.region = 'a' AND u.region = 'b' LIMIT 3",
     [scan("kind region", A, stops=True), scan("properties region", {"region": "b"})]),
    (f"SELECT kind FROM {T} WHERE region = 'a' ORDER BY kind LIMIT 3", [scan("kind region", A)]),
    (f"SELECT kind, count(*) FROM {T} WHERE region = 'a' GROUP BY kind LIMIT 3", [scan("kind region", A)]),
    (f"SELECT DISTINCT kind FROM {T} WHERE region = 'a' LIMIT 3", [scan("kind region", A)]),
    (f"SELECT sum(amount) OVER (PARTITION BY kind) FROM {T} WHERE region = 'a' LIMIT 3",
     [scan("kind properties region", A)]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), STATEMENTS, ids=[sql for sql, _ in STATEMENTS])
def test_scans_of_statements(database: Database, sql: str, expected: list[Found]) -> None:
    assert plan(database, sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT kind FROM {T} WHERE region IN ('a', 'b') AND (kind = 'k' OR kind IN ('l', 'm'))",
        f"SELECT 1 FROM {T} WHERE (region = 'a' AND identifier = 'x') OR (region = 'b' AND identifier IN ('y', 'z'))",
        f"SELECT 1 FROM {T} WHERE (region, identifier) IN (('a', 'x'), ('b', 'y')) AND kind IS NOT DISTINCT FROM 'k'",
        f"SELECT kind FROM {T} WHERE region = 'a' AND identifier IN {tuple(f'i{n}' for n in range(30))}",
        f"SELECT region FROM (SELECT region, upper(kind) AS k FROM {T}) WHERE region = 'a' AND (k = 'K' OR k = 'L')",
        f"SELECT n FROM {W} LEFT JOIN {T} v ON v.kind = w.k AND v.region = 'a' AND v.identifier = 'x'",
    ],
)
def test_what_is_not_recognized_says_nothing(sql: str) -> None:
    connection = duckdb.connect()
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")
    connection.execute(f'CREATE TEMP TABLE "{RAW.name}" ({", ".join(f"{name} VARCHAR" for name in RAW.columns)})')
    connection.execute(f"ATTACH ':memory:' AS awscc; CREATE SCHEMA awscc.shop; {THINGS.definition}")
    row = connection.execute(
        "SELECT json_serialize_plan(?::VARCHAR, optimize := true, skip_empty := true)", [sql]
    ).fetchone()
    connection.close()
    assert row is not None
    (known,) = json.loads(row[0])["plans"]
    (before,) = read_plan(known, {})
    assert before.domain.boxes[0]
    for unknown in _with_something_unknown(known):
        (after,) = read_plan(cast("Mapping[str, object]", unknown), {})
        assert all(_allows(after.domain, row) for row in _rows(before.domain))


#: What tells a part of a plan from others, and where its parts are.
_KINDS = frozenset({"type", "filter_type", "comparison_type"})
_MEMBERS = frozenset(
    {"child_filter", "child_filters", "children", "constant", "expr", "expressions", "filters", "table_filters",
     "value", "values"}
)  # fmt: skip


def _with_something_unknown(part: object) -> Iterator[object]:
    """The part of a plan, each time with one name of its predicates that nobody has heard of."""
    if isinstance(part, list):
        for number, member in enumerate(part):
            yield from ([*part[:number], other, *part[number + 1 :]] for other in _with_something_unknown(member))
    elif isinstance(part, dict):
        operator = str(part.get("type")).startswith("LOGICAL_")
        for name, member in part.items():
            if name in _KINDS and isinstance(member, str) and member != "LOGICAL_GET":
                yield {**part, name: "UNHEARD_OF"}
            if name in _MEMBERS and not (operator and name == "children"):
                yield {("unheard_of" if key == name else key): value for key, value in part.items()}
            yield from ({**part, name: other} for other in _with_something_unknown(member))


def _rows(domain: Domain) -> Iterator[dict[str, str]]:
    for box in domain.boxes:
        yield from (dict(zip(box, values, strict=True)) for values in product(*box.values()))


def _allows(domain: Domain, row: Mapping[str, str]) -> bool:
    return any(all(row.get(column) in values for column, values in box.items()) for box in domain.boxes)


LONG = tuple(f"i{number}" for number in range(2_000))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"SELECT 1 FROM {T} WHERE region = 'a' AND identifier IN ({{list}})", {"region": ("a",), "Identifier": LONG}),
        (f"SELECT kind FROM {T} WHERE identifier IN ({{list}}) AND note = 'n' AND region = 'a'",
         {"region": ("a",), "Identifier": LONG}),
        (f"SELECT kind FROM {T} WHERE region = 'a' AND identifier NOT IN ({{list}})", {"region": ("a",)}),
        (f"SELECT kind FROM {T} WHERE region = 'a' AND (identifier IN ({{list}}) OR kind = 'k')", {"region": ("a",)}),
        (f"SELECT identifier IN ({{list}}) FROM {T} WHERE region = 'a'", {"region": ("a",)}),
        (f"SELECT kind FROM {T} WHERE region = 'a' AND identifier IN ({{list}}) LIMIT 3",
         {"region": ("a",), "Identifier": LONG}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("parameters", [False, True], ids=["literals", "parameters"])
def test_long_lists(database: Database, sql: str, expected: Mapping[str, tuple[str, ...]], parameters: bool) -> None:
    listed = ", ".join("?" if parameters else f"'{value}'" for value in LONG)
    (scanned,) = plan(database, sql.format(list=listed), LONG if parameters else ())
    assert scanned.boxes == (expected,)


@pytest.mark.parametrize(
    ("predicate", "parameters", "boxes"),
    [
        ("region = ? AND identifier = ?", ["a", "x"], ({"region": ("a",), "Identifier": ("x",)},)),
        ("region IN (?, ?)", ["a", "it's; -- \\"], ({"region": ("a", "it's; -- \\")},)),
        ("region = lower(?)", ["A"], ({"region": ("a",)},)),
        ("region IN ?", [["a", "b"]], ({"region": ("a", "b")},)),
        ("list_contains(?, region)", [["a", "b"]], ({"region": ("a", "b")},)),
        ("(region, identifier) IN ((?, ?), (?, ?))", ["a", "x", "b", "y"],
         ({"region": ("a",), "Identifier": ("x",)}, {"region": ("b",), "Identifier": ("y",)})),
        ("region = 'a' AND identifier = ?", [5], ({"region": ("a",)},)),
        ("region IN (?, ?)", ["a", None], ({"region": ("a",)},)),
    ],
)  # fmt: skip
def test_parameters_are_constants(
    database: Database, predicate: str, parameters: list[object], boxes: tuple[Mapping[str, tuple[str, ...]], ...]
) -> None:
    (scanned,) = plan(database, f"SELECT * FROM {T} WHERE {predicate}", parameters)
    assert scanned.boxes == boxes


def test_values_of_any_text_come_back_as_they_are(database: Database) -> None:
    text = "é ☃ 𝄞 \t\n'\"\\{}[]:,"
    (scanned,) = plan(database, f"SELECT * FROM {T} WHERE region = ?", [text])
    assert scanned.boxes == ({"region": (text,)},)
