"""boto3 as the emulator's client, over HTTP and under moto: its validation, parsers, paginators, waiter and errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError
from moto import mock_aws

from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.moto_backend import register
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

# boto3 makes the classes of its clients at run time.
Client = Any

TYPE = "AWS::SageMaker::Image"
ROLE = "arn:aws:iam::123456789012:role/images"


class Clock:
    """Moves on by one second whenever it is looked at, so that waiting takes no time."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


Front = Callable[..., Any]


@contextmanager
def over_http(service: CloudControl) -> Iterator[Front]:
    with serve_in_thread(service) as url:
        yield lambda region="us-east-1": client(region, endpoint_url=url)


@contextmanager
def under_moto(service: CloudControl) -> Iterator[Front]:
    register(service)
    with mock_aws():
        yield lambda region="us-east-1": client(region)


def client(region: str, endpoint_url: str | None = None) -> Client:
    return boto3.client(
        "cloudcontrol",
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(params=[over_http, under_moto], ids=["http", "moto"])
def front(request: pytest.FixtureRequest) -> Callable[[CloudControl], Any]:
    chosen: Callable[[CloudControl], Any] = request.param
    return chosen


@pytest.fixture
def cloud(front: Callable[[CloudControl], Any]) -> Iterator[Client]:
    with front(CloudControl(Options(page_size=3))) as connect:
        yield connect()


def desired(name: str, **more: object) -> str:
    return json.dumps({"ImageName": name, "ImageRoleArn": ROLE, **more})


def create(cloud: Client, name: str, **more: object) -> str:
    token = cloud.create_resource(TypeName=TYPE, DesiredState=desired(name, **more))["ProgressEvent"]["RequestToken"]
    wait(cloud, token)
    return str(cloud.get_resource_request_status(RequestToken=token)["ProgressEvent"]["Identifier"])


def wait(cloud: Client, token: str) -> None:
    cloud.get_waiter("resource_request_success").wait(RequestToken=token, WaiterConfig={"Delay": 0})


def read(cloud: Client, identifier: str) -> Mapping[str, object]:
    answer = cloud.get_resource(TypeName=TYPE, Identifier=identifier)
    assert answer["TypeName"] == TYPE
    assert answer["ResourceDescription"]["Identifier"] == identifier
    properties: Mapping[str, object] = json.loads(answer["ResourceDescription"]["Properties"])
    return properties


def test_an_image_lives_from_create_to_delete(cloud: Client) -> None:
    event = cloud.create_resource(TypeName=TYPE, DesiredState=desired("First-Image", ImageDescription="naïve 'x'"))[
        "ProgressEvent"
    ]
    assert (event["Operation"], event["OperationStatus"], event["TypeName"]) == ("CREATE", "PENDING", TYPE)
    assert isinstance(event["EventTime"], datetime)
    assert isinstance(event["RetryAfter"], datetime)
    wait(cloud, event["RequestToken"])

    identifier = "arn:aws:sagemaker:us-east-1:123456789012:image/first-image"
    assert read(cloud, identifier) == {
        "ImageName": "First-Image",
        "ImageRoleArn": ROLE,
        "ImageDescription": "naïve 'x'",
        "ImageArn": identifier,
    }

    patch = [{"op": "replace", "path": "/ImageDescription", "value": "new"}]
    event = cloud.update_resource(TypeName=TYPE, Identifier=identifier, PatchDocument=json.dumps(patch))[
        "ProgressEvent"
    ]
    wait(cloud, event["RequestToken"])
    assert read(cloud, identifier)["ImageDescription"] == "new"

    event = cloud.delete_resource(TypeName=TYPE, Identifier=identifier)["ProgressEvent"]
    wait(cloud, event["RequestToken"])
    with pytest.raises(cloud.exceptions.ResourceNotFoundException) as caught:
        read(cloud, identifier)
    assert identifier in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["RequestId"]


def test_paginators_bring_every_resource_once(cloud: Client) -> None:
    wanted = [create(cloud, f"image{number}") for number in range(8)]
    pages = list(cloud.get_paginator("list_resources").paginate(TypeName=TYPE))
    assert [len(page["ResourceDescriptions"]) for page in pages] == [3, 3, 2]
    assert [found["Identifier"] for page in pages for found in page["ResourceDescriptions"]] == wanted
    assert [json.loads(found["Properties"]).keys() for found in pages[0]["ResourceDescriptions"]] == [{"ImageArn"}] * 3

    requests = list(cloud.get_paginator("list_resource_requests").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["ResourceRequestStatusSummaries"]) for page in requests] == [3, 3, 2]


def test_requests_are_listed_by_operation_and_status(cloud: Client) -> None:
    identifier = create(cloud, "image")
    cloud.delete_resource(TypeName=TYPE, Identifier=identifier)
    found = cloud.list_resource_requests(
        ResourceRequestStatusFilter={"Operations": ["DELETE"], "OperationStatuses": ["SUCCESS"]}
    )["ResourceRequestStatusSummaries"]
    assert [(event["Operation"], event["Identifier"]) for event in found] == [("DELETE", identifier)]


def test_the_waiter_sees_failures(cloud: Client) -> None:
    create(cloud, "image")
    event = cloud.create_resource(TypeName=TYPE, DesiredState=desired("image"))["ProgressEvent"]
    with pytest.raises(WaiterError, match="FAILED"):
        wait(cloud, event["RequestToken"])
    final = cloud.get_resource_request_status(RequestToken=event["RequestToken"])["ProgressEvent"]
    assert final["ErrorCode"] == "AlreadyExists"


