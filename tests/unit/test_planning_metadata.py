"""What the catalogue tells in SQL: the rows of SHOW, DESCRIBE and the information schema, and other spellings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import pytest

from ccdbapi.catalog import Catalog, Table, packaged
from ccdbapi.catalog.records import Record
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.database import Database
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.planning import DeletePlan, InsertPlan, Planner, QueryPlan
from ccdbapi.sql import Insert, parse

GENERIC = "cloud_control"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    database = Database("awscc")
    yield database
    database.close()


@pytest.fixture(scope="module")
def planner(database: Database) -> Planner:
    return Planner(database, packaged(), regions=["us-east-1"], schema=None)


@cache
def all_tables() -> Sequence[Table]:
    catalog = packaged()
    return [catalog.table(service, name) for service in catalog.services() for name in catalog.tables(service)]


def rows_of(planner: Planner, text: str, *values: object) -> Sequence[Mapping[str, str]]:
    """The rows that the catalogue gives for a statement, before the engine reads them."""
    plan = planner.plan(parse(text), Bindings(values))
    assert isinstance(plan, QueryPlan)
    assert plan.sources == ()
    return [row for facts in plan.facts for row in facts.rows]


def policy_of(planner: Planner, text: str, *values: object) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Principal → resource → the actions that it is allowed."""
    policies = {}
    for row in rows_of(planner, f"SHOW PERMISSIONS FOR {text}", *values):
        document = json.loads(row["policy"])
        assert document["Version"] == "2012-10-17"
        assert all(statement["Effect"] == "Allow" for statement in document["Statement"])
        policies[row["principal"]] = {
            ", ".join(statement["Resource"]): statement["Action"] for statement in document["Statement"]
        }
    return policies


class TestEveryTable:
    """Over the whole catalogue, without exception."""

    def test_describe_shows_each_column_once(self, planner: Planner) -> None:
        for table in all_tables():
            rows = rows_of(planner, f"DESCRIBE EXTENDED {table.qualified_name}")
            assert [(row["name"], row["type"]) for row in rows] == [(c.name, c.sql_type) for c in table.columns]

    def test_show_methods_names_columns_that_there_are(self, planner: Planner) -> None:
        for table in all_tables():
            rows = rows_of(planner, f"SHOW EXTENDED METHODS IN {table.qualified_name}")
            assert rows
            for row in rows:
                names = [name for part in row["RequiredParams"].split(", ") for name in part.split(" or ")]
                for name in (name for choice in names for name in choice.split(" and ")):
                    assert name == "PatchDocument" or table.column(name), (table.qualified_name, name)

    def test_show_insert_can_be_planned_and_leaves_nothing_out(self, planner: Planner) -> None:
        count = 0
        for table in all_tables():
            if table.kind == "list" or "create" not in table.resource_type.handlers:
                continue
            count += 1
            (row,) = rows_of(planner, f"SHOW INSERT INTO {table.qualified_name}")
            statement = parse(row["statement"])
            assert isinstance(statement, Insert)
            columns = [table.property_column(column.name) for column in statement.columns[:-1]]
            assert statement.columns[-1].name == "region"
            given = [c for c in table.columns if c.pointer and c.pointer.count("/") == 1 and not c.read_only]
            assert None not in columns
            assert sorted(c.name for c in columns if c) == sorted(c.name for c in given)
            assert [c.required for c in columns if c] == sorted((c.required for c in given), reverse=True)
        assert count > 1500

    def test_show_insert_of_what_is_required_is_enough(self, planner: Planner) -> None:
        for table in all_tables()[::7]:
            if table.kind == "get" and "create" in table.resource_type.handlers:
                (row,) = rows_of(planner, f"SHOW INSERT /*+ REQUIRED */ INTO {table.qualified_name}")
                assert isinstance(planner.plan(parse(row["statement"]), Bindings()), InsertPlan)

    def test_every_column_and_alias_can_be_selected_as_it_stands(self, planner: Planner) -> None:
        for table in all_tables():
            if table.service == GENERIC:
                continue
            names = [name for column in table.columns for name in (column.name, *column.aliases)]
            needed = {"region": "us-east-1"} | ({} if table.kind == "list" else {"Identifier": "x"})
            needed |= {column.name: "{}" if column.sql_type == "JSON" else "1" for column in table.parents}
            where = " AND ".join(f"{name} = '{value}'" for name, value in needed.items())
            text = f"SELECT {', '.join(names)} FROM {table.qualified_name} WHERE {where} ORDER BY {', '.join(names)}"
            plan = planner.plan(parse(text), Bindings())
            assert isinstance(plan, QueryPlan)
            assert [source.table for source in plan.sources] == [table]


