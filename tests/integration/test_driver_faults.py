"""What becomes of statements when the endpoint throttles, breaks, refuses or takes too long."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from served import CALLER, served

import ccdbapi
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.options import Faults, Options
from ccdbapi.emulator.service import CloudControl

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
INSERT = "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES "
BY_IDENTIFIERS = f"SELECT image_name FROM awscc.sagemaker.images WHERE region = '{REGION}' AND Identifier IN "


def arn(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:123456789012:image/{name}"


def rows(names: list[str]) -> str:
    return ", ".join(f"('{name}', '{ROLE}', '{REGION}')" for name in names)


def listed(service: CloudControl) -> list[str]:
    """The identifiers that the service holds, read without its faults."""
    with ccdbapi.connect(embedded=service) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT Identifier FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}'")
        return sorted(identifier for (identifier,) in cursor)


def test_a_write_through_a_broken_line_takes_effect_once(no_aws: pytest.MonkeyPatch) -> None:
    faults = Faults(server_error=0.1, drop_before=0.05, drop_after=0.1, seed=7)
    names = [f"image-{number}" for number in range(40)]
    with served(Options(faults=faults, check_signatures=True, credentials=CALLER)) as (connection, service):
        cursor = connection.cursor()
        cursor.execute(f"{INSERT}{rows(names)} RETURNING Identifier, OperationStatus")
        assert cursor.fetchall() == [(arn(name), "SUCCESS") for name in names]
        creates = [call for call in service.calls if call.operation == "CreateResource"]
        assert len(creates) > len(names)
        assert len({call.payload["ClientToken"] for call in creates}) == len(names)
        found: list[tuple[str]] = []
        for _ in range(3):  # the list itself goes through the same line
            cursor.execute(f"SELECT Identifier FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}'")
            found = cursor.fetchall()
        assert sorted(found) == sorted((arn(name),) for name in names)


def test_a_read_from_a_throttled_endpoint_is_complete(no_aws: pytest.MonkeyPatch) -> None:
    with served(Options(throttle_rate=150, throttle_burst=10, check_signatures=True, credentials=CALLER)) as (
        connection,
        service,
    ):
        cursor = connection.cursor()
        names = [f"image-{number}" for number in range(100)]
        cursor.execute(INSERT + rows(names))
        cursor.execute(f"{BY_IDENTIFIERS} ({', '.join('?' * 100)})", [arn(name) for name in names])
        assert sorted(cursor.fetchall()) == sorted((name,) for name in names)
        assert any(call.error == "ThrottlingException" for call in service.calls)


def test_an_endpoint_that_never_recovers_fails_the_statement() -> None:
    service = CloudControl(Options(faults=Faults(server_error=1.0)))
    with ccdbapi.connect(embedded=service, max_attempts=2) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError, match="GetResource") as failed:
            cursor.execute(f"{BY_IDENTIFIERS} ('{arn('a')}')").fetchall()
        assert failed.value.diag.region == REGION
        assert failed.value.diag.identifier == arn("a")
        assert len(service.calls) == 2
        with pytest.raises(ccdbapi.OperationalError):
            cursor.execute(f"SELECT * FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}'").fetchall()


class PageLost(CloudControl):
    """Answers the first page of every list, and no other."""

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        if "NextToken" in payload:
            raise ServiceError("InvalidRequestException", "the token has expired", 400)
        return await super().handle(operation, payload, account=account, region=region)


@pytest.mark.parametrize("query", ["SELECT *", "SELECT count(*)", "SELECT DISTINCT region"])
def test_a_list_that_breaks_off_is_an_error(query: str) -> None:
    with ccdbapi.connect(embedded=PageLost()) as connection:
        cursor = connection.cursor()
        cursor.execute(INSERT + rows([f"image-{number}" for number in range(30)]))
        with pytest.raises(ccdbapi.OperationalError, match=r"the token has expired.*broke off after 1 page"):
            cursor.execute(f"{query} FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}'").fetchall()


def test_a_partial_failure_accounts_for_every_row() -> None:
    service = CloudControl()
    with ccdbapi.connect(embedded=service) as connection:
        cursor = connection.cursor()
        cursor.execute(INSERT + rows(["taken"]))
        with pytest.raises(ccdbapi.IntegrityError, match="AlreadyExists") as failed:
            cursor.execute(INSERT + rows(["one", "taken", "two"]))
        outcomes = failed.value.outcomes
        assert len(outcomes) == 3
        assert outcomes[1].state == "failed"
        assert outcomes[1].code == "AlreadyExists"
        assert outcomes[1].request_token
        for outcome in (outcomes[0], outcomes[2]):
            assert outcome.state in ("done", "not sent")
            assert outcome.state == "not sent" or outcome.identifier in listed(service)
        assert "taken" in str(failed.value)
        assert str(outcomes[1].request_token) in str(failed.value)


def test_a_failure_of_returning_tells_that_the_write_is_done() -> None:
    service = CloudControl()
    with ccdbapi.connect(embedded=service) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.DataError) as failed:
            cursor.execute(f"{INSERT}{rows(['a'])} RETURNING CAST(image_name AS INTEGER)")
        assert [(outcome.state, outcome.identifier) for outcome in failed.value.outcomes] == [("done", arn("a"))]
        assert listed(service) == [arn("a")]


class Denying(CloudControl):
    """Lets nobody do anything."""

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        raise ServiceError("AccessDeniedException", f"you are not authorized to perform {operation}", 400)


@pytest.mark.parametrize(
    ("statement", "permissions"),
    [
        (f"{BY_IDENTIFIERS} ('{arn('a')}')", ["cloudformation:GetResource", "sagemaker:DescribeImage"]),
        (
            f"SELECT * FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}'",
            ["cloudformation:ListResources", "sagemaker:ListImages"],
        ),
        (INSERT + rows(["a"]), ["cloudformation:CreateResource", "sagemaker:CreateImage", "iam:PassRole"]),
        (
            f"UPDATE awscc.sagemaker.images SET PatchDocument = '[]' WHERE region = '{REGION}' AND Identifier = 'a'",
            ["cloudformation:UpdateResource", "sagemaker:UpdateImage"],
        ),
        (
            f"DELETE FROM awscc.sagemaker.images WHERE region = '{REGION}' AND Identifier = 'a'",
            ["cloudformation:DeleteResource", "sagemaker:DeleteImage"],
        ),
    ],
    ids=["get", "list", "create", "update", "delete"],
)
def test_who_is_denied_access_learns_which_permissions_are_needed(statement: str, permissions: list[str]) -> None:
    with ccdbapi.connect(embedded=Denying()) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError) as failed:
            cursor.execute(statement).fetchall()
        assert failed.value.diag.code == "AccessDeniedException"
        assert all(permission in str(failed.value) for permission in permissions)


def test_a_change_that_would_replace_the_resource_is_not_supported() -> None:
    with ccdbapi.connect(embedded=True) as connection:
        cursor = connection.cursor()
        cursor.execute(INSERT + rows(["a"]))
        with pytest.raises(ccdbapi.NotSupportedError) as failed:
            cursor.execute(
                "UPDATE awscc.sagemaker.images SET PatchDocument = ? WHERE region = ? AND Identifier = ?",
                ['[{"op": "replace", "path": "/ImageName", "value": "b"}]', REGION, arn("a")],
            )
        assert (failed.value.diag.code or "").startswith("NotUpdatable")


def test_a_write_that_outlasts_the_timeout_leaves_its_token() -> None:
    service = CloudControl(Options(settle=3600))
    with ccdbapi.connect(embedded=service, timeout=0.3) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError, match="timeout") as failed:
            cursor.execute(INSERT + rows(["a"]))
        (outcome,) = failed.value.outcomes
        assert outcome.state == "unknown"
        assert outcome.request_token
        assert outcome.request_token in str(failed.value)


def test_a_read_that_outlasts_the_timeout_is_an_error() -> None:
    service = CloudControl(Options(latency=3600))
    with ccdbapi.connect(embedded=service, timeout=0.2) as connection:
        cursor = connection.cursor()
        with pytest.raises(ccdbapi.OperationalError, match="timeout"):
            cursor.execute(f"{BY_IDENTIFIERS} ('{arn('a')}')").fetchall()
