"""What AWS would check of a request: its form, by botocore's service model, and its signature, as published.

The signature is computed here from the text of "Create a signed AWS API request" (AWS IAM User Guide), with nothing of
botocore's signer or the driver's, so that the two are independent witnesses.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import cast
from urllib.parse import quote, unquote

from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

TARGET_PREFIX = "CloudApiService."
SIGNING_NAME = "cloudcontrolapi"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<names>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def assert_valid_request(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    secret_key: str,
    access_key: str | None = None,
    session_token: str | None = None,
    region: str | None = None,
) -> None:
    """Fails unless Cloud Control would accept the request: members, types, serialization, headers, signature.

    ``headers`` are those received, Host among them. What is given as keyword must be what the request was signed with.
    """
    received = {name.lower(): value for name, value in headers.items()}
    assert (method, path) == ("POST", "/")
    assert received["content-type"] == "application/x-amz-json-1.0"
    assert received["x-amz-target"].startswith(TARGET_PREFIX)
    assert_members_fit(received["x-amz-target"].removeprefix(TARGET_PREFIX), body)

    signed = parse_authorization(received["authorization"])
    assert signed["service"] == SIGNING_NAME
    assert received["x-amz-date"][:8] == signed["date"]
    assert {"host", "x-amz-date", "content-type", "x-amz-target"} <= set(signed["names"].split(";"))
    if access_key is not None:
        assert signed["key"] == access_key
    if region is not None:
        assert signed["region"] == region
    assert received.get("x-amz-security-token") == session_token
    assert session_token is None or "x-amz-security-token" in signed["names"].split(";")
    assert signed["signature"] == signature(method, path, headers, body, secret_key=secret_key), (
        "the signature is not the one that the secret key makes of this request"
    )


def assert_members_fit(operation: str, body: bytes) -> None:
    """Fails unless ``body`` is what botocore's serializer makes of its own members, and these fit the operation."""
    model = _service().operation_model(operation)
    members = json.loads(body)
    problems = ParamValidator().validate(members, cast("StructureShape", model.input_shape))
    assert not problems.has_errors(), problems.generate_report()
    serialized = create_serializer("json", include_validation=True).serialize_to_request(members, model)
    assert body == serialized["body"]


def parse_authorization(header: str) -> dict[str, str]:
    """The parts of an Authorization header: key, date, region, service, names, signature."""
    match = _AUTHORIZATION.fullmatch(header)
    assert match, f"not an Authorization header of Signature Version 4: {header!r}"
    return match.groupdict()


def signature(method: str, target: str, headers: Mapping[str, str], body: bytes, *, secret_key: str) -> str:
    """The signature that AWS would expect of the request, given the scope and names in its Authorization header."""
    received = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed = parse_authorization(headers.get("Authorization") or received["authorization"])
    path, _, query = target.partition("?")
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    names = signed["names"].split(";")
    assert names == sorted(names)
    canonical = "\n".join(
        [
            method,
            quote(path or "/", safe="/~"),
            "&".join(
                f"{name}={value}" for name, value in sorted((_encoded(name), _encoded(value)) for name, value in pairs)
            ),
            *(f"{name}:{received[name]}" for name in names),
            "",
            signed["names"],
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{signed['date']}/{signed['region']}/{signed['service']}/aws4_request"
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", received["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="-_.~")


@cache
def _service() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("cloudcontrol", "service-2"), "cloudcontrol")
