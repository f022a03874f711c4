"""Runs the ccdbapi command, and other programs, as a user's shell does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from served import ACCESS_KEY, SECRET_KEY

#: Seconds after which a program counts as hanging.
PATIENCE = 120

#: The command, as installed beside this interpreter.
CCDBAPI = str(Path(sysconfig.get_path("scripts")) / "ccdbapi")


def environment(home: Path, endpoint_url: str | None = None) -> dict[str, str]:
    """A shell's environment whose AWS is what answers at ``endpoint_url``, and none without one."""
    scripts = sysconfig.get_path("scripts")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    private = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")]),
    }
    if endpoint_url is None:
        return kept | private
    return (
        kept
        | private
        | {
            "AWS_ENDPOINT_URL_CLOUDCONTROL": endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }
    )


def run(
    arguments: Sequence[str], *, home: Path, endpoint_url: str | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, in ``home``."""
    return subprocess.run(
        list(arguments),
        check=False,
        cwd=home,
        env=environment(home, endpoint_url),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )


def run_python(code: str, *, home: Path, endpoint_url: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs Python code in a process of its own."""
    return run([sys.executable, "-c", code], home=home, endpoint_url=endpoint_url)


@contextmanager
def started(
    arguments: Sequence[str], *, home: Path, endpoint_url: str | None = None
) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A program that runs, and its output. It is killed if it has not ended by itself."""
    # A shell has its background jobs ignore Ctrl-C, and so would what this process starts if it were one of them.
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            list(arguments),
            cwd=home,
            env=environment(home, endpoint_url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
    finally:
        signal.signal(signal.SIGINT, ours)
    with process:
        try:
            assert process.stdout is not None
            yield process, process.stdout
        finally:
            process.kill()
