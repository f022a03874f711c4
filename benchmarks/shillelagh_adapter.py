"""The same queries by this driver and by a Shillelagh adapter for the same table: calls made, and time.

The adapter is written as Shillelagh's documentation teaches ("Creating a new adapter"): it filters by region and
identifier, knows which columns are wanted, so that it gets nothing where the list says enough, and stops at a LIMIT.
The endpoint takes 50 ms for each request. The two take turns.

    pip install 'ccdbapi[benchmarks]'
    python benchmarks/shillelagh_adapter.py
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from endpoint import ACCESS_KEY, REGION, SECRET_KEY, Calls, Endpoint, Setup, identifier, role, running
from report import sized
from shillelagh.adapters.base import Adapter
from shillelagh.adapters.registry import registry
from shillelagh.backends.apsw.db import connect
from shillelagh.fields import String
from shillelagh.filters import Equal, Filter
from shillelagh.lib import NetworkAPICostModel
from shillelagh.typing import RequestedOrder, Row
from with_boto3 import Boto3Images

import ccdbapi

REGIONS = (REGION, "eu-west-1", "ap-south-1")
SETUP = Setup(images=sized(60, least=8), regions=REGIONS, page_size=25, latency=0.05)
ROUNDS = sized(5)


class Images(Adapter):
    """SageMaker images, as ``cloudcontrol://AWS::SageMaker::Image``. A statement has to name the region."""

    safe = True
    supports_limit = True
    supports_requested_columns = True

    region = String(filters=[Equal])
    identifier = String(filters=[Equal])
    image_name = String()
    image_arn = String()
    image_role_arn = String()

    get_cost = NetworkAPICostModel(download_cost=1000, fixed_cost=100)

    @staticmethod
    def supports(uri: str, fast: bool = True, **kwargs: object) -> bool:
        return urllib.parse.urlparse(uri).scheme == "cloudcontrol"

    @staticmethod
    def parse_uri(uri: str) -> tuple[str]:
        return (uri,)

    def __init__(self, uri: str, url: str) -> None:
        super().__init__(uri)
        self._clients = {region: Boto3Images(url, region) for region in REGIONS}

    def get_data(
        self,
        bounds: dict[str, Filter],
        order: list[tuple[str, RequestedOrder]],
        limit: int | None = None,
        requested_columns: set[str] | None = None,
        **kwargs: object,
    ) -> Iterator[Row]:
        region = _value(bounds, "region")
        assert region is not None
        rows = self._rows(region, _value(bounds, "identifier"), requested_columns)
        return itertools.islice(rows, limit)

    def _rows(self, region: str, identifier: str | None, columns: set[str] | None) -> Iterator[Row]:
        client = self._clients[region]
        identifiers = itertools.chain.from_iterable(client.pages()) if identifier is None else [identifier]
        is_listed = identifier is None and columns is not None and columns <= {"region", "identifier"}
        for number, found in enumerate(identifiers):
            row: Row = {"rowid": number, "region": region, "identifier": found}
            yield row if is_listed else row | _columns(client.get(found))


def _value(bounds: dict[str, Filter], column: str) -> str | None:
    bound = bounds.get(column)
    return str(bound.value) if isinstance(bound, Equal) else None


def _columns(properties: str) -> Row:
    model = json.loads(properties)
    names = {"image_name": "ImageName", "image_arn": "ImageArn", "image_role_arn": "ImageRoleArn"}
    return {column: model.get(name) for column, name in names.items()}


class Query(NamedTuple):
    """A query, for the driver and for Shillelagh, where ``{images}`` is the table."""

    what: str
    ours: str
    theirs: str


THREE = tuple(map(identifier, (1, 2, 3)))

