"""What a statement comes to: the calls that answer it, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ccdbapi.catalog import Column, Table
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.domain import Domain
from ccdbapi.engine.errors import Locate
from ccdbapi.engine.relation import KeyQuery
from ccdbapi.engine.view import PROPERTIES, RawTable
from ccdbapi.planning.scopes import Scopes


class Key(NamedTuple):
    """Where a resource is: its region and Cloud Control's identifier, and the alias of its account, if there are any.

    ``parts`` are the values of the identifier's properties, where a ``|`` in one of them makes it ambiguous.
    """

    region: str
    identifier: str
    parts: tuple[str, ...] = ()
    account: str = ""


class TypedKey(NamedTuple):
    """A resource of any type."""

    region: str
    type_name: str
    identifier: str
    account: str = ""


class RequestKey(NamedTuple):
    """A request to create, update or delete a resource."""

    region: str
    request_token: str
    account: str = ""


class TypedListing(NamedTuple):
    """A list of the resources of any type; ``resource_model`` is JSON text."""

    region: str
    type_name: str
    resource_model: str | None
    account: str = ""


class RequestListing(NamedTuple):
    """A list of requests: with these operations and in these states, none for all."""

    region: str
    operations: tuple[str, ...]
    statuses: tuple[str, ...]
    account: str = ""


class Listing(NamedTuple):
    """One list to make: in which region and, for types that ask for them, under which parents (property → value)."""

    region: str
    parents: tuple[tuple[str, str], ...] = ()
    account: str = ""


#: The fields of `RequestOptions`.
OptionName = Literal["client_token", "role_arn", "type_version_id"]


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What every request may be given beside what it does; None where the statement says nothing.

    Source: the members that CreateResource, UpdateResource and DeleteResource share; reads take all but the token.
    """

    client_token: str | None = None
    role_arn: str | None = None
    type_version_id: str | None = None


AnyKey = Key | TypedKey | RequestKey
AnyListing = Listing | TypedListing | RequestListing


@dataclass(frozen=True, slots=True)
class Feed:
    """Keys, or listings, that only the rows of other tables tell: of ``table``, those that ``domain`` can hold.

    ``query`` gives, for some columns of the raw table, the values that they can have. It reads each scan of ``reads``
    from a part of a source: number of the scan → name of the raw table, and number of its part, None for facts.
    ``scopes`` has where to ask where neither tells it.
    """

    table: Table
    query: KeyQuery
    reads: Mapping[int, tuple[str, int | None]]
    domain: Domain
    scopes: Scopes


@dataclass(frozen=True, slots=True)
class Gets:
    """A call for each key: GetResource, or GetResourceRequestStatus for that of a request."""

    keys: tuple[AnyKey, ...] | Feed


@dataclass(frozen=True, slots=True)
class Lists:
    """A list with all its pages for each listing: ListResources, or ListResourceRequests for one of requests."""

    listings: tuple[AnyListing, ...] | Feed


@dataclass(frozen=True, slots=True)
class Scans:
    """For each listing a list, and for each resource that it shows a GetResource."""

    listings: tuple[AnyListing, ...] | Feed


@dataclass(frozen=True, slots=True)
class Knowns:
    """No call: a statement that asks for no more than the keys is answered by the keys."""

    keys: tuple[AnyKey, ...] | Feed


#: What answers for some rows of a raw table.
Calls = Gets | Lists | Scans | Knowns


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the rows of one raw table come from: from all of ``parts``, each row once.

    ``domains`` has, for each part, what the statement's constants say of its rows. ``columns`` are needed, by ``scans``
    scans: 0 if the engine has found that no row can be needed, more than 1 if it may read the table any number of
    times. They may stop after ``enough`` rows; None if they read all. ``constants`` are columns that have the same
    value in all rows, the one that the statement's predicates give them. ``lists`` is the table of the type's lists,
    whose parents those of the parts are by. ``account_ids`` has the ids of the accounts by alias, if they are needed.
    ``is_target``: whether its rows are what a write is about, which sends their identifiers.
    """

    table: Table
    raw: RawTable
    parts: tuple[Calls, ...]
    domains: tuple[Domain, ...]
    columns: frozenset[str]
    scans: int
    enough: int | None
    constants: Mapping[str, str]
    lists: Table | None
    account_ids: Mapping[str, str] = field(default_factory=dict)
    is_target: bool = False

    @property
    def may_stop_early(self) -> bool:
        """Whether a LIMIT may leave rows unread."""
        return self.enough is not None


@dataclass(frozen=True, slots=True)
class Facts:
    """The rows of a raw table that take no call: what the catalogue says. Columns that a row lacks are NULL."""

    raw: RawTable
    rows: tuple[Mapping[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPlan:
    """A query for the engine, and where the raw tables that it scans come from: from calls, or from ``facts``.

    ``max_calls`` bounds the resources that it gets and the lists that it makes; None for no bound. ``fresh``: whether
    AWS has to be asked for all of them, whatever is remembered.
    """

    sql: str
    bindings: Bindings = field(repr=False)
    locate: Locate
    sources: tuple[Source, ...]
    options: RequestOptions
    facts: tuple[Facts, ...] = ()
    max_calls: int | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """The query over the progress events that RETURNING is, of ``table``.

    It needs ``columns`` of the raw table; ``account_ids`` as of `Source`.
    """

    table: Table
    sql: str
    bindings: Bindings = field(repr=False)
    locate: Locate
    raw: RawTable
    columns: frozenset[str]
    account_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def shows_resources(self) -> bool:
        """Whether it shows more of the resources than their identifiers."""
        return PROPERTIES in self.columns


#: What a column of a write's source is: the new value of a property, an option of the request, or what is named here;
#: ``properties`` are those of the resource as it is.
Role = (
    Column
    | OptionName
    | Literal["region", "account", "account_alias", "identifier", "request_token", "patch_document", "properties"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """What all writes have.

    ``source`` gives a row for each request, whose columns mean what ``roles`` says. ``awaited``: whether to wait until
    all are final; ``max_writes``: how many requests there may be; None where the statement does not say.
    """

    table: Table
    source: QueryPlan
    roles: tuple[Role, ...]
    options: RequestOptions
    returning: Returning | None
    awaited: bool | None
    max_writes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertPlan(WritePlan):
    """A CreateResource for each row of ``source``.

    ``default_region`` is for rows that name none. ``accounts`` are those that rows may name, alias → id, which is None
    where no column names accounts by it; a single one is that of all rows.
    """

    default_region: str | None
    accounts: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePlan(WritePlan):
    """An UpdateResource for each row of ``source``: with its patch document, or with the one that sets its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePlan(WritePlan):
    """A DeleteResource for each row of ``source``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPlan(WritePlan):
    """A CancelResourceRequest for each row of ``source``."""


Plan = QueryPlan | InsertPlan | UpdatePlan | DeletePlan | CancelPlan
