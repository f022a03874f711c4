"""The emulated Cloud Control that the commands talk to or serve."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ccdbapi.exceptions import InterfaceError

if TYPE_CHECKING:
    from ccdbapi.emulator.options import Options
    from ccdbapi.emulator.service import CloudControl

#: The path that means: in memory, gone at the end.
IN_MEMORY = ":memory:"


@contextmanager
def packages_installed() -> Iterator[None]:
    """Around imports of the emulator: where it cannot be imported, `InterfaceError` says what to install."""
    try:
        yield
    except ImportError as error:
        raise InterfaceError(
            f"The emulator needs packages that are not installed ({error.name}): "
            "pip install 'ccdbapi[embedded]', or in a checkout pip install '.[embedded]'"
        ) from None


def embedded_service(path: str, *, demo: bool, options: Options | None = None) -> CloudControl:
    """An emulator with its state in the file ``path``, or `IN_MEMORY`; with the demo data, if asked for.

    Raises `InterfaceError` where a package is not installed, or the file cannot be used.
    """
    with packages_installed():
        from ccdbapi.emulator import demo as demo_data
        from ccdbapi.emulator.service import CloudControl
        from ccdbapi.emulator.store import Store
    try:
        store = Store(None if path == IN_MEMORY else path)
        if demo:
            # Without options: neither latency nor throttling is for what is there from the start.
            demo_data.load(CloudControl(store=store), options.account if options else None)
    except (sqlite3.Error, OSError) as error:
        raise InterfaceError(f"The emulator's state cannot be kept in {path}: {error}") from None
    return CloudControl(options, store)
