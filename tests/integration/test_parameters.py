"""Values as parameters, through the whole driver: what goes in comes out, and is never read as SQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ccdbapi
from ccdbapi.emulator.service import CloudControl

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"

#: Pieces that mean something to SQL, to comments, to JSON or to a parameter, and any other text.
NASTY = st.lists(
    st.one_of(
        st.sampled_from(
            ["'", '"', "\\", ";", "--", "/*", "*/", "?", ":x", "$1", "$$", "''", "{", "}", "\n", "\t", "€", "𝄞"]
        ),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5),
    ),
    min_size=1,
    max_size=8,
).map("".join)


@pytest.fixture(scope="module")
def cursor() -> Iterator[ccdbapi.Cursor]:
    with ccdbapi.connect(embedded=CloudControl()) as connection:
        yield connection.cursor()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=NASTY)
@pytest.mark.parametrize("style", ["qmark", "named"])
def test_a_value_comes_back_as_it_went_in(cursor: ccdbapi.Cursor, style: str, value: str) -> None:
    name = f"/{abs(hash((style, value)))}"
    texts = {
        "qmark": (
            "INSERT INTO awscc.ssm.parameters (Name, Type, Value, region) VALUES (?, 'String', ?, ?) "
            "RETURNING ?, Value",
            [name, value, REGION, value],
        ),
        "named": (
            "INSERT INTO awscc.ssm.parameters (Name, Type, Value, region) SELECT :name, 'String', :value, :region "
            "RETURNING :value, Value",
            {"name": name, "value": value, "region": REGION},
        ),
    }
    assert cursor.execute(*texts[style]).fetchall() == [(value, value)]
    cursor.execute(
        "SELECT value, ? FROM awscc.ssm.parameters "
        "WHERE region = ? AND Identifier = ? AND value = ? AND value IN (?, ?)",
        [value, REGION, name, value, "other", value],
    )
    assert cursor.fetchall() == [(value, value)]
    cursor.execute(
        "DELETE FROM awscc.ssm.parameters WHERE region = :region AND Identifier = :name AND value = :value",
        {"region": REGION, "name": name, "value": value},
    )
    assert cursor.rowcount == 1


def test_twenty_thousand_values_in_one_statement(cursor: ccdbapi.Cursor) -> None:
    values = [f"image-{number}" for number in range(10_000)]
    cursor.execute(
        f"SELECT count(*) FROM (VALUES {', '.join(['(?)'] * len(values))}) AS given(name) WHERE name IN "
        f"({', '.join('?' * len(values))})",
        values * 2,
    )
    assert cursor.fetchall() == [(10_000,)]


def test_a_list_of_identifiers_is_got_one_by_one(cursor: ccdbapi.Cursor) -> None:
    names = [f"image-{number}" for number in range(300)]
    cursor.executemany(
        "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES (?, ?, ?)",
        [(name, ROLE, REGION) for name in names],
    )
    identifiers = [f"arn:aws:sagemaker:{REGION}:123456789012:image/{name}" for name in names]
    query = "SELECT image_name FROM awscc.sagemaker.images WHERE region = ? AND Identifier IN "
    cursor.execute(f"{query} ({', '.join('?' * len(names))})", [REGION, *identifiers])
    assert sorted(cursor.fetchall()) == sorted((name,) for name in names)
    cursor.execute(f"{query} :identifiers".replace("?", ":region"), {"region": REGION, "identifiers": identifiers})
    assert len(cursor.fetchall()) == len(names)
