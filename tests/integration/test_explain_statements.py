"""EXPLAIN tells the calls before they are made, EXPLAIN ANALYZE what was made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

import ccdbapi
from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

EAST, WEST = "us-east-1", "eu-west-1"
TYPE = "AWS::Glue::Workflow"
TABLE, LISTED = "awscc.glue.workflows", "awscc.glue.workflows_list_only"
#: What a list is taken to show, and what is there.
LISTS, THERE = 25, 30
OURS = "region IN (the connection's regions)"


class Step(NamedTuple):
    """A row of EXPLAIN, but for its number, type and table."""

    operation: str | None
    regions: list[str] | None
    at_least: int
    estimate: int
    keys_from: str
    predicate: str | None


@pytest.fixture
def service() -> Iterator[CloudControl]:
    service = CloudControl(Options(page_size=10))
    with ccdbapi.connect(embedded=service) as connection, connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {TABLE} (name, description, region) VALUES (?, 'made', '{EAST}')",
            [[f"w{number:02}"] for number in range(THERE)],
        )
    service.calls.clear()
    yield service
    service.close()


@pytest.fixture
def cursor(service: CloudControl) -> Iterator[ccdbapi.Cursor]:
    with ccdbapi.connect(embedded=service, regions=[EAST, WEST], scan="list") as connection:
        yield connection.cursor()


def told(cursor: ccdbapi.Cursor, statement: str, parameters: Any = None) -> list[dict[str, Any]]:
    """The rows that a statement gives, by the names of their columns."""
    rows = cursor.execute(statement, parameters).fetchall()
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def get(where: str) -> str:
    return f"SELECT description FROM {TABLE} WHERE {where}"


STATEMENTS: Mapping[str, list[Step]] = {
    get(f"region = '{EAST}' AND name = 'w01'"): [
        Step("GetResource", [EAST], 1, 1, "constants", f"region = '{EAST}' AND name = 'w01'")
    ],
    get("region = lower('US-EAST-1') AND Identifier IN ('w01', 'w02')"): [
        Step("GetResource", [EAST], 2, 2, "constants", f"region = '{EAST}' AND Identifier IN ('w01', 'w02')")
    ],
    get("name = 'it''s'"): [
        Step("GetResource", [EAST, WEST], 2, 2, "constants", f"name = 'it''s' AND {OURS}"),
    ],
    get(f"(region = '{EAST}' AND name = 'w01') OR (region = '{WEST}' AND name = 'w02')"): [
        Step(
            "GetResource", [EAST, WEST], 2, 2, "constants",
            f"((region = '{EAST}' AND name = 'w01') OR (region = '{WEST}' AND name = 'w02'))",
        )
    ],
    get("region = 'us-east-1' AND name IN ('1', '2', '3', '4', '5', '6', '7')"): [
        Step(
            "GetResource", [EAST], 7, 7, "constants",
            f"region = '{EAST}' AND name IN ('1', '2', '3', '4', '5', … (7))",
        )
    ],
    get("name = 'w01' AND false"): [Step("GetResource", None, 0, 0, "constants", "no row can be in the answer")],
    f"SELECT name FROM {LISTED}": [Step("ListResources", [EAST, WEST], 2, 2, "constants", OURS)],
    f"SELECT w.description FROM {TABLE} w JOIN {LISTED} l USING (region, name)": [
        Step("ListResources", [EAST, WEST], 2, 2, "constants", OURS),
        Step("GetResource", None, 0, 2 * LISTS, "step 1", "(region, name) IN (rows of step 1)"),
    ],
    f"SELECT w.description FROM {TABLE} w JOIN {LISTED} l USING (name) WHERE l.region = '{EAST}'": [
        Step("ListResources", [EAST], 1, 1, "constants", f"region = '{EAST}'"),
        Step("GetResource", [EAST, WEST], 0, 2 * LISTS, "step 1", f"name IN (rows of step 1) AND {OURS}"),
    ],
    f"SELECT name FROM {LISTED} LIMIT 3": [Step("ListResources", [EAST, WEST], 1, 2, "constants", OURS)],
    get("name IN ('1', '2', '3')") + " LIMIT 2": [
        Step("GetResource", [EAST, WEST], 1, 2, "constants", f"name IN ('1', '2', '3') AND {OURS}")
    ],
    f"SELECT description FROM {TABLE} LIMIT 2": [
        Step("ListResources", [EAST, WEST], 1, 2, "constants", OURS),
        Step("GetResource", [EAST, WEST], 0, 2, "step 1", OURS),
    ],
    f"SELECT count(*) FROM {TABLE}": [Step("ListResources", [EAST, WEST], 2, 2, "constants", OURS)],
    f"SELECT description FROM {TABLE}": [
        Step("ListResources", [EAST, WEST], 2, 2, "constants", OURS),
        Step("GetResource", [EAST, WEST], 0, 2 * LISTS, "step 1", OURS),
    ],
    f"SELECT w.description FROM {TABLE} w JOIN {LISTED} l USING (region, name) WHERE region = '{EAST}'": [
        Step("ListResources", [EAST], 1, 1, "constants", f"region = '{EAST}'"),
        Step("GetResource", [EAST], 0, LISTS, "step 1", f"name IN (rows of step 1) AND region = '{EAST}'"),
    ],
    get(f"region = '{EAST}' AND name IN (SELECT name FROM {LISTED} WHERE region = '{WEST}')"): [
        Step("ListResources", [WEST], 1, 1, "constants", f"region = '{WEST}'"),
        Step("GetResource", [EAST], 0, LISTS, "step 1", f"name IN (rows of step 1) AND region = '{EAST}'"),
    ],
    f"SELECT Identifier FROM awscc.cloud_control.resources WHERE TypeName IN ('{TYPE}', 'AWS::Glue::Job')": [
        Step("ListResources", [EAST, WEST], 4, 4, "constants", f"TypeName IN ('{TYPE}', 'AWS::Glue::Job') AND {OURS}")
    ],
    f"SELECT properties FROM awscc.cloud_control.resource WHERE TypeName = '{TYPE}' AND identifier = 'w01'": [
        Step("GetResource", [EAST, WEST], 2, 2, "constants", f"identifier = 'w01' AND TypeName = '{TYPE}' AND {OURS}")
    ],
    "SELECT * FROM awscc.cloud_control.resource_requests": [
        Step("ListResourceRequests", [EAST, WEST], 2, 2, "constants", OURS)
    ],
    "SELECT * FROM awscc.cloud_control.resource_request WHERE RequestToken = 'none'": [
        Step("GetResourceRequestStatus", [EAST, WEST], 2, 2, "constants", f"request_token = 'none' AND {OURS}")
    ],
    "SELECT table_name FROM awscc.information_schema.tables WHERE table_schema = 'glue'": [],
    "SELECT 6 * 7": [],
}  # fmt: skip


@pytest.mark.parametrize(("statement", "steps"), STATEMENTS.items(), ids=STATEMENTS)
def test_the_calls_are_told_and_none_is_made(
    cursor: ccdbapi.Cursor, service: CloudControl, statement: str, steps: list[Step]
) -> None:
    *shown, total = told(cursor, f"EXPLAIN {statement}")
    assert [Step(*(row[name] for name in Step._fields)) for row in shown] == steps
    assert [row["step"] for row in shown] == list(range(1, len(steps) + 1))
    assert (total["step"], total["operation"]) == (None, "total")
    assert total["at_least"] == sum(step.at_least for step in steps)
    assert total["estimate"] == sum(step.estimate for step in steps)
    assert not service.calls
    assert cursor.stats is not None
    assert cursor.stats.calls == 0


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_was_made_is_what_the_service_saw(cursor: ccdbapi.Cursor, service: CloudControl, statement: str) -> None:
    *steps, total = told(cursor, f"EXPLAIN ANALYZE {statement}")
    stats = cursor.stats
    assert stats is not None
    assert stats.ended
    assert len(service.calls) == total["calls"] == stats.calls >= total["at_least"]
    for name in ("calls", "retries", "throttles", "failures", "pages", "resources"):
        assert sum(step[name] for step in steps) == total[name] == getattr(stats, name)
    for step in steps:
        assert step["calls"] >= step["at_least"]
    assert total["rows"] == stats.rows
    service.calls.clear()
    assert len(cursor.execute(statement).fetchall()) == total["rows"]


def test_an_analysis_tells_of_each_step(cursor: ccdbapi.Cursor) -> None:
    statement = f"SELECT w.description FROM {TABLE} w JOIN {LISTED} l USING (region, name) WHERE name > 'w19'"
    listing, getting, total = told(cursor, f"EXPLAIN ANALYZE {statement}")
    assert (listing["operation"], listing["regions"], listing["calls"], listing["pages"]) == (
        "ListResources", [EAST, WEST], 4, 4,
    )  # fmt: skip
    assert (listing["resources"], getting["resources"], total["resources"]) == (THERE, 10, THERE + 10)
    assert (getting["operation"], getting["regions"], getting["calls"]) == ("GetResource", [EAST], 10)
    assert total["rows"] == 10
    for row in (listing, getting, total):
        assert 0 < row["latency_min"] <= row["latency_median"] <= row["latency_max"]


def test_one_table_read_in_two_ways_is_two_steps(cursor: ccdbapi.Cursor) -> None:
    statement = (
        f"SELECT a.description, b.description FROM {TABLE} a JOIN {TABLE} b ON b.name = replace(a.name, '1', '2') "
        f"AND b.region = a.region WHERE a.region = '{EAST}' AND a.name IN ('w01', 'w11')"
    )
    first, second, _ = told(cursor, f"EXPLAIN ANALYZE {statement}")
    assert (first["keys_from"], second["keys_from"]) == ("constants", "step 1")
    assert (first["calls"], second["calls"]) == (2, 2)


def test_rows_of_the_catalogue_may_tell_what_to_get(cursor: ccdbapi.Cursor) -> None:
    statement = (
        "SELECT r.Identifier FROM awscc.cloud_control.resources r JOIN awscc.information_schema.tables t "
        "ON r.TypeName = 'AWS::Glue::' || t.table_name WHERE t.table_schema = 'glue' AND r.region = 'us-east-1'"
    )
    step, _ = told(cursor, f"EXPLAIN {statement}")
    assert step["keys_from"] == "the catalogue"
    assert step["estimate"] > 10


def test_parameters_are_told_as_values(cursor: ccdbapi.Cursor) -> None:
    step, _ = told(cursor, f"EXPLAIN SELECT * FROM {TABLE} WHERE region = :r AND name = :n", {"r": EAST, "n": "w01"})
    assert step["predicate"] == f"region = '{EAST}' AND name = 'w01'"


def test_more_calls_than_allowed_can_be_told_but_not_made(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    names = ", ".join(f"'{number}'" for number in range(10))
    statement = f"SELECT description FROM {TABLE} WHERE name IN ({names})"
    *_, total = told(cursor, f"EXPLAIN /*+ max_calls(5) */ {statement}")
    assert total["at_least"] == 20
    with pytest.raises(ccdbapi.ProgrammingError, match="20 calls or more"):
        cursor.execute(f"EXPLAIN ANALYZE /*+ max_calls(5) */ {statement}")
    assert not service.calls


@pytest.mark.parametrize("analyze", ["", "ANALYZE "])
def test_a_query_that_cannot_be_planned_is_the_same_error(cursor: ccdbapi.Cursor, analyze: str) -> None:
    for statement in (
        "SELECT * FROM awscc.glue.nothing",
        "SELECT nothing FROM awscc.glue.workflows",
        "SELECT FROM WHERE",
    ):
        with pytest.raises(ccdbapi.ProgrammingError) as expected:
            cursor.execute(statement)
        with pytest.raises(ccdbapi.ProgrammingError) as failure:
            cursor.execute(f"EXPLAIN {analyze}{statement}")
        assert str(failure.value).partition("(at ")[0] == str(expected.value).partition("(at ")[0]


class Refusing(CloudControl):
    """Throttles the first call, and denies those in eu-west-1."""

    throttled = False

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if region == WEST:
            raise refusal("AccessDeniedException", "no")
        if not self.throttled:
            self.throttled = True
            raise refusal("ThrottlingException", "slower")
        return await super().handle(operation, payload, account=account, region=region)


def test_an_analysis_of_what_fails_is_the_failure() -> None:
    with ccdbapi.connect(embedded=Refusing(), regions=[WEST]) as connection, connection.cursor() as cursor:
        with pytest.raises(ccdbapi.OperationalError, match="AccessDenied"):
            cursor.execute(f"EXPLAIN ANALYZE SELECT name FROM {LISTED}")
        with pytest.raises(ccdbapi.ProgrammingError, match="There are no results"):
            cursor.fetchall()
        assert cursor.stats is not None
        assert (cursor.stats.failures, cursor.stats.ended) == (1, True)


def test_an_analysis_tells_of_throttling() -> None:
    with ccdbapi.connect(embedded=Refusing(), regions=[EAST]) as connection, connection.cursor() as cursor:
        step, _ = told(cursor, f"EXPLAIN ANALYZE SELECT name FROM {LISTED}")
    assert (step["calls"], step["retries"], step["throttles"], step["failures"]) == (1, 1, 1, 0)


def test_the_rows_of_an_analysis_are_not_those_of_the_statement(cursor: ccdbapi.Cursor) -> None:
    rows = cursor.execute(f"EXPLAIN ANALYZE SELECT name FROM {LISTED}").fetchall()
    assert cursor.stats is not None
    assert (len(rows), cursor.rowcount, cursor.stats.rows) == (2, 2, THERE)


def test_executemany_explains_nothing(cursor: ccdbapi.Cursor) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match="call execute for a query"):
        cursor.executemany("EXPLAIN SELECT ?", [[1]])


@pytest.fixture
def of_two_accounts() -> Iterator[ccdbapi.Cursor]:
    roles = {alias: f"arn:aws:iam::{number * 12}:role/reader" for alias, number in (("dev", "1"), ("prod", "2"))}
    accounts: dict[str, Any] = {alias: {"role_arn": role} for alias, role in roles.items()}
    with ccdbapi.connect(embedded=True, regions=[EAST], accounts=accounts) as connection:
        yield connection.cursor()


def test_accounts_are_told(of_two_accounts: ccdbapi.Cursor) -> None:
    step, _ = told(of_two_accounts, f"EXPLAIN ANALYZE SELECT name FROM {LISTED}")
    assert (step["accounts"], step["regions"], step["at_least"], step["calls"]) == (["dev", "prod"], [EAST], 2, 2)
    assert of_two_accounts.stats is not None
    assert [(kind.account, kind.calls) for kind in of_two_accounts.stats.breakdown] == [("dev", 1), ("prod", 1)]
    step, _ = told(of_two_accounts, f"EXPLAIN SELECT name FROM {LISTED} WHERE account_alias = 'prod'")
    assert (step["accounts"], step["at_least"]) == (["prod"], 1)


def test_a_step_that_rows_feed_asks_all_accounts_unless_they_tell_one(of_two_accounts: ccdbapi.Cursor) -> None:
    join = f"SELECT w.description FROM {TABLE} w JOIN {LISTED} l USING (region, name"
    _, fed, _ = told(of_two_accounts, f"EXPLAIN {join}) WHERE l.account_alias = 'dev'")
    assert (fed["accounts"], fed["estimate"]) == (["dev", "prod"], 2 * LISTS)
    _, fed, _ = told(of_two_accounts, f"EXPLAIN {join}, account_alias)")
    assert (fed["accounts"], fed["estimate"]) == (None, 2 * LISTS)
