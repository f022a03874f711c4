"""What the README shows is run as it stands, with an emulator over HTTP in the place of AWS.

Left out are pip and pytest themselves: ``.ci/run`` runs those lines.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import console
import pytest
from served import CALLER, Witness

from ccdbapi.emulator import demo
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

README = Path(__file__).parents[2] / "README.md"
INSTALLATION = re.compile(r"python -m pip install \S.*? && ")
TESTS = "python -m pytest"
SERVER = "ccdbapi emulator"

needs_a_posix_shell = pytest.mark.skipif(sys.platform == "win32", reason="the README's commands are for a POSIX shell")


class Block(NamedTuple):
    """A fenced block, and the line that it begins at."""

    kind: str
    text: str
    line: int


class Account(NamedTuple):
    """An emulated account, with the demo data, and the URL where it answers."""

    service: CloudControl
    url: str


def _blocks() -> list[Block]:
    text = README.read_text("utf-8")
    return [
        Block(found[1], found[2], text.count("\n", 0, found.start()) + 1)
        for found in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


BLOCKS = _blocks()
CONSOLE = [block._replace(text=INSTALLATION.sub("", block.text)) for block in BLOCKS if block.kind == "console"]
QUERIES = [block for block in CONSOLE if block.text.strip() != TESTS and not block.text.startswith(SERVER)]


def _named(kind: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind == kind]


def _line(block: Block) -> str:
    return f"line {block.line}"


@pytest.fixture
def account() -> Iterator[Account]:
    service, witness = CloudControl(Options(check_signatures=True, credentials=CALLER)), Witness()
    demo.load(service)
    with serve_in_thread(service, on_request=witness) as url:
        yield Account(service, url)
    assert not witness.objections


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {block.kind for block in BLOCKS} == {"console", "text", "python", "sql"}
    assert [block.text.strip() for block in CONSOLE if block not in QUERIES] == [TESTS, f"{SERVER} --demo"]
    assert len(QUERIES) == 3


@needs_a_posix_shell
def test_the_first_command_needs_no_aws_and_prints_what_is_shown(tmp_path: Path) -> None:
    [shown] = _named("text")

    ran = console.run(["sh", "-c", QUERIES[0].text], home=tmp_path)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == shown.text


@needs_a_posix_shell
@pytest.mark.parametrize("block", QUERIES[1:], ids=_line)
def test_a_command_asks_aws(block: Block, account: Account, tmp_path: Path) -> None:
    ran = console.run(["sh", "-c", block.text], home=tmp_path, endpoint_url=account.url)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout
    assert [call.error for call in account.service.calls] == [None]


@needs_a_posix_shell
def test_the_emulator_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    [block] = [block for block in CONSOLE if block.text.startswith(SERVER)]
    with console.started([*block.text.split(), "--port", "0"], home=tmp_path) as (server, output):
        assert re.match(r"Cloud Control is served at http://127\.0\.0\.1:\d+\n", output.readline())
        server.send_signal(signal.SIGTERM)
        assert server.wait(console.PATIENCE) == 0


@pytest.mark.parametrize("block", _named("python"), ids=_line)
def test_a_python_block_runs_and_prints(block: Block, account: Account, tmp_path: Path) -> None:
    ran = console.run_python(block.text, home=tmp_path, endpoint_url=account.url)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
    assert account.service.calls


@pytest.mark.parametrize("block", _named("sql"), ids=_line)
def test_statements_do_what_they_say(block: Block, account: Account, tmp_path: Path) -> None:
    ran = console.run([console.CCDBAPI, "query", "-"], home=tmp_path, endpoint_url=account.url, stdin=block.text)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count(" row") == block.text.count(";")
    assert "(0 rows)" not in ran.stdout
    writes = [call.operation for call in account.service.calls if call.operation.endswith("teResource")]
    verbs = re.findall(r"/\*\+ (\w+) \*/", block.text)
    assert writes == [f"{verb.title()}Resource" for verb in verbs]
