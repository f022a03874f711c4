"""Follows one request that the service has taken on before."""

from __future__ import annotations

import asyncio

from ccdbapi.cloudcontrol.accounts import Clients
from ccdbapi.cloudcontrol.progress import ProgressEvent
from ccdbapi.cloudcontrol.retry import throttles
from ccdbapi.exceptions import Diagnostics, OperationalError, Outcome, of_account
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.perseverance import in_the_end


async def follow(clients: Clients, account: str, region: str, request_token: str, patience: Patience) -> Outcome:
    """Waits until the request is final, and tells what it did.

    Throttling is waited out where ``patience`` has an end. Raises the error of a request that failed, OperationalError
    when ``patience`` is exhausted (it goes on then), and ProgrammingError for a request that the service does not know:
    it forgets them after 7 days.
    """
    client = clients(account)
    bounded = patience.left is not None

    async def final() -> ProgressEvent:
        return await client.wait(region, await client.get_resource_request_status(region, request_token))

    try:
        async with asyncio.timeout(patience.left):
            event = await in_the_end(final, lambda failure: bounded and throttles(failure.diag.code))
    except TimeoutError:
        diag = Diagnostics(region=region, request_token=request_token, account=account or None)
        raise OperationalError(f"{patience.exhausted()} The request goes on: {request_token}.", diag=diag) from None
    failure = event.error(region)
    if failure is not None:
        raise of_account(failure, account)
    return Outcome(
        state="done",
        operation=(event.operation or "").lower(),
        type_name=event.type_name or "",
        region=region,
        account=account or None,
        identifier=event.identifier,
        client_token="",
        request_token=request_token,
        code=None,
        message=event.status_message,
    )
