"""``ccdbapi catalog``: the schemas of an account's own registry, and what they change."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

from ccdbapi.exceptions import OperationalError

if TYPE_CHECKING:
    from ccdbapi.catalog.changes import Changes
    from ccdbapi.registry.refresh import Refreshed
    from ccdbapi.registry.registry import Registry

Command = TypeVar("Command", bound=Callable[..., None])


def _of_aws(command: Command) -> Command:
    """The options that say whose registry."""
    for option in (
        click.option("--endpoint-url", metavar="URL", help="Of CloudFormation and STS, instead of the region's own."),
        click.option("--region", help="The configured one if not given."),
        click.option("--profile", help="A profile of the AWS configuration."),
    ):
        command = option(command)
    return command


@click.group()
def catalog() -> None:
    """The resource types of an account's own registry, in place of those that come with this package.

    They are kept in the user's cache directory (CCDBAPI_CACHE_DIR names another), for each account and region.
    Connections made with catalog='live' use them.
    """


@catalog.command()
@_of_aws
def refresh(*, profile: str | None, region: str | None, endpoint_url: str | None) -> None:
    """Fetches the schemas that are new, or may have changed, from CloudFormation.

    A type that cannot be fetched is named, keeps the schema it had, and makes the exit code 1.
    """
    from ccdbapi.registry.refresh import refresh as bring_up_to_date

    found = bring_up_to_date(_registry(profile, region, endpoint_url), _show_progress)
    click.echo(_summary(found))
    for reason, names in sorted(_by_reason(found.failed).items()):
        click.echo(f"failed: {', '.join(names)}: {' '.join(reason.split())}", err=True)
    if found.failed:
        sys.exit(1)


@catalog.command()
@_of_aws
@click.option("--account", help="Its 12 digits; STS is asked for the credentials' own if not given.")
@click.option("--format", "format_name", type=click.Choice(["table", "json"]), default="table", show_default=True)
def diff(
    *, profile: str | None, region: str | None, endpoint_url: str | None, account: str | None, format_name: str
) -> None:
    """Shows what the cached schemas change: types, properties, identifiers, handlers, and what is required.

    A type is removed if the region's registry does not list it; its tables stay, since another region may have it.
    """
    from ccdbapi.catalog import cache, packaged
    from ccdbapi.catalog.changes import compare

    if account is None or region is None:
        registry = _registry(profile, region, endpoint_url)
        account, region = account or registry.account(), registry.region
    cached = cache.load(account, region)
    if cached is None:
        raise OperationalError(
            f"there are no readable schemas for account {account} in {region}: 'ccdbapi catalog refresh' fetches them"
        )
    changes = compare(packaged(), cached)
    if format_name == "json":
        click.echo(json.dumps(_document(changes), indent=2))
    else:
        _print_table(changes)


def _registry(profile: str | None, region: str | None, endpoint_url: str | None) -> Registry:
    from ccdbapi.cloudcontrol.aws_session import AwsSession
    from ccdbapi.registry.registry import Registry

    return Registry(AwsSession(region=region, profile=profile, endpoint_url=endpoint_url))


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} of {total:,} types", nl=done == total, err=True)
    elif done == total or done % 100 == 0:
        click.echo(f"{done:,} of {total:,} types", err=True)


def _summary(found: Refreshed) -> str:
    origin = found.cached.provenance
    counts = ", ".join(
        f"{len(names):,} {what}"
        for what, names in (
            ("new", found.new),
            ("changed", found.changed),
            ("unchanged", found.unchanged),
            ("gone", found.gone),
            ("failed", found.failed),
        )
    )
    return f"{origin.account} {origin.region}: {found.seen:,} types seen: {counts}"


def _by_reason(failed: Mapping[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for name, reason in sorted(failed.items()):
        reasons.setdefault(reason, []).append(name)
    return reasons


def _document(changes: Changes) -> dict[str, object]:
    changed = {name: [each._asdict() for each in differences] for name, differences in changes.changed.items()}
    return asdict(changes) | {"changed": changed}


def _print_table(changes: Changes) -> None:
    from rich.box import ROUNDED
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(*(Column(name, overflow="fold") for name in ("type", "change", "removed", "added")), box=ROUNDED)
    for name in changes.added:
        table.add_row(name, "added", "", "")
    for name in changes.removed:
        table.add_row(name, "removed", "", "")
    for name, differences in changes.changed.items():
        for each in differences:
            table.add_row(name, each.aspect, _lines(each.removed), _lines(each.added))
    if table.row_count:
        # What is not for a terminal is never wrapped.
        Console(markup=False, width=None if sys.stdout.isatty() else 10_000).print(table)
    click.echo(f"{len(changes.added):,} added, {len(changes.removed):,} removed, {len(changes.changed):,} changed")


def _lines(names: Iterable[str]) -> str:
    return "\n".join(names)
