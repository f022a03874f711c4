"""``insert()``, ``update()`` and ``delete()`` with ``returning()``: the rows, and the calls that they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, registry

from ccdbapi.emulator.service import CloudControl
from ccdbapi.sqlalchemy.version import BEFORE_2

ROLE = "arn:aws:iam::123456789012:role/sagemaker-images"
CREATE, STATUS = "CreateResource", "GetResourceRequestStatus"


def arn(name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:123456789012:image/{name}"


def image(name: str, **others: object) -> dict[str, object]:
    return {"region": "us-east-1", "image_name": name, "image_role_arn": ROLE, **others}


@pytest.fixture
def engine(service: CloudControl) -> Iterator[Engine]:
    with engine_over(service) as engine:
        yield engine


@pytest.fixture
def images(engine: Engine, service: CloudControl) -> sa.Table:
    """The table, with the images one and two, and no calls as yet."""
    table = reflected(engine, "sagemaker", "images")
    with engine.connect() as connection:
        connection.execute(
            sa.insert(table), [image("one", image_description="first"), image("two", image_description=None)]
        )
    service.calls.clear()
    return table


def rows(engine: Engine, statement: Any, parameters: Any = None) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        result = connection.execute(statement) if parameters is None else connection.execute(statement, parameters)
        return [tuple(row) for row in result]


def operations(service: CloudControl) -> list[str]:
    return [call.operation for call in service.calls]


def at(images: sa.Table, *names: str) -> list[Any]:
    return [images.c.region == "us-east-1", images.c.Identifier.in_([arn(name) for name in names])]


def test_insert_returns_columns_and_expressions(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    statement = sa.insert(images).values(**image("new", image_description="d"))
    shown = (images.c.Identifier, images.c.image_arn, sa.func.upper(images.c.image_name).label("u"))
    more: tuple[Any, ...] = (
        images.c.image_description + "!",
        sa.literal("constant").label("c"),
        sa.column("OperationStatus"),
    )
    assert rows(engine, statement.returning(*shown, *more)) == [
        (arn("new"), arn("new"), "NEW", "d!", "constant", "SUCCESS")
    ]
    assert operations(service) == [CREATE, STATUS]


def test_insert_returns_the_whole_table(engine: Engine, images: sa.Table) -> None:
    statement = sa.insert(images).values(**image("new", tags=[{"Key": "a", "Value": "b"}])).returning(images)
    with engine.connect() as connection:
        (row,) = connection.execute(statement).mappings()
    assert dict(row) == {
        **image("new", tags=[{"Key": "a", "Value": "b"}]),
        "image_arn": arn("new"),
        "image_display_name": None,
        "image_description": None,
        "Identifier": arn("new"),
    }


def test_an_insert_of_many_rows_returns_them_in_order(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    statement = sa.insert(images).values([image(name) for name in "zyx"]).returning(images.c.image_name)
    assert rows(engine, statement) == [("z",), ("y",), ("x",)]
    assert sorted(operations(service)) == [CREATE] * 3 + [STATUS] * 3


@pytest.mark.skipif(BEFORE_2, reason="SQLAlchemy 1.4 returns no rows of several sets of parameters")
def test_many_sets_return_their_rows_in_order(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    # As one executemany, whose requests go out together, and not in SQLAlchemy's batches of VALUES.
    statement = sa.insert(images).returning(
        images.c.Identifier,
        (images.c.image_name + "!").label("shout"),
        sort_by_parameter_order=True,  # type: ignore[call-arg,unused-ignore]
    )
    names = [f"n{9 - number}" for number in range(10)]
    assert rows(engine, statement, [image(name) for name in names]) == [(arn(name), f"{name}!") for name in names]
    assert sorted(operations(service)) == [CREATE] * 10 + [STATUS] * 10


def test_update_returns_the_new_row(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    statement = sa.update(images).where(*at(images, "one")).values(image_description=images.c.image_description + "!")
    shown = (images.c.image_description, images.c.image_name, sa.func.length(images.c.image_description))
    assert rows(engine, statement.returning(*shown)) == [("first!", "one", 6)]
    assert operations(service) == ["GetResource", "UpdateResource", STATUS]


def test_delete_returns_the_identifier_without_a_read(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    statement = sa.delete(images).where(*at(images, "one")).returning(images.c.Identifier, images.c.image_arn)
    assert rows(engine, statement) == [(arn("one"), arn("one"))]
    assert operations(service) == ["DeleteResource", STATUS]


def test_delete_returns_the_old_rows(engine: Engine, images: sa.Table, service: CloudControl) -> None:
    statement = sa.delete(images).where(*at(images, "one", "two"))
    deleted = rows(engine, statement.returning(images.c.image_name, images.c.image_description, images.c.region))
    assert sorted(deleted) == [("one", "first", "us-east-1"), ("two", None, "us-east-1")]
    assert sorted(operations(service)) == ["DeleteResource"] * 2 + ["GetResource"] * 2 + [STATUS] * 2


@pytest.mark.parametrize("synchronize", ["fetch", False])
def test_a_session_forgets_what_it_deletes(
    engine: Engine, images: sa.Table, service: CloudControl, synchronize: str | bool
) -> None:
    image_class = type("Image", (), {})
    registry().map_imperatively(image_class, images)
    with Session(engine) as session:
        one, two = (session.get(image_class, ("us-east-1", arn(name))) for name in ("one", "two"))
        service.calls.clear()
        session.execute(
            sa.delete(image_class).where(*at(images, "one")), execution_options={"synchronize_session": synchronize}
        )
        assert (one in session, two in session) == (synchronize is False, True)
    assert operations(service) == ["DeleteResource", STATUS]


def test_a_document_is_set_through_a_table_that_names_its_column(
    engine: Engine, images: sa.Table, service: CloudControl
) -> None:
    names = ["region", "Identifier", "image_description"]
    patched = sa.table("images", *map(sa.column, names), sa.column("PatchDocument", sa.JSON), schema="sagemaker")
    document = [{"op": "replace", "path": "/ImageDescription", "value": "patched"}]
    statement = sa.update(patched).where(patched.c.region == "us-east-1", patched.c.Identifier == arn("one"))
    assert rows(engine, statement.values(PatchDocument=document).returning(patched.c.image_description)) == [
        ("patched",)
    ]
    assert operations(service) == ["UpdateResource", STATUS]


@pytest.mark.parametrize("text", ["[1, 2]", '{"a": 1}', "true", "null", "1.0", '"quoted"', "it's; -- :x ?"])
def test_text_for_a_text_property_stays_text(engine: Engine, text: str) -> None:
    parameters = reflected(engine, "ssm", "parameters")
    first, second, third = (
        {"region": "us-east-1", "name": name, "type": "String", "value": text} for name in ("a", "b", "c")
    )
    assert rows(engine, sa.insert(parameters).values(**first).returning(parameters.c.value)) == [(text,)]
    with engine.connect() as connection:
        connection.execute(sa.insert(parameters), [second, {**third, "value": "other"}])
        of = sa.and_(parameters.c.region == "us-east-1", parameters.c.name == sa.bindparam("of"))
        change = sa.update(parameters).where(of).values(value=sa.bindparam("to"))
        connection.execute(change, [{"of": "c", "to": text}, {"of": "a", "to": text}])
    stored = sa.select(parameters.c.value).where(
        parameters.c.region == "us-east-1", parameters.c.name.in_(["a", "b", "c"])
    )
    assert rows(engine, stored) == [(text,)] * 3


@pytest.mark.parametrize("verb", ["insert", "update", "delete"])
def test_a_connection_that_only_reads_refuses_it_before_any_call(
    service: CloudControl, images: sa.Table, verb: str
) -> None:
    statements: dict[str, Any] = {
        "insert": sa.insert(images).values(**image("new")),
        "update": sa.update(images).where(*at(images, "one")).values(image_description="x"),
        "delete": sa.delete(images).where(*at(images, "one")),
    }
    with engine_over(service, read_only=True) as engine:
        with pytest.raises(sa.exc.NotSupportedError, match="read-only"):
            rows(engine, statements[verb].returning(images.c.image_description))
        assert operations(service) == []
