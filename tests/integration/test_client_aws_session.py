"""Credentials, endpoints, proxies and certificates: what botocore decides, taken over."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials, RefreshableCredentials
from cloudcontrol_server import ACCESS_KEY, FOUND, SECRET_KEY, Handler, amz_json, listen

from ccdbapi.cloudcontrol.aiohttp_transport import AiohttpTransport
from ccdbapi.cloudcontrol.aws_session import AwsSession, Endpoint
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.transport import TransportError
from ccdbapi.exceptions import DatabaseError, DataError, InterfaceError, OperationalError

KEYS = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}


def endpoint(region: str, **options: str) -> Endpoint:
    return asyncio.run(AwsSession(**KEYS, **options).endpoint(region))


@pytest.mark.parametrize(
    ("region", "environment", "url", "signing_region"),
    [
        ("us-east-1", {}, "https://cloudcontrolapi.us-east-1.amazonaws.com/", "us-east-1"),
        ("eu-central-2", {}, "https://cloudcontrolapi.eu-central-2.amazonaws.com/", "eu-central-2"),
        ("cn-north-1", {}, "https://cloudcontrolapi.cn-north-1.amazonaws.com.cn/", "cn-north-1"),
        ("us-gov-west-1", {}, "https://cloudcontrolapi.us-gov-west-1.amazonaws.com/", "us-gov-west-1"),
        (
            "us-east-1",
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            "https://cloudcontrolapi-fips.us-east-1.amazonaws.com/",
            "us-east-1",
        ),
        (
            "us-east-1",
            {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "https://cloudcontrolapi.us-east-1.api.aws/",
            "us-east-1",
        ),
        ("us-east-1", {"AWS_ENDPOINT_URL": "http://localhost:1"}, "http://localhost:1/", "us-east-1"),
        ("us-east-1", {"AWS_ENDPOINT_URL_CLOUDCONTROL": "http://localhost:2"}, "http://localhost:2/", "us-east-1"),
    ],
)
def test_endpoints_are_those_that_botocore_resolves(
    no_aws: pytest.MonkeyPatch, region: str, environment: dict[str, str], url: str, signing_region: str
) -> None:
    for name, value in environment.items():
        no_aws.setenv(name, value)
    found = endpoint(region)
    assert (found.url, found.signing_region, found.signing_name) == (url, signing_region, "cloudcontrolapi")


@pytest.mark.usefixtures("no_aws")
def test_an_endpoint_url_goes_before_everything() -> None:
    assert endpoint("us-east-1", endpoint_url="https://vpce.example:8443").url == "https://vpce.example:8443/"


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize("region", ["evil.example/#", "us east 1", "-", "a" * 64])
def test_what_cannot_be_a_region_is_refused(region: str) -> None:
    with pytest.raises(DataError):
        endpoint(region)


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize("url", ["localhost:4566", "http://", "not a url"])
def test_what_cannot_be_an_endpoint_is_refused(url: str) -> None:
    with pytest.raises(OperationalError, match=r"endpoint|Invalid"):
        endpoint("us-east-1", endpoint_url=url)


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://user:pw@proxy.example:3128"}, "http://user:pw@proxy.example:3128"),
        ({"https_proxy": "proxy.example:3128"}, "http://proxy.example:3128"),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": ".amazonaws.com"}, None),
    ],
)
def test_proxies_are_those_that_botocore_would_use(
    no_aws: pytest.MonkeyPatch, environment: dict[str, str], proxy: str | None
) -> None:
    for name, value in environment.items():
        no_aws.setenv(name, value)
    found = endpoint("us-east-1")
    assert found.proxy == proxy
    assert "pw" not in repr(found)


def test_a_request_goes_through_the_proxy(no_aws: pytest.MonkeyPatch) -> None:
    async def main() -> list[str]:
        seen: list[str] = []

        async def proxy(request: web.BaseRequest) -> web.StreamResponse:
            seen.append(request.raw_path)
            return amz_json(FOUND)

        async with listen(proxy) as url:
            no_aws.setenv("HTTP_PROXY", url)
            client = Client(AiohttpTransport(AwsSession(**KEYS, endpoint_url="http://cloudcontrol.example")))
            assert await client.get_resource("eu-west-1", "AWS::S3::Bucket", "a") == '{"A":1}'
            await client.close()
        return seen

    assert asyncio.run(main()) == ["http://cloudcontrol.example/"]


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_certificates_are_those_that_botocore_would_trust(no_aws: pytest.MonkeyPatch, name: str) -> None:
    assert endpoint("us-east-1").ca_bundle is True
    no_aws.setenv(name, "/some/certificates.pem")
    assert endpoint("us-east-1").ca_bundle == "/some/certificates.pem"


@pytest.mark.parametrize("kind", ["file", "directory", "missing"])
def test_certificates_are_loaded_or_the_message_names_them(
    no_aws: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "certificates"
    if kind == "directory":
        path.mkdir()
    elif kind == "file":
        authorities = ssl.create_default_context().get_ca_certs(binary_form=True)
        path.write_text("".join(map(ssl.DER_cert_to_PEM_cert, authorities[:1])))
        if not authorities:
            pytest.skip("this machine trusts nobody")
    no_aws.setenv("AWS_CA_BUNDLE", str(path))

    async def main() -> None:
        transport = AiohttpTransport(AwsSession(**KEYS, endpoint_url="https://127.0.0.1:1"))
        try:
            await transport.send("GetResource", "us-east-1", {})
        finally:
            await transport.close()

    expected, words = (OperationalError, str(path)) if kind == "missing" else (TransportError, "127.0.0.1:1")
    with pytest.raises(expected, match=words):
        asyncio.run(main())


@pytest.mark.usefixtures("no_aws")
def test_without_credentials_the_message_says_how_to_get_some() -> None:
    with pytest.raises(OperationalError, match="aws configure"):
        asyncio.run(AwsSession().credentials())


@pytest.mark.usefixtures("no_aws")
def test_a_profile_that_does_not_exist_is_named() -> None:
    with pytest.raises(OperationalError, match="nobody"):
        asyncio.run(AwsSession(profile="nobody").credentials())


def test_half_a_key_is_refused() -> None:
    with pytest.raises(InterfaceError, match="go together"):
        AwsSession(aws_access_key_id="AKID")


def test_credentials_come_from_the_environment_or_a_profile(no_aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        "[other]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = profile-secret\n"
    )
    no_aws.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    no_aws.setenv("AWS_SECRET_ACCESS_KEY", "environment-secret")
    assert asyncio.run(AwsSession().credentials()).access_key == "AKIDENVIRONMENT"
    assert asyncio.run(AwsSession(profile="other").credentials()).access_key == "AKIDPROFILE"
    assert asyncio.run(AwsSession(profile="other", **KEYS).credentials()).access_key == ACCESS_KEY


def sts(status: int, body: str) -> Handler:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        form = await request.text()
        assert "Action=AssumeRole" in form
        assert "role%2Freader" in form
        assert f"Credential={ACCESS_KEY}/" in request.headers["Authorization"]
        return web.Response(status=status, text=body, content_type="text/xml")

    return answer


ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/reader/x</Arn><AssumedRoleId>A:x</AssumedRoleId></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>
<SessionToken>role-token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""
DENIED = """<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error>
</ErrorResponse>"""


async def assumed(no_aws: pytest.MonkeyPatch, status: int, body: str) -> tuple[str | None, str | None, str | None]:
    async with listen(sts(status, body)) as url:
        no_aws.setenv("AWS_ENDPOINT_URL_STS", url)
        found = await AwsSession(
            **KEYS, region="eu-west-1", role_arn="arn:aws:iam::123456789012:role/reader"
        ).credentials()
    return found.access_key, found.secret_key, found.token


def test_a_role_is_assumed_with_the_credentials_given(no_aws: pytest.MonkeyPatch) -> None:
    assert asyncio.run(assumed(no_aws, 200, ASSUMED)) == ("ASIAROLE", "role-secret", "role-token")


def test_a_role_that_may_not_be_assumed_says_so(no_aws: pytest.MonkeyPatch) -> None:
    with pytest.raises(DatabaseError, match="AssumeRole failed: AccessDenied: not you"):
        asyncio.run(assumed(no_aws, 403, DENIED))


@pytest.mark.usefixtures("no_aws")
def test_credentials_are_refreshed_outside_the_event_loop_and_only_when_they_must() -> None:
    refreshed_by: list[threading.Thread] = []
    lifetimes = iter([timedelta(minutes=1), timedelta(hours=1)])

    def refresh() -> dict[str, str]:
        refreshed_by.append(threading.current_thread())
        expiry = datetime.now(UTC) + next(lifetimes)
        return {
            "access_key": f"AKID{len(refreshed_by)}",
            "secret_key": "s",
            "token": "t",
            "expiry_time": expiry.isoformat(),
        }

    session = AwsSession(**KEYS)
    known: RefreshableCredentials = DeferredRefreshableCredentials(refresh, "test")
    session.botocore_session()._credentials = known  # type: ignore[attr-defined]

    async def main() -> list[str | None]:
        return [(await session.credentials()).access_key for _ in range(4)]

    assert asyncio.run(main()) == ["AKID1", "AKID2", "AKID2", "AKID2"]
    assert threading.main_thread() not in refreshed_by


@pytest.mark.usefixtures("no_aws")
def test_a_region_is_resolved_once_and_a_session_needs_no_botocore_client_per_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = AwsSession(**KEYS)
    made: list[str] = []
    create = session.botocore_session().create_client

    def creating(service: str, region_name: str, endpoint_url: str | None, config: Config) -> object:
        made.append(region_name)
        return create(service, region_name=region_name, endpoint_url=endpoint_url, config=config)

    monkeypatch.setattr(session.botocore_session(), "create_client", creating)

    async def main() -> None:
        await asyncio.gather(*(session.endpoint(region) for region in ["us-east-1", "eu-west-1"] * 20))

    asyncio.run(main())
    assert sorted(made) == ["eu-west-1", "us-east-1"]


@pytest.mark.usefixtures("no_aws")
def test_a_host_that_does_not_exist_is_not_asked_for_ten_times(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_such_host(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def main() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", no_such_host)
        client = Client(AiohttpTransport(AwsSession(**KEYS)))
        try:
            await client.get_resource("us-esat-1", "AWS::S3::Bucket", "a")
        finally:
            await client.close()

    with pytest.raises(OperationalError, match=r"There is no host.*us-esat-1"):
        asyncio.run(main())
