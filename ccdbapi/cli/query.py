"""``ccdbapi query``: runs statements and writes their results."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from ccdbapi import Connection, Cursor, Error, connect
from ccdbapi.cli.embedded import IN_MEMORY, embedded_service
from ccdbapi.cli.formats import FORMATS

if TYPE_CHECKING:
    from ccdbapi.sql import Statement


def _named_values(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    values = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{item!r} is not NAME=VALUE")
        values[name.removeprefix(":")] = value
    return values


@click.command()
@click.argument("sql", required=False)
@click.option(
    "--embedded",
    metavar="[PATH]",
    is_flag=False,
    flag_value=IN_MEMORY,
    help="Ask an emulated Cloud Control within this process instead of AWS. Its state is kept in PATH, a file, or "
    "gone at the end.",
)
@click.option(
    "--demo",
    is_flag=True,
    help="Put demo data into the emulated Cloud Control; what it has of them is left alone. Implies --embedded.",
)
@click.option("--region", "regions", multiple=True, help="Asked where a statement names no region. May be repeated.")
@click.option("--profile", help="A profile of the AWS configuration.")
@click.option("--endpoint-url", metavar="URL", help="Of Cloud Control, instead of the region's own.")
@click.option("--format", "format_name", type=click.Choice(list(FORMATS)), default="table", show_default=True)
@click.option(
    "--param",
    "values",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_named_values,
    help="The value of :NAME in the statements, as text. May be repeated.",
)
def query(
    *,
    sql: str | None,
    embedded: str | None,
    demo: bool,
    regions: tuple[str, ...],
    profile: str | None,
    endpoint_url: str | None,
    format_name: str,
    values: dict[str, str],
) -> None:
    """Runs SQL and writes the results.

    SQL may hold several statements, separated by semicolons; - reads them from standard input.
    """
    if sql is None and embedded not in (None, IN_MEMORY):
        # `--embedded "SELECT …"`: what follows an option is taken for its value.
        sql, embedded = embedded, IN_MEMORY
    if sql is None:
        raise click.UsageError("Say what to run: ccdbapi query 'SELECT …', or - to read it from standard input.")
    if demo and embedded is None:
        embedded = IN_MEMORY
    if embedded is not None and (profile or endpoint_url):
        raise click.UsageError(
            "The emulated Cloud Control (--embedded, --demo) has no --profile and no --endpoint-url."
        )
    statements = _statements(sys.stdin.read() if sql == "-" else sql, values)
    _prepare_output()
    service = None if embedded is None else embedded_service(embedded, demo=demo)
    try:
        connection = connect(regions=regions, profile=profile, endpoint_url=endpoint_url, embedded=service or False)
        with connection:
            _run(connection, statements, values, format_name)
    finally:
        if service is not None:
            service.close()


def _statements(text: str, values: Mapping[str, str]) -> list[Statement]:
    # All are read before the first one runs: a slip in the last must not leave half of them done.
    from ccdbapi.sql import parse, split

    statements = [parse(statement) for statement in split(text)]
    if not statements:
        raise click.UsageError("There is no statement to run: the text is empty or holds only comments.")
    unused = values.keys() - {name for statement in statements for name in statement.parameter_names}
    if unused:
        raise click.UsageError(f"--param {min(unused)}: no statement has the parameter :{min(unused)}.")
    return statements


def _run(connection: Connection, statements: Sequence[Statement], values: Mapping[str, str], format_name: str) -> None:
    for number, statement in enumerate(statements, 1):
        try:
            with connection.cursor() as cursor:
                wanted = {name: values[name] for name in statement.parameter_names if name in values}
                cursor.execute(statement.text, wanted)
                _write(cursor, format_name)
        except Error as error:
            if len(statements) > 1:
                error.add_note(f"in statement {number} of {len(statements)}")
            raise


def _write(cursor: Cursor, format_name: str) -> None:
    if cursor.description is not None:
        FORMATS[format_name](cursor, sys.stdout)
    elif format_name == "table":
        click.echo("1 row written" if cursor.rowcount == 1 else f"{cursor.rowcount:,} rows written")


def _prepare_output() -> None:
    """Each line goes out when it is complete; what is no terminal gets UTF-8 whatever the locale."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding = None if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace", line_buffering=True)
