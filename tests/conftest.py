"""What all tests share. Its presence also puts tests/ on the import path, for the modules beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

#: SQLAlchemy's own suite runs by itself: it needs a plugin, which would change all other tests.
collect_ignore = ["compliance/sqlalchemy_suite"]


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which botocore finds nothing of the machine's: keys, files, proxies, certificates."""
    for name in list(os.environ):
        if name.upper().startswith("AWS_") or name.upper().endswith(("_PROXY", "_CA_BUNDLE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture
def brief_partings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is interrupted does not wait for a service that will never answer."""
    monkeypatch.setattr("ccdbapi.execution.writing.PARTING", 0.1)


@pytest.fixture
def service() -> Iterator[CloudControl]:
    """An emulated Cloud Control within the process."""
    service = CloudControl()
    yield service
    service.close()


@pytest.fixture
def connection(service: CloudControl) -> Iterator[ccdbapi.Connection]:
    """A connection to ``service``."""
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection:
        yield connection


@pytest.fixture
def cursor(connection: ccdbapi.Connection) -> ccdbapi.Cursor:
    """A cursor of ``connection``, which closes it."""
    return connection.cursor()
