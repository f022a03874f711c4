"""The journal: what a process that was killed has left is finished, no request is made twice, and none forgotten."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from console import CCDBAPI, PATIENCE, environment, run, started
from faces import both_faces, value_of
from faces import connected as connected_face
from held_service import HeldService
from served import ACCESS_KEY, CALLER, SECRET_KEY, refusing_port

import ccdbapi
from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Faults, Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.signing import RawRequest
from ccdbapi.emulator.store import Store
from ccdbapi.execution import writing
from ccdbapi.execution.journal import Entry, Journal

FLOWS = "awscc.glue.workflows"
INSERT = f"INSERT INTO {FLOWS} (name, description) VALUES (?, ?)"

#: A process that inserts as many APIs as it is told, with a journal. The service gives them their identifiers: what is
#: inserted twice is two of them.
PROGRAM = """
import sys, ccdbapi
endpoint, journal, count = sys.argv[1:]
with ccdbapi.connect(endpoint_url=endpoint, regions=["us-east-1"], journal=journal, rate_limit=None) as connection:
    rows = [[f"api{number}"] for number in range(int(count))]
    connection.cursor().executemany("INSERT INTO awscc.apigateway.rest_apis (name) VALUES (?)", rows)
"""


def entries(path: Path) -> list[Entry]:
    journal = Journal(path)
    try:
        return list(journal.entries())
    finally:
        journal.close()


def states(path: Path) -> dict[str, int]:
    return dict(Counter(entry.state for entry in entries(path)))


def connected(service: CloudControl, journal: Path, **settings: object) -> ccdbapi.Connection:
    return ccdbapi.connect(embedded=service, regions=["us-east-1"], journal=journal, **settings)  # type: ignore[arg-type]


def names(service: CloudControl) -> list[str]:
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection:
        return sorted(name for (name,) in connection.cursor().execute(f"SELECT name FROM {FLOWS}_list_only"))


def apis(store: Store) -> list[str]:
    """The names of all APIs in ``store``."""
    with ccdbapi.connect(embedded=CloudControl(store=store), regions=["us-east-1"], scan="list") as connection:
        return sorted(name for (name,) in connection.cursor().execute("SELECT name FROM awscc.apigateway.rest_apis"))


def creates(service: CloudControl) -> int:
    return sum(call.operation == "CreateResource" for call in service.calls)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "writes.journal"


def test_what_was_written_is_marked_and_its_values_forgotten(service: CloudControl, path: Path) -> None:
    with connected(service, path) as connection:
        cursor = connection.cursor()
        cursor.executemany(INSERT, [("a", "secret"), ("b", None)])
        cursor.execute(f"UPDATE {FLOWS} SET description = 'hidden' WHERE name = 'a'")
        cursor.execute(f"DELETE FROM {FLOWS} WHERE name = 'b'")
        assert connection.resume_journal() == []
    assert [(e.operation, e.state, e.identifier, e.document) for e in entries(path)] == [
        ("create", "done", "a", None),
        ("create", "done", "b", None),
        ("update", "done", "a", None),
        ("delete", "done", "b", None),
    ]
    assert all(entry.request_token and entry.client_token for entry in entries(path))
    assert b"secret" not in path.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("there", [False, True])
def test_only_its_owner_can_read_it(service: CloudControl, path: Path, there: bool) -> None:
    if there:
        path.touch(0o666)
        path.chmod(0o666)
    with connected(service, path) as connection:
        connection.cursor().execute(INSERT, ["a", None])
        assert [stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob(f"{path.name}*")] == [0o600] * 3


def test_reads_and_writes_that_write_nothing_are_not_in_it(service: CloudControl, path: Path) -> None:
    with connected(service, path) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {FLOWS}_list_only").fetchall()
        cursor.execute(f"UPDATE {FLOWS} SET description = 'x' WHERE name = 'none'")
        with pytest.raises(ccdbapi.DataError):
            cursor.execute(INSERT, ["a", "x" * 300_000])
    assert entries(path) == []


def test_what_failed_is_marked(service: CloudControl, path: Path) -> None:
    with connected(service, path) as connection:
        cursor = connection.cursor()
        cursor.execute(INSERT, ["a", None])
        with pytest.raises(ccdbapi.IntegrityError):
            cursor.execute(INSERT, ["a", None])
        assert connection.resume_journal() == []
    assert [(entry.state, entry.code) for entry in entries(path)] == [("done", None), ("failed", "AlreadyExists")]


def test_what_was_not_sent_after_a_failure_is_not_sent_later(service: CloudControl, path: Path) -> None:
    with connected(service, path) as connection:
        cursor = connection.cursor()
        update = f"UPDATE {FLOWS} SET PatchDocument = '[]' WHERE name = ?"  # of what is not there
        with pytest.raises(ccdbapi.ProgrammingError) as raised:
            cursor.executemany(update, [[f"w{number}"] for number in range(300)])
        told = Counter(outcome.state for outcome in raised.value.outcomes)
        assert told["not sent"]
        service.calls.clear()
        assert connection.resume_journal() == []
        assert not service.calls
    assert states(path)["not sent"] == told["not sent"]


def test_a_request_that_is_not_waited_for_is_followed_later(path: Path) -> None:
    service = CloudControl(Options(settle=0.1))
    with connected(service, path) as connection:
        connection.cursor().execute(f"/*+ async */ {INSERT}", ["a", None])
        assert states(path) == {"under way": 1}
        (outcome,) = connection.resume_journal()
        assert (outcome.state, outcome.identifier, outcome.operation) == ("done", "a", "create")
        assert creates(service) == 1
    assert states(path) == {"done": 1}


def test_a_timeout_leaves_the_request_in_it(path: Path) -> None:
    service = CloudControl(Options(settle=0.5))
    with connected(service, path, timeout=0.1) as connection, pytest.raises(ccdbapi.OperationalError):
        connection.cursor().execute(INSERT, ["a", None])
    assert states(path) == {"under way": 1}
    with connected(service, path) as connection:
        assert [outcome.state for outcome in connection.resume_journal()] == ["done"]


def test_what_was_recorded_and_not_sent_is_sent(service: CloudControl, path: Path) -> None:
    """As if the process had been killed in between."""
    recorded(path, "a", "b")
    with connected(service, path) as connection:
        outcomes = connection.resume_journal()
    assert [(outcome.state, outcome.identifier) for outcome in outcomes] == [("done", "a"), ("done", "b")]
    assert names(service) == ["a", "b"]
    tokens = [str(call.payload["ClientToken"]) for call in service.calls if call.operation == "CreateResource"]
    assert sorted(tokens) == sorted(entry.client_token for entry in entries(path))


def test_what_was_sent_and_not_marked_is_not_made_twice(service: CloudControl, path: Path) -> None:
    with connected(service, path) as connection:
        connection.cursor().execute(INSERT, ["a", None])
    alter(path, "state = 'intended', request_token = NULL, document = ?", json.dumps({"Name": "a"}))
    with connected(service, path) as connection:
        (outcome,) = connection.resume_journal()
    assert (outcome.state, outcome.identifier) == ("done", "a")
    assert names(service) == ["a"]


class Informed(CloudControl):
    """Looks into the journal when it is asked to create something."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.seen: list[tuple[object, Entry | None]] = []

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if operation == "CreateResource":
            known = {entry.client_token: entry for entry in entries(self._path)}
            self.seen.append((payload["DesiredState"], known.get(str(payload["ClientToken"]))))
        return await super().handle(operation, payload, account=account, region=region)


