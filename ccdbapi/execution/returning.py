"""The rows that RETURNING reads: progress events, and what is known of the resources that they are about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from ccdbapi.catalog import ACCOUNT, ACCOUNT_ALIAS, REGION
from ccdbapi.cloudcontrol.accounts import Clients
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.engine.stream import ArrowTable, Columns
from ccdbapi.engine.view import PROPERTIES
from ccdbapi.execution.access import explained
from ccdbapi.execution.events import event_members
from ccdbapi.execution.identifiers import parts_of
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.requests import Request
from ccdbapi.execution.rows import model_columns
from ccdbapi.execution.stop import Stop
from ccdbapi.planning import Key, Returning
from ccdbapi.planning.views import ROW_NUMBER

#: A request and the last event of its progress.
Written = tuple[Request, ProgressEvent]

#: GetResource calls under way at once.
_READING = 64


async def models_of(
    clients: Clients, written: Sequence[Written], patience: Patience, stop: Stop
) -> Sequence[str | None]:
    """The resources as JSON text, in order; None where nothing tells.

    One that is gone is shown as it was, one that was created or changed as its event has it, or by a GetResource where
    the event does not. Raises what that raises. ``stop`` ends it.
    """
    stop.begin()
    room = asyncio.Semaphore(_READING)

    async def model_of(request: Request, event: ProgressEvent) -> str | None:
        known = request.model or event.resource_model
        if known is not None or not event.succeeded or event.identifier is None or request.handler == "delete":
            return known
        async with room:
            with explained(request.resource_type, "read"):
                return await clients(request.account).get_resource(
                    request.region,
                    request.resource_type.name,
                    request.identifier or event.identifier,
                    role_arn=request.role_arn,
                    type_version_id=request.type_version_id,
                )

    try:
        async with asyncio.timeout(patience.left):
            return await asyncio.gather(*(model_of(request, event) for request, event in written))
    except TimeoutError:
        raise patience.exhausted() from None


def event_table(returning: Returning, written: Sequence[Written], models: Sequence[str | None]) -> ArrowTable:
    """The events as rows of the raw table of ``returning``, each with its resource out of ``models``."""
    rows = [
        {**_row(returning, request, event, model), ROW_NUMBER: str(number)}
        for number, ((request, event), model) in enumerate(zip(written, models, strict=True))
    ]

    def batches() -> Iterator[Columns]:
        yield [[row.get(column) for row in rows] for column in returning.raw.columns]

    return ArrowTable(returning.raw.columns, batches)


def _row(returning: Returning, request: Request, event: ProgressEvent, model: str | None) -> Mapping[str, str | None]:
    identifier = event.identifier or (request.identifier if request.handler != "cancel" else None)
    # Joined with | it may not tell its parts, as the one that was sent does.
    told = (parts_of(returning.table, Key(request.region, text)) for text in (identifier, request.identifier) if text)
    shown = [column for column in returning.raw.columns if column.startswith("/")]
    return {
        **_scope(request, returning),
        **event_members(event),
        **next(filter(None, told), {}),
        **({} if model is None else {PROPERTIES: model, **model_columns(model, shown)}),
    }


def _scope(request: Request, returning: Returning) -> Mapping[str, str]:
    """The columns that say where the request went, as far as RETURNING needs them."""
    ids = returning.account_ids
    known = {ACCOUNT: ids[request.account]} if ids else {}
    return {REGION: request.region, ACCOUNT_ALIAS: request.account, **known}
