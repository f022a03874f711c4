"""Statements whose region fails: an error that names it, or a warning and the rows of all others."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Literal

import pytest

import ccdbapi
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

TYPE = "AWS::SageMaker::Image"
REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
DOWN = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGES = 5
IN_ALL = f"region IN ({', '.join(map(repr, REGIONS))})"
LIST = f"SELECT region, image_arn FROM awscc.sagemaker.images_list_only WHERE {IN_ALL}"


def arn(number: int, region: str) -> str:
    return f"arn:aws:sagemaker:{region}:123456789012:image/image-{number}"


PAIRS = " OR ".join(
    f"(region = '{region}' AND Identifier = '{arn(number, region)}')" for region in REGIONS for number in range(IMAGES)
)
GET = f"SELECT region, image_arn FROM awscc.sagemaker.images WHERE {PAIRS}"


class PartlyDown(CloudControl):
    """Refuses ``operations`` in one region, or breaks the connection, from the page that follows ``pages`` on."""

    def __init__(self, page_size: int = 25) -> None:
        super().__init__(Options(page_size=page_size))
        self.code: str | None = "ThrottlingException"
        self.operations: set[str] = set()
        self.pages = 0
        self.region = DOWN
        self.refused = 0

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if operation in self.operations and region == self.region:
            if self.pages == 0:
                self.refused += 1
                if self.code is None:
                    raise ConnectionResetError("connection refused")
                raise ServiceError(self.code, "because", 400)
            self.pages -= 1
        return await super().handle(operation, payload, account=account, region=region)

    def fail(self, *operations: str, code: str | None, after: int = 0) -> None:
        self.operations, self.code, self.pages = set(operations), code, after
        self.calls.clear()


@pytest.fixture
def service() -> Iterator[PartlyDown]:
    service = PartlyDown(page_size=2)
    with ccdbapi.connect(embedded=service) as connection:
        values = ", ".join(f"('image-{n}', '{ROLE}', '{region}')" for region in REGIONS for n in range(IMAGES))
        connection.cursor().execute(
            f"INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES {values}"
        )
    yield service
    service.close()


def connect(service: CloudControl, **settings: object) -> ccdbapi.Connection:
    return ccdbapi.connect(embedded=service, max_attempts=2, **settings)  # type: ignore[arg-type]


def of_region(rows: list[tuple[object, ...]], region: str) -> int:
    return sum(row[0] == region for row in rows)


FAILURES = ["ThrottlingException", "AccessDeniedException", "UnrecognizedClientException", "ServiceUnavailable", None]


@pytest.mark.parametrize("code", FAILURES)
@pytest.mark.parametrize(("statement", "operation"), [(LIST, "ListResources"), (GET, "GetResource")])
def test_by_default_a_region_that_fails_is_an_error_that_names_it(
    service: PartlyDown, statement: str, operation: str, code: str | None
) -> None:
    service.fail(operation, code=code)
    with connect(service) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError) as failed:
            cursor.execute(statement).fetchall()
        for part in (DOWN, operation, TYPE):
            assert part in str(failed.value)
        assert (failed.value.diag.region, failed.value.diag.code) == (DOWN, code)
        assert cursor.messages == [(ccdbapi.OperationalError, failed.value)]


@pytest.mark.parametrize("code", FAILURES)
@pytest.mark.parametrize(("statement", "operation"), [(LIST, "ListResources"), (GET, "GetResource")])
def test_a_region_that_is_skipped_is_a_warning_and_the_others_come_whole(
    service: PartlyDown, statement: str, operation: str, code: str | None
) -> None:
    service.fail(operation, code=code)
    with connect(service, on_region_error="skip") as connection:
        cursor = connection.cursor()
        with pytest.warns(ccdbapi.Warning) as issued:
            rows = cursor.execute(statement).fetchall()
        assert [of_region(rows, region) for region in REGIONS] == [IMAGES, 0, IMAGES]
        ((category, warning),) = cursor.messages
        assert category is ccdbapi.Warning
        for part in (DOWN, operation, TYPE, code or "connection refused", "its rows are missing"):
            assert part in str(warning)
        assert [one.message for one in issued] == [warning]
        assert issued[0].filename == __file__


def test_a_region_that_throttles_for_ever_is_tried_as_often_as_it_may_be(service: PartlyDown) -> None:
    service.fail("ListResources", code="ThrottlingException")
    said = r"ThrottlingException: because \[after 2 tries\]"
    with connect(service) as connection, pytest.raises(ccdbapi.OperationalError, match=said):
        connection.cursor().execute(LIST).fetchall()
    assert service.refused == 2


@pytest.mark.parametrize("setting", ["fail", "skip"])
def test_a_timeout_ends_what_throttles_for_ever(service: PartlyDown, setting: Literal["fail", "skip"]) -> None:
    service.fail("ListResources", code="ThrottlingException")
    with (
        ccdbapi.connect(embedded=service, max_attempts=1_000_000, timeout=0.2, on_region_error=setting) as connection,
        pytest.raises(ccdbapi.OperationalError, match=r"waited 0\.2 s for AWS"),
    ):
        connection.cursor().execute(LIST).fetchall()


@pytest.mark.parametrize("code", ["ValidationException", "InvalidRequestException", "ThrottlingException"])
@pytest.mark.parametrize("pages", [1, 2])
def test_a_list_that_breaks_off_is_not_taken_for_whole(service: PartlyDown, code: str, pages: int) -> None:
    service.fail("ListResources", code=code, after=pages)
    with connect(service) as connection:
        for statement in (LIST, f"SELECT count(*) FROM ({LIST}) AS t"):
            service.pages = pages
            with pytest.raises(ccdbapi.OperationalError, match=f"{DOWN}.*broke off after {pages} page.*not complete"):
                connection.cursor().execute(statement).fetchall()
    service.pages = pages
    with connect(service, on_region_error="skip") as connection:
        cursor = connection.cursor()
        with pytest.warns(ccdbapi.Warning, match=f"{2 * pages} rows came from there before; all others are missing"):
            rows = cursor.execute(LIST).fetchall()
        assert [of_region(rows, region) for region in REGIONS] == [IMAGES, 2 * pages, IMAGES]


def test_each_operation_and_type_is_told_of_once(service: PartlyDown) -> None:
    service.fail("ListResources", "GetResource", code="AccessDeniedException")
    domains = f"SELECT region, domain_id FROM awscc.sagemaker.domains_list_only WHERE {IN_ALL}"
    statement = f"{GET} UNION ALL {LIST} UNION ALL {domains}"
    with connect(service, on_region_error="skip") as connection:
        cursor = connection.cursor()
        for _ in range(2):  # each statement tells of its own
            with pytest.warns(ccdbapi.Warning) as issued:
                rows = cursor.execute(statement).fetchall()
            assert [of_region(rows, region) for region in REGIONS] == [2 * IMAGES, 0, 2 * IMAGES]
            told = sorted(str(one.message).partition(" was")[0] for one in issued)
            assert told == [
                f"{DOWN} (GetResource of {TYPE})",
                f"{DOWN} (ListResources of AWS::SageMaker::Domain)",
                f"{DOWN} (ListResources of {TYPE})",
            ]
            assert len(cursor.messages) == 3


def test_a_region_that_failed_is_not_asked_for_the_rest(service: PartlyDown) -> None:
    service.fail("GetResource", code="AccessDeniedException")
    identifiers = ", ".join(f"'{arn(number, DOWN)}'" for number in range(1000))
    statement = (
        f"SELECT image_arn FROM awscc.sagemaker.images WHERE region = '{DOWN}' AND Identifier IN ({identifiers})"
    )
    with connect(service, on_region_error="skip", concurrency=4) as connection, pytest.warns(ccdbapi.Warning):
        assert connection.cursor().execute(statement).fetchall() == []
    assert service.refused < 1000


@pytest.mark.parametrize("code", ["ValidationException", "ExpiredTokenException", "ResourceConflictException"])
def test_what_is_wrong_with_the_statement_is_an_error_all_the_same(service: PartlyDown, code: str) -> None:
    service.fail("ListResources", code=code)
    with connect(service, on_region_error="skip") as connection, pytest.raises(ccdbapi.DatabaseError, match=code):
        connection.cursor().execute(LIST).fetchall()


def test_a_type_that_a_region_does_not_have_is_its_failure_and_an_unknown_one_is_the_statements(
    service: PartlyDown,
) -> None:
    service.fail("ListResources", code="TypeNotFoundException")
    with connect(service, on_region_error="skip") as connection:
        cursor = connection.cursor()
        with pytest.warns(ccdbapi.Warning, match="TypeNotFoundException"):
            assert len(cursor.execute(LIST).fetchall()) == 2 * IMAGES
        unknown = f"SELECT identifier FROM awscc.cloud_control.resources WHERE {IN_ALL} AND TypeName = 'AWS::No::Such'"
        with pytest.raises(ccdbapi.ProgrammingError, match="TypeNotFoundException"):
            cursor.execute(unknown).fetchall()


@pytest.mark.parametrize(
    "write",
    [
        f"UPDATE awscc.sagemaker.images SET PatchDocument = '[]' WHERE ({PAIRS}) AND image_name LIKE 'image%'",
        f"DELETE FROM awscc.sagemaker.images WHERE ({PAIRS}) AND image_name LIKE 'image%'",
        "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) "
        f"SELECT 'copy', '{ROLE}', region FROM ({LIST}) AS t",
    ],
    ids=["update", "delete", "insert"],
)
def test_no_write_goes_by_a_part_of_what_there_is(service: PartlyDown, write: str) -> None:
    service.fail("ListResources", "GetResource", code="AccessDeniedException")
    with connect(service, on_region_error="skip") as connection, pytest.raises(ccdbapi.OperationalError, match=DOWN):
        connection.cursor().execute(write)
    assert not {"CreateResource", "UpdateResource", "DeleteResource"} & {call.operation for call in service.calls}


def test_whoever_wants_warnings_to_be_errors_has_them(service: PartlyDown) -> None:
    service.fail("ListResources", code="AccessDeniedException")
    with connect(service, on_region_error="skip") as connection, warnings.catch_warnings():
        warnings.simplefilter("error", ccdbapi.Warning)
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.Warning, match=DOWN):
            cursor.execute(LIST).fetchall()
        assert [category for category, _ in cursor.messages] == [ccdbapi.Warning]