def test_what_another_process_has_finished_meanwhile_stays_done(path: Path) -> None:
    """One that is cancelled takes back what it can; the other one has been told to make it."""
    service = HeldService("CreateResource", options=Options(settle=3600))
    with connected(service, path) as connection, connected(CloudControl(), path) as other:
        cursor = connection.cursor()

        def resume_and_cancel() -> None:
            service.arrived.wait()
            assert [outcome.state for outcome in other.resume_journal()] == ["done", "done"]
            cursor.cancel()
            service.release()

        thread = threading.Thread(target=resume_and_cancel)
        thread.start()
        with pytest.raises(ccdbapi.OperationalError, match="cancelled"):
            cursor.executemany(INSERT, [("a", None), ("b", None)])
        thread.join()
        assert states(path) == {"done": 2}
    service.close()


def test_each_request_is_in_it_before_it_is_sent(path: Path) -> None:
    service = Informed(path)
    with connected(service, path) as connection:
        connection.cursor().executemany(INSERT, [(f"w{number}", None) for number in range(5)])
    assert len(service.seen) == 5
    for document, entry in service.seen:
        assert entry is not None
        assert (entry.state, entry.operation, entry.document) == ("intended", "create", document)


@pytest.mark.parametrize(
    ("age", "calls"),
    [
        pytest.param(35.5, ["GetResourceRequestStatus"], id="its client token is forgotten"),
        pytest.param(166.5, ["GetResourceRequestStatus"], id="nearly a week"),
        pytest.param(168, ["GetResource"], id="it is forgotten itself"),
    ],
)
def test_what_was_taken_on_is_followed_by_its_own_token_for_a_week(
    service: CloudControl, path: Path, age: float, calls: list[str]
) -> None:
    with connected(service, path) as connection:
        connection.cursor().execute(f"/*+ async */ {INSERT}", ["a", None])
    alter(path, "recorded_at = recorded_at - 3600 * ?", age)
    service.calls.clear()
    with connected(service, path) as connection:
        (outcome,) = connection.resume_journal()
    assert (outcome.state, outcome.identifier) == ("done", "a")
    assert [call.operation for call in service.calls] == calls


