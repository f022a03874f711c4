"""``ccdbapi emulator``: serves the emulated Cloud Control over HTTP."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ccdbapi.cli.embedded import IN_MEMORY, embedded_service, packages_installed
from ccdbapi.exceptions import InterfaceError

if TYPE_CHECKING:
    from ccdbapi.emulator.options import Credential

_READY = """\
Cloud Control is served at {url}
  ccdbapi query --endpoint-url {url} "SELECT * FROM awscc.sagemaker.images_list_only WHERE region = 'us-east-1'"
  aws cloudcontrol list-resources --type-name AWS::SageMaker::Image --region us-east-1 --endpoint-url {url}
{credentials} Ctrl-C ends it."""
_ANY_CREDENTIALS = "Any credentials will do, e.g. AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test."
_KNOWN_CREDENTIALS = "Signatures are checked: only AWS_ACCESS_KEY_ID={} is known."

#: The probabilities in `Faults`.
_FAULTS = ("throttled", "server_error", "drop_before", "drop_after")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=4599, show_default=True, help="0: any that is free.")
@click.option("--data", metavar="PATH", default=IN_MEMORY, help="Keep the state in this file. Default: in memory.")
@click.option("--demo", is_flag=True, help="Put demo data in; what is there of them is left alone.")
@click.option("--latency", type=click.FloatRange(0), default=0.0, metavar="SECONDS", help="What each request takes.")
@click.option(
    "--settle",
    type=click.FloatRange(0),
    default=0.0,
    metavar="SECONDS",
    help="Until a create, update or delete is final.",
)
@click.option(
    "--throttle-rate",
    type=click.FloatRange(0, min_open=True),
    metavar="N",
    help="Requests a second for each account and region; more are throttled. Default: any number.",
)
@click.option(
    "--throttle-burst",
    type=click.FloatRange(1),
    metavar="N",
    help="Of those, how many may come at once. Default: a second's worth.",
)
@click.option(
    "--fault",
    "faults",
    type=(click.Choice(_FAULTS), click.FloatRange(0, 1)),
    multiple=True,
    metavar="NAME SHARE",
    help=f"A share of requests, 0 to 1, that is not answered as it should be: {', '.join(_FAULTS)}. May be repeated.",
)
@click.option(
    "--page-size", type=click.IntRange(1, 100), default=25, show_default=True, help="Resources on a page, at most."
)
@click.option(
    "--check-signatures",
    is_flag=True,
    help="Refuse requests that are not signed with the credentials in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if "
    "set, AWS_SESSION_TOKEN.",
)
def emulator(
    *,
    host: str,
    port: int,
    data: str,
    demo: bool,
    latency: float,
    settle: float,
    throttle_rate: float | None,
    throttle_burst: float | None,
    faults: tuple[tuple[str, float], ...],
    page_size: int,
    check_signatures: bool,
) -> None:
    """Serves an emulated Cloud Control over HTTP.

    It knows every resource type, for the AWS CLI, the SDKs and ccdbapi itself, until Ctrl-C or SIGTERM.
    """
    with packages_installed():
        from ccdbapi.emulator.http import run
        from ccdbapi.emulator.options import Faults, Options
    credentials = _credentials_of_environment() if check_signatures else {}
    options = Options(
        latency=latency,
        settle=settle,
        throttle_rate=throttle_rate,
        throttle_burst=throttle_burst,
        faults=Faults(**dict(faults)),  # type: ignore[arg-type]  # the seed is no choice
        page_size=page_size,
        check_signatures=check_signatures,
        credentials=credentials,
    )
    service = embedded_service(data, demo=demo, options=options)

    def tell(url: str) -> None:
        told = _KNOWN_CREDENTIALS.format(*credentials) if credentials else _ANY_CREDENTIALS
        click.echo(_READY.format(url=url, credentials=told))

    try:
        with suppress(KeyboardInterrupt):
            run(service, host, port, on_ready=tell)
    except OSError as error:
        raise InterfaceError(f"The emulator cannot listen at {host}, port {port}: {error.strerror or error}") from None
    finally:
        service.close()


def _credentials_of_environment() -> dict[str, Credential]:
    from ccdbapi.emulator.options import Credential

    try:
        key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    except KeyError as missing:
        raise click.UsageError(f"--check-signatures needs the environment variable {missing.args[0]}.") from None
    return {key: Credential(secret_key=secret, session_token=os.environ.get("AWS_SESSION_TOKEN"))}