def test_a_client_token_makes_a_request_idempotent(cloud: Client) -> None:
    first = cloud.create_resource(TypeName=TYPE, DesiredState=desired("image"), ClientToken="token")
    again = cloud.create_resource(TypeName=TYPE, DesiredState=desired("image"), ClientToken="token")
    assert again["ProgressEvent"]["RequestToken"] == first["ProgressEvent"]["RequestToken"]
    with pytest.raises(cloud.exceptions.ClientTokenConflictException):
        cloud.create_resource(TypeName=TYPE, DesiredState=desired("other"), ClientToken="token")


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("get_resource", {"TypeName": "AWS::No::Such", "Identifier": "x"}, "TypeNotFoundException"),
        ("get_resource", {"TypeName": TYPE, "Identifier": "x"}, "ResourceNotFoundException"),
        ("list_resources", {"TypeName": "AWS::EKS::Nodegroup"}, "InvalidRequestException"),
        ("create_resource", {"TypeName": TYPE, "DesiredState": "[]"}, "InvalidRequestException"),
        ("get_resource_request_status", {"RequestToken": "unknown"}, "RequestTokenNotFoundException"),
        ("cancel_resource_request", {"RequestToken": "unknown"}, "RequestTokenNotFoundException"),
    ],
)
def test_refusals_are_the_exceptions_of_the_service_model(
    cloud: Client, operation: str, arguments: Mapping[str, str], code: str
) -> None:
    with pytest.raises(getattr(cloud.exceptions, code)):
        getattr(cloud, operation)(**arguments)


def test_refusals_that_all_services_share_have_their_codes(cloud: Client) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.create_resource(TypeName=TYPE, DesiredState='{"ImageName": "image"}')
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Model validation failed (#: required key [ImageRoleArn] not found)",
    }


def test_create_only_properties_are_not_updatable(cloud: Client) -> None:
    identifier = create(cloud, "image")
    patch = [{"op": "replace", "path": "/ImageName", "value": "other"}]
    with pytest.raises(cloud.exceptions.NotUpdatableException):
        cloud.update_resource(TypeName=TYPE, Identifier=identifier, PatchDocument=json.dumps(patch))


def test_regions_are_apart(front: Callable[[CloudControl], Any]) -> None:
    with front(CloudControl()) as connect:
        east, west = connect("us-east-1"), connect("eu-west-1")
        create(east, "image")
        assert west.list_resources(TypeName=TYPE)["ResourceDescriptions"] == []
        assert create(west, "image") == "arn:aws:sagemaker:eu-west-1:123456789012:image/image"


def test_requests_pass_through_every_status(front: Callable[[CloudControl], Any]) -> None:
    with front(CloudControl(Options(settle=20), clock=Clock())) as connect:
        cloud = connect()
        event = cloud.create_resource(TypeName=TYPE, DesiredState=desired("image"))["ProgressEvent"]
        with pytest.raises(cloud.exceptions.ConcurrentOperationException):
            cloud.delete_resource(TypeName=TYPE, Identifier=event["Identifier"])
        statuses = [event["OperationStatus"]]
        while statuses[-1] != "SUCCESS":
            status = cloud.get_resource_request_status(RequestToken=event["RequestToken"])
            statuses.append(status["ProgressEvent"]["OperationStatus"])
        assert list(dict.fromkeys(statuses)) == ["PENDING", "IN_PROGRESS", "SUCCESS"]


def test_a_request_under_way_can_be_cancelled(front: Callable[[CloudControl], Any]) -> None:
    with front(CloudControl(Options(settle=60), clock=Clock())) as connect:
        cloud = connect()
        token = cloud.create_resource(TypeName=TYPE, DesiredState=desired("image"))["ProgressEvent"]["RequestToken"]
        cancelled = cloud.cancel_resource_request(RequestToken=token)
        assert cancelled["ProgressEvent"]["OperationStatus"] == "CANCEL_IN_PROGRESS"
        with pytest.raises(WaiterError, match="CANCEL_COMPLETE"):
            wait(cloud, token)
        with pytest.raises(cloud.exceptions.ConcurrentModificationException):
            cloud.cancel_resource_request(RequestToken=token)


def test_throttling(front: Callable[[CloudControl], Any]) -> None:
    with front(CloudControl(Options(throttle_rate=1), clock=lambda: 1_800_000_000.0)) as connect:
        cloud = connect()
        cloud.list_resources(TypeName=TYPE)
        with pytest.raises(cloud.exceptions.ThrottlingException):
            cloud.list_resources(TypeName=TYPE)
        connect("eu-west-1").list_resources(TypeName=TYPE)


class TestMoto:
    def test_forgets_everything_where_a_mock_ends(self) -> None:
        service = register(CloudControl())
        with mock_aws():
            create(client("eu-west-1"), "image")
        with mock_aws():
            assert client("eu-west-1").list_resources(TypeName=TYPE)["ResourceDescriptions"] == []
        assert not service.calls

    def test_has_its_own_sts_beside_it(self) -> None:
        register(CloudControl())
        with mock_aws():
            sts = boto3.client("sts", region_name="us-east-1")
            role = sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/reader", RoleSessionName="session")
            credentials = role["Credentials"]
            cloud = boto3.client(
                "cloudcontrol",
                region_name="us-east-1",
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            )
            # The role is another account's, and so is what it makes.
            assert create(cloud, "image") == "arn:aws:sagemaker:us-east-1:210987654321:image/image"

    def test_can_be_registered_again_and_again(self) -> None:
        service = register(CloudControl())
        assert register() is service
        with mock_aws():
            assert register() is service
            client("us-east-1").list_resources(TypeName=TYPE)
            assert [call.operation for call in service.calls] == ["ListResources"]
