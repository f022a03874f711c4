"""The journal: which requests a process was about to make, and what became of them, in a file that outlives it.

It holds what the requests would set (and so perhaps secrets) until they are final; only its owner can read the file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ccdbapi.exceptions import InterfaceError, Outcome
from ccdbapi.execution.requests import Request

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY,
    recorded_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'intended',
    operation TEXT NOT NULL,
    type_name TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    identifier TEXT,
    client_token TEXT NOT NULL,
    role_arn TEXT,
    type_version_id TEXT,
    document TEXT,
    request_token TEXT,
    code TEXT,
    message TEXT
)
"""

#: What `Outcome` calls the state of a request → what the journal calls it. The first two are pending.
_STATES: Mapping[str, str] = {"unknown": "under way", "done": "done", "failed": "failed", "not sent": "not sent"}
_PENDING = ("intended", "under way")


class Entry(NamedTuple):
    """A request in the journal.

    ``state`` is ``intended`` (it may have been sent), ``under way``, ``done``, ``failed``, ``not sent`` (whoever wanted
    it was told so) or ``unknown``. ``recorded_at`` is in seconds since 1970.
    """

    number: int
    recorded_at: float
    state: str
    operation: str
    type_name: str
    account: str
    region: str
    identifier: str | None
    client_token: str
    role_arn: str | None
    type_version_id: str | None
    document: str | None
    request_token: str | None
    code: str | None
    message: str | None


class Journal:
    """The journal in the file at ``path``, which is made if there is none. Threads and processes may share it.

    Its methods raise `InterfaceError` where the file cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        with self._using():
            _create(self._path)
            self._file = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._file.close)
            for statement in ("PRAGMA journal_mode = WAL", "PRAGMA secure_delete = ON", _SCHEMA):
                self._file.execute(statement)

    def record(self, requests: Sequence[Request]) -> Sequence[int]:
        """Takes down what is about to be sent, and returns the numbers of the entries once that is on the disk."""
        now = time.time()
        with self._using(), self._transaction("FULL"):
            return [self._insert(now, request) for request in requests]

    def mark(self, number: int, outcome: Outcome) -> None:
        """Takes down what has become of a request so far.

        That outlives the process, if perhaps not the machine: a mark that is lost costs one more question. What is
        final stays so: another process may have finished it meanwhile.
        """
        self._update(number, _STATES[outcome.state], outcome)

    def give_up(self, number: int, outcome: Outcome) -> None:
        """Takes down that nobody can tell any more what has become of a request."""
        self._update(number, "unknown", outcome)

    def entries(self, *, pending: bool = False) -> Sequence[Entry]:
        """All entries, or those whose request is not known to be final, in the order in which they were recorded."""
        wanted = f"state IN {_PENDING}" if pending else "true"
        query = f"SELECT {', '.join(Entry._fields)} FROM requests WHERE {wanted} ORDER BY number"  # noqa: S608 - constants
        with self._using():
            return [Entry(*row) for row in self._file.execute(query)]

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._file.close()

    def _insert(self, now: float, request: Request) -> int:
        row = self._file.execute(
            "INSERT INTO requests (recorded_at, operation, type_name, account, region, identifier, client_token, "
            "role_arn, type_version_id, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
            (
                *(now, request.handler, request.resource_type.name, request.account, request.region),
                *(request.identifier or None, request.client_token, request.role_arn, request.type_version_id),
                request.document or None,
            ),
        ).fetchone()
        return int(row[0])

    def _update(self, number: int, state: str, outcome: Outcome) -> None:
        with self._using(), self._transaction("NORMAL"):
            self._file.execute(
                "UPDATE requests SET state = ?, identifier = coalesce(?, identifier), "
                "request_token = coalesce(?, request_token), code = ?, message = ?, "
                "document = CASE WHEN ? THEN document END WHERE number = ? AND state IN (?, ?)",
                (
                    *(state, outcome.identifier, outcome.request_token, outcome.code, outcome.message),
                    *(state in _PENDING, number, *_PENDING),
                ),
            )

    @contextmanager
    def _using(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError) as error:
                raise InterfaceError(f"The journal {self._path} cannot be used: {error}.") from error

    @contextmanager
    def _transaction(self, durability: str) -> Iterator[None]:
        self._file.execute(f"PRAGMA synchronous = {durability}")
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")


def _create(path: Path) -> None:
    """Makes the file if there is none, or takes an empty one, for nobody else to read."""
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if os.name == "posix" and os.fstat(file).st_size == 0:
            os.fchmod(file, 0o600)
    finally:
        os.close(file)
