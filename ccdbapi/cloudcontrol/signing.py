"""AWS Signature Version 4, by botocore's signer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import cast

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import ReadOnlyCredentials


def signed_headers(
    credentials: ReadOnlyCredentials,
    *,
    method: str = "POST",
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """``headers``, and those that sign the request.

    The signer's parts are called one by one, not `SigV4Auth.add_auth`: that one writes the session token to the debug
    log, and takes the time from the machine.
    """
    timestamp = now.strftime(SIGV4_TIMESTAMP)
    signed = {**headers, "X-Amz-Date": timestamp}
    if credentials.token:
        signed["X-Amz-Security-Token"] = credentials.token
    request = AWSRequest(method=method, url=url, headers={**signed, "Host": _host(url)}, data=body)
    request.context["timestamp"] = timestamp
    signer = _Signer(credentials, service, region)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    signed["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


class _Signer(SigV4Auth):
    """botocore's signer, which does for one request once what it would do several times, and once a day what it can."""

    def __init__(self, credentials: ReadOnlyCredentials, service: str, region: str) -> None:
        super().__init__(credentials, service, region)
        self._scope = region, service

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        if "headers_to_sign" not in request.context:
            request.context["headers_to_sign"] = super().headers_to_sign(request)
        return cast("HTTPHeaders", request.context["headers_to_sign"])

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        key = _signing_key(self.credentials.secret_key, request.context["timestamp"][:8], *self._scope)
        return hmac.new(key, string_to_sign.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=128)
def _signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    """AWS, "Create a signed AWS API request": derive a signing key. Good for a day, a region and a service."""
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


@lru_cache(maxsize=128)
def _host(url: str) -> str:
    """The Host header of requests to ``url``, as botocore makes it."""
    signer = SigV4Auth(ReadOnlyCredentials("", "", None), "", "")
    return str(signer.headers_to_sign(AWSRequest(method="POST", url=url))["host"])
