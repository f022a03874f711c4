"""Signatures as botocore makes them, and what becomes of them when anything is changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.options import Credential, Options
from ccdbapi.emulator.signing import CLOCK_SKEW, RawRequest, caller

URL = "http://127.0.0.1:4599/"
OPTIONS = Options(
    check_signatures=True,
    credentials={
        "AKLONG": Credential(secret_key="long-secret", account="111111111111"),
        "AKTEMP": Credential(secret_key="temp-secret", session_token="token", account="222222222222", expires_at=4e9),
        "AKGONE": Credential(secret_key="gone-secret", session_token="token", expires_at=1.0),
    },
)


def signed(
    key: str = "AKLONG",
    secret: str = "long-secret",  # noqa: S107
    token: str | None = None,
    service: str = "cloudcontrolapi",
    body: bytes = b'{"TypeName": "AWS::SageMaker::Image"}',
) -> RawRequest:
    request = AWSRequest("POST", URL, data=body, headers={"X-Amz-Target": "CloudApiService.ListResources"})
    SigV4Auth(Credentials(key, secret, token), service, "eu-west-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return RawRequest("POST", URL, {**headers, "host": "127.0.0.1:4599"}, body)


def time_of(request: RawRequest) -> float:
    return datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


#: When the requests in the tables below are signed: the tests may run long after.
SIGNED_AT = time_of(signed())


@pytest.mark.parametrize(
    ("request_", "account"),
    [(signed(), "111111111111"), (signed("AKTEMP", "temp-secret", "token"), "222222222222")],
)
def test_a_good_signature_tells_account_and_region(request_: RawRequest, account: str) -> None:
    assert caller(request_, OPTIONS, now=time_of(request_)) == (account, "eu-west-1")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (signed(secret="other"), "InvalidSignatureException"),
        (signed()._replace(body=b"{}"), "InvalidSignatureException"),
        (signed()._replace(url="http://127.0.0.1:4599/?x=1"), "InvalidSignatureException"),
        (signed(service="s3"), "InvalidSignatureException"),
        (signed("AKNONE"), "UnrecognizedClientException"),
        (signed("AKTEMP", "temp-secret"), "UnrecognizedClientException"),
        (signed("AKTEMP", "temp-secret", "another"), "UnrecognizedClientException"),
        (signed("AKGONE", "gone-secret", "token"), "ExpiredTokenException"),
        (signed()._replace(headers={}), "MissingAuthenticationTokenException"),
        (signed()._replace(headers={"authorization": "Bearer x"}), "IncompleteSignatureException"),
    ],
)
def test_anything_else_is_refused(request_: RawRequest, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        caller(request_, OPTIONS, now=SIGNED_AT)
    assert caught.value.code == code


@pytest.mark.parametrize("header", ["x-amz-target", "x-amz-date", "host"])
def test_a_signed_header_that_was_changed_is_refused(header: str) -> None:
    request = signed()
    changed = request._replace(headers={**request.headers, header: request.headers[header] + "0"})
    with pytest.raises(ServiceError) as caught:
        caller(changed, OPTIONS, now=time_of(request))
    assert caught.value.code == "InvalidSignatureException"


@pytest.mark.parametrize("drift", [-CLOCK_SKEW - 1, CLOCK_SKEW + 1])
def test_a_clock_that_is_off_is_refused(drift: float) -> None:
    request = signed()
    with pytest.raises(ServiceError) as caught:
        caller(request, OPTIONS, now=time_of(request) + drift)
    assert caught.value.code == "InvalidSignatureException"


def test_a_body_hash_that_lies_is_refused() -> None:
    body = b"{}"
    request = AWSRequest("POST", URL, data=body, headers={"X-Amz-Content-SHA256": "0" * 64})
    SigV4Auth(Credentials("AKLONG", "long-secret"), "cloudcontrolapi", "eu-west-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    raw = RawRequest("POST", URL, {**headers, "host": "127.0.0.1:4599"}, body)
    with pytest.raises(ServiceError) as caught:
        caller(raw, OPTIONS, now=time_of(raw))
    assert caught.value.code == "InvalidSignatureException"


def test_without_checking_the_scope_is_believed() -> None:
    assert caller(signed("AKNONE", "whatever"), Options(account="333333333333"), now=0) == (
        "333333333333",
        "eu-west-1",
    )


def test_secrets_are_in_no_repr() -> None:
    assert "secret" not in repr(OPTIONS.credentials).replace("secret_key", "")
    assert "token'" not in repr(OPTIONS)
