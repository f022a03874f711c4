"""Resources as mapped objects, in a Session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from engines import engine_over, reflected
from sqlalchemy.engine import Engine
from sqlalchemy.orm import (
    Session,
    foreign,
    joinedload,
    lazyload,
    registry,
    relationship,
    remote,
    selectinload,
    subqueryload,
)

from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl
from ccdbapi.sqlalchemy.version import BEFORE_2

ROLE = "arn:aws:iam::123456789012:role/sagemaker-images"
RSTUDIO = "arn:aws:sagemaker:us-east-1:123456789012:image/rstudio"


class Image:
    """A SageMaker image, mapped as the catalogue describes it."""

    region: str
    image_name: str
    image_arn: str
    image_role_arn: str
    image_display_name: str | None
    image_description: str | None
    tags: list[dict[str, str]] | None
    Identifier: str

    def __init__(self, **given: object) -> None:
        for name, value in given.items():
            setattr(self, name, value)


class Group:
    """A log group, whose identifier is what it was named."""

    region: str
    log_group_name: str
    arn: str

    def __init__(self, **given: object) -> None:
        for name, value in given.items():
            setattr(self, name, value)


class Listed:
    """An image in the list, which leads to the image itself."""

    region: str
    image_arn: str
    Identifier: str
    image: Image


def _to_image(listed: sa.Table, images: sa.Table) -> Any:
    pairs = ((listed.c[name], images.c[name]) for name in ("region", "image_arn"))
    condition = sa.and_(*(foreign(here) == remote(there) for here, there in pairs))
    return relationship(Image, primaryjoin=condition, viewonly=True, uselist=False)


@pytest.fixture
def engine(service: CloudControl) -> Iterator[Engine]:
    demo.load(service)
    with engine_over(service) as engine:
        mappers = registry()
        images, listed = (reflected(engine, "sagemaker", name) for name in ("images", "images_list_only"))
        mappers.map_imperatively(Image, images)
        mappers.map_imperatively(Listed, listed, properties={"image": _to_image(listed, images)})
        mappers.map_imperatively(Group, reflected(engine, "logs", "log_groups"))
        yield engine
        mappers.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, future=True) as session:
        yield session


def operations(service: CloudControl) -> list[str]:
    made = [call.operation for call in service.calls if call.operation != "GetResourceRequestStatus"]
    service.calls.clear()
    return made


def test_an_image_is_read_by_its_key_once(session: Session, service: CloudControl) -> None:
    image = session.get(Image, ("us-east-1", RSTUDIO))

    assert image is not None
    assert (image.image_name, image.Identifier) == ("rstudio", RSTUDIO)
    assert image.tags == [{"Key": "team", "Value": "finance"}, {"Key": "stage", "Value": "prod"}]
    assert session.get(Image, ("us-east-1", RSTUDIO)) is image
    assert operations(service) == ["GetResource"]


def test_what_does_not_exist_is_none(session: Session, service: CloudControl) -> None:
    assert session.get(Image, ("us-east-1", "none")) is None
    assert operations(service) == ["GetResource"]


def test_images_are_selected(session: Session) -> None:
    found = session.execute(sa.select(Image).filter_by(region="us-east-1", Identifier=RSTUDIO))
    assert [image.image_display_name for image in found.scalars()] == ["RStudio"]


def test_an_image_is_inserted_and_knows_its_arn(session: Session, service: CloudControl) -> None:
    image = Image(region="eu-west-1", image_name="new", image_role_arn=ROLE, tags=[{"Key": "a", "Value": "b"}])
    session.add(image)
    session.commit()

    assert operations(service) == ["CreateResource"]
    assert image.image_arn == "arn:aws:sagemaker:eu-west-1:123456789012:image/new"
    assert image.tags == [{"Key": "a", "Value": "b"}]
    assert operations(service) == ["GetResource"]


def test_what_is_not_given_is_not_sent(session: Session, service: CloudControl) -> None:
    session.add(Image(region="eu-west-1", image_name="new", image_role_arn=ROLE))
    session.flush()

    [created] = [call for call in service.calls if call.operation == "CreateResource"]
    assert json.loads(str(created.payload["DesiredState"])) == {"ImageName": "new", "ImageRoleArn": ROLE}


def test_resources_that_are_named_by_us_are_created_together(session: Session, service: CloudControl) -> None:
    session.add_all([Group(region="us-east-1", log_group_name=name) for name in ("a", "b", "c")])
    session.commit()

    assert operations(service) == ["CreateResource"] * 3
    group = session.get(Group, ("us-east-1", "b"))
    assert group is not None
    assert group.arn.startswith("arn:aws:logs:us-east-1:")


@pytest.mark.skipif(BEFORE_2, reason="SQLAlchemy 1.4 takes no keys from many sets of values")
def test_resources_that_aws_names_are_created_together_and_know_their_names(
    engine: Engine, session: Session, service: CloudControl
) -> None:
    statements: list[bool] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[-1]))
    images = [Image(region="eu-west-1", image_name=name, image_role_arn=ROLE) for name in ("b", "c", "a")]
    session.add_all(images)
    session.flush()

    assert [image.image_arn.rpartition("/")[2] for image in images] == ["b", "c", "a"]
    assert operations(service) == ["CreateResource"] * 3
    assert statements == [True]  # one statement, of many sets of values


def test_an_image_is_changed(session: Session, service: CloudControl) -> None:
    image = session.get(Image, ("us-east-1", RSTUDIO))
    assert image is not None
    image.image_description = "Changed"
    image.tags = [{"Key": "team", "Value": "other"}]
    session.commit()

    assert [call.operation for call in service.calls].count("GetResource") == 2
    [updated] = [call for call in service.calls if call.operation == "UpdateResource"]
    assert {change["path"] for change in json.loads(str(updated.payload["PatchDocument"]))} <= {
        "/ImageDescription",
        "/Tags",
        "/Tags/0",
        "/Tags/0/Value",
        "/Tags/1",
    }
    assert (image.image_description, image.tags) == ("Changed", [{"Key": "team", "Value": "other"}])


def test_a_change_that_somebody_else_has_made_already_is_none(
    session: Session, engine: Engine, service: CloudControl
) -> None:
    image = session.get(Image, ("us-east-1", RSTUDIO))
    assert image is not None
    change = (
        "UPDATE sagemaker.images SET image_description = 'Changed' WHERE region = 'us-east-1' AND Identifier = :arn"
    )
    with engine.connect() as connection:
        connection.execute(sa.text(change), {"arn": RSTUDIO})
    service.calls.clear()
    image.image_description = "Changed"
    session.flush()

    assert operations(service) == ["GetResource"]


def test_an_image_is_deleted(session: Session, service: CloudControl) -> None:
    image = session.get(Image, ("us-east-1", RSTUDIO))
    session.delete(image)
    session.commit()

    assert operations(service) == ["GetResource", "DeleteResource"]
    assert session.get(Image, ("us-east-1", RSTUDIO)) is None


def test_deleting_what_somebody_else_has_deleted_is_told(
    session: Session, engine: Engine, service: CloudControl
) -> None:
    image = session.get(Image, ("us-east-1", RSTUDIO))
    with engine.connect() as connection:
        connection.execute(
            sa.text("DELETE FROM sagemaker.images WHERE region = 'us-east-1' AND Identifier = :arn"), {"arn": RSTUDIO}
        )
    session.delete(image)
    with pytest.raises(sa.exc.ProgrammingError, match="NotFound"):
        session.flush()


def test_images_are_deleted_by_a_query(session: Session, service: CloudControl) -> None:
    statement = sa.delete(Image).where(
        sa.and_(Image.region == "us-east-1", Image.Identifier == RSTUDIO)  # type: ignore[arg-type]
    )
    result = session.execute(statement.execution_options(synchronize_session=False))

    assert result.rowcount == 1  # type: ignore[attr-defined]
    assert operations(service) == ["DeleteResource"]


@pytest.mark.parametrize(
    ("load", "calls"),
    [
        (lazyload, ["ListResources", "GetResource", "GetResource", "GetResource"]),
        (joinedload, ["ListResources", "GetResource", "GetResource", "GetResource"]),
        (selectinload, ["ListResources", "GetResource", "GetResource", "GetResource"]),
        (subqueryload, ["ListResources", "ListResources", "GetResource", "GetResource", "GetResource"]),
    ],
)
def test_a_relationship_leads_from_a_list_to_its_resources(
    session: Session, service: CloudControl, load: Any, calls: list[str]
) -> None:
    columns = sa.inspect(Listed).columns
    statement = sa.select(Listed).where(columns.region == "us-east-1", columns.image_arn.like("%-prod"))
    found = session.execute(statement.options(load(Listed.image))).scalars().all()

    assert sorted(one.image.image_name for one in found) == ["pytorch-prod", "tensorflow-prod", "xgboost-prod"]
    assert operations(service) == calls


@pytest.mark.parametrize("synchronize", ["fetch", "evaluate", False])
def test_images_are_changed_by_a_query(session: Session, service: CloudControl, synchronize: str | bool) -> None:
    image = session.get(Image, ("us-east-1", RSTUDIO))
    mapped: Any = Image
    statement = sa.update(Image).where(mapped.region == "us-east-1", mapped.Identifier == RSTUDIO)
    service.calls.clear()
    session.execute(statement.values(image_description="Changed").execution_options(synchronize_session=synchronize))

    assert operations(service) == ["GetResource", "UpdateResource"]
    assert image is not None
    assert (image.image_description == "Changed") is bool(synchronize)
    session.refresh(image)
    assert image.image_description == "Changed"


def test_an_image_is_merged_into_what_there_is(session: Session, service: CloudControl) -> None:
    merged = session.merge(Image(region="us-east-1", image_arn=RSTUDIO, image_description="Merged"))
    session.commit()

    assert operations(service) == ["GetResource", "GetResource", "UpdateResource"]
    assert (merged.image_name, merged.image_description) == ("rstudio", "Merged")


def test_what_is_rolled_back_stays_in_aws_and_is_forgotten_here(session: Session) -> None:
    group = Group(region="us-east-1", log_group_name="a")
    session.add(group)
    session.flush()
    session.rollback()

    assert group not in session
    assert session.get(Group, ("us-east-1", "a")) is not None
