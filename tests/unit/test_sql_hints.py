"""Hints: where they are read, and which are refused."""

from __future__ import annotations

import pytest

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.sql import parse


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("/*+ create */ SELECT 1", {"create": None}),
        ("-- why\n/* what */ /*+ ASYNC */ SELECT 1", {"async": None}),
        ("SELECT /*+ AWAIT */ /*+ SHOWRESULTS */ 1", {"await": None, "showresults": None}),
        (
            "/*+ client_token('it''s')role_arn ( 'arn:aws:iam::1:role/x' ), type_version_id('1') async */ SELECT 1",
            {"client_token": "it's", "role_arn": "arn:aws:iam::1:role/x", "type_version_id": "1", "async": None},
        ),
        ("SELECT /*+ No_Cache */ 1", {"no_cache": None}),
        ("/*+ limit(5) */ SELECT 1", {"limit": "5"}),
        ("/*+ */ SELECT 1", {}),
        ("/* + create */ SELECT 1", {}),
        ("SELECT 1 /*+ create */", {}),
        ("SELECT 1 /*+ not ( a hint */", {}),
    ],
)
def test_hints_stand_before_the_first_word_or_after_it(text: str, hints: dict[str, str | None]) -> None:
    assert parse(text).hints == hints


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/*+ client_tokn('x') */ SELECT 1", "column 5: unknown hint client_tokn; did you mean client_token"),
        ("/*+ client_token */ SELECT 1", "needs its value"),
        ("/*+ client_token('') */ SELECT 1", "needs its value"),
        ("/*+ async(1) */ SELECT 1", "takes no value"),
        ("/*+ no_cache(1) */ SELECT 1", "takes no value"),
        ("/*+ nocache */ SELECT 1", "unknown hint nocache; did you mean no_cache"),
        ("/*+ async await */ SELECT 1", "exclude each other"),
        ("/*+ create */ SELECT /*+ create */ 1", "column 26: the hint create is given twice"),
        ("/*+ create; */ SELECT 1", "column 11: a hint is a word"),
        ("/*+ limit('x */ SELECT 1", "a hint is a word"),
    ],
)
def test_a_hint_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(ProgrammingError, match=message):
        parse(text)
