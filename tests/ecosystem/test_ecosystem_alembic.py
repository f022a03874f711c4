"""Alembic: types belong to AWS, so a migration of them is an error, and makes no call."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from engines import engine_over
from sqlalchemy.exc import NotSupportedError

import ccdbapi.integrations.alembic
from ccdbapi.emulator.service import CloudControl


@pytest.fixture
def migrations(service: CloudControl) -> Iterator[MigrationContext]:
    with engine_over(service, "awscc:///sagemaker") as engine, engine.connect() as connection:
        yield MigrationContext.configure(connection)
    assert not service.calls


def test_the_dialect_is_known(migrations: MigrationContext) -> None:
    assert isinstance(migrations.impl, ccdbapi.integrations.alembic.AwsccImpl)


@pytest.mark.parametrize(
    "migrate",
    [
        lambda op: op.create_table("pictures", sa.Column("name", sa.String)),
        lambda op: op.drop_table("images"),
        lambda op: op.add_column("images", sa.Column("name", sa.String)),
        lambda op: op.drop_column("images", "tags"),
        lambda op: op.alter_column("images", "tags", new_column_name="labels"),
        lambda op: op.rename_table("images", "pictures"),
        lambda op: op.create_index("i", "images", ["image_name"]),
    ],
)
def test_a_migration_of_types_is_not_supported(
    migrations: MigrationContext, migrate: Callable[[Operations], object]
) -> None:
    with pytest.raises(NotSupportedError, match="resource types belong to AWS"):
        migrate(Operations(migrations))


def test_a_migration_may_read(migrations: MigrationContext) -> None:
    assert Operations(migrations).get_bind().execute(sa.text("SELECT 6 * 7")).scalar_one() == 42


def test_a_table_that_was_reflected_differs_in_nothing(migrations: MigrationContext) -> None:
    assert migrations.connection is not None
    metadata = sa.MetaData()
    sa.Table("images", metadata, autoload_with=migrations.connection)
    migrations.opts["include_name"] = lambda name, kind, parents: kind != "table" or name == "images"
    assert compare_metadata(migrations, metadata) == []
