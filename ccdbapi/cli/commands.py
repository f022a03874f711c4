"""The command and its subcommands, and how whatever ends them early is told."""

from __future__ import annotations

import os
import signal
import sys
import traceback

import click

from ccdbapi import Error, __version__
from ccdbapi.cli.catalog import catalog
from ccdbapi.cli.emulator import emulator
from ccdbapi.cli.journal import journal
from ccdbapi.cli.query import query

_INTERRUPTED = 128 + signal.SIGINT
# What a shell reports of a process that SIGPIPE ended; Windows has no such signal.
_READER_GONE = 128 + 13


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except Error as error:
            click.echo(_one_line(error), err=True)
            ctx.exit(1)
        except KeyboardInterrupt as interrupt:
            # Its frames hold objects of the engine, which complains on stderr if they outlive the interpreter.
            traceback.clear_frames(interrupt.__traceback__)
            for note in getattr(interrupt, "__notes__", ()):
                click.echo(note, err=True)
            ctx.exit(_INTERRUPTED)
        except BrokenPipeError:
            _discard_output()
            ctx.exit(_READER_GONE)
        return result


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def ccdbapi() -> None:
    """SQL over AWS Cloud Control."""


ccdbapi.add_command(query)
ccdbapi.add_command(emulator)
ccdbapi.add_command(catalog)
ccdbapi.add_command(journal)


def _one_line(error: Error) -> str:
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {' '.join(str(error).splitlines())}{notes}"


def _discard_output() -> None:
    """Keeps the interpreter from complaining, at its end, about what it cannot write any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