@pytest.mark.parametrize(
    ("exists", "operation", "state"),
    [(True, "create", "done"), (False, "create", "unknown"), (False, "delete", "done"), (True, "delete", "unknown"),
     (True, "update", "unknown")],
)  # fmt: skip
def test_what_is_older_than_a_client_token_is_looked_up_and_not_sent(
    service: CloudControl, path: Path, exists: bool, operation: str, state: str
) -> None:
    recorded(path, "a")
    if exists:
        with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection:
            connection.cursor().execute(INSERT, ["a", None])
    alter(path, "recorded_at = recorded_at - 36 * 3600, operation = ?, identifier = 'a'", operation)
    service.calls.clear()
    with connected(service, path) as connection:
        (outcome,) = connection.resume_journal()
        assert outcome.state == state
        assert {call.operation for call in service.calls} <= {"GetResource"}
        assert connection.resume_journal() == []
    assert states(path) == {state: 1}


@pytest.mark.parametrize(
    ("accounts", "written_in", "told"),
    [
        (None, "prod", "no account 'prod'; see connect"),
        ({"dev": {}, "prod": {}}, "old", "no account 'old'; it knows dev, prod"),
        ({"dev": {}, "prod": {}}, "", "this is of a connection without; it knows dev, prod"),
    ],
)
def test_requests_in_an_account_that_the_connection_does_not_have_are_left_alone(
    service: CloudControl, path: Path, accounts: Mapping[str, Mapping[str, str]] | None, written_in: str, told: str
) -> None:
    recorded(path, "a", "b")
    alter(path, "account = ? WHERE number = 1", written_in)
    alter(path, "account = ? WHERE number = 2", next(iter(accounts or [""])))
    with (
        connected(service, path, accounts=accounts) as connection,
        pytest.raises(ccdbapi.InterfaceError, match=told),
    ):
        connection.resume_journal()
    assert not service.calls
    assert states(path) == {"intended": 2}


def test_a_request_that_the_service_does_not_know_keeps_no_other_one_waiting(
    service: CloudControl, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "WIDTH", 2)
    names_in_order = [f"w{number}" for number in range(20)]
    recorded(path, *names_in_order)
    alter(path, "request_token = ? WHERE number = 1", "nobody-knows")
    with connected(service, path) as connection:
        unknown, *others = connection.resume_journal()
        assert (unknown.state, unknown.code) == ("unknown", "RequestTokenNotFoundException")
        assert [(outcome.state, outcome.identifier) for outcome in others] == [
            ("done", name) for name in names_in_order[1:]
        ]
    assert states(path) == {"under way": 1, "done": 19}


def test_a_service_that_cannot_be_reached_is_not_asked_for_each_of_many_requests(path: Path) -> None:
    recorded(path, *(f"w{number}" for number in range(1000)))
    settings = {"endpoint_url": f"http://127.0.0.1:{refusing_port()}", "max_attempts": 1, "rate_limit": None}
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    with ccdbapi.connect(regions=["us-east-1"], journal=path, **settings, **keys) as connection:  # type: ignore[arg-type]
        told = Counter((outcome.state, outcome.message is None) for outcome in connection.resume_journal())
    assert told["not sent", False] >= 1  # what was tried
    assert told["not sent", True] > 900
    assert states(path) == {"intended": 1000}


class Secretive(CloudControl):
    """Denies every look at a resource."""

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if operation == "GetResource":
            raise refusal("AccessDeniedException", "not authorized")
        return await super().handle(operation, payload, account=account, region=region)


