"""Views of lists, whose definitions are queries that give the same rows by the same calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from engines import engine_over
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import NoSuchTableError

from ccdbapi.catalog import packaged
from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl

Calls = list[tuple[str, str, object, object]]

#: What to insert, so that there is something to see beside the demo data.
INSERTS = (
    "INSERT INTO apigateway.models (RestApiId, Name, ContentType, region) "
    "VALUES ('api', 'm1', 'application/json', 'us-east-1'), ('api', 'm2', 'application/json', 'us-east-1')",
    "INSERT INTO glue.workflows (Name, region) VALUES ('w', 'eu-west-1')",
)


@pytest.fixture
def engine(service: CloudControl) -> Iterator[Engine]:
    demo.load(service)
    with engine_over(service) as engine:
        with engine.connect() as connection:
            for insert in INSERTS:
                connection.execute(sa.text(insert))
        service.calls.clear()
        yield engine


def read(connection: Connection, service: CloudControl, statement: str) -> tuple[list[tuple[object, ...]], Calls]:
    """The rows of a statement, and the calls that it made."""
    rows = sorted(tuple(row) for row in connection.execute(sa.text(statement)))
    made = sorted(
        (call.operation, call.region, call.payload.get("TypeName"), call.payload.get("ResourceModel"))
        for call in service.calls
    )
    service.calls.clear()
    return rows, made


@pytest.mark.parametrize(
    ("schema", "name", "where", "number"),
    [
        ("sagemaker", "images_list_only", "region = 'us-east-1'", 6),
        ("sagemaker", "images_list_only", "region IN ('us-east-1', 'eu-west-1') AND image_arn LIKE '%pytorch%'", 3),
        ("glue", "workflows_list_only", "region = 'eu-west-1'", 1),
        ("logs", "log_groups_list_only", "region = 'us-east-1'", 2),
        ("cloud_control", "vw_successful_requests", "region = 'us-east-1' AND operation = 'CREATE'", 14),
        ("cloud_control", "vw_delete_requests", "region = 'us-east-1'", 0),
    ],
)
def test_a_definition_gives_the_rows_and_makes_the_calls_of_its_view(
    engine: Engine, service: CloudControl, schema: str, name: str, where: str, number: int
) -> None:
    definition = sa.inspect(engine).get_view_definition(name, schema)
    with engine.connect() as connection:
        expected, calls = read(connection, service, f"SELECT * FROM {schema}.{name} WHERE {where}")
        assert len(expected) == number
        assert read(connection, service, f"SELECT * FROM ({definition}) AS defined WHERE {where}") == (expected, calls)


def test_what_a_list_has_to_be_given_is_a_resource_model(engine: Engine, service: CloudControl) -> None:
    """It is the one thing that a definition cannot find in predicates on the view's own columns."""
    definition = sa.inspect(engine).get_view_definition("models_list_only", "apigateway")
    view = "SELECT * FROM apigateway.models_list_only WHERE region = 'us-east-1' AND rest_api_id = 'api'"
    with engine.connect() as connection:
        expected, calls = read(connection, service, view)
        asked = f"""{definition} AND region = 'us-east-1' AND "ResourceModel" = '{{"RestApiId": "api"}}'"""
        assert read(connection, service, asked) == (expected, calls)
    assert [row[-1] for row in expected] == ["api|m1", "api|m2"]


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("pictures_list_only", "sagemaker"),
        ("images", "sagemaker"),
        ("images_list_only", "none"),
        ("images_list_only", None),
    ],
)
def test_what_is_no_view_has_no_definition(
    engine: Engine, service: CloudControl, name: str, schema: str | None
) -> None:
    with pytest.raises(NoSuchTableError, match=name):
        sa.inspect(engine).get_view_definition(name, schema)
    assert not service.calls


def test_every_view_is_defined_by_what_lists_any_type_and_any_request(engine: Engine, service: CloudControl) -> None:
    inspector = sa.inspect(engine)
    views = [(schema, name) for schema in packaged().services() for name in inspector.get_view_names(schema)]
    undefined = {name for schema, name in views if inspector.get_view_definition(name, schema) is None}

    assert len(views) > 1600
    assert undefined == {"resources", "resource_requests"}
    assert not service.calls
