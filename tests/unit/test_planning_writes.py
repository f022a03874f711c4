"""From INSERT, UPDATE and DELETE to the requests they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from ccdbapi.catalog import packaged
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.exceptions import DatabaseError, NotSupportedError, ProgrammingError
from ccdbapi.parameters import Parameters, values_for
from ccdbapi.planning import (
    DeletePlan,
    Gets,
    InsertPlan,
    Key,
    Knowns,
    Plan,
    Planner,
    QueryPlan,
    RequestOptions,
    Returning,
    UpdatePlan,
)
from ccdbapi.sql import parse

Planning = Callable[..., Plan]


def planning(regions: Sequence[str] = (), schema: str | None = None) -> Iterator[Planning]:
    database = Database("awscc", schema)
    planner = Planner(database, packaged(), regions=regions, schema=schema)

    def plan(sql: str, parameters: Parameters | None = None) -> Plan:
        statement = parse(sql)
        planned = planner.plan(statement, Bindings(values_for(statement, parameters)))
        assert isinstance(planned, Plan)
        return planned

    yield plan
    database.close()


@pytest.fixture(scope="module")
def plan() -> Iterator[Planning]:
    yield from planning()


@pytest.fixture(scope="module")
def plan_with_defaults() -> Iterator[Planning]:
    yield from planning(("us-east-1",), "sagemaker")


T = "awscc.sagemaker.images"
AT = "region = 'a' AND identifier = 'x'"
PATCH = "PatchDocument = '[]'"


def targets(plan: Plan) -> tuple[type[object], list[tuple[str, str]]]:
    """Whether the targets are asked for, and their keys."""
    assert isinstance(plan, UpdatePlan | DeletePlan)
    (source,) = plan.source.sources
    (calls,) = source.parts
    assert isinstance(calls, Gets | Knowns)
    assert isinstance(calls.keys, tuple)
    return type(calls), [(key.region, key.identifier) for key in calls.keys if isinstance(key, Key)]


# INSERT


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        ("ImageName, ImageRoleArn, region", ["image_name", "image_role_arn", "region"]),
        ("image_name, IMAGE_ROLE_ARN, Region", ["image_name", "image_role_arn", "region"]),
        ('"ImageName", "image_role_arn", region', ["image_name", "image_role_arn", "region"]),
        ("region, ImageRoleArn, ImageName", ["region", "image_role_arn", "image_name"]),
        ("ImageName, ImageRoleArn, region, ClientToken", ["image_name", "image_role_arn", "region", "client_token"]),
        ("ImageName, ImageRoleArn, region, rolearn, TypeVersionId",
         ["image_name", "image_role_arn", "region", "role_arn", "type_version_id"]),
        ("ImageName, ImageRoleArn, Tags, ImageDescription, region",
         ["image_name", "image_role_arn", "tags", "image_description", "region"]),
    ],
)  # fmt: skip
def test_columns_of_an_insert(plan: Planning, columns: str, roles: list[str]) -> None:
    planned = plan(f"INSERT INTO {T} ({columns}) VALUES ({', '.join('?' * len(roles))})", ["v"] * len(roles))
    assert isinstance(planned, InsertPlan)
    assert [role if isinstance(role, str) else role.name for role in planned.roles] == roles
    assert planned.default_region is None


def test_a_property_called_role_arn_is_the_property(plan: Planning) -> None:
    planned = plan(
        "INSERT INTO awscc.logs.subscription_filters (DestinationArn, FilterPattern, LogGroupName, RoleArn, "
        "ClientToken, region) VALUES ('d', 'f', 'g', 'r', 't', 'a')"
    )
    assert isinstance(planned, InsertPlan)
    assert [role if isinstance(role, str) else role.pointer for role in planned.roles[3:]] == [
        "/RoleArn",
        "client_token",
        "region",
    ]


def test_the_source_of_an_insert_is_a_query(plan: Planning) -> None:
    planned = plan(
        f"INSERT INTO {T} (ImageName, ImageRoleArn, region) SELECT image_name, image_role_arn, 'b' FROM {T} WHERE {AT}"
    )
    assert isinstance(planned, InsertPlan)
    assert [source.parts for source in planned.source.sources] == [(Gets((Key("a", "x"),)),)]


def test_an_insert_goes_to_the_connections_only_region(plan_with_defaults: Planning) -> None:
    planned = plan_with_defaults("INSERT INTO images (ImageName, ImageRoleArn) VALUES ('n', 'r')")
    assert isinstance(planned, InsertPlan)
    assert planned.default_region == "us-east-1"


@pytest.mark.parametrize(
    ("sql", "error", "message"),
    [
        (f"INSERT INTO {T} (ImageName, ImageRoleArn) VALUES ('n', 'r')", ProgrammingError, "add the column region"),
        (f"INSERT INTO {T} (ImageName, region) VALUES ('n', 'a')", ProgrammingError, "lacks image_role_arn"),
        (f"INSERT INTO {T} (ImageArn, ImageName, ImageRoleArn, region) VALUES (1, 2, 3, 4)", ProgrammingError,
         "image_arn of awscc.sagemaker.images is read-only: AWS sets it. Leave it out of the INSERT (line 1, column"),
        (f"INSERT INTO {T} (Imagenme, ImageRoleArn, region) VALUES (1, 2, 3)", ProgrammingError,
         "has no column Imagenme (line 1, column 37); did you mean ImageName"),
        (f"INSERT INTO {T} (\n ImageName, nothing, region) VALUES (1, 2, 3)", ProgrammingError, "(line 2, column 13)"),
        (f"INSERT INTO {T} (ImageName, image_name, ImageRoleArn, region) VALUES (1, 2, 3, 4)", ProgrammingError,
         "image_name"),
        (f"INSERT INTO {T} (ImageName, ImageRoleArn, region) SELECT 'n', 'r'", ProgrammingError,
         "names 3 columns, and its source gives 2"),
        (f"INSERT INTO {T} (ImageName, ImageRoleArn, region) SELECT 1, 2, 3, 4", ProgrammingError,
         "names 3 columns, and its source gives 4"),
        (f"INSERT INTO {T} (ImageName, ImageRoleArn, region) SELECT * FROM {T}", ProgrammingError,
         "needs region and Identifier in WHERE"),
        (f"INSERT INTO {T} (ImageName, ImageRoleArn, region) SELECT nothing, 'r', 'a'", ProgrammingError,
         "(at line 1, column 77)"),
        (f"INSERT INTO {T}_list_only (region) VALUES ('a')", NotSupportedError, "write to awscc.sagemaker.images"),
        ("INSERT INTO awscc.sagemaker.imags (region) VALUES ('a')", ProgrammingError, "did you mean 'images'?"),
        ("INSERT INTO images (region) VALUES ('a')", ProgrammingError, "named awscc.<service>.<resource>"),
        ("INSERT INTO awscc.main.images (region) VALUES ('a')", ProgrammingError, "is no table of AWS resources"),
    ],
)  # fmt: skip
def test_what_an_insert_cannot_be(plan: Planning, sql: str, error: type[DatabaseError], message: str) -> None:
    with pytest.raises(error) as refused:
        plan(sql)
    assert message in str(refused.value)


# UPDATE and DELETE


@pytest.mark.parametrize("verb", [f"UPDATE {T} SET {PATCH}", f"DELETE FROM {T}"])
@pytest.mark.parametrize(
    ("where", "calls", "keys"),
    [
        (AT, Knowns, [("a", "x")]),
        ("region = 'a' AND image_arn = 'x'", Knowns, [("a", "x")]),
        ("region IN ('a', 'b') AND identifier = 'x'", Knowns, [("a", "x"), ("b", "x")]),
        ("(region, identifier) IN (('a', 'x'), ('b', 'y'))", Knowns, [("a", "x"), ("b", "y")]),
        (f"{AT} AND clienttoken = 't' AND RoleArn = 'r'", Knowns, [("a", "x")]),
        ("images.region = 'a' AND images.identifier = 'x'", Knowns, [("a", "x")]),
        (f"{AT} AND image_name = 'n'", Gets, [("a", "x")]),
        (f"{AT} AND tags IS NOT NULL", Gets, [("a", "x")]),
        (f"{AT} AND false", Knowns, []),
    ],
)
def test_targets(plan: Planning, verb: str, where: str, calls: type[object], keys: list[tuple[str, str]]) -> None:
    assert targets(plan(f"{verb} WHERE {where}")) == (calls, keys)


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        (f"DELETE FROM {T} AS i WHERE i.region = 'a' AND i.identifier = 'x'", [("a", "x")]),
        (f"DELETE FROM {T} i WHERE i.region = ? AND i.identifier = ?", [("a", "x")]),
        ("DELETE FROM awscc.apigateway.models WHERE region = 'a' AND rest_api_id = 'r' AND name = 'm'", [("a", "r|m")]),
        (f"DELETE FROM {T} USING (VALUES ('n')) AS v(n) WHERE {AT} AND v.n = 'n'", [("a", "x")]),
        (f"UPDATE {T} SET PatchDocument = p FROM (VALUES ('[]')) AS v(p) WHERE {AT}", [("a", "x")]),
        (f"UPDATE {T} AS i SET patchdocument = string('[]') WHERE i.region = 'a' AND i.identifier = 'x'", [("a", "x")]),
        (f"DELETE FROM {T} WHERE {AT};", [("a", "x")]),
    ],
)
def test_targets_of_statements(plan: Planning, sql: str, keys: list[tuple[str, str]]) -> None:
    assert targets(plan(sql, ["a", "x"] if "?" in sql else None)) == (Knowns, keys)


def test_a_patch_made_of_the_resource_asks_for_it(plan: Planning) -> None:
    patch = """'[{"op": "test", "path": "/a", "value": "' || image_name || '"}]'"""
    assert targets(plan(f"UPDATE {T} SET PatchDocument = {patch} WHERE {AT}")) == (Gets, [("a", "x")])


@pytest.mark.parametrize(
    ("sql", "error", "message"),
    [
        (f"DELETE FROM {T} WHERE region = 'a'", ProgrammingError, "needs Identifier in WHERE"),
        (f"DELETE FROM {T} WHERE identifier = 'x'", ProgrammingError, "needs region in WHERE"),
        (f"DELETE FROM {T} WHERE {AT} AND nothing = 1", ProgrammingError, "(at line 1, column 80)"),
        (f"DELETE FROM {T}_list_only WHERE region = 'a'", NotSupportedError, "write to awscc.sagemaker.images"),
        (f"DELETE FROM {T} WHERE {AT} AND ClientToken IN ('t', 'u')", ProgrammingError, "give it one value"),
        (f"UPDATE {T} SET ClientToken = 't' WHERE {AT}", ProgrammingError, "changes nothing: SET a column"),
        (f"UPDATE {T} SET imag_name = 'n' WHERE {AT}", ProgrammingError, "did you mean image_name"),
        (f"UPDATE {T} SET region = 'b', {PATCH} WHERE {AT}", ProgrammingError, "region"),
        (f"UPDATE {T} SET {PATCH} WHERE region = 'a'", ProgrammingError, "needs Identifier in WHERE"),
        (f"UPDATE {T} SET PatchDocument = nothing WHERE {AT}", ProgrammingError, "(at line 1, column 51)"),
        ("DELETE FROM awscc.sagemaker.imags WHERE region = 'a'", ProgrammingError, "did you mean 'images'?"),
        ("DELETE FROM information_schema.tables WHERE 1 = 1", ProgrammingError, "is no table of AWS resources"),
    ],
)
def test_what_an_update_or_delete_cannot_be(plan: Planning, sql: str, error: type[DatabaseError], message: str) -> None:
    with pytest.raises(error) as refused:
        plan(sql)
    assert message in str(refused.value)


# Options of the requests

OPTIONS = [
    (f"/*+ client_token('t') */ DELETE FROM {T} WHERE {AT}", RequestOptions(client_token="t"), None),
    (f"/*+ delete role_arn('r') type_version_id('1') */ DELETE FROM {T} WHERE {AT}",
     RequestOptions(role_arn="r", type_version_id="1"), None),
    (f"/*+ async */ DELETE FROM {T} WHERE {AT}", RequestOptions(), False),
    (f"/*+ await */ DELETE FROM {T} WHERE {AT}", RequestOptions(), True),
    (f"/*+ update role_arn('r') async */ UPDATE {T} SET {PATCH} WHERE {AT}", RequestOptions(role_arn="r"), False),
    (f"/*+ create role_arn('r') */ INSERT INTO {T} (ImageName, ImageRoleArn, region) VALUES ('n', 'r', 'a')",
     RequestOptions(role_arn="r"), None),
    (f"DELETE FROM {T} WHERE {AT}", RequestOptions(), None),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "options", "awaited"), OPTIONS, ids=[sql for sql, *_ in OPTIONS])
def test_options_by_hint(plan: Planning, sql: str, options: RequestOptions, awaited: bool | None) -> None:
    planned = plan(sql)
    assert not isinstance(planned, QueryPlan)
    assert (planned.options, planned.awaited) == (options, awaited)


def test_options_by_where_are_values_of_the_targets(plan: Planning) -> None:
    planned = plan(f"DELETE FROM {T} WHERE {AT} AND ClientToken = 't' AND RoleArn = 'r' AND TypeVersionId = '1'")
    assert isinstance(planned, DeletePlan)
    (source,) = planned.source.sources
    assert source.constants == {"ClientToken": "t", "RoleArn": "r", "TypeVersionId": "1"}


# RETURNING


@pytest.mark.parametrize(
    ("returning", "names"),
    [
        ("ErrorCode, EventTime, Identifier, Operation, OperationStatus, RequestToken, ResourceModel, RetryAfter, "
         "StatusMessage, TypeName",
         ["ErrorCode", "EventTime", "Identifier", "Operation", "OperationStatus", "RequestToken", "ResourceModel",
          "RetryAfter", "StatusMessage", "TypeName"]),
        ("*", ["ErrorCode", "EventTime", "HooksRequestToken", "Identifier", "Operation", "OperationStatus",
               "RequestToken", "ResourceModel", "RetryAfter", "StatusMessage", "TypeName", "HooksProgressEvent",
               "region"]),
        ("Identifier AS i, upper(image_name) AS u, ImageName", ["i", "u", "ImageName"]),
        ("identifier, region", ["Identifier", "region"]),
        ("* EXCLUDE (EventTime, RetryAfter, ResourceModel, HooksProgressEvent, HooksRequestToken), image_arn",
         ["ErrorCode", "Identifier", "Operation", "OperationStatus", "RequestToken", "StatusMessage", "TypeName",
          "region", "image_arn"]),
        ("ResourceModel->>'$.ImageName' AS name", ["name"]),
        ("len(tags) AS n, tags", ["n", "tags"]),
        ("?::INT + 1 AS n", ["n"]),
    ],
)  # fmt: skip
def test_returning_is_a_query_over_the_events(returning: str, names: list[str]) -> None:
    database = Database("awscc")
    planner = Planner(database, packaged(), regions=(), schema=None)
    statement = parse(f"DELETE FROM {T} WHERE {AT} RETURNING {returning};")
    bindings = Bindings([41] if "?" in returning else [])
    planned = planner.plan(statement, bindings)
    assert isinstance(planned, DeletePlan)
    assert isinstance(planned.returning, Returning)
    columns = database.columns(planned.returning.sql, bindings, planned.returning.locate)
    assert [name.lower() for name in columns] == [name.lower() for name in names]
    database.close()


@pytest.mark.parametrize(
    ("returning", "error", "message"),
    [
        ("nothing", ProgrammingError, "(at line 2, column 11)"),
        ("Identifier, nothing", ProgrammingError, "(at line 2, column 23)"),
        (f"(SELECT 1 FROM {T} WHERE {AT})", NotSupportedError, "no other table"),
        ("count(*)", ProgrammingError, "aggregate"),
        ("nothing(1)", ProgrammingError, "nothing"),
    ],
)
def test_what_returning_cannot_be(plan: Planning, returning: str, error: type[DatabaseError], message: str) -> None:
    with pytest.raises(error) as refused:
        plan(f"DELETE FROM {T} WHERE {AT}\nRETURNING {returning}")
    assert message in str(refused.value)
