"""What is asked of CloudFormation's registry, and of STS whose registry it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ccdbapi.cloudcontrol.aws_session import AwsSession, translated
from ccdbapi.exceptions import DataError, InterfaceError

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: Types are described by so many threads at once.
CONCURRENCY: Final = 8

#: How often a call to CloudFormation is tried.
_ATTEMPTS = 10

#: The types that Cloud Control can manage. Source: "Determining if a resource type supports Cloud Control API".
_PROVISIONABLE = ("FULLY_MUTABLE", "IMMUTABLE")

#: AWS's own types; and the account's private ones together with those of third parties that it has activated.
_VISIBLE: tuple[Mapping[str, object], ...] = (
    {"Visibility": "PUBLIC", "Filters": {"Category": "AWS_TYPES"}},
    {"Visibility": "PRIVATE"},
)

#: What a listing may say of the state of a type; it says none of it of most of AWS's own.
_VERSION = ("DefaultVersionId", "PublicVersionNumber", "LastUpdated")


class Registry:
    """The registry of one account and region. Threads may share it; every method blocks.

    CloudFormation is asked by botocore's adaptive rules for retries, since it throttles early. What fails for good is
    raised as PEP 249 has it, see `ccdbapi.cloudcontrol.aws_session.translated`. An ``endpoint_url`` of the session
    stands for CloudFormation and STS both.
    """

    def __init__(self, aws: AwsSession, region: str | None = None, regions: Sequence[str] = ()) -> None:
        """Without ``region`` it is the session's own, else the first of ``regions``.

        Raises `InterfaceError` where there is none.
        """
        from botocore.config import Config

        session = aws.botocore_session()
        found = region or session.get_config_variable("region") or next(iter(regions), None)
        if not found:
            raise InterfaceError("Say which region's registry to ask: pass a region, or set AWS_REGION.")
        self.region: str = found
        config = Config(retries={"mode": "adaptive", "total_max_attempts": _ATTEMPTS}, max_pool_connections=CONCURRENCY)
        with translated():
            self._cloudformation = session.create_client(
                "cloudformation", region_name=found, endpoint_url=aws.endpoint_url, config=config
            )
            self._sts = session.create_client("sts", region_name=found, endpoint_url=aws.endpoint_url)

    def account(self) -> str:
        """The account that the credentials belong to. STS GetCallerIdentity."""
        return str(_call(self._sts, "get_caller_identity")["Account"])

    def versions(self) -> dict[str, str | None]:
        """The types that Cloud Control can manage, by name, and what tells their states apart. All pages of ListTypes.

        None where the registry does not say: such a type may have changed since whenever.
        """
        versions: dict[str, str | None] = {}
        for visible in _VISIBLE:
            for provisioning in _PROVISIONABLE:
                request = {"Type": "RESOURCE", "DeprecatedStatus": "LIVE", "ProvisioningType": provisioning}
                with translated():
                    for page in self._cloudformation.get_paginator("list_types").paginate(
                        **request, **visible, PaginationConfig={"PageSize": 100}
                    ):
                        for summary in page.get("TypeSummaries", ()):
                            versions[summary["TypeName"]] = _version(summary)
        return versions

    def schema(self, type_name: str) -> str:
        """The type's schema as compact JSON. DescribeType. Raises `DataError` for one that is no JSON object."""
        described = _call(self._cloudformation, "describe_type", Type="RESOURCE", TypeName=type_name)
        try:
            schema = json.loads(str(described.get("Schema", "")))
        except ValueError as error:
            raise DataError(f"the registry's schema of {type_name} is no JSON: {error}") from error
        if not isinstance(schema, dict) or type_name.count("::") != 2:
            raise DataError(f"the registry's schema of {type_name} does not describe a resource type")
        return json.dumps(schema, separators=(",", ":"))


def _call(client: BaseClient, method: str, **request: str) -> Mapping[str, object]:
    with translated():
        call: Callable[..., Mapping[str, object]] = getattr(client, method)
        return call(**request)


def _version(summary: Mapping[str, object]) -> str | None:
    said = [summary.get(name) for name in _VERSION]
    if not any(said):
        return None
    # botocore gives times in the zone of this machine.
    return "|".join(str(value.astimezone(UTC) if isinstance(value, datetime) else value or "") for value in said)
