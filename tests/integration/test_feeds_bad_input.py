"""What goes wrong in statements whose rows tell each other what to get: the error, the calls made, and what is left."""

from __future__ import annotations

import concurrent.futures
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest
from held_service import HeldService

import ccdbapi
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.service import CloudControl
from ccdbapi.engine.database import Database
from ccdbapi.engine.session import Session

R, W, F, M = "awscc.iam.roles", "awscc.glue.workflows", "awscc.lambda.functions", "awscc.apigateway.models"
US = "region = 'us-east-1'"
WORKFLOWS = 60

#: A list tells which workflows to get, and these which roles.
CHAIN = (
    f"SELECT w.name, r.arn FROM {W}_list_only l JOIN {W} w USING (region, Identifier) "
    f"LEFT JOIN {R} r ON r.region = w.region AND r.Identifier = w.description WHERE l.{US}"
)


def create_workflows(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service) as connection, connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {W} (name, description, region) VALUES (?, ?, 'us-east-1')",
            [(f"w{number:02}", f"r{number % 7}") for number in range(WORKFLOWS)],
        )
    service.calls.clear()


@pytest.fixture
def world(service: CloudControl) -> CloudControl:
    create_workflows(service)
    return service


@pytest.fixture
def cursor(world: CloudControl) -> Iterator[ccdbapi.Cursor]:
    with ccdbapi.connect(embedded=world) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All sessions of the engine are closed, those of feeds, too, some of which another thread ends."""
    opened: set[int] = set()
    changed = threading.Condition()
    open_session, close_session = Database.session, Session.close

    def opening(database: Database) -> Session:
        session = open_session(database)
        with changed:
            opened.add(id(session))
        return session

    def closing(session: Session) -> None:
        close_session(session)
        with changed:
            opened.discard(id(session))
            changed.notify_all()

    monkeypatch.setattr(Database, "session", opening)
    monkeypatch.setattr(Session, "close", closing)
    yield
    with changed:
        assert changed.wait_for(lambda: not opened, timeout=20)


UNTOLD = {
    "keys that are different each time": (
        f"SELECT r.arn FROM {W}_list_only w JOIN {R} r ON r.region = w.region AND r.Identifier = uuid()::VARCHAR "
        f"WHERE w.{US}", "iam.roles needs Identifier",
    ),
    "no equality": (
        f"SELECT r.arn FROM {W}_list_only w JOIN {R} r ON r.region = w.region AND r.Identifier > w.name "
        f"WHERE w.{US}", "iam.roles needs Identifier",
    ),
    "an equality of something else": (
        f"SELECT r.arn FROM {W}_list_only w JOIN {R} r ON r.region = w.region AND lower(r.Identifier) = w.name "
        f"WHERE w.{US}", "iam.roles needs Identifier",
    ),
    "no region": (
        f"SELECT r.arn FROM {W}_list_only w JOIN {R} r ON r.Identifier = w.name WHERE w.{US}",
        "iam.roles needs region and Identifier in WHERE",
    ),
    "the table itself": (
        f"SELECT r.arn FROM {R} r WHERE {US} AND Identifier = description", "iam.roles needs Identifier",
    ),
    "rows that are left whatever the other side has": (
        f"SELECT r.arn FROM {W}_list_only w FULL JOIN {R} r ON r.region = w.region AND r.Identifier = w.name "
        f"WHERE w.{US} OR r.{US}", "glue.workflows_list_only needs region",
    ),
    "the rows that NOT IN leaves": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier NOT IN (SELECT name FROM {W}_list_only WHERE {US})",
        "iam.roles needs Identifier",
    ),
    "a table that is told nothing, by which another would be told": (
        f"SELECT r.arn FROM {R} r JOIN {W}_list_only w ON r.region = w.region AND r.Identifier = w.name",
        "iam.roles is to be told by awscc.glue.workflows_list_only what to get",
    ),
    "a cycle of two": (
        f"SELECT r.arn FROM {R} r JOIN {W} w ON r.Identifier = w.description AND w.Identifier = r.description "
        f"WHERE r.{US} AND w.{US}",
        "iam.roles is to be told by awscc.glue.workflows what to get, and that is not told by anything else",
    ),
    "a cycle of three": (
        f"SELECT r.arn FROM {R} r, {W} w, {F} f WHERE r.{US} AND w.{US} AND f.{US} AND r.Identifier = w.description "
        "AND w.Identifier = f.description AND f.Identifier = r.description",
        "iam.roles is to be told by awscc.glue.workflows and awscc.lambda.functions what to get",
    ),
    "two of one table that tell each other": (
        f"SELECT x.arn FROM {R} x JOIN {R} y ON x.Identifier = y.Identifier WHERE x.{US} AND y.{US}",
        "iam.roles is to be told by awscc.iam.roles what to get",
    ),
    "the parents of a list": (
        f"SELECT m.name FROM {W}_list_only w JOIN {M}_list_only m ON m.region = w.region WHERE w.{US}",
        "apigateway.models_list_only needs rest_api_id",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "message"), UNTOLD.values(), ids=UNTOLD)
def test_what_cannot_be_told_is_a_missing_predicate(
    world: CloudControl, cursor: ccdbapi.Cursor, sql: str, message: str
) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match=message):
        cursor.execute(sql)
    assert not world.calls


def test_known_calls_beyond_the_bound_are_refused_before_the_first(world: CloudControl, cursor: ccdbapi.Cursor) -> None:
    gets = f"SELECT name FROM {W} WHERE {US} AND Identifier IN ('w00', 'w01', 'w02') AND description <> ''"
    with pytest.raises(ccdbapi.ProgrammingError, match=r"takes 3 calls or more, and may make 2.*max_calls\(3\)"):
        cursor.execute(f"/*+ max_calls(2) */ {gets}")
    assert not world.calls
    assert len(cursor.execute(f"/*+ max_calls(3) */ {gets}").fetchall()) == 3


def test_the_setting_bounds_calls_and_the_hint_lifts_it(world: CloudControl) -> None:
    gets = f"SELECT name FROM {W} WHERE {US} AND Identifier IN ('w00', 'w01', 'w02') AND description <> ''"
    with ccdbapi.connect(embedded=world, max_calls=2) as connection, connection.cursor() as cursor:
        with pytest.raises(ccdbapi.ProgrammingError, match="may make 2"):
            cursor.execute(gets)
        assert len(cursor.execute(f"/*+ max_calls(3) */ {gets}").fetchall()) == 3


@pytest.mark.parametrize("allowed", [1, 2, 30, 1 + WORKFLOWS])
def test_calls_that_rows_tell_stop_at_the_bound(world: CloudControl, cursor: ccdbapi.Cursor, allowed: int) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match=f"may make {allowed}"):
        cursor.execute(f"/*+ max_calls({allowed}) */ {CHAIN}").fetchall()
    pages = sum(call.operation == "ListResources" for call in world.calls)
    assert len(world.calls) - max(pages, 1) + 1 <= allowed  # the pages of a list count once


def test_as_many_calls_as_are_allowed_may_be_made(world: CloudControl, cursor: ccdbapi.Cursor) -> None:
    rows = cursor.execute(f"/*+ max_calls({1 + WORKFLOWS + 7}) */ {CHAIN}").fetchall()
    assert len(rows) == WORKFLOWS


@pytest.mark.parametrize(
    "key",
    [
        "concat('w', CAST(replace(l.name, 'w1', '1') AS INTEGER))",
        "CAST(9223372036854775807 + length(l.name) AS VARCHAR)",
        "CAST(1 // (length(l.name) - 3) AS VARCHAR)",
    ],
)
def test_a_key_that_fails_fails_the_statement(cursor: ccdbapi.Cursor, key: str) -> None:
    with pytest.raises(ccdbapi.DataError):
        cursor.execute(
            f"SELECT w.description FROM {W}_list_only l JOIN {W} w ON w.region = l.region AND w.Identifier = {key} "
            f"WHERE l.{US}"
        ).fetchall()
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "key",
    [
        "CASE WHEN w.name < 'a' THEN CAST(CAST(w.name AS INTEGER) AS VARCHAR) END",
        "TRY_CAST(w.name AS INTEGER)::VARCHAR",
    ],
)
def test_a_key_that_is_null_asks_for_nothing(world: CloudControl, cursor: ccdbapi.Cursor, key: str) -> None:
    cursor.execute(
        f"SELECT w.name, r.arn FROM {W}_list_only w LEFT JOIN {R} r ON r.region = w.region AND r.Identifier = {key} "
        f"WHERE w.{US}"
    )
    assert all(arn is None for _, arn in cursor.fetchall())
    assert {call.operation for call in world.calls} == {"ListResources"}


class FailingService(CloudControl):
    """Refuses to get ``refused``."""

    refused: str = ""

    def answer(self, operation: str, payload: Mapping[str, object], *, account: str, region: str) -> dict[str, object]:
        if operation == "GetResource" and payload.get("Identifier") == self.refused:
            raise ServiceError("AccessDeniedException", "not for you")
        return super().answer(operation, payload, account=account, region=region)


@pytest.mark.parametrize("refused", ["w00", "w59", "r3"])
@pytest.mark.parametrize("sql", [CHAIN, f"SELECT * FROM ({CHAIN}) ORDER BY ALL", f"{CHAIN} LIMIT 1000"])
def test_a_call_that_fails_anywhere_fails_the_statement(refused: str, sql: str) -> None:
    service = FailingService()
    create_workflows(service)
    service.refused = refused
    with ccdbapi.connect(embedded=service, timeout=60) as connection, connection.cursor() as cursor:
        with pytest.raises(ccdbapi.DatabaseError, match=f"not for you.*{refused}"):
            cursor.execute(sql).fetchall()
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]
        made = len(service.calls)
        cursor.execute(f"SELECT name FROM {W} WHERE {US} AND Identifier = 'absent' AND description = ''").fetchall()
        assert len(service.calls) == made + 1


def test_a_failure_is_not_waited_for_by_tables_that_it_leaves_untold() -> None:
    """The tables further down the chain wait for rows that never come, and must not keep the statement from its end."""
    service = FailingService()
    service.refused = "x"
    sql = (
        f"SELECT 1 FROM {W} a JOIN {W} b ON b.{US} AND b.Identifier = a.description "
        f"JOIN {W} c ON c.{US} AND c.Identifier = b.description JOIN {R} d ON d.{US} AND d.Identifier = c.description "
        f"WHERE a.{US} AND a.Identifier = 'x'"
    )
    with ccdbapi.connect(embedded=service, timeout=60) as connection, connection.cursor() as cursor:
        for _ in range(20):
            with pytest.raises(ccdbapi.DatabaseError, match="not for you"):
                cursor.execute(sql)


def held_world(operation: str, spared: int) -> HeldService:
    """Holds ``operation`` after ``spared`` answers, once the workflows are there."""
    service = HeldService()
    create_workflows(service)
    service.held, service.spared = frozenset({operation}), spared
    return service


#: Where a statement waits: what is held, after how many answers.
WAITS = [("ListResources", 0), ("ListResources", 1), ("GetResource", 0), ("GetResource", 30), ("GetResource", 60)]


@pytest.mark.parametrize(("operation", "spared"), WAITS)
def test_cancel_ends_a_statement_with_feeds(operation: str, spared: int) -> None:
    service = held_world(operation, spared)
    with ccdbapi.connect(embedded=service) as connection:
        cursor = connection.cursor()

        def cancel() -> None:
            service.arrived.wait()
            cursor.cancel()

        with concurrent.futures.ThreadPoolExecutor(1) as other:
            other.submit(cancel)
            with pytest.raises(ccdbapi.OperationalError, match="was cancelled"):
                cursor.execute(CHAIN).fetchall()
        assert_nothing_more_is_asked(service, cursor)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no way to send Ctrl-C to one thread")
@pytest.mark.parametrize(("operation", "spared"), WAITS)
def test_ctrl_c_ends_a_statement_with_feeds(operation: str, spared: int) -> None:
    service = held_world(operation, spared)

    def press() -> None:
        service.arrived.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with ccdbapi.connect(embedded=service) as connection:
        cursor = connection.cursor()
        with concurrent.futures.ThreadPoolExecutor(1) as other:
            pressed = other.submit(press)
            with pytest.raises(KeyboardInterrupt):
                cursor.execute(CHAIN).fetchall()
            pressed.result()
        assert_nothing_more_is_asked(service, cursor)


@pytest.mark.parametrize(("operation", "spared"), WAITS)
def test_a_timeout_ends_a_statement_with_feeds(operation: str, spared: int) -> None:
    service = held_world(operation, spared)
    with ccdbapi.connect(embedded=service, timeout=0.2) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError, match=r"0\.2 s.*timeout"):
            cursor.execute(CHAIN).fetchall()
        assert_nothing_more_is_asked(service, cursor)


@pytest.mark.parametrize("end", [ccdbapi.Cursor.close, lambda cursor: cursor.execute("SELECT 1")])
def test_a_result_that_is_dropped_half_way_stops_its_calls(end: Callable[[ccdbapi.Cursor], object]) -> None:
    service = held_world("GetResource", 30)
    with ccdbapi.connect(embedded=service, timeout=60) as connection:
        cursor = connection.cursor()
        # The engine reads the right side of a join whole, before the first row of the left.
        cursor.execute(
            f"SELECT name FROM {W} w SEMI JOIN {W}_list_only l USING (region, Identifier) WHERE {US} LIMIT 50"
        )
        assert cursor.fetchone() is not None
        end(cursor)
        with connection.cursor() as other:
            assert_nothing_more_is_asked(service, other)
        assert sum(call.operation == "GetResource" for call in service.calls) <= 31


def assert_nothing_more_is_asked(service: HeldService, cursor: ccdbapi.Cursor) -> None:
    # The statement before has ended when the next one begins.
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]
    made = len(service.calls)
    service.release()
    # A call of its own goes through the same loop, after whatever had been left there.
    cursor.execute(f"SELECT name FROM {W} WHERE {US} AND Identifier = 'absent' AND description = ''").fetchall()
    assert len(service.calls) == made + 1


def test_a_limit_over_a_fed_table_ends(world: CloudControl, cursor: ccdbapi.Cursor) -> None:
    """The statement takes what it needs and stops, whichever of the two tables is read first."""
    for limit in (1, 5, 26, 59, 60, 100):
        for left, right in ((f"{W}_list_only l", f"{W} w"), (f"{W} w", f"{W}_list_only l")):
            sql = f"SELECT w.description FROM {left} JOIN {right} USING (region, Identifier) WHERE l.{US} LIMIT {limit}"
            assert len(cursor.execute(sql).fetchall()) == min(limit, WORKFLOWS)


def test_statements_with_feeds_run_beside_each_other(world: CloudControl) -> None:
    with (
        ccdbapi.connect(embedded=world) as connection,
        concurrent.futures.ThreadPoolExecutor(8) as threads,
    ):

        def rows(number: int) -> int:
            with connection.cursor() as cursor:
                return len(cursor.execute(f"{CHAIN} AND w.name <> 'w{number:02}'").fetchall())

        assert list(threads.map(rows, range(24))) == [WORKFLOWS - 1] * 24
