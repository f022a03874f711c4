"""Where resources and resource requests are kept: an SQLite database, in memory or in a file."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from ccdbapi.emulator.progress import Request

#: How long one process waits for another's transaction, in seconds.
_BUSY_TIMEOUT = 60.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL, region TEXT NOT NULL, type_name TEXT NOT NULL, identifier TEXT NOT NULL,
    visible TEXT NOT NULL, hidden TEXT NOT NULL,
    UNIQUE (account, region, type_name, identifier)
);
CREATE INDEX IF NOT EXISTS resources_in_order ON resources (account, region, type_name, seq);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL, region TEXT NOT NULL, token TEXT NOT NULL UNIQUE, client_token TEXT NOT NULL,
    type_name TEXT NOT NULL, identifier TEXT, settles_at REAL NOT NULL, created_at REAL NOT NULL,
    done INTEGER NOT NULL, record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS requests_in_order ON requests (account, region, seq);
CREATE INDEX IF NOT EXISTS requests_by_age ON requests (account, region, created_at);
CREATE INDEX IF NOT EXISTS requests_by_client_token ON requests (account, region, client_token);
CREATE INDEX IF NOT EXISTS requests_to_settle ON requests (account, region, settles_at) WHERE done = 0;
CREATE INDEX IF NOT EXISTS requests_under_way ON requests (account, region, type_name, identifier) WHERE done = 0;
"""


class Scope(NamedTuple):
    """What a caller can see: one account in one region."""

    account: str
    region: str


class Resource(NamedTuple):
    """A stored resource; ``visible`` and ``hidden`` (the write-only properties) are JSON objects as text."""

    seq: int
    identifier: str
    visible: str
    hidden: str


class Store:
    """Resources and requests of all accounts and regions.

    ``path`` names the file that several processes may share; None keeps everything in memory. Threads may share a
    store. What belongs together is done inside `transaction`.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._path = os.fspath(path) if path is not None else ":memory:"
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = self._open()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else writes meanwhile. May be nested: the outermost one counts."""
        with self._lock:
            connection = self._usable()
            if self._depth == 0:
                connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    connection.rollback()
                raise
            else:
                if self._depth == 1:
                    connection.commit()
            finally:
                self._depth -= 1

    def close(self) -> None:
        """Closes the database; what was kept in memory is gone."""
        with self._lock:
            self._connection.close()

    def clear(self) -> None:
        """Forgets all resources and requests."""
        with self.transaction():
            self._connection.execute("DELETE FROM resources")
            self._connection.execute("DELETE FROM requests")

    # Resources.

    def resource(self, scope: Scope, type_name: str, identifier: str) -> Resource | None:
        """The resource of this identifier, None where there is none."""
        rows = self._rows(
            "SELECT seq, identifier, visible, hidden FROM resources"
            " WHERE account = ? AND region = ? AND type_name = ? AND identifier = ?",
            (*scope, type_name, identifier),
        )
        return Resource(*rows[0]) if rows else None

    def resources(self, scope: Scope, type_name: str, after: int, limit: int) -> list[Resource]:
        """At most ``limit`` resources in order of creation, those that follow ``after`` (a ``seq``; 0: all)."""
        rows = self._rows(
            "SELECT seq, identifier, visible, hidden FROM resources"
            " WHERE account = ? AND region = ? AND type_name = ? AND seq > ? ORDER BY seq LIMIT ?",
            (*scope, type_name, after, limit),
        )
        return [Resource(*row) for row in rows]

    def put_resource(self, scope: Scope, type_name: str, identifier: str, visible: str, hidden: str) -> None:
        """Adds the resource, or replaces its properties where it exists."""
        self._execute(
            "INSERT INTO resources (account, region, type_name, identifier, visible, hidden) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (account, region, type_name, identifier)"
            " DO UPDATE SET visible = excluded.visible, hidden = excluded.hidden",
            (*scope, type_name, identifier, visible, hidden),
        )

    def delete_resource(self, scope: Scope, type_name: str, identifier: str) -> None:
        """Removes the resource, if it is there."""
        self._execute(
            "DELETE FROM resources WHERE account = ? AND region = ? AND type_name = ? AND identifier = ?",
            (*scope, type_name, identifier),
        )

    # Requests.

    def put_request(self, scope: Scope, request: Request) -> None:
        """Adds the request, or replaces it where its token is known."""
        self._execute(
            "INSERT INTO requests (account, region, token, client_token, type_name, identifier, settles_at,"
            " created_at, done, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (token) DO UPDATE SET done = excluded.done, record = excluded.record",
            (
                *scope,
                request.token,
                request.client_token,
                request.type_name,
                request.identifier,
                request.settles_at,
                request.created_at,
                request.done,
                request.to_json(),
            ),
        )

    def request(self, scope: Scope, token: str) -> Request | None:
        """The request of this token, None where there is none."""
        return self._request("token = ?", scope, token)

    def request_of_client(self, scope: Scope, client_token: str, since: float) -> Request | None:
        """The latest request made with this client token since then, None where there is none."""
        return self._request("client_token = ? AND created_at >= ?", scope, client_token, since)

    def request_under_way(self, scope: Scope, type_name: str, identifier: str) -> Request | None:
        """A request on this resource that is not final yet, None where there is none."""
        return self._request("done = 0 AND type_name = ? AND identifier = ?", scope, type_name, identifier)

    def requests_due(self, scope: Scope, now: float) -> list[Request]:
        """The requests whose time has come, in that order."""
        rows = self._rows(
            "SELECT record FROM requests WHERE account = ? AND region = ? AND done = 0 AND settles_at <= ?"
            " ORDER BY settles_at, seq",
            (*scope, now),
        )
        return [Request.from_json(record) for (record,) in rows]

    def requests(self, scope: Scope, before: int) -> list[tuple[int, Request]]:
        """All requests older than ``before`` (a ``seq``), the newest first."""
        rows = self._rows(
            "SELECT seq, record FROM requests WHERE account = ? AND region = ? AND seq < ? ORDER BY seq DESC",
            (*scope, before),
        )
        return [(seq, Request.from_json(record)) for seq, record in rows]

    def forget_requests(self, scope: Scope, before: float) -> None:
        """Removes the requests made before then (epoch seconds)."""
        self._execute("DELETE FROM requests WHERE account = ? AND region = ? AND created_at < ?", (*scope, before))

    def _request(self, condition: str, scope: Scope, *parameters: object) -> Request | None:
        # The plus sign keeps SQLite from walking all requests in order of seq to find the few that are meant.
        rows = self._rows(
            f"SELECT record FROM requests WHERE account = ? AND region = ? AND {condition} ORDER BY +seq DESC LIMIT 1",  # noqa: S608
            (*scope, *parameters),
        )
        return Request.from_json(rows[0][0]) if rows else None

    def _rows(self, statement: str, parameters: Sequence[object]) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock:
            return self._usable().execute(statement, parameters).fetchall()

    def _execute(self, statement: str, parameters: Sequence[object]) -> None:
        with self.transaction():
            self._connection.execute(statement, parameters)

    def _open(self) -> sqlite3.Connection:
        # Transactions are begun and ended by this class alone, hence no isolation level of the module's own.
        connection = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        if self._path != ":memory:":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.commit()
        self._owner = os.getpid()
        weakref.finalize(self, connection.close)
        return connection

    def _usable(self) -> sqlite3.Connection:
        # SQLite forbids to carry a connection to a file across a fork.
        if self._owner != os.getpid() and self._path != ":memory:":
            self._connection = self._open()
        return self._connection
