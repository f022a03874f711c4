"""What the documentation of Ray Data and of Airflow says that they do with a driver, done without them.

Sources: ray.data.read_sql, and DbApiHook of apache-airflow-providers-common-sql.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import pyarrow as pa
import pytest
from served import connecting, demo_service

import ccdbapi
from ccdbapi.cursor import Row
from ccdbapi.emulator.service import CloudControl

IMAGES = "SELECT region, image_arn FROM awscc.sagemaker.images_list_only"

#: What makes a connection: Ray's ``connection_factory``, and what a hook's ``get_conn`` does.
Factory = Callable[[], ccdbapi.Connection]


@pytest.fixture
def service() -> CloudControl:
    return demo_service()


@pytest.fixture
def factory(service: CloudControl) -> Iterator[Factory]:
    """Makes connections to the service over HTTP, as another process would."""
    with connecting(service) as factory:
        yield factory


@contextmanager
def as_ray_connects(factory: Factory) -> Iterator[ccdbapi.Cursor]:
    """A cursor for one task: commits when it is done, rolls back when it fails, and closes the connection."""
    connection = factory()
    try:
        yield connection.cursor()
        connection.commit()
    except Exception:
        connection.rollback()
        raise
    finally:
        connection.close()


def as_ray_reads(cursor: ccdbapi.Cursor) -> pa.Table:
    """A block of the rows, by the names in the cursor's description."""
    rows = cursor.fetchall()
    assert cursor.description is not None
    return pa.Table.from_pydict({column[0]: [row[i] for row in rows] for i, column in enumerate(cursor.description)})


def test_ray_s_factory_reaches_a_worker(factory: Factory, service: CloudControl) -> None:
    there: Factory = pickle.loads(pickle.dumps(factory))  # noqa: S301  # what was pickled here
    with as_ray_connects(there) as cursor:
        block = as_ray_reads(cursor.execute(IMAGES))
    assert block.column_names == ["region", "image_arn"]
    assert block.num_rows == 6
    assert [(call.operation, call.region) for call in service.calls] == [("ListResources", "us-east-1")]


@pytest.mark.parametrize("parallelism", [2, 3])
def test_ray_s_shards_are_the_whole(factory: Factory, parallelism: int) -> None:
    with as_ray_connects(factory) as cursor:
        whole = cursor.execute(IMAGES).fetchall()
    shards: list[object] = []
    for task in range(parallelism):
        with as_ray_connects(factory) as cursor:
            cursor.execute(
                f"SELECT * FROM ({IMAGES}) as T WHERE MOD(ABS(unicode(image_arn[-1])), {parallelism}) = {task}"
            )
            shards += cursor.fetchall()
    assert sorted(map(str, shards)) == sorted(map(str, whole))


def test_ray_counts_rows(factory: Factory) -> None:
    with as_ray_connects(factory) as cursor:
        assert cursor.execute(f"SELECT COUNT(*) FROM ({IMAGES}) as T").fetchone() == (6,)


def test_ray_sees_what_a_task_failed_of(factory: Factory) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match="no table 'pictures'"), as_ray_connects(factory) as cursor:
        cursor.execute("SELECT * FROM awscc.sagemaker.pictures")


def as_airflow_runs(
    factory: Factory, statements: Sequence[str], parameters: Sequence[object] | None = None
) -> list[list[Row]]:
    """``DbApiHook.run``, and with it ``get_records`` and ``get_first``, of a hook without ``supports_autocommit``."""
    results = []
    with closing(factory()) as connection:
        with closing(connection.cursor()) as cursor:
            for statement in statements:
                if parameters is None:
                    cursor.execute(statement)
                else:
                    cursor.execute(statement, parameters)
                results.append(cursor.fetchall() if cursor.description is not None else [])
                assert cursor.rowcount >= 0
        connection.commit()
    return results


def test_airflow_gets_records(factory: Factory) -> None:
    [rows] = as_airflow_runs(factory, [f"{IMAGES} WHERE region = ?"], ["eu-west-1"])
    assert [region for region, _ in rows] == ["eu-west-1"] * 2


def test_airflow_runs_several_statements(factory: Factory, service: CloudControl) -> None:
    written, rows = as_airflow_runs(
        factory,
        [
            "INSERT INTO awscc.logs.log_groups (log_group_name) VALUES ('/airflow')",
            "SELECT Identifier FROM awscc.logs.log_groups_list_only WHERE Identifier LIKE '/air%'",
        ],
    )
    assert (written, rows) == ([], [("/airflow",)])
    assert sum(call.operation == "CreateResource" for call in service.calls) == 1


def test_airflow_inserts_rows(factory: Factory, service: CloudControl) -> None:
    """``DbApiHook.insert_rows`` of a hook with ``supports_executemany`` and the placeholder ``?``."""
    with closing(factory()) as connection:
        connection.commit()
        with closing(connection.cursor()) as cursor:
            cursor.executemany(
                "INSERT INTO awscc.logs.log_groups (log_group_name, retention_in_days) VALUES (?, ?)",
                [("/one", "7"), ("/two", "14")],
            )
        connection.commit()
    created = [call.payload["DesiredState"] for call in service.calls if call.operation == "CreateResource"]
    assert sorted(map(str, created)) == [
        '{"LogGroupName": "/one", "RetentionInDays": 7}',
        '{"LogGroupName": "/two", "RetentionInDays": 14}',
    ]


def test_airflow_s_autocommit_is_always_on(factory: Factory) -> None:
    with closing(factory()) as connection:
        connection.autocommit = True
        assert connection.autocommit
        with pytest.raises(ccdbapi.NotSupportedError, match="no transactions"):
            connection.autocommit = False
