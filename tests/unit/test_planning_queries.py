"""From a query to the calls that answer it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import pytest

from ccdbapi.catalog import packaged
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.parameters import Parameters, values_for
from ccdbapi.planning import Gets, Key, Listing, Lists, Planner, QueryPlan, Source
from ccdbapi.sql import parse

Plan = Callable[..., QueryPlan]


def planning(regions: Sequence[str] = (), schema: str | None = None) -> Iterator[Plan]:
    database = Database("awscc", schema)
    planner = Planner(database, packaged(), regions=regions, schema=schema)

    def plan(sql: str, parameters: Parameters | None = None) -> QueryPlan:
        statement = parse(sql)
        planned = planner.plan(statement, Bindings(values_for(statement, parameters)))
        assert isinstance(planned, QueryPlan)
        return planned

    yield plan
    database.close()


@pytest.fixture(scope="module")
def plan() -> Iterator[Plan]:
    yield from planning()


@pytest.fixture(scope="module")
def plan_with_defaults() -> Iterator[Plan]:
    yield from planning(("us-east-1", "eu-west-1"), "sagemaker")


def source_of(plan: QueryPlan) -> Source:
    (source,) = plan.sources
    return source


def keys(plan: QueryPlan) -> list[tuple[str, str]]:
    """(region, identifier) of the gets of the plan's only source."""
    (calls,) = source_of(plan).parts
    assert isinstance(calls, Gets)
    assert isinstance(calls.keys, tuple)
    return [(key.region, key.identifier) for key in calls.keys if isinstance(key, Key)]


def listings(plan: QueryPlan) -> list[tuple[str, dict[str, str]]]:
    (calls,) = source_of(plan).parts
    assert isinstance(calls, Lists)
    assert isinstance(calls.listings, tuple)
    return [(each.region, dict(each.parents)) for each in calls.listings if isinstance(each, Listing)]


I = "awscc.sagemaker.images"  # noqa: E741
M = "awscc.apigateway.models"


