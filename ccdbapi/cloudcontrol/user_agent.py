"""How the driver names itself to AWS."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def user_agent() -> str:
    """``ccdbapi/1.2.3``."""
    try:
        return f"ccdbapi/{version('ccdbapi')}"
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "ccdbapi/0"
