"""What botocore knows of the user's AWS: credentials, endpoints, proxies and certificates. Nothing is read past it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, Protocol, cast
from urllib.parse import urlsplit, urlunsplit

from ccdbapi.cloudcontrol.user_agent import user_agent
from ccdbapi.exceptions import DataError, Diagnostics, InterfaceError, OperationalError, error_for

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from botocore.client import BaseClient, ClientMeta
    from botocore.credentials import Credentials, ReadOnlyCredentials
    from botocore.httpsession import URLLib3Session
    from botocore.session import Session

SERVICE: Final = "cloudcontrol"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a region's requests go. A proxy's URL may hold a password, so it is not in the repr.

    ``ca_bundle`` is a file or directory of certificates to trust, True for botocore's own, False for no verification.
    """

    url: str
    signing_region: str
    signing_name: str
    proxy: str | None = field(repr=False)
    ca_bundle: str | bool


class AwsSession:
    """One user's access to AWS, as botocore resolves it: profile, environment, SSO, roles, explicit keys.

    ``role_arn`` is a role to assume with those credentials, as `assume` has it; ``region`` is where STS is asked, by
    default botocore's, else the main one of the role's partition. botocore is imported, and files and networks are
    asked, when first needed, and never on an event loop.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        profile: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        role_arn: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        self._region = region
        self._profile = profile
        if (aws_access_key_id is None) is not (aws_secret_access_key is None):
            raise InterfaceError("aws_access_key_id and aws_secret_access_key go together: pass both, or neither.")
        self._keys = (aws_access_key_id, aws_secret_access_key, aws_session_token)
        self.endpoint_url = endpoint_url
        self._role: _Role | None = None
        if role_arn is not None:
            source = AwsSession(
                region=region,
                profile=profile,
                aws_access_key_id=aws_access_key_id,
                aws_secret_access_key=aws_secret_access_key,
                aws_session_token=aws_session_token,
                endpoint_url=endpoint_url,
            )
            self._role = _Role(source, role_arn, {})
        self._session: Session | None = None
        self._credentials: Credentials | None = None
        self._endpoints: dict[str, Endpoint] = {}
        self._lock = threading.RLock()

    def assume(
        self,
        role_arn: str,
        *,
        region: str | None = None,
        external_id: str | None = None,
        session_name: str | None = None,
    ) -> AwsSession:
        """The access of a role, which is assumed with this session's credentials, and again before it expires.

        ``region`` is where STS is asked, by default as for this session, which also knows the endpoints. What STS says
        is raised when the role is first needed.
        """
        assumed = AwsSession(region=region or self._region, profile=self._profile, endpoint_url=self.endpoint_url)
        options = {"ExternalId": external_id, "RoleSessionName": session_name}
        assumed._role = _Role(self, role_arn, {name: value for name, value in options.items() if value is not None})
        return assumed

    @property
    def role_arn(self) -> str | None:
        """The role that is assumed, None where there is none."""
        return None if self._role is None else self._role.arn

    async def credentials(self) -> ReadOnlyCredentials:
        """Credentials good for now; refreshed ones are awaited in a thread.

        Raises OperationalError if there are none, or they cannot be refreshed.
        """
        known = self._credentials
        # Only credentials that expire know this question.
        if known is None or (hasattr(known, "refresh_needed") and known.refresh_needed()):
            return await asyncio.to_thread(self._frozen_credentials)
        return known.get_frozen_credentials()

    async def endpoint(self, region: str) -> Endpoint:
        """Where to send ``region``'s requests. Raises DataError for what cannot be a region, else OperationalError."""
        if self._role is not None:
            return await self._role.source.endpoint(region)
        known = self._endpoints.get(region)
        return known if known is not None else await asyncio.to_thread(self._resolve, region)

    def botocore_session(self) -> Session:
        """The session with these credentials, for whoever makes botocore clients. Blocks.

        Raises OperationalError for a profile that does not exist, or a broken configuration.
        """
        with self._lock, translated():
            if self._session is None:
                self._session = self._assumed(self._role) if self._role else self._with_keys(self._open())
            return self._session

    def create_client(self, service: str, **options: object) -> BaseClient:
        """A botocore client, of the region where STS is asked unless ``options`` say otherwise. Blocks.

        Threads may make clients at the same time. Raises as `botocore_session`.
        """
        session = self.botocore_session()
        with self._lock, translated():
            create: Callable[..., BaseClient] = session.create_client
            return create(service, **{"region_name": self._home(session), **options})

    def _open(self) -> Session:
        from botocore.session import Session

        session = Session(profile=self._profile)
        session.user_agent_extra = user_agent()
        if self._region is not None:
            session.set_config_variable("region", self._region)
        return session

    def _with_keys(self, session: Session) -> Session:
        key, secret, token = self._keys
        if key is not None:
            # The stubs ask for text where botocore takes what is missing as None, and complains by itself.
            session.set_credentials(key, cast("str", secret), cast("str", token))
        return session

    def _assumed(self, role: _Role) -> Session:
        """A session whose credentials are those of the role."""
        from botocore.credentials import (
            AssumeRoleCredentialFetcher,
            CredentialProvider,
            CredentialResolver,
            DeferredRefreshableCredentials,
        )

        session = self._open()
        fetcher = AssumeRoleCredentialFetcher(
            partial(role.source.create_client, region_name=self._home(session)),
            role.source._known_credentials(),
            role.arn,
            extra_args=dict(role.options),
        )

        class AssumeRole(CredentialProvider):
            METHOD = "assume-role"

            def load(self) -> DeferredRefreshableCredentials:
                return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

        session.register_component("credential_provider", CredentialResolver([AssumeRole()]))
        return session

    def _home(self, session: Session) -> str:
        """The region where services are asked that serve a whole partition from each of theirs."""
        return self._region or session.get_config_variable("region") or _main_region(self._role)

    def _known_credentials(self) -> Credentials:
        session = self.botocore_session()
        with self._lock, translated():
            if self._credentials is None:
                self._credentials = session.get_credentials()
            if self._credentials is None:
                _no_credentials()
            return self._credentials

    def _frozen_credentials(self) -> ReadOnlyCredentials:
        known = self._known_credentials()
        with translated():
            return known.get_frozen_credentials()

    def _resolve(self, region: str) -> Endpoint:
        from botocore import UNSIGNED
        from botocore.config import Config

        session = self.botocore_session()
        with self._lock, translated():
            if region not in self._endpoints:
                client = session.create_client(
                    SERVICE,
                    region_name=region,
                    endpoint_url=self.endpoint_url,
                    config=Config(signature_version=UNSIGNED),
                )
                self._endpoints[region] = _endpoint_of(cast("_Client", client), session)
            return self._endpoints[region]


