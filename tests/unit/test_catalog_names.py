"""The names of services, tables and columns, held against StackQL's list of tables."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdbapi.catalog import Catalog, Table, packaged
from ccdbapi.catalog.model import escape, property_name
from ccdbapi.catalog.naming import column_names, matching, table_names
from ccdbapi.catalog.schemas import as_mapping
from ccdbapi.catalog.spellings import ListedTable, parse_table_list

LISTED = parse_table_list((Path(__file__).parents[1] / "data" / "stackql_tables.tsv").read_text("utf-8"))

#: The one listed type that has no handlers any more.
GONE = {"AWS::IoTEvents::AlarmModel"}

#: Columns that the list has and the schema has no property for: nothing that the service returns could fill them.
WITHOUT_PROPERTY = {
    ("AWS::Cognito::IdentityPoolPrincipalTag", "tag_key"),
    ("AWS::Cognito::IdentityPoolPrincipalTag", "tag_value"),
}

IDENTIFIER_TYPES = (
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::DSQL::Cluster",
    "AWS::DataZone::DomainUnit",
    "AWS::DataZone::EnvironmentActions",
    "AWS::DataZone::ProjectProfile",
    "AWS::IoTManagedIntegrations::CredentialLocker",
    "AWS::IoTManagedIntegrations::ManagedThing",
    "AWS::IoTManagedIntegrations::ProvisioningProfile",
    "AWS::MediaLive::CloudWatchAlarmTemplate",
    "AWS::MediaLive::CloudWatchAlarmTemplateGroup",
    "AWS::MediaLive::EventBridgeRuleTemplate",
    "AWS::MediaLive::EventBridgeRuleTemplateGroup",
    "AWS::MediaLive::SignalMap",
    "AWS::PI::PerfReports",
    "AWS::Rbin::Rule",
)
REGION_TYPES = (
    "AWS::ARCZonalShift::AutoshiftObserverNotificationStatus",
    "AWS::GroundStation::MissionProfile",
    "AWS::Notifications::NotificationHub",
    "AWS::Route53::RecordSet",
    "AWS::SNS::Subscription",
)


def all_tables(catalog: Catalog) -> list[Table]:
    return [catalog.table(service, name) for service in catalog.services() for name in catalog.tables(service)]


def tables_of(type_name: str) -> list[Table]:
    service = type_name.split("::")[1].lower()
    names = packaged().tables(service)
    return [table for name in names if (table := packaged().table(service, name)).resource_type.name == type_name]


class TestStackQL:
    def test_the_list_is_whole(self) -> None:
        assert len(LISTED) == 1205
        assert sum(len(row.get_columns) + len(row.list_columns) for row in LISTED) > 14_000

    def test_only_types_without_handlers_are_missing(self) -> None:
        assert {row.type_name for row in LISTED if packaged().find_resource_type(row.type_name) is None} == GONE

    @pytest.mark.parametrize("row", [row for row in LISTED if row.type_name not in GONE], ids=lambda row: row.table)
    def test_every_table_is_found_with_its_columns(self, row: ListedTable) -> None:
        _, service, name = row.table.split(".")
        for table_name, columns in ((name, row.get_columns), (f"{name}_list_only", row.list_columns)):
            if not columns:
                continue
            table = packaged().table(service, table_name)
            assert table.resource_type.name == row.type_name
            missing = {column for column in columns if table.column(column) is None}
            assert {(row.type_name, column) for column in missing} <= WITHOUT_PROPERTY

    def test_columns_stand_in_the_listed_order(self) -> None:
        row = next(row for row in LISTED if row.table == "awscc.sagemaker.images")
        names = [column.name for column in packaged().table("sagemaker", "images").columns]
        assert names == ["region", *row.get_columns[:-1], "Identifier"]


class TestUniqueness:
    def test_no_two_types_share_a_table_name_or_alias(self) -> None:
        spelled = Counter(
            (table.service, name.lower()) for table in all_tables(packaged()) for name in (table.name, *table.aliases)
        )
        assert [name for name, count in spelled.items() if count > 1] == []

    def test_no_table_has_two_columns_of_one_name(self) -> None:
        for table in all_tables(packaged()):
            names = Counter(name.lower() for column in table.columns for name in (column.name, *column.aliases))
            assert [name for name, count in names.items() if count > 1] == [], table.qualified_name

    def test_names_of_aws_are_kept_where_two_organizations_share_one(self) -> None:
        names = table_names(["Acme::EC2::Instance", "AWS::EC2::Instance", "Beta::EC2::Instance"])
        assert names == {
            "AWS::EC2::Instance": "instances",
            "Acme::EC2::Instance": "acme_instances",
            "Beta::EC2::Instance": "beta_instances",
        }

    @given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), unique=True))
    def test_columns_of_any_properties_are_unique(self, properties: list[str]) -> None:
        names = column_names(f"/{name}" for name in properties)
        assert len({name.lower() for name in names.values()} | {"region", "identifier"}) == len(properties) + 2

    def test_the_first_of_two_spellings_keeps_the_name(self) -> None:
        assert column_names(["/VpcId", "/VPCId", "/vpc_id"]) == {
            "/VpcId": "vpc_id",
            "/VPCId": "vpc_id_2",
            "/vpc_id": "vpc_id_3",
        }


class TestReservedNames:
    """``region`` and ``Identifier`` mean the same in every table; properties of these names have columns beside."""

    def test_the_types_are_those_of_the_catalogue(self) -> None:
        named = {
            reserved: {
                name
                for name in packaged().type_names()
                if reserved in as_mapping(packaged().resource_type(name).schema["properties"])
            }
            for reserved in ("Region", "Identifier")
        }
        assert named == {"Region": set(REGION_TYPES), "Identifier": set(IDENTIFIER_TYPES)}

    @pytest.mark.parametrize(
        ("type_name", "reserved", "column"),
        [(name, "Identifier", "property_identifier") for name in IDENTIFIER_TYPES]
        + [(name, "Region", "property_region") for name in REGION_TYPES],
    )
    def test_both_are_columns(self, type_name: str, reserved: str, column: str) -> None:
        get, *_ = (table for table in tables_of(type_name) if table.kind == "get")
        general = get.column(reserved)
        of_property = get.column(column)
        assert general is not None
        assert general.pointer is None
        assert of_property is not None
        assert of_property.pointer == f"/{reserved}"

    @pytest.mark.parametrize("spelling", ["Identifier", "identifier", "property_identifier"])
    def test_a_write_means_the_property_by_identifier(self, spelling: str) -> None:
        column = packaged().table("cognito", "user_pool_resource_servers").property_column(spelling)
        assert column is not None
        assert column.pointer == "/Identifier"

    def test_a_write_does_not_mean_the_property_by_region(self) -> None:
        table = packaged().table("route53", "record_sets")
        assert table.property_column("Region") is None
        assert table.property_column("property_region") is table.column("property_region")


class TestSpellings:
    def test_a_spelling_matches_the_name_of_the_same_letters(self) -> None:
        names = {"/CSS": "css", "/ProviderARNs": "provider_ar_ns", "/Name": "name"}
        assert matching(["c_ss", "provider_arns", "name", "unknown"], names) == {
            "c_ss": "/CSS",
            "provider_arns": "/ProviderARNs",
        }

    def test_a_list_with_other_columns_is_refused(self) -> None:
        with pytest.raises(ValueError, match="expected the columns table, type_name"):
            parse_table_list("name\ttype\nx\ty\n")

    @given(st.text(min_size=1))
    def test_pointers_of_any_property_name_it(self, name: str) -> None:
        assert property_name(f"/Outer/{escape(name)}") == name
