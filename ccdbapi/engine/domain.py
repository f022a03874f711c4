"""Which values a scan's columns can have, as far as a statement's predicates say.

A `Domain` is a union of boxes; a box gives some columns a list of possible values and leaves the others open.
Domains only ever grow by what is not understood: rows outside of one cannot be in the answer, rows inside may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

# An ordered set: the order in which a user wrote the values is the order of the calls.
Values = Mapping[str, None]

#: Column → its possible values. A column that is missing may have any value.
Box = Mapping[str, Values]

#: Beyond this many boxes an intersection is left out: the domain stays larger than needed, and still right.
MAX_BOXES = 50_000


@dataclass(frozen=True, slots=True)
class Domain:
    """A union of boxes. No box: no row can be in it. The empty box: any row can."""

    boxes: tuple[Box, ...]

    @staticmethod
    def of(column: str, values: Iterable[str]) -> Domain:
        """The rows whose ``column`` has one of ``values``."""
        allowed = MappingProxyType(dict.fromkeys(values))
        return Domain((MappingProxyType({column: allowed}),)) if allowed else NOTHING

    def __and__(self, other: Domain) -> Domain:
        if self == other:
            return self
        if len(self.boxes) * len(other.boxes) > MAX_BOXES:
            return min(self, other, key=lambda domain: len(domain.boxes))
        return Domain(tuple(_meets(self, other)))

    def __or__(self, other: Domain) -> Domain:
        return union((self, other))

    @property
    def is_empty(self) -> bool:
        """Whether no row can be in it."""
        return not self.boxes

    def leaves_open(self, column: str) -> bool:
        """Whether some box says nothing of ``column``."""
        return any(column not in box for box in self.boxes)


ANYTHING = Domain((MappingProxyType({}),))
NOTHING = Domain(())


def union(domains: Iterable[Domain]) -> Domain:
    """The rows that are in one of ``domains``. Boxes that bind one and the same column become one box."""
    single: dict[str, dict[str, None]] = {}
    boxes: list[Box] = []
    for box in (box for domain in domains for box in domain.boxes):
        if not box:
            return ANYTHING
        if len(box) == 1:
            ((column, values),) = box.items()
            single.setdefault(column, {}).update(values)
        else:
            boxes.append(box)
    merged = (MappingProxyType({column: MappingProxyType(values)}) for column, values in single.items())
    return Domain((*merged, *boxes))


def _meets(left: Domain, right: Domain) -> Iterator[Box]:
    for a in left.boxes:
        for b in right.boxes:
            meet = _meet(a, b)
            if meet is not None:
                yield meet


def _meet(a: Box, b: Box) -> Box | None:
    meet = {**a, **b}
    for column in a.keys() & b.keys():
        small, large = sorted((a[column], b[column]), key=len)
        common = {value: None for value in small if value in large}
        if not common:
            return None
        meet[column] = MappingProxyType(common)
    return MappingProxyType(meet)
