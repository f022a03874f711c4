"""Ray Data's ``read_sql``: the driver's connections are made where Ray's workers are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import ray
from served import connecting, demo_service

import ccdbapi
from ccdbapi.emulator.service import CloudControl

IMAGES = "SELECT region, image_arn FROM awscc.sagemaker.images_list_only"

#: Ray warns of what it does itself.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.*", "ignore::FutureWarning:ray.*")

Factory = Callable[[], ccdbapi.Connection]


@pytest.fixture(scope="module", autouse=True)
def workers() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def service() -> CloudControl:
    return demo_service()


@pytest.fixture
def factory(service: CloudControl) -> Iterator[Factory]:
    with connecting(service) as factory:
        yield factory


def test_a_query_is_a_dataset(factory: Factory, service: CloudControl) -> None:
    rows = ray.data.read_sql(IMAGES, factory).take_all()
    assert len(rows) == 6
    assert rows[0].keys() == {"region", "image_arn"}
    assert [(call.operation, call.region) for call in service.calls] == [("ListResources", "us-east-1")]


@pytest.mark.parametrize("parameters", [("eu-west-1",), ["eu-west-1"], {"region": "eu-west-1"}])
def test_a_query_takes_parameters(factory: Factory, parameters: object) -> None:
    condition = "region = :region" if isinstance(parameters, dict) else "region = ?"
    rows = ray.data.read_sql(f"{IMAGES} WHERE {condition}", factory, sql_params=parameters).take_all()
    assert [row["region"] for row in rows] == ["eu-west-1"] * 2


def test_a_query_is_divided_among_the_workers(factory: Factory) -> None:
    divided = ray.data.read_sql(
        IMAGES, factory, shard_keys=["region", "image_arn"], shard_hash_fn="hash", override_num_blocks=2
    )
    assert len({row["image_arn"] for row in divided.take_all()}) == divided.count() == 6


def test_an_error_is_that_of_the_driver(factory: Factory) -> None:
    with pytest.raises(ray.exceptions.RayTaskError, match="no table 'pictures' in service 'sagemaker'"):
        ray.data.read_sql("SELECT * FROM awscc.sagemaker.pictures", factory).take_all()