def test_what_cannot_be_looked_up_stays_pending_and_the_others_are_told(path: Path) -> None:
    recorded(path, "old", "new")
    alter(path, "recorded_at = recorded_at - 3600 * ? WHERE number = 1", 36)
    with connected(Secretive(), path) as connection:
        old, new = connection.resume_journal()
    assert (old.state, new.state) == ("unknown", "done")
    assert "too old to be asked for, and cannot be looked up: GetResource failed: AccessDenied" in str(old.message)
    assert states(path) == {"intended": 1, "done": 1}


def test_looking_up_takes_no_longer_than_the_timeout(path: Path) -> None:
    recorded(path, "old")
    alter(path, "recorded_at = recorded_at - 3600 * ?", 36)
    service = HeldService("GetResource")
    with connected(service, path, timeout=0.2) as connection:
        (old,) = connection.resume_journal()
    assert "cannot be looked up: The statement has waited 0.2 s" in str(old.message)
    assert states(path) == {"intended": 1}
    service.close()


def test_requests_of_types_that_the_catalogue_does_not_know_are_followed_too(service: CloudControl, path: Path) -> None:
    """As those of private types, which the catalogue of the process that wrote knew."""
    with connected(service, path) as connection:
        connection.cursor().execute(f"/*+ async */ {INSERT}", ["a", None])
    recorded(path, "b", "c")
    alter(path, "type_name = ? WHERE number < 3", "Acme::Glue::Workflow")
    alter(path, "recorded_at = recorded_at - 3600 * ? WHERE number = 2", 36)
    with connected(service, path) as connection:
        outcomes = connection.resume_journal()
    assert [(outcome.state, outcome.identifier) for outcome in outcomes] == [
        ("done", "a"), ("unknown", None), ("done", "c")
    ]  # fmt: skip
    assert states(path) == {"done": 2, "unknown": 1}


class Refusing(CloudControl):
    """Answers with this error alone."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self._code = code

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        raise refusal(self._code, "not now")


@pytest.mark.parametrize("code", ["ExpiredTokenException", "AccessDeniedException", "ThrottlingException"])
def test_what_was_refused_at_the_door_is_not_given_up(service: CloudControl, path: Path, code: str) -> None:
    """It may have been sent before, and be done."""
    recorded(path, *(f"w{number}" for number in range(200)))
    with connected(Refusing(code), path, max_attempts=1) as connection:
        told = Counter((outcome.state, outcome.code) for outcome in connection.resume_journal())
    assert told.keys() == {("unknown", code), ("not sent", None)}
    assert states(path).keys() <= {"intended", "under way"}
    with connected(service, path) as connection:
        assert {outcome.state for outcome in connection.resume_journal()} == {"done"}
    assert states(path) == {"done": 200}


def test_what_was_refused_for_itself_is_given_up(service: CloudControl, path: Path) -> None:
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection:
        connection.cursor().execute(INSERT, ["a", None])
    recorded(path, "a", "b")
    with connected(service, path) as connection:
        outcomes = connection.resume_journal()
    assert [(outcome.state, outcome.code) for outcome in outcomes] == [("failed", "AlreadyExists"), ("done", None)]
    assert states(path) == {"failed": 1, "done": 1}


def test_what_could_not_be_sent_is_not_sent_later(path: Path) -> None:
    """The statement said so."""
    settings = {"endpoint_url": f"http://127.0.0.1:{refusing_port()}", "max_attempts": 1}
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    with ccdbapi.connect(regions=["us-east-1"], journal=path, **settings, **keys) as connection:  # type: ignore[arg-type]
        with pytest.raises(ccdbapi.OperationalError, match=r"got no answer.* Of 1 request: 1 not sent\."):
            connection.cursor().execute(INSERT, ["a", None])
        connection.rollback()
    assert states(path) == {"not sent": 1}


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """The files of the journal cannot grow any more."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such limit")
def test_what_cannot_be_recorded_is_not_sent(service: CloudControl, path: Path) -> None:
    with connected(service, path) as connection:
        cursor = connection.cursor()
        cursor.execute(INSERT, ["a", None])
        service.calls.clear()
        with full_disk(path), pytest.raises(ccdbapi.InterfaceError, match=r"journal .* cannot be used: disk I/O error"):
            cursor.executemany(INSERT, [(f"w{number}", "x" * 1000) for number in range(100)])
        assert not service.calls
        cursor.execute(INSERT, ["b", None])
    assert states(path) == {"done": 2}


