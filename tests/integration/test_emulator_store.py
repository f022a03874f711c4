"""State in a file: kept between runs, and shared by processes without loss."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import ccdbapi
from ccdbapi.emulator import demo
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.store import Store

TYPE = "AWS::SageMaker::Image"
ROLE = "arn:aws:iam::123456789012:role/images"
US_EAST = {"account": "123456789012", "region": "us-east-1"}

# Creates ten images of its own and, against all the others, the one image "contested"; prints what became of that.
WRITER = textwrap.dedent(
    f"""
    import json, sys
    from ccdbapi.emulator.service import CloudControl
    from ccdbapi.emulator.store import Store

    service = CloudControl(store=Store(sys.argv[1]))
    where = {US_EAST!r}
    for name in [*(f"{{sys.argv[2]}}-{{number}}" for number in range(10)), "contested"]:
        desired = json.dumps({{"ImageName": name, "ImageRoleArn": {ROLE!r}}})
        event = service.answer("CreateResource", {{"TypeName": {TYPE!r}, "DesiredState": desired}}, **where)
        token = event["ProgressEvent"]["RequestToken"]
        final = service.answer("GetResourceRequestStatus", {{"RequestToken": token}}, **where)
    print(final["ProgressEvent"]["OperationStatus"])
    """
)


@contextmanager
def opened(path: Path | None = None) -> Iterator[CloudControl]:
    with closing(CloudControl(store=Store(path))) as service:
        yield service


def create(service: CloudControl, name: str) -> str:
    desired = json.dumps({"ImageName": name, "ImageRoleArn": ROLE})
    event = service.answer("CreateResource", {"TypeName": TYPE, "DesiredState": desired}, **US_EAST)["ProgressEvent"]
    assert isinstance(event, dict)
    return str(event["Identifier"])


def names(service: CloudControl, region: str = "us-east-1") -> list[str]:
    found: list[str] = []
    payload = {"TypeName": TYPE}
    while True:
        page = service.answer("ListResources", payload, account="123456789012", region=region)
        described = page["ResourceDescriptions"]
        assert isinstance(described, list)
        found += [description["Identifier"].rpartition("/")[2] for description in described]
        if "NextToken" not in page:
            return found
        payload["NextToken"] = str(page["NextToken"])


def test_state_in_a_file_outlives_the_service(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with opened(path) as service:
        create(service, "kept")
    with opened(path) as service:
        assert names(service) == ["kept"]


def test_state_in_memory_does_not() -> None:
    with opened() as service:
        create(service, "lost")
    with opened() as service:
        assert names(service) == []


def test_two_services_see_each_other_through_the_file(tmp_path: Path) -> None:
    with opened(tmp_path / "state.db") as one, opened(tmp_path / "state.db") as other:
        identifier = create(one, "shared")
        assert names(other) == ["shared"]
        other.answer("DeleteResource", {"TypeName": TYPE, "Identifier": identifier}, **US_EAST)
        assert names(one) == []


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), f"writer{number}"], stdout=subprocess.PIPE, text=True
        )
        for number in range(3)
    ]
    outcomes = [writer.communicate(timeout=120)[0].strip() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    # One of them made the contested image; the others were told that it exists.
    assert sorted(outcomes) == ["FAILED", "FAILED", "SUCCESS"]
    with opened(path) as service:
        expected = {f"writer{writer}-{number}" for writer in range(3) for number in range(10)} | {"contested"}
        assert set(names(service)) == expected


def test_threads_may_share_a_service() -> None:
    with opened() as service:
        threads = [
            threading.Thread(target=lambda number=number: [create(service, f"t{number}-{each}") for each in range(20)])
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(names(service))) == 80


def test_a_file_that_cannot_be_used_is_a_bad_setting(tmp_path: Path) -> None:
    with ccdbapi.connect(embedded=tmp_path / "missing" / "state.db") as connection:
        for use in (lambda: connection.catalog, lambda: connection.cursor().execute("SELECT 1")):
            with pytest.raises(ccdbapi.InterfaceError, match=r"state cannot be kept in .*state\.db: unable to open"):
                use()


def test_the_demo_data_is_there_once(tmp_path: Path) -> None:
    with opened(tmp_path / "state.db") as service:
        created = demo.load(service)
        assert created > 10
        assert demo.load(service) == 0
        assert len(names(service)) >= 5
        assert len(names(service, "eu-west-1")) >= 2
        assert all(
            service.answer("ListResources", {"TypeName": type_name}, **US_EAST)["ResourceDescriptions"]
            for type_name in ("AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::IAM::Role", "AWS::SQS::Queue")
        )
