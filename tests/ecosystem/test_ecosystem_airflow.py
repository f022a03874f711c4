"""Airflow's own ``DbApiHook`` over the driver, as its documentation has one made: a placeholder, and ``get_conn``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest
from airflow.providers.common.sql.hooks.handlers import fetch_all_handler, fetch_one_handler
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

import ccdbapi
from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl

IMAGES = "SELECT region, image_arn FROM awscc.sagemaker.images_list_only"
GROUPS = "SELECT Identifier FROM awscc.logs.log_groups_list_only WHERE Identifier LIKE '/airflow%' ORDER BY ALL"


class Hook(DbApiHook):  # type: ignore[misc]  # only `nox -s ecosystem` installs what it extends
    """A hook for the driver."""

    conn_name_attr = "awscc_conn_id"
    default_conn_name = "awscc_default"
    placeholder = "?"
    supports_executemany = True
    service: ClassVar[CloudControl]

    def get_conn(self) -> ccdbapi.Connection:
        return ccdbapi.connect(embedded=self.service, regions=["us-east-1"])

    def get_uri(self) -> str:
        return "awscc://?embedded=true&regions=us-east-1"


@pytest.fixture
def hook(service: CloudControl, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setenv("AIRFLOW_CONN_AWSCC_DEFAULT", "awscc://")
    demo.load(service)
    Hook.service = service
    yield Hook()
    del Hook.service


@pytest.mark.parametrize(
    ("condition", "parameters"), [("region = ?", ["eu-west-1"]), ("region = :region", {"region": "eu-west-1"})]
)
def test_records_take_parameters(hook: Hook, condition: str, parameters: object) -> None:
    rows = hook.get_records(f"{IMAGES} WHERE {condition}", parameters)
    assert [region for region, _ in rows] == ["eu-west-1"] * 2
    assert [(call.operation, call.region) for call in hook.service.calls] == [("ListResources", "eu-west-1")]


def test_the_first_record_is_one_row(hook: Hook) -> None:
    assert hook.get_first("SELECT 6 * 7, 'x'") == (42, "x")


def test_handlers_take_the_rows_of_each_statement(hook: Hook) -> None:
    assert hook.run([IMAGES, "SELECT 1"], handler=fetch_one_handler)[1] == (1,)
    several = hook.run("SELECT 1; SELECT ';' ;", handler=fetch_all_handler, split_statements=True, return_last=False)
    assert several == [[(1,)], [(";",)]]
    assert [description[0].type_code for description in hook.descriptions] == ["INTEGER", "VARCHAR"]


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_write_has_no_rows_and_stays(hook: Hook, autocommit: bool) -> None:
    insert = "INSERT INTO awscc.logs.log_groups (log_group_name) VALUES ('/airflow')"
    assert hook.run(insert, autocommit=autocommit, handler=fetch_all_handler) is None
    assert hook.get_records(GROUPS) == [("/airflow",)]


@pytest.mark.parametrize("together", [False, True])
def test_rows_are_inserted(hook: Hook, together: bool) -> None:
    hook.insert_rows(
        "awscc.logs.log_groups",
        [("/airflow/one", 7), ("/airflow/two", 14)],
        target_fields=["log_group_name", "retention_in_days"],
        executemany=together,
    )
    assert hook.get_records(GROUPS) == [("/airflow/one",), ("/airflow/two",)]


def test_an_error_after_a_write_is_that_of_the_driver(hook: Hook) -> None:
    insert = "INSERT INTO awscc.logs.log_groups (log_group_name) VALUES ('/airflow')"
    with pytest.raises(ccdbapi.ProgrammingError, match="no table 'pictures'"):
        hook.run([insert, "SELECT * FROM awscc.sagemaker.pictures"])
    assert hook.get_records(GROUPS) == [("/airflow",)]


@pytest.mark.filterwarnings("ignore:pandas only supports SQLAlchemy connectable:UserWarning")
def test_records_are_frames(hook: Hook) -> None:
    assert hook.get_df(IMAGES, df_type="polars").columns == ["region", "image_arn"]
    assert [len(chunk) for chunk in hook.get_df_by_chunks(IMAGES, chunksize=4)] == [4, 2]


def test_the_connection_and_the_url_are_tested(hook: Hook) -> None:
    assert hook.test_connection() == (True, "Connection successfully tested")
    assert hook.get_sqlalchemy_engine().dialect.name == hook.dialect_name == "awscc"


def test_an_operator_runs_a_query(hook: Hook) -> None:
    operator = SQLExecuteQueryOperator(task_id="images", sql=f"{IMAGES} WHERE region = ?", parameters=["eu-west-1"])
    operator.get_db_hook = lambda: hook
    assert len(operator.execute({})) == 2
