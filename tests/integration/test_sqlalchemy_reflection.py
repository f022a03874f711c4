"""What there is, as SQLAlchemy's inspector tells it: from the catalogue, without a call."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from sqlalchemy.engine import Engine
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.ext.automap import automap_base

from ccdbapi.catalog import Catalog, packaged
from ccdbapi.emulator.service import CloudControl
from ccdbapi.sqlalchemy.version import BEFORE_2

WIDGETS = {
    "typeName": "Acme::Tools::Widget",
    "description": "A widget.",
    "properties": {
        "Name": {"type": "string", "description": "What it is called,\nin full."},
        "Colour": {"type": "string", "default": "it's blue"},
        "Size": {"$ref": "#/definitions/Size", "default": 3},
        "Weight": {"type": "number"},
        "Sharp": {"type": "boolean", "default": False},
        "Parts": {"type": "array", "items": {"type": "string"}, "default": []},
        "Made": {"type": "string", "format": "date-time"},
        "Code": {"$ref": "#/definitions/Code"},
        "Secret": {"type": "string"},
        "Serial": {"type": "string"},
        "State": {"type": "string"},
    },
    "definitions": {"Code": {"type": "string", "maxLength": 8}, "Size": {"type": "integer", "default": 1}},
    "primaryIdentifier": ["/properties/Name", "/properties/Serial"],
    "readOnlyProperties": ["/properties/Serial", "/properties/State"],
    "writeOnlyProperties": ["/properties/Secret"],
    "required": ["Name", "Code", "Secret"],
    "handlers": {"create": {}, "read": {}, "list": {}},
}


@pytest.fixture(autouse=True)
def no_calls(service: CloudControl) -> Iterator[None]:
    yield
    assert not service.calls


@pytest.fixture
def engine(service: CloudControl) -> Iterator[Engine]:
    with engine_over(service) as engine:
        yield engine


@pytest.fixture
def inspector(engine: Engine) -> sa.Inspector:
    return sa.inspect(engine)


def test_schemas_are_the_services(inspector: sa.Inspector) -> None:
    assert inspector.get_schema_names() == list(packaged().services())


@pytest.mark.parametrize("schema", ["sagemaker", "awscc.sagemaker", "AWSCC.SageMaker"])
def test_tables_are_of_single_resources_and_views_of_lists(inspector: sa.Inspector, schema: str) -> None:
    tables, views = inspector.get_table_names(schema), inspector.get_view_names(schema)

    assert "images" in tables
    assert "images_list_only" in views
    assert sorted([*tables, *views]) == list(packaged().tables("sagemaker"))


@pytest.mark.parametrize("schema", [None, "none", "other.sagemaker"])
def test_what_is_no_service_has_no_tables(inspector: sa.Inspector, schema: str | None) -> None:
    assert inspector.get_table_names(schema) == inspector.get_view_names(schema) == []
    assert not inspector.has_table("images", schema)


def test_the_schema_of_the_url_is_the_default(service: CloudControl) -> None:
    with engine_over(service, "awscc://us-east-1/awscc.SageMaker") as engine:
        inspector = sa.inspect(engine)
        assert inspector.default_schema_name == "sagemaker"
        assert "images" in inspector.get_table_names()
        assert inspector.has_table("images")
        assert "tags" in sa.Table("images", sa.MetaData(), autoload_with=engine).c


@pytest.mark.parametrize("schema", ["sagemaker", "awscc.sagemaker"])
def test_a_table_is_loaded(engine: Engine, schema: str) -> None:
    images = reflected(engine, schema, "images")

    assert [(column.name, str(column.type)) for column in images.columns] == [
        ("region", "VARCHAR"),
        ("image_name", "VARCHAR(63)"),
        ("image_arn", "VARCHAR(256)"),
        ("image_role_arn", "VARCHAR(256)"),
        ("image_display_name", "VARCHAR(128)"),
        ("image_description", "VARCHAR(512)"),
        ("tags", "JSON"),
        ("Identifier", "VARCHAR"),
    ]
    assert images.primary_key.columns.keys() == ["region", "image_arn"]
    assert images.c.image_name.comment == "The name of the image."
    assert images.comment == packaged().table("sagemaker", "images").comment
    assert [column.name for column in images.columns if column.server_default] == ["image_arn", "Identifier"]


def test_a_list_is_loaded(engine: Engine) -> None:
    images = reflected(engine, "sagemaker", "images_list_only")

    assert images.c.keys() == ["region", "image_arn", "Identifier"]
    assert images.primary_key.columns.keys() == ["region", "image_arn"]


def test_over_several_accounts_the_alias_is_part_of_the_key(service: CloudControl) -> None:
    accounts = {"prod": {"role_arn": "arn:aws:iam::123456789012:role/a"}}
    with engine_over(service, accounts=accounts) as engine:
        images = reflected(engine, "sagemaker", "images")

    assert images.primary_key.columns.keys() == ["region", "account_alias", "image_arn"]
    assert [column.name for column in images.columns if column.server_default] == ["account", "image_arn", "Identifier"]


def test_everything_of_a_column_is_told() -> None:
    catalog = Catalog.from_schemas({"Acme::Tools::Widget": WIDGETS})
    service = CloudControl(catalog=catalog)
    with engine_over(service, catalog=catalog) as engine:
        inspector = sa.inspect(engine)
        columns = inspector.get_columns("widgets", "tools")
        assert inspector.get_schema_names() == ["cloud_control", "tools"]
        assert inspector.get_pk_constraint("widgets", "tools")["constrained_columns"] == ["region", "name", "serial"]
        assert inspector.get_table_comment("widgets", "tools") == {"text": "A widget."}
    service.close()
    assert [
        (
            column["name"],
            column["type"].compile(dialect=engine.dialect),
            column["nullable"],
            column["default"],
            "computed" in column,
        )
        for column in columns
    ] == [
        ("region", "VARCHAR", False, None, False),
        ("name", "VARCHAR", False, None, False),
        ("colour", "VARCHAR", True, "'it''s blue'", False),
        ("size", "BIGINT", True, "3", False),
        ("weight", "DOUBLE", True, None, False),
        ("sharp", "BOOLEAN", True, "false", False),
        ("parts", "JSON", True, "'[]'", False),
        ("made", "TIMESTAMP", True, None, False),
        ("code", "VARCHAR(8)", False, None, False),
        ("secret", "VARCHAR", True, None, False),
        ("serial", "VARCHAR", False, "NULL", False),
        ("state", "VARCHAR", True, None, True),
        ("Identifier", "VARCHAR", False, "NULL", False),
    ]
    assert columns[1]["comment"] == "What it is called,\nin full."


@pytest.mark.skipif(BEFORE_2, reason="SQLAlchemy 1.4 cannot cache what has annotations")
def test_an_inspector_asks_for_a_table_once(inspector: sa.Inspector) -> None:
    assert inspector.get_columns("images", "sagemaker") is inspector.get_columns("images", "sagemaker")


@pytest.mark.parametrize(
    "method",
    [
        "get_columns",
        "get_pk_constraint",
        "get_table_comment",
        "get_foreign_keys",
        "get_indexes",
        "get_unique_constraints",
        "get_check_constraints",
        *([] if BEFORE_2 else ["get_table_options"]),
    ],
)
@pytest.mark.parametrize(("name", "schema"), [("pictures", "sagemaker"), ("images", "none"), ("images", None)])
def test_an_unknown_table_is_no_such_table(inspector: sa.Inspector, method: str, name: str, schema: str | None) -> None:
    with pytest.raises(NoSuchTableError, match=name):
        getattr(inspector, method)(name, schema)


@pytest.mark.parametrize(
    ("name", "schema", "message"),
    [
        ("imagse", "sagemaker", r"^sagemaker\.imagse: no table .*did you mean 'images'"),
        ("images", "awscc.sagemakr", r"^awscc\.sagemakr\.images: no service .*did you mean 'sagemaker'"),
        ("images", "other.sagemaker", r"^other\.sagemaker\.images: its schema is a service, as in 'sagemaker' or"),
        ("images", None, "^images: its schema is a service"),
    ],
)
def test_what_an_unknown_table_may_have_meant_is_told(
    inspector: sa.Inspector, name: str, schema: str | None, message: str
) -> None:
    with pytest.raises(NoSuchTableError, match=message):
        inspector.get_columns(name, schema)


@pytest.mark.parametrize(("name", "schema"), [("pictures", "sagemaker"), ("images", "none"), ("images", None)])
def test_an_unknown_table_is_not_loaded(engine: Engine, name: str, schema: str | None) -> None:
    with pytest.raises(NoSuchTableError, match=name):
        reflected(engine, schema, name)


@pytest.mark.skipif(BEFORE_2, reason="SQLAlchemy 1.4 does not ask")
@pytest.mark.parametrize(
    ("schema", "known"),
    [("sagemaker", True), ("AWSCC.SageMaker", True), ("none", False), ("other.sagemaker", False)],
)
def test_a_schema_is_known_by_all_its_names(inspector: sa.Inspector, schema: str, known: bool) -> None:
    assert inspector.has_schema(schema) is known


@pytest.mark.parametrize(
    "method",
    ["get_sequence_names", "get_materialized_view_names", "get_temp_table_names", "get_temp_view_names"],
)
def test_of_what_aws_does_not_have_there_is_none(engine: Engine, method: str) -> None:
    with engine.connect() as connection:
        assert getattr(engine.dialect, method)(connection, schema="sagemaker") == []
        assert not engine.dialect.has_sequence(connection, "images", schema="sagemaker")


@pytest.mark.parametrize(
    "method", ["get_foreign_keys", "get_indexes", "get_unique_constraints", "get_check_constraints"]
)
def test_a_table_has_no_other_constraints(inspector: sa.Inspector, method: str) -> None:
    assert getattr(inspector, method)("images", "sagemaker") == []


def test_a_table_has_no_options(inspector: sa.Inspector) -> None:
    assert inspector.get_table_options("images", "sagemaker") == {}


def test_a_whole_schema_is_loaded(engine: Engine) -> None:
    metadata = sa.MetaData()
    metadata.reflect(engine, schema="sagemaker", views=True)

    assert set(metadata.tables) == {f"sagemaker.{name}" for name in packaged().tables("sagemaker")}


def test_a_whole_schema_is_mapped(engine: Engine) -> None:
    metadata = sa.MetaData()
    metadata.reflect(engine, schema="ec2")
    base = automap_base(metadata=metadata)
    base.prepare()

    assert {mapped.__table__.name for mapped in base.classes} == set(sa.inspect(engine).get_table_names("ec2"))


def test_tables_of_several_schemas_are_mapped_under_names_of_their_own(engine: Engine) -> None:
    metadata = sa.MetaData()
    for schema in ("glue", "iam", "xray"):
        metadata.reflect(engine, schema=schema, views=True)
    base = automap_base(metadata=metadata)
    base.prepare(classname_for_table=lambda base, name, table: f"{table.schema}_{name}")

    assert {"iam_groups", "xray_groups", "glue_workflows", "glue_workflows_list_only"} <= set(base.classes.keys())
    assert len(base.classes) == len(metadata.tables)


def columns_of_all(inspector: sa.Inspector, schema: str) -> dict[tuple[str | None, str], list[str]]:
    """The names of the columns of all tables and views of a schema, asked for together where SQLAlchemy can."""
    if BEFORE_2:
        names = (*inspector.get_table_names(schema), *inspector.get_view_names(schema))
        told = {(schema, name): inspector.get_columns(name, schema) for name in names}
    else:
        from sqlalchemy.engine.reflection import ObjectKind

        told = inspector.get_multi_columns(schema, kind=ObjectKind.ANY)  # type: ignore[assignment]
    return {table: [column["name"] for column in columns] for table, columns in told.items()}


def test_the_columns_of_all_tables_are_told(inspector: sa.Inspector) -> None:
    told: dict[tuple[str | None, str], list[str]] = {}
    for schema in inspector.get_schema_names():
        told |= columns_of_all(inspector, schema)

    catalog = packaged()
    assert len(told) > 3400
    assert sum(map(len, told.values())) > 25_000
    for service, name in random.Random(7).sample(sorted(told, key=str), 200):  # noqa: S311
        assert told[service, name] == [column.name for column in catalog.table(service or "", name).columns]
