"""The driver under moto's mock_aws, for users whose tests mock AWS with it."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

import ccdbapi
from ccdbapi.emulator import moto_backend

ROLE = "arn:aws:iam::123456789012:role/sagemaker"


def test_statements_reach_the_mocked_service(no_aws: pytest.MonkeyPatch) -> None:
    moto_backend.register()
    with mock_aws(), ccdbapi.connect(transport="boto3") as connection:
        cursor = connection.cursor()
        cursor.execute(
            "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES (?, ?, 'eu-west-1') "
            "RETURNING Identifier",
            ["mocked", ROLE],
        )
        ((identifier,),) = cursor.fetchall()
        client = boto3.client("cloudcontrol", region_name="eu-west-1")
        found = client.get_resource(TypeName="AWS::SageMaker::Image", Identifier=identifier)
        assert found["ResourceDescription"]["Identifier"] == identifier
        cursor.execute("SELECT image_arn FROM awscc.sagemaker.images_list_only WHERE region = 'eu-west-1'")
        assert cursor.fetchall() == [(identifier,)]


def test_the_mocked_state_ends_with_the_mock(no_aws: pytest.MonkeyPatch) -> None:
    moto_backend.register()
    for _ in range(2):
        with mock_aws(), ccdbapi.connect(transport="boto3") as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT count(*) FROM awscc.sagemaker.images_list_only WHERE region = 'eu-west-1'")
            assert cursor.fetchall() == [(0,)]
            cursor.execute(
                "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, region) VALUES ('a', ?, 'eu-west-1')",
                [ROLE],
            )
