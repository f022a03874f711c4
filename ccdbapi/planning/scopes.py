"""In which accounts and regions a statement has to ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from ccdbapi.catalog import ACCOUNT, ACCOUNT_ALIAS, REGION
from ccdbapi.engine.domain import Box

#: Stands in a connection's regions for all that are enabled for an account.
ALL_REGIONS: Final = "all"


class Directory(Protocol):
    """A connection's accounts by alias, and what may have to be looked up of them, which blocks, but once for each."""

    @property
    def aliases(self) -> Sequence[str]:
        """The accounts, in order; the empty text alone where the connection names none."""

    def ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """The ids of these accounts."""

    def regions(self, aliases: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The regions that are enabled for these accounts."""


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
