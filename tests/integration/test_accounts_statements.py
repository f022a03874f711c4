"""Statements over several accounts, with exactly the calls that each makes: embedded, over HTTP, and under moto."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from moto import mock_aws
from served import CALLER

import ccdbapi
from ccdbapi.config import AccountSettings
from ccdbapi.emulator import moto_backend
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import Credential, Options
from ccdbapi.emulator.service import CloudControl

EAST, WEST = "us-east-1", "eu-west-1"
OWN, PROD, DEV = "123456789012", "111111111111", "222222222222"
ALIASES = {OWN: "own", PROD: "prod", DEV: "dev"}
ACCOUNTS: Mapping[str, AccountSettings] = {
    "own": {},
    "prod": {"role_arn": f"arn:aws:iam::{PROD}:role/reader", "external_id": "shared"},
    "dev": {"role_arn": f"arn:aws:iam::{DEV}:role/reader"},
}
GROUPS = "awscc.logs.log_groups"
TYPE = "AWS::Logs::LogGroup"

#: Account, region and name of every log group there is.
RESOURCES = [
    (OWN, EAST, "/a"), (OWN, WEST, "/b"),
    (PROD, EAST, "/a"), (PROD, EAST, "/c"), (PROD, WEST, "/a"),
    (DEV, EAST, "/c"),
]  # fmt: skip

Calls = list[tuple[str, ...]]


class Endpoint(NamedTuple):
    connection: ccdbapi.Connection
    service: CloudControl

    def calls(self) -> Calls:
        """The calls of Cloud Control since the last look: alias, operation, region and, if it has one, identifier."""
        made = [
            (ALIASES[call.account], call.operation, call.region, str(call.payload.get("Identifier", "")))
            for call in self.service.calls
            if call.operation.endswith(("Resource", "Resources", "Request", "Requests", "Status"))
        ]
        self.service.calls.clear()
        return [call if call[-1] else call[:-1] for call in made]


def fill(service: CloudControl) -> None:
    for account, region, name in RESOURCES:
        desired = {"TypeName": TYPE, "DesiredState": f'{{"LogGroupName": "{name}", "RetentionInDays": 1}}'}
        service.answer("CreateResource", desired, account=account, region=region)
        service.answer("ListResources", {"TypeName": TYPE}, account=account, region=region)  # it is settled then
    service.calls.clear()


@pytest.fixture(params=["embedded", "aiohttp", "moto"])
def endpoint(request: pytest.FixtureRequest, no_aws: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """All accounts, and two regions where a statement names none."""
    service = CloudControl(Options(check_signatures=request.param == "aiohttp", credentials=CALLER))
    settings = {"regions": [EAST, WEST], "accounts": ACCOUNTS, "rate_limit": None}
    for name, value in zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), _keys(), strict=True):
        no_aws.setenv(name, value)
    match request.param:
        case "embedded":
            fill(service)
            with ccdbapi.connect(embedded=service, **settings) as connection:  # type: ignore[arg-type]
                yield Endpoint(connection, service)
        case "aiohttp":
            fill(service)
            with serve_in_thread(service) as url:
                no_aws.setenv("AWS_ENDPOINT_URL", url)
                with ccdbapi.connect(**settings) as connection:  # type: ignore[arg-type]
                    yield Endpoint(connection, service)
        case "moto":
            moto_backend.register(service)
            with mock_aws():
                fill(service)
                with ccdbapi.connect(transport="boto3", **settings) as connection:  # type: ignore[arg-type]
                    yield Endpoint(connection, service)


def _keys() -> tuple[str, str]:
    ((key, credential),) = CALLER.items()
    return key, credential.secret_key


@pytest.fixture
def cursor(endpoint: Endpoint) -> Iterator[ccdbapi.Cursor]:
    with endpoint.connection.cursor() as cursor:
        yield cursor


def lists(*places: str) -> Calls:
    """``prod us-east-1`` → the call that lists there."""
    return [(alias, "ListResources", region) for alias, region in map(str.split, places)]


def gets(*places: str) -> Calls:
    """``prod us-east-1 /a`` → the call that gets it."""
    return [(alias, "GetResource", region, name) for alias, region, name in map(str.split, places)]


#: For what does not depend on how the accounts are reached.
embedded = pytest.mark.parametrize("endpoint", ["embedded"], indirect=True)

EVERYWHERE = [f"{alias} {region}" for alias in ACCOUNTS for region in (EAST, WEST)]


@embedded
@pytest.mark.parametrize(
    ("where", "calls", "rows"),
    [
        ("true", lists(*EVERYWHERE), RESOURCES),
        (f"region = '{EAST}'", lists(f"own {EAST}", f"prod {EAST}", f"dev {EAST}"), None),
        (f"account = '{PROD}'", lists(f"prod {EAST}", f"prod {WEST}"), None),
        ("account_alias = 'prod'", lists(f"prod {EAST}", f"prod {WEST}"), None),
        (f"account_alias IN ('dev', 'prod') AND region = '{WEST}'", lists(f"dev {WEST}", f"prod {WEST}"), None),
        (f"account = '{PROD}' AND account_alias = 'prod' AND region = '{EAST}'", lists(f"prod {EAST}"), None),
        (f"account = '{PROD}' AND account_alias = 'dev'", [], None),
        ("account_alias = 'nobody'", [], None),
        ("account = '999999999999'", [], None),
        (
            f"(account_alias = 'prod' AND region = '{WEST}') OR (account = '{DEV}' AND region = '{EAST}')",
            lists(f"prod {WEST}", f"dev {EAST}"),
            None,
        ),
        (f"(account_alias, region) IN (('prod', '{WEST}'), ('own', '{EAST}'))",
         lists(f"prod {WEST}", f"own {EAST}"), None),
        ("account_alias = lower('PROD')", lists(f"prod {EAST}", f"prod {WEST}"), None),
        ("account_alias LIKE '%o%'", lists(f"own {EAST}", f"own {WEST}", f"prod {EAST}", f"prod {WEST}"), None),
        ("account_alias <> 'prod'", lists(f"own {EAST}", f"own {WEST}", f"dev {EAST}", f"dev {WEST}"), None),
        (f"account > '{PROD}' AND region LIKE 'eu-%'", lists(f"own {WEST}", f"dev {WEST}"), None),
        (f"account NOT IN ('{OWN}', '{DEV}')", lists(f"prod {EAST}", f"prod {WEST}"), None),
        (f"account_alias || region = 'prod{WEST}'", lists(f"prod {WEST}"), None),
        (
            f"account_alias = 'prod' OR region = '{WEST}'",
            lists(f"prod {EAST}", f"prod {WEST}", f"own {WEST}", f"dev {WEST}"),
            None,
        ),
    ],
)  # fmt: skip
def test_lists(
    endpoint: Endpoint, cursor: ccdbapi.Cursor, where: str, calls: Calls, rows: list[tuple[str, ...]] | None
) -> None:
    cursor.execute(f"SELECT account, account_alias, region, log_group_name FROM {GROUPS}_list_only WHERE {where}")
    found = cursor.fetchall()
    assert sorted(endpoint.calls()) == sorted(calls)
    asked = {(alias, region) for alias, _, region in calls}
    expected = RESOURCES if rows is not None else [r for r in RESOURCES if (ALIASES[r[0]], r[1]) in asked]
    assert sorted(found) == sorted((account, ALIASES[account], region, name) for account, region, name in expected)


@pytest.mark.parametrize(
    ("where", "calls"),
    [
        (
            f"region = '{EAST}' AND Identifier = '/a'",
            gets(f"own {EAST} /a", f"prod {EAST} /a", f"dev {EAST} /a"),
        ),
        (f"region = '{EAST}' AND Identifier = '/a' AND account_alias = 'prod'", gets(f"prod {EAST} /a")),
        (f"region = '{EAST}' AND log_group_name IN ('/a', '/c') AND account = '{PROD}'",
         gets(f"prod {EAST} /a", f"prod {EAST} /c")),
        (
            f"(account_alias = 'prod' AND region = '{EAST}' AND Identifier = '/a') OR "
            f"(account_alias = 'dev' AND region = '{EAST}' AND Identifier = '/c')",
            gets(f"prod {EAST} /a", f"dev {EAST} /c"),
        ),
        (
            f"(account, region, Identifier) IN (('{OWN}', '{WEST}', '/b'), ('{PROD}', '{WEST}', '/a'))",
            gets(f"own {WEST} /b", f"prod {WEST} /a"),
        ),
        ("Identifier = '/b' AND account_alias = 'own'", gets(f"own {EAST} /b", f"own {WEST} /b")),
        ("Identifier = '/b' AND account_alias = 'own' AND region LIKE 'eu%'", gets(f"own {WEST} /b")),
    ],
)  # fmt: skip
def test_gets(endpoint: Endpoint, cursor: ccdbapi.Cursor, where: str, calls: Calls) -> None:
    cursor.execute(f"SELECT account_alias, region, log_group_name, retention_in_days FROM {GROUPS} WHERE {where}")
    found = cursor.fetchall()
    assert sorted(endpoint.calls()) == sorted(calls)
    there = {(ALIASES[account], region, name) for account, region, name in RESOURCES}
    asked = {(alias, region, name) for alias, _, region, name in calls}
    assert sorted(found) == sorted((*place, 1) for place in asked & there)


def test_generic_tables_have_the_accounts_too(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        "SELECT account, identifier FROM awscc.cloud_control.resources "
        f"WHERE TypeName = '{TYPE}' AND account_alias IN ('prod', 'dev') AND region = '{EAST}'"
    )
    assert sorted(cursor.fetchall()) == [(PROD, "/a"), (PROD, "/c"), (DEV, "/c")]
    assert sorted(endpoint.calls()) == sorted(lists(f"prod {EAST}", f"dev {EAST}"))
    cursor.execute(
        "SELECT account_alias, properties->>'LogGroupName' FROM awscc.cloud_control.resource "
        f"WHERE TypeName = '{TYPE}' AND identifier = '/c' AND region = '{EAST}' AND account <> '{OWN}'"
    )
    assert sorted(cursor.fetchall()) == [("dev", "/c"), ("prod", "/c")]
    assert sorted(endpoint.calls()) == sorted(gets(f"prod {EAST} /c", f"dev {EAST} /c"))


def test_a_join_stays_within_an_account_where_it_says_so(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        f"SELECT g.account_alias, g.log_group_name, g.retention_in_days FROM {GROUPS}_list_only l JOIN {GROUPS} g "
        "USING (account_alias, region, Identifier) "
        f"WHERE l.region = '{EAST}' AND l.log_group_name = '/c'"
    )
    assert sorted(cursor.fetchall()) == [("dev", "/c", 1), ("prod", "/c", 1)]
    assert sorted(endpoint.calls()) == sorted(
        lists(f"own {EAST}", f"prod {EAST}", f"dev {EAST}") + gets(f"prod {EAST} /c", f"dev {EAST} /c")
    )


@embedded
def test_a_join_by_account_ids(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        f"SELECT g.account_alias FROM (VALUES ('{DEV}', '/c'), ('{PROD}', '/a')) AS v(account, name) "
        f"JOIN {GROUPS} g ON g.account = v.account AND g.Identifier = v.name WHERE g.region = '{EAST}'"
    )
    assert sorted(cursor.fetchall()) == [("dev",), ("prod",)]
    assert sorted(endpoint.calls()) == sorted(gets(f"dev {EAST} /c", f"prod {EAST} /a"))


WAIT = "GetResourceRequestStatus"


@pytest.mark.parametrize(
    ("columns", "values", "alias"),
    [
        ("account_alias", "'prod'", "prod"),
        ("account", f"'{DEV}'", "dev"),
        ("Account, ACCOUNT_ALIAS", f"'{DEV}', 'dev'", "dev"),
    ],
)
def test_insert_says_the_account(
    endpoint: Endpoint, cursor: ccdbapi.Cursor, columns: str, values: str, alias: str
) -> None:
    cursor.execute(
        f"INSERT INTO {GROUPS} (LogGroupName, region, {columns}) VALUES ('/new', '{WEST}', {values}) "
        "RETURNING account, account_alias, region, Identifier, log_group_name"
    )
    account = next(account for account, name in ALIASES.items() if name == alias)
    assert cursor.fetchall() == [(account, alias, WEST, "/new", "/new")]
    assert endpoint.calls() == [(alias, "CreateResource", WEST), (alias, WAIT, WEST)]


def test_insert_into_several_accounts_at_once(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        f"INSERT INTO {GROUPS} (LogGroupName, region, account_alias) "
        f"SELECT '/new', '{WEST}', alias FROM (VALUES ('prod'), ('dev')) AS v(alias) RETURNING *"
    )
    names = [column.name for column in cursor.description or ()]
    assert names[-3:] == ["region", "account", "account_alias"]
    assert sorted(row[-3:] for row in cursor.fetchall()) == [(WEST, PROD, "prod"), (WEST, DEV, "dev")]
    assert sorted(endpoint.calls()) == sorted(
        (alias, operation, WEST) for alias in ("prod", "dev") for operation in ("CreateResource", WAIT)
    )


@embedded
@pytest.mark.parametrize(
    ("columns", "values", "error", "message"),
    [
        ("", "", ccdbapi.ProgrammingError, "in which account, of own, prod, dev: add the column account_alias"),
        (", account_alias", ", 'prdo'", ccdbapi.DataError, "account_alias 'prdo' is none of the connection"),
        (", account_alias", ", NULL", ccdbapi.DataError, "account_alias None is none of the connection"),
        (", account", ", '999999999999'", ccdbapi.DataError,
         r"its accounts are own \(123456789012\), prod \(111111111111\)"),
        (", account, account_alias", f", '{PROD}', 'dev'", ccdbapi.DataError,
         f"account '{PROD}' and account_alias 'dev' is none of the connection"),
    ],
)  # fmt: skip
def test_insert_without_one_account_is_an_error(
    endpoint: Endpoint, cursor: ccdbapi.Cursor, columns: str, values: str, error: type[ccdbapi.Error], message: str
) -> None:
    with pytest.raises(error, match=message):
        cursor.execute(f"INSERT INTO {GROUPS} (LogGroupName, region{columns}) VALUES ('/new', '{WEST}'{values})")
    assert endpoint.calls() == []


def test_delete_goes_where_the_predicates_say(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        f"DELETE FROM {GROUPS} WHERE account = '{PROD}' AND region = '{EAST}' AND Identifier = '/a' "
        "RETURNING account_alias, OperationStatus"
    )
    assert cursor.fetchall() == [("prod", "SUCCESS")]
    assert endpoint.calls() == [("prod", "DeleteResource", EAST, "/a"), ("prod", WAIT, EAST)]
    cursor.execute(f"SELECT account_alias FROM {GROUPS} WHERE region = '{EAST}' AND Identifier = '/a'")
    assert cursor.fetchall() == [("own",)]


def test_update_goes_where_the_predicates_say(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        f"UPDATE {GROUPS} SET retention_in_days = 7 WHERE account_alias IN ('prod', 'dev') AND region = '{EAST}' "
        "AND Identifier = '/c'"
    )
    assert cursor.rowcount == 2
    assert sorted(endpoint.calls()) == sorted(
        (alias, *call)
        for alias in ("prod", "dev")
        for call in (("GetResource", EAST, "/c"), ("UpdateResource", EAST, "/c"), (WAIT, EAST))
    )


def test_a_resource_that_several_accounts_have_is_deleted_in_each(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        f"DELETE FROM {GROUPS} WHERE account_alias IN ('prod', 'own') AND region = '{EAST}' AND Identifier = '/a' "
        "RETURNING account_alias"
    )
    assert sorted(cursor.fetchall()) == [("own",), ("prod",)]


def test_an_error_names_the_account(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    delete = f"DELETE FROM {GROUPS} WHERE account_alias = 'dev' AND region = '{WEST}' AND Identifier = '/none'"
    with pytest.raises(ccdbapi.ProgrammingError, match=r"account dev") as caught:
        cursor.execute(delete)
    assert caught.value.diag.account == "dev"
    assert [outcome.account for outcome in caught.value.outcomes] == ["dev"]


@embedded
def test_what_a_table_has_is_told_with_the_accounts(endpoint: Endpoint, cursor: ccdbapi.Cursor) -> None:
    columns = ["region", "account", "account_alias", "log_group_name", "Identifier"]
    cursor.execute(f"DESCRIBE {GROUPS}_list_only")
    assert [name for name, *_ in cursor.fetchall()] == columns
    cursor.execute(
        "SELECT column_name FROM awscc.information_schema.columns WHERE table_schema = 'logs' AND "
        "table_name = 'log_groups_list_only' ORDER BY ordinal_position"
    )
    assert [name for (name,) in cursor.fetchall()] == columns
    cursor.execute(f"SELECT * FROM {GROUPS}_list_only LIMIT 0")
    assert [column.name for column in cursor.description or ()] == columns
    cursor.execute(f"SHOW METHODS IN {GROUPS}")
    required = {row[0]: row[1] for row in cursor.fetchall()}
    assert required["create_resource"].endswith("region, account_alias")
    assert required["get_resource"] == "Identifier, region"
    cursor.execute(f"SHOW INSERT INTO {GROUPS}")
    ((template,),) = cursor.fetchall()
    assert re.search(r"account_alias\n\)", template)
    assert endpoint.calls() == []


def test_no_account_columns_without_accounts(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service) as connection:
        cursor = connection.cursor().execute(f"DESCRIBE {GROUPS}_list_only")
        assert [name for name, *_ in cursor.fetchall()] == ["region", "log_group_name", "Identifier"]


class TestIdentities:
    """Ids are looked up only where they are needed."""

    @pytest.fixture
    def service(self, no_aws: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CloudControl]:
        credentials = {
            f"AKID{name}": Credential(secret_key="secret", account=account) for account, name in ALIASES.items()
        }
        (tmp_path / "credentials").write_text(
            "".join(
                f"[{name}]\naws_access_key_id = AKID{name}\naws_secret_access_key = secret\n"
                for name in ALIASES.values()
            )
        )
        service = CloudControl(Options(check_signatures=True, credentials=credentials))
        fill(service)
        with serve_in_thread(service) as url:
            no_aws.setenv("AWS_ENDPOINT_URL", url)
            yield service

    @pytest.fixture
    def cursor(self, service: CloudControl) -> Iterator[ccdbapi.Cursor]:
        accounts: dict[str, AccountSettings] = {
            "dev": {"profile": "dev"},
            "prod": {"profile": "own", "role_arn": f"arn:aws:iam::{PROD}:role/reader", "session_name": "audit"},
        }
        with ccdbapi.connect(regions=[EAST], accounts=accounts) as connection, connection.cursor() as cursor:
            yield cursor

    @staticmethod
    def calls(service: CloudControl) -> list[tuple[str, str]]:
        made = sorted((call.operation, ALIASES[call.account]) for call in service.calls)
        service.calls.clear()
        return made

    def test_aliases_need_no_id(self, service: CloudControl, cursor: ccdbapi.Cursor) -> None:
        cursor.execute(f"SELECT account_alias, log_group_name FROM {GROUPS}_list_only WHERE account_alias = 'dev'")
        assert cursor.fetchall() == [("dev", "/c")]
        assert self.calls(service) == [("ListResources", "dev")]

    def test_writes_need_no_id(self, service: CloudControl, cursor: ccdbapi.Cursor) -> None:
        cursor.execute(
            f"DELETE FROM {GROUPS} WHERE account_alias = 'dev' AND Identifier = '/c' RETURNING account_alias"
        )
        assert cursor.fetchall() == [("dev",)]
        assert self.calls(service) == [("DeleteResource", "dev"), ("GetResourceRequestStatus", "dev")]

    def test_the_column_is_asked_for_once(self, service: CloudControl, cursor: ccdbapi.Cursor) -> None:
        for asked in ([("GetCallerIdentity", "dev")], []):
            cursor.execute(f"SELECT account FROM {GROUPS}_list_only WHERE account_alias = 'dev'")
            assert cursor.fetchall() == [(DEV,)]
            assert self.calls(service) == [*asked, ("ListResources", "dev")]

    def test_a_predicate_needs_the_id(self, service: CloudControl, cursor: ccdbapi.Cursor) -> None:
        cursor.execute(f"SELECT count(*) FROM {GROUPS}_list_only WHERE account = '{PROD}'")
        assert cursor.fetchall() == [(2,)]
        assert self.calls(service) == [
            ("AssumeRole", "own"),
            ("GetCallerIdentity", "dev"),
            ("ListResources", "prod"),
        ]

    def test_a_role_is_assumed_once_for_all_statements(self, service: CloudControl, cursor: ccdbapi.Cursor) -> None:
        for _ in range(3):
            cursor.execute(f"SELECT log_group_name FROM {GROUPS}_list_only WHERE account_alias = 'prod'").fetchall()
        assert [call for call in self.calls(service) if call[0] == "AssumeRole"] == [("AssumeRole", "own")]

    def test_a_profile_that_does_not_exist_is_told_with_its_account(self, service: CloudControl) -> None:
        accounts: dict[str, AccountSettings] = {"dev": {"profile": "dev"}, "lost": {"profile": "nobody"}}
        with (
            ccdbapi.connect(regions=[EAST], accounts=accounts) as connection,
            pytest.raises(ccdbapi.OperationalError, match=r"nobody.*\(account lost\)"),
        ):
            connection.cursor().execute(f"SELECT log_group_name FROM {GROUPS}_list_only").fetchall()


def test_two_aliases_may_be_one_account(service: CloudControl) -> None:
    role = f"arn:aws:iam::{PROD}:role/"
    accounts: dict[str, AccountSettings] = {"reader": {"role_arn": f"{role}a"}, "writer": {"role_arn": f"{role}b"}}
    with ccdbapi.connect(embedded=service, accounts=accounts, regions=[EAST]) as connection:
        cursor = connection.cursor()
        insert = f"INSERT INTO {GROUPS} (LogGroupName, account) VALUES ('/new', '{PROD}')"
        with pytest.raises(ccdbapi.DataError, match="is that of reader and writer: give account_alias"):
            cursor.execute(insert)
        cursor.execute(
            insert.replace("(LogGroupName, account)", "(LogGroupName, account, account_alias)")[:-1] + ", 'writer')"
        )
        cursor.execute(f"SELECT account_alias, account FROM {GROUPS} WHERE Identifier = '/new' AND account = '{PROD}'")
        assert sorted(cursor.fetchall()) == [("reader", PROD), ("writer", PROD)]


def test_one_account_need_not_be_named(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service, accounts={"prod": ACCOUNTS["prod"]}, regions=[EAST]) as connection:
        cursor = connection.cursor()
        cursor.execute(f"INSERT INTO {GROUPS} (LogGroupName) VALUES ('/new') RETURNING account, account_alias")
        assert cursor.fetchall() == [(PROD, "prod")]
        cursor.execute(f"SELECT account, account_alias, log_group_name FROM {GROUPS}_list_only")
        assert cursor.fetchall() == [(PROD, "prod", "/new")]


@embedded
def test_no_secret_shows(endpoint: Endpoint) -> None:
    assert "shared" not in repr(endpoint.connection)


def test_a_request_is_followed_and_cancelled_in_its_account() -> None:
    service = CloudControl(Options(settle=3600))
    with ccdbapi.connect(embedded=service, accounts=ACCOUNTS, regions=[EAST]) as connection:
        cursor = connection.cursor()
        cursor.execute(
            f"/*+ async */ INSERT INTO {GROUPS} (LogGroupName, account_alias) VALUES ('/new', 'prod') "
            "RETURNING RequestToken, account_alias"
        )
        ((token, alias),) = cursor.fetchall()
        assert alias == "prod"
        cursor.execute("SELECT account, account_alias, identifier FROM awscc.cloud_control.vw_pending_requests")
        assert cursor.fetchall() == [(PROD, "prod", "/new")]
        service.calls.clear()
        cursor.execute(
            "/*+ async */ DELETE FROM awscc.cloud_control.resource_request "
            "WHERE account_alias = 'prod' AND request_token = ? RETURNING account, OperationStatus",
            [token],
        )
        assert cursor.fetchall() == [(PROD, "CANCEL_IN_PROGRESS")]
        assert [(call.operation, call.account) for call in service.calls] == [("CancelResourceRequest", PROD)]


def test_permissions_are_those_of_the_statement(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service, accounts=ACCOUNTS, regions=[EAST]) as connection:
        cursor = connection.cursor().execute(f"SHOW PERMISSIONS FOR SELECT * FROM {GROUPS}_list_only")
        ((policy, principal),) = cursor.fetchall()
    assert principal == "caller"
    assert "cloudformation:ListResources" in policy["Statement"][0]["Action"]
    assert not service.calls
