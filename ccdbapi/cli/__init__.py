"""The ccdbapi command."""

from __future__ import annotations

import sys
from importlib.util import find_spec

_NEEDED = ("click", "rich")


def main() -> None:
    """Runs the command line of this process, and ends it.

    The exit code is 0, 1 after an error (told in one line on stderr), 2 for a command line that makes no sense, 130
    after Ctrl-C, and 141 where whoever read the output stopped reading.
    """
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        sys.exit(
            f"The ccdbapi command needs packages that are not installed ({', '.join(missing)}): "
            "pip install 'ccdbapi[cli]', or in a checkout pip install '.[cli]'"
        )
    from ccdbapi.cli.commands import ccdbapi

    ccdbapi()
