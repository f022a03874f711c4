"""``ccdbapi journal``: what the journal of a process that writes holds, and finishing what it left."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from ccdbapi import connect


@click.group(invoke_without_command=True)
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="CCDBAPI_JOURNAL",
    required=True,
    help="The journal, as connect(journal=…) names it. Also read from the environment: CCDBAPI_JOURNAL.",
)
@click.pass_context
def journal(ctx: click.Context, path: Path) -> None:
    """Tells which requests of a journal are not known to be done; `resume` finishes them."""
    ctx.obj = path
    if ctx.invoked_subcommand is None:
        _show(path)


@journal.command()
@click.option("--region", "regions", multiple=True, help="As for `ccdbapi query`.")
@click.option("--profile", help="A profile of the AWS configuration.")
@click.option("--endpoint-url", metavar="URL", help="Of Cloud Control, instead of the region's own.")
@click.option(
    "--rate-limit",
    type=click.FloatRange(0),
    default=25.0,
    show_default=True,
    metavar="N",
    help="Requests a second in each region, at most; 0: any number.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="To wait at most; what is not final by then stays pending.",
)
@click.pass_obj
def resume(
    path: Path,
    regions: tuple[str, ...],
    profile: str | None,
    endpoint_url: str | None,
    rate_limit: float,
    timeout: float | None,
) -> None:
    """Follows requests that are under way, and sends again those that may not have arrived.

    No request is made twice, with the credentials that they were made with. Those that are too old to be asked for are
    looked up by their resources. The exit code is 1 unless all are done.
    """
    with connect(
        regions=regions,
        profile=profile,
        endpoint_url=endpoint_url,
        rate_limit=rate_limit,
        timeout=timeout,
        journal=path,
    ) as connection:
        outcomes = connection.resume_journal()
    for outcome in outcomes:
        click.echo(
            _line(
                outcome.state,
                outcome.operation,
                outcome.type_name,
                outcome.region,
                outcome.identifier,
                outcome.request_token,
                outcome.message,
            )
        )
    states = Counter(outcome.state for outcome in outcomes)
    click.echo(", ".join(f"{count:,} {state}" for state, count in states.items()) or "Nothing is pending.")
    if states.keys() - {"done"}:
        raise click.exceptions.Exit(1)


def _show(path: Path) -> None:
    from ccdbapi.execution.journal import Journal

    opened = Journal(path)
    try:
        entries = opened.entries()
    finally:
        opened.close()
    for entry in entries:
        if entry.state not in ("done", "failed", "not sent"):
            click.echo(
                _line(
                    entry.state,
                    entry.operation,
                    entry.type_name,
                    entry.region,
                    entry.identifier,
                    entry.request_token,
                    entry.message,
                )
            )
    counts = Counter(entry.state for entry in entries)
    click.echo(", ".join(f"{count:,} {state}" for state, count in counts.items()) or "The journal is empty.")


def _line(*fields: str | None) -> str:
    return "\t".join("-" if field is None else " ".join(field.split()) for field in fields)
