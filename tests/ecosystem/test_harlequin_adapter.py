"""The adapter for Harlequin: its documented interface, its tree, and the command line that Harlequin makes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from harlequin.catalog import CatalogItem, InteractiveCatalogItem
from harlequin.exception import HarlequinConfigError, HarlequinConnectionError, HarlequinQueryError
from harlequin.hsql.cli import build_cli
from held_service import HeldService
from served import ACCESS_KEY, SECRET_KEY, demo_service

import ccdbapi
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.service import CloudControl
from ccdbapi.integrations.harlequin import AwsccAdapter, AwsccConnection

LISTED, PAGE = 200, 25
IMAGES = "SELECT region, image_arn FROM awscc.sagemaker.images_list_only"


@pytest.fixture
def service() -> CloudControl:
    return demo_service()


@pytest.fixture
def endpoint(service: CloudControl, no_aws: pytest.MonkeyPatch) -> Iterator[str]:
    """The service's address; the environment has the keys for it, and nothing else of AWS."""
    no_aws.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    no_aws.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    with serve_in_thread(service) as address:
        yield address


@pytest.fixture
def connection(endpoint: str) -> Iterator[AwsccConnection]:
    connection = AwsccAdapter((), endpoint_url=endpoint, regions=["us-east-1"]).connect()
    yield connection
    connection.close()


@pytest.fixture
def paged(service: CloudControl) -> CloudControl:
    """`LISTED` workflows, whose making is not in the log."""
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as made:
        names = [(f"w{n:03}",) for n in range(LISTED)]
        made.cursor().executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", names)
    service.calls.clear()
    return service


def rows_of(connection: AwsccConnection, query: str, limit: int | None = None) -> list[dict[str, object]]:
    cursor = connection.execute(query)
    assert cursor is not None
    table = (cursor if limit is None else cursor.set_limit(limit)).fetchall()
    assert isinstance(table, pa.Table)
    assert table.column_names == [name for name, _ in cursor.columns()]
    rows: list[dict[str, object]] = table.to_pylist()
    return rows


def children(item: CatalogItem) -> Sequence[CatalogItem]:
    assert isinstance(item, InteractiveCatalogItem)
    found: Sequence[CatalogItem] = item.fetch_children()
    return found


def named(label: str, items: Sequence[CatalogItem]) -> CatalogItem:
    [item] = [item for item in items if item.label == label]
    return item


def test_harlequin_finds_the_adapter() -> None:
    [found] = entry_points(group="harlequin.adapter", name="awscc")
    assert found.load() is AwsccAdapter


def test_a_query_gives_rows_and_columns(connection: AwsccConnection, service: CloudControl) -> None:
    rows = rows_of(connection, f"{IMAGES} ORDER BY ALL")
    assert len(rows) == 6
    assert rows[0]["image_arn"] == "arn:aws:sagemaker:us-east-1:123456789012:image/pytorch-dev"
    assert [(call.operation, call.region) for call in service.calls] == [("ListResources", "us-east-1")]


def test_columns_tell_their_types(connection: AwsccConnection) -> None:
    cursor = connection.execute(
        "SELECT 'a' AS s, 1 AS i, 1::BIGINT AS b, 1.5 AS d, 1.5::DOUBLE AS f, true AS t, now() AS n, [1] AS l, "
        "'{}'::JSON AS j, {'a': 1} AS r"
    )
    assert cursor is not None
    assert cursor.columns() == [
        ("s", "s"),
        ("i", "##"),
        ("b", "##"),
        ("d", "#.#"),
        ("f", "#.#"),
        ("t", "t/f"),
        ("n", "ttz"),
        ("l", "[]"),
        ("j", "{}"),
        ("r", "{}"),
    ]


def test_objects_are_text(connection: AwsccConnection) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:image/rstudio"
    [row] = rows_of(connection, f"SELECT tags[0] AS tag FROM awscc.sagemaker.images WHERE Identifier = '{arn}'")
    assert row == {"tag": '{"Key":"team","Value":"finance"}'}


