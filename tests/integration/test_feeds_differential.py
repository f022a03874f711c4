"""Random statements over tables that tell each other what to get, against an engine that has all rows at hand.

A resource that is not asked for is a row that is lost, and nobody would see it. So whatever a statement is answered
from, keys that constants tell, keys that other rows tell, or a list, the answer has to be that over the whole world.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import duckdb
import pytest
from hypothesis import HealthCheck, assume, event, given, note, settings
from random_statements import CHILD_LISTS, LISTS, NAMES, REGIONS, TABLES, statements

import ccdbapi
from ccdbapi.emulator.service import CloudControl

MISSING = re.compile("needs .* in WHERE|is to be told by|do not tell what to get")


def create_world(connection: ccdbapi.Connection) -> None:
    """Resources whose names and properties name each other, or nothing, or are not there."""
    cursor = connection.cursor()
    texts = ("alpha", None, "beta", "us-east-1", "arn:aws:iam::123456789012:role/gamma", "alpha,delta", "absent")
    for number, (region, name) in enumerate(product(REGIONS, NAMES)):
        if number % 4 != 1:
            cursor.execute(
                "INSERT INTO awscc.glue.workflows (name, description, max_concurrent_runs, tags, region) "
                "VALUES (?, ?, ?, ?, ?)",
                (name, texts[number % 7], number % 3 + 1, json.dumps({"role": NAMES[number % 3]}), region),
            )
        if number % 3 != 2:
            value = ('["alpha","gamma"]', "beta", name, '["delta"]', "us-east-1")[number % 5]
            cursor.execute(
                "INSERT INTO awscc.ssm.parameters (name, type, value, description, region) "
                "VALUES (?, 'String', ?, ?, ?)",
                (name, value, texts[(number + 2) % 7], region),
            )
        if number % 5 != 3:
            policies = [f"arn:aws:iam::aws:policy/{other}" for other in NAMES[: number % 3]]
            cursor.execute(
                "INSERT INTO awscc.iam.roles (role_name, assume_role_policy_document, description, "
                "max_session_duration, managed_policy_arns, region) VALUES (?, '{}', ?, ?, ?, ?)",
                (name, texts[(number + 1) % 7], 3600 + number % 2, policies or None, region),
            )
        if number % 2:
            cursor.execute(
                "INSERT INTO awscc.lambda.functions (function_name, role, code, memory_size, description, region) "
                """VALUES (?, ?, '{"ZipFile": ""}', ?, ?, ?)""",
                (name, f"arn:aws:iam::123456789012:role/{NAMES[number % 4]}", 128 * number, texts[number % 7], region),
            )
        if number in (0, 3, 5):
            cursor.execute(
                "INSERT INTO awscc.apigateway.rest_apis (name, description, region) VALUES (?, ?, ?) "
                "RETURNING identifier",
                (name, texts[number % 7], region),
            )
            (api,) = cursor.fetchone() or ("",)
            cursor.executemany(
                "INSERT INTO awscc.apigateway.models (rest_api_id, name, description, region) VALUES (?, ?, ?, ?)",
                [(api, model, texts[(number + 3) % 7], region) for model in NAMES[: number % 4]],
            )


def reference_of(connection: ccdbapi.Connection) -> duckdb.DuckDBPyConnection:
    """A plain engine whose tables hold what the driver finds where it lists everything."""
    reference = duckdb.connect(":memory:")
    reference.execute("ATTACH ':memory:' AS awscc")
    cursor = connection.cursor()
    for name, (texts, numbers, documents) in TABLES.items():
        columns = {"region": "VARCHAR", "Identifier": "VARCHAR"} | dict.fromkeys(texts, "VARCHAR")
        columns |= dict.fromkeys(numbers, "BIGINT") | dict.fromkeys(documents, "JSON")
        apis = f"SELECT region, rest_api_id FROM awscc.apigateway.rest_apis_list_only WHERE region IN {REGIONS}"
        parents = f" AND (region, rest_api_id) IN ({apis})"
        where = f"region IN {REGIONS}{parents if name.endswith('models') else ''}"
        rows = cursor.execute(
            f"SELECT {', '.join(f'CAST({column} AS VARCHAR)' for column in columns)} FROM {name} WHERE {where}"
        ).fetchall()
        assert rows
        schema = name.rpartition(".")[0]
        reference.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        typed = ", ".join(f"{column} {sql_type}" for column, sql_type in columns.items())
        reference.execute(f"CREATE TABLE {name} ({typed})")
        reference.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
        for lists in (LISTS, CHILD_LISTS):
            if f"{name}_list_only" in lists:
                listed = ", ".join(("region", "Identifier", *lists[f"{name}_list_only"]))
                reference.execute(f"CREATE VIEW {name}_list_only AS SELECT {listed} FROM {name}")
    return reference


@dataclass(frozen=True)
class World:
    """The emulator, connections to it, and the reference."""

    service: CloudControl
    denying: ccdbapi.Connection
    listing: ccdbapi.Connection
    reference: duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    service = CloudControl()
    with (
        ccdbapi.connect(embedded=service) as denying,
        ccdbapi.connect(embedded=service, scan="list", regions=list(REGIONS)) as listing,
    ):
        create_world(denying)
        reference = reference_of(listing)
        yield World(service, denying, listing, reference)
        reference.close()
    service.close()


def calls_since(service: CloudControl, before: int) -> list[tuple[str, ...]]:
    made = list(service.calls)[before:]
    return [
        (call.operation, call.region, *(f"{key}={value}" for key, value in sorted(call.payload.items())))
        for call in made
    ]


def answer(connection: ccdbapi.Connection, sql: str) -> list[str]:
    with connection.cursor() as cursor:
        return sorted(map(repr, cursor.execute(sql).fetchall()))


def expected_answer(reference: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return sorted(map(repr, reference.execute(sql).fetchall()))


@given(sql=statements())
@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
def test_an_answer_is_that_over_the_whole_world(world: World, sql: str) -> None:
    note(sql)
    try:
        event("told" if check(world, sql) else "not told")
    except (duckdb.InvalidInputException, ccdbapi.DatabaseError) as error:
        # What the reference itself cannot plan, and identifiers with too few parts, which the service refuses.
        assume(not re.search("BindBuiltinScalarFunction|not valid for identifier", str(error)))
        raise


def check(world: World, sql: str) -> bool:
    """Whether constants and rows tell enough for ``sql``. Fails where an answer is not that of the reference."""
    expected = expected_answer(world.reference, sql)
    before = len(world.service.calls)
    try:
        told = answer(world.denying, sql)
    except ccdbapi.ProgrammingError as error:
        if not MISSING.search(str(error)):
            raise
        assert len(world.service.calls) == before
    else:
        assert told == expected
        assert repeated_gets(world.service, before) == []
        return True
    try:
        listed = answer(world.listing, sql)
    except ccdbapi.ProgrammingError as error:
        # A list by parents that nothing tells.
        if not MISSING.search(str(error)) or "models" not in sql:
            raise
        return False
    assert listed == expected
    assert repeated_gets(world.service, before) == []
    return False


def repeated_gets(service: CloudControl, before: int) -> Sequence[object]:
    """The resources that were got more than once since ``before``."""
    made = Counter(call for call in calls_since(service, before) if call[0] == "GetResource")
    return [call for call, times in made.items() if times > 1]


def test_the_reference_has_what_is_stored(world: World) -> None:
    counted = {name: world.reference.execute(f"SELECT count(*) FROM {name}").fetchone() for name in TABLES}
    assert counted == {
        "awscc.glue.workflows": (6,),
        "awscc.ssm.parameters": (6,),
        "awscc.iam.roles": (7,),
        "awscc.lambda.functions": (4,),
        "awscc.apigateway.rest_apis": (3,),
        "awscc.apigateway.models": (4,),
    }
