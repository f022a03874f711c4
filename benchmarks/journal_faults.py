"""2,000 inserts through an endpoint that throttles, fails and breaks off, by processes that are killed.

Of the requests 10 % are throttled, 3 % answered with HTTP 500, and 3 % each broken off before and after they were
handled. The process that inserts is killed with SIGKILL, and so are four of those that go on by its journal
(``ccdbapi journal resume``), each when a random number of marks has been made in the journal: so there is something
left to do, however fast the machine. The last one is left alone.

What counts is what the endpoint then holds, and the requests that it took on, by its own store. Its resources get their
identifiers from the service: an insert that was made twice would be two of them.

    python benchmarks/journal_faults.py [inserts]

The exit code is 1 unless each insert was made once, the last process says that all are done, and every kill met its
process at work.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from endpoint import ACCESS_KEY, REGION, SECRET_KEY, Setup, running
from report import sized

import ccdbapi
from ccdbapi.emulator.options import DEFAULT_ACCOUNT
from ccdbapi.emulator.store import Scope, Store
from ccdbapi.execution.journal import Entry, Journal

INSERTS = sized(2000, least=20)
KILLS = sized(5)
SEED = 20
FAULTS = {"throttled": 0.10, "server_error": 0.03, "drop_before": 0.03, "drop_after": 0.03, "seed": SEED}
SETTLE = 0.5

TYPE = "AWS::ApiGateway::RestApi"
INSERT = f"INSERT INTO awscc.apigateway.rest_apis (name, region) VALUES (?, '{REGION}')"

#: How often the journal is looked at, in seconds.
GLANCE = 0.01

#: How far an entry is in this state: an insert has two steps, sent and done.
STEPS = {"intended": 0, "under way": 1}
DONE = 2


class Held(NamedTuple):
    """What an endpoint's store holds: resources by name, requests by client token and by state."""

    names: Counter[str]
    client_tokens: Counter[str]
    statuses: Counter[str]


def main() -> int:
    inserts = int(sys.argv[1]) if len(sys.argv) > 1 else INSERTS
    with tempfile.TemporaryDirectory() as folder:
        journal, data = Path(folder, "journal"), Path(folder, "endpoint")
        started = time.perf_counter()
        with running(Setup(settle=SETTLE, faults=FAULTS, data=str(data))) as endpoint:
            on_time, last = killed_and_resumed(endpoint.url, journal, inserts)
            took, calls = time.perf_counter() - started, endpoint.calls()
        states = Counter(entry.state for entry in entries(journal))
        held = held_in(data)
    total = sum(calls.operations.values())
    print(f"{took:.0f} s; {total:,} calls: {told(calls.operations)}; of these {told(calls.errors)}")
    print(f"journal: {told(states)}")
    print(f"endpoint: {told(held.statuses)} of {len(held.client_tokens):,} client tokens")
    names = {name_of(number) for number in range(inserts)}
    print(
        f"{held.names.total():,} resources for {inserts:,} inserts: {len(names - held.names.keys())} missing, "
        f"{held.names.total() - len(held.names)} twice, {len(held.names.keys() - names)} that nobody asked for"
    )
    checks = {
        "each insert was made once": held.names == Counter(names),
        "each was one request": len(held.client_tokens) == inserts and held.statuses == {"SUCCESS": inserts},
        "the journal says that all are done": states == {"done": inserts},
        "the last process ended with 0": last == 0,
        f"{KILLS} processes were killed at work": on_time,
    }
    for what, is_so in checks.items():
        print(f"  {what}: {'held' if is_so else 'MISSED'}")
    return 0 if all(checks.values()) else 1


def killed_and_resumed(url: str, journal: Path, inserts: int) -> tuple[bool, int]:
    """Whether all kills met a process at work, and the exit code of the last process, which is not killed."""
    rng = random.Random(SEED)  # noqa: S311 - a seed, so that the moments repeat
    resume = [
        *(str(Path(sysconfig.get_path("scripts"), "ccdbapi")), "journal", "--file", str(journal)),
        *("resume", "--endpoint-url", url, "--rate-limit", "0"),
    ]
    commands = [[sys.executable, __file__, "insert", url, str(journal), str(inserts)], *[resume] * KILLS]
    on_time = True
    for kill, command in enumerate(commands[:-1], 1):
        before = progress(journal)
        # Each leaves as much to those after it.
        moment = before + rng.randint(1, (DONE * inserts - before) // (KILLS + 2 - kill))
        started = time.perf_counter()
        code = killed(command, journal, moment)
        took = time.perf_counter() - started
        on_time &= code == -signal.SIGKILL
        print(
            f"kill {kill} at {moment:,} of {DONE * inserts:,} steps: {progress(journal):,} taken, "
            f"after {took:.1f} s, exit code {code}"
        )
    return on_time, subprocess.run(commands[-1], env=environment(), stdout=subprocess.DEVNULL, check=False).returncode


def killed(command: Sequence[str], journal: Path, moment: int) -> int:
    """The exit code of ``command``, which is killed once so many steps have been taken."""
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and progress(journal) < moment:
            time.sleep(GLANCE)
        process.kill()
        return process.wait()


def insert(url: str, journal: str, inserts: int) -> None:
    """What the first process does."""
    with ccdbapi.connect(endpoint_url=url, rate_limit=None, journal=journal) as connection:
        connection.cursor().executemany(INSERT, [[name_of(number)] for number in range(inserts)])


def name_of(number: int) -> str:
    return f"api-{number}"


def entries(path: Path) -> Sequence[Entry]:
    journal = Journal(path)
    try:
        return journal.entries()
    finally:
        journal.close()


def progress(journal: Path) -> int:
    """How many steps have been taken, by the journal."""
    return sum(STEPS.get(entry.state, DONE) for entry in entries(journal))


def held_in(data: Path) -> Held:
    """What the endpoint's own store says, after the endpoint has ended."""
    store, scope = Store(data), Scope(DEFAULT_ACCOUNT, REGION)
    try:
        resources = store.resources(scope, TYPE, after=0, limit=sys.maxsize)
        requests = [request for _, request in store.requests(scope, before=sys.maxsize)]
    finally:
        store.close()
    return Held(
        names=Counter(json.loads(resource.visible)["Name"] for resource in resources),
        client_tokens=Counter(request.client_token for request in requests),
        statuses=Counter(request.status(time.time()) for request in requests),
    )


def environment() -> Mapping[str, str]:
    return {**os.environ, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


def told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["insert"]:
        insert(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        sys.exit(main())
