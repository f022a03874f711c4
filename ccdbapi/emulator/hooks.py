"""CloudFormation Hooks: what an account has examined before a resource is created, updated or deleted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

FailureMode = Literal["FAIL", "WARN"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A hook of all accounts, in all regions.

    ``objection`` is given the operation (``CREATE``, ``UPDATE``, ``DELETE``) and the properties that the resource will
    have, or has, and says what is wrong, None for nothing. An objection fails the request where ``failure_mode`` is
    ``FAIL``, and is only told where that is ``WARN``. ``types`` are the resource types that it is for; none: all.
    """

    type_name: str
    objection: Callable[[str, Mapping[str, object]], str | None]
    failure_mode: FailureMode = "FAIL"
    types: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a hook said of one request."""

    type_name: str
    arn: str
    failure_mode: FailureMode
    objection: str | None

    @property
    def refuses(self) -> bool:
        """Whether the request fails for it."""
        return self.objection is not None and self.failure_mode == "FAIL"

    def event(self, invoked_at: float, *, complete: bool) -> dict[str, object]:
        """The ``HookProgressEvent``. Time in epoch seconds."""
        event: dict[str, object] = {
            "HookTypeName": self.type_name,
            "HookTypeVersionId": "00000001",
            "HookTypeArn": self.arn,
            "InvocationPoint": "PRE_PROVISION",
            "HookEventTime": invoked_at,
            "FailureMode": self.failure_mode,
        }
        if not complete:
            return {**event, "HookStatus": "HOOK_IN_PROGRESS"}
        if self.objection is None:
            return {**event, "HookStatus": "HOOK_COMPLETE_SUCCEEDED"}
        return {**event, "HookStatus": "HOOK_COMPLETE_FAILED", "HookStatusMessage": self.objection}


def invoked(
    hooks: Sequence[Hook], account: str, region: str, type_name: str, operation: str, properties: Mapping[str, object]
) -> tuple[Invocation, ...]:
    """What the hooks say that are for the type."""
    return tuple(
        Invocation(
            type_name=hook.type_name,
            arn=f"arn:aws:cloudformation:{region}:{account}:type/hook/{hook.type_name.replace('::', '-')}",
            failure_mode=hook.failure_mode,
            objection=hook.objection(operation, properties),
        )
        for hook in hooks
        if not hook.types or type_name in hook.types
    )
