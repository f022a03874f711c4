"""What Cloud Control takes as members of a request, held to the service model."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader

from ccdbapi.cloudcontrol.limits import LIMITS, objection

SHAPES = {"DesiredState": "Properties"}


@pytest.mark.parametrize("member", LIMITS)
def test_the_limits_are_those_of_the_service_model(member: str) -> None:
    shapes = Loader().load_service_model("cloudcontrol", "service-2")["shapes"]
    shape = shapes[SHAPES.get(member, member)]
    limit = LIMITS[member]
    assert (limit.shortest, limit.longest, limit.pattern) == (shape["min"], shape["max"], shape["pattern"])


@pytest.mark.parametrize(
    ("member", "text", "expected"),
    [
        ("ClientToken", "a" * 128, None),
        ("ClientToken", "a" * 129, "ClientToken has 129 characters; Cloud Control takes 128 at most"),
        ("ClientToken", "a b", "ClientToken does not match [-A-Za-z0-9+/=]+, as Cloud Control wants"),
        ("Identifier", "", "Identifier has 0 characters; Cloud Control takes 1 at least"),
        ("Identifier", "a|b", None),
        ("RoleArn", "arn:aws:iam::123456789012:role/writer", None),
        ("RoleArn", "arn:aws:iam::123456789012:user/writer", "RoleArn does not match"),
        ("DesiredState", "{\n}", None),
    ],
)
def test_what_is_objected_to(member: str, text: str, expected: str | None) -> None:
    found = objection(member, text)
    assert found == expected or (expected is not None and found is not None and found.startswith(expected))
