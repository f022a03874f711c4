"""`connect`: its settings, and what it leaves undone until the first statement."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import ccdbapi
from ccdbapi.config import AccountSettings, Settings

#: What is imported only when it is needed, if at all.
HEAVY = ("duckdb", "arro3", "boto3", "botocore", "aiohttp", "moto", "sqlparse", "sqlalchemy", "jsonschema", "asyncio")

#: Keyword → its default. The names are the URL's as well, so they are an interface.
KEYWORDS: Mapping[str, object] = {
    "region": None,
    "regions": (),
    "profile": None,
    "aws_access_key_id": None,
    "aws_secret_access_key": None,
    "aws_session_token": None,
    "role_arn": None,
    "endpoint_url": None,
    "accounts": None,
    "embedded": False,
    "scan": "deny",
    "max_calls": 10_000,
    "wait": True,
    "timeout": None,
    "concurrency": 64,
    "rate_limit": 25,
    "max_attempts": 10,
    "cache_ttl": 0,
    "on_region_error": "fail",
    "on_write_error": "fail",
    "max_writes": 100,
    "read_only": False,
    "journal": None,
    "schema": None,
    "transport": "aiohttp",
    "catalog": "packaged",
    "on_progress": None,
}

WRONG: Mapping[str, tuple[object, ...]] = {
    "region": (1, "", " ", ["us-east-1"], b"us-east-1"),
    "regions": (1, [1], [None], [""], {"us-east-1": None, 2: None}),
    "profile": (1, ""),
    "aws_access_key_id": (1, "", "alone"),
    "aws_secret_access_key": (1, "", "alone"),
    "aws_session_token": (1, "", "alone"),
    "role_arn": (1, ""),
    "accounts": (
        1,
        "prod",
        ["prod"],
        {"": {}},
        {1: {}},
        {"prod": None},
        {"prod": "arn:aws:iam::123456789012:role/reader"},
        {"prod": {"role_arn": ""}},
        {"prod": {"role_arn": 1}},
        {"prod": {"roleArn": "arn:aws:iam::123456789012:role/reader"}},
        {"prod": {"external_id": "alone"}},
        {"prod": {"profile": "p", "session_name": "alone"}},
    ),
    "endpoint_url": (1, "", b"http://localhost"),
    "embedded": (1, None, "", object(), 0.5),
    "scan": ("allow", None, True, ""),
    "max_calls": (0, -1, 1.5, "8", True),
    "wait": (1, 0, None, "yes"),
    "timeout": (0, -1, "1", True, math.nan, math.inf),
    "concurrency": (0, -1, 1.5, "8", None, True),
    "rate_limit": (-1, "25", True, False, math.nan, math.inf),
    "max_attempts": (0, -1, 1.5, "8", None, True),
    "cache_ttl": (-1, "1", None, True, math.nan),
    "on_region_error": ("ignore", None, ""),
    "on_write_error": ("raise", None, "", True),
    "max_writes": (0, -1, 1.5, "8", True),
    "read_only": (1, 0, None, "yes"),
    "journal": (1, "", b"writes.journal", True),
    "schema": (1, ""),
    "transport": ("urllib3", None, ""),
    "catalog": ("fresh", None, "", 1),
    "on_progress": (1, "print", object()),
}


def test_the_keywords_and_their_defaults_are_those_documented() -> None:
    parameters = inspect.signature(ccdbapi.connect).parameters
    assert {name: parameter.default for name, parameter in parameters.items()} == KEYWORDS


def test_every_keyword_has_wrong_values_to_try() -> None:
    assert WRONG.keys() == KEYWORDS.keys()


@pytest.mark.parametrize(("keyword", "value"), [(keyword, value) for keyword in WRONG for value in WRONG[keyword]])
def test_a_wrong_value_is_an_interface_error_that_names_its_keyword(keyword: str, value: object) -> None:
    with pytest.raises(ccdbapi.InterfaceError, match=keyword):
        ccdbapi.connect(**{keyword: value})  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    "given",
    [
        {"regions": "us-east-1"},
        {"regions": ["us-east-1", "eu-west-1"]},
        {"regions": iter(["us-east-1"])},
        {"regions": None},
        {"regions": ["all"]},
        {"accounts": {}},
        {"accounts": {"own": {}}},
        {"accounts": {"prod": {"role_arn": "arn:aws:iam::123456789012:role/reader", "external_id": "shared"}}},
        {"accounts": {"prod": {"profile": "p", "region": "us-gov-west-1"}, "dev": {"profile": "d"}}},
        {"rate_limit": None},
        {"max_writes": None},
        {"journal": "writes.journal"},
        {"journal": Path("writes.journal")},
        {"max_writes": 1},
        {"rate_limit": 0},
        {"rate_limit": 0.5},
        {"timeout": 0.5},
        {"aws_access_key_id": "a", "aws_secret_access_key": "b"},
        {"aws_access_key_id": "a", "aws_secret_access_key": "b", "aws_session_token": "c"},
        {"embedded": True},
        {"embedded": "state.sqlite"},
        {"embedded": Path("state.sqlite")},
        {"schema": "sagemaker"},
        {"schema": "awscc.sagemaker"},
        {"transport": "boto3"},
    ],
    ids=str,
)
def test_a_right_value_makes_an_open_connection(given: dict[str, object]) -> None:
    connection = ccdbapi.connect(**given)  # type: ignore[arg-type]
    assert not connection.closed
    connection.close()


def test_no_secret_shows_in_a_repr() -> None:
    connection = ccdbapi.connect(
        region="us-east-1",
        aws_access_key_id="AKIAHIDDEN",
        aws_secret_access_key="hidden-secret",
        aws_session_token="hidden-token",
        endpoint_url="https://user:hidden-password@localhost",
        accounts={"prod": {"role_arn": "arn:aws:iam::123456789012:role/reader", "external_id": "hidden-id"}},
    )
    assert repr(connection) == "<ccdbapi.Connection open, Settings(region='us-east-1')>"
    connection.close()
    assert repr(connection) == "<ccdbapi.Connection closed, Settings(region='us-east-1')>"


def test_no_secret_shows_in_the_error_about_it() -> None:
    with pytest.raises(ccdbapi.InterfaceError) as caught:
        ccdbapi.connect(aws_secret_access_key="hidden-secret")
    assert "hidden" not in str(caught.value)


def test_no_external_id_shows_in_the_error_about_it() -> None:
    with pytest.raises(ccdbapi.InterfaceError) as caught:
        ccdbapi.connect(accounts={"prod": {"external_id": "hidden-id"}})
    assert "hidden" not in str(caught.value)


def test_whoever_gave_the_accounts_cannot_change_them_afterwards() -> None:
    given: dict[str, AccountSettings] = {"prod": {"profile": "p"}}
    settings = Settings(accounts=given)
    given["prod"]["profile"] = "q"
    given["dev"] = {}
    assert settings.accounts == {"prod": {"profile": "p"}}


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        Settings().region = "us-east-1"  # type: ignore[misc]  # that is the point


def test_connecting_opens_nothing_and_imports_little() -> None:
    script = f"""
import sys, threading
import ccdbapi
connection = ccdbapi.connect(profile="no such profile", region="us-east-1")
cursor = connection.cursor()
assert threading.active_count() == 1, threading.enumerate()
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
