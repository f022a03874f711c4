"""Which containers of parameters a statement takes, and what it says of those that do not fit."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from types import MappingProxyType

import pytest

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.parameters import parameter_sets, values_for
from ccdbapi.sql import parse

Pair = collections.namedtuple("Pair", ["first", "second"])


@pytest.mark.parametrize(
    ("statement", "given", "values"),
    [
        ("SELECT 1", None, []),
        ("SELECT 1", [], []),
        ("SELECT 1", {}, []),
        ("SELECT ?, ?", [1, None], [1, None]),
        ("SELECT ?, ?", (1, 2), [1, 2]),
        ("SELECT ?, ?", Pair(1, 2), [1, 2]),
        ("SELECT ?, ?", collections.deque([1, 2]), [1, 2]),
        ("SELECT ?", ["?"], ["?"]),
        ("SELECT :b, :a", {"a": 1, "b": 2}, [2, 1]),
        ("SELECT :a, :a", {"a": 1}, [1]),
        ("SELECT :a", {"a": 1, "unused": 2}, [1]),
        ("SELECT :a", MappingProxyType({"a": 1}), [1]),
    ],
)
def test_values_are_found_by_place_or_by_name(statement: str, given: object, values: Sequence[object]) -> None:
    assert list(values_for(parse(statement), given)) == values  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statement", "given", "words"),
    [
        ("SELECT ?", None, r"Parameters \(\?\) in the statement: 1; values given: 0"),
        ("SELECT ?, ?", [1], "in the statement: 2; values given: 1"),
        ("SELECT ?", [1, 2], "in the statement: 1; values given: 2"),
        ("SELECT 1", [1], "in the statement: 0; values given: 1"),
        ("SELECT ?", {"a": 1}, "given by name, but the statement has no :name; pass a sequence"),
        ("SELECT 1", {"a": 1}, "given by name, but the statement has no :name"),
        ("SELECT ?", "a", "must be a list or tuple.*not str"),
        ("SELECT ?", b"a", "must be a list or tuple.*not bytes"),
        ("SELECT ?", 1, "must be a list or tuple.*not int"),
        ("SELECT ?", {1}, "must be a list or tuple.*not set"),
        ("SELECT ?", iter([1]), "must be a list or tuple.*not list_iterator"),
        ("SELECT :a", None, r"named parameters \(:a\); pass a mapping"),
        ("SELECT :a, :b", [1, 2], r"named parameters \(:a, :b\); pass a mapping"),
        ("SELECT :a, :b, :c", {"b": 1}, "No value is given for :a, :c"),
        ("SELECT :a", {"A": 1}, "No value is given for :a"),
    ],
)
def test_what_does_not_fit_is_a_programming_error(statement: str, given: object, words: str) -> None:
    with pytest.raises(ProgrammingError, match=words):
        values_for(parse(statement), given)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [[], [(1,), (2,)], iter([[1]]), ({"a": 1},)])
def test_sets_come_from_anything_that_gives_them_one_by_one(given: object) -> None:
    assert isinstance(parameter_sets(given), list)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [None, 1, "ab", b"ab", {"a": 1}])
def test_what_gives_no_sets_is_a_programming_error(given: object) -> None:
    with pytest.raises(ProgrammingError, match=f"not {type(given).__name__}"):
        parameter_sets(given)  # type: ignore[arg-type]
