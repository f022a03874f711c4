"""What a client of Cloud Control asks beside it: who it is, roles to assume, and which regions there are.

Source: STS GetCallerIdentity and AssumeRole, EC2 DescribeRegions, in the AWS query protocol.
"""

from __future__ import annotations

import re
import secrets
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.options import Credential, Options
from ccdbapi.emulator.store import Scope

CONTENT_TYPE = "application/x-www-form-urlencoded"

#: The signing names of the services whose operations these are.
SERVICES = frozenset({"ec2", "sts"})

#: Seconds that a role's credentials last where the caller does not say.
_DURATION = 3600

_ROLE = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:.*/)?([^/]+)")

_NAMESPACES = {
    "AssumeRole": "https://sts.amazonaws.com/doc/2011-06-15/",
    "DescribeRegions": "http://ec2.amazonaws.com/doc/2016-11-15/",
    "GetCallerIdentity": "https://sts.amazonaws.com/doc/2011-06-15/",
}


class Neighbours:
    """STS and EC2, as far as they are asked. Any role of any account may be assumed by anyone.

    ``clock`` gives the time in epoch seconds, by which a role's credentials expire.
    """

    def __init__(self, options: Options, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._issued: dict[str, Credential] = {}
        self.options = replace(options, credentials=ChainMap(self._issued, dict(options.credentials)))
        """The options with the credentials that were issued since."""

    def answer(self, members: Mapping[str, str], scope: Scope) -> str:
        """The XML that answers a request. Raises `ServiceError` for an operation that is not known, or a bad role."""
        match members.get("Action"):
            case "GetCallerIdentity":
                result = self._identity(scope)
            case "AssumeRole":
                result = self._assumed(members)
            case "DescribeRegions":
                return _document("DescribeRegions", _regions(self.options.regions))
            case action:
                raise ServiceError("InvalidAction", f"Could not find operation {action}")
        action = members["Action"]
        return _document(action, f"<{action}Result>{result}</{action}Result>")

    @staticmethod
    def _identity(scope: Scope) -> str:
        return _elements(
            Arn=f"arn:aws:iam::{scope.account}:user/emulated", UserId="AIDAEMULATED", Account=scope.account
        )

    def _assumed(self, members: Mapping[str, str]) -> str:
        role = _ROLE.fullmatch(members.get("RoleArn", ""))
        name = members.get("RoleSessionName", "")
        if role is None or not name:
            raise ServiceError("ValidationError", "RoleArn must be the ARN of a role, and RoleSessionName be given")
        partition, account, role_name = role.groups()
        expires_at = self._clock() + float(members.get("DurationSeconds", _DURATION))
        key = f"ASIA{secrets.token_hex(8).upper()}"
        credential = Credential(
            secret_key=secrets.token_urlsafe(30),
            session_token=secrets.token_urlsafe(60),
            account=account,
            expires_at=expires_at,
        )
        self._issued[key] = credential
        given = _elements(
            AccessKeyId=key,
            SecretAccessKey=credential.secret_key,
            SessionToken=credential.session_token or "",
            Expiration=datetime.fromtimestamp(expires_at, UTC).isoformat(timespec="seconds"),
        )
        arn = f"arn:{partition}:sts::{account}:assumed-role/{role_name}/{name}"
        user = _elements(Arn=arn, AssumedRoleId=f"AROAEMULATED:{name}")
        return f"<AssumedRoleUser>{user}</AssumedRoleUser><Credentials>{given}</Credentials>"


def members_of(body: bytes) -> Mapping[str, str]:
    """The members of a request in the query protocol."""
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def refused(error: ServiceError) -> str:
    """The XML that tells of a refusal."""
    said = _elements(Type="Sender", Code=error.code, Message=error.message)
    return f"<ErrorResponse><Error>{said}</Error></ErrorResponse>"


def _regions(names: Iterable[str]) -> str:
    items = (_elements(regionName=name, optInStatus="opt-in-not-required") for name in names)
    return f"<regionInfo>{''.join(f'<item>{item}</item>' for item in items)}</regionInfo>"


def _document(action: str, content: str) -> str:
    return f'<{action}Response xmlns="{_NAMESPACES[action]}">{content}</{action}Response>'


def _elements(**texts: str) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in texts.items())
