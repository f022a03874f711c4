"""What a query does when a region fails: it fails as well, or goes on without that region and tells so."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import NamedTuple

from ccdbapi import exceptions
from ccdbapi.exceptions import DatabaseError, OperationalError
from ccdbapi.execution.rows import Row
from ccdbapi.planning import (
    AnyKey,
    AnyListing,
    Key,
    Listing,
    RequestKey,
    RequestListing,
    Source,
    TypedKey,
    TypedListing,
)

#: What is wrong with the caller's credentials wherever they are used. (An invalid token is not among it: that is what a
#: region says that is not enabled for the account.)
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
    }
)
#: What a region says of a type, or of one of its handlers, that is not to be had there.
_NOT_OFFERED = frozenset({"TypeNotFoundException", "UnsupportedActionException"})


class Origin(NamedTuple):
    """Where rows come from: an operation on one type in one region. ``type_name`` is None for requests.

    ``is_known`` tells whether the type is one of the catalogue, not just a name in the statement.
    """

    account: str
    region: str
    operation: str
    type_name: str | None
    is_known: bool

    def __str__(self) -> str:
        account = f" of account {self.account}" if self.account else ""
        return f"{self.region}{account} ({self.operation} of {self.type_name or 'requests'})"


def origin_of(source: Source, wanted: AnyKey | AnyListing) -> Origin:
    """Where the rows of a key or a listing come from."""
    type_name: str | None = source.table.resource_type.name
    is_known = True
    match wanted:
        case Key():
            operation = "GetResource"
        case Listing():
            operation = "ListResources"
        case TypedKey():
            operation, type_name, is_known = "GetResource", wanted.type_name, False
        case TypedListing():
            operation, type_name, is_known = "ListResources", wanted.type_name, False
        case RequestKey():
            operation, type_name = "GetResourceRequestStatus", None
        case RequestListing():
            operation, type_name = "ListResourceRequests", None
    return Origin(wanted.account, wanted.region, operation, type_name, is_known)


class Failing:
    """Every failure fails the query."""

    async def row(self, origin: Origin, get: Callable[[], Awaitable[Row | None]]) -> Row | None:
        """The row that ``get`` brings from there, None where there is none."""
        return await get()

    def pages(self, origin: Origin, pages: AsyncGenerator[list[Row], None]) -> AsyncGenerator[list[Row], None]:
        """The pages that come from there."""
        return pages


class Skipping(Failing):
    """A region that fails is left out from there on, and ``warn`` is told: once for each operation and type.

    Rows that came before stay, since they may be in the result already; the warning says how many there are.
    """

    def __init__(self, warn: Callable[[exceptions.Warning], None]) -> None:
        self._warn = warn
        self._failed: set[Origin] = set()
        self._brought: Counter[Origin] = Counter()

    async def row(self, origin: Origin, get: Callable[[], Awaitable[Row | None]]) -> Row | None:
        if origin in self._failed:
            return None
        try:
            row = await get()
        except DatabaseError as error:
            self._skip(origin, error)
            return None
        if row is None or origin in self._failed:
            return None
        self._brought[origin] += 1
        return row

    async def pages(self, origin: Origin, pages: AsyncGenerator[list[Row], None]) -> AsyncGenerator[list[Row], None]:
        async with aclosing(pages):
            while origin not in self._failed:
                try:
                    rows = await anext(pages, None)
                except DatabaseError as error:
                    self._skip(origin, error)
                    return
                if rows is None or origin in self._failed:
                    return
                self._brought[origin] += len(rows)
                yield rows

    def _skip(self, origin: Origin, error: DatabaseError) -> None:
        if not is_of_region(error, origin):
            raise error
        if origin in self._failed:
            return
        self._failed.add(origin)
        brought = self._brought[origin]
        rows = f"{brought} row{'s' if brought > 1 else ''} came from there before; all others are missing"
        self._warn(
            exceptions.Warning(
                f"{origin} was skipped, and {rows if brought else 'its rows are missing'}: the result is not complete. "
                f"{error}"
            )
        )


def is_of_region(error: DatabaseError, origin: Origin) -> bool:
    """Whether a failure says something about the region, and another one might well answer.

    It does where the service or the network failed or throttled for as long as it was tried, where access is denied or
    the region not enabled, and where it does not have the type. It does not where the statement is to blame (what it
    asks for is malformed, or a type it names is unknown), its credentials, its timeout, or the driver.
    """
    code = error.diag.code
    if error.diag.region is None or code in _CREDENTIALS:
        return False
    return isinstance(error, OperationalError) or (origin.is_known and code in _NOT_OFFERED)
