"""Plans EXPLAIN and EXPLAIN ANALYZE: their rows tell which calls a query will make, or has made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccdbapi.engine.bindings import Bindings
from ccdbapi.planning.facts import facts_of
from ccdbapi.planning.plan import QueryPlan, RequestOptions, WritePlan
from ccdbapi.planning.rendering import render
from ccdbapi.planning.steps import Place, Step, steps_of
from ccdbapi.statistics import CallStatistics, Latency, Statistics, joined

#: A row; columns that it lacks are NULL.
Row = dict[str, object]

#: The calls that were made for a part of a source; None: for none of them.
Made = Mapping[Place | None, Sequence[CallStatistics]]

_WHAT = {
    "step": "INTEGER",
    **dict.fromkeys(("operation", "type_name", "table_name"), "VARCHAR"),
    **dict.fromkeys(("regions", "accounts"), "JSON"),
}
_PLANNED = {"at_least": "BIGINT", "estimate": "BIGINT"}
_MADE = {
    **dict.fromkeys(("calls", "retries", "throttles", "failures", "pages", "resources"), "BIGINT"),
    **dict.fromkeys(("latency_min", "latency_median", "latency_max"), "DOUBLE"),
    "rows": "BIGINT",
}
_WHY = {"keys_from": "VARCHAR", "predicate": "VARCHAR"}
_COUNTED = ("calls", "retries", "throttles", "failures", "pages", "resources")

_REQUEST = {
    **dict.fromkeys(("operation", "type_name", "account", "region", "identifier"), "VARCHAR"),
    **dict.fromkeys(("desired_state", "patch_document"), "JSON"),
    **dict.fromkeys(("role_arn", "type_version_id"), "VARCHAR"),
}

_TOTAL = "total"


@dataclass(frozen=True, slots=True)
class AnalyzePlan:
    """EXPLAIN ANALYZE: the ``query`` is run, its rows are discarded, and what it made is `analyzed`."""

    query: QueryPlan


@dataclass(frozen=True, slots=True)
class DryRunPlan:
    """EXPLAIN of what writes: the requests of ``write`` are made up, and `requested` shows them."""

    write: WritePlan


def requested(requests: Sequence[Row]) -> QueryPlan:
    """The query whose rows are requests as they would be sent, by the names of `_REQUEST`."""
    return _told(_REQUEST, requests)


def explained(plan: QueryPlan) -> QueryPlan:
    """The query whose rows are the steps of ``plan`` and, last, their total."""
    steps = steps_of(plan)
    return _told({**_WHAT, **_PLANNED, **_WHY}, [*map(_planned, steps), _planned_total(steps)])


def analyzed(plan: QueryPlan, made: Made, statistics: Statistics) -> QueryPlan:
    """As `explained`, with what was ``made`` for each step, and the ``statistics`` of the whole."""
    steps = steps_of(plan)
    rest = dict(made)
    rows: list[Row] = []
    for step in steps:
        figures = [kind for kind in rest.get(step.place, ()) if kind.operation == step.operation]
        rest[step.place] = [kind for kind in rest.get(step.place, ()) if kind.operation != step.operation]
        rows.append({**_planned(step), **_figures(figures)})
    others = [kind for kinds in rest.values() for kind in kinds]
    rows += [{"operation": kind.operation, "type_name": kind.type_name, **_figures([kind])} for kind in others]
    total = {name: getattr(statistics, name) for name in _COUNTED} | _latencies(statistics.latency)
    rows.append({**_planned_total(steps), **total, "rows": statistics.rows})
    return _told({**_WHAT, **_PLANNED, **_MADE, **_WHY}, rows)


def _planned(step: Step) -> Row:
    return {
        "step": step.number,
        "operation": step.operation,
        "type_name": step.type_name,
        "table_name": step.table_name,
        "regions": step.regions or None,
        "accounts": step.accounts or None,
        "at_least": step.at_least,
        "estimate": step.estimate,
        "keys_from": step.keys_from,
        "predicate": step.predicate or None,
    }


def _planned_total(steps: Sequence[Step]) -> Row:
    return {
        "operation": _TOTAL,
        "at_least": sum(step.at_least for step in steps),
        "estimate": sum(step.estimate for step in steps),
    }


def _figures(made: Sequence[CallStatistics]) -> Row:
    counted: Row = {name: sum(getattr(kind, name) for kind in made) for name in _COUNTED}
    regions = tuple(dict.fromkeys(kind.region for kind in made))
    accounts = tuple(dict.fromkeys(kind.account for kind in made if kind.account))
    asked: Row = {name: value for name, value in (("regions", regions), ("accounts", accounts)) if value}
    return counted | _latencies(joined(kind.latency for kind in made)) | asked


def _latencies(latency: Latency) -> Row:
    if not latency.seconds:
        return {}
    return {"latency_min": latency.minimum, "latency_median": latency.median, "latency_max": latency.maximum}


def _told(columns: Mapping[str, str], rows: Sequence[Row]) -> QueryPlan:
    query, facts = facts_of(columns, [{name: _text(value) for name, value in row.items()} for row in rows])
    text = render("", Bindings(), query)
    return QueryPlan(
        sql=text.sql, bindings=Bindings(), locate=text.locate, sources=(), options=RequestOptions(), facts=(facts,)
    )


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
