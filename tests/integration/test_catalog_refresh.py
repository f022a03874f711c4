"""Schemas from an account's registry: fetched, cached, compared, and queried."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from registry_server import ACCOUNT, Refusal, Registered, RegistryServer, registry

import ccdbapi
from ccdbapi.catalog import Schema, cache, packaged
from ccdbapi.catalog.cache import CachedSchemas
from ccdbapi.catalog.overlay import overlaid
from ccdbapi.cli.commands import ccdbapi as command
from ccdbapi.cloudcontrol.aws_session import AwsSession
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.service import CloudControl
from ccdbapi.exceptions import DatabaseError, InterfaceError, OperationalError
from ccdbapi.registry.refresh import PATIENCE, Refreshed, refresh
from ccdbapi.registry.registry import Registry

REGION = "eu-west-1"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

WIDGET: Schema = {
    "typeName": "MyCorp::Widgets::Widget",
    "properties": {
        "Name": {"type": "string", "pattern": "^[a-z]+$"},
        "Size": {"type": "integer"},
        "Tags": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
    "required": ["Name"],
    "createOnlyProperties": ["/properties/Name"],
    "primaryIdentifier": ["/properties/Name"],
    "handlers": {
        name: {"permissions": [f"widgets:{name.title()}Widget"]}
        for name in ("create", "read", "update", "delete", "list")
    },
}
IMAGE = packaged().resource_type("AWS::SageMaker::Image").schema

#: As the API documents it: private types have versions, third parties' public numbers, AWS's own neither.
TYPES = {
    "AWS::SageMaker::Image": Registered(IMAGE),
    "AWS::Fresh::Thing": Registered(
        WIDGET, {"LastUpdated": datetime(2026, 3, 1, 12, tzinfo=UTC)}, provisioning="IMMUTABLE"
    ),
    "MyCorp::Widgets::Widget": Registered(WIDGET, {"DefaultVersionId": "00000001"}, private=True),
    "Acme::Cloud::Droplet": Registered(WIDGET, {"PublicVersionNumber": "1.2.0"}, private=True),
    "Acme::Public::NotActivated": Registered(WIDGET),
    "AWS::Old::Fixed": Registered(WIDGET, provisioning="NON_PROVISIONABLE"),
    "MyCorp::Old::Gone": Registered(WIDGET, private=True, deprecated=True),
}
SEEN = {"AWS::SageMaker::Image", "AWS::Fresh::Thing", "MyCorp::Widgets::Widget", "Acme::Cloud::Droplet"}


@pytest.fixture(autouse=True)
def keys(no_aws: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Credentials, and a cache directory of its own."""
    no_aws.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    no_aws.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    no_aws.setenv(cache.DIRECTORY_VARIABLE, str(tmp_path / "cache"))
    return no_aws


@pytest.fixture
def account() -> Iterator[tuple[str, RegistryServer]]:
    """The URL of an account's registry, which answers two types a page, and the registry."""
    with registry(TYPES, page_size=2) as served:
        yield served


def refreshed(url: str) -> Refreshed:
    return refresh(Registry(AwsSession(endpoint_url=url), REGION))


def kept() -> CachedSchemas:
    cached = cache.load(ACCOUNT, REGION)
    assert cached is not None
    return cached


