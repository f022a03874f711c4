"""Predicates on columns of a raw table that stand for numbers, booleans and JSON."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.engine.view import RawTable, StoredColumn, View

RAW = RawTable("raw parts", ("text", "whole", "number", "flag", "moment", "model"))
TYPES = {"whole": "BIGINT", "number": "DOUBLE", "flag": "BOOLEAN", "moment": "TIMESTAMP", "model": "JSON"}
PARTS = View(
    "awscc", "shop", "parts", RAW, tuple(StoredColumn(name, name, TYPES.get(name, "VARCHAR")) for name in RAW.columns)
)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    database = Database("awscc")
    database.define(PARTS)
    yield database
    database.close()


@pytest.mark.parametrize(
    ("predicate", "column", "texts"),
    [
        ("whole = 5", "whole", ["5"]),
        ("whole = -5", "whole", ["-5"]),
        ("whole = '05'", "whole", ["5"]),
        ("5 = whole", "whole", ["5"]),
        ("whole IN (5, 6)", "whole", ["5", "6"]),
        ("number = 1", "number", ["1"]),
        ("number = 1.5", "number", ["1.5"]),
        ("flag = true", "flag", ["true"]),
        ("flag = (1 = 2)", "flag", ["false"]),
        ("""model = '{"a": 1}'""", "model", ['{"a": 1}']),
    ],
)
def test_the_value_of_a_predicate_is_found_as_the_text_that_stands_for_it(
    database: Database, predicate: str, column: str, texts: list[str]
) -> None:
    for source in ("awscc.shop.parts", "(SELECT * FROM awscc.shop.parts)", "(SELECT DISTINCT * FROM awscc.shop.parts)"):
        (scan,) = database.plan(f"SELECT * FROM {source} AS p WHERE {predicate}", Bindings(), _nowhere).scans
        assert [{name: list(values) for name, values in box.items()} for box in scan.domain.boxes] == [{column: texts}]


@pytest.mark.parametrize(
    "predicate",
    [
        "CAST(text AS BIGINT) = 5",  # '05' is a text like any other
        "CAST(whole AS DOUBLE) = 5.5",
        "CAST(text AS JSON) = '5'",
        "number = 'NaN'",
        "whole > 5",
        "moment = '2030-01-01'",  # one moment can be written in many ways
    ],
)
def test_what_could_stand_in_another_text_says_nothing(database: Database, predicate: str) -> None:
    (scan,) = database.plan(f"SELECT * FROM awscc.shop.parts WHERE {predicate}", Bindings(), _nowhere).scans
    assert [dict(box) for box in scan.domain.boxes] == [{}]


def _nowhere(_: int) -> None:
    return None
