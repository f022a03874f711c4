"""Finishes what a process that ended left in its journal: no request is made twice, and none forgotten."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal, cast

from ccdbapi.catalog import Catalog, HandlerName, ResourceType, schemas
from ccdbapi.catalog.model import property_name
from ccdbapi.cloudcontrol.accounts import Clients
from ccdbapi.exceptions import DatabaseError, Outcome
from ccdbapi.execution.identifiers import as_text
from ccdbapi.execution.journal import Entry, Journal
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.requests import Request
from ccdbapi.execution.writing import Writing

#: How long, in seconds, the service knows a client token, and a request: 36 hours and 7 days, less an hour for clocks
#: that differ. Source: ``ClientToken`` in the service model; Cloud Control API user guide, "Managing requests".
_CLIENT_TOKEN_LIFETIME, _REQUEST_LIFETIME = 35 * 3600.0, 167 * 3600.0


async def resume(
    journal: Journal, clients: Clients, catalog: Catalog, patience: Patience, concurrency: int
) -> Sequence[Outcome]:
    """Follows or sends again what is pending in the journal, and returns what became of each.

    What is too old for that is looked up. What cannot be finished now stays pending, and keeps nothing else from it.
    ``concurrency`` is how many calls the clients make at once.
    Raises `InterfaceError` for an account that ``clients`` do not ask, before anything is done, and where the journal
    cannot be used.
    """
    now = time.time()
    pending = journal.entries(pending=True)
    for account in {entry.account for entry in pending}:
        clients(account)
    # Of a type that the catalogue does not know, it is only not told what permissions and which identifier it has.
    types = {
        name: catalog.find_resource_type(name) or schemas.resource_type(name, {})
        for name in {entry.type_name for entry in pending}
    }
    lively = [entry for entry in pending if now - entry.recorded_at < _lifetime(entry)]
    outcomes = await _finished(lively, journal, clients, types, patience, concurrency)
    for entry in pending:
        if entry.number not in outcomes:
            with patience.waiting():
                outcomes[entry.number] = await _found_out(entry, journal, clients, types[entry.type_name], patience)
    return [outcomes[entry.number] for entry in pending]


async def _finished(
    entries: Sequence[Entry],
    journal: Journal,
    clients: Clients,
    types: Mapping[str, ResourceType],
    patience: Patience,
    concurrency: int,
) -> dict[int, Outcome]:
    """What became of the entries, by number: each is followed, or sent again.

    A request of which nobody can tell ends the sending. Those behind it have their turn as long as others come to their
    ends: what is wrong is then wrong with that request alone.
    """
    outcomes: dict[int, Outcome] = {}
    left = list(entries)
    while left:
        writing = Writing(
            clients,
            [_request(entry, types[entry.type_name]) for entry in left],
            awaited=True,
            failures="return",
            log=[_Log(journal, entry.number) for entry in left],
            concurrency=concurrency,
        )
        with patience.waiting(), suppress(DatabaseError):  # the outcomes have it
            await writing.carry_out(patience)
        told = {entry.number: outcome for entry, outcome in zip(left, writing.outcomes, strict=True)}
        outcomes |= told
        left = [entry for entry in left if told[entry.number].state == "not sent"]
        if not any(outcome.state in ("done", "failed") for outcome in told.values()):
            break
    return outcomes


class _Log:
    """Marks what becomes of one entry."""

    def __init__(self, journal: Journal, number: int) -> None:
        self._journal = journal
        self._number = number

    def __call__(self, outcome: Outcome) -> None:
        if outcome.state != "not sent":  # now; before, it may have been
            self._journal.mark(self._number, outcome)


def _lifetime(entry: Entry) -> float:
    return _CLIENT_TOKEN_LIFETIME if entry.request_token is None else _REQUEST_LIFETIME


def _request(entry: Entry, resource_type: ResourceType) -> Request:
    return Request(
        handler=cast("HandlerName", entry.operation),
        resource_type=resource_type,
        region=entry.region,
        account=entry.account,
        identifier=entry.identifier or "" if entry.operation != "create" else "",
        document=entry.document or "",
        client_token=entry.client_token,
        role_arn=entry.role_arn,
        type_version_id=entry.type_version_id,
        request_token=entry.request_token,
        resumed=True,
    )


async def _found_out(
    entry: Entry, journal: Journal, clients: Clients, resource_type: ResourceType, patience: Patience
) -> Outcome:
    """What has become of a request that is too old to be asked for, and is marked as such if that can be told."""
    try:
        async with asyncio.timeout(patience.left):
            outcome = await _looked_up(entry, clients, resource_type)
    except (DatabaseError, TimeoutError) as error:
        why = patience.exhausted() if isinstance(error, TimeoutError) else error
        return _outcome(entry, "unknown", f"The request is too old to be asked for, and cannot be looked up: {why}")
    if outcome.state == "done":
        journal.mark(entry.number, outcome)
    else:
        journal.give_up(entry.number, outcome)
    return outcome


async def _looked_up(entry: Entry, clients: Clients, resource_type: ResourceType) -> Outcome:
    """What can be told of a request that the service has forgotten, by whether its resource is there."""
    identifier = entry.identifier or _identifier(resource_type, entry.document)
    if identifier is None or entry.operation == "update":
        return _outcome(entry, "unknown", "The request is too old to be asked for, and the resource does not tell.")
    found = await clients(entry.account).get_resource(
        entry.region, entry.type_name, identifier, role_arn=entry.role_arn, type_version_id=entry.type_version_id
    )
    there = "is there" if found is not None else "is not there"
    done = (found is not None) == (entry.operation == "create")
    return _outcome(
        entry, "done" if done else "unknown", f"The request is too old to be asked for; {identifier} {there}."
    )


def _identifier(resource_type: ResourceType, document: str | None) -> str | None:
    """The identifier of a resource to be created, if its properties tell."""
    properties: Mapping[str, object] = json.loads(document or "{}")
    names = [property_name(pointer) for pointer in resource_type.primary_identifier if pointer.count("/") == 1]
    if not names or len(names) < len(resource_type.primary_identifier) or not properties.keys() >= set(names):
        return None
    return "|".join(as_text(properties[name]) for name in names)


def _outcome(entry: Entry, state: Literal["done", "unknown"], message: str) -> Outcome:
    return Outcome(
        state=state,
        operation=entry.operation,
        type_name=entry.type_name,
        region=entry.region,
        account=entry.account or None,
        identifier=entry.identifier,
        client_token=entry.client_token,
        request_token=entry.request_token,
        code=None,
        message=message,
    )