def test_a_file_that_is_no_journal(service: CloudControl, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("not a journal, and longer than the header of a file of that kind would be, by some way" * 20)
    with (
        connected(service, other) as connection,
        pytest.raises(ccdbapi.InterfaceError, match=r"journal .* cannot be used"),
    ):
        connection.cursor().execute(INSERT, ["a", None])
    assert not service.calls


@both_faces
def test_a_connection_that_only_reads_finishes_nothing(face: str, service: CloudControl, path: Path) -> None:
    recorded(path, "a")

    async def main() -> None:
        settings = {"embedded": service, "regions": ["us-east-1"], "journal": path}
        async with connected_face(face, **settings, read_only=True) as cursor:
            with pytest.raises(ccdbapi.NotSupportedError, match="read_only=True"):
                await value_of(cursor.connection.resume_journal())
        assert not service.calls
        async with connected_face(face, **settings) as cursor:
            assert [outcome.state for outcome in await value_of(cursor.connection.resume_journal())] == ["done"]
            with pytest.raises(ccdbapi.NotSupportedError, match="no transactions"):
                cursor.connection.rollback()
            cursor.connection.commit()
            assert await value_of(cursor.connection.resume_journal()) == []
            cursor.connection.rollback()

    asyncio.run(main())


def test_a_connection_without_one(connection: ccdbapi.Connection) -> None:
    with pytest.raises(ccdbapi.InterfaceError, match="no journal"):
        connection.resume_journal()


def recorded(path: Path, *names: str, type_name: str = "AWS::Glue::Workflow") -> None:
    """Journal entries for the creation of what has these ``names``, and nothing sent."""
    from ccdbapi.catalog import packaged
    from ccdbapi.execution.requests import Request

    journal = Journal(path)
    journal.record(
        [
            Request(
                handler="create",
                resource_type=packaged().resource_type(type_name),
                region="us-east-1",
                document=json.dumps({"Name": name}),
                client_token=f"token-{name}",
                role_arn=None,
                type_version_id=None,
            )
            for name in names
        ]
    )
    journal.close()


def alter(path: Path, assignments: str, value: object) -> None:
    import sqlite3

    with sqlite3.connect(path) as file:
        file.execute(f"UPDATE requests SET {assignments}", [value])
    file.close()


# Killed


class Killer:
    """Kills a process when its endpoint has received so many requests, before it handles the last of them."""

    def __init__(self) -> None:
        self._left = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, _: RawRequest) -> None:
        self._left -= 1
        if self._left == 0 and self._process is not None:
            self._process.kill()

    def killed(self, command: Sequence[str], requests: int, *, home: Path, endpoint_url: str) -> int:
        """The exit code of the ``command``, after so many requests."""
        self._left = requests
        shell = environment(home, endpoint_url)
        with subprocess.Popen(command, env=shell, cwd=home, stdout=subprocess.DEVNULL) as process:
            self._process = process
            return process.wait()


@contextmanager
def faulty_endpoint(killer: Killer, store: Store) -> Iterator[tuple[str, CloudControl]]:
    faults = Faults(throttled=0.1, server_error=0.03, drop_before=0.03, drop_after=0.03, seed=11)
    service = CloudControl(Options(faults=faults, settle=0.05, check_signatures=True, credentials=CALLER), store)
    with serve_in_thread(service, on_request=killer) as url:
        yield url, service


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_processes_that_are_killed_make_each_request_once(tmp_path: Path, path: Path) -> None:
    """In full in benchmarks/journal_faults.py."""
    count, killer, store = 80, Killer(), Store()
    rng = random.Random(3)  # noqa: S311 - a seed, so that runs repeat
    with faulty_endpoint(killer, store) as (url, service):
        resume = [CCDBAPI, "journal", "--file", str(path), "resume", "--endpoint-url", url, "--rate-limit", "0"]
        for command in ([sys.executable, "-c", PROGRAM, url, str(path), str(count)], resume, resume, resume):
            # What is pending takes a request at least: so the process is killed before its end.
            pending = count - states(path).get("done", 0)
            assert killer.killed(command, rng.randint(1, pending), home=tmp_path, endpoint_url=url) == -signal.SIGKILL
            assert states(path).get("done", 0) < count
        last = run(resume, home=tmp_path, endpoint_url=url)
        assert last.returncode == 0, last.stderr
        assert states(path) == {"done": count}
        made = [call for call in service.calls if call.operation == "CreateResource"]
        assert len({call.payload["ClientToken"] for call in made}) == count
        assert {call.error for call in made} == {
            *(None, "ThrottlingException", "ServiceInternalErrorException", "ConnectionResetError")
        }
    assert apis(store) == sorted(f"api{number}" for number in range(count))


