"""SELECT as DuckDB has it, over the tables of AWS, with exactly the calls that each statement may make."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
EAST, WEST = "us-east-1", "eu-west-1"


def arn(name: str, region: str = EAST) -> str:
    return f"arn:aws:sagemaker:{region}:123456789012:image/{name}"


def image(name: str) -> str:
    """A condition for one image of us-east-1."""
    return f"region = '{EAST}' AND Identifier = '{arn(name)}'"


@pytest.fixture(scope="module")
def service() -> CloudControl:
    """Two regions with images: a, b and c in one, d in the other; a has two tags, b one, the others none."""
    service = CloudControl()
    with ccdbapi.connect(embedded=service) as connection:
        connection.cursor().executemany(
            "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, Tags, region) VALUES (?, ?, ?, ?)",
            [
                ("a", ROLE, [{"Key": "team", "Value": "x"}, {"Key": "stage", "Value": "prod"}], EAST),
                ("b", ROLE, [{"Key": "team", "Value": "y"}], EAST),
                ("c", ROLE, None, EAST),
                ("d", ROLE, None, WEST),
            ],
        )
    return service


@pytest.fixture
def cursor(service: CloudControl) -> Iterator[ccdbapi.Cursor]:
    with ccdbapi.connect(embedded=service) as connection:
        service.calls.clear()
        yield connection.cursor()


GET, LIST = "GetResource", "ListResources"


@pytest.mark.parametrize(
    ("query", "rows", "calls"),
    [
        ("SELECT 1 + 1", [(2,)], []),
        (f"SELECT upper(image_name), len(tags) FROM awscc.sagemaker.images WHERE {image('a')}", [("A", 2)], [GET]),
        (
            f"SELECT t.tag->>'Key' FROM awscc.sagemaker.images, unnest(tags->'$[*]') AS t(tag) WHERE {image('a')} "
            "ORDER BY 1",
            [("stage",), ("team",)],
            [GET],
        ),
        (
            f"SELECT count(*) FROM awscc.sagemaker.images_list_only WHERE region IN ('{EAST}', '{WEST}')",
            [(4,)],
            [LIST, LIST],
        ),
        (
            f"SELECT region, count(*) FROM awscc.sagemaker.images_list_only WHERE region = '{EAST}' OR "
            f"region = '{WEST}' GROUP BY region HAVING count(*) > 1",
            [(EAST, 3)],
            [LIST, LIST],
        ),
        (
            f"WITH east AS (SELECT * FROM awscc.sagemaker.images_list_only WHERE region = '{EAST}') "
            "SELECT count(*), (SELECT min(image_arn) FROM east) FROM east",
            [(3, arn("a"))],
            [LIST],
        ),
        (
            "SELECT image_arn, row_number() OVER (ORDER BY image_arn DESC) FROM awscc.sagemaker.images_list_only "
            f"WHERE region = '{EAST}' QUALIFY row_number() OVER (ORDER BY image_arn DESC) = 1",
            [(arn("c"), 1)],
            [LIST],
        ),
        (
            f"SELECT image_name FROM awscc.sagemaker.images WHERE region = lower('US-EAST-1') "
            f"AND image_arn IN ('{arn('a')}', '{arn('b')}', '{arn('none')}') ORDER BY image_name DESC",
            [("b",), ("a",)],
            [GET, GET, GET],
        ),
        (
            f"SELECT image_name FROM awscc.sagemaker.images WHERE ({image('a')}) OR "
            f"(region = '{WEST}' AND Identifier = '{arn('d', WEST)}') ORDER BY ALL",
            [("a",), ("d",)],
            [GET, GET],
        ),
        (
            "SELECT virtual_table.image_name, count(*) FROM (SELECT * FROM awscc.sagemaker.images "
            f"WHERE {image('b')}) AS virtual_table GROUP BY 1 LIMIT 1000",
            [("b", 1)],
            [GET],
        ),
        (
            "SELECT a.image_name, b.image_name FROM awscc.sagemaker.images a JOIN awscc.sagemaker.images b "
            f"USING (region) WHERE a.region = '{EAST}' AND a.Identifier = '{arn('a')}' AND b.Identifier = '{arn('b')}'",
            [("a", "b")],
            [GET, GET],
        ),
        (
            f"SELECT 'one' AS kind, Identifier FROM awscc.sagemaker.images WHERE {image('c')} UNION ALL "
            f"SELECT 'all', Identifier FROM awscc.sagemaker.images_list_only WHERE region = '{WEST}' ORDER BY ALL",
            [("all", arn("d", WEST)), ("one", arn("c"))],
            [GET, LIST],
        ),
        (f"SELECT * FROM awscc.sagemaker.images WHERE {image('a')} AND 1 = 0", [], []),
        (f"SELECT count(*) FROM awscc.sagemaker.images WHERE {image('a')} AND region = '{WEST}'", [(0,)], []),
        (f"SELECT image_name FROM awscc.sagemaker.images WHERE {image('a')} AND image_name = 'b'", [], [GET]),
        (f"FROM awscc.sagemaker.images_list_only SELECT count(*) WHERE region = '{WEST}'", [(1,)], [LIST]),
    ],
)
def test_a_select_and_its_calls(
    service: CloudControl, cursor: ccdbapi.Cursor, query: str, rows: list[tuple[object, ...]], calls: list[str]
) -> None:
    assert cursor.execute(query).fetchall() == rows
    assert sorted(call.operation for call in service.calls) == sorted(calls)


def test_regions_stand_in_for_a_region_that_is_not_named(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service, regions=[EAST, WEST]) as connection:
        service.calls.clear()
        cursor = connection.cursor()
        assert cursor.execute("SELECT count(*) FROM awscc.sagemaker.images_list_only").fetchall() == [(4,)]
        assert {call.region for call in service.calls} == {EAST, WEST}


def test_a_schema_stands_in_for_a_service_that_is_not_named(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service, schema="awscc.sagemaker") as connection:
        cursor = connection.cursor()
        assert cursor.execute(f"SELECT image_name FROM images WHERE {image('a')}").fetchall() == [("a",)]


def test_a_limit_leaves_pages_unread() -> None:
    service = CloudControl()
    with ccdbapi.connect(embedded=service) as connection:
        cursor = connection.cursor()
        cursor.executemany(
            "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES (?, ?, ?)",
            [(f"image-{number}", ROLE, EAST) for number in range(100)],
        )
        service.calls.clear()
        cursor.execute(f"SELECT * FROM awscc.sagemaker.images_list_only WHERE region = '{EAST}' LIMIT 10")
        assert len(cursor.fetchall()) == 10
        assert [call.operation for call in service.calls] == [LIST]  # of four pages