def test_a_result_without_rows_has_its_columns(connection: AwsccConnection) -> None:
    assert rows_of(connection, f"{IMAGES} WHERE image_arn = 'none'") == []


@pytest.mark.parametrize(
    ("limit", "pages"), [(1, 3), (PAGE, 4), (LISTED, LISTED // PAGE), (LISTED + 1, LISTED // PAGE)]
)
def test_a_limit_ends_the_calls(
    connection: AwsccConnection, paged: CloudControl, limit: int, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A statement that may end early asks for a page when the engine is out of rows, and not ahead of it.
    monkeypatch.setattr("ccdbapi.execution.reading.AHEAD", 0)
    rows = rows_of(connection, "SELECT name FROM awscc.glue.workflows_list_only WHERE name > ''", limit)
    assert len(rows) == min(limit, LISTED)
    assert sum(call.operation == "ListResources" for call in paged.calls) <= pages


def test_a_statement_may_give_no_rows(connection: AwsccConnection, service: CloudControl) -> None:
    assert connection.execute("INSERT INTO awscc.logs.log_groups (log_group_name) VALUES ('/harlequin')") is None
    assert sum(call.operation == "CreateResource" for call in service.calls) == 1


def test_returning_gives_rows(connection: AwsccConnection) -> None:
    insert = "INSERT INTO awscc.logs.log_groups (log_group_name) VALUES ('/harlequin') RETURNING OperationStatus"
    assert rows_of(connection, insert) == [{"OperationStatus": "SUCCESS"}]


def test_an_error_is_harlequin_s(connection: AwsccConnection) -> None:
    with pytest.raises(HarlequinQueryError, match="no table 'pictures' in service 'sagemaker'") as caught:
        connection.execute("SELECT * FROM awscc.sagemaker.pictures")
    assert caught.value.title == "ProgrammingError from the AWS driver"


def test_an_error_among_the_rows_is_harlequin_s(connection: AwsccConnection) -> None:
    cursor = connection.execute("SELECT CASE WHEN i = 5000 THEN 'x' ELSE '1' END::INT FROM range(10000) t(i)")
    assert cursor is not None
    with pytest.raises(HarlequinQueryError, match="Could not convert string 'x'"):
        cursor.fetchall()


@pytest.mark.parametrize("query", ["SELECT count(*) FROM awscc.glue.workflows_list_only", "SELECT * FROM range(10)"])
def test_what_was_cancelled_before_its_rows_were_fetched_gives_none(connection: AwsccConnection, query: str) -> None:
    cursor = connection.execute(query)
    assert cursor is not None
    connection.cancel()
    assert cursor.fetchall() is None


def test_cancel_stops_a_statement_that_waits() -> None:
    service = HeldService("ListResources")
    driver = ccdbapi.connect(embedded=service, regions=["us-east-1"])
    connection = AwsccConnection(driver)

    def wait_and_cancel() -> None:
        service.arrived.wait()
        connection.cancel()

    canceller = threading.Thread(target=wait_and_cancel)
    canceller.start()
    cursor = connection.execute("SELECT count(*) FROM awscc.glue.workflows_list_only")
    assert cursor is None or cursor.fetchall() is None
    canceller.join()
    connection.close()
    service.close()


def test_the_tree_is_read_without_a_call(connection: AwsccConnection, service: CloudControl) -> None:
    sagemaker = named("sagemaker", connection.get_catalog().items)
    tables = children(sagemaker)
    assert {(item.label, item.type_label) for item in tables} >= {("images", "t"), ("images_list_only", "v")}
    columns = children(named("images", tables))
    assert [(item.label, item.type_label) for item in columns if item.label in ("region", "image_name", "tags")] == [
        ("region", "s"),
        ("image_name", "s"),
        ("tags", "{}"),
    ]
    assert not service.calls


def test_names_from_the_tree_can_be_run(connection: AwsccConnection) -> None:
    logs = named("logs", connection.get_catalog().items)
    listed = named("log_groups_list_only", children(logs))
    column = named("Identifier", children(listed))
    rows = rows_of(connection, f"SELECT {column.query_name} FROM {listed.query_name} ORDER BY 1")
    assert rows == [{"Identifier": "/aws/lambda/score"}, {"Identifier": "/aws/sagemaker/TrainingJobs"}]


def test_services_and_their_tables_complete(connection: AwsccConnection, service: CloudControl) -> None:
    completions = {(completion.context, completion.value) for completion in connection.get_completions()}
    assert {(None, "sagemaker"), ("sagemaker", "images"), ("sagemaker", "images_list_only")} <= completions
    assert not service.calls


@pytest.mark.parametrize(
    ("conn_str", "options", "expected"),
    [
        ((), {}, "Settings()"),
        (("awscc:///sagemaker?regions=us-east-1",), {}, "Settings(regions=('us-east-1',), schema='sagemaker')"),
        (("awscc://?regions=us-east-1",), {"regions": ("eu-west-1",)}, "Settings(regions=('eu-west-1',))"),
        (("awscc://?scan=list",), {"scan": None, "regions": (), "profile": ""}, "Settings(scan='list')"),
        ((), {"embedded": True, "on_region_error": "skip"}, "Settings(embedded=True, on_region_error='skip')"),
        ((), {"read_only": True, "theme": "harlequin", "unknown": 1}, "Settings(read_only=True)"),
        (("awscc://AKID:very-secret@us-east-1",), {}, "Settings(region='us-east-1')"),
    ],
)
def test_options_go_before_the_url(conn_str: Sequence[str], options: dict[str, Any], expected: str) -> None:
    assert AwsccAdapter(conn_str, **options).connection_id == expected


@pytest.mark.parametrize(
    ("conn_str", "options", "message"),
    [
        (("awscc://", "awscc://"), {}, "one connection string at most"),
        (("postgres://host",), {}, "A URL of this driver begins with awscc://"),
        (("awscc://?regionz=us-east-1",), {}, "unknown setting regionz"),
        ((), {"scan": "always"}, "scan must be 'deny' or 'list'"),
    ],
)
def test_a_bad_option_is_told(conn_str: Sequence[str], options: dict[str, Any], message: str) -> None:
    with pytest.raises(HarlequinConfigError, match=message):
        AwsccAdapter(conn_str, **options)


def test_settings_that_cannot_work_are_told(tmp_path: Path) -> None:
    with pytest.raises(HarlequinConnectionError, match="state cannot be kept in"):
        AwsccAdapter([f"awscc://?embedded={tmp_path}/missing/state.db"]).connect()


def test_a_profile_that_is_none_is_told_by_the_statement(no_aws: pytest.MonkeyPatch) -> None:
    connection = AwsccAdapter((), profile="nobody", regions=["us-east-1"]).connect()
    with pytest.raises(HarlequinQueryError, match="nobody"):
        rows_of(connection, IMAGES)
    connection.close()


def test_a_read_only_connection_refuses_to_write(endpoint: str, service: CloudControl) -> None:
    connection = AwsccAdapter((), read_only=True, endpoint_url=endpoint, regions=["us-east-1"]).connect()
    with pytest.raises(HarlequinQueryError, match="read_only"):
        connection.execute("INSERT INTO awscc.logs.log_groups (log_group_name) VALUES ('/harlequin')")
    connection.close()
    assert not service.calls


def hsql(*arguments: str) -> Result:
    """Harlequin's command line, with the adapter that its entry point names."""
    given = ["-a", "awscc", *arguments]
    return CliRunner().invoke(build_cli(given), given)


def test_harlequin_runs_a_query(endpoint: str) -> None:
    ran = hsql(
        "--endpoint-url", endpoint, "--regions", "us-east-1", "--regions", "eu-west-1", "--csv",
        "-c", "SELECT region, count(*) AS images FROM sagemaker.images_list_only GROUP BY ALL ORDER BY ALL",
    )  # fmt: skip
    assert (ran.exit_code, ran.stdout.splitlines()) == (0, ["region,images", "eu-west-1,2", "us-east-1,6"]), ran.output
