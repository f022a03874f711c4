"""Who an account is and which regions it has: asked of the emulator, of moto, and of services that refuse."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping

import pytest
from aiohttp import web
from cloudcontrol_server import listen
from moto import mock_aws
from served import ACCESS_KEY, CALLER, SECRET_KEY

from ccdbapi.cloudcontrol.aws_session import AwsSession
from ccdbapi.cloudcontrol.identity import account_id, enabled_regions
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.exceptions import DatabaseError, OperationalError

KEYS = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
ROLE = "arn:aws:iam::111111111111:role/reader"

DENIED = (
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not you</Message></Error></Errors></Response>"
)


@pytest.fixture
def service(no_aws: pytest.MonkeyPatch) -> Iterator[CloudControl]:
    service = CloudControl(Options(check_signatures=True, credentials=CALLER, regions=("eu-west-1", "af-south-1")))
    with serve_in_thread(service) as url:
        no_aws.setenv("AWS_ENDPOINT_URL", url)
        yield service


def made(service: CloudControl) -> list[tuple[str, str, str]]:
    """The calls made: operation, account, region."""
    return [(call.operation, call.account, call.region) for call in service.calls]


def test_the_regions_are_those_that_ec2_describes(service: CloudControl) -> None:
    assert enabled_regions(AwsSession(**KEYS)) == ["af-south-1", "eu-west-1"]
    assert made(service) == [("DescribeRegions", "123456789012", "us-east-1")]


def test_sts_says_whose_credentials_they_are(service: CloudControl) -> None:
    assert account_id(AwsSession(**KEYS, region="eu-west-1")) == "123456789012"
    assert made(service) == [("GetCallerIdentity", "123456789012", "eu-west-1")]


@pytest.mark.parametrize(
    ("role_arn", "region", "asked"),
    [
        (ROLE, None, "us-east-1"),
        (ROLE, "eu-west-1", "eu-west-1"),
        ("arn:aws-cn:iam::111111111111:role/reader", None, "cn-north-1"),
        ("arn:aws-us-gov:iam::111111111111:role/reader", None, "us-gov-west-1"),
    ],
)
def test_a_role_is_assumed_where_its_partition_is(
    service: CloudControl, role_arn: str, region: str | None, asked: str
) -> None:
    session = AwsSession(**KEYS).assume(role_arn, region=region, external_id="shared", session_name="audit")
    asyncio.run(session.credentials())
    assert made(service) == [("AssumeRole", "123456789012", asked)]
    assert service.calls[0].payload.items() >= {
        ("RoleArn", role_arn),
        ("ExternalId", "shared"),
        ("RoleSessionName", "audit"),
    }


def test_a_role_assumes_the_next(service: CloudControl) -> None:
    first = AwsSession(**KEYS, role_arn=ROLE)
    second = first.assume("arn:aws:iam::222222222222:role/reader")
    asyncio.run(second.credentials())
    assert [call[:2] for call in made(service)] == [("AssumeRole", "123456789012"), ("AssumeRole", "111111111111")]


@pytest.mark.usefixtures("no_aws")
def test_the_arn_of_a_role_says_its_account() -> None:
    assert account_id(AwsSession(**KEYS, role_arn=ROLE)) == "111111111111"


def test_where_the_arn_does_not_sts_does(service: CloudControl) -> None:
    session = AwsSession(**KEYS).assume(ROLE)
    strange = session.assume("arn:aws:iam::111111111111:role")
    assert strange.role_arn == "arn:aws:iam::111111111111:role"
    with pytest.raises(DatabaseError, match="must be the ARN of a role"):
        account_id(strange)
    assert [operation for operation, *_ in made(service)] == ["AssumeRole", "AssumeRole"]


def test_a_role_is_assumed_once_and_again_only_before_it_expires(no_aws: pytest.MonkeyPatch) -> None:
    moment = [time.time() - 3500]  # what is issued now is about to expire
    service = CloudControl(clock=lambda: moment[0])
    with serve_in_thread(service) as url:
        no_aws.setenv("AWS_ENDPOINT_URL", url)
        session = AwsSession(**KEYS, role_arn=ROLE)
        keys = [asyncio.run(session.credentials()).access_key]
        moment[0] = time.time()
        keys += [asyncio.run(session.credentials()).access_key for _ in range(3)]
    assert [operation for operation, *_ in made(service)] == ["AssumeRole", "AssumeRole"]
    assert keys[0] != keys[1] == keys[2] == keys[3]


def refusing(account_service: Mapping[str, object] | None) -> Callable[[web.BaseRequest], web.Response]:
    """EC2 refuses; Account answers with this, or refuses, too."""

    def answer(request: web.BaseRequest) -> web.Response:
        if "/ec2/" in request.headers["Authorization"]:
            return web.Response(status=403, text=DENIED, content_type="text/xml")
        assert "/account/" in request.headers["Authorization"]
        if account_service is None:
            return web.json_response(
                {"message": "nor here"}, status=403, headers={"x-amzn-ErrorType": "AccessDeniedException"}
            )
        return web.json_response(account_service)

    return answer


def regions_of(answer: Callable[[web.BaseRequest], web.Response]) -> tuple[list[str], list[object]]:
    """The regions that are found, and what Account was asked."""
    asked: list[object] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if "/account/" in request.headers["Authorization"]:
            asked.append(json.loads(await request.text()))
        return answer(request)

    async def main() -> list[str]:
        async with listen(handler) as url:
            return list(await asyncio.to_thread(enabled_regions, AwsSession(**KEYS, endpoint_url=url)))

    return asyncio.run(main()), asked


@pytest.mark.usefixtures("no_aws")
def test_account_tells_the_regions_where_ec2_may_not() -> None:
    listed = {"Regions": [{"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}]}
    found, asked = regions_of(refusing(listed))
    assert found == ["eu-west-1"]
    assert asked == [{"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}]


@pytest.mark.usefixtures("no_aws")
def test_without_permission_the_error_says_which_one_and_what_else_to_do() -> None:
    with pytest.raises(OperationalError) as caught:
        regions_of(refusing(None))
    for words in ("ec2:DescribeRegions", "account:ListRegions", "not you", "nor here", "name the regions"):
        assert words in str(caught.value)


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize(
    "answer", [web.json_response({}, status=400), web.Response(text="<html>a proxy</html>")], ids=["json", "html"]
)
def test_an_endpoint_that_is_something_else_is_an_error(answer: web.Response) -> None:
    with pytest.raises(OperationalError, match="name the regions"):
        regions_of(lambda _: answer)


def test_where_nobody_answers_nobody_else_is_asked(no_aws: pytest.MonkeyPatch) -> None:
    no_aws.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(OperationalError, match="name the regions") as caught:
        enabled_regions(AwsSession(**KEYS, endpoint_url="http://127.0.0.1:1"))
    assert str(caught.value).count("127.0.0.1:1") == 1


def test_moto_knows_the_roles_account(no_aws: pytest.MonkeyPatch) -> None:
    with mock_aws():
        own = AwsSession(**KEYS, region="eu-west-1")
        assert account_id(own) == "123456789012"
        role = own.assume(ROLE)
        assert role.create_client("sts").get_caller_identity()["Account"] == "111111111111"  # type: ignore[attr-defined]
        assert "eu-west-1" in enabled_regions(own)
