"""The steps that a query's plan comes to: which operation, for which table, where, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from ccdbapi.catalog import ACCOUNT, ACCOUNT_ALIAS, GENERIC_SERVICE, REGION, Table
from ccdbapi.engine.domain import Box, Domain
from ccdbapi.planning.plan import (
    AnyKey,
    AnyListing,
    Calls,
    Feed,
    Gets,
    Knowns,
    Lists,
    QueryPlan,
    Scans,
    Source,
    TypedKey,
    TypedListing,
)

#: How many resources a list is taken to show, in one page, where calls have to be estimated.
LISTED = 25

#: How many values of a column, and how many alternatives, are shown of a predicate.
_SHOWN = 5

#: A part of a source: the name of its raw table, and the part's number there.
Place = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Calls of one operation that a part of a source makes; ``operation`` is None where it makes none.

    ``at_least`` so many are made in any case, if nothing is remembered from before and the result is read to its end.
    ``estimate`` takes it that a list shows `LISTED` resources in one page, and that each row that ``keys_from`` gives
    names another resource. ``regions`` and ``accounts`` (aliases) are empty where rows tell them, the latter also where
    the connection names none.
    """

    number: int
    place: Place
    operation: str | None
    type_name: str | None
    table_name: str
    regions: tuple[str, ...]
    accounts: tuple[str, ...]
    at_least: int
    estimate: int
    keys_from: str
    predicate: str


def steps_of(plan: QueryPlan) -> Sequence[Step]:
    """The steps of a query; what feeds a step comes before it."""
    return _Steps(plan).steps


class _Steps:
    def __init__(self, plan: QueryPlan) -> None:
        self.steps: list[Step] = []
        self._parts = {
            (source.raw.name, number): (source, calls)
            for source in plan.sources
            for number, calls in enumerate(source.parts)
        }
        self._facts = {facts.raw.name: len(facts.rows) for facts in plan.facts}
        #: Place → the number of its last step, and the rows that it is estimated to have.
        self._told: dict[Place, tuple[int, int]] = {}
        for place in self._parts:
            self._add(place)

    def _add(self, place: Place) -> None:
        """Adds the steps of a part, after those that feed it."""
        if place in self._told:
            return
        source, calls = self._parts[place]
        wanted = _wanted(calls)
        if isinstance(wanted, Feed):
            for fed in self._places(wanted):
                self._add(fed)
        count = self._count(wanted)
        most = count if source.enough is None else min(count, source.enough)
        known = 0 if isinstance(wanted, Feed) else count if source.enough is None else min(most, 1)
        match calls:
            case Knowns():
                self._append(place, None, at_least=0, estimate=0)
                rows = count
            case Gets():
                self._append(place, _get_of(source.table), at_least=known, estimate=most)
                rows = count
            case Lists():
                self._append(place, _list_of(source.table), at_least=known, estimate=count)
                rows = count * LISTED
            case Scans():
                self._append(place, _list_of(source.table), at_least=known, estimate=count)
                rows = count * LISTED
                listed = f"step {len(self.steps)}"
                most = rows if source.enough is None else min(rows, source.enough)
                self._append(place, _get_of(source.table), at_least=0, estimate=most, keys_from=listed)
        self._told[place] = len(self.steps), rows

    def _append(
        self, place: Place, operation: str | None, *, at_least: int, estimate: int, keys_from: str | None = None
    ) -> None:
        source, calls = self._parts[place]
        wanted = _wanted(calls)
        told_by = self._names(wanted) if isinstance(wanted, Feed) else "constants"
        self.steps.append(
            Step(
                number=len(self.steps) + 1,
                place=place,
                operation=operation,
                type_name=_type_name(source, wanted),
                table_name=source.table.qualified_name,
                regions=tuple(dict.fromkeys(region for region, _ in _scopes(wanted) if region)),
                accounts=tuple(dict.fromkeys(account for _, account in _scopes(wanted) if account)),
                at_least=at_least,
                estimate=estimate,
                keys_from=keys_from or told_by,
                predicate=_predicate(source, source.domains[place[1]], wanted, told_by),
            )
        )

    def _places(self, feed: Feed) -> Iterator[Place]:
        for name, number in feed.reads.values():
            if number is not None:
                yield name, number

    def _names(self, feed: Feed) -> str:
        """Words for what feeds: the steps, and the catalogue, whose rows take no call."""
        steps = sorted({self._told[place][0] for place in self._places(feed)})
        catalogue = ["the catalogue"] if any(number is None for _, number in feed.reads.values()) else []
        return ", ".join([*(f"step {number}" for number in steps), *catalogue])

    def _count(self, wanted: Feed | Sequence[AnyKey | AnyListing]) -> int:
        """How many keys or listings there are, or are estimated to be."""
        if not isinstance(wanted, Feed):
            return len(wanted)
        rows = [
            self._facts.get(name, 0) if number is None else self._told[name, number][1]
            for name, number in wanted.reads.values()
        ]
        told = wanted.query.columns
        open_scopes = {
            ("" if REGION in told else region, "" if ACCOUNT in told or ACCOUNT_ALIAS in told else account)
            for region, account in _scopes(wanted)
        }
        return max(rows, default=0) * len(open_scopes)


