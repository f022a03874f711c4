"""SQLAlchemy's suite."""

from __future__ import annotations

from sqlalchemy.testing.suite import *  # noqa: F403
from sqlalchemy.testing.suite import ServerSideCursorsTest as _ServerSideCursorsTest

from ccdbapi.sqlalchemy.aio import StreamingCursor


class ServerSideCursorsTest(_ServerSideCursorsTest):  # type: ignore[no-redef]  # in place of what * brought
    """SQLAlchemy's knows the cursors of its own dialects only."""

    def _is_server_side(self, cursor: object) -> bool:
        return type(cursor) is StreamingCursor
