"""SQLAlchemy's statements, the calls that they come to, and what they give."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, NotSupportedError, ProgrammingError

from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl
from ccdbapi.sqlalchemy.version import BEFORE_2

ROLE = "arn:aws:iam::123456789012:role/sagemaker-images"


def arn(name: str, region: str = "us-east-1") -> str:
    return f"arn:aws:sagemaker:{region}:123456789012:image/{name}"


@pytest.fixture
def engine(service: CloudControl) -> Iterator[Engine]:
    demo.load(service)
    with engine_over(service) as engine:
        yield engine


@pytest.fixture
def images(engine: Engine) -> sa.Table:
    return reflected(engine, "sagemaker", "images")


@pytest.fixture
def listed(engine: Engine) -> sa.Table:
    return reflected(engine, "awscc.sagemaker", "images_list_only")


def rows(engine: Engine, statement: Any, *parameters: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(statement, *parameters)]


def calls(service: CloudControl) -> list[tuple[object, ...]]:
    """Operation, region and identifier of each call since the last time, sorted: those of a statement run at once."""
    made = sorted((call.operation, call.region, str(call.payload.get("Identifier", ""))) for call in service.calls)
    service.calls.clear()
    return list(made)


def get(name: str, region: str = "us-east-1") -> tuple[str, str, str]:
    return ("GetResource", region, arn(name, region))


LIST = ("ListResources", "us-east-1", "")


def test_a_resource_is_read(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    found = rows(engine, sa.select(images).where(images.c.region == "us-east-1", images.c.Identifier == arn("rstudio")))

    assert found == [
        (
            "us-east-1",
            "rstudio",
            arn("rstudio"),
            ROLE,
            "RStudio",
            "Notebooks of the analysts",
            [{"Key": "team", "Value": "finance"}, {"Key": "stage", "Value": "prod"}],
            arn("rstudio"),
        )
    ]
    assert calls(service) == [get("rstudio")]


def test_a_statement_is_cached_without_its_values(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    def team(number: int, key: str, name: str) -> list[tuple[Any, ...]]:
        value = images.c.tags[number][key].as_string()
        return rows(engine, sa.select(value).where(images.c.region == "us-east-1", images.c.Identifier == arn(name)))

    assert team(0, "Value", "rstudio") == [("finance",)]
    assert team(1, "Key", "spark-dev") == [("stage",)]
    assert calls(service) == [get("rstudio"), get("spark-dev")]


def test_json_is_looked_into(engine: Engine, images: sa.Table) -> None:
    tags = images.c.tags
    statement = sa.select(
        tags[0]["Key"].as_string(), tags[(1, "Value")].as_string(), tags[-1], tags[7], sa.func.json_array_length(tags)
    ).where(
        images.c.region == "us-east-1", images.c.Identifier == arn("rstudio"), tags[0]["Value"].as_string() == "finance"
    )

    assert rows(engine, statement) == [("team", "prod", {"Key": "stage", "Value": "prod"}, None, 2)]


def test_rows_are_grouped_by_what_is_in_json(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    names = ["pytorch-prod", "pytorch-dev", "rstudio"]
    where = images.c.region == "us-east-1", images.c.Identifier.in_(map(arn, names))
    statement = sa.select(images.c.tags[0]["Value"].as_string(), sa.func.count()).where(*where)

    grouped = rows(engine, statement.group_by(images.c.tags[0]["Value"].as_string()))

    assert sorted(grouped) == [("finance", 1), ("search", 2)]
    assert calls(service) == sorted(map(get, names))


def _short(listed: Any) -> Any:
    return sa.func.split_part(listed.c.image_arn, "/", -1)


def _of(listed: Any, region: str = "us-east-1") -> Any:
    return listed.c.region == region


def _names(listed: Any) -> Any:
    return sa.select(_short(listed).label("name")).where(_of(listed))


def _page(source: Any) -> Any:
    return sa.select(source.c.name).order_by(source.c.name).limit(2).offset(1)


def _from_lateral(listed: Any) -> Any:
    short = sa.select(_short(listed).label("name")).correlate(listed).lateral()
    return _page(short).select_from(listed.join(short, sa.true())).where(_of(listed))


def _from_window(listed: Any) -> Any:
    rank = sa.func.row_number().over(order_by=_short(listed)).label("rank")
    ranked = _names(listed).add_columns(rank).subquery()
    return sa.select(ranked.c.name).where(ranked.c.rank.between(2, 3)).order_by(ranked.c.rank)


def _from_union(listed: Any) -> Any:
    both = (_names(listed).where(_short(listed) == name) for name in ("pytorch-prod", "rstudio"))
    return sa.union(*both).order_by("name")


QUERIES = {
    "limit and offset": lambda listed: _names(listed).order_by("name").limit(2).offset(1),
    "fetch": lambda listed: _names(listed).order_by("name").fetch(2).offset(1),
    "common table": lambda listed: _page(_names(listed).cte("names")),
    "subquery": lambda listed: _page(_names(listed).subquery()),
    "lateral": _from_lateral,
    "window": _from_window,
    "union": _from_union,
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_a_query_is_answered_from_one_list(engine: Engine, listed: sa.Table, service: CloudControl, query: Any) -> None:
    assert rows(engine, query(listed)) == [("pytorch-prod",), ("rstudio",)]
    assert set(calls(service)) == {LIST}


def test_tables_are_joined(engine: Engine, listed: sa.Table, service: CloudControl) -> None:
    groups = reflected(engine, "logs", "log_groups_list_only")
    statement = (
        sa.select(sa.func.count(sa.distinct(listed.c.image_arn)), sa.func.count(sa.distinct(groups.c.Identifier)))
        .select_from(listed.join(groups, listed.c.region == groups.c.region))
        .where(listed.c.region == "eu-west-1")
    )

    assert rows(engine, statement) == [(2, 2)]
    assert calls(service) == [("ListResources", "eu-west-1", "")] * 2


def test_existence_is_asked_for(engine: Engine, listed: sa.Table, service: CloudControl) -> None:
    other = listed.alias()
    elsewhere = sa.select(other.c.region).where(_of(other, "eu-west-1"), _short(other) == _short(listed)).exists()

    assert rows(engine, sa.select(_short(listed)).where(_of(listed), elsewhere)) == [("pytorch-prod",)]
    assert calls(service) == [("ListResources", "eu-west-1", ""), LIST]


def test_functions_and_types_are_the_engines(engine: Engine) -> None:
    moment = sa.literal(datetime.datetime(2026, 2, 3, 4, 5))  # noqa: DTZ001
    statement = sa.select(
        sa.extract("year", moment),
        sa.func.date_trunc("month", moment),
        sa.cast(sa.literal("7"), sa.BigInteger),
        sa.cast(sa.literal("0.5"), sa.Float),
        sa.cast(sa.literal("true"), sa.Boolean),
        sa.cast(sa.literal("2026-02-03"), sa.Date),
        sa.literal([1, "a", None, {"b": True}], sa.JSON),
        sa.cast(sa.literal("[1, 2]"), sa.ARRAY(sa.Integer)),
        sa.cast(sa.literal("1 day"), sa.Interval),
        sa.literal("it's \\ 100%"),
        sa.literal(b"\x00\xff"),
    )

    assert rows(engine, statement) == [
        (
            2026,
            datetime.datetime(2026, 2, 1),  # noqa: DTZ001
            7,
            0.5,
            True,
            datetime.date(2026, 2, 3),
            [1, "a", None, {"b": True}],
            [1, 2],
            datetime.timedelta(days=1),
            "it's \\ 100%",
            b"\x00\xff",
        )
    ]


def test_rows_come_as_they_are_fetched(service: CloudControl) -> None:
    for number in range(300):
        model = json.dumps({"LogGroupName": f"group-{number:03}"})
        service.answer(
            "CreateResource",
            {"TypeName": "AWS::Logs::LogGroup", "DesiredState": model},
            account="123456789012",
            region="us-east-1",
        )
    service.calls.clear()
    with engine_over(service) as engine, engine.connect() as connection:
        groups = reflected(engine, "logs", "log_groups_list_only")
        options = {"stream_results": True, "yield_per": 50}
        result = connection.execution_options(**options).execute(
            sa.select(groups.c.Identifier).where(groups.c.region == "us-east-1")
        )
        sizes = [len(part) for part in result.partitions()]

    assert sizes == [50] * 6
    assert calls(service) == [LIST] * 12


def test_text_and_the_drivers_own_sql_are_run(engine: Engine, service: CloudControl) -> None:
    text = sa.text("SELECT count(*) FROM sagemaker.images_list_only WHERE region = :region").columns(count=sa.Integer)
    with engine.connect() as connection:
        assert connection.execute(text, {"region": "us-east-1"}).scalar_one() == 6
        assert connection.exec_driver_sql("SELECT ? || ?", ("a", "b")).scalar_one() == "ab"
        assert connection.exec_driver_sql("SELECT :a", {"a": "b"}).scalar_one() == "b"
        assert (
            connection.exec_driver_sql("SHOW RESOURCES IN awscc.sagemaker LIKE 'images'").mappings().one()["name"]
            == "images"
        )
    assert calls(service) == [LIST]


def test_resources_are_created_with_one_statement(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    values = [
        {"region": "us-east-1", "image_name": "a", "image_role_arn": ROLE, "tags": [{"Key": "k", "Value": "it is"}]},
        {"region": "eu-west-1", "image_name": "b", "image_role_arn": ROLE, "tags": None},
    ]
    statement = sa.insert(images).values(values)

    written = rows(engine, statement.returning(images.c.image_arn, images.c.tags, sa.column("OperationStatus")))

    assert written == [
        (arn("a"), [{"Key": "k", "Value": "it is"}], "SUCCESS"),
        (arn("b", "eu-west-1"), None, "SUCCESS"),
    ]
    created = [
        json.loads(str(call.payload["DesiredState"])) for call in service.calls if call.operation == "CreateResource"
    ]
    assert {"ImageName": "b", "ImageRoleArn": ROLE} in created


def test_resources_are_created_with_many_sets_of_values(
    engine: Engine, images: sa.Table, service: CloudControl
) -> None:
    sets = [{"region": "us-east-1", "image_name": name, "image_role_arn": ROLE} for name in "abc"]
    with engine.connect() as connection:
        result = connection.execute(sa.insert(images), sets)
        assert result.rowcount == 3
    assert [made[0] for made in calls(service)].count("CreateResource") == 3


@pytest.mark.skipif(BEFORE_2, reason="SQLAlchemy 1.4 has no RETURNING for many sets of values")
def test_what_many_sets_of_values_created_is_told_in_their_order(
    engine: Engine, images: sa.Table, service: CloudControl
) -> None:
    names = ["c", "a", "b"]
    sets = [{"region": "us-east-1", "image_name": name, "image_role_arn": ROLE} for name in names]

    assert rows(engine, sa.insert(images).returning(images.c.image_arn), sets) == [(arn(name),) for name in names]
    assert [made[0] for made in calls(service)].count("CreateResource") == 3


@pytest.mark.parametrize("paramstyle", ["named", "qmark"])
@pytest.mark.parametrize("name", ["1st", "a b", "per % cent", "/a/", "q?", "c:d", "[x].(y)", "été", "__a", "select"])
def test_a_parameter_may_have_any_name(service: CloudControl, name: str, paramstyle: str) -> None:
    one, two = sa.bindparam(name, type_=sa.String), sa.bindparam(f"{name}_", type_=sa.String)
    several = sa.bindparam(f"{name} many", expanding=True, type_=sa.String)

    given = {name: "x", f"{name}_": "y", f"{name} many": ["x", "z"]}
    engine = sa.create_engine("awscc://", connect_args={"embedded": service}, paramstyle=paramstyle, future=True)

    assert rows(engine, sa.select(one, two).where(one.in_(several)), given) == [("x", "y")]
    engine.dispose()


@pytest.mark.skipif(BEFORE_2, reason="SQLAlchemy 1.4 has no type for both UUIDs and their text")
def test_a_uuid_is_compared_and_read_as_text(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    given = uuid.UUID("570398b2-d17e-4490-bb5f-4fa8bdd12e1e")
    name = sa.type_coerce(images.c.image_name, sa.Uuid)
    with engine.connect() as connection:
        connection.execute(sa.insert(images).values(region="us-east-1", image_name=str(given), image_role_arn=ROLE))
    service.calls.clear()

    where = (images.c.region == "us-east-1", images.c.Identifier == arn(str(given)), name == given)
    assert rows(engine, sa.select(name, sa.type_coerce(name, sa.Uuid(as_uuid=False))).where(*where)) == [
        (given, str(given))
    ]
    assert rows(engine, sa.select(sa.cast(sa.literal(str(given)), sa.Uuid))) == [(given,)]
    assert calls(service) == [get(str(given))]


def test_a_time_is_in_utc_where_its_type_has_a_time_zone(engine: Engine) -> None:
    given = sa.cast(sa.literal("2026-11-24 12:30:00"), sa.DateTime)

    assert rows(engine, sa.select(given, sa.type_coerce(given, sa.DateTime(timezone=True)))) == [
        (
            datetime.datetime(2026, 11, 24, 12, 30),  # noqa: DTZ001
            datetime.datetime(2026, 11, 24, 12, 30, tzinfo=datetime.UTC),
        )
    ]


def test_json_is_written_and_read_by_functions_of_ones_own(service: CloudControl) -> None:
    written, read = [], []

    def write(value: object) -> str:
        written.append(value)
        return json.dumps(value)

    def parse(text: str) -> object:
        read.append(json.loads(text))
        return "parsed"

    engine = sa.create_engine(
        "awscc://", connect_args={"embedded": service}, json_serializer=write, json_deserializer=parse, future=True
    )

    assert rows(engine, sa.select(sa.literal({"a": [1]}, sa.JSON), sa.null().cast(sa.JSON))) == [("parsed", None)]
    assert (written, read) == ([{"a": [1]}], [{"a": [1]}])
    engine.dispose()


def test_the_key_of_a_new_resource_is_known(engine: Engine, images: sa.Table) -> None:
    with engine.connect() as connection:
        result = connection.execute(sa.insert(images).values(region="us-east-1", image_name="new", image_role_arn=ROLE))
        assert tuple(result.inserted_primary_key or ()) == ("us-east-1", arn("new"))


def test_resources_are_created_from_a_query(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    source = sa.select(images.c.image_name + "-copy", images.c.image_role_arn, sa.literal("eu-west-1")).where(
        images.c.region == "us-east-1", images.c.Identifier == arn("rstudio")
    )
    statement = sa.insert(images).from_select(["image_name", "image_role_arn", "region"], source)

    assert rows(engine, statement.returning(images.c.Identifier)) == [(arn("rstudio-copy", "eu-west-1"),)]
    assert calls(service)[:2] == [("CreateResource", "eu-west-1", ""), get("rstudio")]


def test_a_resource_is_deleted(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    statement = sa.delete(images).where(images.c.region == "us-east-1", images.c.image_arn == arn("rstudio"))
    with engine.connect() as connection:
        assert connection.execute(statement).rowcount == 1
        assert (
            connection.execute(
                sa.select(images).where(images.c.region == "us-east-1", images.c.Identifier == arn("rstudio"))
            ).all()
            == []
        )
    assert calls(service)[0] == ("DeleteResource", "us-east-1", arn("rstudio"))


def test_execution_options_go_with_the_requests(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    statement = sa.delete(images).where(images.c.region == "us-east-1", images.c.Identifier == arn("rstudio"))
    options = {"awscc_client_token": "token-1", "awscc_role_arn": ROLE, "awscc_async": True}
    with engine.connect() as connection:
        connection.execute(statement.execution_options(**options))

    [call] = service.calls
    assert (call.operation, call.payload["ClientToken"], call.payload["RoleArn"]) == ("DeleteResource", "token-1", ROLE)


def test_a_connections_options_hold_for_all_its_statements(
    engine: Engine, images: sa.Table, service: CloudControl
) -> None:
    with engine.connect().execution_options(awscc_async=True) as connection:
        connection.execute(
            sa.text("DELETE FROM sagemaker.images WHERE region = 'us-east-1' AND Identifier = :id"),
            {"id": arn("rstudio")},
        )
    assert calls(service) == [("DeleteResource", "us-east-1", arn("rstudio"))]


@pytest.mark.parametrize(
    ("ddl", "message"),
    [
        (sa.schema.CreateTable, "resource types belong to AWS"),
        (sa.schema.DropTable, "resource types belong to AWS"),
        (lambda table: sa.text("ALTER TABLE sagemaker.images ADD COLUMN a VARCHAR"), "resource types belong to AWS"),
        (lambda table: sa.schema.CreateIndex(sa.Index("i", table.c.image_name)), "resource types belong to AWS"),
    ],
)
def test_types_belong_to_aws(engine: Engine, images: sa.Table, service: CloudControl, ddl: Any, message: str) -> None:
    with engine.connect() as connection, pytest.raises(NotSupportedError, match=message):
        connection.execute(ddl(images))
    assert calls(service) == []


def test_a_table_that_exists_is_not_created(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    images.metadata.create_all(engine)
    with pytest.raises(NotSupportedError, match="resource types belong to AWS"):
        sa.Table("pictures", sa.MetaData(), sa.Column("name", sa.String), schema="sagemaker").create(engine)
    assert calls(service) == []


def test_the_drivers_error_is_there(engine: Engine, images: sa.Table) -> None:
    with engine.connect() as connection, pytest.raises(ProgrammingError, match=r"needs.*region") as raised:
        connection.execute(sa.select(images))
    assert isinstance(raised.value, DBAPIError)
    assert not raised.value.connection_invalidated
