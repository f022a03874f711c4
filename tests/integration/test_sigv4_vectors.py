"""The signer against vectors that AWS published, and the tests' own verifier against the same.

Source: the AWS Signature Version 4 test suite (names and signatures as there), and "Elements of an AWS API request
signature" of the AWS IAM User Guide for ``iam-list-users``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aws_contract
import pytest
from botocore.credentials import ReadOnlyCredentials

from ccdbapi.cloudcontrol.signing import signed_headers

SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
FORM_SHA256 = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
STS_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7"
    "mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d"
    "+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)


@dataclass(frozen=True)
class Vector:
    name: str
    method: str
    signature: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    token: str | None = None
    host: str = "example.amazonaws.com"
    target: str = "/"
    service: str = "service"


VECTORS = [
    Vector("get-vanilla", "GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    Vector("post-vanilla", "POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    Vector(
        "post-header-key-sort",
        "POST",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        headers={"My-Header1": "value1"},
    ),
    Vector(
        "post-header-value-case",
        "POST",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        headers={"My-Header1": "VALUE1"},
    ),
    Vector(
        "get-header-value-trim",
        "GET",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        headers={"My-Header1": " value1", "My-Header2": ' "a   b   c"'},
    ),
    Vector(
        "get-vanilla-query-order-key-case",
        "GET",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        target="/?Param2=value2&Param1=value1",
    ),
    Vector(
        "post-x-www-form-urlencoded",
        "POST",
        "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": "13",
            "x-amz-content-sha256": FORM_SHA256,
        },
        body=b"Param1=value1",
    ),
    Vector(
        "post-x-www-form-urlencoded-parameters",
        "POST",
        "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
        headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "Content-Length": "13",
            "x-amz-content-sha256": FORM_SHA256,
        },
        body=b"Param1=value1",
    ),
    Vector(
        "post-sts-header-before",
        "POST",
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        token=STS_TOKEN,
    ),
    Vector(
        "get-vanilla-with-session-token",
        "GET",
        "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
        token="6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
    ),
    Vector(
        "iam-list-users",
        "GET",
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
        host="iam.amazonaws.com",
        target="/?Action=ListUsers&Version=2010-05-08",
        service="iam",
    ),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_signatures_are_those_that_aws_published(vector: Vector) -> None:
    url = f"https://{vector.host}{vector.target}"

    headers = signed_headers(
        ReadOnlyCredentials("AKIDEXAMPLE", SECRET_KEY, vector.token, None),
        method=vector.method,
        url=url,
        headers=vector.headers,
        body=vector.body,
        region="us-east-1",
        service=vector.service,
        now=datetime(2015, 8, 30, 12, 36, 0, tzinfo=UTC),
    )

    assert aws_contract.parse_authorization(headers["Authorization"])["signature"] == vector.signature
    received = {**headers, "Host": urlsplit(url).netloc}
    verified = aws_contract.signature(vector.method, vector.target, received, vector.body, secret_key=SECRET_KEY)
    assert verified == vector.signature


@pytest.mark.parametrize(
    "tampered",
    [
        {"body": b"{ }"},
        {"secret_key": "another"},
        {"method": "PUT"},
        {"headers": {"X-Amz-Target": "CloudApiService.DeleteResource"}},
        {"headers": {"X-Amz-Date": "20150830T123601Z"}},
        {"headers": {"Host": "example.org"}},
    ],
    ids=["body", "secret key", "method", "operation", "date", "host"],
)
def test_the_verifier_notices_a_changed_request(tampered: dict[str, object]) -> None:
    signed = signed_headers(
        ReadOnlyCredentials("AKIDEXAMPLE", SECRET_KEY, None, None),
        url="https://example.amazonaws.com/",
        headers={"X-Amz-Target": "CloudApiService.GetResource"},
        body=b"{}",
        region="us-east-1",
        service="cloudcontrolapi",
        now=datetime(2015, 8, 30, 12, 36, 0, tzinfo=UTC),
    )
    extra = tampered.get("headers", {})
    assert isinstance(extra, dict)
    request = {"method": "POST", "body": b"{}", "secret_key": SECRET_KEY, **tampered}
    request["headers"] = {**signed, "Host": "example.amazonaws.com", **extra}

    found = aws_contract.signature(target="/", **request)  # type: ignore[arg-type]

    assert found != aws_contract.parse_authorization(signed["Authorization"])["signature"]
