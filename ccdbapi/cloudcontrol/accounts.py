"""The accounts of a connection: the client of each, and what has to be looked up of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from ccdbapi.cloudcontrol import loop
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.exceptions import DatabaseError, InterfaceError, of_account

T = TypeVar("T")

#: The client of the account of an alias.
Clients = Callable[[str], Client]


def refreshing(clients: Clients) -> Clients:
    """The clients as they are for reads that have to ask the service, whatever is remembered."""
    return lambda alias: clients(alias).refreshing


class Fact(Generic[T]):
    """What is looked up when it is first needed, and once: by ``find``, which may block.

    What ``find`` raises is raised again, and it is asked again the next time. Threads may share a fact.
    """

    def __init__(self, find: Callable[[], T]) -> None:
        self._find = find
        self._found: tuple[T, ...] = ()
        self._lock = threading.Lock()

    @property
    def known(self) -> bool:
        """Whether it was looked up."""
        return bool(self._found)

    def get(self) -> T:
        """The fact. Blocks while it is looked up."""
        with self._lock:
            if not self._found:
                self._found = (self._find(),)
            return self._found[0]


class Account:
    """An account: the ``client`` that asks it, its ``id``, and the ``regions`` that are enabled for it."""

    def __init__(self, client: Client, find_id: Callable[[], str], find_regions: Callable[[], Sequence[str]]) -> None:
        self.client = client
        self.id = Fact(find_id)
        self.regions = Fact(find_regions)


class Accounts:
    """Accounts by alias; a connection that names none has one, whose alias is the empty text.

    Threads may share it. What is not known yet is looked up in all accounts at once; errors name the account.
    """

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._accounts = accounts

    @property
    def aliases(self) -> Sequence[str]:
        """The accounts' aliases, in the order in which they were given."""
        return tuple(self._accounts)

    def client(self, alias: str) -> Client:
        """What asks this account. Raises `InterfaceError` for one that the connection does not have."""
        try:
            return self._accounts[alias].client
        except KeyError:
            wanted = f"no account {alias!r}" if alias else "accounts, and this is of a connection without"
            known = f"it knows {', '.join(self.aliases)}" if any(self.aliases) else "see connect(accounts=…)"
            raise InterfaceError(f"The connection has {wanted}; {known}.") from None

    def ids(self, aliases: Sequence[str]) -> Mapping[str, str]:
        """Alias → the account's id. Blocks; raises what the looking up raises."""
        return _looked_up({alias: self._accounts[alias].id for alias in aliases})

    def regions(self, aliases: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Alias → the regions that are enabled for the account. Blocks; raises what the looking up raises."""
        return _looked_up({alias: self._accounts[alias].regions for alias in aliases})

    async def close(self) -> None:
        """Releases connections."""
        await asyncio.gather(*(account.client.close() for account in self._accounts.values()))


def _looked_up(facts: Mapping[str, Fact[T]]) -> Mapping[str, T]:
    unknown = [(alias, fact) for alias, fact in facts.items() if not fact.known]
    if unknown:
        loop.run(_look_up(unknown))
    return {alias: fact.get() for alias, fact in facts.items()}


async def _look_up(unknown: Sequence[tuple[str, Fact[T]]]) -> None:
    async def one(alias: str, fact: Fact[T]) -> None:
        try:
            await asyncio.to_thread(fact.get)
        except DatabaseError as error:
            raise of_account(error, alias) from error

    await asyncio.gather(*(one(alias, fact) for alias, fact in unknown))
