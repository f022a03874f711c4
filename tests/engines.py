"""Engines of SQLAlchemy over an emulator, and its tables reflected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ccdbapi.emulator.service import CloudControl


@contextmanager
def engine_over(service: CloudControl, url: str = "awscc://", **arguments: object) -> Iterator[Engine]:
    """An engine on ``service``, with ``arguments`` of `ccdbapi.connect`."""
    engine = sa.create_engine(url, connect_args={"embedded": service, **arguments}, future=True)
    yield engine
    engine.dispose()


def reflected(engine: Engine, schema: str | None, name: str) -> sa.Table:
    """The table as the catalogue describes it."""
    return sa.Table(name, sa.MetaData(), schema=schema, autoload_with=engine)
