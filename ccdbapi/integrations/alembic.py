"""Alembic: a migration that would make, change or drop a table raises `NotSupportedError`, since types belong to AWS.

``import ccdbapi.integrations.alembic`` in ``env.py`` makes the dialect known. Source: Alembic, ``DefaultImpl``.
"""

from __future__ import annotations

from alembic.ddl.impl import DefaultImpl


class AwsccImpl(DefaultImpl):
    """What Alembic asks a dialect to do: it writes DDL, and the driver tells what to make of that."""

    __dialect__ = "awscc"
    transactional_ddl = False
