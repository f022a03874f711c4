"""The classic compliance suite of PEP 249 (PyPI: dbapi-compliance), run against the emulated Cloud Control.

The suite makes two tables of its own. Resource types cannot be made, so two that AWS has stand in for them: Glue
workflows for ``booze (name)``, Glue rulesets for ``barflys (name, drink)``. Both have a name that callers choose
freely, and nothing else that is required.
"""

from __future__ import annotations

import unittest
from collections.abc import Iterable
from typing import ClassVar, Self
from unittest import mock

import dbapi20  # type: ignore[import-untyped]  # it has no annotations
import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl
from ccdbapi.parameters import Parameters

#: The suite's SQL → the driver's.
TABLES = {
    "into booze values (": "INTO awscc.glue.workflows (name) VALUES (",
    "into barflys values (": "INTO awscc.glue.data_quality_rulesets (name, ruleset) VALUES (",
    "from booze": "FROM awscc.glue.workflows_list_only",
    # The names are those that the suite inserts: what is no identifier is not listed.
    "from barflys": """FROM (
        SELECT name, ruleset AS drink FROM awscc.glue.data_quality_rulesets
        WHERE name IN ('Victoria Bitter', 'Cooper''s', 'a')
    ) AS barflys""",
}


def adapted(operation: str) -> str:
    for suite, driver in TABLES.items():
        operation = operation.replace(suite, driver)
    return operation


class SuiteCursor(ccdbapi.Cursor):
    """The driver's cursor, to which the suite's tables mean resources."""

    def execute(self, operation: str, parameters: Parameters | None = None) -> Self:
        return super().execute(adapted(operation), parameters)

    def executemany(self, operation: str, seq_of_parameters: Iterable[Parameters]) -> Self:
        return super().executemany(adapted(operation), seq_of_parameters)


class TestCompliance(dbapi20.DatabaseAPI20Test):  # type: ignore[misc]  # it has no annotations
    driver = ccdbapi
    table_prefix = ""
    # The tables exist: instead of making them, statements that give no rows and find nothing to change.
    ddl1: ClassVar[str] = "DELETE FROM awscc.glue.workflows WHERE false"
    ddl2: ClassVar[str] = "DELETE FROM awscc.glue.data_quality_rulesets WHERE false"

    def setUp(self) -> None:
        service = CloudControl()
        self.addCleanup(service.close)
        self.connect_kw_args = {"embedded": service, "regions": ["us-east-1"]}
        cursors = mock.patch("ccdbapi.connection.Cursor", SuiteCursor)
        cursors.start()
        self.addCleanup(cursors.stop)

    def tearDown(self) -> None:
        """There is nothing to drop: each test has a service of its own."""

    @unittest.skip("PEP 249 makes callproc optional, and Cloud Control has no procedures")
    def test_callproc(self) -> None:
        """Skipped."""

    @unittest.skip("the suite itself doubts it: here closing twice does nothing, as in sqlite3 and psycopg")
    def test_non_idempotent_close(self) -> None:
        """Skipped; see the decorator."""

    def test_nextset(self) -> None:
        """The suite asks drivers to override this. A statement gives one result set at most."""
        with self._connect() as connection:
            cursor = connection.cursor()
            with pytest.raises(ccdbapi.Error):
                cursor.nextset()
            self.executeDDL1(cursor)
            for sql in self._populate():
                cursor.execute(sql)
            with pytest.raises(ccdbapi.Error):
                cursor.nextset()
            cursor.execute("select name from booze")
            assert cursor.nextset() is None

    def test_setoutputsize(self) -> None:
        """The suite asks drivers to override this. Sizes change nothing: a value comes whole."""
        with self._connect() as connection:
            cursor = connection.cursor()
            cursor.execute("insert into barflys values ('a', ?)", ["x" * 5000])
            cursor.setoutputsize(10)
            cursor.setoutputsize(10, 0)
            cursor.execute("select drink from barflys")
            assert cursor.fetchall() == [("x" * 5000,)]
