"""Puts together what a connection works with, as its settings say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, NamedTuple

from ccdbapi.catalog import AccountsCatalog, Catalog, packaged
from ccdbapi.cloudcontrol.accounts import Account, Accounts
from ccdbapi.cloudcontrol.aws_session import AwsSession
from ccdbapi.cloudcontrol.cache import Memory
from ccdbapi.cloudcontrol.call import Places
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.identity import account_id, account_of_role, enabled_regions
from ccdbapi.cloudcontrol.limits import objection
from ccdbapi.emulator import start
from ccdbapi.engine.database import Database
from ccdbapi.exceptions import DataError, InterfaceError, Outcome, ProgrammingError
from ccdbapi.execution import Executor, WritePolicy
from ccdbapi.execution.faces import Face
from ccdbapi.execution.journal import Journal
from ccdbapi.planning import Planner
from ccdbapi.planning.scopes import ALL_REGIONS
from ccdbapi.planning.views import CATALOG

if TYPE_CHECKING:
    from ccdbapi.cloudcontrol.transport import Transport
    from ccdbapi.config import AccountSettings, Settings


class Assembly(NamedTuple):
    """The catalogue, the accounts, the engine and the planner of one connection."""

    settings: Settings
    face: Face
    catalog: Catalog
    accounts: Accounts
    database: Database
    planner: Planner
    journal: Journal | None

    def executor(self) -> Executor:
        """An executor for one cursor, on a session of its own."""
        return Executor(
            self.face,
            self.accounts.client,
            self.database.session,
            wait=self.settings.wait,
            skips_regions=self.settings.on_region_error == "skip",
            policy=_policy(self.settings),
            concurrency=self.settings.concurrency,
            journal=self.journal,
        )

    def register(self, name: str, data: object) -> None:
        """Makes ``data`` a table of the engine, see `LocalTables.put`.

        Raises `ProgrammingError` for the name of a table that the connection's schema has.
        """
        schema = _service(self.settings)
        if schema is not None and self.catalog.find_table(schema, str(name)) is not None:
            raise ProgrammingError(f"{name!r} is a table of {CATALOG}.{schema}: choose another name for the data.")
        self.database.local_tables.put(name, data)

    async def wait(self, request_token: str, region: str, account: str, seconds: float | None) -> Outcome:
        """Follows a request to its end. Raises `InterfaceError` and `DataError` for what cannot be followed."""
        from ccdbapi.execution.following import follow
        from ccdbapi.execution.patience import Patience

        if not (isinstance(request_token, str) and isinstance(region, str) and region):
            raise InterfaceError("To wait for a request takes its token and its region, both as text.")
        if told := objection("RequestToken", request_token):
            raise DataError(f"{told}.")
        settings = self.settings if seconds is None else replace(self.settings, timeout=seconds)
        patience = Patience(settings.timeout)
        return await self.face.wait(follow(self.accounts.client, account, region, request_token, patience))

    async def resume(self, journal: Journal) -> Sequence[Outcome]:
        """Finishes what is pending in the journal."""
        from ccdbapi.execution.patience import Patience
        from ccdbapi.execution.recovery import resume

        patience = Patience(self.settings.timeout)
        concurrency = self.settings.concurrency
        try:
            return await self.face.wait(resume(journal, self.accounts.client, self.catalog, patience, concurrency))
        except (KeyboardInterrupt, asyncio.CancelledError) as interrupt:
            left = len(journal.entries(pending=True))
            interrupt.add_note(f"Interrupted. Pending in the journal: {left}. They go on, and can be resumed again.")
            raise

    async def close(self) -> None:
        """Releases connections and the engine. Executors have to be closed before."""
        try:
            await self.face.wait(self.accounts.close())
        finally:
            self.database.close()
            if self.journal is not None:
                self.journal.close()


def assemble(settings: Settings, face: Face) -> Assembly:
    """What a connection of these settings works with, whose callers wait as ``face`` does.

    Raises `InterfaceError` for settings that cannot go together, and for an emulator that is not installed.

    With ``catalog='live'`` it asks AWS, and raises what comes of that.
    """
    aws = _session(settings)
    catalog = _catalog(settings, aws)
    schema = _service(settings)
    if schema is not None:
        catalog.tables(schema)  # a schema that does not exist is better found here than at the first statement
    accounts = _accounts(settings, _emulated(settings, catalog) if settings.embedded else _asked(settings, aws))
    if settings.accounts is not None:
        catalog = AccountsCatalog.over(catalog)
    database = Database(CATALOG, schema)
    planner = Planner(
        database,
        catalog,
        regions=settings.regions,
        schema=schema,
        wait=settings.wait,
        scanning=settings.scan == "list",
        max_calls=settings.max_calls,
        directory=accounts,
    )
    journal = None if settings.journal is None else Journal(settings.journal)
    return Assembly(settings, face, catalog, accounts, database, planner, journal)


def _service(settings: Settings) -> str | None:
    """The service that the connection's schema is."""
    return settings.schema.lower().removeprefix(f"{CATALOG}.") if settings.schema else None


