"""Parameters through the whole driver: wherever a value stands, and whatever is in it."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ccdbapi
from ccdbapi.emulator.service import CloudControl
from ccdbapi.engine.bindings import Bindings
from ccdbapi.parameters import values_for
from ccdbapi.planning import InsertPlan
from ccdbapi.sql import parse

#: What SQL, or one of its readers, could take for something else than a value.
HOSTILE = (
    "",
    "'",
    "''",
    '"',
    "\\",
    "\\'",
    "'; DELETE FROM awscc.glue.workflows; --",
    "-- a comment",
    "/* a comment",
    "*/",
    "?",
    ":name",
    "$1",
    "%s",
    "E'\\''",
    "$$",
    "getvariable('x')",
    "NULL",
    "\r\n\t",
    "\N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}",
    "\N{PILE OF POO}\N{COMBINING ACUTE ACCENT}",
    "\N{ZERO WIDTH NO-BREAK SPACE}",
    '[{"op":"add"}]',
    "null",
    "x" * 5_000,
)

#: Text as JSON, and so Cloud Control, can carry it.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50) | st.sampled_from(HOSTILE)

#: A name with an identifier before it has at most 255 characters, says the schema, and an identifier is one line, says
#: the service model.
NAMES = TEXT.filter(lambda text: len(text) <= 200 and text.splitlines() in ([], [text]))

#: Each wants the name of a workflow, as a value.
POSITIONS = {
    "SELECT list": "SELECT {0} FROM awscc.glue.workflows_list_only WHERE name = {0}",
    "WHERE": "SELECT name FROM awscc.glue.workflows_list_only WHERE name = {0}",
    "identifier": "SELECT name FROM awscc.glue.workflows WHERE Identifier = {0}",
    "IN": "SELECT name FROM awscc.glue.workflows WHERE name IN ('absent', {0})",
    "CASE": "SELECT CASE WHEN name = {0} THEN {0} END FROM awscc.glue.workflows_list_only WHERE name = {0}",
    "subquery": "SELECT name FROM awscc.glue.workflows_list_only WHERE name = (SELECT {0})",
    "CTE": "WITH wanted AS (SELECT {0} AS name) SELECT name FROM wanted",
    "VALUES": "SELECT * FROM (VALUES ({0})) AS t (name)",
    "HAVING": "SELECT name FROM awscc.glue.workflows_list_only GROUP BY name HAVING name = {0}",
    "BETWEEN": "SELECT name FROM awscc.glue.workflows_list_only WHERE name BETWEEN {0} AND {0}",
    "list": "SELECT [{0}][1]",
    "function": "SELECT concat({0}, '')",
}

NAME = 'it\'s \\ a ? "name"; -- :x /* \N{SNOWMAN}'


class Text(str):
    __slots__ = ()


class Mode(str, enum.Enum):  # noqa: UP042 - not the same: str() of its members is not their value
    ON = "on"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.fixture(scope="module")
def shared() -> Iterator[ccdbapi.Cursor]:
    """A cursor for tests of many values; what they write has names of its own."""
    with ccdbapi.connect(embedded=CloudControl(), regions=["us-east-1"]) as connection:
        yield connection.cursor()


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("style", ["?", ":name", "twice named"])
def test_a_parameter_stands_wherever_a_value_does(cursor: ccdbapi.Cursor, position: str, style: str) -> None:
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [NAME])
    statement = POSITIONS[position].format("?" if style == "?" else ":value")
    parameters = [NAME] * statement.count("?") if style == "?" else {"value": NAME}
    assert cursor.execute(statement, parameters).fetchall() == [(NAME,)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO awscc.glue.workflows (name, description, region) VALUES (:name, :text, :region)",
        "INSERT INTO awscc.glue.workflows (name, description, region) SELECT :name, :text, :region",
        "INSERT INTO awscc.glue.workflows (name, description) SELECT n, t FROM (VALUES (:name, :text)) AS v (n, t)",
    ],
)
def test_parameters_are_written_updated_returned_and_deleted(cursor: ccdbapi.Cursor, statement: str) -> None:
    values = {"name": NAME, "text": "first", "region": "us-east-1"}
    cursor.execute(f"{statement} RETURNING name, description, :name", values)
    assert cursor.fetchall() == [(NAME, "first", NAME)]
    patch = json.dumps([{"op": "replace", "path": "/Description", "value": NAME}])
    cursor.execute(
        """UPDATE awscc.glue.workflows SET PatchDocument = ? WHERE region = ? AND Identifier = ?
        RETURNING description, ?""",
        [patch, "us-east-1", NAME, "tag"],
    )
    assert cursor.fetchall() == [(NAME, "tag")]
    cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = :name RETURNING Identifier", values)
    assert cursor.fetchall() == [(NAME,)]


def test_limit_and_offset_take_parameters(cursor: ccdbapi.Cursor) -> None:
    assert cursor.execute("SELECT * FROM range(10) LIMIT ? OFFSET ?", [2, 3]).fetchall() == [(3,), (4,)]
    assert cursor.execute("SELECT * FROM range(10) LIMIT :n", {"n": 1}).fetchall() == [(0,)]


@pytest.mark.parametrize("unit", ["ROWS", "RANGE", "GROUPS"])
def test_the_frame_of_a_window_takes_parameters(cursor: ccdbapi.Cursor, unit: str) -> None:
    cursor.execute(
        f"SELECT sum(x) OVER (ORDER BY x {unit} BETWEEN :before PRECEDING AND :after FOLLOWING) FROM range(4) AS t(x)",
        {"before": 1, "after": 0},
    )
    assert cursor.fetchall() == [(0,), (1,), (3,), (5,)]


@settings(max_examples=60, deadline=None)
@given(TEXT)
@example("a|b")
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: repr(text[:20]))
def test_every_text_comes_back_as_it_was(shared: ccdbapi.Cursor, hostile: str, text: str) -> None:
    assert shared.execute("SELECT ?, ?", [hostile, text]).fetchall() == [(hostile, text)]


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_every_text_is_written_read_and_found(shared: ccdbapi.Cursor, text: str) -> None:
    name = str(uuid.uuid4())
    run = {"Marker": text}
    shared.execute(
        "INSERT INTO awscc.glue.workflows (name, description, default_run_properties) VALUES (?, ?, ?)",
        [name, text, run],
    )
    shared.execute(
        """SELECT description, default_run_properties FROM awscc.glue.workflows
        WHERE name = :name AND description = :text""",
        {"name": name, "text": text},
    )
    assert shared.fetchall() == [(text, run)]
    shared.execute(
        "SELECT count(*) FROM awscc.glue.workflows WHERE name = ? AND description IS DISTINCT FROM ?", [name, text]
    )
    assert shared.fetchall() == [(0,)]


@settings(max_examples=60, deadline=None)
@given(NAMES, NAMES)
def test_every_text_can_be_a_name(shared: ccdbapi.Cursor, name: str, other: str) -> None:
    name, other = f"{uuid.uuid4()}{name}", f"{uuid.uuid4()}{other}"
    shared.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", [[name], [other]])
    assert shared.execute("SELECT name FROM awscc.glue.workflows WHERE name = ?", [name]).fetchall() == [(name,)]
    shared.execute("SELECT name FROM awscc.glue.workflows WHERE Identifier IN (?, ?)", [name, other])
    assert set(shared.fetchall()) == {(name,), (other,)}
    shared.executemany("DELETE FROM awscc.glue.workflows WHERE name = ?", [[name], [other]])
    assert shared.rowcount == 2


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, None),
        (True, True),
        (2**63, 2**63),
        (-(2**127), -(2**127)),
        (1.5, 1.5),
        (decimal.Decimal("1.50"), decimal.Decimal("1.50")),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"a"), b"a"),
        (memoryview(b"a"), b"a"),
        (datetime.date(2020, 1, 2), datetime.date(2020, 1, 2)),
        (datetime.time(1, 2, 3), datetime.time(1, 2, 3)),
        (ccdbapi.Timestamp(2020, 1, 2, 3, 4, 5, 6), ccdbapi.Timestamp(2020, 1, 2, 3, 4, 5, 6)),
        (datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC), datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)),
        (datetime.timedelta(days=1, microseconds=2), datetime.timedelta(days=1, microseconds=2)),
        (uuid.UUID(int=1), uuid.UUID(int=1)),
        ([1, 2], [1, 2]),
        (("a", "b"), ["a", "b"]),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        ([{"Key": "a"}, {"Value": "b"}], [{"Key": "a"}, {"Value": "b"}]),
        (Text("a"), "a"),
        (Mode.ON, "on"),
        (Level.HIGH, 3),
        (np.int64(3), 3),
        (np.float64(1.5), 1.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
    ],
    ids=repr,
)
def test_a_value_of_any_type_comes_back_equal(shared: ccdbapi.Cursor, value: object, read: object) -> None:
    assert shared.execute("SELECT ?", [value]).fetchall() == [(read,)]


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (object(), ccdbapi.ProgrammingError, r"Parameter 2 .*no SQL value \(object\)"),
        (len, ccdbapi.ProgrammingError, "Parameter 2 .*no SQL value"),
        ([object()], ccdbapi.ProgrammingError, "Parameter 2 .*no SQL value"),
        (1 + 2j, ccdbapi.ProgrammingError, r"Parameter 2 .*no SQL value \(complex\)"),
        (iter("ab"), ccdbapi.ProgrammingError, "Parameter 2 .*no SQL value"),
        (2**128, ccdbapi.DataError, "Parameter 2 .*too large"),
        ({"a": object()}, ccdbapi.DataError, "Parameter 2 .*JSON"),
        ("\ud800", ccdbapi.DataError, "Parameter 2 is not valid Unicode"),
    ],
)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM awscc.glue.workflows WHERE name = ? AND description = ?",
        "INSERT INTO awscc.glue.workflows (name, description) VALUES (?, ?)",
    ],
)
def test_a_value_that_sql_cannot_hold_is_named_and_nothing_is_sent(
    cursor: ccdbapi.Cursor, service: CloudControl, statement: str, value: object, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        cursor.execute(statement, ["a", value])
    assert not service.calls
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_what_is_no_parameter_is_left_alone(cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        """SELECT '? :a' AS "b? :c", -- ? :d
        {'e': f}.e::VARCHAR, [1, 2, 3][1:2], $$ ? $$ /* ? :g */ FROM (SELECT ? AS f)""",
        ["value"],
    )
    assert cursor.fetchall() == [("? :a", "value", [1, 2], " ? ")]


def test_a_query_may_have_20_000_parameters(cursor: ccdbapi.Cursor, service: CloudControl) -> None:
    role, name = "arn:aws:iam::123456789012:role/r", "image"
    cursor.execute("INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn) VALUES (?, ?)", [name, role])
    arns = [f"arn:aws:sagemaker:us-east-1:123456789012:image/{number}" for number in range(19_999)]
    arns.append(str(cursor.lastrowid))
    service.calls.clear()
    cursor.execute(
        f"SELECT image_arn FROM awscc.sagemaker.images_list_only WHERE image_arn IN ({', '.join('?' * 20_000)})", arns
    )
    assert cursor.fetchall() == [(arns[-1],)]
    assert [call.operation for call in service.calls] == ["ListResources"]


def test_an_insert_of_20_000_values_can_be_planned(connection: ccdbapi.Connection) -> None:
    columns = "name, type, value, description, policies, allowed_pattern, tier, tags, data_type, region"
    row = ("String", "value", "it's", None, None, "Standard", '{"a": "b"}', "text", "us-east-1")
    statement = parse(
        f"INSERT INTO awscc.ssm.parameters ({columns}) VALUES {', '.join(['(' + '?, ' * 9 + '?)'] * 2000)}"
    )
    values = [value for number in range(2000) for value in (f"/parameter/{number}", *row)]
    plan = connection.assembly().planner.plan(statement, Bindings(values_for(statement, values)))
    assert isinstance(plan, InsertPlan)
    assert len(plan.roles) == 10
    assert "it's" not in plan.source.sql
