"""What a program that sets up logging reads about its statements, and what it never reads."""

from __future__ import annotations

import logging

import pytest
from served import ACCESS_KEY, SECRET_KEY, served

import ccdbapi

REGION = "us-east-1"
SECRET = "canary"


def logged(caplog: pytest.LogCaptureFixture, logger: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == logger]


def test_a_statement_is_logged_at_its_end_with_its_totals(
    cursor: ccdbapi.Cursor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="ccdbapi")
    cursor.execute("SELECT name FROM awscc.glue.workflows WHERE name IN (?, 'b')", ["a"])
    assert not caplog.records
    cursor.fetchall()
    [line] = logged(caplog, "ccdbapi.statements")
    assert line.startswith(
        "SELECT name FROM awscc.glue.workflows WHERE name IN (?, …): 2 calls (0 retries, 0 throttled, 0 failed), "
        "0 pages, 0 resources, 0 rows in 0."
    )
    assert not logged(caplog, "ccdbapi.calls")


@pytest.mark.parametrize(
    ("statement", "error", "expected"),
    [
        (
            "SELECT 'canary' FROM nowhere",
            "ProgrammingError",
            "SELECT … FROM nowhere: failed with ProgrammingError after",
        ),
        ("SELECT 'canary", "ProgrammingError", "(no SQL): failed with ProgrammingError after"),
        ("SELECT CAST('canary' AS INT)", "DataError", "SELECT CAST(… AS INT): failed with DataError after"),
    ],
)
def test_a_failure_is_logged_without_the_values_that_its_message_quotes(
    cursor: ccdbapi.Cursor, caplog: pytest.LogCaptureFixture, statement: str, error: str, expected: str
) -> None:
    caplog.set_level(logging.DEBUG, logger="ccdbapi")
    with pytest.raises(getattr(ccdbapi, error)):
        cursor.execute(statement).fetchall()
    [line] = logged(caplog, "ccdbapi.statements")
    assert line.startswith(expected)
    assert SECRET not in caplog.text


def test_each_statement_is_logged_once_however_it_ends(
    cursor: ccdbapi.Cursor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="ccdbapi")
    cursor.execute("SELECT 1").fetchall()
    cursor.execute("SELECT 2")
    cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('a')")
    cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = 'a' RETURNING Identifier").fetchone()
    cursor.close()
    cursor.close()
    words = [line.split()[0] for line in logged(caplog, "ccdbapi.statements")]
    assert words == ["SELECT", "SELECT", "INSERT", "DELETE"]


def test_what_is_no_text_is_not_logged(cursor: ccdbapi.Cursor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="ccdbapi")
    with pytest.raises(ccdbapi.ProgrammingError):
        cursor.execute(1)  # type: ignore[arg-type]
    cursor.close()
    assert not caplog.records


def test_no_secret_is_logged_at_any_level(no_aws: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with served(regions=[REGION]) as (connection, _), connection.cursor() as cursor:
        cursor.execute(
            "/*+ client_token('canary') */ INSERT INTO awscc.ssm.parameters (name, type, value, description) "
            "VALUES ('p', 'String', ?, 'canary') RETURNING ResourceModel",
            [SECRET],
        ).fetchall()
        cursor.execute("SELECT * FROM awscc.ssm.parameters WHERE name = 'p' AND value = 'canary'").fetchall()
        cursor.execute(
            "UPDATE awscc.ssm.parameters SET PatchDocument = :document WHERE name = 'p'",
            {"document": '[{"op": "replace", "path": "/Value", "value": "canary2"}]'},
        )
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("ccdbapi")]
    assert len(ours) >= 8
    for secret in (SECRET, SECRET_KEY, ACCESS_KEY):
        assert not [line for line in ours if secret in line]
