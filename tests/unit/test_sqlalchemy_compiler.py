"""SQLAlchemy's expressions in the engine's SQL."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import ArgumentError, CompileError

from ccdbapi.sql.hints import _ALONE, _WITH_ARGUMENT, _WITH_NUMBER
from ccdbapi.sqlalchemy import AwsccDialect
from ccdbapi.sqlalchemy.hints import OPTIONS, hints_from
from ccdbapi.sqlalchemy.identifiers import RESERVED_WORDS
from ccdbapi.sqlalchemy.version import BEFORE_2

METADATA = sa.MetaData()
IMAGES = sa.Table(
    "images",
    METADATA,
    sa.Column("region", sa.String),
    sa.Column("image_name", sa.String),
    sa.Column("size", sa.BigInteger),
    sa.Column("tags", sa.JSON),
    sa.Column("Identifier", sa.String),
    schema="sagemaker",
)
FUNCTIONS = sa.Table("functions", METADATA, sa.Column("group", sa.String), schema="awscc.lambda")
i = IMAGES.c
_REGIONS = sa.select(FUNCTIONS.c.group).cte("regions")


def sql(expression: Any, *, literal: bool = True) -> str:
    """The expression on one line, with its values in it."""
    compiled = expression.compile(dialect=AwsccDialect(), compile_kwargs={"literal_binds": literal})
    return " ".join(str(compiled).split())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (i.tags[0]["Key"].as_string(), "json_extract_string(json_extract(sagemaker.images.tags, 0), '/Key')"),
        (i.tags[("a/b", 0, "~it's")], "json_extract(sagemaker.images.tags, '/a~1b/0/~0it''s')"),
        (i.tags[("a", -1)], """json_extract(sagemaker.images.tags, '$."a"[-1]')"""),
        (i.tags[-1], "json_extract(sagemaker.images.tags, -1)"),
        (i.tags["n"].as_integer(), "CAST(json_extract_string(sagemaker.images.tags, '/n') AS INTEGER)"),
        (i.tags["n"].as_float(), "CAST(json_extract_string(sagemaker.images.tags, '/n') AS DOUBLE)"),
        (i.tags["n"].as_boolean(), "CAST(json_extract_string(sagemaker.images.tags, '/n') AS BOOLEAN)"),
        (sa.literal([{"a": "it's"}], sa.JSON), """CAST('[{"a":"it''s"}]' AS JSON)"""),
        (i.tags == [1], "sagemaker.images.tags = CAST('[1]' AS JSON)"),
        (i.image_name.regexp_match("^a"), "regexp_matches(sagemaker.images.image_name, '^a')"),
        (i.image_name.regexp_match("^a", flags="i"), "regexp_matches(sagemaker.images.image_name, '^a', 'i')"),
        (~i.image_name.regexp_match("^a"), "NOT regexp_matches(sagemaker.images.image_name, '^a')"),
        (i.image_name.ilike("a%"), "sagemaker.images.image_name ILIKE 'a%'"),
        (i.region.is_distinct_from(None), "sagemaker.images.region IS DISTINCT FROM NULL"),
        (i.region.in_(["a", "b"]), "sagemaker.images.region IN ('a', 'b')"),
        (
            sa.tuple_(i.region, i.Identifier).in_([("a", "b"), ("c", "d")]),
            """(sagemaker.images.region, sagemaker.images."Identifier") IN (('a', 'b'), ('c', 'd'))""",
        ),
        (sa.cast(i.image_name, sa.Float), "CAST(sagemaker.images.image_name AS DOUBLE)"),
        (sa.cast(i.image_name, sa.Float(24)), "CAST(sagemaker.images.image_name AS FLOAT)"),
        (sa.cast(i.image_name, sa.LargeBinary), "CAST(sagemaker.images.image_name AS BLOB)"),
        (sa.cast(i.image_name, sa.JSON), "CAST(sagemaker.images.image_name AS JSON)"),
        (sa.cast(i.image_name, postgresql.JSONB), "CAST(sagemaker.images.image_name AS JSON)"),
        (sa.cast(i.image_name, sa.Interval), "CAST(sagemaker.images.image_name AS INTERVAL)"),
        (sa.cast(i.image_name, sa.ARRAY(sa.Integer)), "CAST(sagemaker.images.image_name AS INTEGER[])"),
        (sa.literal(datetime(2026, 1, 2, 3, 4, 5, 6)), "TIMESTAMP '2026-01-02 03:04:05.000006'"),  # noqa: DTZ001
        (sa.literal(datetime(2026, 1, 2, 3, 4, 5, 6), sa.Date), "DATE '2026-01-02'"),  # noqa: DTZ001
        (sa.literal(datetime(2026, 1, 2, 3, tzinfo=UTC)), "TIMESTAMPTZ '2026-01-02 03:00:00+00:00'"),
        (sa.literal(time(3, 4, 5)), "TIME '03:04:05'"),
        (sa.literal(time(3, 4, 5, tzinfo=UTC)), "TIMETZ '03:04:05+00:00'"),
        (sa.cast(i.image_name, postgresql.TIME(precision=3)), "CAST(sagemaker.images.image_name AS TIME)"),
        (sa.cast(i.image_name, sa.Interval(second_precision=3)), "CAST(sagemaker.images.image_name AS INTERVAL)"),
        (sa.cast(i.image_name, sa.CLOB), "CAST(sagemaker.images.image_name AS VARCHAR)"),
        (sa.literal(timedelta(days=1, microseconds=5), sa.Interval), "INTERVAL '86400000005 microseconds'"),
        (sa.func.array_agg(i.size, type_=sa.ARRAY(sa.Integer))[1], "(array_agg(sagemaker.images.size))[1]"),
        (sa.func.array_agg(i.size, type_=sa.ARRAY(sa.Integer))[2:3], "(array_agg(sagemaker.images.size))[2:3]"),
        (postgresql.array([i.size, 1]), "list_value(sagemaker.images.size, 1)"),
        (sa.literal(b"\x00'\xff"), "from_hex('0027ff')"),
        (i.size.between(1, 2), "sagemaker.images.size BETWEEN 1 AND 2"),
        (~i.size.between(1, 2), "sagemaker.images.size NOT BETWEEN 1 AND 2"),
        (sa.extract("year", i.image_name), "EXTRACT(year FROM sagemaker.images.image_name)"),
        (sa.true(), "true"),
    ],
)
def test_an_expression_is_written_as_the_engine_reads_it(expression: Any, expected: str) -> None:
    assert sql(expression) == expected


@pytest.mark.skipif(BEFORE_2, reason="SQLAlchemy 1.4 has it for SQL Server only")
def test_a_cast_may_fail() -> None:
    assert sql(sa.try_cast(i.image_name, sa.Integer)) == "TRY_CAST(sagemaker.images.image_name AS INTEGER)"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            sa.select(i.region).limit(2).offset(1),
            "SELECT sagemaker.images.region FROM sagemaker.images LIMIT 2 OFFSET 1",
        ),
        (
            sa.select(i.region).fetch(2).offset(1),
            "SELECT sagemaker.images.region FROM sagemaker.images LIMIT 2 OFFSET 1",
        ),
        (
            sa.select(i.region).order_by(i.size).fetch(2, with_ties=True),
            "SELECT sagemaker.images.region FROM sagemaker.images "
            "QUALIFY row_number() OVER (ORDER BY sagemaker.images.size) > 0 "
            "AND rank() OVER (ORDER BY sagemaker.images.size) <= 0 + 2 ORDER BY sagemaker.images.size",
        ),
        (
            sa.select(i.region).fetch(10, percent=True).offset(1),
            "SELECT sagemaker.images.region FROM sagemaker.images QUALIFY row_number() OVER () > 1 "
            "AND row_number() OVER () <= 1 + ceil(count(*) OVER () * 10 / 100)",
        ),
        (
            sa.select(FUNCTIONS.c.group),
            'SELECT awscc."lambda".functions."group" FROM awscc."lambda".functions',
        ),
        (sa.select(i.region).distinct(), "SELECT DISTINCT sagemaker.images.region FROM sagemaker.images"),
        (
            sa.delete(IMAGES).where(i.region == "a").returning(i.Identifier),
            """DELETE FROM sagemaker.images WHERE images.region = 'a' RETURNING "Identifier\"""",
        ),
        (
            sa.update(IMAGES).where(i.region == "a").values(image_name="b"),
            "UPDATE sagemaker.images SET image_name='b' WHERE images.region = 'a'",
        ),
        (
            sa.delete(IMAGES).where(i.image_name == FUNCTIONS.c.group),
            """DELETE FROM sagemaker.images USING awscc."lambda".functions """
            """WHERE images.image_name = awscc."lambda".functions."group\"""",
        ),
        (
            sa.delete(IMAGES).where(i.region.in_(sa.select(_REGIONS))),
            'WITH regions AS (SELECT awscc."lambda".functions."group" AS "group" FROM awscc."lambda".functions) '
            'DELETE FROM sagemaker.images WHERE images.region IN (SELECT regions."group" FROM regions)',
        ),
        (
            sa.insert(IMAGES).from_select(["region"], sa.select(FUNCTIONS.c.group)),
            'INSERT INTO sagemaker.images (region) SELECT awscc."lambda".functions."group" '
            'FROM awscc."lambda".functions',
        ),
        (
            sa.insert(IMAGES)
            .values([{"region": "a"}, {"region": "b"}])
            .returning(i.region, sa.column("OperationStatus")),
            """INSERT INTO sagemaker.images (region) VALUES ('a'), ('b') RETURNING region, "OperationStatus\"""",
        ),
    ],
)
def test_a_statement_is_written_as_the_driver_reads_it(statement: Any, expected: str) -> None:
    assert sql(statement) == expected


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (sa.select(i.region).with_for_update(), "FOR UPDATE is not supported"),
        (sa.select(i.region).distinct().fetch(2, with_ties=True), "WITH TIES needs a SELECT without DISTINCT"),
        (sa.union(sa.select(i.region), sa.select(i.region)).fetch(2, percent=True), "PERCENT"),
        (sa.select(i.size.between(2, 1, symmetric=True)), "BETWEEN SYMMETRIC is not supported"),
        (sa.select(~i.size.between(2, 1, symmetric=True)), "BETWEEN SYMMETRIC is not supported"),
        (sa.select(i.region).where(i.image_name.match("a")), "MATCH is not supported"),
        (sa.select(sa.Sequence("s").next_value()), "Sequences are not supported|sequences"),
        (postgresql.insert(IMAGES).values(region="a").on_conflict_do_nothing(), "ON CONFLICT is not supported"),
        (
            postgresql.insert(IMAGES)
            .values(region="a")
            .on_conflict_do_update(index_elements=["region"], set_={"size": 1}),
            "ON CONFLICT is not supported",
        ),
        (sa.insert(IMAGES).values(), "does not support"),
        (sa.insert(IMAGES).values(region=sa.Sequence("s").next_value()), "Sequences are not supported|sequences"),
        (sa.select(sa.func.count()).select_from(IMAGES.tablesample(10)), "TABLESAMPLE is not supported"),
        (sa.select(sa.insert(IMAGES).values(region="a").returning(i.region).cte("new")), "A CTE cannot write"),
        *(
            (sa.select(sa.cast(i.region, kind)), f"has no type {kind.__visit_name__}: cast")
            for kind in (postgresql.HSTORE, postgresql.INET, postgresql.TSVECTOR, postgresql.INT4RANGE)
        ),
    ],
)
def test_what_cannot_be_is_an_error_when_it_is_compiled(statement: Any, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        sql(statement, literal=False)


def test_a_value_that_stands_twice_is_one_parameter() -> None:
    start = sa.func.substr(i.image_name, 2)

    assert sql(sa.select(start).group_by(start), literal=False) == (
        "SELECT substr(sagemaker.images.image_name, :substr_2) AS substr_1 FROM sagemaker.images "
        "GROUP BY substr(sagemaker.images.image_name, :substr_2)"
    )


def test_parameters_may_be_question_marks() -> None:
    statement = sa.select(i.region).where(i.region == "a").compile(dialect=AwsccDialect(paramstyle="qmark"))

    assert str(statement).endswith("WHERE sagemaker.images.region = ?")


def test_quoted_are_the_words_that_the_engine_reserves() -> None:
    keywords = duckdb.execute(
        "FROM duckdb_keywords() SELECT keyword_name WHERE keyword_category <> 'unreserved'"
    ).fetchall()

    assert {name for (name,) in keywords} == RESERVED_WORDS


@pytest.mark.parametrize(
    ("options", "hints"),
    [
        ({}, ""),
        ({"stream_results": True, "awscc_async": False}, ""),
        ({"awscc_async": True}, "/*+ async */ "),
        ({"awscc_await": True, "awscc_client_token": "t-1"}, "/*+ await client_token('t-1') */ "),
        ({"awscc_role_arn": "it's"}, "/*+ role_arn('it''s') */ "),
        ({"awscc_type_version_id": "v"}, "/*+ type_version_id('v') */ "),
        ({"awscc_max_writes": 500, "awscc_no_cache": True}, "/*+ max_writes(500) no_cache */ "),
    ],
)
def test_execution_options_are_hints(options: dict[str, object], hints: str) -> None:
    assert hints_from(options) == hints


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"awscc_asinc": True}, r"no execution option awscc_asinc. Did you mean awscc_async\?"),
        ({"awscc_async": "yes"}, "awscc_async must be True or False"),
        ({"awscc_client_token": "*/ DELETE FROM t /*"}, "without comment marks"),
        ({"awscc_client_token": ""}, "must be text"),
        ({"awscc_role_arn": 7}, "must be text"),
        ({"awscc_max_writes": "many"}, "must be a number from 0"),
    ],
)
def test_an_execution_option_that_is_no_hint_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        hints_from(options)


def test_there_is_an_option_for_every_hint_that_means_something() -> None:
    for_readers_only = {"create", "delete", "required", "update"}
    hints = (_ALONE - for_readers_only) | _WITH_ARGUMENT | _WITH_NUMBER

    assert set(OPTIONS) == {f"awscc_{name}" for name in hints}


def test_the_version_is_known() -> None:
    assert (not hasattr(sa, "Double")) == BEFORE_2
