"""Statements that SQLAlchemy compiled once and uses again: with other values, lists, keys, bounds and schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from sqlalchemy.engine import Engine

from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl

RSTUDIO = "arn:aws:sagemaker:us-east-1:123456789012:image/rstudio"


@pytest.fixture
def engine(service: CloudControl) -> Iterator[Engine]:
    demo.load(service)
    with engine_over(service) as engine:
        yield engine


def rows(engine: Engine, statement: Any, **options: Any) -> list[tuple[Any, ...]]:
    with engine.connect().execution_options(**options) as connection:
        return [tuple(row) for row in connection.execute(statement)]


def _tag(images: Any, path: Any) -> Any:
    return sa.select(images.c.tags[path].as_string()).where(
        images.c.region == "us-east-1", images.c.Identifier == RSTUDIO
    )


def _names(images: Any) -> Any:
    name = sa.func.split_part(images.c.Identifier, "/", -1).label("name")
    return sa.select(name).where(images.c.region == "us-east-1").order_by(name)


def _sorted(images: Any) -> Any:
    name = sa.func.split_part(images.c.Identifier, "/", -1)
    return sa.func.list_sort(sa.func.array_agg(name), type_=sa.ARRAY(sa.String))


def _of_all(images: Any, expression: Any) -> Any:
    return sa.select(expression).where(images.c.region == "us-east-1")


#: What changes → the table, a statement made with a value, and two values with what each gives.
CASES: dict[str, tuple[str, Callable[[Any, Any], Any], list[tuple[Any, list[tuple[Any, ...]]]]]] = {
    "a path": ("images", _tag, [((0, "Key"), [("team",)]), ((1, "Value"), [("prod",)]), ((-1, "Key"), [("stage",)])]),
    "a key": (
        "images",
        lambda images, key: sa.select(images.c.tags[0][key].as_string()).where(
            images.c.region == "us-east-1", images.c.Identifier == RSTUDIO
        ),
        [("Key", [("team",)]), ("Value", [("finance",)])],
    ),
    "a list": (
        "images_list_only",
        lambda images, names: _names(images).where(sa.column("name").in_(names)),
        [(["rstudio"], [("rstudio",)]), ([], []), (["a", "rstudio", "spark-dev"], [("rstudio",), ("spark-dev",)])],
    ),
    "a limit": (
        "images_list_only",
        lambda images, limit: _names(images).limit(limit),
        [(1, [("pytorch-dev",)]), (2, [("pytorch-dev",), ("pytorch-prod",)])],
    ),
    "a percentage": (
        "images_list_only",
        lambda images, part: _names(images).fetch(part, percent=True),
        [(10, [("pytorch-dev",)]), (20, [("pytorch-dev",), ("pytorch-prod",)])],
    ),
    "an index": (
        "images_list_only",
        lambda images, index: _of_all(images, _sorted(images)[index]),
        [(1, [("pytorch-dev",)]), (2, [("pytorch-prod",)])],
    ),
    "a slice": (
        "images_list_only",
        lambda images, bounds: _of_all(images, _sorted(images)[bounds[0] : bounds[1]]),
        [((1, 1), [(["pytorch-dev"],)]), ((2, 3), [(["pytorch-prod", "rstudio"],)])],
    ),
    "flags": (
        "images_list_only",
        lambda images, flags: _names(images).where(sa.column("name").regexp_match("STUDIO$", flags=flags)),
        [("c", []), ("i", [("rstudio",)])],
    ),
    "a type": (
        "images_list_only",
        lambda images, value: sa.select(sa.literal(value)),
        [(1, [(1,)]), ("1", [("1",)]), (None, [(None,)]), (True, [(True,)])],
    ),
}


@pytest.mark.parametrize("changing", CASES)
def test_a_statement_is_compiled_for_what_it_holds(engine: Engine, changing: str) -> None:
    name, statement, uses = CASES[changing]
    table = reflected(engine, "sagemaker", name)

    for value, expected in [*uses, *uses]:
        assert rows(engine, statement(table, value)) == expected


@pytest.mark.parametrize("paramstyle", ["named", "qmark"])
def test_parameters_of_a_fetch_with_ties_are_those_of_its_places(service: CloudControl, paramstyle: str) -> None:
    engine = sa.create_engine("awscc://", connect_args={"embedded": service}, paramstyle=paramstyle, future=True)
    numbers = sa.values(sa.column("n", sa.Integer), name="v").data([(n,) for n in (1, 2, 2, 3, 4)])
    by_half = sa.select(numbers.c.n).where(numbers.c.n > 0).order_by(numbers.c.n + 10).offset(1)

    assert rows(engine, by_half.fetch(1, with_ties=True)) == [(2,), (2,)]
    assert rows(engine, by_half.fetch(50, percent=True)) == [(2,), (2,), (3,)]
    engine.dispose()


def test_a_statement_is_compiled_once(engine: Engine) -> None:
    images = reflected(engine, "sagemaker", "images_list_only")
    with engine.connect() as connection:
        found = [
            connection.execute(_names(images).where(sa.column("name").in_(names))) for names in (["a"], ["b", "c"])
        ]
        hits = [result.context.cache_hit.name for result in found]

    assert hits == ["CACHE_MISS", "CACHE_HIT"]


@pytest.mark.parametrize("name", ["tenant", "awscc.tenant", None])
def test_a_schema_stands_for_another(engine: Engine, service: CloudControl, name: str | None) -> None:
    groups = sa.Table(
        "log_groups", sa.MetaData(), *(sa.Column(n) for n in ("region", "log_group_name", "Identifier")), schema=name
    )
    of = sa.and_(groups.c.region == "us-east-1", groups.c.Identifier == "made")
    for schema in ("logs", "awscc.logs"):
        options = {"schema_translate_map": {name: schema}}
        with engine.connect().execution_options(**options) as connection:
            assert connection.execute(sa.insert(groups).values(region="us-east-1", log_group_name="made")).rowcount == 1
            assert connection.execute(sa.select(groups.c.log_group_name).where(of)).all() == [("made",)]
            assert connection.execute(sa.delete(groups).where(of)).rowcount == 1
    with pytest.raises(sa.exc.ProgrammingError, match="no table 'log_groups' in service 'iam'"):
        rows(engine, sa.select(groups).where(of), schema_translate_map={name: "iam"})
