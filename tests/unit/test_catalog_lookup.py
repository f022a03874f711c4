"""Finding tables, columns and resource types by name."""

from __future__ import annotations

import pytest

from ccdbapi.catalog import Catalog, packaged
from ccdbapi.catalog.schemas import as_mapping
from ccdbapi.exceptions import NotSupportedError, ProgrammingError


class TestListing:
    def test_services_and_tables_are_sorted_and_listed_once(self) -> None:
        services = packaged().services()
        tables = packaged().tables("sagemaker")
        assert list(services) == sorted(set(services))
        assert list(tables) == sorted(set(tables))
        assert {"images", "images_list_only"} <= set(tables)

    def test_aliases_are_not_listed(self) -> None:
        tables = packaged().tables("appsync")
        assert "graph_ql_apis" in tables
        assert "graphql_apis" not in tables

    def test_a_table_stands_for_a_handler(self) -> None:
        tables = packaged().tables("iam")
        assert "policies" not in tables  # AWS::IAM::Policy has no read handler
        assert "roles" in tables

    def test_type_names_are_those_with_handlers(self) -> None:
        names = packaged().type_names()
        assert list(names) == sorted(names)
        assert "AWS::SageMaker::Image" in names
        assert "AWS::OpsWorks::Stack" not in names
        assert all(packaged().resource_type(name).handlers for name in names)


class TestTables:
    @pytest.mark.parametrize("name", ["images", "IMAGES", "Images"])
    def test_case_does_not_matter(self, name: str) -> None:
        assert packaged().table("SageMaker", name).qualified_name == "awscc.sagemaker.images"

    @pytest.mark.parametrize("suffix", ["", "_list_only"])
    def test_an_alias_finds_the_canonical_table(self, suffix: str) -> None:
        table = packaged().table("appsync", f"graphql_apis{suffix}")
        assert table.name == f"graph_ql_apis{suffix}"
        assert table.aliases == (f"graphql_apis{suffix}",)

    def test_a_table_is_the_same_object_each_time(self) -> None:
        assert packaged().table("sagemaker", "images") is packaged().table("sagemaker", "IMAGES")

    def test_a_table_is_hashable(self) -> None:
        assert len({packaged().table("sagemaker", "images"), packaged().table("sagemaker", "images_list_only")}) == 2

    @pytest.mark.parametrize(("service", "name"), [("sagemaker", "imagez"), ("sagemakr", "images"), ("", "")])
    def test_find_answers_none(self, service: str, name: str) -> None:
        assert packaged().find_table(service, name) is None

    @pytest.mark.parametrize(
        ("service", "name", "message"),
        [
            (
                "sagemaker",
                "imges",
                r"no table 'imges' in service 'sagemaker' \(did you mean 'images'.*SHOW RESOURCES IN awscc\.sagemaker",
            ),
            ("ec2", "images", r"no table 'images' in service 'ec2' .*'sagemaker\.images'"),
            ("sagemakr", "images", r"no service 'sagemakr' \(did you mean 'sagemaker'\?\); SHOW SERVICES"),
            ("zzz", "images", r"no service 'zzz'; SHOW SERVICES lists them"),
        ],
    )
    def test_an_unknown_name_is_answered_with_the_closest(self, service: str, name: str, message: str) -> None:
        with pytest.raises(ProgrammingError, match=message):
            packaged().table(service, name)

    def test_summaries_tell_of_tables_without_reading_types(self) -> None:
        by_name = {summary.name: summary for summary in packaged().summaries("SageMaker")}
        assert list(by_name) == list(packaged().tables("sagemaker"))
        operations = ("create", "read", "update", "delete", "list")
        assert by_name["images"] == ("images", "get", "AWS::SageMaker::Image", operations)
        assert by_name["images_list_only"] == ("images_list_only", "list", "AWS::SageMaker::Image", operations)

    def test_a_missing_handler_is_not_supported(self) -> None:
        message = "'iam.policies': AWS::IAM::Policy has no read handler; it has create, update, delete$"
        with pytest.raises(NotSupportedError, match=message):
            packaged().table("iam", "policies")
        assert packaged().find_table("iam", "policies") is None


class TestResourceTypes:
    def test_names_are_exact(self) -> None:
        assert packaged().find_resource_type("AWS::SageMaker::Image") is not None
        assert packaged().find_resource_type("aws::sagemaker::image") is None

    def test_an_unknown_type_is_answered_with_the_closest(self) -> None:
        with pytest.raises(ProgrammingError, match=r"'AWS::SageMaker::Imag' \(did you mean 'AWS::SageMaker::Image'"):
            packaged().resource_type("AWS::SageMaker::Imag")


