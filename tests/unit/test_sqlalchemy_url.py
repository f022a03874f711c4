"""URLs as SQLAlchemy reads and writes them, and what they say to the driver."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine.url import URL, make_url
from sqlalchemy.exc import ArgumentError

from ccdbapi.config import Settings
from ccdbapi.sqlalchemy.url import connect_arguments
from ccdbapi.sqlalchemy.version import BEFORE_2
from ccdbapi.url import url_from_settings

TEXT = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)
NAMES = st.from_regex(r"[a-z][a-z0-9-]*", fullmatch=True)

SETTINGS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"aws_access_key_id": TEXT, "aws_secret_access_key": TEXT},
    optional={
        "aws_session_token": TEXT,
        "region": NAMES,
        "regions": st.lists(NAMES, min_size=1, max_size=3).map(tuple),
        "schema": NAMES | NAMES.map("awscc.{}".format),
        "profile": TEXT,
        "endpoint_url": TEXT,
        "timeout": st.floats(min_value=1e-3, max_value=1e6),
        "max_writes": st.none() | st.integers(min_value=1, max_value=10**6),
    },
)


def told(settings: Settings) -> dict[str, object]:
    """What differs from the defaults."""
    values = ((field, getattr(settings, field.name)) for field in fields(settings))
    return {field.name: value for field, value in values if value != field.default}


@given(SETTINGS)
def test_the_drivers_url_of_settings_says_the_same_to_an_engine(given: dict[str, Any]) -> None:
    settings = Settings(**given)

    assert connect_arguments(make_url(url_from_settings(settings))) == told(settings)


@given(SETTINGS)
def test_a_url_made_of_its_parts_is_taken_by_its_parts(given: dict[str, Any]) -> None:
    query: dict[str, Any] = {"aws_session_token": given.get("aws_session_token", "token"), "regions": ("a", "b")}
    url = URL.create(
        "awscc",
        given["aws_access_key_id"],
        given["aws_secret_access_key"],
        given.get("region"),
        database=given.get("schema"),
        query=query,
    )
    names = ("aws_access_key_id", "aws_secret_access_key", "region", "schema")
    parts: dict[str, Any] = {name: given[name] for name in names if name in given}
    expected = Settings(**parts, **query)

    assert connect_arguments(url) == told(expected)
    if not BEFORE_2:  # which does not encode all
        assert connect_arguments(make_url(url.render_as_string(hide_password=False))) == told(expected)


@pytest.mark.parametrize("secret", ["a/b+c=", "p@:/?#[]%41+ é", "100%", "a b"])
def test_a_secret_may_have_any_characters(secret: str) -> None:
    url = URL.create("awscc", "AKID", secret, "us-east-1")

    assert sa.create_engine(url).dialect.create_connect_args(url)[1]["aws_secret_access_key"] == secret


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("awscc://us-east-1:443/s3", "has a port"),
        ("awscc:///?accounts=prod", r"No URL can hold accounts: .* create_engine\(connect_args=…\)"),
        ("awscc:///?echo=true", r"unknown setting echo\. There are region, regions, "),
        ("awscc:///?timeout=1&timeout=2", "gives timeout twice"),
        ("awscc:///?concurrency=0", "concurrency must be a number of calls, from 1"),
        ("awscc://AKID@us-east-1", "given together"),
    ],
)
def test_a_url_that_cannot_be_is_an_argument_error(url: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        connect_arguments(make_url(url))
