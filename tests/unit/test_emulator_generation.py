"""What is added to new resources of real types: identifiers and read-only properties."""

from __future__ import annotations

import random
import re

import pytest

from ccdbapi.catalog import packaged
from ccdbapi.emulator.arns import is_global, partition_of
from ccdbapi.emulator.generation import Maker, identifier_of
from ccdbapi.emulator.pointers import Json
from ccdbapi.emulator.store import Scope

IMAGE: Json = {"ImageName": "My-Image", "ImageRoleArn": "arn:aws:iam::123456789012:role/r"}
NOW = 1_800_000_000.0


def completed(type_name: str, desired: Json, region: str = "us-east-1") -> tuple[str, Json]:
    resource_type = packaged().resource_type(type_name)
    maker = Maker(resource_type, desired, Scope("123456789012", region), now=NOW, rng=random.SystemRandom())
    state = maker.complete()
    return identifier_of(resource_type, state), state


@pytest.mark.parametrize(
    ("type_name", "desired", "region", "expected"),
    [
        ("AWS::SageMaker::Image", IMAGE, "us-east-1", "arn:aws:sagemaker:us-east-1:123456789012:image/my-image"),
        ("AWS::SageMaker::Image", IMAGE, "cn-north-1", "arn:aws-cn:sagemaker:cn-north-1:123456789012:image/my-image"),
        ("AWS::IAM::Role", {"RoleName": "Admin"}, "us-east-1", "Admin"),
        ("AWS::Logs::LogGroup", {"LogGroupName": "/a/b"}, "eu-west-1", "/a/b"),
        ("AWS::S3::Bucket", {"BucketName": "bucket"}, "us-east-1", "bucket"),
        (
            "AWS::SQS::Queue",
            {"QueueName": "scores"},
            "us-east-1",
            "https://sqs.us-east-1.amazonaws.com/123456789012/scores",
        ),
    ],
)
def test_identifiers_are_made_of_what_is_given(type_name: str, desired: Json, region: str, expected: str) -> None:
    assert completed(type_name, desired, region)[0] == expected


@pytest.mark.parametrize(
    ("type_name", "desired", "expected"),
    [
        ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, r"vpc-[0-9a-f]{17}"),
        ("AWS::S3::Bucket", {}, r"bucket-[a-z0-9]{12}"),
        ("AWS::CleanRooms::Collaboration", {}, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("AWS::DSQL::Cluster", {}, r"[a-z0-9]{26}"),
        ("AWS::ApiGateway::Stage", {"RestApiId": "r1"}, r"r1\|.+"),
    ],
)
def test_identifiers_that_nobody_gave_are_made_up_to_fit(type_name: str, desired: Json, expected: str) -> None:
    assert re.fullmatch(expected, completed(type_name, desired)[0])


@pytest.mark.parametrize(
    ("type_name", "property_name", "expected"),
    [
        ("AWS::IAM::Role", "Arn", r"arn:aws:iam::123456789012:role/Admin"),
        ("AWS::Lambda::Function", "Arn", r"arn:aws:lambda:us-east-1:123456789012:function[:/].+"),
        ("AWS::S3::Bucket", "Arn", r"arn:aws:s3:::.+"),
        ("AWS::S3::Bucket", "DomainName", r".+\.s3\.us-east-1\.amazonaws\.com"),
    ],
)
def test_read_only_properties_look_like_what_they_are(type_name: str, property_name: str, expected: str) -> None:
    _, state = completed(type_name, {"RoleName": "Admin"} if "IAM" in type_name else {})
    assert re.fullmatch(expected, str(state[property_name]))


def test_what_the_user_gave_is_kept() -> None:
    _, state = completed("AWS::SageMaker::Image", IMAGE)
    assert {**state, **IMAGE} == state


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("moon-1", "aws")],
)
def test_partitions_follow_from_regions(region: str, partition: str) -> None:
    assert partition_of(region) == partition


@pytest.mark.parametrize(("service", "expected"), [("iam", True), ("sagemaker", False), ("unheard-of", False)])
def test_global_services_are_known(service: str, expected: bool) -> None:
    assert is_global(service) is expected
