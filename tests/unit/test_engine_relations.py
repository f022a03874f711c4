"""What a statement demands of a table that is not read yet: the columns, the tables that tell them, and the values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
from key_queries import KeyQueries, Row, Rows

A, B, C = "awscc.shop.a", "awscc.shop.b", "awscc.shop.c"

#: The rows of the tables that are read: region, id, kind, number.
WORLD: Mapping[str, Rows] = {
    "a": [
        ("us", "x", "k", "1"), ("us", "y", "l", "2"), ("eu", "x", None, "3"), ("eu", "z", "k,l", None),
    ],
    "b": [("us", "k", "p", "1"), ("us", "l", "q", "2"), ("eu", "x", "k", "3")],
}  # fmt: skip


@pytest.fixture(scope="module")
def queries() -> Iterator[KeyQueries]:
    queries = KeyQueries()
    yield queries
    queries.close()


#: What it is → the statement, the tables that are read, and for another table: columns, scans read, values.
DEMANDED: dict[str, tuple[str, str, str, str, int, set[Row]]] = {
    "a join": (f"FROM {A} a JOIN {B} b ON b.id = a.kind", "a", "b", "id", 1, {("k",), ("l",), ("k,l",)}),
    "a join of two columns": (
        f"FROM {A} a JOIN {B} b ON b.region = a.region AND b.id = a.id",
        "a",
        "b",
        "id region",
        1,
        {("x", "us"), ("y", "us"), ("x", "eu"), ("z", "eu")},
    ),
    "what the driving side's own predicates leave": (
        f"FROM {A} a JOIN {B} b ON b.id = a.id WHERE a.region = 'us' AND a.number > 1",
        "a",
        "b",
        "id",
        1,
        {("y",)},
    ),
    "a predicate over both sides": (
        f"FROM {A} a JOIN {B} b ON b.id = a.id AND (b.kind = 'p' OR a.region = 'us')",
        "a",
        "b",
        "id",
        1,
        {("x",), ("y",), ("z",)},
    ),
    "the other side of LEFT JOIN": (
        f"FROM {A} a LEFT JOIN {B} b ON b.id = a.id AND a.region = 'us'",
        "a",
        "b",
        "id",
        1,
        {("x",), ("y",)},
    ),
    "the side that LEFT JOIN keeps": (f"FROM {B} b LEFT JOIN {A} a ON b.id = a.id", "a", "b", "", 0, set()),
    "both sides of FULL JOIN": (f"FROM {A} a FULL JOIN {B} b ON b.id = a.id", "a", "b", "", 0, set()),
    "FULL JOIN, of which a predicate leaves one side": (
        f"FROM {A} a FULL JOIN {B} b ON b.id = a.id WHERE a.region = 'us'",
        "a",
        "b",
        "",
        0,
        set(),
    ),
    "SEMI JOIN": (f"FROM {A} a SEMI JOIN {B} b ON b.id = a.id", "a", "b", "id", 1, {("x",), ("y",), ("z",)}),
    "the side that SEMI JOIN keeps": (
        f"FROM {B} b SEMI JOIN {A} a ON b.id = a.id",
        "a",
        "b",
        "id",
        1,
        {("x",), ("y",), ("z",)},
    ),
    "ANTI JOIN": (f"FROM {A} a ANTI JOIN {B} b ON b.id = a.id", "a", "b", "id", 1, {("x",), ("y",), ("z",)}),
    "the side that ANTI JOIN keeps": (f"FROM {B} b ANTI JOIN {A} a ON b.id = a.id", "a", "b", "", 0, set()),
    "IN": (f"FROM {B} WHERE id IN (SELECT kind FROM {A} WHERE region = 'us')", "a", "b", "id", 1, {("k",), ("l",)}),
    "NOT IN": (f"FROM {B} WHERE id NOT IN (SELECT kind FROM {A})", "a", "b", "", 0, set()),
    "the subquery of NOT IN": (f"FROM {A} WHERE id NOT IN (SELECT id FROM {B})", "a", "b", "", 0, set()),
    "IN under OR": (f"FROM {B} WHERE id IN (SELECT kind FROM {A}) OR kind = 'p'", "a", "b", "", 0, set()),
    "EXISTS": (f"FROM {A} a WHERE EXISTS (FROM {B} b WHERE b.id = a.id AND a.number = 2)", "a", "b", "id", 1, {("y",)}),
    "NOT EXISTS": (
        f"FROM {A} a WHERE NOT EXISTS (FROM {B} b WHERE b.id = a.id)",
        "a",
        "b",
        "id",
        1,
        {("x",), ("y",), ("z",)},
    ),
    "a scalar subquery": (
        f"SELECT (SELECT max(b.kind) FROM {B} b WHERE b.id = a.id) FROM {A} a",
        "a",
        "b",
        "id",
        1,
        {("x",), ("y",), ("z",)},
    ),
    "= (SELECT max(…))": (f"FROM {B} WHERE id = (SELECT max(id) FROM {A})", "a", "b", "id", 1, {("z",)}),
    "LATERAL": (
        f"FROM {A} a, LATERAL (SELECT * FROM {B} b WHERE b.id = a.kind LIMIT 1)",
        "a",
        "b",
        "id",
        1,
        {("k",), ("l",), ("k,l",)},
    ),
    "unnest": (
        f"FROM {B} b JOIN (SELECT unnest(string_split(kind, ',')) AS k FROM {A}) u ON b.id = u.k",
        "a",
        "b",
        "id",
        1,
        {("k",), ("l",)},
    ),
    "unnest in FROM": (
        f"FROM {A} a, unnest(string_split(a.kind, ',')) u (k), {B} b WHERE b.id = u.k",
        "a",
        "b",
        "id",
        1,
        {("k",), ("l",)},
    ),
    "VALUES": (
        f"FROM (VALUES ('x', 1), ('y', 2), (NULL, 3)) v (id, n) JOIN {B} b ON b.id = v.id WHERE n > 1",
        "",
        "b",
        "id",
        0,
        {("y",)},
    ),
    "GROUP BY": (
        f"FROM (SELECT id, count(*) AS n FROM {A} GROUP BY id HAVING n > 1) g JOIN {B} b ON b.id = g.id",
        "a",
        "b",
        "id",
        1,
        {("x",)},
    ),
    "a group that is demanded": (
        f"FROM (SELECT id, max(kind) FROM {B} GROUP BY id) g JOIN {A} a ON g.id = a.kind",
        "a",
        "b",
        "id",
        1,
        {("k",), ("l",), ("k,l",)},
    ),
    "an aggregate that is demanded": (
        f"FROM (SELECT max(id) AS id FROM {B}) g JOIN {A} a ON g.id = a.kind",
        "a",
        "b",
        "",
        0,
        set(),
    ),
    "a partition that is demanded": (
        f"FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY kind) FROM {B}) w JOIN {A} a ON w.id = a.kind",
        "a",
        "b",
        "id",
        1,
        {("k",), ("l",), ("k,l",)},
    ),
    "what a window is not parted by": (
        f"FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY id) FROM {B}) w JOIN {A} a ON w.id = a.kind",
        "a",
        "b",
        "",
        0,
        set(),
    ),
    "below LIMIT": (
        f"FROM (SELECT * FROM {B} ORDER BY id LIMIT 2) l JOIN {A} a ON l.id = a.kind",
        "a",
        "b",
        "",
        0,
        set(),
    ),
    "DISTINCT": (
        f"FROM (SELECT DISTINCT id, kind FROM {B}) d JOIN {A} a ON d.id = a.kind",
        "a",
        "b",
        "id",
        1,
        {("k",), ("l",), ("k,l",)},
    ),
    "DISTINCT ON another column": (
        f"FROM (SELECT DISTINCT ON (kind) * FROM {B}) d JOIN {A} a ON d.id = a.kind",
        "a",
        "b",
        "",
        0,
        set(),
    ),
    "UNION ALL that drives": (
        f"FROM (SELECT id FROM {A} WHERE region = 'us' UNION ALL SELECT kind FROM {A}) u JOIN {B} b ON b.id = u.id",
        "a",
        "b",
        "id",
        2,
        {("x",), ("y",), ("k",), ("l",), ("k,l",)},
    ),
    "EXCEPT that drives": (
        f"FROM (SELECT id FROM {A} EXCEPT SELECT 'x') u JOIN {B} b ON b.id = u.id",
        "a",
        "b",
        "id",
        1,
        {("x",), ("y",), ("z",)},
    ),
    "a branch of UNION ALL": (
        f"FROM (SELECT id FROM {B} UNION ALL SELECT id FROM {A}) u "
        f"JOIN (SELECT DISTINCT kind FROM {A}) k ON u.id = k.kind",
        "a",
        "b",
        "id",
        1,
        {("k",), ("l",), ("k,l",)},
    ),
    "a left side of EXCEPT": (
        f"FROM (SELECT id FROM {B} EXCEPT SELECT id FROM {C}) u JOIN {A} a ON u.id = a.kind",
        "ac",
        "b",
        "id",
        1,
        {("k",), ("l",), ("k,l",)},
    ),
    "a CTE": (
        f"WITH w AS (SELECT * FROM {A} WHERE region = 'us') FROM w JOIN {B} b ON b.id = w.kind",
        "a",
        "b",
        "id",
        1,
        {("k",), ("l",)},
    ),
    "a CTE that is used twice": (
        f"WITH w AS MATERIALIZED (SELECT * FROM {B}) FROM w JOIN {A} a ON w.id = a.id UNION ALL FROM w, {A} a",
        "a",
        "b",
        "",
        0,
        set(),
    ),
    "what a column is equal to by another": (
        f"FROM {A} a JOIN {C} c ON c.id = a.id JOIN {B} b ON b.id = c.id",
        "a",
        "b",
        "id",
        1,
        {("x",), ("y",), ("z",)},
    ),
    "a constant by a table that is not read": (
        f"FROM {C} c SEMI JOIN {B} b ON b.region = c.region AND b.id = c.id WHERE c.region = 'us'",
        "",
        "b",
        "region",
        0,
        {("us",)},
    ),
    "a chain": (
        f"FROM {A} a JOIN {B} b ON b.id = a.kind JOIN {C} c ON c.id = b.kind WHERE a.region = 'us'",
        "ab",
        "c",
        "id",
        2,
        {("p",), ("q",)},
    ),
    **{
        f"what has no partner in {join} without an equality": (
            f"FROM {tables} ON b.id = a.kind OR b.kind = a.id JOIN {C} c ON c.id = coalesce(b.kind, a.id)",
            "ab",
            "c",
            "id",
            2,
            {("p",), ("q",), ("x",), ("z",)},
        )
        for join, tables in {"LEFT JOIN": f"{A} a LEFT JOIN {B} b", "RIGHT JOIN": f"{B} b RIGHT JOIN {A} a"}.items()
    },
    "no more tables than tell": (
        f"FROM {A} a JOIN {C} c ON c.number < 5, {B} b WHERE b.id = a.id",
        "ac",
        "b",
        "id",
        1,
        {("x",), ("y",), ("z",)},
    ),
    "a chain whose middle is not read yet": (
        f"FROM {A} a JOIN {B} b ON b.id = a.kind JOIN {C} c ON c.id = b.kind",
        "a",
        "c",
        "",
        0,
        set(),
    ),
    "itself": (f"FROM {B} WHERE id = kind", "", "b", "", 0, set()),
    "another of the same table": (
        f"FROM {A} a JOIN {B} b ON b.id = a.id JOIN {B} c ON c.id = b.kind",
        "a",
        "b",
        "id",
        1,
        {("x",), ("y",), ("z",)},
    ),
    "a table with as many columns as nobody knows": (
        f"WITH RECURSIVE r AS (SELECT 'k' AS id UNION ALL SELECT id || 'k' FROM r WHERE length(id) < 3) "
        f"FROM {A} a JOIN r ON r.id = a.kind JOIN {B} b ON b.id = a.id",
        "a",
        "b",
        "id",
        1,
        {("x",), ("y",), ("z",)},
    ),
}


@pytest.mark.parametrize(("sql", "readable", "table", "columns", "reads", "rows"), DEMANDED.values(), ids=DEMANDED)
def test_what_is_demanded(
    queries: KeyQueries, sql: str, readable: str, table: str, columns: str, reads: int, rows: set[Row]
) -> None:
    found: Sequence[object] = queries.find(sql, readable).get(table, ())
    assert len(found) == bool(columns)
    for query in queries.find(sql, readable).get(table, ()):
        assert (query.columns, len(query.reads)) == (tuple(columns.split()), reads)
        assert queries.rows(query, WORLD) == rows
