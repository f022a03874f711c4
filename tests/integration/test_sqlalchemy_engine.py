"""Engines: their URLs, pools and transactions, and what they do when something goes wrong."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from served import ACCESS_KEY, CALLER, refusing_port
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, NotSupportedError, OperationalError, ProgrammingError

import ccdbapi
from ccdbapi.emulator import demo
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.sqlalchemy.version import BEFORE_2

GROUP = "INSERT INTO logs.log_groups (log_group_name, region) VALUES (:name, 'us-east-1')"
GROUPS = "SELECT Identifier FROM logs.log_groups_list_only WHERE region = 'us-east-1' ORDER BY 1"


def groups(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(sa.text(GROUPS)).scalars())


@pytest.mark.parametrize("url", ["awscc:///?embedded=true", "awscc+ccdbapi:///?embedded=true"])
def test_an_engine_has_one_emulated_account(url: str) -> None:
    engine = sa.create_engine(url, future=True)
    with engine.connect() as one, engine.connect() as other:
        one.execute(sa.text(GROUP), {"name": "a"})
        assert other.execute(sa.text(GROUPS)).scalars().all() == ["a"]
    engine.dispose()
    assert groups(engine) == ["a"]
    assert groups(sa.create_engine(url, future=True)) == []
    engine.dispose()


@pytest.mark.parametrize("kind", ["QueuePool", "NullPool", "StaticPool", "SingletonThreadPool", "AssertionPool"])
def test_an_engine_may_have_any_pool(kind: str) -> None:
    engine = sa.create_engine("awscc:///?embedded=true", poolclass=getattr(sa.pool, kind), future=True)
    with engine.connect() as connection:
        connection.execute(sa.text(GROUP), {"name": "a"})
    assert groups(engine) == ["a"]
    engine.dispose()


@pytest.mark.skipif(not BEFORE_2, reason="SQLAlchemy 1.4 has them still")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_engine_of_the_old_kind_runs_statements_by_itself(service: CloudControl) -> None:
    engine: Any = sa.create_engine("awscc://", connect_args={"embedded": service})
    table = reflected(engine, "logs", "log_groups")
    assert engine.execute(sa.text(GROUP), name="a").rowcount == 1
    assert engine.execute(table.insert().values(region="us-east-1", log_group_name="b")).inserted_primary_key == (
        "us-east-1",
        "b",
    )
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"region": "us-east-1", "log_group_name": name} for name in "cd"])
    assert [name for (name,) in engine.execute(GROUPS)] == ["a", "b", "c", "d"]
    assert engine.execute("SELECT ?, ?", 1, "b").fetchall() == [(1, "b")]
    engine.dispose()


def test_an_emulated_account_can_be_kept_in_a_file(tmp_path: Path) -> None:
    url = sa.engine.URL.create("awscc", query={"embedded": str(tmp_path / "state.db")})
    for expected in ([], ["a"]):
        engine = sa.create_engine(url, future=True)
        assert groups(engine) == expected
        if not expected:
            with engine.connect() as connection:
                connection.execute(sa.text(GROUP), {"name": "a"})
        engine.dispose()


def test_threads_share_an_engine(service: CloudControl) -> None:
    names = [f"group-{number}" for number in range(12)]
    start = threading.Barrier(4)

    def create(batch: int) -> None:
        start.wait()
        with engine.connect() as connection:
            for name in names[batch::4]:
                connection.execute(sa.text(GROUP), {"name": name})

    with engine_over(service) as engine:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(create, range(4)))
        assert groups(engine) == sorted(names)


def test_nothing_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    engine = sa.create_engine(
        "awscc://AKID:hidden-key@us-east-1/s3?aws_session_token=hidden-token&endpoint_url=http://me:hidden-word@proxy",
        future=True,
        echo="debug",
        echo_pool="debug",
    )
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        shown = [repr(connection), repr(connection.connection), repr(connection.connection.dbapi_connection)]
    engine.dispose()

    assert caplog.records
    assert "hidden" not in "".join([*shown, caplog.text, repr(engine.pool), repr(engine.dialect)])
    for text in (repr(engine), repr(engine.url), engine.url.render_as_string()):
        assert "hidden" not in text
        assert "AKID:***@us-east-1/s3" in text
    assert engine.url.render_as_string(hide_password=False).count("hidden") == 3
    assert engine.url.password == "hidden-key"


def test_the_url_reaches_the_connection() -> None:
    engine = sa.create_engine("awscc://AKID:a%2Fb@us-east-1/s3?aws_session_token=t&regions=a,b&wait=false", future=True)
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, ccdbapi.Connection)
        assert (
            driver.settings
            == ccdbapi.connect(
                region="us-east-1",
                aws_access_key_id="AKID",
                aws_secret_access_key="a/b",
                aws_session_token="t",
                regions=["a", "b"],
                schema="s3",
                wait=False,
            ).settings
        )
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("awscc://us-east-1?embeded=true", r"unknown setting embeded; did you mean embedded\? There are region, "),
        ("awscc://us-east-1?wait=maybe", "wait must be true or false"),
        ("awscc://us-east-1:443/s3", "has a port"),
    ],
)
def test_a_url_that_cannot_be_is_refused_at_once(url: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        sa.create_engine(url, future=True)


def test_an_unknown_schema_is_told_at_the_first_statement() -> None:
    engine = sa.create_engine("awscc:///sagemakr?embedded=true", future=True)
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="did you mean 'sagemaker'"):
        connection.execute(sa.text("SELECT 1"))
    engine.dispose()


def test_every_statement_takes_effect_at_once(service: CloudControl) -> None:
    with engine_over(service) as engine:
        with engine.connect() as connection:
            assert connection.get_isolation_level() == "AUTOCOMMIT"
            assert connection.default_isolation_level == "AUTOCOMMIT"
            connection.execute(sa.text(GROUP), {"name": "a"})
            connection.rollback()
            connection.execute(sa.text(GROUP), {"name": "b"})
            connection.commit()
            connection.execute(sa.text(GROUP), {"name": "c"})
        with contextlib.suppress(ZeroDivisionError), engine.begin() as connection:
            connection.execute(sa.text(GROUP), {"name": "d"})
            raise ZeroDivisionError
        assert groups(engine) == ["a", "b", "c", "d"]
        assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]  # a QueuePool


def test_another_isolation_level_is_refused(service: CloudControl) -> None:
    with engine_over(service) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        with pytest.raises(ArgumentError, match="AUTOCOMMIT"):
            connection.execution_options(isolation_level="SERIALIZABLE")


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "autocommit"])
def test_an_engine_may_ask_for_the_isolation_level_that_there_is(service: CloudControl, level: str) -> None:
    engine = sa.create_engine("awscc://", connect_args={"embedded": service}, isolation_level=level, future=True)
    assert groups(engine) == []
    engine.dispose()


def test_an_engine_of_another_isolation_level_is_refused() -> None:
    with pytest.raises(ArgumentError, match="AUTOCOMMIT"):
        sa.create_engine("awscc://", isolation_level="SERIALIZABLE", future=True).connect()


def test_a_savepoint_is_not_supported(service: CloudControl) -> None:
    with engine_over(service) as engine, engine.connect() as connection:
        connection.begin()
        with pytest.raises(NotSupportedError, match="no transactions"):
            connection.begin_nested()


def test_a_transaction_of_two_phases_is_not_supported(service: CloudControl) -> None:
    with engine_over(service) as engine, engine.connect() as connection:
        with pytest.raises(NotSupportedError, match="no transactions"):
            connection.begin_twophase()
        assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1


def test_a_closed_connection_is_replaced(service: CloudControl) -> None:
    with engine_over(service) as engine:
        with engine.connect() as connection:
            connection.connection.dbapi_connection.close()  # type: ignore[union-attr]
            with pytest.raises(sa.exc.InterfaceError) as raised:
                connection.execute(sa.text("SELECT 1"))
        assert raised.value.connection_invalidated
        assert groups(engine) == []


def test_a_connection_whose_engine_broke_down_is_replaced(service: CloudControl) -> None:
    def break_down(*_: object) -> None:
        raise duckdb.FatalException('FATAL Error: {"exception_type":"FATAL","exception_message":"invalidated"}')

    with engine_over(service) as engine:
        with engine.connect() as connection:
            assembly = connection.connection.dbapi_connection.assembly()  # type: ignore[union-attr]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(assembly.planner, "plans", break_down)
                with pytest.raises(sa.exc.InternalError) as raised:
                    connection.execute(sa.text("SELECT 1"))
        assert raised.value.connection_invalidated
        with engine.connect() as connection:
            assert connection.connection.dbapi_connection.assembly() is not assembly  # type: ignore[union-attr]
        assert groups(engine) == []


def test_a_ping_replaces_a_closed_connection(service: CloudControl) -> None:
    engine = sa.create_engine("awscc://", connect_args={"embedded": service}, pool_pre_ping=True, future=True)
    with engine.connect() as connection:
        connection.connection.dbapi_connection.close()  # type: ignore[union-attr]
    assert groups(engine) == []
    engine.dispose()
    assert [call.operation for call in service.calls] == ["ListResources"]


def test_an_unreachable_endpoint_invalidates_the_connection_and_not_the_engine(
    no_aws: pytest.MonkeyPatch, service: CloudControl
) -> None:
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": "x"}
    arguments = {**keys, "endpoint_url": f"http://127.0.0.1:{refusing_port()}", "max_attempts": 1}
    engine = sa.create_engine("awscc://", connect_args=arguments, future=True)
    with engine.connect() as connection:
        with pytest.raises(OperationalError, match="got no answer") as raised:
            connection.execute(sa.text(GROUPS))
        assert raised.value.connection_invalidated
        assert connection.invalidated
    with serve_in_thread(service) as url:
        arguments["endpoint_url"] = url

        @sa.event.listens_for(engine, "do_connect")
        def now_reachable(dialect: object, record: object, positional: object, keywords: dict[str, object]) -> None:
            keywords["endpoint_url"] = url

        assert groups(engine) == []
    engine.dispose()


def test_credentials_that_are_refused_are_an_operational_error(no_aws: pytest.MonkeyPatch) -> None:
    service = CloudControl(Options(check_signatures=True, credentials=CALLER))
    with serve_in_thread(service) as url:
        query = {"endpoint_url": url, "max_attempts": "1"}
        engine = sa.create_engine(
            sa.engine.URL.create("awscc", ACCESS_KEY, "wrong", "us-east-1", query=query), future=True
        )
        with engine.connect() as connection, pytest.raises(OperationalError, match="ignature") as raised:
            connection.execute(sa.text(GROUPS))
        engine.dispose()
    assert not raised.value.connection_invalidated
    assert "wrong" not in str(raised.value)


def test_the_driver_needs_no_sqlalchemy() -> None:
    use = "ccdbapi.connect(embedded=True).cursor().execute('SELECT 1')"
    code = f"import sys, ccdbapi; {use}; sys.exit('sqlalchemy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_demo_data_is_seen(service: CloudControl) -> None:
    demo.load(service)
    with engine_over(service, "awscc://us-east-1/logs") as engine, engine.connect() as connection:
        found = connection.execute(sa.text("SELECT count(*) FROM log_groups_list_only WHERE region = 'us-east-1'"))
        assert found.scalar_one() == 2
