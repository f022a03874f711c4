"""A small account to try things on: SageMaker images in two regions, and a few neighbours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ccdbapi.emulator.service import CloudControl

_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

#: Image name, display name, description, team and stage, by region.
_IMAGES: Mapping[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "us-east-1": (
        ("pytorch-prod", "PyTorch", "Training of the recommender", "search", "prod"),
        ("pytorch-dev", "PyTorch (dev)", "Next release of the training image", "search", "dev"),
        ("tensorflow-prod", "TensorFlow", "Serving of the ranking models", "ranking", "prod"),
        ("xgboost-prod", "XGBoost", "Fraud scores", "payments", "prod"),
        ("rstudio", "RStudio", "Notebooks of the analysts", "finance", "prod"),
        ("spark-dev", "Spark", "Feature pipelines", "platform", "dev"),
    ),
    "eu-west-1": (
        ("pytorch-prod", "PyTorch", "Training of the recommender, EU data", "search", "prod"),
        ("sklearn-dev", "scikit-learn", "Churn experiments", "marketing", "dev"),
    ),
}


class _Desired(NamedTuple):
    region: str
    type_name: str
    properties: Mapping[str, object]


def load(service: CloudControl, account: str | None = None) -> int:
    """Creates the demo resources through the service, and returns how many; those that exist already are left alone.

    ``account`` is the service's default account where it is None. The service must settle at once
    (``Options.settle == 0``) for the resources to be there on return.
    """
    account = account or service.options.account
    created = 0
    for wanted in _resources(account):
        accepted = service.answer(
            "CreateResource",
            {"TypeName": wanted.type_name, "DesiredState": json.dumps(wanted.properties)},
            account=account,
            region=wanted.region,
        )
        token = _event(accepted)["RequestToken"]
        status = service.answer(
            "GetResourceRequestStatus", {"RequestToken": token}, account=account, region=wanted.region
        )
        created += _event(status)["OperationStatus"] == "SUCCESS"
    service.calls.clear()
    return created


def _resources(account: str) -> Iterator[_Desired]:
    role = f"arn:aws:iam::{account}:role/sagemaker-images"
    for region, images in _IMAGES.items():
        for name, title, description, team, stage in images:
            properties = {
                "ImageName": name,
                "ImageRoleArn": role,
                "ImageDisplayName": title,
                "ImageDescription": description,
                "Tags": _tags(team, stage),
            }
            yield _Desired(region, "AWS::SageMaker::Image", properties)
        for name, days in (("/aws/sagemaker/TrainingJobs", 30), ("/aws/lambda/score", 14)):
            yield _Desired(region, "AWS::Logs::LogGroup", {"LogGroupName": name, "RetentionInDays": days})
        bucket = {"BucketName": f"models-{account}-{region}", "Tags": _tags("platform", "prod")}
        yield _Desired(region, "AWS::S3::Bucket", bucket)
    iam_role = {"RoleName": "sagemaker-images", "AssumeRolePolicyDocument": _POLICY}
    yield _Desired("us-east-1", "AWS::IAM::Role", iam_role)
    yield _Desired("us-east-1", "AWS::SSM::Parameter", {"Name": "/models/current", "Type": "String", "Value": "v42"})
    yield _Desired("us-east-1", "AWS::SQS::Queue", {"QueueName": "scores", "VisibilityTimeout": 60})


def _tags(team: str, stage: str) -> list[Mapping[str, str]]:
    return [{"Key": "team", "Value": team}, {"Key": "stage", "Value": stage}]


def _event(answer: Mapping[str, object]) -> Mapping[str, object]:
    event = answer["ProgressEvent"]
    assert isinstance(event, dict)  # noqa: S101 - the service's own answer
    return event