def _policy(settings: Settings) -> WritePolicy:
    return WritePolicy(
        read_only=settings.read_only,
        max_writes=settings.max_writes,
        return_failures=settings.on_write_error == "return",
    )


def _catalog(settings: Settings, aws: AwsSession) -> Catalog:
    match settings.catalog:
        case "packaged":
            return packaged()
        case "live":
            from ccdbapi.registry.refresh import live_catalog

            return live_catalog(aws, settings.region, [region for region in settings.regions if region != ALL_REGIONS])
        case catalog:
            return catalog


class _Access(NamedTuple):
    """How an account is asked, and what finds its id and its regions."""

    transport: Transport
    find_id: Callable[[], str]
    find_regions: Callable[[], Sequence[str]]


def _accounts(settings: Settings, access: Callable[[AccountSettings], _Access]) -> Accounts:
    """The accounts that the settings name; where they name none, the connection's own, without an alias."""
    places, memory = Places(settings.concurrency), Memory()
    accounts: dict[str, Account] = {}
    for alias, given in (settings.accounts or {"": {}}).items():
        transport, find_id, find_regions = access(given)
        client = Client(
            transport,
            # The embedded emulator has no limits to keep.
            rate_limit=None if settings.embedded else settings.rate_limit,
            max_attempts=settings.max_attempts,
            concurrency=places,
            cache_ttl=settings.cache_ttl,
            memory=memory,
            account=alias,
        )
        accounts[alias] = Account(client, find_id, find_regions)
    return Accounts(accounts)


def _asked(settings: Settings, own: AwsSession) -> Callable[[AccountSettings], _Access]:
    """The accesses to accounts of AWS; ``own`` is that of the connection itself."""

    def access(given: AccountSettings) -> _Access:
        region = given.get("region")
        session = own
        if "profile" in given:
            session = AwsSession(
                region=region or settings.region, profile=given["profile"], endpoint_url=settings.endpoint_url
            )
        elif region is not None:
            session = _session(settings, region)
        if "role_arn" in given:
            session = session.assume(
                given["role_arn"], external_id=given.get("external_id"), session_name=given.get("session_name")
            )
        return _Access(_transport(settings, session), partial(account_id, session), partial(enabled_regions, session))

    return access


def _transport(settings: Settings, aws: AwsSession) -> Transport:
    if settings.transport == "boto3":
        from ccdbapi.cloudcontrol.boto3_transport import Boto3Transport

        return Boto3Transport(aws, concurrency=settings.concurrency)
    from ccdbapi.cloudcontrol.aiohttp_transport import AiohttpTransport

    return AiohttpTransport(aws, concurrency=settings.concurrency)


def _emulated(settings: Settings, catalog: Catalog) -> Callable[[AccountSettings], _Access]:
    """The accesses to accounts of the embedded emulator: those of the roles, and its own where there is none."""
    embedded = settings.embedded
    service = (
        start(None if isinstance(embedded, bool) else embedded, catalog)
        if isinstance(embedded, bool | str | PathLike)
        else embedded
    )
    from ccdbapi.emulator.inprocess import InProcessTransport

    def access(given: AccountSettings) -> _Access:
        account = account_of_role(given.get("role_arn")) or service.options.account
        return _Access(InProcessTransport(service, account), lambda: account, lambda: service.options.regions)

    return access


def _session(settings: Settings, region: str | None = None) -> AwsSession:
    """The access that the settings themselves give, at home in ``region``, or where they say."""
    return AwsSession(
        region=region or settings.region,
        profile=settings.profile,
        aws_access_key_id=settings.aws_access_key_id,
        aws_secret_access_key=settings.aws_secret_access_key,
        aws_session_token=settings.aws_session_token,
        role_arn=settings.role_arn,
        endpoint_url=settings.endpoint_url,
    )
