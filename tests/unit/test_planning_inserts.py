"""An INSERT executed with many sets of parameters means what it means with each of them, and is planned once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccdbapi.catalog import packaged
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.exceptions import DatabaseError, ProgrammingError
from ccdbapi.parameters import Parameters, values_for
from ccdbapi.planning import InsertPlan, Planner
from ccdbapi.sql import parse

TEXTS = "INSERT INTO awscc.sagemaker.images (image_name, image_role_arn, region) VALUES "


class Inserts:
    """Plans INSERTs, and evaluates their rows."""

    def __init__(self) -> None:
        self.database = Database("awscc")
        self._planner = Planner(self.database, packaged(), regions=(), schema=None)

    def plans(self, sql: str, *sets: Parameters) -> Sequence[InsertPlan]:
        statement = parse(sql)
        plans = self._planner.plans(statement, [Bindings(values_for(statement, values)) for values in sets])
        assert all(isinstance(plan, InsertPlan) for plan in plans)
        return [plan for plan in plans if isinstance(plan, InsertPlan)]

    def rows(self, sql: str, *sets: Parameters) -> list[list[tuple[type, object]]]:
        """The values of each row, with their types: 1 and True are equal."""
        rows = []
        for plan in self.plans(sql, *sets):
            session = self.database.session()
            try:
                session.execute(plan.source.sql, plan.source.bindings, {}, plan.source.locate)
                rows += [[(type(value), value) for value in row] for row in session.fetch_all()]
            finally:
                session.close()
        return rows


@pytest.fixture(scope="module")
def inserts() -> Iterator[Inserts]:
    inserts = Inserts()
    yield inserts
    inserts.database.close()


SIMPLE = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.booleans(),
    st.dictionaries(st.sampled_from("ab"), st.integers()),
    st.lists(st.dictionaries(st.sampled_from("ab"), st.text("xyz")), min_size=1),
)
OTHER = (st.decimals(-100, 100, places=2), st.binary(), st.uuids(), st.dates(), st.lists(st.integers(0, 9), min_size=1))


@st.composite
def parameter_sets(draw: st.DrawFn) -> list[tuple[object, object]]:
    """Sets of two values, mostly of one type each."""
    kinds = [draw(st.sampled_from([*SIMPLE, st.one_of(*SIMPLE, *OTHER)])) for _ in range(2)]
    first, second = (st.none() | kind for kind in kinds)
    return draw(st.lists(st.tuples(first, second), min_size=2, max_size=6))


@settings(max_examples=150, deadline=None)
@given(
    row=st.sampled_from(
        [
            "(?, ?, 'r')",
            "(?, 'x', ?)",
            "(CAST(? AS VARCHAR) || '!', [?, NULL], 'r')",
            "((SELECT ?), coalesce(?, 1), 2)",
            "(uuid()::VARCHAR < '', ?, ?)",
        ]
    ),
    sets=parameter_sets(),
)
def test_many_sets_give_the_rows_that_each_gives(inserts: Inserts, row: str, sets: list[tuple[object, object]]) -> None:
    try:
        one_by_one = [line for values in sets for line in inserts.rows(TEXTS + row, values)]
    except DatabaseError as error:
        with pytest.raises(type(error)):
            inserts.rows(TEXTS + row, *sets)
    else:
        assert inserts.rows(TEXTS + row, *sets) == one_by_one


@pytest.mark.parametrize(
    "sets",
    [
        [("a", "b"), ("c", "d")],
        [("a", None), (None, "d"), ("e", "f")],
        [("a", None), ("b", None)],
        [(1, True), (2**40, False)],
        [(1.5, {"a": 1}), (2.0, {"b": [2]})],
        [(f"{number}", f"role {number}") for number in range(3000)],
    ],
    ids=["texts", "NULLs", "NULLs alone", "numbers", "JSON", "thousands"],
)
def test_they_are_planned_once(inserts: Inserts, sets: list[Parameters]) -> None:
    (plan,) = inserts.plans(f"{TEXTS}(?, ?, 'r')", *sets)
    assert len(inserts.rows(f"{TEXTS}(?, ?, 'r')", *sets)) == len(sets)
    assert [str(role) if isinstance(role, str) else role.name for role in plan.roles] == [
        *("image_name", "image_role_arn", "region")
    ]


@pytest.mark.parametrize(
    ("row", "sets"),
    [
        ("VALUES (?, ?, 'r')", [("a", "b"), (1, "d")]),
        ("VALUES (?, ?, 'r')", [("a", 1), ("c", 1.5)]),
        ("VALUES (?, ?, 'r')", [("a", [1]), ("c", [2])]),
        ("VALUES (?, ?, 'r')", [("a", {}), ("c", "{}")]),
        ("VALUES (?, ?, 'r')", [("a", Decimal(1)), ("c", uuid.UUID(int=1))]),
        ("VALUES (?, ?, 'r'), ('x', ?, 'r')", [("a", "b", "c"), ("c", "d", "e")]),
        ("VALUES (?, ?, 'r'), (?, ?, 's')", [("a", "b", "c", "d"), ("e", "f", "g", "h")]),
        ("VALUES (?, ?, 'r') LIMIT 1", [("a", "b"), ("c", "d")]),
        ("SELECT ?, ?, 'r'", [("a", "b"), ("c", "d")]),
        ("SELECT image_name, ?, ? FROM awscc.sagemaker.images WHERE region = 'r' AND Identifier = 'i'",
         [("a", "b"), ("c", "d")]),
        ("VALUES (upper(?), ?, 'r')", [("a", "b"), ("c", "d")]),
        ("VALUES (?, coalesce(?, 1), 'r')", [("a", 1), ("c", None)]),
        ("VALUES (?, (SELECT image_name FROM awscc.sagemaker.images WHERE region = 'r' AND Identifier = ?), 'r')",
         [("a", "i"), ("b", "j")]),
        ("VALUES (?, (SELECT image_name FROM awscc.sagemaker.images WHERE region = 'r' AND Identifier = 'i'), 'r')",
         [("a",), ("b",)]),
    ],
)  # fmt: skip
def test_what_would_mean_something_else_together_is_planned_by_itself(
    inserts: Inserts, row: str, sets: list[Parameters]
) -> None:
    assert len(inserts.plans(TEXTS.replace("VALUES ", row), *sets)) == len(sets)


def test_rows_of_one_statement_are_as_sets_of_parameters(inserts: Inserts) -> None:
    sets = [(f"n{number}", None if number % 2 else f"role{number}") for number in range(50)]
    one = f"{TEXTS}{', '.join(['(?, ?, ?)'] * 50)}"
    values = [value for pair in sets for value in (*pair, "r")]
    (plan,) = inserts.plans(one, values)
    assert len(plan.source.sql) < 1000
    assert inserts.rows(one, values) == inserts.rows(f"{TEXTS}(?, ?, 'r')", *sets)
    assert inserts.rows(one, values, values) == 2 * inserts.rows(one, values)


def test_rows_of_one_statement_may_share_parameters(inserts: Inserts) -> None:
    named = {"a": "a", "b": "b", "c": "c", "role": "d", "r": "r"}
    rows = inserts.rows(f"{TEXTS}(:a, :role, :r), (:b, :b, :r), (:c, :a, :r)", named)
    assert [[value for _, value in row] for row in rows] == [["a", "d", "r"], ["b", "b", "r"], ["c", "a", "r"]]


def test_what_is_made_anew_for_each_row_is(inserts: Inserts) -> None:
    rows = inserts.rows(f"{TEXTS}(uuid(), ?, 'r')", *[["same"]] * 20)
    assert len({str(row[0][1]) for row in rows}) == 20


def test_no_parameters_at_all(inserts: Inserts) -> None:
    rows = inserts.rows(f"{TEXTS}('a', 'b', 'r')", (), (), ())
    assert rows == [[(str, "a"), (str, "b"), (str, "r")]] * 3
    assert inserts.rows(f"{TEXTS}('a', 'b', 'r'), ('a', 'b', 'r')", ()) == rows[:2]


def test_values_by_name(inserts: Inserts) -> None:
    sets = [{"name": f"n{number}", "role": "role"} for number in range(3)]
    rows = inserts.rows(f"{TEXTS}(:name, :role, :name)", *sets)
    assert [[value for _, value in row] for row in rows] == [[f"n{i}", "role", f"n{i}"] for i in range(3)]


@pytest.mark.parametrize(
    "row", ["(?, nowhere, 'r')", "(?, count(*), 'r')", "(?, ccdbapi_rows.ccdbapi_row, 'r')", "(*, ?, 'r')"]
)
def test_what_no_row_can_have_is_refused_as_ever(inserts: Inserts, row: str) -> None:
    with pytest.raises(ProgrammingError):
        inserts.plans(f"{TEXTS}{row}", ["a"], ["b"])


@pytest.mark.parametrize("cast", ["CAST(? AS INT)", "?::DATE"])
def test_a_value_that_cannot_be_computed_is_a_data_error(inserts: Inserts, cast: str) -> None:
    with pytest.raises(DatabaseError, match="no number"):
        inserts.rows(f"{TEXTS}(?, {cast}, 'r')", ("a", "2020-01-01" if "DATE" in cast else "1"), ("b", "no number"))
