"""RETURNING: what it shows of the resources that were written, and the calls that it takes."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator, Mapping

import pytest
from faces import both_faces, connected, rows_of, run, value_of
from held_service import HeldService

import ccdbapi
from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.service import CloudControl

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGES = "awscc.sagemaker.images"
INSERT = (
    f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn, ImageDescription, region) "
    f"VALUES ('one', '{ROLE}', 'first', 'us-east-1'), ('two', '{ROLE}', NULL, 'us-east-1')"
)
ONE, TWO = (f"arn:aws:sagemaker:us-east-1:123456789012:image/{name}" for name in ("one", "two"))
AT = f"WHERE region = 'us-east-1' AND Identifier = '{ONE}'"
UPDATE = f"UPDATE {IMAGES} SET image_description = 'new' {AT}"
DOCUMENT = '[{"op": "add", "path": "/ImageDescription", "value": "new"}]'
PATCH = f"UPDATE {IMAGES} SET PatchDocument = '{DOCUMENT}' {AT}"
DELETE = f"DELETE FROM {IMAGES} {AT}"

EVENT = [
    "ErrorCode",
    "EventTime",
    "HooksRequestToken",
    "Identifier",
    "Operation",
    "OperationStatus",
    "RequestToken",
    "ResourceModel",
    "RetryAfter",
    "StatusMessage",
    "TypeName",
    "HooksProgressEvent",
    "region",
]

CREATED = ["CreateResource"] * 2 + ["GetResourceRequestStatus"] * 2
UPDATED = ["GetResource", "UpdateResource", "GetResourceRequestStatus"]
PATCHED = UPDATED[1:]
DELETED = ["DeleteResource", "GetResourceRequestStatus"]


class Reticent(HeldService):
    """Tells of a request only how far it is, as a service may: its events have no ResourceModel.

    It denies access to the operations ``denied``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.denied: frozenset[str] = frozenset()

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if operation in self.denied:
            raise refusal("AccessDeniedException", f"not authorized to perform: cloudformation:{operation}")
        answer = await super().handle(operation, payload, account=account, region=region)
        if isinstance(event := answer.get("ProgressEvent"), dict):
            event.pop("ResourceModel", None)
        return answer


MODELS = "awscc.apigateway.models"
MODEL = f"INSERT INTO {MODELS} (RestApiId, Name, ContentType, region) VALUES (?, ?, 'text/plain', 'us-east-1')"


@pytest.fixture
def reticent() -> Iterator[Reticent]:
    service = Reticent()
    yield service
    service.close()


def operations(service: CloudControl) -> list[str]:
    return [call.operation for call in service.calls]


def with_images(service: CloudControl) -> ccdbapi.Cursor:
    cursor = ccdbapi.connect(embedded=service).cursor()
    cursor.execute(INSERT)
    service.calls.clear()
    return cursor


def test_it_reads_the_resource_that_was_written_where_its_joined_identifier_may_be_anothers(reticent: Reticent) -> None:
    with ccdbapi.connect(embedded=reticent) as connection, connection.cursor() as cursor:
        cursor.execute(MODEL, ["a", "b|c"])
        reticent.calls.clear()
        cursor.execute(
            f"UPDATE {MODELS} SET description = 'new' "
            "WHERE region = 'us-east-1' AND rest_api_id = 'a' AND name = 'b|c' "
            "RETURNING Identifier, rest_api_id, description"
        )
        assert cursor.fetchall() == [("a|b|c", "a", "new")]
    asked = [json.loads(str(call.payload["Identifier"])) for call in reticent.calls if "Identifier" in call.payload]
    assert operations(reticent) == [*UPDATED, "GetResource"]
    assert asked == [{"RestApiId": "a", "Name": "b|c"}] * 3


