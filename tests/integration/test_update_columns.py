"""UPDATE by columns: what is read, what is sent, and what becomes of the resource."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGES = "awscc.sagemaker.images"
INSERT = (
    f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn, ImageDisplayName, ImageDescription, Tags, region) "
    f"""VALUES (?, '{ROLE}', 'Display', 'old', '[{{"Key":"a","Value":"1"}},{{"Key":"b","Value":"2"}}]', 'us-east-1')"""
)

#: The operations that UpdateResource was asked for, by identifier.
Patches = Callable[[], dict[str, list[dict[str, object]]]]


def arn(name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:123456789012:image/{name}"


def where(*names: str) -> str:
    return f"region = 'us-east-1' AND Identifier IN ({', '.join(repr(arn(name)) for name in names)})"


@pytest.fixture
def patches(service: CloudControl) -> Patches:
    return lambda: {
        str(call.payload["Identifier"]).rpartition("/")[2]: json.loads(str(call.payload["PatchDocument"]))
        for call in service.calls
        if call.operation == "UpdateResource"
    }


@pytest.fixture
def images(cursor: ccdbapi.Cursor, service: CloudControl) -> ccdbapi.Cursor:
    """Three images, and no calls as yet."""
    cursor.executemany(INSERT, [["one"], ["two"], ["three"]])
    service.calls.clear()
    return cursor


def operations(service: CloudControl) -> list[str]:
    return [call.operation for call in service.calls]


def replaced(path: str, old: object, new: object) -> list[dict[str, object]]:
    return [{"op": "test", "path": path, "value": old}, {"op": "replace", "path": path, "value": new}]


def test_a_resource_is_read_once_and_only_the_difference_sent(
    images: ccdbapi.Cursor, service: CloudControl, patches: Patches
) -> None:
    images.execute(
        f"""UPDATE {IMAGES} SET image_description = 'x', ImageDisplayName = NULL,
        tags = '[{{"Key":"b","Value":"3"}},{{"Key":"a","Value":"1"}}]', image_role_arn = '{ROLE}'
        WHERE {where("one")}"""
    )
    assert images.rowcount == 1
    assert operations(service) == ["GetResource", "UpdateResource", "GetResourceRequestStatus"]
    assert patches()["one"] == [
        {"op": "test", "path": "/ImageDescription", "value": "old"},
        {"op": "test", "path": "/ImageDisplayName", "value": "Display"},
        {"op": "test", "path": "/Tags/1/Value", "value": "2"},
        {"op": "replace", "path": "/ImageDescription", "value": "x"},
        {"op": "remove", "path": "/ImageDisplayName"},
        {"op": "replace", "path": "/Tags/1/Value", "value": "3"},
    ]
    images.execute(f"SELECT image_description, image_display_name, tags FROM {IMAGES} WHERE {where('one')}")
    assert images.fetchall() == [("x", None, [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}])]


@pytest.mark.parametrize(
    "assignment",
    [
        "image_description = 'old'",
        "image_description = image_description",
        """tags = '[{"Key":"b","Value":"2"},{"Key":"a","Value":"1"}]'""",
        "tags = list_reverse(tags::JSON[])",
        "image_description = 'old', ImageDisplayName = 'Display'",
    ],
)
def test_nothing_to_change_is_no_call(images: ccdbapi.Cursor, service: CloudControl, assignment: str) -> None:
    images.execute(f"UPDATE {IMAGES} SET {assignment} WHERE {where('one')} RETURNING Identifier")
    assert images.fetchall() == []
    assert images.rowcount == 0
    assert operations(service) == ["GetResource"]


def test_many_resources_are_read_once_each_and_those_that_match_are_changed(
    images: ccdbapi.Cursor, service: CloudControl, patches: Patches
) -> None:
    images.execute(f"UPDATE {IMAGES} SET image_display_name = 'Two' WHERE {where('two')}")
    service.calls.clear()
    images.execute(
        f"UPDATE {IMAGES} SET image_description = upper(image_display_name) || ' was ' || image_description "
        f"WHERE {where('one', 'two', 'three', 'none')} AND image_display_name = 'Display' RETURNING image_description"
    )
    assert sorted(images.fetchall()) == [("DISPLAY was old",)] * 2
    assert images.rowcount == 2
    made = operations(service)
    assert made[:4] == ["GetResource"] * 4
    assert sorted(set(made[4:])) == ["GetResourceRequestStatus", "UpdateResource"]
    assert patches() == {name: replaced("/ImageDescription", "old", "DISPLAY was old") for name in ("one", "three")}
