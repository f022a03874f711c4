"""SQL over AWS Cloud Control: a Python DB-API 2.0 driver. Source: PEP 249.

>>> import ccdbapi
>>> with ccdbapi.connect(embedded=True) as connection:
...     connection.cursor().execute("SELECT 6 * 7 AS answer").fetchall()
[(42,)]
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Final, Literal

from ccdbapi.config import AccountSettings, Settings
from ccdbapi.connection import Connection
from ccdbapi.cursor import Cursor
from ccdbapi.dbtypes import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
)
from ccdbapi.exceptions import (
    DatabaseError,
    DataError,
    Diagnostics,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    Outcome,
    ProgrammingError,
    Warning,  # noqa: A004 - the name that PEP 249 prescribes
)
from ccdbapi.version import __version__

if TYPE_CHECKING:
    from ccdbapi.catalog import Catalog
    from ccdbapi.emulator.service import CloudControl
    from ccdbapi.statistics import Statistics

# What is logged below "ccdbapi" is for whoever asks for it. Source: "Configuring Logging for a Library", logging.
logging.getLogger("ccdbapi").addHandler(logging.NullHandler())

#: PEP 249, "Globals".
apilevel: Final = "2.0"
#: Threads may share the module and connections, but not cursors.
threadsafety: Final = 2
#: ``?``; a mapping of values binds ``:name`` instead.
paramstyle: Final = "qmark"


def connect(
    region: str | None = None,
    regions: Sequence[str] = (),
    profile: str | None = None,
    aws_access_key_id: str | None = None,
    aws_secret_access_key: str | None = None,
    aws_session_token: str | None = None,
    role_arn: str | None = None,
    endpoint_url: str | None = None,
    *,
    accounts: Mapping[str, AccountSettings] | None = None,
    embedded: bool | str | PathLike[str] | CloudControl = False,
    scan: Literal["deny", "list"] = "deny",
    max_calls: int | None = 10_000,
    wait: bool = True,
    timeout: float | None = None,
    concurrency: int = 64,
    rate_limit: float | None = 25,
    max_attempts: int = 10,
    cache_ttl: float = 0,
    on_region_error: Literal["fail", "skip"] = "fail",
    on_write_error: Literal["fail", "return"] = "fail",
    max_writes: int | None = 100,
    read_only: bool = False,
    journal: str | PathLike[str] | None = None,
    schema: str | None = None,
    transport: Literal["aiohttp", "boto3"] = "aiohttp",
    catalog: Literal["packaged", "live"] | Catalog = "packaged",
    on_progress: Callable[[Statistics], object] | None = None,
) -> Connection:
    """Makes a connection; it opens nothing before its first statement. PEP 249, "Constructors".

    Credentials, profiles, SSO, endpoints, proxies and certificates come from botocore's own chain, as for the AWS CLI.

    Args:
        region: where to ask for a role's credentials. It does not stand for a predicate on ``region``: see ``regions``.
        regions: asked where a statement names no region. ``['all']``: those that are enabled for the account. EC2 is
            asked for them once, when a statement needs them (DescribeRegions), and Account where that is denied
            (ListRegions); an ``endpoint_url`` stands for both.
        profile: of the AWS configuration.
        aws_access_key_id: explicit credentials, instead of those found.
        aws_secret_access_key: goes with the key id.
        aws_session_token: goes with temporary ones.
        role_arn: a role to assume with the credentials.
        accounts: alias → how to get at the account: ``role_arn``, a role to assume, with ``external_id`` and
            ``session_name`` if it wants them; ``profile`` of the AWS configuration, whose credentials are used or,
            with a role, assume it; ``region`` as above. What is not given is the connection's own. Every table gets the
            columns ``account``, the account's id, and ``account_alias``, and without predicates on them all accounts
            are asked. Where an id is not in the role's ARN and a statement needs it, STS is asked (GetCallerIdentity;
            an ``endpoint_url`` stands for it). When embedded, each account is one of the emulator: that of its role.
        endpoint_url: of Cloud Control, instead of the region's own.
        embedded: True for an emulated Cloud Control within the process, which needs no AWS; a path to keep its state in
            a file; or an emulator of one's own.
        scan: ``deny``: a table of single resources needs identifiers, from constants or from other tables. ``list``:
            where it is given none, its resources are listed and, unless their identifiers are enough, got one by one.
        max_calls: resources that one statement may get, and lists that it may make, before it is an error; None for any
            number. ``/*+ max_calls(n) */`` is for one statement.
        wait: whether a statement that writes waits until its requests are final, where it does not say.
        timeout: seconds that a statement may wait for AWS; None without end. Requests that it has begun to make go on
            then, and the error's ``outcomes`` have their tokens, for `Connection.wait`.
        concurrency: calls under way at once, in all accounts together.
        rate_limit: calls a second in each region of each account, to begin with; it adapts. None for no limit. Not kept
            when embedded.
        max_attempts: how often a call is tried, when it is throttled or breaks. Where there is a ``timeout``, requests
            that write are made again until then if they are throttled.
        cache_ttl: seconds for which reads are remembered, counted from their beginning, 64 MiB of them at most; 0 for
            none. A write through this connection forgets what it may touch, which is all of the type's service in that
            region, and while it is under way, as far as this connection knows, nothing of that is remembered.
            ``/*+ no_cache */`` reads past it for one statement; what a write reads always does.
        on_region_error: ``fail``: a region that cannot be read fails the statement, by an error that names it.
            ``skip``: a query goes on without it, and a `ccdbapi.Warning` says so, in ``cursor.messages`` and by the
            module `warnings`; rows that came before the region failed stay in the result. What is wrong with the
            statement itself or its credentials is an error all the same, and a write never goes by a part.
        on_write_error: ``fail``: a request that failed fails the statement, and those that are not under way yet are
            not sent. ``return``: all are sent, and RETURNING shows failures as rows too (OperationStatus, ErrorCode,
            StatusMessage); statements without RETURNING fail.
        max_writes: how many resources an UPDATE or DELETE may touch, where it does not say; None for no limit.
        read_only: True to refuse all that writes, before any call.
        journal: a file in which every request that writes is recorded before it is sent, and marked when it is done.
            What a process that was killed left is told by ``ccdbapi journal``, and ``ccdbapi journal resume`` or
            `Connection.resume_journal` finish it.
        schema: the service of tables that are named without one (``sagemaker``, ``awscc.sagemaker``).
        transport: ``aiohttp``, or ``boto3`` for those who hook into botocore.
        catalog: ``packaged``: the resource types that come with this package. ``live``: over these, the types of the
            account's own registry, private ones included, as they are cached for the account and for ``region`` (else
            the configured region, else the first of ``regions``). The first statement asks STS for the account then. If
            nothing is cached it first fetches all schemas from CloudFormation, which is a call for each of well over a
            thousand types and takes minutes; ``ccdbapi catalog refresh`` does that beforehand, and whenever they
            are to be renewed. An ``endpoint_url`` stands for these services too. Or a `ccdbapi.catalog.Catalog`.
        on_progress: is told of a statement's figures so far (`ccdbapi.statistics.Statistics`), four times a second
            while it waits for AWS or takes rows from it, on the thread that executes it or fetches its rows. Where it
            raises, the statement ends with an `OperationalError`, as if it were cancelled.

    Raises:
        InterfaceError: for a setting out of range.
    """
    return Connection(
        Settings(
            region=region,
            regions=regions,
            profile=profile,
            aws_access_key_id=aws_access_key_id,
            aws_secret_access_key=aws_secret_access_key,
            aws_session_token=aws_session_token,
            role_arn=role_arn,
            accounts=accounts,
            endpoint_url=endpoint_url,
            embedded=embedded,
            scan=scan,
            max_calls=max_calls,
            wait=wait,
            timeout=timeout,
            concurrency=concurrency,
            rate_limit=rate_limit,
            max_attempts=max_attempts,
            cache_ttl=cache_ttl,
            on_region_error=on_region_error,
            on_write_error=on_write_error,
            max_writes=max_writes,
            read_only=read_only,
            journal=journal,
            schema=schema,
            transport=transport,
            catalog=catalog,
            on_progress=on_progress,
        )
    )


__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Diagnostics",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "Outcome",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "__version__",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]
