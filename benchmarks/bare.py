"""The least that a Python client has to do: signed requests over kept connections, and the JSON of their answers.

What the driver adds is measured against it. It signs with the driver's own signer, as the quickest there is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime

import aiohttp
from botocore.credentials import ReadOnlyCredentials
from endpoint import ACCESS_KEY, SECRET_KEY, TYPE

from ccdbapi.cloudcontrol.signing import signed_headers

CREDENTIALS = ReadOnlyCredentials(ACCESS_KEY, SECRET_KEY, None)


class BareClient:
    """Sends requests to the endpoint at ``url``, at most ``concurrency`` at once."""

    def __init__(self, url: str, concurrency: int) -> None:
        self._url = url
        self._places = asyncio.Semaphore(concurrency)
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency))

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._session.close()

    async def get(self, region: str, identifier: str) -> str:
        """The properties of an image, as JSON text."""
        description = (await self._send("GetResource", region, Identifier=identifier))["ResourceDescription"]
        assert isinstance(description, dict)
        return str(description["Properties"])

    async def pages(self, region: str) -> AsyncIterator[Sequence[str]]:
        """The identifiers of the region's images, page by page."""
        token: dict[str, object] = {}
        while True:
            page = await self._send("ListResources", region, **token)
            descriptions = page["ResourceDescriptions"]
            assert isinstance(descriptions, list)
            yield [str(description["Identifier"]) for description in descriptions]
            if "NextToken" not in page:
                return
            token = {"NextToken": page["NextToken"]}

    async def everything(self, regions: Iterable[str]) -> list[str]:
        """The properties of all images, each asked for as soon as its page is there."""
        async with asyncio.TaskGroup() as group:
            listings = [group.create_task(self._all_of(region)) for region in regions]
        return [properties for listing in listings for properties in listing.result()]

    async def _all_of(self, region: str) -> list[str]:
        async with asyncio.TaskGroup() as group:
            gets = [
                group.create_task(self.get(region, identifier))
                async for page in self.pages(region)
                for identifier in page
            ]
        return [get.result() for get in gets]

    async def _send(self, operation: str, region: str, **payload: object) -> dict[str, object]:
        body = json.dumps({"TypeName": TYPE, **payload}).encode()
        async with self._places:
            headers = signed_headers(
                CREDENTIALS,
                url=self._url,
                headers={
                    "Content-Type": "application/x-amz-json-1.0",
                    "X-Amz-Target": f"CloudApiService.{operation}",
                },
                body=body,
                region=region,
                service="cloudcontrolapi",
                now=datetime.now(UTC),
            )
            async with self._session.post(self._url, data=body, headers=headers) as response:
                response.raise_for_status()
                answer = json.loads(await response.read())
        assert isinstance(answer, dict)
        return answer