@pytest.mark.parametrize(
    ("statement", "returning", "columns", "rows", "calls"),
    [
        (INSERT, "Identifier, image_arn", ["Identifier", "image_arn"], [(ONE, ONE), (TWO, TWO)], CREATED),
        (INSERT, "ImageName AS n, upper(image_description) || '!' AS shout, region",
         ["n", "shout", "region"], [("one", "FIRST!", "us-east-1"), ("two", None, "us-east-1")], CREATED),
        (INSERT, "images.image_name, OperationStatus", ["image_name", "OperationStatus"],
         [("one", "SUCCESS"), ("two", "SUCCESS")], CREATED),
        (UPDATE, "image_description, image_name, Identifier, 1 + 1 AS two",
         ["image_description", "image_name", "Identifier", "two"], [("new", "one", ONE, 2)], UPDATED),
        (UPDATE.replace(" SET", " AS i SET"), "i.image_description", ["image_description"], [("new",)], UPDATED),
        (PATCH, "image_description", ["image_description"], [("new",)], PATCHED),
        # What the key tells costs no call; what else there was is read before it is gone.
        (DELETE, "image_arn, ImageArn AS a, Identifier, region", ["image_arn", "a", "Identifier", "region"],
         [(ONE, ONE, ONE, "us-east-1")], DELETED),
        (DELETE, "OperationStatus, images.image_arn", ["OperationStatus", "image_arn"], [("SUCCESS", ONE)], DELETED),
        (DELETE, "image_description, upper(image_name) AS name", ["image_description", "name"], [("first", "ONE")],
         ["GetResource", *DELETED]),
        (DELETE.replace(" WHERE", " AS i WHERE"), "i.image_description", ["image_description"], [("first",)],
         ["GetResource", *DELETED]),
        (f"{DELETE} AND image_description = 'first'", "image_description", ["image_description"], [("first",)],
         ["GetResource", *DELETED]),
        (f"{DELETE} AND image_description = 'other'", "image_description", ["image_description"], [], ["GetResource"]),
    ],
)  # fmt: skip
def test_what_it_shows_and_the_calls_it_takes(
    service: CloudControl,
    statement: str,
    returning: str,
    columns: list[str],
    rows: list[tuple[object, ...]],
    calls: list[str],
) -> None:
    with with_images(service).connection as connection, connection.cursor() as cursor:
        if statement == INSERT:
            cursor.executemany(f"DELETE FROM {IMAGES} WHERE region = 'us-east-1' AND Identifier = ?", [[ONE], [TWO]])
            service.calls.clear()
        cursor.execute(f"{statement} RETURNING {returning}")
        assert [column[0] for column in cursor.description or ()] == columns
        assert cursor.fetchall() == rows
        assert cursor.rowcount == len(rows)
        assert operations(service) == calls


@pytest.mark.parametrize(
    ("statement", "calls"), [(UPDATE, UPDATED), (PATCH, PATCHED), (DELETE, DELETED)], ids=["update", "patch", "delete"]
)
def test_a_star_is_the_event_and_region(service: CloudControl, statement: str, calls: list[str]) -> None:
    with with_images(service).connection as connection, connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING *")
        assert [column[0] for column in cursor.description or ()] == EVENT
        (row,) = cursor.fetchall()
        shown = dict(zip(EVENT, row, strict=True))
        assert (shown["Identifier"], shown["OperationStatus"], shown["region"]) == (ONE, "SUCCESS", "us-east-1")
        assert operations(service) == calls


@pytest.mark.parametrize(("alias", "star"), [("", "images.*"), (" AS i", "i.*")])
def test_a_star_of_the_table_is_the_same(service: CloudControl, alias: str, star: str) -> None:
    with with_images(service).connection as connection, connection.cursor() as cursor:
        cursor.execute(f"{PATCH.replace(' SET', f'{alias} SET')} RETURNING {star}, {star.removesuffix('*')}image_name")
        assert [column[0] for column in cursor.description or ()] == [*EVENT, "image_name"]
        assert [row[-1] for row in cursor.fetchall()] == ["one"]


@pytest.mark.parametrize(
    ("returning", "columns", "row"),
    [
        ("upper(image_name) AS image_name", ["image_name"], ("ONE",)),
        ("image_name AS image_name, image_name", ["image_name", "image_name"], ("one", "one")),
        # A name is the column's, before it is what RETURNING calls something else.
        ("region AS image_name, upper(image_name) AS u", ["image_name", "u"], ("us-east-1", "ONE")),
        ("images.image_name || images.region AS region", ["region"], ("oneus-east-1",)),
        ("'*' AS \"*\", 2 * 3 AS six", ["*", "six"], ("*", 6)),
    ],
)
def test_names_mean_columns_first(
    service: CloudControl, returning: str, columns: list[str], row: tuple[object, ...]
) -> None:
    with with_images(service).connection as connection, connection.cursor() as cursor:
        cursor.execute(f"{PATCH} RETURNING {returning}")
        assert [column[0] for column in cursor.description or ()] == columns
        assert cursor.fetchall() == [row]


