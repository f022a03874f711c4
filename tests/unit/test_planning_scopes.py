"""In which accounts and regions is asked: by lists of values, by other predicates, and by what the connection says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdbapi.engine.domain import ANYTHING, NOTHING, Box, Domain
from ccdbapi.exceptions import InternalError
from ccdbapi.planning.scopes import OneAccount, Scopes

IDS = {"prod": "1", "dev": "2", "audit": "1"}
ENABLED = {"prod": ["us-east-1", "eu-west-1"], "dev": ["us-east-1"], "audit": ["eu-south-2", "us-east-1"]}


class Book:
    """A directory that takes down what it is asked."""

    aliases = tuple(IDS)

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(("ids", *aliases))
        return {alias: IDS[alias] for alias in aliases}

    def regions(self, aliases: Sequence[str]) -> Mapping[str, Sequence[str]]:
        self.asked.append(("regions", *aliases))
        return {alias: ENABLED[alias] for alias in aliases}


def box(**values: Sequence[str]) -> Box:
    return MappingProxyType({column: MappingProxyType(dict.fromkeys(given)) for column, given in values.items()})


def scopes_of(scopes: Scopes, domain: Domain) -> set[tuple[str, str]]:
    """The (region, alias) that are asked."""
    return {
        (region, alias)
        for each in domain.boxes
        for spread in scopes.spread(each)
        for region, alias in product(spread.get("region", ()), spread["account_alias"])
    }


@pytest.mark.parametrize(
    ("given", "expected", "asked"),
    [
        (box(), {("a", "prod"), ("a", "dev"), ("a", "audit")}, []),
        (box(region=["b", "c"], account_alias=["dev"]), {("b", "dev"), ("c", "dev")}, []),
        (box(account_alias=["nobody"]), set(), []),
        (box(account=["1"]), {("a", "prod"), ("a", "audit")}, [("ids", "prod", "dev", "audit")]),
        (box(account=["1"], account_alias=["dev", "audit"]), {("a", "audit")}, [("ids", "dev", "audit")]),
        (box(account=["9"]), set(), [("ids", "prod", "dev", "audit")]),
    ],
)
def test_a_box_is_spread_over_the_accounts_that_it_allows(
    given: Box, expected: set[tuple[str, str]], asked: list[tuple[str, ...]]
) -> None:
    book = Book()
    assert scopes_of(Scopes(book, ["a"]), Domain((given,))) == expected
    assert book.asked == asked


def test_all_regions_are_those_of_each_account_and_looked_up_only_where_none_is_stated() -> None:
    book = Book()
    scopes = Scopes(book, ["all"])
    assert scopes_of(scopes, Domain((box(region=["z"], account_alias=["dev"]),))) == {("z", "dev")}
    assert book.asked == []
    assert scopes_of(scopes, Domain((box(account_alias=["prod", "dev"]),))) == {
        ("us-east-1", "prod"), ("eu-west-1", "prod"), ("us-east-1", "dev"),
    }  # fmt: skip
    assert book.asked == [("regions", "prod", "dev")]


def test_without_regions_a_box_that_names_none_is_left_without() -> None:
    (spread,) = Scopes(OneAccount(), ()).spread(box(Identifier=["x"]))
    assert "region" not in spread


@pytest.mark.parametrize(
    ("regions", "only"), [((), None), (("a",), "a"), (("a", "b"), None), (("all",), None), (("all", "a"), None)]
)
def test_the_only_region(regions: Sequence[str], only: str | None) -> None:
    scopes = Scopes(OneAccount(), regions)
    assert scopes.only_region == only
    assert scopes.names_regions is bool(regions)


def test_a_connection_without_accounts_has_nobody_to_ask() -> None:
    with pytest.raises(InternalError):
        OneAccount().ids([""])
    with pytest.raises(InternalError):
        OneAccount().regions([""])


REGIONS = ("us-east-1", "eu-west-1", "eu-south-2", "z")
BOXES = st.builds(
    lambda columns: box(**{name: values for name, values in columns.items() if values is not None}),
    st.fixed_dictionaries(
        {
            "region": st.none() | st.lists(st.sampled_from(REGIONS), min_size=1, unique=True),
            "account_alias": st.none() | st.lists(st.sampled_from([*IDS, "nobody"]), min_size=1, unique=True),
            "account": st.none() | st.lists(st.sampled_from(["1", "2", "9"]), min_size=1, unique=True),
            "Identifier": st.none() | st.just(["x"]),
        }
    ),
)
TESTED = st.lists(st.sampled_from(["region", "account", "account_alias"]), unique=True)


@given(
    boxes=st.lists(BOXES, max_size=4),
    regions=st.sampled_from([["all"], ["us-east-1", "eu-west-1"], ["us-east-1"]]),
    tested=TESTED,
    ruled_out=st.sets(st.tuples(st.sampled_from(REGIONS), st.sampled_from(list(IDS)))),
)
def test_narrowing_leaves_out_what_the_predicates_do_and_nothing_else(
    boxes: list[Box], regions: list[str], tested: list[str], ruled_out: set[tuple[str, str]]
) -> None:
    scopes, domain = Scopes(Book(), regions), Domain(tuple(boxes))

    def row(columns: Sequence[str], region: str, alias: str) -> tuple[str, ...]:
        values = {"region": region, "account": IDS[alias], "account_alias": alias}
        return tuple(values[column] for column in columns)

    def allowed(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
        dropped = {row(columns, *scope) for scope in ruled_out}
        return [values for values in rows if values not in dropped]

    before = scopes_of(scopes, domain)
    after = scopes_of(scopes, scopes.narrowed(domain, tested, allowed))
    dropped = {row(tested, *scope) for scope in ruled_out} if tested else set()
    remaining = {scope for scope in before if row(tested, *scope) not in dropped}
    # Where lists of values leave one place alone to ask, there is nothing to find out.
    listed = all(column in each for each in boxes for column in tested)
    single = listed and len({row(tested, *scope) for scope in before}) < 2
    assert after == (before if single else remaining)


def test_nothing_is_asked_of_the_predicates_where_nothing_depends_on_them() -> None:
    def allowed(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
        raise AssertionError(columns)

    scopes = Scopes(Book(), ["a", "b"])
    assert scopes.narrowed(ANYTHING, [], allowed) is ANYTHING
    assert scopes.narrowed(NOTHING, ["region"], allowed) is NOTHING
    one = Domain((box(region=["a"]),))
    assert scopes.narrowed(one, ["region"], allowed) is one
    long = Domain((box(region=["a", "b"], Identifier=[str(number) for number in range(1000)]),))
    assert scopes.narrowed(long, ["region"], allowed) is long


def test_what_a_feed_may_need_is_looked_up_before() -> None:
    book = Book()
    scopes = Scopes(book, ["all"])
    scopes.look_up(Domain((box(region=["a"]),)), ["Identifier"])
    scopes.look_up(ANYTHING, ["Identifier", "region"])
    assert book.asked == []
    scopes.look_up(ANYTHING, ["Identifier"])
    scopes.look_up(Domain((box(region=["a"]),)), ["account"])
    assert book.asked == [("regions", *IDS), ("ids", *IDS)]
