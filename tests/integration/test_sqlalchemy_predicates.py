"""Expressions of SQLAlchemy that tell which resources are wanted: the calls that each comes to, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from served import ACCESS_KEY, CALLER, SECRET_KEY
from sqlalchemy.engine import Engine

from ccdbapi.emulator import demo
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

US, EU = "us-east-1", "eu-west-1"


def arn(name: str, region: str = US) -> str:
    return f"arn:aws:sagemaker:{region}:123456789012:image/{name}"


RSTUDIO, SKLEARN = arn("rstudio"), arn("sklearn-dev", EU)
PAIRS = [(US, RSTUDIO), (EU, SKLEARN)]


class Tables(NamedTuple):
    """Single images, their list, and the list of log groups."""

    images: sa.Table
    listed: sa.Table
    groups: sa.Table


@pytest.fixture(params=["embedded", "over HTTP"])
def engine(request: pytest.FixtureRequest, no_aws: pytest.MonkeyPatch) -> Iterator[tuple[Engine, CloudControl]]:
    """An engine over demo data, within the process or by signed requests over a socket, and what it asks."""
    service = CloudControl(Options(check_signatures=True, credentials=CALLER))
    demo.load(service)
    if request.param == "embedded":
        with engine_over(service) as engine:
            yield engine, service
    else:
        with serve_in_thread(service) as url:
            query = {"endpoint_url": url, "rate_limit": "1000"}
            engine = sa.create_engine(
                sa.engine.URL.create("awscc", ACCESS_KEY, SECRET_KEY, US, query=query), future=True
            )
            yield engine, service
            engine.dispose()
    service.close()


def get(name: str, region: str = US) -> tuple[str, str, str]:
    return ("GetResource", region, arn(name, region))


LIST_US, LIST_EU = ("ListResources", US, ""), ("ListResources", EU, "")
GET, GET_EU = get("rstudio"), get("sklearn-dev", EU)

Query = Callable[[Tables], Any]
Row = tuple[object, ...]


def _names(t: Tables, *where: Any) -> Any:
    return sa.select(t.images.c.image_name).where(*where)


def _here(t: Tables) -> Any:
    return t.images.c.region == US


def _pair(t: Tables) -> Any:
    return sa.tuple_(t.images.c.region, t.images.c.Identifier)


def _matching(t: Tables, end: str) -> Any:
    return sa.select(t.listed.c.region, t.listed.c.Identifier).where(
        t.listed.c.region == US, t.listed.c.image_arn.like(f"%{end}")
    )


def _joined(source: Any, t: Tables) -> Any:
    images = t.images.c
    return sa.select(images.image_name).select_from(
        source.join(t.images, sa.and_(images.region == source.c.region, images.Identifier == source.c.Identifier))
    )


def _lateral(t: Tables) -> Any:
    images, listed = t.images.c, t.listed.c
    one = _names(t, images.region == listed.region, images.Identifier == listed.Identifier).correlate(t.listed)
    named = one.lateral("named")
    source = t.listed.join(named, sa.true())
    return (
        sa.select(named.c.image_name).select_from(source).where(listed.region == US, listed.image_arn.like("%rstudio"))
    )


def _values(t: Tables) -> Any:
    rows = sa.values(sa.column("region", sa.String), sa.column("Identifier", sa.String), name="wanted").data(PAIRS)
    return _joined(rows, t)


def _biggest(t: Tables) -> Any:
    return sa.select(sa.func.max(t.listed.c.Identifier)).where(t.listed.c.region == US).scalar_subquery()


def _count(t: Tables, *where: Any) -> Any:
    return sa.select(sa.func.count()).select_from(t.listed).where(*where)


def _in_2026(t: Tables, function: Callable[[Any], Any]) -> Any:
    day = sa.cast(sa.literal("2026-02-03"), sa.Date)
    return _count(t, t.listed.c.region == sa.case((function(day), EU), else_=US))


_AN_IMAGE: list[Row] = [("rstudio",)]
_TWO_IMAGES: list[Row] = [("rstudio",), ("sklearn-dev",)]

#: What is asked → the query, its parameters, its rows, and the calls.
QUERIES: Mapping[str, tuple[Query, Mapping[str, object], list[Row], list[tuple[str, str, str]]]] = {
    "equality": (lambda t: _names(t, _here(t), t.images.c.Identifier == RSTUDIO), {}, _AN_IMAGE, [GET]),
    "in": (lambda t: _names(t, _here(t), t.images.c.Identifier.in_([RSTUDIO])), {}, _AN_IMAGE, [GET]),
    "in nothing": (lambda t: _names(t, _here(t), t.images.c.Identifier.in_([])), {}, [], []),
    "in a parameter": (
        lambda t: _names(t, _here(t), t.images.c.Identifier.in_(sa.bindparam("some", expanding=True))),
        {"some": [RSTUDIO, arn("none")]},
        _AN_IMAGE,
        [get("none"), GET],
    ),
    "in a parameter of text": (
        lambda t: sa.text(
            "SELECT image_name FROM sagemaker.images WHERE region = :r AND Identifier IN :some"
        ).bindparams(sa.bindparam("some", expanding=True)),
        {"r": US, "some": [RSTUDIO]},
        _AN_IMAGE,
        [GET],
    ),
    "in many": (
        lambda t: _names(t, _here(t), t.images.c.Identifier.in_([RSTUDIO, *(arn(f"no-{n:02}") for n in range(20))])),
        {},
        _AN_IMAGE,
        [*(get(f"no-{n:02}") for n in range(20)), GET],
    ),
    "pairs": (lambda t: _names(t, _pair(t).in_(PAIRS)), {}, _TWO_IMAGES, [GET_EU, GET]),
    "one pair": (lambda t: _names(t, _pair(t).in_(PAIRS[:1])), {}, _AN_IMAGE, [GET]),
    "no pairs": (lambda t: _names(t, _pair(t).in_([])), {}, [], []),
    "pairs in a parameter": (
        lambda t: _names(t, _pair(t).in_(sa.bindparam("pairs", expanding=True))),
        {"pairs": PAIRS},
        _TWO_IMAGES,
        [GET_EU, GET],
    ),
    "many pairs": (
        lambda t: _names(t, _pair(t).in_([*PAIRS, *((EU, arn(f"no-{n:02}", EU)) for n in range(20))])),
        {},
        _TWO_IMAGES,
        sorted([GET, GET_EU, *(get(f"no-{n:02}", EU) for n in range(20))]),
    ),
    "pairs in a query": (lambda t: _names(t, _pair(t).in_(_matching(t, "rstudio"))), {}, _AN_IMAGE, [GET, LIST_US]),
    "pairs by or": (
        lambda t: _names(
            t, sa.or_(*(sa.and_(t.images.c.region == region, t.images.c.Identifier == name) for region, name in PAIRS))
        ),
        {},
        _TWO_IMAGES,
        [GET_EU, GET],
    ),
    "functions": (
        lambda t: _names(
            t,
            t.images.c.region == sa.func.lower("US-EAST-1"),
            t.images.c.Identifier == sa.func.concat(arn(""), "rstudio"),
        ),
        {},
        _AN_IMAGE,
        [GET],
    ),
    "concatenation": (
        lambda t: _names(t, _here(t), t.images.c.Identifier == sa.literal(arn("")) + "rstudio"),
        {},
        _AN_IMAGE,
        [GET],
    ),
    "a cast": (
        lambda t: _names(t, _here(t), t.images.c.Identifier == sa.cast(sa.literal(RSTUDIO), sa.String)),
        {},
        _AN_IMAGE,
        [GET],
    ),
    "any of an array": (
        lambda t: _names(t, _here(t), t.images.c.Identifier == sa.any_(sa.literal([RSTUDIO], sa.ARRAY(sa.String)))),
        {},
        _AN_IMAGE,
        [GET],
    ),
    "a list": (
        lambda t: _names(
            t,
            _here(t),
            t.images.c.Identifier.in_(
                sa.select(t.listed.c.Identifier).where(
                    t.listed.c.region == US, t.listed.c.image_arn.endswith("rstudio")
                )
            ),
        ),
        {},
        _AN_IMAGE,
        [GET, LIST_US],
    ),
    "a common table": (lambda t: _joined(_matching(t, "rstudio").cte("wanted"), t), {}, _AN_IMAGE, [GET, LIST_US]),
    "a subquery": (lambda t: _joined(_matching(t, "rstudio").subquery("wanted"), t), {}, _AN_IMAGE, [GET, LIST_US]),
    "values": (_values, {}, _TWO_IMAGES, [GET_EU, GET]),
    "lateral": (_lateral, {}, _AN_IMAGE, [GET, LIST_US]),
    "a scalar": (
        lambda t: _names(t, _here(t), t.images.c.Identifier == _biggest(t)),
        {},
        [("xgboost-prod",)],
        [get("xgboost-prod"), LIST_US],
    ),
    "extract": (lambda t: _in_2026(t, lambda day: sa.extract("year", day) == 2026), {}, [(2,)], [LIST_EU]),
    "date_trunc": (
        lambda t: _in_2026(
            t, lambda day: sa.func.date_trunc("month", day) == sa.cast(sa.literal("2026-02-01"), sa.Date)
        ),
        {},
        [(2,)],
        [LIST_EU],
    ),
    "like": (
        lambda t: _count(t, t.listed.c.region.in_([US, EU]), t.listed.c.region.like("eu-%")),
        {},
        [(2,)],
        [LIST_EU],
    ),
    "not in": (
        lambda t: _count(t, t.listed.c.region.in_([US, EU]), ~t.listed.c.region.in_([US])),
        {},
        [(2,)],
        [LIST_EU],
    ),
    "fetch": (
        lambda t: (
            sa.select(t.listed.c.region).where(t.listed.c.region == EU).order_by(t.listed.c.region).fetch(1).offset(1)
        ),
        {},
        [(EU,)],
        [LIST_EU],
    ),
    "exists": (
        lambda t: _count(t, t.listed.c.region == EU, sa.exists().where(t.groups.c.region == t.listed.c.region)),
        {},
        [(2,)],
        [LIST_EU, LIST_EU],
    ),
    "a contradiction": (lambda t: _count(t, t.listed.c.region == EU, t.listed.c.region == US), {}, [(0,)], []),
}


@pytest.mark.parametrize("asked", QUERIES)
def test_a_query_makes_the_calls_that_its_predicates_ask_for(engine: tuple[Engine, CloudControl], asked: str) -> None:
    query, parameters, rows, calls = QUERIES[asked]
    over, service = engine
    tables = Tables(
        reflected(over, "sagemaker", "images"),
        reflected(over, "awscc.sagemaker", "images_list_only"),
        reflected(over, "logs", "log_groups_list_only"),
    )
    with over.connect() as connection:
        found = [tuple(row) for row in connection.execute(query(tables), parameters)]

    assert sorted(found, key=str) == rows
    made = sorted((call.operation, call.region, str(call.payload.get("Identifier", ""))) for call in service.calls)
    assert made == calls


def test_a_statement_that_is_cached_asks_for_the_pairs_of_each_use(engine: tuple[Engine, CloudControl]) -> None:
    over, service = engine
    images = reflected(over, "sagemaker", "images")
    for pairs in ([(US, RSTUDIO)], [(EU, SKLEARN)], PAIRS):
        service.calls.clear()
        statement = sa.select(images.c.image_name).where(sa.tuple_(images.c.region, images.c.Identifier).in_(pairs))
        with over.connect() as connection:
            assert len(connection.execute(statement).all()) == len(pairs)
        assert sorted((call.region, call.payload["Identifier"]) for call in service.calls) == sorted(pairs)
