"""The catalogue, asked in SQL through a cursor: typed rows, no call, no credentials; and columns by any spelling."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl
from ccdbapi.exceptions import ProgrammingError


@pytest.fixture(autouse=True)
def no_call(service: CloudControl) -> Iterator[None]:
    """Unless a test says otherwise by clearing them, there are none."""
    yield
    assert list(service.calls) == []


def column_types(cursor: ccdbapi.Cursor) -> dict[str, str]:
    assert cursor.description is not None
    return {column.name: column.type_code for column in cursor.description}


class TestAsking:
    def test_neither_credentials_nor_a_region_are_needed(self, no_aws: pytest.MonkeyPatch) -> None:
        with ccdbapi.connect() as connection:
            cursor = connection.cursor()
            assert ("sagemaker",) in cursor.execute("SELECT schema_name FROM information_schema.schemata").fetchall()
            assert cursor.execute("SHOW SERVICES LIKE 'sagemaker'").fetchall() == [
                ("awscc.sagemaker", "sagemaker", "SageMaker")
            ]
            assert cursor.execute("DESCRIBE awscc.sagemaker.images").fetchone() == ("region", "VARCHAR")

    @pytest.mark.parametrize(
        ("text", "columns"),
        [
            ("SHOW PROVIDERS", {"name": "VARCHAR", "version": "VARCHAR"}),
            ("SHOW SERVICES", {"id": "VARCHAR", "name": "VARCHAR", "title": "VARCHAR"}),
            ("SHOW RESOURCES IN awscc.ecr", {"name": "VARCHAR", "id": "VARCHAR", "title": "VARCHAR"}),
            (
                "SHOW EXTENDED RESOURCES IN awscc.ecr",
                {
                    "name": "VARCHAR",
                    "id": "VARCHAR",
                    "title": "VARCHAR",
                    "description": "VARCHAR",
                    "operations": "JSON",
                },
            ),
            (
                "SHOW EXTENDED METHODS IN awscc.ecr.repositories",
                {
                    "MethodName": "VARCHAR",
                    "RequiredParams": "VARCHAR",
                    "SQLVerb": "VARCHAR",
                    "operation": "VARCHAR",
                    "permissions": "JSON",
                },
            ),
            ("DESCRIBE awscc.ecr.repositories", {"name": "VARCHAR", "type": "VARCHAR"}),
            (
                "DESCRIBE EXTENDED awscc.ecr.repositories",
                {
                    "name": "VARCHAR",
                    "type": "VARCHAR",
                    "description": "VARCHAR",
                    "nullable": "BOOLEAN",
                    "required": "BOOLEAN",
                    "read_only": "BOOLEAN",
                    "create_only": "BOOLEAN",
                    "write_only": "BOOLEAN",
                },
            ),
            ("SHOW INSERT INTO awscc.ecr.repositories", {"statement": "VARCHAR"}),
            ("SHOW PERMISSIONS FOR SELECT 1", {"policy": "JSON", "principal": "VARCHAR"}),
        ],
    )
    def test_columns_have_names_and_types(self, cursor: ccdbapi.Cursor, text: str, columns: dict[str, str]) -> None:
        rows = cursor.execute(text).fetchall()
        assert column_types(cursor) == columns
        assert rows
        assert cursor.rowcount == len(rows)

    @pytest.mark.parametrize(
        ("pattern", "names"),
        [
            ("images%", ["images", "images_list_only"]),
            ("IMAGES", ["images"]),
            ("image_", ["images"]),
            ("'", []),
            (None, []),
        ],
    )
    def test_like_is_the_engines_and_takes_parameters(
        self, cursor: ccdbapi.Cursor, pattern: str | None, names: list[str]
    ) -> None:
        cursor.execute("SHOW RESOURCES IN awscc.sagemaker LIKE ?", [pattern])
        assert [row[0] for row in cursor] == names

    def test_rows_come_in_the_columns_order(self, cursor: ccdbapi.Cursor) -> None:
        cursor.execute("DESCRIBE EXTENDED awscc.sagemaker.images")
        assert cursor.fetchone() == (
            "region", "VARCHAR", "The AWS region of the resource.", False, False, False, False, False,
        )  # fmt: skip
        assert [row[0] for row in cursor.fetchmany(3)] == ["image_name", "image_arn", "image_role_arn"]
        assert len(cursor.fetchall()) == 4

    def test_an_insert_that_is_shown_can_be_filled_in_and_run(
        self, cursor: ccdbapi.Cursor, service: CloudControl
    ) -> None:
        row = cursor.execute("SHOW INSERT /*+ REQUIRED */ INTO awscc.resourcegroups.groups").fetchone()
        assert row is not None
        cursor.execute(row[0].replace("{{ Name }}", "mine").replace("{{ region }}", "us-east-1"))
        assert cursor.lastrowid == "mine"
        service.calls.clear()

    def test_permissions_of_a_statement_that_is_only_planned(self, cursor: ccdbapi.Cursor) -> None:
        cursor.execute(
            "SHOW PERMISSIONS FOR DELETE FROM awscc.ecr.repositories WHERE Identifier = :name", {"name": "x"}
        )
        ((policy, principal),) = cursor.fetchall()
        assert principal == "caller"
        (statement,) = policy["Statement"]
        assert "cloudformation:DeleteResource" in statement["Action"]
        assert "ecr:DeleteRepository" in statement["Action"]

    def test_a_wrong_pattern_is_found_where_it_stands(self, cursor: ccdbapi.Cursor) -> None:
        with pytest.raises(ProgrammingError, match="column 20: LIKE takes a text"):
            cursor.execute("SHOW SERVICES LIKE %sage%")

    def test_it_is_no_statement_for_many_parameters(self, cursor: ccdbapi.Cursor) -> None:
        with pytest.raises(ProgrammingError, match="executemany is for INSERT"):
            cursor.executemany("SHOW SERVICES LIKE ?", [["a"], ["b"]])


class TestInformationSchema:
    @pytest.mark.parametrize("schema", ["information_schema", "awscc.information_schema", "INFORMATION_SCHEMA"])
    def test_under_each_of_its_names(self, cursor: ccdbapi.Cursor, schema: str) -> None:
        cursor.execute(
            f"SELECT table_type, count(*) FROM {schema}.tables WHERE table_schema = ? GROUP BY ALL ORDER BY 1", ["ecr"]
        )
        assert [kind for kind, _ in cursor] == ["BASE TABLE", "VIEW"]

    def test_any_query_can_read_it(self, cursor: ccdbapi.Cursor) -> None:
        cursor.execute(
            "WITH wide AS (SELECT table_schema AS s, table_name AS t, count(*) AS n FROM information_schema.columns "
            "WHERE table_schema IN ('ecr', 'sagemaker') GROUP BY ALL) "
            "SELECT x.table_name, n FROM information_schema.tables x JOIN wide ON (s, t) = (table_schema, table_name) "
            "WHERE table_name = 'images'"
        )
        assert cursor.fetchall() == [("images", 8)]

    def test_types_of_its_columns(self, cursor: ccdbapi.Cursor) -> None:
        cursor.execute("SELECT * FROM information_schema.columns LIMIT 0")
        types = column_types(cursor)
        assert list(types)[:8] == [
            "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default",
            "is_nullable", "data_type",
        ]  # fmt: skip
        assert types["ordinal_position"] == "INTEGER"
        assert list(types)[-1] == "COLUMN_COMMENT"

    def test_it_shows_the_catalogue_and_never_how_statements_are_run(
        self, cursor: ccdbapi.Cursor, service: CloudControl
    ) -> None:
        cursor.execute("SELECT count(*) FROM information_schema.tables")
        before = cursor.fetchone()
        cursor.execute(
            "DELETE FROM awscc.ecr.repositories WHERE Identifier = 'x' AND tags IS NULL RETURNING Identifier"
        )
        service.calls.clear()
        assert cursor.execute("SELECT count(*) FROM information_schema.tables").fetchone() == before
        for table, column in (("schemata", "schema_name"), ("tables", "table_schema"), ("columns", "table_schema")):
            cursor.execute(f"SELECT count(*) FROM information_schema.{table} WHERE {column} LIKE 'ccdbapi%'")
            assert cursor.fetchall() == [(0,)]


class TestSpellings:
    @pytest.fixture
    def authorizer(self, cursor: ccdbapi.Cursor, service: CloudControl) -> Iterator[str]:
        """An authorizer with the property that StackQL calls ``provider_arns``."""
        cursor.execute(
            "INSERT INTO awscc.apigateway.authorizers (rest_api_id, name, type, provider_arns) "
            "VALUES ('api', 'n', 'TOKEN', '[\"arn\"]')"
        )
        assert cursor.lastrowid is not None
        yield cursor.lastrowid
        service.calls.clear()

    def test_a_column_by_its_other_name(self, cursor: ccdbapi.Cursor, authorizer: str) -> None:
        cursor.execute(
            "SELECT a.provider_arns, count(*) FROM awscc.apigateway.authorizers a WHERE Identifier = ? "
            "AND len(provider_arns) = 1 GROUP BY provider_arns ORDER BY provider_arns",
            [authorizer],
        )
        assert cursor.fetchall() == [(["arn"], 1)]

    def test_all_columns_have_it_once(self, cursor: ccdbapi.Cursor, authorizer: str) -> None:
        cursor.execute(
            "SELECT * FROM awscc.apigateway.authorizers WHERE Identifier = ? AND provider_arns IS NOT NULL",
            [authorizer],
        )
        assert len(cursor.fetchall()) == 1
        assert [name for name in column_types(cursor) if name.startswith("provider_ar")] == ["provider_ar_ns"]

    def test_returning(self, cursor: ccdbapi.Cursor, service: CloudControl) -> None:
        cursor.execute(
            "INSERT INTO awscc.apigateway.authorizers (rest_api_id, name, type, provider_ar_ns) "
            "VALUES ('api', 'n', 'TOKEN', '[\"arn\"]') RETURNING provider_arns, provider_ar_ns"
        )
        assert cursor.fetchall() == [(["arn"], ["arn"])]
        service.calls.clear()

    def test_columns_with_reserved_names(self, cursor: ccdbapi.Cursor, service: CloudControl) -> None:
        cursor.execute(
            "INSERT INTO awscc.resourcegroups.tag_sync_tasks (group, tag_key, tag_value, RoleArn) "
            f"VALUES ('mine/{'0' * 26}', 'k', 'v', 'arn:aws:iam::123456789012:role/r') RETURNING group, Identifier"
        )
        ((group, identifier),) = cursor.fetchall()
        cursor.execute(
            "SELECT t.group AS group, max(group) FROM awscc.resourcegroups.tag_sync_tasks t "
            "WHERE Identifier = ? AND group = ? GROUP BY group ORDER BY group",
            [identifier, group],
        )
        assert cursor.fetchall() == [(group, group)]
        assert next(iter(column_types(cursor))) == "group"
        service.calls.clear()


def test_policies_are_documents_that_iam_takes(cursor: ccdbapi.Cursor) -> None:
    """IAM, "Grammar of the IAM JSON policy language": the members and their types."""
    cursor.execute("SHOW PERMISSIONS FOR SELECT * FROM awscc.s3.buckets_list_only")
    ((policy, _),) = cursor.fetchall()
    assert json.loads(json.dumps(policy)) == policy
    assert policy.keys() == {"Version", "Statement"}
    for statement in policy["Statement"]:
        assert statement.keys() == {"Effect", "Action", "Resource"}
        assert all(action.count(":") == 1 for action in statement["Action"])
