"""How many calls a statement may make before it has to say that it means to."""

from __future__ import annotations

from ccdbapi.exceptions import ProgrammingError
from ccdbapi.planning.plan import Calls, Feed, Gets, Knowns, QueryPlan


def check_calls(plan: QueryPlan) -> None:
    """Raises `ProgrammingError` where the calls that are known before any is made are more than the plan allows."""
    count = sum(_count(calls) for source in plan.sources for calls in source.parts)
    if plan.max_calls is not None and count > plan.max_calls:
        raise too_many(count, plan.max_calls)


def too_many(count: int, allowed: int) -> ProgrammingError:
    """The error for a statement that takes ``count`` calls or more."""
    return ProgrammingError(
        f"The statement takes {count:,} calls or more, and may make {allowed:,}: narrow its predicates, or allow more "
        f"with /*+ max_calls({count}) */ at its start or the setting max_calls."
    )


def _count(calls: Calls) -> int:
    if isinstance(calls, Knowns):
        return 0
    wanted = calls.keys if isinstance(calls, Gets) else calls.listings
    return 0 if isinstance(wanted, Feed) else len(wanted)
