"""JupySQL's ``%sql`` and ``%%sql``, in an IPython shell within the process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from engines import engine_over
from IPython.core.interactiveshell import InteractiveShell

import ccdbapi
from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl

LISTED = "SELECT region, image_arn FROM sagemaker.images_list_only"


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "sql")
    shell.run_line_magic("config", "SqlMagic.displaycon = False")
    shell.run_line_magic("config", "SqlMagic.feedback = 0")
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture(params=["engine", "driver"])
def connected(
    request: pytest.FixtureRequest, shell: InteractiveShell, service: CloudControl
) -> Iterator[InteractiveShell]:
    """A shell whose connection is an engine's, or the driver's own."""
    demo.load(service)
    with (
        engine_over(service, regions=["us-east-1"]) as engine,
        ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection,
    ):
        shell.user_ns["given"] = engine if request.param == "engine" else connection
        shell.run_line_magic("sql", "given --alias given")
        yield shell
        shell.run_line_magic("sql", "--close given")


def result(shell: InteractiveShell, line: str, cell: str | None = None) -> Any:
    return shell.run_line_magic("sql", line) if cell is None else shell.run_cell_magic("sql", line, cell)


def test_a_line_is_a_statement(connected: InteractiveShell, service: CloudControl) -> None:
    assert len(result(connected, LISTED)) == 6
    assert [(call.operation, call.region) for call in service.calls] == [("ListResources", "us-east-1")]


def test_a_cell_takes_variables(connected: InteractiveShell) -> None:
    connected.user_ns["place"] = "eu-west-1"
    rows = result(connected, "", f"{LISTED}\nWHERE region = '{{{{place}}}}'")
    assert {region for region, _ in rows} == {"eu-west-1"}


def test_an_engine_takes_named_parameters(shell: InteractiveShell, service: CloudControl) -> None:
    demo.load(service)
    shell.run_line_magic("config", "SqlMagic.named_parameters = 'enabled'")
    with engine_over(service) as engine:
        shell.user_ns.update(engine=engine, place="eu-west-1")
        result(shell, "engine --alias engine")
        assert len(result(shell, "", f"{LISTED} WHERE region = :place")) == 2
        result(shell, "--close engine")


def test_a_result_is_a_frame(connected: InteractiveShell) -> None:
    rows = result(connected, "", f"{LISTED} ORDER BY image_arn")
    assert list(rows.DataFrame().columns) == ["region", "image_arn"]
    assert rows.PolarsDataFrame().height == 6


def test_a_snippet_becomes_a_cte(connected: InteractiveShell) -> None:
    result(connected, f"--save listed {LISTED}")
    assert list(result(connected, "--with listed SELECT count(*) FROM listed")) == [(6,)]


def test_a_cell_writes(connected: InteractiveShell, service: CloudControl) -> None:
    result(connected, "", "INSERT INTO awscc.logs.log_groups (log_group_name) VALUES ('/notebook')")
    assert sum(call.operation == "CreateResource" for call in service.calls) == 1


def test_a_url_is_a_connection(shell: InteractiveShell) -> None:
    result(shell, "awscc://?embedded=true&regions=us-east-1 --alias embedded")
    assert list(result(shell, "SELECT count(*) FROM sagemaker.images_list_only")) == [(0,)]
    result(shell, "--close embedded")


def test_tables_and_columns_are_shown(shell: InteractiveShell, service: CloudControl) -> None:
    with engine_over(service) as engine:
        shell.user_ns["engine"] = engine
        result(shell, "engine --alias engine")
        tables = str(shell.run_line_magic("sqlcmd", "tables -s sagemaker"))
        columns = str(shell.run_line_magic("sqlcmd", "columns -s sagemaker -t images"))
        result(shell, "--close engine")
    assert " images " in tables
    assert all(name in columns for name in ("region", "image_name", "tags", "Identifier"))
    assert not service.calls


def test_an_error_is_shown(connected: InteractiveShell) -> None:
    with pytest.raises(Exception, match="no table 'pictures' in service 'sagemaker'"):
        result(connected, "SELECT * FROM sagemaker.pictures")