class TestColumns:
    @pytest.mark.parametrize("name", ["image_name", "IMAGE_NAME", "ImageName", "imagename"])
    def test_a_column_answers_to_its_name_and_to_its_property(self, name: str) -> None:
        column = packaged().table("sagemaker", "images").column(name)
        assert column is not None
        assert (column.name, column.pointer, column.property_name) == ("image_name", "/ImageName", "ImageName")

    @pytest.mark.parametrize("name", ["c_ss", "C_SS", "css", "CSS"])
    def test_a_column_answers_to_its_alias(self, name: str) -> None:
        column = packaged().table("cognito", "user_pool_ui_customization_attachments").column(name)
        assert column is not None
        assert column.name == "css"
        assert column.aliases == ("c_ss",)

    def test_an_unknown_column_is_none(self) -> None:
        assert packaged().table("sagemaker", "images").column("image_nam") is None

    def test_a_spelling_in_another_case_must_be_unambiguous(self) -> None:
        properties = {"AbcDEf": {"type": "string"}, "AbCDef": {"type": "string"}}
        catalog = Catalog.from_schemas({"Acme::Net::Link": {"properties": properties, "handlers": {"read": {}}}})
        table = catalog.table("net", "links")
        exact = table.column("AbCDef")
        assert exact is not None
        assert exact.pointer == "/AbCDef"
        assert table.column("abcdef") is None

    def test_flags_come_from_the_schema(self) -> None:
        table = packaged().table("sagemaker", "images")
        flags = {
            column.name: (column.required, column.read_only, column.create_only, column.nullable)
            for column in table.columns
        }
        assert flags["image_arn"] == (False, True, False, False)
        assert flags["image_name"] == (True, False, True, True)
        assert flags["image_role_arn"] == (True, False, False, True)
        assert flags["image_description"] == (False, False, False, True)
        assert flags["region"] == flags["Identifier"] == (False, False, False, False)

    def test_a_write_only_property_is_marked(self) -> None:
        column = packaged().table("cloudformation", "stacks").column("template_body")
        assert column is not None
        assert column.write_only

    def test_comments_come_from_the_property_or_its_definition(self) -> None:
        table = packaged().table("sagemaker", "images")
        comments = {column.name: column.comment for column in table.columns}
        assert table.comment == "Resource Type definition for AWS::SageMaker::Image"
        assert comments["image_name"] == "The name of the image."
        assert comments["tags"] == "An array of key-value pairs to apply to this resource."


class TestListTables:
    def test_columns_are_the_identifier_and_the_parents(self) -> None:
        table = packaged().table("apigateway", "models_list_only")
        assert [column.name for column in table.columns] == ["region", "rest_api_id", "name", "Identifier"]
        assert [column.name for column in table.identifier_columns] == ["rest_api_id", "name"]
        assert [column.name for column in table.parents] == ["rest_api_id"]
        assert table.resource_type.handlers["list"].required == ("RestApiId",)

    def test_parents_may_be_alternatives(self) -> None:
        table = packaged().table("s3vectors", "indices_list_only")
        handler = table.resource_type.handlers["list"]
        assert handler.required == ()
        assert handler.alternatives == (("VectorBucketName",), ("VectorBucketArn",))
        assert {column.name for column in table.parents} == {"vector_bucket_name", "vector_bucket_arn"}

    def test_parents_need_not_be_properties_of_the_resource(self) -> None:
        table = packaged().table("elasticloadbalancingv2", "listener_rules_list_only")
        column = table.column("rule_arns")
        assert column in table.parents
        assert column is not None
        assert column.sql_type == "JSON"
        assert "RuleArns" not in as_mapping(table.resource_type.schema["properties"])

    def test_a_get_table_has_no_parents(self) -> None:
        assert packaged().table("apigateway", "models").parents == ()


STORAGE_LENS = (["id"], ("/StorageLensConfiguration/Id",))
DEVICE = (["device_name"], ("/Device/DeviceName",))
REFRESH_SCHEDULE = (
    ["aws_account_id", "data_set_id", "schedule_id"],
    ("/AwsAccountId", "/DataSetId", "/Schedule/ScheduleId"),
)


@pytest.mark.parametrize(
    ("service", "name", "expected"),
    [
        ("s3", "storage_lens", STORAGE_LENS),
        ("s3", "storage_lens_list_only", STORAGE_LENS),
        ("sagemaker", "devices", DEVICE),  # which has no list handler
        ("quicksight", "refresh_schedules", REFRESH_SCHEDULE),
        ("quicksight", "refresh_schedules_list_only", REFRESH_SCHEDULE),
    ],
)
def test_an_identifier_below_the_top_level_is_a_column(
    service: str, name: str, expected: tuple[list[str], tuple[str, ...]]
) -> None:
    table = packaged().table(service, name)
    columns, pointers = expected
    assert table.resource_type.primary_identifier == pointers
    assert [column.name for column in table.identifier_columns] == columns
    assert table.property_column(columns[-1]) is None  # it is written with the whole