class _Role(NamedTuple):
    """A role, by whom it is assumed, and the other members of AssumeRole."""

    source: AwsSession
    arn: str
    options: Mapping[str, str]


def _main_region(role: _Role | None) -> str:
    """The region that every account of the role's partition has."""
    partition = role.arn.partition(":")[2].partition(":")[0] if role else "aws"
    return {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}.get(partition, "us-east-1")


class _Resolved(Exception):
    """No error: it carries the URL out of botocore before anything is sent."""

    def __init__(self, url: str) -> None:
        self.url = url


class _Client(Protocol):
    meta: ClientMeta

    def list_resource_requests(self) -> object: ...


def _endpoint_of(client: _Client, session: Session) -> Endpoint:
    """botocore's own decisions, taken from a request that it makes ready and that is stopped before it is sent."""
    from botocore.endpoint import EndpointCreator
    from botocore.httpsession import ProxyConfiguration

    def stop(request: AWSRequest, **_: object) -> NoReturn:
        raise _Resolved(request.url or "")

    class Connections:
        """Stands in for botocore's connection pool, to see with which proxies and certificates it would be made."""

        def __init__(self, *, proxies: dict[str, str], verify: str | bool, **_: object) -> None:
            self.proxies, self.verify = proxies, verify
            made.append(self)

    made: list[Connections] = []
    client.meta.events.register_first(f"before-sign.{SERVICE}.ListResourceRequests", stop)
    try:
        client.list_resource_requests()
    except _Resolved as resolved:
        url = _without_userinfo(resolved.url)
    else:
        raise AssertionError("botocore sent a request that was to be stopped")
    EndpointCreator(client.meta.events).create_endpoint(
        client.meta.service_model,
        client.meta.region_name,
        url,
        verify=session.get_config_variable("ca_bundle"),
        http_session_cls=cast("type[URLLib3Session]", Connections),
    )
    return Endpoint(
        url=url,
        signing_region=client.meta.region_name,
        signing_name=client.meta.service_model.signing_name,
        proxy=ProxyConfiguration(made[0].proxies).proxy_url_for(url),
        ca_bundle=made[0].verify,
    )


def _without_userinfo(url: str) -> str:
    """Without user and password, which no signed request can carry: its Authorization is the signature."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _no_credentials() -> NoReturn:
    raise OperationalError(
        "No AWS credentials were found. Configure them as for the AWS CLI (aws configure, aws sso login, AWS_PROFILE), "
        "or pass profile= or aws_access_key_id= and aws_secret_access_key=; embedded=True needs none."
    )


@contextmanager
def translated() -> Iterator[None]:
    """botocore's complaints, within the block, as PEP 249 exceptions."""
    from botocore.exceptions import BotoCoreError, ClientError, InvalidRegionError, NoCredentialsError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except NoCredentialsError:
        _no_credentials()
    except InvalidRegionError as error:
        raise DataError(str(error)) from error
    except ClientError as error:
        said = error.response.get("Error", {})
        raise error_for(
            Diagnostics(code=said.get("Code"), message=said.get("Message"), operation=error.operation_name)
        ) from error
    except (BotoCoreError, ResponseParserError, ValueError) as error:
        raise OperationalError(f"botocore cannot make AWS requests here: {error}") from error