@pytest.mark.parametrize(
    ("returning", "columns"),
    [
        ("* EXCLUDE (ResourceModel, region)", [name for name in EVENT if name not in ("ResourceModel", "region")]),
        ("* exclude ResourceModel, 1 AS n", [*[name for name in EVENT if name != "ResourceModel"], "n"]),
        ("'é', images . * EXCLUDE (ResourceModel)", ["'é'", *[name for name in EVENT if name != "ResourceModel"]]),
        ("* REPLACE (lower(OperationStatus) AS OperationStatus)", EVENT),
        ("*, image_name, *", [*EVENT, "image_name", *EVENT]),
        ("COLUMNS(*)", EVENT),
        ("* LIKE 'Operation%'", ["Operation", "OperationStatus"]),
    ],
)
def test_a_star_shows_no_properties_whatever_else_is_said_of_it(
    service: CloudControl, returning: str, columns: list[str]
) -> None:
    with with_images(service).connection as connection, connection.cursor() as cursor:
        cursor.execute(f"{PATCH} RETURNING {returning}")
        assert [column[0] for column in cursor.description or ()] == columns
        assert len(cursor.fetchall()) == 1


def test_a_subquery_may_be_of_several_rows(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service) as connection, connection.cursor() as cursor:
        connection.register("numbers", [{"n": 1}, {"n": 2}])
        cursor.execute(f"{INSERT} RETURNING image_name, (SELECT sum(n) FROM numbers) + len([1, 2]) AS s")
        assert cursor.fetchall() == [("one", 5), ("two", 5)]


def test_a_star_beside_columns(service: CloudControl) -> None:
    with with_images(service).connection as connection, connection.cursor() as cursor:
        cursor.execute(f"{DELETE} RETURNING *, image_name AS name")
        assert [column[0] for column in cursor.description or ()] == [*EVENT, "name"]
        assert [row[-1] for row in cursor.fetchall()] == ["one"]


def test_rows_come_in_the_order_of_the_source(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO awscc.glue.workflows (name) SELECT 'w' || i FROM range(40) AS r(i) ORDER BY i % 7, i DESC "
            "RETURNING name"
        )
        expected = sorted(range(40), key=lambda number: (number % 7, -number))
        assert cursor.fetchall() == [(f"w{number}",) for number in expected]


# A service that tells less


@pytest.mark.parametrize(
    ("statement", "row", "calls"),
    [
        (UPDATE, ("new", "one"), [*UPDATED, "GetResource"]),
        (PATCH, ("new", "one"), [*PATCHED, "GetResource"]),
        (DELETE, ("first", "one"), ["GetResource", *DELETED]),
    ],
    ids=["update", "patch", "delete"],
)
def test_a_resource_that_the_event_does_not_show_is_read(
    reticent: Reticent, statement: str, row: tuple[str, ...], calls: list[str]
) -> None:
    with with_images(reticent).connection as connection, connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING image_description, image_name")
        assert cursor.fetchall() == [row]
        assert operations(reticent) == calls
        assert cursor.stats is not None
        assert cursor.stats.calls == len(calls)


def test_new_resources_that_events_do_not_show_are_read(reticent: Reticent) -> None:
    with ccdbapi.connect(embedded=reticent) as connection, connection.cursor() as cursor:
        cursor.execute(f"{INSERT} RETURNING image_name, image_description")
        assert cursor.fetchall() == [("one", "first"), ("two", None)]
        assert operations(reticent) == [*CREATED, "GetResource", "GetResource"]


@pytest.mark.parametrize("returning", ["Identifier, image_arn", "*", "OperationStatus, region"])
def test_what_the_identifier_tells_takes_no_read(reticent: Reticent, returning: str) -> None:
    with ccdbapi.connect(embedded=reticent) as connection, connection.cursor() as cursor:
        cursor.execute(f"{INSERT} RETURNING {returning}")
        assert len(cursor.fetchall()) == 2
        assert operations(reticent) == CREATED


