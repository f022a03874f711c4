"""What CloudFormation Hooks say of writes, in errors, in rows and as warnings."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import pytest
from faces import both_faces, connected, rows_of, run, value_of
from served import CALLER, served

import ccdbapi
from ccdbapi.emulator.hooks import FailureMode, Hook
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

REGION = "us-east-1"
INSERT = "INSERT INTO awscc.glue.workflows (name) VALUES ('good'), ('bad')"


def objection(operation: str, properties: Mapping[str, object]) -> str | None:
    return "a name begins with good" if not str(properties["Name"]).startswith("good") else None


def hook(mode: FailureMode) -> Hook:
    return Hook(type_name="Acme::Names::Check", objection=objection, failure_mode=mode)


def hooked(mode: FailureMode) -> CloudControl:
    return CloudControl(Options(hooks=[hook(mode)]))


@both_faces
def test_a_hook_that_refuses_is_named_in_the_error_and_the_outcome(face: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=hooked("FAIL"), regions=[REGION]) as cursor:
            with pytest.raises(ccdbapi.OperationalError, match="Acme::Names::Check: a name begins with good") as raised:
                await value_of(cursor.execute(INSERT))
            failed = next(outcome for outcome in raised.value.outcomes if outcome.state == "failed")
            assert (failed.identifier, failed.code) == ("bad", "GeneralServiceException")
            assert failed.message == (
                "The following hook(s) failed: [Acme::Names::Check] [Acme::Names::Check: a name begins with good]"
            )

    run(main)


def test_what_hooks_said_is_a_column_of_returning_and_of_the_request() -> None:
    service = hooked("FAIL")
    with (
        ccdbapi.connect(embedded=service, regions=[REGION], on_write_error="return") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"{INSERT} RETURNING Identifier, OperationStatus, HooksProgressEvent, RequestToken")
        (_, _, passed, _), (identifier, status, (refused,), token) = cursor.fetchall()
        assert (identifier, status) == ("bad", "FAILED")
        assert [each["HookStatus"] for each in passed] == ["HOOK_COMPLETE_SUCCEEDED"]
        assert {**refused, "HookEventTime": None} == {
            "HookTypeName": "Acme::Names::Check",
            "HookTypeVersionId": "00000001",
            "HookTypeArn": "arn:aws:cloudformation:us-east-1:123456789012:type/hook/Acme-Names-Check",
            "InvocationPoint": "PRE_PROVISION",
            "HookStatus": "HOOK_COMPLETE_FAILED",
            "HookEventTime": None,
            "HookStatusMessage": "a name begins with good",
            "FailureMode": "FAIL",
        }
        cursor.execute(
            "SELECT hooks_progress_event, hooks_progress_event[0]->>'HookStatus' "
            "FROM awscc.cloud_control.resource_request WHERE RequestToken = ?",
            [token],
        )
        assert cursor.fetchall() == [([refused], "HOOK_COMPLETE_FAILED")]


@both_faces
def test_a_hook_that_objects_and_lets_pass_is_a_warning(face: str) -> None:
    async def main() -> None:
        async with connected(face, embedded=hooked("WARN"), regions=[REGION]) as cursor:
            with pytest.warns(ccdbapi.Warning) as warned:
                await value_of(cursor.execute(INSERT))
            assert [str(each.message) for each in warned] == [
                "The hook Acme::Names::Check objects to 1 of 2 requests: "
                "AWS::Glue::Workflow bad: a name begins with good"
            ]
            assert cursor.messages == [(ccdbapi.Warning, warned[0].message)]
            assert cursor.rowcount == 2
            with pytest.warns(ccdbapi.Warning, match="objects to 1 of 1 requests"):
                await value_of(cursor.execute("DELETE FROM awscc.glue.workflows WHERE name = 'bad'"))
            listed = await rows_of(cursor, "SELECT name FROM awscc.glue.workflows_list_only")
            assert listed == [("good",)]

    run(main)


def test_objections_are_among_the_messages_of_a_statement_that_fails_for_another_reason() -> None:
    with ccdbapi.connect(embedded=hooked("WARN"), regions=[REGION]) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('good')")
        with pytest.raises(ccdbapi.IntegrityError) as raised:
            cursor.execute(INSERT)
        assert [outcome.state for outcome in cursor.outcomes] == ["failed", "done"]
        (_, error), (_, warning) = cursor.messages
        assert error is raised.value
        assert "The hook Acme::Names::Check objects to 1 of 2 requests" in str(warning)


def test_many_objections_of_a_hook_are_one_warning() -> None:
    with ccdbapi.connect(embedded=hooked("WARN"), regions=[REGION]) as connection, connection.cursor() as cursor:
        names = [[f"bad{number}"] for number in range(40)]
        with pytest.warns(ccdbapi.Warning, match=r"objects to 40 of 40 requests: .*; and 37 more") as warned:
            cursor.executemany("INSERT INTO awscc.glue.workflows (name) VALUES (?)", names)
        assert len(warned) == 1


def test_what_passes_its_hooks_is_no_matter() -> None:
    with (
        ccdbapi.connect(embedded=hooked("FAIL"), regions=[REGION]) as connection,
        connection.cursor() as cursor,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        cursor.execute("INSERT INTO awscc.glue.workflows (name) VALUES ('good')")
        assert cursor.messages == []


def test_hooks_are_told_over_http() -> None:
    options = Options(hooks=[hook("FAIL")], check_signatures=True, credentials=CALLER)
    with (
        served(options, regions=[REGION]) as (connection, _),
        pytest.raises(ccdbapi.OperationalError, match="Acme::Names::Check: a name begins with good"),
    ):
        connection.cursor().execute(INSERT)


def test_a_request_that_is_followed_tells_which_hook_refused_it() -> None:
    with ccdbapi.connect(embedded=hooked("FAIL"), regions=[REGION]) as connection, connection.cursor() as cursor:
        cursor.execute(f"/*+ async */ {INSERT} RETURNING RequestToken")
        _, (token,) = cursor.fetchall()
        with pytest.raises(ccdbapi.OperationalError, match="Acme::Names::Check: a name begins with good"):
            connection.wait(token, region=REGION)