@pytest.mark.parametrize(
    ("sql", "parameters", "expected"),
    [
        (f"SELECT * FROM {I} WHERE region = 'a' AND identifier = 'x'", None, [("a", "x")]),
        (f"SELECT * FROM {I} WHERE region = 'a' AND image_arn = 'x'", None, [("a", "x")]),
        (f"SELECT * FROM {I} WHERE region IN ('a', 'b') AND identifier IN ('x', 'y', 'x')", None,
         [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]),
        (f"SELECT * FROM {I} WHERE (region, identifier) IN (('b', 'y'), ('a', 'x'))", None, [("b", "y"), ("a", "x")]),
        (f"SELECT * FROM {I} WHERE region = ? AND identifier IN (?, ?)", ["a", "it's", "é\\;"],
         [("a", "it's"), ("a", "é\\;")]),
        (f"SELECT * FROM {I} WHERE region = :r AND identifier = :i", {"r": "a", "i": "x"}, [("a", "x")]),
        (f"SELECT * FROM {I} WHERE region = lower('A') AND identifier = concat('x', 1)", None, [("a", "x1")]),
        (f"SELECT * FROM {I} WHERE region = 'a' AND identifier IN ({', '.join('?' * 2_000)})",
         [str(n) for n in range(2_000)], [("a", str(n)) for n in range(2_000)]),
        (f"SELECT * FROM {I} WHERE region = 'a' AND identifier = 'x' AND image_name = 'n'", None, [("a", "x")]),
        (f"SELECT * FROM {I} WHERE region = 'a' AND identifier = 'x' AND image_arn = 'y'", None, [("a", "x")]),
        (f"SELECT 1 FROM {I} v JOIN {I} u USING (region, identifier) WHERE region = 'a' AND identifier = 'x'", None,
         [("a", "x")]),
        (f"SELECT * FROM {I} WHERE false", None, []),
        (f"SELECT * FROM {I} WHERE region = 'a' AND region = 'b' AND identifier = 'x'", None, []),
        # Composite identifiers, whole or in parts.
        (f"SELECT * FROM {M} WHERE region = 'a' AND identifier = 'r|m'", None, [("a", "r|m")]),
        (f"SELECT * FROM {M} WHERE region = 'a' AND rest_api_id = 'r' AND name IN ('m', 'n')", None,
         [("a", "r|m"), ("a", "r|n")]),
        (f"SELECT * FROM {M} WHERE region = 'a' AND (rest_api_id, name) IN (('r', 'm'), ('s', 'n'))", None,
         [("a", "r|m"), ("a", "s|n")]),
        # Names: services may be named alone, types as StackQL spells them, in any case.
        ("SELECT * FROM sagemaker.images WHERE region = 'a' AND identifier = 'x'", None, [("a", "x")]),
        ('SELECT * FROM AWSCC.SageMaker."IMAGES" WHERE REGION = \'a\' AND IDENTIFIER = \'x\'', None, [("a", "x")]),
    ],
)  # fmt: skip
def test_gets(plan: Plan, sql: str, parameters: Parameters | None, expected: list[tuple[str, str]]) -> None:
    assert keys(plan(sql, parameters)) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"SELECT * FROM {I}_list_only WHERE region = 'a'", [("a", {})]),
        (f"SELECT count(*) FROM {I}_list_only WHERE region IN ('a', 'b', 'a')", [("a", {}), ("b", {})]),
        (f"SELECT * FROM {I}_list_only WHERE region = 'a' AND image_arn LIKE '%x'", [("a", {})]),
        (f"SELECT * FROM {I}_list_only WHERE region = 'a' OR region = 'b' AND image_arn = 'x'", [("a", {}), ("b", {})]),
        (f"SELECT * FROM {M}_list_only WHERE region = 'a' AND rest_api_id = 'r'", [("a", {"RestApiId": "r"})]),
        (f"SELECT * FROM {M}_list_only WHERE region IN ('a', 'b') AND rest_api_id IN ('r', 's')",
         [("a", {"RestApiId": "r"}), ("a", {"RestApiId": "s"}), ("b", {"RestApiId": "r"}), ("b", {"RestApiId": "s"})]),
        (f"SELECT * FROM {M}_list_only WHERE (region, rest_api_id) IN (('a', 'r'), ('b', 's'))",
         [("a", {"RestApiId": "r"}), ("b", {"RestApiId": "s"})]),
        # Parents that a list takes but does not need.
        ("SELECT * FROM awscc.datazone.connections_list_only WHERE region = 'a' AND domain_identifier = 'd'",
         [("a", {"DomainIdentifier": "d"})]),
        ("SELECT * FROM awscc.datazone.connections_list_only WHERE region = 'a' AND domain_identifier = 'd' "
         "AND project_identifier = 'p'", [("a", {"DomainIdentifier": "d", "ProjectIdentifier": "p"})]),
        ("SELECT * FROM awscc.appstream.stack_fleet_associations_list_only WHERE region = 'a' AND stack_name = 's'",
         [("a", {"StackName": "s"})]),
    ],
)  # fmt: skip
def test_lists(plan: Plan, sql: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert listings(plan(sql)) == expected


def test_lists_that_would_show_a_resource_twice_are_refused(plan: Plan) -> None:
    table = "awscc.datazone.connections_list_only WHERE region = 'a' AND domain_identifier = 'd'"
    with pytest.raises(NotSupportedError, match="lists by domain_identifier, project_identifier"):
        plan(f"SELECT * FROM {table} UNION ALL SELECT * FROM {table} AND project_identifier = 'p'")


@pytest.mark.parametrize(
    ("sql", "columns", "scans", "stops"),
    [
        (f"SELECT region FROM {I} WHERE region = 'a' AND identifier = 'x'", "region Identifier", 1, False),
        (f"SELECT image_arn FROM {I} WHERE region = 'a' AND image_arn = 'x'", "region /ImageArn", 1, False),
        (
            f"SELECT image_name FROM {I} WHERE region = 'a' AND identifier = 'x'",
            "region Identifier properties",
            1,
            False,
        ),
        (f"SELECT count(*) FROM {I}_list_only WHERE region = 'a'", "region", 1, False),
        (f"SELECT image_arn FROM {I}_list_only WHERE region = 'a' LIMIT 5", "region /ImageArn", 1, True),
        (f"SELECT image_arn FROM {I}_list_only WHERE region = 'a' ORDER BY 1 LIMIT 5", "region /ImageArn", 1, False),
        (f"SELECT 1 FROM {I}_list_only v, {I}_list_only u WHERE v.region = 'a' AND u.region = 'b'", "region", 2, False),
        (f"SELECT image_arn FROM {I} WHERE false", "", 0, False),
    ],
)
def test_what_is_needed_of_a_source(plan: Plan, sql: str, columns: str, scans: int, stops: bool) -> None:
    source = source_of(plan(sql))
    assert (source.columns, source.scans, source.may_stop_early) == (frozenset(columns.split()), scans, stops)


def test_each_table_is_a_source(plan: Plan) -> None:
    planned = plan(
        f"SELECT 1 FROM {I}_list_only l, {I} g, {M} m WHERE l.region = 'a' AND g.region = 'b' AND g.identifier = 'x' "
        "AND m.region = 'c' AND m.identifier = 'r|m'"
    )
    assert [(source.table.name, *map(type, source.parts)) for source in planned.sources] == [
        ("images_list_only", Lists),
        ("images", Gets),
        ("models", Gets),
    ]


def test_a_query_over_no_table_has_no_source(plan: Plan) -> None:
    assert plan("SELECT 6 * 7").sources == ()


MISSING = [
    (f"SELECT * FROM {I}", "region and Identifier"),
    (f"SELECT * FROM {I} WHERE region = 'a'", "Identifier"),
    (f"SELECT * FROM {I} WHERE identifier = 'x'", "region"),
    (f"SELECT * FROM {I} WHERE image_arn = 'x'", "region"),
    (f"SELECT * FROM {I} WHERE region LIKE 'us-%' AND identifier = 'x'", "region"),
    (f"SELECT * FROM {I} WHERE region = 'a' AND identifier <> 'x'", "Identifier"),
    (f"SELECT * FROM {I} WHERE region = 'a' AND (identifier = 'x' OR image_name = 'n')", "Identifier"),
    (f"SELECT * FROM {I} WHERE region = 'a' OR identifier = 'x'", "Identifier"),
    (f"SELECT * FROM {M} WHERE region = 'a' AND rest_api_id = 'r'", "Identifier"),
    (f"SELECT * FROM {I}_list_only", "region"),
    (f"SELECT * FROM {I}_list_only WHERE image_arn = 'x'", "region"),
    (f"SELECT * FROM {M}_list_only", "region and rest_api_id"),
    (f"SELECT * FROM {M}_list_only WHERE region = 'a'", "rest_api_id"),
    (f"SELECT * FROM {M}_list_only WHERE rest_api_id = 'r'", "region"),
    (f"SELECT * FROM {M}_list_only WHERE region = 'a' AND rest_api_id <> 'r'", "rest_api_id"),
    ("SELECT * FROM awscc.appstream.stack_fleet_associations_list_only WHERE region = 'a'", "fleet_name"),
    ("SELECT * FROM awscc.wisdom.ai_agent_versions WHERE region = 'a'", "Identifier"),
]


@pytest.mark.parametrize(("sql", "lacking"), MISSING, ids=[sql for sql, _ in MISSING])
def test_missing_predicates_are_named_with_a_statement_that_has_them(plan: Plan, sql: str, lacking: str) -> None:
    with pytest.raises(ProgrammingError) as missing:
        plan(sql)
    message = str(missing.value)
    assert re.fullmatch(rf"awscc\.\S+ needs {lacking} in WHERE: .*", message)
    example = re.search(r"For example: (SELECT [^;]*;)", message)
    assert example is not None
    filled = re.sub("<[^>]*>", "5", example[1])
    assert source_of(plan(filled)).table.qualified_name == message.partition(" ")[0]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM awscc.sagemakr.images", "no service 'sagemakr' (did you mean 'sagemaker'?)"),
        ("SELECT * FROM awscc.sagemaker.imags", "no table 'imags' in service 'sagemaker' (did you mean 'images'?)"),
        ("SELECT * FROM awscc.nothing_at_all.like_it", "no service 'nothing_at_all'"),
        (
            "SELECT * FROM images WHERE region = 'a'",
            "There is no table images (at line 1, column 15); tables of AWS resources are named",
        ),
        (f"SELECT\n  imag_name FROM {I} WHERE region = 'a' AND identifier = 'x'", "(at line 2, column 3)"),
        (f"SELECT 'é☃𝄞', imag_name FROM {I} WHERE region = 'a' AND identifier = 'x'", "(at line 1, column 15)"),
        (f"SELECT * FROM {I} WHERE region = 'a' AND identifer = 'x'", "(at line 1, column 61)"),
        (f"SELECT nothing(1) FROM {I} WHERE region = 'a' AND identifier = 'x'", "Scalar Function with name nothing"),
    ],
)
def test_names_that_do_not_exist(plan: Plan, sql: str, message: str) -> None:
    with pytest.raises(ProgrammingError) as unknown:
        plan(sql)
    assert message in str(unknown.value)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM images WHERE identifier = 'x'", [("us-east-1", "x"), ("eu-west-1", "x")]),
        ("SELECT * FROM images WHERE region = 'z' AND identifier = 'x'", [("z", "x")]),
        ("SELECT * FROM awscc.sagemaker.images WHERE region = 'z' AND identifier = 'x'", [("z", "x")]),
        ("FROM images WHERE region LIKE 'us-%' AND identifier = 'x'", [("us-east-1", "x")]),
        (f"SELECT * FROM {M} WHERE region = 'z' AND identifier = 'r|m'", [("z", "r|m")]),
        ("WITH images AS (SELECT 1 AS n) SELECT v.image_name FROM sagemaker.images v, images WHERE identifier = 'x'",
         [("us-east-1", "x"), ("eu-west-1", "x")]),
    ],
)  # fmt: skip
def test_regions_and_schema_of_the_connection(
    plan_with_defaults: Plan, sql: str, expected: list[tuple[str, str]]
) -> None:
    assert keys(plan_with_defaults(sql)) == expected


def test_regions_of_the_connection_are_listed(plan_with_defaults: Plan) -> None:
    assert listings(plan_with_defaults("FROM images_list_only")) == [("us-east-1", {}), ("eu-west-1", {})]


def test_regions_of_the_connection_do_not_stand_for_identifiers(plan_with_defaults: Plan) -> None:
    with pytest.raises(ProgrammingError, match="needs Identifier in WHERE"):
        plan_with_defaults("SELECT * FROM images")


def test_hints_are_the_options_of_a_query(plan: Plan) -> None:
    options = plan(f"/*+ role_arn('r') type_version_id('1') */ SELECT * FROM {I}_list_only WHERE region = 'a'").options
    assert (options.role_arn, options.type_version_id) == ("r", "1")


def test_values_are_in_no_repr(plan: Plan) -> None:
    assert "hunter2" not in repr(plan("SELECT ? AS secret", ["hunter2"]))


def test_a_plan_is_the_same_for_another_set_of_values(plan: Plan) -> None:
    sql = f"SELECT * FROM {I} WHERE region = ? AND identifier = ?"
    assert [keys(plan(sql, values)) for values in (["a", "x"], ["b", "y"])] == [[("a", "x")], [("b", "y")]]
