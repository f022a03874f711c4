"""Tokens that continue a list where its last page ended."""

from __future__ import annotations

import base64
import binascii
import json

from ccdbapi.emulator.contract import refusal


def next_token(subject: str, position: int) -> str:
    """A token for the page that follows ``position`` in the list of ``subject``."""
    return base64.b64encode(json.dumps([subject, position]).encode()).decode()


def position(token: object, subject: str, *, start: int) -> int:
    """Where the token stands; ``start`` where there is none.

    Raises `ServiceError` (ValidationException) for a token that was not made for this list.
    """
    if token is None:
        return start
    try:
        about, found = json.loads(base64.b64decode(str(token), validate=True))
    except (ValueError, TypeError, binascii.Error):
        about, found = None, None
    if about != subject or not isinstance(found, int):
        raise refusal("ValidationException", "The NextToken is invalid: it does not continue this list.")
    return found
