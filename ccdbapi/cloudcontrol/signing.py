"""AWS Signature Version 4, by botocore's signer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest

if TYPE_CHECKING:
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
    request = AWSRequest(method=method, url=url, headers=signed, data=body)
    request.context["timestamp"] = timestamp
    signer = SigV4Auth(credentials, service, region)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    signed["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"
    )
    return signed
