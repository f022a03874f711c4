"""The emulator over HTTP as STS and EC2, asked by boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from served import ACCESS_KEY, CALLER, SECRET_KEY

from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import DEFAULT_REGIONS, Options
from ccdbapi.emulator.service import CloudControl

REGION = "eu-west-1"
KEYS = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
ROLE = "arn:aws:iam::111111111111:role/path/reader"


@pytest.fixture
def service() -> CloudControl:
    return CloudControl(Options(check_signatures=True, credentials=CALLER))


@pytest.fixture
def url(service: CloudControl) -> Iterator[str]:
    with serve_in_thread(service) as url:
        yield url


def client(service: str, url: str, **keys: str) -> Any:  # boto3 makes its clients' methods at run time
    return boto3.client(service, region_name=REGION, endpoint_url=url, **(keys or KEYS))  # type: ignore[call-overload]


def assumed(url: str) -> dict[str, str]:
    given = client("sts", url).assume_role(RoleArn=ROLE, RoleSessionName="tests")["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def test_a_caller_is_told_its_account(url: str) -> None:
    assert client("sts", url).get_caller_identity()["Account"] == "123456789012"


def test_the_regions_are_those_of_the_options(url: str) -> None:
    regions = client("ec2", url).describe_regions()["Regions"]
    assert [region["RegionName"] for region in regions] == list(DEFAULT_REGIONS)


def test_a_role_acts_in_its_own_account(service: CloudControl, url: str) -> None:
    role = assumed(url)
    assert client("sts", url, **role).get_caller_identity()["Account"] == "111111111111"
    group = {"TypeName": "AWS::Logs::LogGroup", "DesiredState": '{"LogGroupName": "/one"}'}
    client("cloudcontrol", url, **role).create_resource(**group)

    listed = [
        len(client("cloudcontrol", url, **keys).list_resources(TypeName="AWS::Logs::LogGroup")["ResourceDescriptions"])
        for keys in (role, KEYS)
    ]

    assert listed == [1, 0]
    assert [(call.operation, call.account) for call in service.calls] == [
        ("AssumeRole", "123456789012"),
        ("GetCallerIdentity", "111111111111"),
        ("CreateResource", "111111111111"),
        ("ListResources", "111111111111"),
        ("ListResources", "123456789012"),
    ]


@pytest.mark.parametrize(
    ("service_name", "method", "members"),
    [("sts", "get_caller_identity", {}), ("cloudcontrol", "list_resources", {"TypeName": "AWS::Logs::LogGroup"})],
)
def test_a_session_token_that_is_wrong_is_refused(
    url: str, service_name: str, method: str, members: dict[str, str]
) -> None:
    asked = client(service_name, url, **assumed(url) | {"aws_session_token": "another"})
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        getattr(asked, method)(**members)


def test_a_roles_credentials_last_as_long_as_was_asked() -> None:
    service = CloudControl(clock=lambda: 1_800_000_000.0)
    with serve_in_thread(service) as url:
        answer = client("sts", url).assume_role(RoleArn=ROLE, RoleSessionName="tests", DurationSeconds=900)
    assert answer["Credentials"]["Expiration"].timestamp() == 1_800_000_900


@pytest.mark.parametrize(
    ("service_name", "method", "members", "code"),
    [
        ("sts", "get_session_token", {}, "InvalidAction"),
        ("ec2", "describe_instances", {}, "InvalidAction"),
        (
            "sts",
            "assume_role",
            {"RoleArn": "arn:aws:iam::1:user/nobody", "RoleSessionName": "tests"},
            "ValidationError",
        ),
    ],
)
def test_what_is_not_emulated_is_refused(
    url: str, service_name: str, method: str, members: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        getattr(client(service_name, url), method)(**members)
