"""From a statement to the calls that answer it."""

from __future__ import annotations

from ccdbapi.planning.plan import (
    DeletePlan,
    Gets,
    InsertPlan,
    Key,
    Knowns,
    Listing,
    Lists,
    Plan,
    QueryPlan,
    RequestOptions,
    Returning,
    Source,
    UpdatePlan,
    WritePlan,
)
from ccdbapi.planning.planner import Planner

__all__ = [
    "DeletePlan",
    "Gets",
    "InsertPlan",
    "Key",
    "Knowns",
    "Listing",
    "Lists",
    "Plan",
    "Planner",
    "QueryPlan",
    "RequestOptions",
    "Returning",
    "Source",
    "UpdatePlan",
    "WritePlan",
]
