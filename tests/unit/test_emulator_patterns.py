"""Texts made to fit the patterns of registry schemas."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdbapi.catalog.patterns import matches
from ccdbapi.emulator import patterns

# Taken from schemas of the registry: one of each kind of trouble.
PATTERNS = [
    r"^arn:aws(-[\w]+)*:sagemaker:[a-z0-9\-]*:[0-9]{12}:image\/[a-zA-Z0-9]([-.]?[a-zA-Z0-9])*$",
    r"^arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+$",
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$",
    r"^[\p{Print}&&[^|:/]]+$",
    r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$",
    r"^[a-z0-9]{26}$",
    r"^[0-9a-z]{128}$",
    r"^(DRAFT|[0-9]+)$",
    r"^([0-9a-z][-]?){1,100}-[0-9a-z]{10}$",
    r"^[\w-\.\+]+@([\w-]+\.)+[\w-]{2,4}$",
    r"^\P{C}*$",
    r"^[ -~]{1,}$",
    r"^https://[^\p{Cc}]+$",
    r"^(?=.{20,2048}$)arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[a-zA-Z0-9/_+=.@-]+$",
    r"^[!--/]+$",
    r".+",
    r"",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(rng=st.randoms(use_true_random=True))
def test_an_example_matches_its_pattern(pattern: str, rng: random.Random) -> None:
    text = patterns.example(pattern, rng)
    assert text is not None
    assert matches(pattern, text)


@given(rng=st.randoms(use_true_random=True), least=st.integers(0, 40), spare=st.integers(0, 20))
def test_an_example_keeps_to_the_lengths(rng: random.Random, least: int, spare: int) -> None:
    text = patterns.example("^[a-z]+$", rng, min_length=least, max_length=least + spare + 1)
    assert text is None or least <= len(text) <= least + spare + 1


def test_there_is_no_example_of_the_impossible() -> None:
    assert patterns.example("^abc$", random.SystemRandom(), min_length=4) is None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        (r"^([\p{L}\p{Z}]*)$", "naïve Ωmega", True),
        (r"^([\p{L}\p{Z}]*)$", "x1", False),
        (r"^[\p{Print}&&[^|:/]]+$", "plain", True),
        (r"^[\p{Print}&&[^|:/]]+$", "pi|pe", False),
        (r"[\uD800\uDC00-\uDBFF\uDFFF]", "unreadable patterns forbid nothing", True),
    ],
)
def test_matching_searches_as_json_schema_does(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


def test_matching_gives_up_on_endless_backtracking() -> None:
    started = time.monotonic()
    assert matches(r"^(a|a|aa)*$", "a" * 60 + "!")
    assert time.monotonic() - started < 5
