"""Whether the requests of a statement are about different things, where one would be in the other's way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from ccdbapi.catalog.model import unescape
from ccdbapi.exceptions import IntegrityError, ProgrammingError
from ccdbapi.execution.requests import Request
from ccdbapi.planning import DeletePlan, WritePlan

#: Each plan of a statement with the requests that it comes to.
Planned = Sequence[tuple[WritePlan, Sequence[Request]]]


def distinct(planned: Planned) -> list[Request]:
    """The requests of all plans, if none is in the way of another.

    Raises `IntegrityError` where two would create one resource. Raises `ProgrammingError` where two plans delete one,
    or set columns of one, which both compare with what it was before either; and where two requests have one client
    token, as the second would pass for a repetition.
    """
    requests = [request for _, made in planned for request in made]
    created = [request for request in requests if request.handler == "create"] if len(requests) > 1 else []
    twice = _first_repeated((request.account, request.region, _new_identifier(request)) for request in created)
    if twice is not None:
        type_name = created[0].resource_type.name
        raise IntegrityError(f"Two rows would create one {type_name} ({twice}): its identifier stands for one.")
    for deletes, verb in ((True, "delete"), (False, "set columns of")):
        twice = _first_repeated(
            (request.account, request.region, request.identifier)
            for plan, made in planned
            if isinstance(plan, DeletePlan) is deletes and (deletes or "properties" in plan.roles)
            for request in made
        )
        if twice is not None:
            raise ProgrammingError(
                f"Two sets of parameters {verb} one resource ({twice}): execute them one after the other."
            )
    if len({(request.account, request.region, request.client_token) for request in requests}) < len(requests):
        raise ProgrammingError(
            f"The statement makes {len(requests)} requests, and a client token stands for one: give each row a "
            "ClientToken of its own, or none."
        )
    return requests


def _first_repeated(names: Iterable[tuple[Hashable, Hashable, str | None]]) -> str | None:
    """What the first of ``names`` that is there twice ends with; None stands for what is not known."""
    counts = Counter(name for name in names if name[-1] is not None)
    return next((str(identifier) for (*_, identifier), count in counts.items() if count > 1), None)


def _new_identifier(request: Request) -> str | None:
    """The identifier that the resource will have, None where the service makes a part of it."""
    model = json.loads(request.document)
    values = [_at(model, pointer) for pointer in request.resource_type.primary_identifier]
    return "|".join(map(str, values)) if None not in values else None


def _at(model: object, pointer: str) -> object:
    for token in pointer.split("/")[1:]:
        model = model.get(unescape(token)) if isinstance(model, dict) else None
    return model