def test_a_request_that_is_not_awaited_shows_what_is_known(reticent: Reticent) -> None:
    with with_images(reticent).connection as connection, connection.cursor() as cursor:
        cursor.execute(f"/*+ async */ {PATCH} RETURNING image_arn, image_description, OperationStatus")
        assert cursor.fetchall() == [(ONE, None, "PENDING")]
        assert operations(reticent) == ["UpdateResource"]


def test_what_is_remembered_is_not_what_was_written(reticent: Reticent) -> None:
    with ccdbapi.connect(embedded=reticent, cache_ttl=60) as connection, connection.cursor() as cursor:
        cursor.execute(INSERT)
        query = f"SELECT image_description FROM {IMAGES} {AT}"
        assert cursor.execute(query).fetchall() == [("first",)]
        assert cursor.execute(f"{PATCH} RETURNING image_description").fetchall() == [("new",)]


def test_a_failure_to_read_it_says_that_the_write_is_done(reticent: Reticent) -> None:
    with with_images(reticent).connection as connection, connection.cursor() as cursor:
        reticent.denied = frozenset({"GetResource"})
        told = r"read of .* needs: .*sagemaker:DescribeImage.* The requests have been made\. Of 1 request: 1 done"
        with pytest.raises(ccdbapi.OperationalError, match=told) as raised:
            cursor.execute(f"{PATCH} RETURNING image_description")
        assert raised.value.diag.code == "AccessDeniedException"
        assert [outcome.state for outcome in raised.value.outcomes] == ["done"]