class TestShow:
    def test_services_have_the_titles_that_aws_writes(self, planner: Planner) -> None:
        rows = rows_of(planner, "SHOW SERVICES")
        assert [row["name"] for row in rows] == list(packaged().services())
        assert {"id": "awscc.sagemaker", "name": "sagemaker", "title": "SageMaker"} in rows

    @pytest.mark.parametrize("place", ["awscc.sagemaker", "sagemaker", "AWSCC.SageMaker"])
    def test_resources(self, planner: Planner, place: str) -> None:
        rows = rows_of(planner, f"SHOW RESOURCES IN {place}")
        assert [row["name"] for row in rows] == list(packaged().tables("sagemaker"))
        images = next(row for row in rows if row["name"] == "images")
        assert (images["id"], images["title"]) == ("awscc.sagemaker.images", "AWS::SageMaker::Image")

    def test_the_service_of_the_connection_is_meant_where_none_is_named(self, database: Database) -> None:
        planner = Planner(database, packaged(), regions=[], schema="sagemaker")
        assert rows_of(planner, "SHOW RESOURCES")[0]["id"].startswith("awscc.sagemaker.")
        assert rows_of(planner, "DESCRIBE images")[0]["name"] == "region"

    @pytest.mark.parametrize(
        ("table", "methods"),
        [
            (
                "sagemaker.images",
                {
                    ("create_resource", "INSERT", "ImageName, ImageRoleArn, region"),
                    ("get_resource", "SELECT", "Identifier, region"),
                    ("update_resource", "UPDATE", "Identifier, PatchDocument, region"),
                    ("delete_resource", "DELETE", "Identifier, region"),
                },
            ),
            ("sagemaker.images_list_only", {("list_resources", "SELECT", "region")}),
            ("apigateway.models_list_only", {("list_resources", "SELECT", "rest_api_id, region")}),
            (
                "cloud_control.resource_request",
                {
                    ("get_resource_request_status", "SELECT", "RequestToken, region"),
                    ("cancel_resource_request", "DELETE", "RequestToken, region"),
                },
            ),
        ],
    )
    def test_methods(self, planner: Planner, table: str, methods: set[tuple[str, str, str]]) -> None:
        rows = rows_of(planner, f"SHOW METHODS IN awscc.{table}")
        assert {(row["MethodName"], row["SQLVerb"], row["RequiredParams"]) for row in rows} == methods

    def test_an_insert_to_fill_in(self, planner: Planner) -> None:
        (row,) = rows_of(planner, "SHOW INSERT /*+ REQUIRED */ INTO awscc.sagemaker.images")
        assert row["statement"] == (
            "/*+ create */\nINSERT INTO awscc.sagemaker.images (\n  ImageName,\n  ImageRoleArn,\n  region\n)\n"
            "SELECT\n  '{{ ImageName }}',\n  '{{ ImageRoleArn }}',\n  '{{ region }}';"
        )

    @pytest.mark.parametrize(
        ("text", "error", "message"),
        [
            ("SHOW SERVICES IN aws", ProgrammingError, r"no provider 'aws'; there is awscc \(line 1, column 18\)"),
            ("SHOW RESOURCES", ProgrammingError, "SHOW RESOURCES needs a service: .*SHOW SERVICES lists them"),
            (
                "SHOW RESOURCES IN awscc.sagemakr",
                ProgrammingError,
                "no service 'sagemakr' .*'sagemaker'.*; SHOW SERVICES lists them",
            ),
            ("SHOW METHODS", ProgrammingError, "SHOW METHODS needs a table"),
            ("SHOW METHODS IN images", ProgrammingError, r"images is no table .*\(line 1, column 17\)"),
            (
                "DESCRIBE awscc.sagemaker.imags",
                ProgrammingError,
                "did you mean 'images'.*; SHOW RESOURCES IN awscc.sagemaker lists them",
            ),
            ("DESCRIBE awscc.iam.policies", NotSupportedError, "has no read handler; it has create, update, delete"),
            ("SHOW INSERT INTO sagemaker.images_list_only", NotSupportedError, "write to awscc.sagemaker.images"),
            ("SHOW INSERT INTO cloud_control.resource", NotSupportedError, "no create handler, only: read"),
            ("SHOW PERMISSIONS FOR SELECT * FROM awscc.sagemaker.images", ProgrammingError, "needs Identifier"),
            ("SELECT * FROM information_schema.views", ProgrammingError, "it has columns, schemata, tables"),
        ],
    )
    def test_what_is_not_there(self, planner: Planner, text: str, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            planner.plan(parse(text), Bindings())


class TestPermissions:
    """The catalogue's own lists of permissions are the truth here; the plan decides which of them are needed."""

    GET, LIST = "cloudformation:GetResource", "cloudformation:ListResources"
    STATUS = "cloudformation:GetResourceRequestStatus"

    def permissions(self, operation: str) -> set[str]:
        return set(packaged().resource_type("AWS::SageMaker::Image").handlers[operation].permissions)  # type: ignore[index]

    @pytest.mark.parametrize(
        ("text", "action", "operation"),
        [
            ("SELECT * FROM awscc.sagemaker.images WHERE Identifier = ?", GET, "read"),
            ("SELECT * FROM awscc.sagemaker.images_list_only WHERE region = ?", LIST, "list"),
            ("SELECT * FROM awscc.cloud_control.resources WHERE TypeName = 'AWS::SageMaker::Image'", LIST, "list"),
        ],
    )
    def test_of_queries(self, planner: Planner, text: str, action: str, operation: str) -> None:
        values = ["x"] if "?" in text else []
        assert policy_of(planner, text, *values) == {"caller": {"*": sorted({action, *self.permissions(operation)})}}

    @pytest.mark.parametrize(
        ("text", "action", "operations"),
        [
            (
                "INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn) SELECT 'a', 'b'",
                "cloudformation:CreateResource",
                ["create"],
            ),
            (
                "UPDATE awscc.sagemaker.images SET PatchDocument = '[]' WHERE Identifier = 'x'",
                "cloudformation:UpdateResource",
                ["update", "read"],
            ),
            ("DELETE FROM awscc.sagemaker.images WHERE Identifier = 'x'", "cloudformation:DeleteResource", ["delete"]),
        ],
    )
    def test_of_writes(self, planner: Planner, text: str, action: str, operations: list[str]) -> None:
        needed = {action}.union(*map(self.permissions, operations))
        assert policy_of(planner, text) == {"caller": {"*": sorted({self.STATUS, *needed}, key=str.lower)}}
        assert policy_of(planner, f"/*+ async */ {text}") == {"caller": {"*": sorted(needed, key=str.lower)}}

    def test_waiting_is_the_connections_to_say(self, database: Database) -> None:
        hurried = Planner(database, packaged(), regions=["us-east-1"], schema=None, wait=False)
        text = "DELETE FROM awscc.sagemaker.images WHERE Identifier = 'x'"
        assert self.STATUS not in policy_of(hurried, text)["caller"]["*"]
        assert self.STATUS in policy_of(hurried, f"/*+ await */ {text}")["caller"]["*"]

    def test_a_write_reads_what_its_where_asks_for(self, planner: Planner) -> None:
        text = "DELETE FROM awscc.sagemaker.images WHERE Identifier = 'x' AND image_name = 'y'"
        assert self.GET in policy_of(planner, text)["caller"]["*"]

    @pytest.mark.parametrize(
        "text",
        [
            "SELECT 1",
            "SELECT * FROM awscc.sagemaker.images WHERE Identifier = 'x' AND 1 = 2",
            "SELECT count(*) FROM information_schema.tables",
        ],
    )
    def test_what_makes_no_call_needs_none(self, planner: Planner, text: str) -> None:
        plan = planner.plan(parse(f"SHOW PERMISSIONS FOR {text}"), Bindings())
        assert isinstance(plan, QueryPlan)
        (row,) = plan.facts[0].rows
        assert json.loads(row["policy"]) == {"Version": "2012-10-17", "Statement": []}

    @pytest.mark.parametrize(
        "text",
        [
            "/*+ role_arn('arn:aws:iam::1:role/r') async */ DELETE FROM awscc.sagemaker.images WHERE Identifier = 'x'",
            "/*+ async */ DELETE FROM awscc.sagemaker.images "
            "WHERE Identifier = 'x' AND RoleArn = 'arn:aws:iam::1:role/r'",
        ],
    )
    def test_a_role_does_what_handlers_do_and_the_caller_passes_it(self, planner: Planner, text: str) -> None:
        role = "arn:aws:iam::1:role/r"
        assert policy_of(planner, text) == {
            "caller": {"*": ["cloudformation:DeleteResource"], role: ["iam:PassRole"]},
            role: {"*": sorted(self.permissions("delete"))},
        }

    def test_roles_that_only_the_rows_tell_are_any(self, planner: Planner) -> None:
        text = "/*+ async */ INSERT INTO awscc.sagemaker.images (ImageName, ImageRoleArn, RoleArn) SELECT 'a', 'b', 'c'"
        policies = policy_of(planner, text)
        assert policies["caller"] == {"*": ["iam:PassRole"]}
        assert policies["RoleArn"]["*"] == sorted(self.permissions("create"), key=str.lower)

    def test_requests(self, planner: Planner) -> None:
        text = "FROM awscc.cloud_control.resource_requests"
        assert policy_of(planner, text) == {"caller": {"*": ["cloudformation:ListResourceRequests"]}}
        text = "/*+ async */ DELETE FROM awscc.cloud_control.resource_request WHERE RequestToken = 'x'"
        assert policy_of(planner, text) == {"caller": {"*": ["cloudformation:CancelResourceRequest"]}}


class Witness:
    """A source of types that remembers which of them were read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def services(self) -> Sequence[str]:
        return [service for service in packaged().services() if service != GENERIC]

    def __getattr__(self, name: str) -> object:
        return getattr(packaged()._source, name)

    def record(self, type_name: str) -> Record:
        self.read.append(type_name)
        return packaged()._source.record(type_name)


class TestInformationSchema:
    @pytest.fixture
    def witness(self) -> Witness:
        return Witness()

    @pytest.fixture
    def watched(self, database: Database, witness: Witness) -> Planner:
        return Planner(database, Catalog(witness), regions=[], schema=None)  # type: ignore[arg-type]

    def test_schemata(self, planner: Planner) -> None:
        names = [row["schema_name"] for row in rows_of(planner, "FROM information_schema.schemata")]
        assert names == sorted([*packaged().services(), "information_schema"])

    def test_tables_are_told_without_reading_a_type(self, watched: Planner, witness: Witness) -> None:
        rows = rows_of(watched, "SELECT table_schema, table_name, table_type FROM information_schema.tables")
        assert [(row["table_schema"], row["table_name"]) for row in rows] == [(t.service, t.name) for t in all_tables()]
        assert {(t.kind, row["table_type"]) for t, row in zip(all_tables(), rows, strict=True)} == {
            ("get", "BASE TABLE"),
            ("list", "VIEW"),
        }
        assert witness.read == []

    def test_comments_are_read_where_they_are_asked_for(self, watched: Planner, witness: Witness) -> None:
        text = (
            "SELECT * FROM awscc.information_schema.tables WHERE table_schema = 'ecr' AND table_name = 'repositories'"
        )
        (row,) = rows_of(watched, text)
        assert row["TABLE_COMMENT"] == packaged().table("ecr", "repositories").comment
        assert row["is_insertable_into"] == "YES"
        assert witness.read == ["AWS::ECR::Repository"]

    def test_columns_read_no_more_types_than_the_predicates_allow(self, watched: Planner, witness: Witness) -> None:
        text = (
            "SELECT column_name FROM information_schema.columns c WHERE table_schema = lower('SAGEMAKER') "
            "AND (table_name = 'images' OR table_name IN ('images_list_only', ?))"
        )
        rows = rows_of(watched, text, "apps")
        expected = [packaged().table("sagemaker", name) for name in ("apps", "images", "images_list_only")]
        assert [(row["table_name"], row["column_name"]) for row in rows] == [
            (table.name, column.name) for table in expected for column in table.columns
        ]
        assert sorted(set(witness.read)) == ["AWS::SageMaker::App", "AWS::SageMaker::Image"]

    def test_a_join_restricts_both_sides(self, watched: Planner, witness: Witness) -> None:
        rows_of(
            watched,
            "SELECT count(*) FROM information_schema.tables t JOIN information_schema.columns c "
            "USING (table_schema, table_name) WHERE t.table_schema = 'ecr' AND c.table_name = 'repositories'",
        )
        assert set(witness.read) == {"AWS::ECR::Repository"}

    def test_all_columns(self, planner: Planner) -> None:
        rows = rows_of(planner, "SELECT * FROM information_schema.columns")
        assert len(rows) == sum(len(table.columns) for table in all_tables())

    def test_what_is_known_of_a_column(self, planner: Planner) -> None:
        rows = rows_of(
            planner, "FROM information_schema.columns WHERE table_name = 'images' AND table_schema = 'sagemaker'"
        )
        by_name = {row["column_name"]: row for row in rows}
        assert {
            name: (row["is_nullable"], row["is_generated"], row["is_updatable"]) for name, row in by_name.items()
        } == {
            "region": ("NO", "NEVER", "NO"),
            "image_name": ("YES", "NEVER", "NO"),
            "image_arn": ("NO", "ALWAYS", "NO"),
            "image_role_arn": ("YES", "NEVER", "YES"),
            "image_display_name": ("YES", "NEVER", "YES"),
            "image_description": ("YES", "NEVER", "YES"),
            "tags": ("YES", "NEVER", "YES"),
            "Identifier": ("NO", "NEVER", "NO"),
        }
        assert (by_name["tags"]["data_type"], by_name["tags"]["ordinal_position"]) == ("JSON", "7")
        assert by_name["image_name"]["COLUMN_COMMENT"] == "The name of the image."


class TestOtherSpellings:
    """``provider_arns`` is StackQL's name for ``provider_ar_ns``."""

    @pytest.mark.parametrize(
        ("text", "engine"),
        [
            ("SELECT provider_arns FROM {t} WHERE {w}", 'SELECT "provider_ar_ns" FROM {t} WHERE {w}'),
            ('SELECT a."Provider_Arns" FROM {t} a WHERE {w}', 'SELECT a."provider_ar_ns" FROM {t} a WHERE {w}'),
            (
                "SELECT 'é', authorizers.provider_arns FROM {t} WHERE {w} ORDER BY lower(provider_arns)",
                'SELECT \'é\', authorizers."provider_ar_ns" FROM {t} WHERE {w} ORDER BY lower("provider_ar_ns")',
            ),
            (
                "SELECT * EXCLUDE (provider_arns) FROM {t} WHERE {w}",
                'SELECT * EXCLUDE ("provider_ar_ns") FROM {t} WHERE {w}',
            ),
            (
                "SELECT 1 FROM {t} a JOIN {t} b USING (region, provider_arns) WHERE a.{w} AND b.{w}",
                'SELECT 1 FROM {t} a JOIN {t} b USING (region, "provider_ar_ns") WHERE a.{w} AND b.{w}',
            ),
            (
                "WITH q AS (SELECT provider_arns FROM {t} WHERE {w}) SELECT provider_arns FROM q",
                'WITH q AS (SELECT "provider_ar_ns" FROM {t} WHERE {w}) SELECT "provider_ar_ns" FROM q',
            ),
            (
                "WITH q AS (SELECT provider_arns AS provider_arns FROM {t} WHERE {w}) SELECT provider_arns FROM q",
                'WITH q AS (SELECT "provider_ar_ns" AS provider_arns FROM {t} WHERE {w}) SELECT provider_arns FROM q',
            ),
        ],
    )
    def test_the_engine_reads_the_columns_own_name(self, planner: Planner, text: str, engine: str) -> None:
        names = {"t": "awscc.apigateway.authorizers", "w": "Identifier = 'a|b'"}
        plan = planner.plan(parse(text.format(**names)), Bindings())
        assert isinstance(plan, QueryPlan)
        assert plan.sql == engine.format(**names)

    @pytest.mark.parametrize("given", ["lower(provider_arns) AS provider_arns", "lower(provider_arns) provider_arns"])
    def test_a_name_for_two_things_is_refused(self, planner: Planner, given: str) -> None:
        """In WHERE the engine could take it for the result, where a column's own name would come first."""
        text = f"SELECT {given} FROM awscc.apigateway.authorizers WHERE Identifier = 'a|b' AND provider_arns = 'x'"
        with pytest.raises(ProgrammingError, match="another spelling of the column provider_ar_ns"):
            planner.plan(parse(text), Bindings())

    def test_in_where_of_a_write(self, planner: Planner) -> None:
        text = "DELETE FROM awscc.apigateway.authorizers WHERE Identifier = 'a|b' AND provider_arns IS NULL"
        plan = planner.plan(parse(text), Bindings())
        assert isinstance(plan, DeletePlan)
        assert '"provider_ar_ns" IS NULL' in plan.source.sql

    def test_places_in_errors_stay_right(self, planner: Planner) -> None:
        text = "SELECT provider_arns,\n 'é', nope FROM awscc.apigateway.authorizers WHERE Identifier = 'a|b'"
        with pytest.raises(
            ProgrammingError, match=r"nope.*\(at line 2, column 7\); DESCRIBE awscc\.apigateway\.authorizers"
        ):
            planner.plan(parse(text), Bindings())

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("SELECT image_nam FROM {t} WHERE Identifier = 'x'", '"image_name".*DESCRIBE {t} shows the columns'),
            ("SELECT t.image_nam FROM {t} t WHERE Identifier = 'x'", "did you mean image_name.*DESCRIBE {t}"),
            ("SELECT provider_arns FROM {t} WHERE Identifier = 'x'", '"provider_arns" not found'),
            ("INSERT INTO {t} (imagename_) SELECT 1", "did you mean .*ImageName.*; DESCRIBE {t} shows the columns"),
            ("DELETE FROM {t} WHERE Identifier = 'x' RETURNING nope", "nope.*; DESCRIBE {t} shows the columns"),
        ],
    )
    def test_what_is_no_column(self, planner: Planner, text: str, message: str) -> None:
        table = "awscc.sagemaker.images"
        with pytest.raises(ProgrammingError, match=message.format(t=table)):
            planner.plan(parse(text.format(t=table)), Bindings())