QUERIES = (
    Query(
        "get by identifier",
        f"SELECT image_name, image_role_arn FROM awscc.sagemaker.images WHERE region = '{REGION}' "
        f"AND Identifier = '{identifier(7)}'",
        f"SELECT image_name, image_role_arn FROM {{images}} WHERE region = '{REGION}' "
        f"AND identifier = '{identifier(7)}'",
    ),
    Query(
        "list one region",
        f"SELECT Identifier FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}'",
        f"SELECT identifier FROM {{images}} WHERE region = '{REGION}'",
    ),
    Query(
        "count in three regions",
        f"SELECT count(*) FROM awscc.sagemaker.images_list_only WHERE region IN {REGIONS}",
        f"SELECT count(*) FROM {{images}} WHERE region IN {REGIONS}",
    ),
    Query(
        "list and get, filtered by a property",
        f"SELECT image_name FROM awscc.sagemaker.images WHERE region = '{REGION}' AND image_role_arn = '{role(1)}'",
        f"SELECT image_name FROM {{images}} WHERE region = '{REGION}' AND image_role_arn = '{role(1)}'",
    ),
    Query(
        "join that filters the list, then gets",
        "SELECT l.Identifier, i.image_role_arn FROM awscc.sagemaker.images_list_only l JOIN awscc.sagemaker.images i "
        f"ON i.region = l.region AND i.Identifier = l.Identifier WHERE l.region = '{REGION}' "
        "AND l.Identifier LIKE '%image-1%'",
        "SELECT l.identifier, i.image_role_arn FROM {images} l JOIN {images} i "
        f"ON i.region = l.region AND i.identifier = l.identifier WHERE l.region = '{REGION}' "
        "AND l.identifier LIKE '%image-1%'",
    ),
    Query(
        "three images, and their namesakes in another region",
        "SELECT a.image_name, b.image_arn FROM awscc.sagemaker.images a JOIN awscc.sagemaker.images b "
        f"ON a.image_name = b.image_name WHERE a.region = '{REGIONS[0]}' AND b.region = '{REGIONS[1]}' "
        f"AND a.Identifier IN {THREE}",
        "SELECT a.image_name, b.image_arn FROM {images} a JOIN {images} b "
        f"ON a.image_name = b.image_name WHERE a.region = '{REGIONS[0]}' AND b.region = '{REGIONS[1]}' "
        f"AND a.identifier IN {THREE}",
    ),
    Query(
        "the first ten",
        f"SELECT image_name FROM awscc.sagemaker.images WHERE region = '{REGION}' LIMIT 10",
        f"SELECT image_name FROM {{images}} WHERE region = '{REGION}' LIMIT 10",
    ),
)  # fmt: skip


class Cursor(Protocol):
    """As much of PEP 249's cursor as is used here."""

    def execute(self, operation: str, /) -> object: ...
    def fetchall(self) -> Sequence[tuple[object, ...]]: ...


class Measured(NamedTuple):
    rows: list[tuple[object, ...]]
    calls: Calls
    seconds: float


def main() -> None:
    registry.add("images", Images)
    with (
        running(SETUP) as endpoint,
        ccdbapi.connect(
            endpoint_url=endpoint.url,
            scan="list",
            rate_limit=None,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        ) as connection,
    ):
        theirs = connect(":memory:", adapters=["images"], adapter_kwargs={"images": {"url": endpoint.url}})
        print("| query | calls | Shillelagh's | seconds | Shillelagh's | times as fast |\n|---|---|---|---|---|---|")
        for query in QUERIES:
            compare(query, endpoint, connection.cursor, theirs.cursor)


def compare(query: Query, endpoint: Endpoint, ours: Callable[[], Cursor], theirs: Callable[[], Cursor]) -> None:
    """Prints a line of the table."""
    table = query.theirs.format(images='"cloudcontrol://AWS::SageMaker::Image"')
    rounds = [(measured(query.ours, ours(), endpoint), measured(table, theirs(), endpoint)) for _ in range(ROUNDS)]
    for our, their in rounds:
        assert our.rows == their.rows, query.what
    seconds = [statistics.median(each.seconds for each in side) for side in zip(*rounds, strict=True)]
    faster = statistics.median(their.seconds / our.seconds for our, their in rounds)
    our, their = rounds[-1]
    print(f"| {query.what} | {our.calls} | {their.calls} | {seconds[0]:.2f} | {seconds[1]:.2f} | {faster:.1f} |")


def measured(sql: str, cursor: Cursor, endpoint: Endpoint) -> Measured:
    started = time.perf_counter()
    cursor.execute(sql)
    rows = cursor.fetchall()
    took = time.perf_counter() - started
    return Measured(sorted(map(tuple, rows)), endpoint.calls(), took)


if __name__ == "__main__":
    main()