def test_a_failure_to_compute_it_says_that_the_write_is_done(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service) as connection, connection.cursor() as cursor:
        with pytest.raises(ccdbapi.DataError, match=r"'two' to INT32.* Of 2 requests: 2 done") as raised:
            cursor.execute(f"{INSERT} RETURNING CASE WHEN image_name = 'one' THEN 1 ELSE CAST(image_name AS INT) END")
        assert [outcome.state for outcome in raised.value.outcomes] == ["done", "done"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no way to send Ctrl-C to one thread")
def test_ctrl_c_while_it_is_read_says_that_the_write_is_done(reticent: Reticent) -> None:
    with_images(reticent).connection.close()
    reticent.held = frozenset({"GetResource"})

    def press_ctrl_c() -> None:
        reticent.arrived.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with ccdbapi.connect(embedded=reticent) as connection, connection.cursor() as cursor:
        thread = threading.Thread(target=press_ctrl_c)
        thread.start()
        with pytest.raises(KeyboardInterrupt) as caught:
            cursor.execute(f"{PATCH} RETURNING image_description")
        thread.join()
        assert caught.value.__notes__ == [
            f"RETURNING was interrupted, the requests have been made. Of 1 request: 1 done ({ONE})."
        ]
        assert [outcome.state for outcome in cursor.outcomes] == ["done"]
        assert "CancelResourceRequest" not in operations(reticent)


@both_faces
def test_to_cancel_while_it_is_read_says_that_the_write_is_done(reticent: Reticent, face: str) -> None:
    with_images(reticent).connection.close()
    reticent.held = frozenset({"GetResource"})

    async def main() -> None:
        async with connected(face, embedded=reticent) as cursor:
            cancelling = threading.Thread(target=lambda: (reticent.arrived.wait(), cursor.cancel()))
            cancelling.start()
            told = r"was cancelled\. The requests have been made\. Of 1 request: 1 done"
            with pytest.raises(ccdbapi.OperationalError, match=told) as raised:
                await value_of(cursor.execute(f"{PATCH} RETURNING image_description"))
            cancelling.join()
            assert [outcome.state for outcome in raised.value.outcomes] == ["done"]
            assert reticent.waiting == 0

    run(main)


def test_to_read_it_takes_of_the_statements_time(reticent: Reticent) -> None:
    with_images(reticent).connection.close()
    reticent.held = frozenset({"GetResource"})
    with ccdbapi.connect(embedded=reticent, timeout=2) as connection, connection.cursor() as cursor:
        with pytest.raises(ccdbapi.OperationalError, match=r"has waited 2 s for AWS") as raised:
            cursor.execute(f"{PATCH} RETURNING image_description")
        assert [outcome.state for outcome in raised.value.outcomes] == ["done"]
        assert reticent.waiting == 0


@pytest.mark.parametrize("statement", [UPDATE, PATCH, DELETE], ids=["update", "patch", "delete"])
def test_it_is_read_as_the_statement_says(reticent: Reticent, statement: str) -> None:
    with with_images(reticent).connection as connection, connection.cursor() as cursor:
        cursor.execute(f"/*+ role_arn('{ROLE}') type_version_id('1') */ {statement} RETURNING image_description")
        asked = [call.payload for call in reticent.calls if call.operation != "GetResourceRequestStatus"]
        assert {(payload.get("RoleArn"), payload.get("TypeVersionId")) for payload in asked} == {(ROLE, "1")}
        assert len(cursor.fetchall()) == 1


@pytest.mark.parametrize(("returning", "reads"), [("image_arn", False), ("*", False), ("image_description", True)])
@pytest.mark.parametrize("statement", [INSERT, DELETE], ids=["insert", "delete"])
def test_the_permission_to_read_it_is_told(service: CloudControl, statement: str, returning: str, reads: bool) -> None:
    with ccdbapi.connect(embedded=service) as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW PERMISSIONS FOR {statement} RETURNING {returning}")
        assert ("'cloudformation:GetResource'" in str(cursor.fetchall())) is reads


@both_faces
def test_either_face_reads_it(reticent: Reticent, face: str) -> None:
    async def main() -> list[tuple[object, ...]]:
        async with connected(face, embedded=reticent) as cursor:
            rows = await rows_of(cursor, f"{INSERT} RETURNING image_name, image_description")
            return rows + await rows_of(cursor, f"{DELETE} RETURNING image_name, image_description")

    assert run(main) == [("one", "first"), ("two", None), ("one", "first")]


# Identifiers of several parts


def test_each_part_of_an_identifier_is_told_by_it(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO awscc.apigateway.rest_apis (Name) VALUES ('api')")
        api = cursor.lastrowid
        cursor.execute(
            "INSERT INTO awscc.apigateway.models (RestApiId, Name, ContentType) VALUES (?, 'm', 'x/y')", [api]
        )
        service.calls.clear()
        cursor.execute(
            "DELETE FROM awscc.apigateway.models WHERE rest_api_id = ? AND name = 'm' "
            "RETURNING name, RestApiId, Identifier",
            [api],
        )
        assert cursor.fetchall() == [("m", api, f"{api}|m")]
        assert operations(service) == DELETED


# Failures that are rows


def test_a_failure_that_is_a_row_has_the_identifier_it_was_about(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service, on_write_error="return") as connection, connection.cursor() as cursor:
        cursor.execute(f"{DELETE} RETURNING image_arn, OperationStatus, ErrorCode")
        assert cursor.fetchall() == [(ONE, "FAILED", "NotFound")]


# What is wrong with it


@pytest.mark.parametrize("statement", [INSERT, UPDATE, DELETE])
@pytest.mark.parametrize(
    ("returning", "error", "message"),
    [
        ("image_nam", ccdbapi.ProgrammingError, "image_nam.*Candidate bindings.*image_name"),
        ("other.image_name", ccdbapi.ProgrammingError, "other"),
        (f"(SELECT max(image_arn) FROM {IMAGES}_list_only)", ccdbapi.NotSupportedError, "no other table"),
        ("count(*)", ccdbapi.ProgrammingError, r"one row for each request, where the aggregate count \(at line 1, col"),
        ("1 + max(image_name)", ccdbapi.ProgrammingError, "the aggregate max"),
        ("row_number() OVER (), 1", ccdbapi.ProgrammingError, "the window function row_number"),
        ("Identifier, unnest([1, 2])", ccdbapi.ProgrammingError, "the function unnest"),
        ("Identifier Identifier Identifier", ccdbapi.ProgrammingError, "syntax error"),
    ],
)
def test_what_is_wrong_with_it_is_found_before_any_call(
    service: CloudControl, statement: str, returning: str, error: type[Exception], message: str
) -> None:
    with ccdbapi.connect(embedded=service) as connection, connection.cursor() as cursor:
        with pytest.raises(error, match=message):
            cursor.execute(f"{statement} RETURNING {returning}")
        assert operations(service) == []
