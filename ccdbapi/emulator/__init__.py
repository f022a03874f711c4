"""Cloud Control for every resource type, without AWS."""

from __future__ import annotations

import sqlite3
from os import PathLike, fspath
from typing import TYPE_CHECKING

from ccdbapi.exceptions import InterfaceError

if TYPE_CHECKING:
    from ccdbapi.catalog import Catalog
    from ccdbapi.emulator.service import CloudControl


def start(path: str | PathLike[str] | None = None, catalog: Catalog | None = None) -> CloudControl:
    """An emulated Cloud Control in this process, which `ccdbapi.connect` takes as ``embedded``.

    ``path`` is a file that keeps its state; ``catalog`` has its resource types, None for the packaged ones. Raises
    `InterfaceError` where the packages that it needs are not installed, or the file cannot be used.
    """
    try:
        from ccdbapi.emulator.service import CloudControl
        from ccdbapi.emulator.store import Store
    except ImportError as error:
        raise InterfaceError(
            f"embedded needs packages that are not installed ({error.name}): pip install 'ccdbapi[embedded]'"
        ) from None
    try:
        return CloudControl(store=Store(path), catalog=catalog)
    except (sqlite3.Error, OSError) as error:
        raise InterfaceError(f"The emulator's state cannot be kept in {fspath(path or '')}: {error}") from None