class Both(CloudControl):
    """Takes no request on before it has been asked for by two."""

    def __init__(self, requests: int, options: Options, store: Store) -> None:
        super().__init__(options, store)
        self._left = 2 * requests
        self._complete = asyncio.Event()

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if operation == "CreateResource":
            self._left -= 1
            if not self._left:
                self._complete.set()
            await self._complete.wait()
        return await super().handle(operation, payload, account=account, region=region)


def test_two_processes_that_resume_at_once_make_each_request_once(tmp_path: Path, path: Path) -> None:
    count, store = 20, Store()
    recorded(path, *(f"api{number}" for number in range(count)), type_name="AWS::ApiGateway::RestApi")
    service = Both(count, Options(check_signatures=True, credentials=CALLER), store)
    with serve_in_thread(service) as url:
        command = [CCDBAPI, "journal", "--file", str(path), "resume", "--endpoint-url", url, "--rate-limit", "0"]
        with (
            started(command, home=tmp_path, endpoint_url=url) as (one, _),
            started(command, home=tmp_path, endpoint_url=url) as (other, _),
        ):
            told = [process.communicate(timeout=PATIENCE) for process in (one, other)]
    for out, err in told:
        assert err == ""
        assert out.splitlines()[-1] == f"{count} done"
    assert [one.returncode, other.returncode] == [0, 0]
    assert apis(store) == sorted(f"api{number}" for number in range(count))
    assert states(path) == {"done": count}


def test_the_command_says_by_its_exit_code_that_not_all_is_done(
    service: CloudControl, tmp_path: Path, path: Path
) -> None:
    recorded(path, "a")
    alter(path, "recorded_at = recorded_at - 3600 * ?", 36)
    with serve_in_thread(service) as url:
        told = run([CCDBAPI, "journal", "--file", str(path), "resume"], home=tmp_path, endpoint_url=url)
    assert (told.returncode, told.stderr) == (1, "")
    reason = "The request is too old to be asked for; a is not there."
    assert told.stdout == f"unknown\tcreate\tAWS::Glue::Workflow\tus-east-1\t-\t-\t{reason}\n1 unknown\n"


def test_the_command_waits_as_long_as_it_may(tmp_path: Path, path: Path) -> None:
    recorded(path, "a")
    with serve_in_thread(CloudControl(Options(settle=3600))) as url:
        command = [CCDBAPI, "journal", "--file", str(path), "resume", "--timeout", "1"]
        told = run(command, home=tmp_path, endpoint_url=url)
    assert (told.returncode, told.stderr) == (1, "")
    assert re.fullmatch(
        r"unknown\tcreate\tAWS::Glue::Workflow\tus-east-1\ta\t[-0-9a-f]+\tlast seen PENDING\n1 unknown\n", told.stdout
    )
    assert states(path) == {"under way": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="another process cannot be sent Ctrl-C there")
def test_the_command_can_be_interrupted_and_leaves_what_is_pending(tmp_path: Path, path: Path) -> None:
    recorded(path, "a", "b")
    service, followed = CloudControl(Options(settle=3600)), threading.Event()
    command = [CCDBAPI, "journal", "--file", str(path), "resume"]
    with (
        serve_in_thread(service, on_request=lambda _: followed.set()) as url,
        started(command, home=tmp_path, endpoint_url=url) as (process, _),
    ):
        assert followed.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    told = "Interrupted. Pending in the journal: 2. They go on, and can be resumed again.\n"
    assert (process.returncode, out, err) == (130, "", told)
    assert "CancelResourceRequest" not in {call.operation for call in service.calls}
    assert states(path).keys() <= {"intended", "under way"}


def test_the_command_tells_what_is_pending(tmp_path: Path, path: Path) -> None:
    recorded(path, "a")
    told = run([CCDBAPI, "journal", "--file", str(path)], home=tmp_path)
    assert told.stdout == "intended\tcreate\tAWS::Glue::Workflow\tus-east-1\t-\t-\t-\n1 intended\n"
    assert (ACCESS_KEY in told.stdout, SECRET_KEY in told.stdout) == (False, False)
