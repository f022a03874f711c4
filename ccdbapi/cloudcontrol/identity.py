"""What AWS tells of an account beside its resources: its id, and the regions that are enabled for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ccdbapi.cloudcontrol.aws_session import AwsSession, translated
from ccdbapi.cloudcontrol.transport import CONNECT_TIMEOUT, READ_TIMEOUT
from ccdbapi.exceptions import DatabaseError, OperationalError

if TYPE_CHECKING:
    from botocore.client import BaseClient

_ROLE = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/.+")

#: What ListRegions calls the regions that an account can use.
_ENABLED: Final = ("ENABLED", "ENABLED_BY_DEFAULT")


def account_of_role(role_arn: str | None) -> str | None:
    """The id of the account that the role is in, None where the ARN does not say."""
    match = _ROLE.fullmatch(role_arn or "")
    return match[1] if match else None


def account_id(aws: AwsSession) -> str:
    """The account that the credentials belong to. Blocks. Raises the PEP 249 exception of what AWS or botocore says.

    The ARN of a role says it; otherwise STS GetCallerIdentity does, for which no permission is needed.
    """
    known = account_of_role(aws.role_arn)
    if known is not None:
        return known
    return str(_call(_client(aws, "sts"), "get_caller_identity")["Account"])


def enabled_regions(aws: AwsSession) -> Sequence[str]:
    """The regions that are enabled for the account, sorted. Blocks.

    EC2 DescribeRegions, which most policies that allow to read grant and every partition has; where it is refused,
    Account ListRegions. Raises `OperationalError` where neither answers.
    """
    refusals: list[DatabaseError] = []
    for ask in (_described_regions, _listed_regions):
        try:
            found = sorted(ask(aws))
            if not found:  # every account has some
                raise OperationalError("something answered that names no region")
            return found
        except DatabaseError as error:
            refusals.append(error)
            if error.diag.code is None:  # nobody answered: nobody else will
                break
    raise OperationalError(
        "Which regions are enabled could not be asked, and regions=['all'] needs to know: "
        f"{'; '.join(map(str, refusals))}. Allow ec2:DescribeRegions or account:ListRegions, or name the regions.",
        diag=refusals[-1].diag,
    ) from refusals[-1]


def _described_regions(aws: AwsSession) -> Sequence[str]:
    return _names(_call(_client(aws, "ec2"), "describe_regions"), "Regions")


def _listed_regions(aws: AwsSession) -> Sequence[str]:
    client = _client(aws, "account")
    names: list[str] = []
    following: dict[str, str] = {}
    while True:
        page = _call(client, "list_regions", RegionOptStatusContains=_ENABLED, **following)
        names += _names(page, "Regions")
        if not page.get("NextToken"):
            return names
        following = {"NextToken": str(page["NextToken"])}


def _client(aws: AwsSession, service: str) -> BaseClient:
    with translated():
        from botocore.config import Config

        config = Config(connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT)
    return aws.create_client(service, endpoint_url=aws.endpoint_url, config=config)


def _call(client: BaseClient, method: str, **members: object) -> Mapping[str, object]:
    with translated():
        call: Callable[..., Mapping[str, object]] = getattr(client, method)
        return call(**members)


def _names(page: Mapping[str, object], member: str) -> Sequence[str]:
    regions = page.get(member)
    return [str(region["RegionName"]) for region in regions] if isinstance(regions, list) else []
