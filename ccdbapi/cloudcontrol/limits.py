"""What Cloud Control takes as members of a request. Source: the lengths and patterns in the service model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Limit(NamedTuple):
    """The shortest and the longest that a text may be, in characters, and the pattern that all of it matches."""

    shortest: int
    longest: int
    pattern: str = r"[\s\S]*"


LIMITS: Mapping[str, Limit] = {
    "ClientToken": Limit(1, 128, "[-A-Za-z0-9+/=]+"),
    "DesiredState": Limit(1, 262_144),
    "Identifier": Limit(1, 1024, ".+"),
    "PatchDocument": Limit(1, 262_144),
    "RequestToken": Limit(1, 128, "[-A-Za-z0-9+/=]+"),
    "RoleArn": Limit(20, 2048, "arn:.+:iam::[0-9]{12}:role/.+"),
    "TypeVersionId": Limit(1, 128, "[A-Za-z0-9-]+"),
}


def objection(member: str, text: str) -> str | None:
    """Why Cloud Control would not take ``text`` as this member; None if it would."""
    limit = LIMITS[member]
    if len(text) > limit.longest:
        return f"{member} has {len(text)} characters; Cloud Control takes {limit.longest} at most"
    if len(text) < limit.shortest:
        return f"{member} has {len(text)} characters; Cloud Control takes {limit.shortest} at least"
    if not re.fullmatch(limit.pattern, text):
        return f"{member} does not match {limit.pattern}, as Cloud Control wants"
    return None
