"""What a connection lets its writes do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.planning import InsertPlan, WritePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePolicy:
    """The settings of a connection that concern writes; see `ccdbapi.connect`."""

    read_only: bool = False
    max_writes: int | None = 100
    return_failures: bool = False

    def check(self, plans: Sequence[WritePlan]) -> None:
        """Raises `NotSupportedError` where the connection only reads."""
        if self.read_only and plans:
            raise NotSupportedError("The connection is read-only (read_only=True): it makes no requests that write.")

    def check_number(self, plan: WritePlan, number: int) -> None:
        """Raises `ProgrammingError` where the plan of an UPDATE or DELETE comes to more requests than it may.

        An INSERT names what it makes, and has no limit.
        """
        limit = self.max_writes if plan.max_writes is None else plan.max_writes
        if limit is not None and number > limit and not isinstance(plan, InsertPlan):
            raise ProgrammingError(
                f"The statement would write to {number} resources, and may to {limit}: narrow its WHERE, or allow more "
                f"with /*+ max_writes({number}) */ or the setting max_writes."
            )

    def returns_failures(self, plans: Sequence[WritePlan]) -> bool:
        """Whether failures are rows that RETURNING shows, and not an error."""
        return self.return_failures and any(plan.returning is not None for plan in plans)
