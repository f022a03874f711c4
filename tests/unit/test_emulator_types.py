"""Real resource types of many kinds, each from create to delete."""

from __future__ import annotations

import json

import pytest

from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.service import CloudControl

ROLE = "arn:aws:iam::123456789012:role/r"

Json = dict[str, object]

#: Type, desired state, a patch that changes it, and the model that its list asks for.
LIVES: list[tuple[str, Json, list[Json], Json]] = [
    (
        "AWS::SageMaker::Image",
        {"ImageName": "image", "ImageRoleArn": ROLE, "Tags": [{"Key": "team", "Value": "Ωmega 1"}]},
        [{"op": "add", "path": "/ImageDescription", "value": "x"}],
        {},
    ),
    (
        "AWS::EC2::VPC",
        {"CidrBlock": "10.0.0.0/16"},
        [{"op": "add", "path": "/EnableDnsSupport", "value": True}],
        {},
    ),
    (
        "AWS::EC2::SecurityGroup",
        {"GroupDescription": "web"},
        [{"op": "add", "path": "/SecurityGroupIngress", "value": [{"IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"}]}],
        {},
    ),
    (
        "AWS::Lambda::Function",
        {"Role": ROLE, "Code": {"ZipFile": "def f(): ..."}, "Handler": "index.f", "Runtime": "python3.12"},
        [{"op": "add", "path": "/MemorySize", "value": 256}],
        {},
    ),
    (
        "AWS::DynamoDB::Table",
        {
            "TableName": "orders",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
        [{"op": "add", "path": "/DeletionProtectionEnabled", "value": True}],
        {},
    ),
    (
        "AWS::SNS::Topic",
        {"TopicName": "alerts"},
        [{"op": "add", "path": "/DisplayName", "value": "Alerts"}],
        {},
    ),
    (
        "AWS::SSM::Parameter",
        {"Name": "/app/version", "Type": "String", "Value": "1"},
        [{"op": "replace", "path": "/Value", "value": "2"}],
        {},
    ),
    (
        "AWS::Logs::LogGroup",
        {"LogGroupName": "/app"},
        [{"op": "add", "path": "/RetentionInDays", "value": 7}],
        {},
    ),
    (
        "AWS::S3::Bucket",
        {},
        [{"op": "add", "path": "/VersioningConfiguration", "value": {"Status": "Enabled"}}],
        {},
    ),
    (
        "AWS::IAM::Role",
        {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
        [{"op": "add", "path": "/Description", "value": "x"}],
        {},
    ),
    (
        "AWS::EKS::Nodegroup",
        {"ClusterName": "main", "NodeRole": ROLE, "Subnets": ["subnet-1"]},
        [{"op": "add", "path": "/Labels", "value": {"a": "b"}}],
        {"ClusterName": "main"},
    ),
    (
        "AWS::ApiGateway::Model",
        {"RestApiId": "api", "ContentType": "application/json"},
        [{"op": "add", "path": "/Description", "value": "x"}],
        {"RestApiId": "api"},
    ),
    (
        "AWS::RDS::DBInstance",
        {"DBInstanceClass": "db.t3.micro", "Engine": "postgres", "MasterUserPassword": "s3cret-s3cret"},
        [{"op": "add", "path": "/AllocatedStorage", "value": "20"}],
        {},
    ),
    (
        "AWS::KMS::Key",
        {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}},
        [{"op": "add", "path": "/Enabled", "value": False}],
        {},
    ),
    (
        "AWS::Events::Rule",
        {"Name": "nightly", "ScheduleExpression": "rate(1 day)"},
        [{"op": "add", "path": "/State", "value": "DISABLED"}],
        {},
    ),
    (
        "AWS::StepFunctions::StateMachine",
        {"RoleArn": ROLE, "DefinitionString": "{}"},
        [{"op": "add", "path": "/TracingConfiguration", "value": {"Enabled": True}}],
        {},
    ),
]


@pytest.fixture(scope="module")
def service() -> CloudControl:
    return CloudControl()


@pytest.mark.parametrize(("type_name", "desired", "patch", "parents"), LIVES, ids=[life[0] for life in LIVES])
def test_a_resource_lives_from_create_to_delete(
    service: CloudControl, type_name: str, desired: Json, patch: list[Json], parents: Json
) -> None:
    def ask(operation: str, **payload: object) -> Json:
        return service.answer(operation, payload, account="123456789012", region="us-east-1")

    def finish(operation: str, **payload: object) -> str:
        event = ask(operation, TypeName=type_name, **payload)["ProgressEvent"]
        assert isinstance(event, dict)
        final = ask("GetResourceRequestStatus", RequestToken=event["RequestToken"])["ProgressEvent"]
        assert isinstance(final, dict)
        assert final["OperationStatus"] == "SUCCESS", final
        return str(final["Identifier"])

    def read() -> Json:
        description = ask("GetResource", TypeName=type_name, Identifier=identifier)["ResourceDescription"]
        assert isinstance(description, dict)
        document = json.loads(description["Properties"])
        assert isinstance(document, dict)
        return document

    identifier = finish("CreateResource", DesiredState=json.dumps(desired))
    created = read()
    shown = {name: value for name, value in desired.items() if name in created}
    assert {**created, **shown} == created
    assert "s3cret" not in json.dumps(created)
    for position, part in enumerate(identifier.split("|")):
        assert part, f"part {position} of {identifier!r} is empty"

    listed = ask("ListResources", TypeName=type_name, ResourceModel=json.dumps(parents))["ResourceDescriptions"]
    assert isinstance(listed, list)
    assert [found["Identifier"] for found in listed] == [identifier]

    assert finish("UpdateResource", Identifier=identifier, PatchDocument=json.dumps(patch)) == identifier
    changed = read()
    assert changed[str(patch[0]["path"]).removeprefix("/")] == patch[0]["value"]

    assert finish("DeleteResource", Identifier=identifier) == identifier
    with pytest.raises(ServiceError, match="ResourceNotFoundException"):
        read()
