"""The algebra of domains: what is a row of both, of either, and what it may cost."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdbapi.engine import domain as domains
from ccdbapi.engine.domain import ANYTHING, NOTHING, Domain, union

COLUMNS, VALUES = ("region", "Identifier", "/Name"), ("a", "b", "")

#: Every row there can be, with one value more than predicates name.
ROWS = [dict(zip(COLUMNS, values, strict=True)) for values in product((*VALUES, "other"), repeat=len(COLUMNS))]

Rows = list[dict[str, str]]


def rows_of(domain: Domain) -> Rows:
    return [row for row in ROWS if any(all(row[name] in box[name] for name in box) for box in domain.boxes)]


atoms = st.builds(Domain.of, st.sampled_from(COLUMNS), st.lists(st.sampled_from(VALUES), max_size=3))
any_domain = st.recursive(
    atoms | st.sampled_from((ANYTHING, NOTHING)),
    lambda inner: st.builds(Domain.__and__, inner, inner) | st.builds(Domain.__or__, inner, inner),
    max_leaves=6,
)


@given(any_domain, any_domain)
def test_and_holds_the_rows_of_both(left: Domain, right: Domain) -> None:
    assert rows_of(left & right) == [row for row in rows_of(left) if row in rows_of(right)]


@given(any_domain, any_domain)
def test_or_holds_the_rows_of_either(left: Domain, right: Domain) -> None:
    assert rows_of(left | right) == [row for row in ROWS if row in rows_of(left) or row in rows_of(right)]


@given(any_domain, any_domain)
def test_and_of_too_many_boxes_loses_no_row(left: Domain, right: Domain) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(domains, "MAX_BOXES", 2)
        bounded = left & right
    assert len(bounded.boxes) <= max(2, len(left.boxes), len(right.boxes))
    assert all(row in rows_of(bounded) for row in rows_of(left & right))


@given(any_domain)
def test_only_the_domain_without_boxes_is_empty(domain: Domain) -> None:
    assert domain.is_empty is (not rows_of(domain))


@given(any_domain, st.sampled_from(COLUMNS))
def test_a_column_is_left_open_where_a_box_does_not_name_it(domain: Domain, column: str) -> None:
    assert domain.leaves_open(column) is any({**row, column: "other"} in rows_of(domain) for row in ROWS)


def test_values_keep_the_order_in_which_they_were_given() -> None:
    domain = Domain.of("region", "cab") | Domain.of("region", "adc")
    assert [list(box["region"]) for box in domain.boxes] == [["c", "a", "b", "d"]]


def test_a_union_of_many_lists_stays_one_box() -> None:
    domain = union(Domain.of("region", [str(number)]) for number in range(10_000))
    assert len(domain.boxes) == 1
    assert len(domain.boxes[0]["region"]) == 10_000


def test_pairs_do_not_become_their_product() -> None:
    pairs = (Domain.of("region", "a") & Domain.of("Identifier", "x")) | (
        Domain.of("region", "b") & Domain.of("Identifier", "y")
    )
    assert [{name: [*values] for name, values in box.items()} for box in pairs.boxes] == [
        {"region": ["a"], "Identifier": ["x"]},
        {"region": ["b"], "Identifier": ["y"]},
    ]
