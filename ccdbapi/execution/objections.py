"""What is wrong with the values that a statement writes, found before any request is made and told at once.

Source: the CloudFormation resource type definition schema, to which Cloud Control holds a resource, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccdbapi.catalog import ResourceType
from ccdbapi.exceptions import DataError

#: How many objections an error lists.
_LISTED = 50


class Objections:
    """All that is wrong with the rows of a statement."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, where: str, problems: Sequence[str]) -> None:
        """Takes down the ``problems`` of the row that ``where`` names."""
        if problems:
            self._lines.append(f"{where}: {'; '.join(problems)}")

    def check(self) -> None:
        """Raises `DataError` with all of them, if there are any."""
        if self._lines:
            more = [f"and {len(self._lines) - _LISTED} more rows"] if len(self._lines) > _LISTED else []
            raise DataError("\n".join([*self._lines[:_LISTED], *more]))


def new_violations(resource_type: ResourceType, model: Mapping[str, object]) -> Sequence[str]:
    """What in a resource that is to be created does not fit its schema."""
    from ccdbapi.catalog.validation import violations

    return violations(resource_type, model)


def changed_violations(
    resource_type: ResourceType, model: Mapping[str, object], values: Mapping[str, object]
) -> Sequence[str]:
    """What in new ``values`` of a resource does not fit its schema, and did not fit it before in ``model``."""
    from ccdbapi.catalog.validation import violations_in

    given = {name: value for name, value in values.items() if value is not None}
    removed = [name for name in values if name not in given and name in resource_type.required]
    before = violations_in(resource_type, {name: model[name] for name in given if name in model})
    return [
        *(f"#: required key [{name}] cannot be removed" for name in removed),
        *(text for text in violations_in(resource_type, given) if text not in before),
    ]
