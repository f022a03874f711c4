"""The images of one region, as a script written by hand reads them with boto3."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
from botocore.config import Config
from endpoint import ACCESS_KEY, REGION, SECRET_KEY, TYPE


class Boto3Images:
    """Reads from the endpoint at ``url``, from up to ``threads`` threads at once."""

    def __init__(self, url: str, region: str = REGION, *, threads: int = 1) -> None:
        self._client = boto3.client(
            "cloudcontrol",
            region_name=region,
            endpoint_url=url,
            config=Config(max_pool_connections=threads),
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def get(self, identifier: str) -> str:
        """The properties of an image, as JSON text."""
        answer = self._client.get_resource(TypeName=TYPE, Identifier=identifier)
        return str(answer["ResourceDescription"]["Properties"])

    def pages(self) -> Iterator[list[str]]:
        """The identifiers of the region's images, page by page."""
        for page in self._client.get_paginator("list_resources").paginate(TypeName=TYPE):
            yield [description["Identifier"] for description in page["ResourceDescriptions"]]
