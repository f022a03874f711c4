"""Settings as URLs, and back."""

from __future__ import annotations

from dataclasses import Field, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdbapi.catalog import packaged
from ccdbapi.config import Settings
from ccdbapi.exceptions import InterfaceError
from ccdbapi.url import NAMES, settings_from_url, url_from_settings

TEXT = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)
NUMBERS = st.floats(min_value=1e-3, max_value=1e6)
COUNTS = st.integers(min_value=1, max_value=10**6)
WORDS = {"true", "false", "yes", "no", "on", "off", "1", "0", "none"}

SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "region": TEXT,
        "regions": st.lists(TEXT.filter(lambda name: "," not in name and name == name.strip()), min_size=1, max_size=3),
        "profile": TEXT,
        "role_arn": TEXT,
        "endpoint_url": TEXT,
        "embedded": st.just(True) | TEXT.filter(lambda path: path.lower() not in WORDS).map(Path).map(str),
        "wait": st.booleans(),
        "timeout": NUMBERS,
        "concurrency": COUNTS,
        "rate_limit": st.none() | NUMBERS,
        "max_attempts": COUNTS,
        "on_region_error": st.just("fail"),
        "schema": TEXT.filter(lambda name: name.strip("/") == name),
        "transport": st.sampled_from(["aiohttp", "boto3"]),
    },
)
CREDENTIALS: st.SearchStrategy[dict[str, str]] = st.fixed_dictionaries(
    {"aws_access_key_id": TEXT, "aws_secret_access_key": TEXT}, optional={"aws_session_token": TEXT}
) | st.just({})


#: What the type of a setting begins with → its value in a URL, and as it is read.
VALUES: dict[str, tuple[str, object]] = {
    "Literal": ("text", "text"),
    "Sequence": ("us-east-1,eu-west-1", ("us-east-1", "eu-west-1")),
    "bool": ("true", True),
    "float": ("2.5", 2.5),
    "int": ("3", 3),
    "str": ("text", "text"),
}


@given(SETTINGS, CREDENTIALS)
def test_a_url_of_settings_gives_these_settings(given: dict[str, object], credentials: dict[str, object]) -> None:
    settings = Settings(**given, **credentials)  # type: ignore[arg-type]

    assert settings_from_url(url_from_settings(settings)) == settings


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("awscc://", Settings()),
        ("awscc:///", Settings()),
        ("awscc://us-east-1", Settings(region="us-east-1")),
        ("awscc://us-east-1/sagemaker", Settings(region="us-east-1", schema="sagemaker")),
        ("awscc:///awscc.sagemaker", Settings(schema="awscc.sagemaker")),
        (
            "awscc+ccdbapi://AKID:se%2Fcret%40@eu-west-1",
            Settings(region="eu-west-1", aws_access_key_id="AKID", aws_secret_access_key="se/cret@"),
        ),
        ("awscc:///?embedded=true", Settings(embedded=True)),
        ("awscc:///?embedded=state.db&wait=no", Settings(embedded="state.db", wait=False)),
        ("awscc:///?regions=us-east-1,eu-west-1", Settings(regions=["us-east-1", "eu-west-1"])),
        ("awscc:///?regions=us-east-1&regions=eu-west-1", Settings(regions=["us-east-1", "eu-west-1"])),
        ("awscc:///?timeout=2.5&concurrency=8", Settings(timeout=2.5, concurrency=8)),
        ("awscc:///?read_only=true&max_writes=none", Settings(read_only=True, max_writes=None)),
        ("awscc:///?rate_limit=none", Settings(rate_limit=None)),
        ("awscc:///?region=us-east-1&schema=s3", Settings(region="us-east-1", schema="s3")),
    ],
)
def test_a_url_is_read(url: str, settings: Settings) -> None:
    assert settings_from_url(url) == settings


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://us-east-1", "begins with awscc://"),
        ("us-east-1", "begins with awscc://"),
        ("awscc://us-east-1:443", "has a port"),
        ("awscc:///?regoin=us-east-1", r"unknown setting regoin; did you mean region\? There are region, regions, "),
        ("awscc:///?zzz=1", r"unknown setting zzz\. There are region, regions, "),
        ("awscc:///?on_progress=print", r"No URL can hold on_progress: pass it to connect\(\)"),
        ("awscc://us-east-1?region=eu-west-1", "gives region twice"),
        ("awscc:///?wait=perhaps", "wait must be true or false, not 'perhaps'"),
        ("awscc:///?timeout=soon", "timeout must be a number, not 'soon'"),
        ("awscc:///?concurrency=0", "concurrency must be a number of calls, from 1"),
        ("awscc:///?scan=full", "scan must be 'deny' or 'list'"),
        ("awscc://AKID@us-east-1", "given together"),
    ],
)
def test_a_url_that_cannot_be_read_says_why(url: str, message: str) -> None:
    with pytest.raises(InterfaceError, match=message):
        settings_from_url(url)


@pytest.mark.parametrize(
    "url", ["awscc://AKID:hidden@us-east-1:443", "awscc://AKID:hidden@us-east-1?wait=x", "x://h:hidden@"]
)
def test_no_message_repeats_a_secret(url: str) -> None:
    with pytest.raises(InterfaceError) as raised:
        settings_from_url(url)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_a_setting_is_read_by_its_type_unless_it_is_an_object(setting: Field[object]) -> None:
    kind = str(setting.type).split("[")[0].split()[0]

    assert (kind in VALUES) == (setting.name in NAMES)
    if kind in VALUES:
        text, value = VALUES[kind]
        assert NAMES[setting.name](setting.name, text) == value


def test_an_object_is_in_no_url() -> None:
    assert "catalog" in NAMES
    with pytest.raises(InterfaceError, match="No URL can hold this catalog"):
        url_from_settings(Settings(catalog=packaged()))
