"""Puts together what a connection works with, as its settings say."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, NamedTuple

from ccdbapi.catalog import Catalog, packaged
from ccdbapi.cloudcontrol import loop
from ccdbapi.cloudcontrol.aws_session import AwsSession
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.emulator import start
from ccdbapi.engine.database import Database
from ccdbapi.exceptions import ProgrammingError
from ccdbapi.execution import Executor, WritePolicy
from ccdbapi.planning import Planner
from ccdbapi.planning.views import CATALOG

if TYPE_CHECKING:
    from ccdbapi.cloudcontrol.transport import Transport
    from ccdbapi.config import Settings


class Assembly(NamedTuple):
    """The catalogue, the client, the engine and the planner of one connection."""

    settings: Settings
    catalog: Catalog
    client: Client
    database: Database
    planner: Planner

    def executor(self) -> Executor:
        """An executor for one cursor, on a session of its own."""
        return Executor(self.client, self.database.session(), wait=self.settings.wait, policy=_policy(self.settings))

    def register(self, name: str, data: object) -> None:
        """Makes ``data`` a table of the engine, see `LocalTables.put`.

        Raises `ProgrammingError` for the name of a table that the connection's schema has.
        """
        schema = _service(self.settings)
        if schema is not None and self.catalog.find_table(schema, str(name)) is not None:
            raise ProgrammingError(f"{name!r} is a table of {CATALOG}.{schema}: choose another name for the data.")
        self.database.local_tables.put(name, data)

    def close(self) -> None:
        """Releases connections and the engine. Executors have to be closed before."""
        loop.run(self.client.close())
        self.database.close()


def assemble(settings: Settings) -> Assembly:
    """Raises `InterfaceError` for settings that cannot go together, and for an emulator that is not installed.

    With ``catalog='live'`` it asks AWS, and raises what comes of that.
    """
    aws = AwsSession(
        region=settings.region,
        profile=settings.profile,
        aws_access_key_id=settings.aws_access_key_id,
        aws_secret_access_key=settings.aws_secret_access_key,
        aws_session_token=settings.aws_session_token,
        role_arn=settings.role_arn,
        endpoint_url=settings.endpoint_url,
    )
    catalog = _catalog(settings, aws)
    schema = _service(settings)
    if schema is not None:
        catalog.tables(schema)  # a schema that does not exist is better found here than at the first statement
    client = Client(
        _embedded(settings, catalog) if settings.embedded else _transport(settings, aws),
        # The embedded emulator has no limits to keep.
        rate_limit=None if settings.embedded else settings.rate_limit,
        max_attempts=settings.max_attempts,
        concurrency=settings.concurrency,
        cache_ttl=settings.cache_ttl,
    )
    database = Database(CATALOG, schema)
    planner = Planner(database, catalog, regions=settings.regions, schema=schema, wait=settings.wait)
    return Assembly(settings, catalog, client, database, planner)


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

            return live_catalog(aws, settings.region, settings.regions)
        case catalog:
            return catalog


def _transport(settings: Settings, aws: AwsSession) -> Transport:
    if settings.transport == "boto3":
        from ccdbapi.cloudcontrol.boto3_transport import Boto3Transport

        return Boto3Transport(aws, concurrency=settings.concurrency)
    from ccdbapi.cloudcontrol.aiohttp_transport import AiohttpTransport

    return AiohttpTransport(aws, concurrency=settings.concurrency)


def _embedded(settings: Settings, catalog: Catalog) -> Transport:
    embedded = settings.embedded
    if isinstance(embedded, bool | str | PathLike):
        embedded = start(None if isinstance(embedded, bool) else embedded, catalog)
    from ccdbapi.emulator.inprocess import InProcessTransport

    return InProcessTransport(embedded)
