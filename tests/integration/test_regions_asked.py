"""Which regions are asked where a statement does not say it with a list of values, with exactly the calls made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from moto import mock_aws
from served import ACCESS_KEY, CALLER, SECRET_KEY

import ccdbapi
from ccdbapi.config import AccountSettings
from ccdbapi.emulator import moto_backend
from ccdbapi.emulator.http import serve_in_thread
from ccdbapi.emulator.options import DEFAULT_REGIONS, Credential, Options
from ccdbapi.emulator.service import CloudControl

GROUPS = "awscc.logs.log_groups"
STATED = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1"]
EUROPE = ["eu-west-1", "eu-central-1"]
AMERICA = ["us-east-1", "us-west-2"]


def asked(service: CloudControl, operation: str = "ListResources") -> list[str]:
    """The regions of the calls since the last look, all of them of this operation."""
    assert {call.operation for call in service.calls} <= {operation}
    regions = [call.region for call in service.calls]
    service.calls.clear()
    return regions


@pytest.fixture
def cursor(service: CloudControl) -> Iterator[ccdbapi.Cursor]:
    with ccdbapi.connect(embedded=service, regions=STATED) as connection:
        yield connection.cursor()


@pytest.mark.parametrize(
    ("where", "regions"),
    [
        ("true", STATED),
        ("region LIKE 'eu-%'", EUROPE),
        ("region ILIKE 'EU-%'", EUROPE),
        ("region SIMILAR TO '(us|ap)-.*'", [*AMERICA, "ap-south-1"]),
        ("region NOT LIKE 'eu-%'", [*AMERICA, "ap-south-1"]),
        ("region != 'us-east-1'", STATED[1:]),
        ("region NOT IN ('us-east-1', 'us-west-2')", STATED[2:]),
        ("NOT (region = 'us-east-1' OR region LIKE 'ap-%')", ["us-west-2", *EUROPE]),
        ("region > 'eu'", [*AMERICA, *EUROPE]),
        ("region BETWEEN 'eu-a' AND 'eu-d'", ["eu-central-1"]),
        ("left(region, 2) = 'eu'", EUROPE),
        ("upper(region) = 'EU-WEST-1'", ["eu-west-1"]),
        ("length(region) = 9 AND region LIKE 'us%'", AMERICA),
        ("region LIKE 'eu-%' OR region = 'us-east-1'", [*EUROPE, "us-east-1"]),
        ("region LIKE 'eu-%' AND region <> 'eu-west-1'", ["eu-central-1"]),
        ("region LIKE 'eu-%' AND log_group_name LIKE '/a%'", EUROPE),
        ("region LIKE 'eu-%' OR log_group_name = '/a'", STATED),
        ("region IN ('us-east-1', 'eu-west-1', 'sa-east-1') AND region LIKE '%-east-%'", ["us-east-1", "sa-east-1"]),
        ("region = 'sa-east-1'", ["sa-east-1"]),
        ("region LIKE 'mars-%'", []),
        ("region IS NULL", []),
        ("region LIKE 'eu-%' AND region LIKE 'us-%'", []),
    ],
)
def test_lists(service: CloudControl, cursor: ccdbapi.Cursor, where: str, regions: Sequence[str]) -> None:
    cursor.execute(f"SELECT log_group_name FROM {GROUPS}_list_only WHERE {where}").fetchall()
    assert sorted(asked(service)) == sorted(regions)


@pytest.mark.parametrize(
    ("where", "calls"),
    [
        ("region LIKE 'eu-%' AND Identifier = '/a'", [(region, "/a") for region in EUROPE]),
        (
            "region <> 'ap-south-1' AND region NOT LIKE 'eu%' AND Identifier IN ('/a', '/b')",
            [(region, name) for region in AMERICA for name in ("/a", "/b")],
        ),
        (
            "(region LIKE 'eu-%' AND Identifier = '/a') OR (region = 'us-east-1' AND Identifier = '/b')",
            [("eu-west-1", "/a"), ("eu-central-1", "/a"), ("us-east-1", "/b"), ("us-east-1", "/a")],
        ),
    ],
)
def test_gets(service: CloudControl, cursor: ccdbapi.Cursor, where: str, calls: list[tuple[str, str]]) -> None:
    cursor.execute(f"SELECT retention_in_days FROM {GROUPS} WHERE {where}").fetchall()
    assert sorted((call.region, str(call.payload["Identifier"])) for call in service.calls) == sorted(calls)


@pytest.mark.parametrize(
    ("statement", "regions"),
    [
        (f"WITH g AS (SELECT * FROM {GROUPS}_list_only) SELECT count(*) FROM g WHERE region LIKE 'eu-%'", EUROPE),
        (f"SELECT region, count(*) FROM (SELECT * FROM {GROUPS}_list_only) t WHERE left(region, 2) = 'us' GROUP BY 1",
         AMERICA),
        (
            f"SELECT 1 FROM {GROUPS}_list_only WHERE region LIKE 'eu-%' UNION ALL "
            f"SELECT 1 FROM {GROUPS}_list_only WHERE region = 'us-east-1'",
            [*EUROPE, "us-east-1"],
        ),
        (f"SELECT 1 FROM {GROUPS}_list_only WHERE region LIKE ? AND region <> ?", ["eu-central-1"]),
        ("SELECT identifier FROM awscc.cloud_control.resources WHERE TypeName = 'AWS::Logs::LogGroup' "
         "AND region LIKE 'eu-%'", EUROPE),
    ],
)  # fmt: skip
def test_however_the_predicate_gets_there(
    service: CloudControl, cursor: ccdbapi.Cursor, statement: str, regions: Sequence[str]
) -> None:
    cursor.execute(statement, ["eu-%", "eu-west-1"] if "?" in statement else None).fetchall()
    assert sorted(asked(service)) == sorted(regions)


def test_a_connections_one_region_is_not_asked_where_predicates_rule_it_out(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service, regions=["us-east-1"]) as connection:
        cursor = connection.cursor()
        for where, regions in (("region LIKE 'eu-%'", []), ("region LIKE 'us-%'", ["us-east-1"])):
            cursor.execute(f"SELECT log_group_name FROM {GROUPS}_list_only WHERE {where}").fetchall()
            assert asked(service) == regions


def test_a_list_of_its_own_beats_the_connections(service: CloudControl) -> None:
    with ccdbapi.connect(embedded=service) as connection, pytest.raises(ccdbapi.ProgrammingError, match="needs region"):
        connection.cursor().execute(f"SELECT 1 FROM {GROUPS}_list_only WHERE region LIKE 'eu-%'")
    assert asked(service) == []


def test_a_delete_goes_where_the_predicate_says(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    for region in ("eu-west-1", "us-east-1"):
        cursor.execute(f"INSERT INTO {GROUPS} (LogGroupName, region) VALUES ('/a', '{region}')")
    service.calls.clear()
    with ccdbapi.connect(embedded=service, regions=["eu-west-1", "us-east-1"]) as connection:
        other = connection.cursor()
        other.execute(f"DELETE FROM {GROUPS} WHERE region LIKE 'eu-%' AND Identifier = '/a' RETURNING region")
        assert other.fetchall() == [("eu-west-1",)]
    assert {call.region for call in service.calls} == {"eu-west-1"}


class TestAll:
    """``regions=['all']``: those that are enabled for the account."""

    STATEMENT = f"SELECT log_group_name FROM {GROUPS}_list_only"

    def test_the_embedded_emulator_has_those_that_every_account_has(self, service: CloudControl) -> None:
        with ccdbapi.connect(embedded=service, regions=["all"]) as connection:
            connection.cursor().execute(self.STATEMENT).fetchall()
        assert sorted(asked(service)) == sorted(DEFAULT_REGIONS)
        assert len(DEFAULT_REGIONS) == 17

    def test_a_list_is_the_same_as_the_word(self, service: CloudControl) -> None:
        with ccdbapi.connect(embedded=service, regions="all") as connection:
            connection.cursor().execute(f"{self.STATEMENT} WHERE region LIKE 'us-%'").fetchall()
        assert sorted(asked(service)) == ["us-east-1", "us-east-2", "us-west-1", "us-west-2"]

    def test_the_endpoint_is_asked_once_and_only_when_it_must(self, no_aws: pytest.MonkeyPatch) -> None:
        service = CloudControl(Options(check_signatures=True, credentials=CALLER, regions=("eu-west-1", "af-south-1")))
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        with (
            serve_in_thread(service) as url,
            ccdbapi.connect(endpoint_url=url, regions=["all"], **keys) as connection,  # type: ignore[arg-type]
        ):
            cursor = connection.cursor()
            cursor.execute(f"{self.STATEMENT} WHERE region = 'us-east-1'").fetchall()
            assert asked(service) == ["us-east-1"]
            for lookups in (["DescribeRegions"], [], []):
                cursor.execute(self.STATEMENT).fetchall()
                made = [(call.operation, call.region) for call in service.calls]
                service.calls.clear()
                assert [operation for operation, _ in made if operation != "ListResources"] == lookups
                assert sorted(region for operation, region in made if operation == "ListResources") == [
                    "af-south-1",
                    "eu-west-1",
                ]

    def test_moto_is_asked(self, no_aws: pytest.MonkeyPatch) -> None:
        service = CloudControl()
        moto_backend.register(service)
        no_aws.setenv("AWS_ACCESS_KEY_ID", "testing")
        no_aws.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        with mock_aws(), ccdbapi.connect(transport="boto3", regions=["all"], rate_limit=None) as connection:
            connection.cursor().execute(f"{self.STATEMENT} WHERE region LIKE 'eu-%'").fetchall()
            regions = asked(service)
        assert "eu-west-1" in regions
        assert all(region.startswith("eu-") for region in regions)

    def test_every_account_has_regions_of_its_own(self, no_aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Two endpoints stand for two accounts, which differ in what is enabled."""
        services = {
            name: CloudControl(
                Options(
                    check_signatures=True,
                    credentials={f"AKID{name}": Credential(secret_key="secret")},
                    regions=regions,
                )
            )
            for name, regions in (("one", ("eu-west-1", "us-east-1")), ("two", ("eu-west-1", "eu-south-2")))
        }
        accounts: dict[str, AccountSettings] = {name: {"profile": name} for name in services}
        with serve_in_thread(services["one"]) as one, serve_in_thread(services["two"]) as two:
            (tmp_path / "config").write_text(
                "".join(
                    f"[profile {name}]\nendpoint_url = {url}\naws_access_key_id = AKID{name}\n"
                    "aws_secret_access_key = secret\n"
                    for name, url in (("one", one), ("two", two))
                )
            )
            with ccdbapi.connect(regions=["all"], accounts=accounts) as connection:
                cursor = connection.cursor()
                cursor.execute(f"SELECT account_alias FROM {GROUPS}_list_only").fetchall()
                for name, regions in (("one", ["eu-west-1", "us-east-1"]), ("two", ["eu-south-2", "eu-west-1"])):
                    made = [(call.operation, call.region) for call in services[name].calls]
                    assert sorted(region for operation, region in made if operation == "ListResources") == regions
                    assert [operation for operation, _ in made].count("DescribeRegions") == 1
                    services[name].calls.clear()
                cursor.execute(
                    f"SELECT 1 FROM {GROUPS}_list_only "
                    "WHERE region LIKE '%south%' OR account_alias || region = 'oneus-east-1'"
                ).fetchall()
        assert asked(services["one"]) == ["us-east-1"]
        assert asked(services["two"]) == ["eu-south-2"]

    def test_an_insert_has_to_say_where(self, service: CloudControl) -> None:
        with (
            ccdbapi.connect(embedded=service, regions=["all"]) as connection,
            pytest.raises(ccdbapi.ProgrammingError, match="add the column region"),
        ):
            connection.cursor().execute(f"INSERT INTO {GROUPS} (LogGroupName) VALUES ('/a')")
        assert asked(service) == []

    def test_a_join_that_feeds_gets_asks_all_regions_of_what_it_is_told(self) -> None:
        options = Options(regions=("eu-west-1", "us-east-1"))
        service = CloudControl(options)
        with ccdbapi.connect(embedded=service, regions=["all"]) as connection:
            cursor = connection.cursor()
            for region in options.regions:
                cursor.execute(f"INSERT INTO {GROUPS} (LogGroupName, region) VALUES ('/{region}', '{region}')")
            service.calls.clear()
            cursor.execute(
                f"SELECT g.region, g.log_group_name FROM {GROUPS}_list_only l JOIN {GROUPS} g USING (Identifier) "
                "WHERE l.region LIKE 'eu%'"
            )
            assert cursor.fetchall() == [("eu-west-1", "/eu-west-1")]
        made = sorted((call.operation, call.region) for call in service.calls)
        assert made == [("GetResource", "eu-west-1"), ("GetResource", "us-east-1"), ("ListResources", "eu-west-1")]

    def test_what_cannot_be_asked_is_a_clear_error(self, no_aws: pytest.MonkeyPatch) -> None:
        no_aws.setenv("AWS_MAX_ATTEMPTS", "1")
        with (
            ccdbapi.connect(
                regions=["all"],
                endpoint_url="http://127.0.0.1:1",
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY,
            ) as connection,
            pytest.raises(ccdbapi.OperationalError, match=r"regions=\['all'\] needs to know.*name the regions"),
        ):
            connection.cursor().execute(self.STATEMENT)
