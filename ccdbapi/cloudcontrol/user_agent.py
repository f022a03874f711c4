"""How the driver names itself to AWS."""

from __future__ import annotations

from ccdbapi.version import __version__


def user_agent() -> str:
    """``ccdbapi/1.2.3``."""
    return f"ccdbapi/{__version__}"
