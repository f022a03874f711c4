"""What CloudFormation Hooks objected to and let pass, for whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ccdbapi.cloudcontrol.progress import HookProgressEvent, ProgressEvent
from ccdbapi.exceptions import Warning  # noqa: A004 - the name that PEP 249 prescribes
from ccdbapi.execution.requests import Request

#: How many resources a warning names.
_NAMED = 3


def objections_of(written: Sequence[tuple[Request, ProgressEvent]]) -> Iterable[Warning]:
    """A warning for each hook that objected to requests, and did not keep them from being carried out."""
    found: dict[str | None, list[tuple[ProgressEvent, HookProgressEvent]]] = {}
    for _, event in written:
        for hook in event.hooks:
            if hook.objects and hook.lets_pass:
                found.setdefault(hook.hook_type_name, []).append((event, hook))
    for name, objections in found.items():
        told = "; ".join(
            f"{event.type_name} {event.identifier}: {hook.hook_status_message or hook.hook_status}"
            for event, hook in objections[:_NAMED]
        )
        more = f"; and {len(objections) - _NAMED} more" if len(objections) > _NAMED else ""
        yield Warning(f"The hook {name} objects to {len(objections)} of {len(written)} requests: {told}{more}")