class TestRefresh:
    def test_it_keeps_what_cloud_control_can_manage(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        found = refreshed(url)

        assert found.seen == 4
        assert found.new == SEEN
        assert not found.failed
        assert set(kept().types) == SEEN
        assert kept().schema("MyCorp::Widgets::Widget") == WIDGET
        assert (kept().provenance.account, kept().provenance.region) == (ACCOUNT, REGION)
        assert service.signed_for == {REGION}

    def test_it_reads_all_pages(self) -> None:
        many = {f"AWS::Many::Thing{number:03}": Registered(WIDGET) for number in range(41)}
        with registry(many, page_size=10) as (url, service):
            assert refreshed(url).new == set(many)
            assert service.calls == {"GetCallerIdentity": 1, "ListTypes": 5 + 3, "DescribeType": 41}

    def test_a_second_one_asks_only_for_what_the_listing_has_no_version_of(
        self, account: tuple[str, RegistryServer]
    ) -> None:
        url, service = account
        refreshed(url)
        service.described.clear()

        found = refreshed(url)
        assert service.described == ["AWS::SageMaker::Image"]
        assert found.unchanged == SEEN
        assert not found.new | found.changed | found.gone
        assert set(kept().types) == SEEN

    def test_it_asks_again_for_another_version(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        refreshed(url)
        service.described.clear()
        newer = {**WIDGET, "description": "newer"}
        service.types["MyCorp::Widgets::Widget"] = Registered(newer, {"DefaultVersionId": "00000002"}, private=True)
        service.types["Acme::Cloud::Droplet"] = Registered(WIDGET, {"PublicVersionNumber": "1.2.1"}, private=True)

        found = refreshed(url)
        assert set(service.described) == SEEN - {"AWS::Fresh::Thing"}
        assert found.changed == {"MyCorp::Widgets::Widget"}
        assert found.unchanged == SEEN - {"MyCorp::Widgets::Widget"}
        assert kept().schema("MyCorp::Widgets::Widget") == newer

    def test_it_sees_a_change_that_has_no_version(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        refreshed(url)
        service.types["AWS::SageMaker::Image"] = Registered({**IMAGE, "description": "newer"})

        assert refreshed(url).changed == {"AWS::SageMaker::Image"}

    def test_a_type_that_is_not_listed_any_more_goes(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        refreshed(url)
        del service.types["MyCorp::Widgets::Widget"]

        assert refreshed(url).gone == {"MyCorp::Widgets::Widget"}
        assert set(kept().types) == SEEN - {"MyCorp::Widgets::Widget"}

    def test_it_is_tried_again_when_throttled(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        service.throttled = 1
        assert refreshed(url).new == SEEN
        assert service.calls == {"GetCallerIdentity": 2, "ListTypes": 4, "DescribeType": 4}

    def test_progress_is_told_to_the_end(self, account: tuple[str, RegistryServer]) -> None:
        url, _ = account
        told: list[tuple[int, int]] = []
        refresh(Registry(AwsSession(endpoint_url=url), REGION), lambda done, total: told.append((done, total)))
        assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]

    def test_no_credential_is_kept_or_logged(
        self, account: tuple[str, RegistryServer], tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        url, _ = account
        with caplog.at_level(logging.INFO):
            refreshed(url)
        [file] = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert all(key.encode() not in file.read_bytes() for key in (SECRET, "AKIDEXAMPLE"))
        assert SECRET not in caplog.text


class TestFailures:
    @pytest.mark.parametrize(
        ("what", "reason"),
        [
            (Refusal("TypeNotFoundException", "The type cannot be found."), "The type cannot be found."),
            (Refusal("CFNRegistryException", "Internal."), "Internal."),
            (Registered("{"), "is no JSON"),
            (Registered("[]"), "does not describe a resource type"),
        ],
    )
    def test_one_type_that_fails_is_named_and_loses_no_other(
        self, account: tuple[str, RegistryServer], what: Refusal | Registered, reason: str
    ) -> None:
        url, service = account
        if isinstance(what, Refusal):
            service.refusals["AWS::SageMaker::Image"] = what
        else:
            service.types["AWS::SageMaker::Image"] = what
        found = refreshed(url)

        assert list(found.failed) == ["AWS::SageMaker::Image"]
        assert reason in found.failed["AWS::SageMaker::Image"]
        assert found.new == SEEN - {"AWS::SageMaker::Image"}
        assert set(kept().types) == SEEN - {"AWS::SageMaker::Image"}
        assert kept().provenance.unread == ("AWS::SageMaker::Image",)

    def test_a_type_that_fails_keeps_the_schema_it_had_and_is_asked_for_again(
        self, account: tuple[str, RegistryServer]
    ) -> None:
        url, service = account
        refreshed(url)
        newer = {**WIDGET, "description": "newer"}
        service.types["MyCorp::Widgets::Widget"] = Registered(newer, {"DefaultVersionId": "00000002"}, private=True)
        service.refusals["MyCorp::Widgets::Widget"] = Refusal("CFNRegistryException", "Internal.")
        assert list(refreshed(url).failed) == ["MyCorp::Widgets::Widget"]
        assert kept().schema("MyCorp::Widgets::Widget") == WIDGET

        service.refusals.clear()
        assert refreshed(url).changed == {"MyCorp::Widgets::Widget"}
        assert kept().schema("MyCorp::Widgets::Widget") == newer

    def test_where_all_fail_the_rest_is_not_asked_and_nothing_is_kept(self) -> None:
        many = {f"AWS::Many::Thing{number:03}": Registered(WIDGET) for number in range(500)}
        with registry(many) as (url, service):
            service.refusals.update({name: Refusal("AccessDenied", "No permission.") for name in many})
            with pytest.raises(OperationalError, match=r"gave no schema: .*No permission"):
                refreshed(url)
            assert PATIENCE <= service.calls["DescribeType"] < 100
        assert cache.load(ACCOUNT, REGION) is None

    def test_a_damaged_schema_is_fetched_again(self, account: tuple[str, RegistryServer]) -> None:
        url, _ = account
        refreshed(url)
        path = cache.cache_path(ACCOUNT, REGION)
        content = bytearray(path.read_bytes())
        content[content.index(b"MyCorp-Widgets-Widget.json") + 40] ^= 0xFF
        path.write_bytes(content)

        assert refreshed(url).new == {"MyCorp::Widgets::Widget"}
        assert kept().schema("MyCorp::Widgets::Widget") == WIDGET

    def test_a_registry_that_may_not_be_listed_changes_nothing(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        refreshed(url)
        service.refusals["ListTypes"] = Refusal("AccessDenied", "Not authorized to perform cloudformation:ListTypes")
        with pytest.raises(DatabaseError, match="Not authorized to perform cloudformation:ListTypes"):
            refreshed(url)
        assert set(kept().types) == SEEN

    def test_where_nobody_answers_it_says_where(self, keys: pytest.MonkeyPatch) -> None:
        keys.setenv("AWS_MAX_ATTEMPTS", "1")
        with registry({}) as (url, _):
            gone = url
        with pytest.raises(OperationalError, match=gone):
            refreshed(gone)

    def test_without_credentials_it_says_how_to_have_them(
        self, account: tuple[str, RegistryServer], keys: pytest.MonkeyPatch
    ) -> None:
        keys.delenv("AWS_ACCESS_KEY_ID")
        keys.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(OperationalError, match="No AWS credentials were found"):
            refreshed(account[0])

    def test_without_a_region_it_says_so(self) -> None:
        with pytest.raises(InterfaceError, match="pass a region, or set AWS_REGION"):
            Registry(AwsSession())

    def test_a_configured_region_will_do(self, keys: pytest.MonkeyPatch) -> None:
        keys.setenv("AWS_DEFAULT_REGION", "us-west-2")
        assert Registry(AwsSession(), regions=["eu-west-1"]).region == "us-west-2"


class TestConnection:
    def test_a_private_type_is_a_table(self, account: tuple[str, RegistryServer]) -> None:
        url, _ = account
        catalog = overlaid(refreshed(url).cached)
        with (
            ccdbapi.connect(embedded=CloudControl(catalog=catalog), catalog=catalog, regions=[REGION]) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("INSERT INTO awscc.widgets.widgets (name, size, tags, region) VALUES (?, ?, ?, ?)",
                           ["bolt", 3, '["a"]', REGION])  # fmt: skip
            assert cursor.rowcount == 1
            cursor.execute(
                """UPDATE awscc.widgets.widgets SET PatchDocument = '[{"op": "replace", "path": "/Size", "value": 4}]'
                WHERE Identifier = 'bolt'"""
            )
            cursor.execute("SELECT Identifier FROM awscc.widgets.widgets_list_only")
            assert cursor.fetchall() == [("bolt",)]
            cursor.execute("SELECT name, size, tags FROM awscc.widgets.widgets WHERE name = 'bolt'")
            assert cursor.fetchall() == [("bolt", 4, ["a"])]
            cursor.execute("DELETE FROM awscc.widgets.widgets WHERE Identifier = 'bolt'")
            cursor.execute("SELECT count(*) FROM awscc.widgets.widgets_list_only")
            assert cursor.fetchall() == [(0,)]

    def test_an_emulator_made_for_the_connection_has_its_catalogue(self, account: tuple[str, RegistryServer]) -> None:
        catalog = overlaid(refreshed(account[0]).cached)
        with (
            ccdbapi.connect(embedded=True, catalog=catalog, regions=[REGION], schema="widgets") as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("INSERT INTO widgets (name) VALUES ('bolt')")
            assert cursor.execute("SELECT name FROM widgets_list_only").fetchall() == [("bolt",)]

    def test_live_uses_what_is_cached_and_asks_only_for_the_account(
        self, account: tuple[str, RegistryServer], keys: pytest.MonkeyPatch
    ) -> None:
        url, service = account
        cached = refreshed(url).cached
        service.calls.clear()
        assert _list_live(url, keys, cached) == [("bolt",)]
        assert service.calls == {"GetCallerIdentity": 1}

    def test_live_refreshes_first_where_nothing_is_cached(
        self, account: tuple[str, RegistryServer], keys: pytest.MonkeyPatch
    ) -> None:
        url, service = account
        with registry(TYPES) as (other, _):
            cached = refreshed(other).cached
        cache.cache_path(ACCOUNT, REGION).unlink()

        assert _list_live(url, keys, cached) == [("bolt",)]
        assert set(service.described) == SEEN
        assert set(kept().types) == SEEN

    def test_packaged_asks_nothing_of_the_registry(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        refreshed(url)
        service.calls.clear()
        with (
            ccdbapi.connect(endpoint_url=url, regions=[REGION]) as connection,
            connection.cursor() as cursor,
            pytest.raises(ccdbapi.ProgrammingError, match="widgets"),
        ):
            cursor.execute("SELECT * FROM awscc.widgets.widgets_list_only")
        assert not service.calls

    def test_live_is_not_for_the_emulator(self) -> None:
        with pytest.raises(InterfaceError, match="catalog must be 'packaged' or a Catalog when embedded"):
            ccdbapi.connect(embedded=True, catalog="live")


def _list_live(url: str, keys: pytest.MonkeyPatch, cached: CachedSchemas) -> list[tuple[object, ...]]:
    """The names of widgets, by a connection whose registry answers at ``url`` and its Cloud Control elsewhere."""
    service = CloudControl(catalog=overlaid(cached))
    with serve_in_thread(service) as cloudcontrol:
        keys.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", url)
        keys.setenv("AWS_ENDPOINT_URL_STS", url)
        keys.setenv("AWS_ENDPOINT_URL_CLOUDCONTROL", cloudcontrol)
        with ccdbapi.connect(catalog="live", regions=[REGION]) as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO awscc.widgets.widgets (name) VALUES ('bolt')")
            return list(cursor.execute("SELECT name FROM awscc.widgets.widgets_list_only").fetchall())


def catalog(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["catalog", *arguments])


class TestCommand:
    def test_refresh_sums_up(self, account: tuple[str, RegistryServer]) -> None:
        url, _ = account
        result = catalog("refresh", "--region", REGION, "--endpoint-url", url)
        assert (result.exit_code, result.stderr) == (0, "4 of 4 types\n")
        assert result.stdout == (
            "123456789012 eu-west-1: 4 types seen: 4 new, 0 changed, 0 unchanged, 0 gone, 0 failed\n"
        )
        again = catalog("refresh", "--region", REGION, "--endpoint-url", url)
        assert "0 new, 0 changed, 4 unchanged" in again.stdout

    def test_refresh_names_what_failed(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        for name in ("AWS::SageMaker::Image", "Acme::Cloud::Droplet"):
            service.refusals[name] = Refusal("CFNRegistryException", "Not now.")
        result = catalog("refresh", "--region", REGION, "--endpoint-url", url)
        assert result.exit_code == 1
        assert "2 new, 0 changed, 0 unchanged, 0 gone, 2 failed" in result.stdout
        assert "failed: AWS::SageMaker::Image, Acme::Cloud::Droplet: " in result.stderr
        assert "Not now." in result.stderr

    def test_diff_as_json(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        properties = IMAGE["properties"]
        assert isinstance(properties, dict)
        service.types["AWS::SageMaker::Image"] = Registered(
            {**IMAGE, "properties": {**properties, "Colour": {"type": "string"}}, "required": ["ImageName"]}
        )
        refreshed(url)

        result = catalog("diff", "--region", REGION, "--endpoint-url", url, "--format", "json")
        assert (result.exit_code, result.stderr) == (0, "")
        changes = json.loads(result.stdout)
        assert changes["added"] == ["AWS::Fresh::Thing", "Acme::Cloud::Droplet", "MyCorp::Widgets::Widget"]
        assert len(changes["removed"]) == len(packaged().type_names()) - 1
        assert list(changes["changed"]) == ["AWS::SageMaker::Image"]
        differences = {each["aspect"]: each for each in changes["changed"]["AWS::SageMaker::Image"]}
        assert differences["properties"] == {"aspect": "properties", "removed": [], "added": ["Colour"]}

    def test_diff_as_a_table(self, account: tuple[str, RegistryServer]) -> None:
        url, service = account
        refreshed(url)
        service.calls.clear()

        result = catalog("diff", "--account", ACCOUNT, "--region", REGION)
        assert result.exit_code == 0
        assert "│ MyCorp::Widgets::Widget " in result.stdout
        assert all(f"│ {name} " in result.stdout for name in packaged().type_names() if name != "AWS::SageMaker::Image")
        assert result.stdout.splitlines()[-1] == f"3 added, {len(packaged().type_names()) - 1:,} removed, 0 changed"
        assert not service.calls

    def test_diff_of_nothing_says_what_to_do(self) -> None:
        result = catalog("diff", "--account", ACCOUNT, "--region", REGION)
        assert result.exit_code == 1
        assert result.stderr == (
            "OperationalError: there are no readable schemas for account 123456789012 in eu-west-1: "
            "'ccdbapi catalog refresh' fetches them\n"
        )
