"""What a caller who is denied access lacks: the permissions of the handler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from ccdbapi.catalog import HandlerName, ResourceType
from ccdbapi.exceptions import DatabaseError
from ccdbapi.planning.permissions import ACTIONS

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedTaggingOperation"})


@contextmanager
def explained(resource_type: ResourceType, handler: HandlerName) -> Iterator[None]:
    """Adds the permissions that ``handler`` needs to an error that denies access."""
    try:
        yield
    except DatabaseError as error:
        raise explain(error, resource_type, handler) from error.__cause__


def explain(
    error: DatabaseError, resource_type: ResourceType, handler: HandlerName | Literal["cancel"]
) -> DatabaseError:
    """``error``, with the permissions that ``handler`` needs, as the type's schema has them, if it denies access."""
    if not _denies_access(error):
        return error
    described = None if handler == "cancel" else resource_type.handlers.get(handler)
    own = () if described is None else described.permissions
    permissions = ", ".join((ACTIONS[handler], *own))
    return type(error)(f"{error}; {handler} of {resource_type.name} needs: {permissions}", diag=error.diag)


def _denies_access(error: DatabaseError) -> bool:
    # Services' own refusals come wrapped: GeneralServiceException with "… is not authorized to perform: …".
    message = error.diag.message or ""
    return error.diag.code in _DENIED or "AccessDenied" in message or "is not authorized to perform" in message
