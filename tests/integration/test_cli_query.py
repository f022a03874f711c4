"""``ccdbapi query``: what it asks, what it writes, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import console
import pytest
from click.testing import CliRunner, Result

from ccdbapi import __version__
from ccdbapi.cli.commands import ccdbapi
from ccdbapi.emulator import demo
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.signing import RawRequest

IMAGE = "arn:aws:sagemaker:us-east-1:123456789012:image/rstudio"
READ = f"SELECT image_name, tags FROM awscc.sagemaker.images WHERE region = 'us-east-1' AND Identifier = '{IMAGE}'"
LIST = "SELECT region, split_part(image_arn, '/', -1) AS name FROM awscc.sagemaker.images_list_only ORDER BY ALL"
TAGS = [{"Key": "team", "Value": "finance"}, {"Key": "stage", "Value": "prod"}]

#: A result with what is hard to write.
VALUES = "SELECT 'a,\"b\" é' AS a, NULL AS b, 1.50 AS c, TIMESTAMP '2026-03-01 12:30:00' AS d, [1, 2] AS e, 7 AS a"


def query(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(ccdbapi, ["query", *arguments], input=stdin)


def output(*arguments: str, stdin: str | None = None) -> str:
    """What the command writes; it has to succeed, and to say nothing else."""
    result = query(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """The URL of an emulated account with the demo data."""
    service = CloudControl()
    demo.load(service)
    with serve_in_thread(service) as url:
        yield url


# Formats.


def test_a_table_is_the_default() -> None:
    assert output("--demo", READ).splitlines() == [
        "╭────────────┬──────────────────────────────────────────────────────────────────────────╮",
        "│ image_name │ tags                                                                     │",
        "├────────────┼──────────────────────────────────────────────────────────────────────────┤",
        '│ rstudio    │ [{"Key": "team", "Value": "finance"}, {"Key": "stage", "Value": "prod"}] │',
        "╰────────────┴──────────────────────────────────────────────────────────────────────────╯",
        "(1 row)",
    ]


def test_a_table_aligns_numbers_and_tells_null_from_text() -> None:
    assert output("--embedded", "--format", "table", "VALUES (1, NULL), (200, '')").splitlines() == [
        "╭──────┬──────╮",
        "│ col0 │ col1 │",
        "├──────┼──────┤",
        "│    1 │ NULL │",
        "│  200 │      │",
        "╰──────┴──────╯",
        "(2 rows)",
    ]


def test_a_table_says_that_it_is_empty() -> None:
    assert output("--embedded", "SELECT 1 AS x WHERE false").splitlines()[-1] == "(0 rows)"


def test_a_table_is_never_cut_in_a_pipe() -> None:
    assert f"│ {'x' * 5000} │" in output("--embedded", "SELECT repeat('x', 5000) AS x")


def test_a_value_cannot_steer_the_terminal_nor_mark_up_the_table() -> None:
    printed = output("--embedded", "SELECT chr(27) || '[31m' || chr(8) || '[bold]' AS x")

    assert "│ \\x1b[31m\\x08[bold] │" in printed


def test_csv_has_names_and_one_line_a_row() -> None:
    assert list(csv.reader(io.StringIO(output("--embedded", "--format", "csv", VALUES)))) == [
        ["a", "b", "c", "d", "e", "a"],
        ['a,"b" é', "", "1.50", "2026-03-01T12:30:00", "[1, 2]", "7"],
    ]


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_json_has_json_values_iso_times_and_no_name_twice(name: str) -> None:
    written = json.loads(output("--embedded", "--format", name, VALUES))

    [row] = written if name == "json" else [written]
    assert row == {"a": 'a,"b" é', "b": None, "c": 1.5, "d": "2026-03-01T12:30:00", "e": [1, 2], "a_2": 7}


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_json_is_one_array_and_jsonl_a_line_a_row(rows: int) -> None:
    numbers = [{"range": number} for number in range(rows)]

    assert json.loads(output("--embedded", "--format", "json", f"FROM range({rows})")) == numbers
    lines = output("--embedded", "--format", "jsonl", f"FROM range({rows})").splitlines()
    assert [json.loads(line) for line in lines] == numbers


def test_json_columns_are_json() -> None:
    assert json.loads(output("--demo", "--format", "jsonl", READ)) == {"image_name": "rstudio", "tags": TAGS}


def test_an_unknown_format_is_a_usage_error() -> None:
    assert query("--embedded", "--format", "xml", "SELECT 1").exit_code == 2


# Statements and parameters.


def test_statements_run_one_after_the_other() -> None:
    script = """
        INSERT INTO awscc.logs.log_groups (LogGroupName, region) SELECT 'mine', 'us-east-1'; -- a comment; more of it
        SELECT count(*) AS n FROM awscc.logs.log_groups_list_only WHERE region = 'us-east-1';
        DELETE FROM awscc.logs.log_groups WHERE region = 'us-east-1' AND Identifier = '/aws/lambda/score';
    """
    printed = output("--demo", script)

    assert printed.startswith("1 row written\n")
    assert "│ 3 │" in printed
    assert printed.endswith("1 row written\n")


@pytest.mark.parametrize("name", ["csv", "json", "jsonl"])
def test_a_write_without_returning_adds_nothing_to_data(name: str) -> None:
    assert not output("--demo", "--format", name, f"{READ.replace('SELECT image_name, tags', 'DELETE')}")


def test_standard_input_holds_the_statements() -> None:
    assert output("--embedded", "--format", "csv", "-", stdin="SELECT 1 AS a;\nSELECT 2 AS b;") == "a\n1\nb\n2\n"


def test_parameters_are_values_of_the_statements_that_name_them() -> None:
    script = "SELECT :a AS x; SELECT 1 AS y; SELECT :a || :b AS z"

    printed = output("--embedded", "--format", "csv", "--param", "a=it's; = ?", "--param", ":b=", script)

    assert printed == "x\nit's; = ?\ny\n1\nz\nit's; = ?\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--param", "a"], "'a' is not NAME=VALUE"),
        (["--param", "=1"], "'=1' is not NAME=VALUE"),
        (["--param", "b=1"], "--param b: no statement has the parameter :b"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_a_usage_error(arguments: list[str], told: str) -> None:
    result = query("--embedded", *arguments, "SELECT :a")

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


# What is asked.


@pytest.mark.parametrize(
    "arguments", [["--embedded", "--demo", LIST], ["--demo", "--embedded", LIST], ["--demo", LIST], [LIST, "--demo"]]
)
def test_regions_are_asked_where_a_statement_names_none(arguments: list[str]) -> None:
    printed = output("--format", "csv", "--region", "eu-west-1", "--region", "us-east-1", *arguments)

    assert printed.startswith("region,name\neu-west-1,pytorch-prod\neu-west-1,sklearn-dev\nus-east-1,pytorch-dev\n")


def test_embedded_without_a_path_begins_empty() -> None:
    assert output("--embedded", "--region", "us-east-1", "--format", "csv", LIST) == "region,name\n"


def test_a_path_keeps_the_state_and_the_demo_is_loaded_once(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    count = f"SELECT count(*) AS n FROM ({LIST})"

    def counted(*arguments: str) -> str:
        return output("--embedded", state, "--region", "us-east-1", "--format", "csv", *arguments, count)

    assert counted() == "n\n0\n"
    assert counted("--demo") == "n\n6\n"
    assert counted("--demo") == "n\n6\n"
    assert counted() == "n\n6\n"


def test_an_endpoint_is_asked(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    assert "│ rstudio " in output("--endpoint-url", account, READ)


def test_a_profile_is_used(account: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile mine]\naws_access_key_id = test\naws_secret_access_key = test\n"
        f"services = local\n[services local]\ncloudcontrol =\n  endpoint_url = {account}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    assert "│ rstudio " in output("--profile", "mine", READ)


# Errors.


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELEC 1", "ProgrammingError: line 1, column 1: SELEC begins no statement"),
        (
            "SELECT * FROM awscc.sagemaker.images",
            "ProgrammingError: awscc.sagemaker.images needs region and Identifier",
        ),
        ("SELECT :a", "ProgrammingError: No value is given for :a."),
        ("CREATE TABLE x (a int)", "NotSupportedError: line 1, column 1: CREATE is not supported"),
        ("SELECT CAST('x' AS int) AS x", "DataError: "),
    ],
)
def test_an_error_is_one_line(sql: str, told: str) -> None:
    result = query("--demo", "--format", "csv", sql)

    assert result.exit_code == 1
    assert result.stderr.startswith(told)
    assert result.stderr.count("\n") == 1


def test_an_error_tells_which_of_several_statements_failed() -> None:
    result = query("--demo", "--format", "csv", "SELECT 1 AS a; SELECT * FROM awscc.sagemaker.images; SELECT 2")

    assert (result.exit_code, result.stdout) == (1, "a\n1\n")
    assert result.stderr.endswith(" (in statement 2 of 3)\n")


def test_nothing_runs_if_one_of_the_statements_cannot_be_read(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")

    assert "│ rstudio " in output("--embedded", state, "--demo", READ)

    assert query("--embedded", state, f"DELETE {READ[READ.index('FROM') :]}; SELEC 1").exit_code == 1

    assert "│ rstudio " in output("--embedded", state, READ)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Say what to run"),
        (["--demo"], "Say what to run"),
        (["--demo", "--embedded"], "Say what to run"),
        ([" -- nothing\n"], "There is no statement to run"),
        (["--embedded", "--profile", "x", "SELECT 1"], "has no --profile"),
        (["--demo", "--endpoint-url", "http://localhost:1", "SELECT 1"], "no --endpoint-url"),
        (["--no-such-option", "SELECT 1"], "No such option"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_a_usage_error(arguments: list[str], told: str) -> None:
    result = query(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_a_path_that_cannot_hold_the_state_is_an_error(tmp_path: Path) -> None:
    result = query("--embedded", str(tmp_path), "SELECT 1")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"InterfaceError: The emulator's state cannot be kept in {tmp_path}: ")


# The process: what it imports, streams and survives.


def test_help_needs_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['ccdbapi', '--help']\n"
        "from ccdbapi.cli import main\n"
        "heavy = {'aiohttp', 'boto3', 'botocore', 'duckdb', 'moto', 'rich', 'sqlparse'}\n"
        "try: main()\n"
        "finally: print(*sorted(heavy & {*sys.modules}))"
    )
    ran = console.run_python(code, home=tmp_path)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Usage: ccdbapi [OPTIONS] COMMAND")
    assert ran.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize(
    ("missing", "arguments", "told"),
    [
        (
            "click",
            ["--help"],
            "The ccdbapi command needs packages that are not installed (click): pip install 'ccdbapi[cli]'",
        ),
        ("rich", ["query", "SELECT 1"], "(rich): pip install 'ccdbapi[cli]'"),
        ("rstr", ["query", "--embedded", "SELECT 1"], "(rstr): pip install 'ccdbapi[embedded]'"),
        ("regex", ["emulator"], "(regex): pip install 'ccdbapi[embedded]'"),
    ],
)
def test_a_missing_package_is_told_with_the_extra_to_install(
    missing: str, arguments: list[str], told: str, tmp_path: Path
) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; sys.argv = ['ccdbapi', *{arguments!r}]\n"
    ran = console.run_python(code + "from ccdbapi.cli import main; main()", home=tmp_path)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert told in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_the_version_is_told(tmp_path: Path) -> None:
    assert console.run([console.CCDBAPI, "--version"], home=tmp_path).stdout == f"ccdbapi {__version__}\n"


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    command = [console.CCDBAPI, "query", "--embedded", "--format", "csv", "FROM range(10_000_000)"]
    with console.started(command, home=tmp_path) as (process, out):
        assert [out.readline(), out.readline()] == ["range\n", "0\n"]
        out.close()
        assert process.wait(console.PATIENCE) == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_rows_are_written_while_pages_still_come(tmp_path: Path) -> None:
    service, asked, go_on = _images(1000), [0], threading.Event()

    def hold_the_sixth_page(_: RawRequest) -> None:
        asked[0] += 1
        if asked[0] == 6:
            go_on.wait(console.PATIENCE)

    sql = "SELECT image_arn FROM awscc.sagemaker.images_list_only WHERE region = 'us-east-1'"
    with serve_in_thread(service, on_request=hold_the_sixth_page) as url:
        command = [console.CCDBAPI, "query", "--format", "csv", sql]
        with console.started(command, home=tmp_path, endpoint_url=url) as (process, out):
            first = [out.readline(), out.readline()]
            asked_by_then = asked[0]
            go_on.set()
            rest = out.readlines()
            assert process.wait(console.PATIENCE) == 0

    assert first[0] == "image_arn\n"
    assert asked_by_then <= 6
    assert asked[0] >= 10
    assert len({first[1], *rest}) == 1000


@pytest.mark.skipif(sys.platform == "win32", reason="another process cannot be sent Ctrl-C there")
def test_ctrl_c_stops_it_at_once(tmp_path: Path) -> None:
    asked = threading.Event()
    service = CloudControl(Options(latency=3600))
    with (
        serve_in_thread(service, on_request=lambda _: asked.set()) as url,
        console.started([console.CCDBAPI, "query", READ], home=tmp_path, endpoint_url=url) as (process, _),
    ):
        assert asked.wait(console.PATIENCE)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=console.PATIENCE)

    assert (process.returncode, out, err) == (130, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="another process cannot be sent Ctrl-C there")
def test_ctrl_c_cancels_what_a_statement_writes_and_tells_what_became_of_it(tmp_path: Path) -> None:
    asked = threading.Event()
    service = CloudControl(Options(settle=3600))
    write = "INSERT INTO awscc.glue.workflows (name, region) VALUES ('a', 'us-east-1')"
    with (
        serve_in_thread(service, on_request=lambda _: asked.set()) as url,
        console.started([console.CCDBAPI, "query", write], home=tmp_path, endpoint_url=url) as (process, _),
    ):
        assert asked.wait(console.PATIENCE)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=console.PATIENCE)

    assert (process.returncode, out) == (130, "")
    assert re.fullmatch(
        r"The statement was interrupted\. Of 1 request: 1 failed \(a: CANCEL_COMPLETE: the request was cancelled, "
        r"request token [-0-9a-f]+\)\.\n",
        err,
    )
    assert [call.operation for call in service.calls][-2:] == ["CancelResourceRequest", "GetResourceRequestStatus"]


def _images(number: int) -> CloudControl:
    service = CloudControl(Options(page_size=100))
    for index in range(number):
        state = {"ImageName": f"image-{index}", "ImageRoleArn": "arn:aws:iam::123456789012:role/r"}
        accepted = service.answer(
            "CreateResource",
            {"TypeName": "AWS::SageMaker::Image", "DesiredState": json.dumps(state)},
            account=service.options.account,
            region="us-east-1",
        )
        assert accepted["ProgressEvent"]
    return service