def _wanted(calls: Calls) -> Feed | Sequence[AnyKey | AnyListing]:
    return calls.keys if isinstance(calls, Gets | Knowns) else calls.listings


def _get_of(table: Table) -> str:
    requests = table.service == GENERIC_SERVICE and table.name != "resource"
    return "GetResourceRequestStatus" if requests else "GetResource"


def _list_of(table: Table) -> str:
    requests = table.service == GENERIC_SERVICE and table.name != "resources"
    return "ListResourceRequests" if requests else "ListResources"


def _type_name(source: Source, wanted: Feed | Sequence[AnyKey | AnyListing]) -> str | None:
    if source.table.service != GENERIC_SERVICE:
        return source.table.resource_type.name
    if isinstance(wanted, Feed):
        return None
    return ", ".join(dict.fromkeys(k.type_name for k in wanted if isinstance(k, TypedKey | TypedListing))) or None


def _scopes(wanted: Feed | Sequence[AnyKey | AnyListing]) -> Iterable[tuple[str, str]]:
    """The regions and accounts that are asked; empty texts for what only rows tell, and for the only account."""
    if not isinstance(wanted, Feed):
        return dict.fromkeys((key.region, key.account) for key in wanted)
    told = wanted.query.columns
    unknown = MappingProxyType({"": None})
    boxes = [{REGION: unknown, **box} if REGION in told else box for box in wanted.domain.boxes]
    spread = [
        {**each, ACCOUNT_ALIAS: unknown} if ACCOUNT_ALIAS in told or ACCOUNT in told else each
        for box in boxes
        for each in wanted.scopes.spread(box)
    ]
    return dict.fromkeys(scope for box in spread for scope in product(box[REGION], box[ACCOUNT_ALIAS]))


def _predicate(source: Source, domain: Domain, wanted: Feed | Sequence[AnyKey | AnyListing], told_by: str) -> str:
    """What tells the calls, about as SQL has it."""
    if not domain.boxes:
        return "no row can be in the answer"
    told = _ordered(source, wanted.query.columns) if isinstance(wanted, Feed) else ()
    columns = ", ".join(_column_name(source.table, column) for column in told)
    feeds = [f"{columns if len(told) == 1 else f'({columns})'} IN (rows of {told_by})"] if told else []
    anywhere = [] if REGION in told or not domain.leaves_open(REGION) else ["region IN (the connection's regions)"]
    return " AND ".join([*feeds, *_constants(source, domain), *anywhere])


def _constants(source: Source, domain: Domain) -> Sequence[str]:
    """The predicates of the statement that reach the table; none where they allow any row."""
    boxes = [text for box in domain.boxes[:_SHOWN] if (text := _box(source, box))]
    if len(boxes) < min(len(domain.boxes), _SHOWN):
        return ()
    if len(domain.boxes) == 1:
        return boxes
    more = [f"… ({len(domain.boxes)})"] if len(domain.boxes) > _SHOWN else []
    return [f"({' OR '.join([*(f'({text})' for text in boxes), *more])})"]


def _box(source: Source, box: Box) -> str:
    columns = _ordered(source, box)
    return " AND ".join(f"{_column_name(source.table, column)} {_values(list(box[column]))}" for column in columns)


def _ordered(source: Source, columns: Iterable[str]) -> Sequence[str]:
    """As the raw table has them: the engine gives no order."""
    return sorted(columns, key=source.raw.columns.index)


def _values(values: Sequence[str]) -> str:
    shown = ["'" + value.replace("'", "''") + "'" for value in values[:_SHOWN]]
    if len(values) == 1:
        return f"= {shown[0]}"
    more = [f"… ({len(values)})"] if len(values) > _SHOWN else []
    return f"IN ({', '.join([*shown, *more])})"


def _column_name(table: Table, column: str) -> str:
    """The name that users know a raw table's column by."""
    names: Mapping[str | None, str] = {known.pointer: known.name for known in table.columns}
    return names.get(column, column.removeprefix("/"))
