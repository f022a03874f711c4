"""A log group and an SSM parameter through their whole lives: against the emulator, and against AWS where asked for.

    CCDBAPI_LIVE=1 python -m pytest tests/e2e -m live

uses the caller's own credentials and default region (us-east-1 without one). What it makes costs nothing, has a name of
its own, and is deleted whatever happens.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.session import Session
from served import served

import ccdbapi

#: How often a list is read until it shows what was made: a service may take a while to list it.
LIST_ATTEMPTS = 30


@dataclass(frozen=True)
class Target:
    """A connection, and the region to work in."""

    connection: ccdbapi.Connection
    region: str


@dataclass(frozen=True)
class Kind:
    """A type of resources: its table, a name that tells them apart, and what is changed: its column and property."""

    table: str
    name_column: str
    name: str
    others: dict[str, object]
    column: str
    property: str
    before: object
    after: object


LOG_GROUP = Kind(
    "awscc.logs.log_groups", "log_group_name", "/ccdbapi/live/{}", {}, "retention_in_days", "RetentionInDays", 1, 3
)
PARAMETER = Kind(
    "awscc.ssm.parameters", "name", "/ccdbapi/live/{}", {"type": "String"}, "value", "Value", "first", "second"
)


@pytest.fixture(
    params=[
        "emulator",
        pytest.param(
            "aws",
            marks=[
                pytest.mark.live,
                pytest.mark.skipif(os.environ.get("CCDBAPI_LIVE") != "1", reason="talks to AWS: set CCDBAPI_LIVE=1"),
            ],
        ),
    ]
)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Cloud Control, emulated over HTTP or AWS's own."""
    if request.param == "aws":
        with ccdbapi.connect() as connection:
            yield Target(connection, Session().get_config_variable("region") or "us-east-1")
        return
    with served() as (connection, _):
        yield Target(connection, "us-east-1")


@pytest.mark.parametrize("kind", [LOG_GROUP, PARAMETER], ids=lambda kind: kind.table)
def test_a_resource_is_created_read_changed_listed_and_deleted(target: Target, kind: Kind) -> None:
    name = kind.name.format(uuid.uuid4())
    cursor = target.connection.cursor()
    one = f"FROM {kind.table} WHERE region = ? AND Identifier = ?"
    key = [target.region, name]

    def value_read() -> list[tuple[object, ...]]:
        return cursor.execute(f"SELECT {kind.name_column}, {kind.column} {one}", key).fetchall()

    try:
        columns = {kind.name_column: name, **kind.others, kind.column: kind.before, "region": target.region}
        cursor.execute(
            f"INSERT INTO {kind.table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
            "RETURNING OperationStatus, Identifier",
            list(columns.values()),
        )
        assert cursor.fetchall() == [("SUCCESS", name)]
        assert value_read() == [(name, kind.before)]

        patch = json.dumps([{"op": "replace", "path": f"/{kind.property}", "value": kind.after}])
        cursor.execute(f"UPDATE {kind.table} SET PatchDocument = ? WHERE region = ? AND Identifier = ?", [patch, *key])
        assert cursor.rowcount == 1
        assert value_read() == [(name, kind.after)]

        assert _is_listed(cursor, kind, key)

        cursor.execute(f"DELETE {one} RETURNING OperationStatus", key)
        assert cursor.fetchall() == [("SUCCESS",)]
        assert value_read() == []
    finally:
        _make_sure_it_is_gone(cursor, kind, key)


def _is_listed(cursor: ccdbapi.Cursor, kind: Kind, key: list[str]) -> bool:
    listed = f"SELECT Identifier FROM {kind.table}_list_only WHERE region = ? AND Identifier = ?"
    return any(cursor.execute(listed, key).fetchall() for _ in range(LIST_ATTEMPTS))


def _make_sure_it_is_gone(cursor: ccdbapi.Cursor, kind: Kind, key: list[str]) -> None:
    if cursor.execute(f"SELECT 1 FROM {kind.table} WHERE region = ? AND Identifier = ?", key).fetchall():
        cursor.execute(f"DELETE FROM {kind.table} WHERE region = ? AND Identifier = ?", key)
