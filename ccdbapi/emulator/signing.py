"""Who signed a request (Signature Version 4), and whether the signature holds."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from ccdbapi.emulator.contract import refusal
from ccdbapi.emulator.options import Credential, Options
from ccdbapi.emulator.store import Scope

#: How far the caller's clock may be off, in seconds.
CLOCK_SKEW = 300.0

#: Cloud Control's, which is not its name. Source: ``signingName`` of its service model.
_SIGNING_NAME = "cloudcontrolapi"

_ALGORITHM = "AWS4-HMAC-SHA256"
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")


class RawRequest(NamedTuple):
    """An HTTP request as it arrived. The names of ``headers`` are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class _Signature(NamedTuple):
    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str


def caller(request: RawRequest, options: Options, *, now: float, services: Collection[str] = (_SIGNING_NAME,)) -> Scope:
    """The account and region that the request is for, from its credential scope; ``services`` may be asked by it.

    Raises `ServiceError` where the request is not signed; and where the options ask to check signatures, also for an
    unknown key, an expired or wrong token, a wrong signature, or a clock that is off (``now``: epoch seconds).
    """
    signature = _parsed(request.headers.get("authorization"))
    credential = options.credentials.get(signature.access_key)
    if options.check_signatures:
        _verify(request, signature, credential, now, services)
    return Scope(credential.account if credential else options.account, signature.region)


def _parsed(authorization: str | None) -> _Signature:
    if not authorization:
        raise refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
    parts = dict(_PART.findall(authorization))
    scope = parts.get("Credential", "").rsplit("/", 4)
    complete = authorization.startswith(_ALGORITHM) and len(parts) == 3 and len(scope) == 5
    if not complete or scope[4] != "aws4_request":
        raise refusal(
            "IncompleteSignatureException",
            f"Authorization header requires '{_ALGORITHM}' with 'Credential', 'SignedHeaders' and 'Signature'.",
        )
    access_key, date, region, service, _ = scope
    return _Signature(access_key, date, region, service, tuple(parts["SignedHeaders"].split(";")), parts["Signature"])


def _verify(
    request: RawRequest, signature: _Signature, credential: Credential | None, now: float, services: Collection[str]
) -> None:
    if credential is None:
        raise refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
    given_token = request.headers.get("x-amz-security-token")
    if not hmac.compare_digest((given_token or "").encode(), (credential.session_token or "").encode()):
        raise refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
    if signature.service not in services:
        expected = "' or '".join(sorted(services))
        raise refusal("InvalidSignatureException", f"Credential should be scoped to correct service: '{expected}'.")
    required = {"host", "x-amz-date"} | ({"x-amz-security-token"} if given_token else set())
    if not required <= set(signature.signed_headers):
        raise refusal("InvalidSignatureException", f"The signature must cover {', '.join(sorted(required))}.")
    expected = _recomputed(request, signature, credential)
    if not hmac.compare_digest(expected.encode(), signature.value.encode()):
        raise refusal(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided."
            " Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        )
    _check_clock(request.headers["x-amz-date"], signature.date, now)
    if credential.expires_at is not None and credential.expires_at <= now:
        raise refusal("ExpiredTokenException", "The security token included in the request is expired")


def _recomputed(request: RawRequest, signature: _Signature, credential: Credential) -> str:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    auth = SigV4Auth(
        Credentials(signature.access_key, credential.secret_key, credential.session_token),
        signature.service,
        signature.region,
    )
    signed = {name: request.headers[name] for name in signature.signed_headers if name in request.headers}
    # A hash in the header is signed in place of the body's own: it must not lie.
    signed.pop("x-amz-content-sha256", None)
    if "x-amz-content-sha256" in signature.signed_headers:
        signed["X-Amz-Content-SHA256"] = hashlib.sha256(request.body).hexdigest()
    copied = AWSRequest(method=request.method, url=request.url, data=request.body, headers=signed)
    copied.context["timestamp"] = request.headers.get("x-amz-date", "")
    canonical = auth.canonical_request(copied)
    return str(auth.signature(auth.string_to_sign(copied, canonical), copied))


def _check_clock(timestamp: str, date: str, now: float) -> None:
    try:
        signed_at = datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise refusal("IncompleteSignatureException", "X-Amz-Date is no ISO 8601 basic timestamp.") from None
    if not timestamp.startswith(date):
        raise refusal("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD of X-Amz-Date.")
    if abs(now - signed_at) > CLOCK_SKEW:
        verb = "expired" if signed_at < now else "not yet current"
        raise refusal(
            "InvalidSignatureException",
            f"Signature {verb}: {timestamp} is more than {CLOCK_SKEW / 60:g} minutes off the service's time.",
        )
