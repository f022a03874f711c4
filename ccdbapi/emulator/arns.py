"""Amazon Resource Names of made-up resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple, cast

from ccdbapi.catalog import ResourceType
from ccdbapi.emulator.store import Scope

#: Services that fold the names in their ARNs to lower case.
_FOLDING_SERVICES = frozenset({"sagemaker"})

#: Services whose ARNs hold neither region nor account: the name says it all.
_GLOBAL_NAMESPACES = frozenset({"s3"})


class ArnMaker(NamedTuple):
    """Makes ARNs of one resource: its type, where it lives, and its name or generated id."""

    resource_type: ResourceType
    scope: Scope
    name: str

    def plain(self) -> str:
        """The ARN in its usual form, ``arn:partition:service:region:account:kind/name``."""
        if self.service in _GLOBAL_NAMESPACES:
            return f"arn:{self.partition}:{self.service}:::{self.arn_name}"
        region = "" if is_global(self.service) else self.scope.region
        kind = kebab(self.resource_type.name.rpartition("::")[2])
        name = self.arn_name.removeprefix("/")
        return f"arn:{self.partition}:{self.service}:{region}:{self.scope.account}:{kind}/{name}"

    def adapted(self, example: str, fits: Callable[[str], bool]) -> str:
        """The example with this partition, region, account and name in it, each as far as it still fits."""
        parts = example.split(":", 5)
        if len(parts) < 6:
            return example
        for index, fact in ((1, self.partition), (3, self.scope.region), (4, self.scope.account)):
            changed = [*parts[:index], fact, *parts[index + 1 :]]
            if parts[index] != "" and fits(":".join(changed)):
                parts = changed
        arn = ":".join(parts)
        renamed = re.sub(r"[^/:]*\Z", lambda _: self.arn_name, arn, count=1)
        return renamed if fits(renamed) else arn

    @property
    def partition(self) -> str:
        """The partition of the region: ``aws``, ``aws-cn`` …"""
        return partition_of(self.scope.region)

    @property
    def service(self) -> str:
        """The service's namespace, as the IAM actions of the handlers spell it."""
        for handler in self.resource_type.handlers.values():
            if handler.permissions:
                return handler.permissions[0].partition(":")[0].lower()
        return self.resource_type.name.split("::")[1].lower()

    @property
    def arn_name(self) -> str:
        """The name as the service writes it in ARNs."""
        return self.name.lower() if self.service in _FOLDING_SERVICES else self.name


def kebab(name: str) -> str:
    """A name in camel case as ARNs and ids spell it: ``LogGroup`` → ``log-group``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


@cache
def partition_of(region: str) -> str:
    """The partition that the region belongs to, by botocore's list of endpoints; ``aws`` where it is in none."""
    for partition in _partitions():
        if re.match(str(partition["regionRegex"]), region):
            return str(partition["partition"])
    return "aws"


@cache
def is_global(service: str) -> bool:
    """Whether the service has one endpoint for all regions, so that its ARNs name none."""
    services = cast("Mapping[str, Mapping[str, object]]", _partitions()[0]["services"])
    return services.get(service, {}).get("isRegionalized", True) is False


@cache
def _partitions() -> list[Mapping[str, object]]:
    from botocore.loaders import Loader

    return cast("list[Mapping[str, object]]", Loader().load_data("endpoints")["partitions"])
