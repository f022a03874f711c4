"""In which accounts and regions a statement has to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, product
from types import MappingProxyType
from typing import Final, Protocol

from ccdbapi.catalog import ACCOUNT, ACCOUNT_ALIAS, REGION
from ccdbapi.engine.domain import MAX_BOXES, Box, Domain
from ccdbapi.exceptions import InternalError

#: Stands in a connection's regions for all that are enabled for an account.
ALL_REGIONS: Final = "all"

#: How many alternatives, or values of a column, make a statement a long one.
_LONG = 100

#: From columns, and rows of values of these, to the rows that are allowed.
Allowed = Callable[[Sequence[str], Sequence[tuple[str, ...]]], Sequence[tuple[str, ...]]]


class Directory(Protocol):
    """A connection's accounts by alias, and what may have to be looked up of them, which blocks, but once for each."""

    @property
    def aliases(self) -> Sequence[str]:
        """The accounts, in order; the empty text alone where the connection names none."""

    def ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """The ids of these accounts."""

    def regions(self, aliases: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The regions that are enabled for these accounts."""


class OneAccount:
    """The `Directory` of a connection that knows one account, and nothing of it."""

    aliases: Sequence[str] = ("",)

    def ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Not known."""
        raise InternalError("The account of the connection is not known.")

    def regions(self, aliases: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Not known."""
        raise InternalError("The regions of the connection's account are not known.")


class Scopes:
    """The accounts of ``directory``, and ``regions``, which are asked where a statement names none.

    Nothing is looked up that a statement can do without.
    """

    def __init__(self, directory: Directory, regions: Sequence[str]) -> None:
        self._directory = directory
        self._regions = regions

    def spread(self, box: Box) -> Iterator[Box]:
        """The box in every account that it allows: with one alias, and with regions, where any are named for it.

        Accounts that the connection does not know have no rows, so nothing is asked of them.
        """
        aliases = self._aliases(box)
        regions = {} if REGION in box else self.regions(aliases)
        for alias in aliases:
            there = dict.fromkeys(regions.get(alias, ()))
            yield {**({REGION: there} if there else {}), **box, ACCOUNT_ALIAS: {alias: None}}

    def regions(self, aliases: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The regions to ask in each of these accounts where a statement names none."""
        if ALL_REGIONS in self._regions:
            return self._directory.regions(aliases)
        return dict.fromkeys(aliases, self._regions)

    def narrowed(self, domain: Domain, tested: Sequence[str], allowed: Allowed) -> Domain:
        """``domain`` without the accounts and regions that are ruled out by predicates which give no list of values.

        ``tested`` are those columns of both that the statement needs; ``allowed`` gives, of some values of columns, the
        rows that the predicates allow.
        """
        if not tested or len(domain.boxes) * len(self.aliases) > MAX_BOXES:
            return domain
        # Where lists of values say it all, more predicates are rare, and to look for them takes its time.
        listed = all(column in box for box in domain.boxes for column in tested)
        if listed and _is_long(domain):
            return domain
        spread = [(box, list(self.spread(box))) for box in domain.boxes]
        located = all(REGION in each for _, boxes in spread for each in boxes)
        columns = [column for column in tested if column != REGION or located]
        ids = self.ids() if ACCOUNT in columns else {}

        def row(region: str, alias: str) -> tuple[str, ...]:
            values = {REGION: region, ACCOUNT: ids.get(alias, ""), ACCOUNT_ALIAS: alias}
            return tuple(values[column] for column in columns)

        candidates = {row(*scope): None for _, boxes in spread for box in boxes for scope in _scopes(box)}
        if len(candidates) < 2 and listed:
            return domain
        kept = set(allowed(columns, list(candidates)))
        if len(kept) == len(candidates):
            return domain
        narrow: list[Box] = []
        for box, boxes in spread:
            aliases: dict[tuple[str, ...], list[str]] = {}
            for each in boxes:
                regions = tuple(region for region, alias in _scopes(each) if row(region, alias) in kept)
                if regions:
                    aliases.setdefault(regions, []).extend(each[ACCOUNT_ALIAS])
            for regions, there in aliases.items():
                stated = {REGION: dict.fromkeys(regions)} if REGION in columns else {}
                named = {ACCOUNT_ALIAS: dict.fromkeys(there)} if len(there) < len(self.aliases) else {}
                narrow.append(MappingProxyType({**box, **stated, **named}))
        return Domain(tuple(narrow))

    def look_up(self, domain: Domain, columns: Sequence[str]) -> None:
        """Looks up all that `spread` can need for boxes of ``domain`` in which the ``columns`` have values."""
        if REGION not in columns and domain.leaves_open(REGION):
            self.regions(self.aliases)
        if ACCOUNT in columns or any(ACCOUNT in box for box in domain.boxes):
            self.ids()

    @property
    def names_regions(self) -> bool:
        """Whether the connection says what to ask where a statement names no region."""
        return bool(self._regions)

    @property
    def only_region(self) -> str | None:
        """The one region that the connection names, None where it names none, or more."""
        (region, *others) = self._regions or (ALL_REGIONS,)
        return None if others or region == ALL_REGIONS else region

    @property
    def stated_regions(self) -> tuple[str, ...]:
        """The regions that are asked in any account where a statement names none."""
        return tuple(dict.fromkeys(chain.from_iterable(self.regions(self.aliases).values())))

    @property
    def aliases(self) -> Sequence[str]:
        """The accounts, in order."""
        return self._directory.aliases

    def ids(self) -> Mapping[str, str]:
        """Alias → id of all accounts."""
        return self._directory.ids(self._directory.aliases)

    def _aliases(self, box: Box) -> Sequence[str]:
        known = self._directory.aliases
        stated = [alias for alias in box.get(ACCOUNT_ALIAS, known) if alias in known]
        if ACCOUNT not in box:
            return stated
        ids = self._directory.ids(stated)
        return [alias for alias in stated if ids[alias] in box[ACCOUNT]]


def _is_long(domain: Domain) -> bool:
    return len(domain.boxes) > _LONG or any(len(values) > _LONG for box in domain.boxes for values in box.values())


def _scopes(box: Box) -> Iterator[tuple[str, str]]:
    """The regions, empty where the box has none, and aliases of a box."""
    return product(box.get(REGION, ("",)), box[ACCOUNT_ALIAS])
