"""What cannot be carried out: the right exception, words that help, no call, nothing changed, a cursor that goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGE = "WHERE region = 'us-east-1' AND Identifier = 'arn:aws:sagemaker:us-east-1:123456789012:image/a'"
INSERT = "INSERT INTO awscc.sagemaker.images "
PATCH = "UPDATE awscc.sagemaker.images SET PatchDocument = "

Programming, Data, NotSupported = ccdbapi.ProgrammingError, ccdbapi.DataError, ccdbapi.NotSupportedError
Parameters = Sequence[object] | Mapping[str, object] | None


@pytest.mark.parametrize(
    ("statement", "parameters", "error", "words"),
    [
        # No statement, or more than one.
        ("", None, Programming, ["no statement"]),
        (" -- nothing but a comment\n", None, Programming, ["no statement"]),
        (";;", None, Programming, ["no statement"]),
        ("SELECT 1; SELECT 2", None, Programming, ["second statement", "line 1, column 11"]),
        ("SELEC 1", None, Programming, ["SELECT"]),
        ("SELECT 1 FROM FROM", None, Programming, ["FROM"]),
        ("SELECT (1", None, Programming, ["("]),
        ("SELECT 'a", None, Programming, ["'"]),
        # Names.
        (f"SELECT * FROM awscc.sagemaker.image {IMAGE}", None, Programming, ["image", "images", "SHOW RESOURCES"]),
        (f"SELECT * FROM awscc.sagmaker.images {IMAGE}", None, Programming, ["sagemaker", "SHOW SERVICES"]),
        (f"SELECT image_nme FROM awscc.sagemaker.images {IMAGE}", None, Programming, ["image_nme", "image_name"]),
        (f"{INSERT}(ImageNam, region) VALUES ('a', 'b')", None, Programming, ["ImageNam", "ImageName"]),
        (f"DELETE FROM awscc.sagemaker.images {IMAGE} RETURNING Identifer", None, Programming, ["Identifer"]),
        (f"UPDATE awscc.sagemaker.images SET Patch = '[]' {IMAGE}", None, Programming, ["Patch"]),
        # Predicates.
        ("SELECT * FROM awscc.sagemaker.images", None, Programming, ["region and Identifier", "WHERE region ="]),
        (
            "SELECT * FROM awscc.sagemaker.images WHERE region = 'us-east-1'",
            None,
            Programming,
            ["Identifier", "image_arn", "images_list_only"],
        ),
        ("SELECT * FROM awscc.sagemaker.images_list_only", None, Programming, ["region"]),
        (
            "SELECT * FROM awscc.apigateway.models_list_only WHERE region = 'us-east-1'",
            None,
            Programming,
            ["rest_api_id"],
        ),
        ("DELETE FROM awscc.sagemaker.images WHERE region = 'us-east-1'", None, Programming, ["Identifier"]),
        # Parameters.
        (f"SELECT ? FROM awscc.sagemaker.images {IMAGE}", None, Programming, ["statement: 1", "given: 0"]),
        (f"SELECT ? FROM awscc.sagemaker.images {IMAGE}", [1, 2], Programming, ["statement: 1", "given: 2"]),
        (f"SELECT ? FROM awscc.sagemaker.images {IMAGE}", {"a": 1}, Programming, ["?"]),
        (f"SELECT ? FROM awscc.sagemaker.images {IMAGE}", "a", Programming, ["list or tuple"]),
        (f"SELECT :a, :b FROM awscc.sagemaker.images {IMAGE}", {"a": 1}, Programming, [":b"]),
        (f"SELECT :a FROM awscc.sagemaker.images {IMAGE}", [1], Programming, [":a"]),
        (f"SELECT ? FROM awscc.sagemaker.images {IMAGE}", [object()], Programming, ["Parameter 1"]),
        (f"SELECT ? FROM awscc.sagemaker.images {IMAGE}", ["\ud800"], Data, ["arameter 1"]),
        # INSERT.
        (f"{INSERT}VALUES ('a')", None, Programming, ["column"]),
        (f"{INSERT}(ImageName, region) VALUES ('a')", None, Programming, ["row 1", "1 values", "2 columns"]),
        (f"{INSERT}(ImageName, ImageRoleArn, region) SELECT 'a', 'b'", None, Programming, ["3 columns", "gives 2"]),
        (f"{INSERT}(ImageName, image_name, region) VALUES ('a', 'b', 'c')", None, Programming, ["twice"]),
        (f"{INSERT}(ImageName, ImageRoleArn) VALUES ('a', 'b')", None, Programming, ["region"]),
        (f"{INSERT}(ImageName, region) VALUES ('a', 'b')", None, Programming, ["image_role_arn"]),
        (
            f"{INSERT}(ImageName, ImageRoleArn, ImageArn, region) VALUES ('a', 'b', 'c', 'd')",
            None,
            Programming,
            ["image_arn", "read-only"],
        ),
        (
            f"{INSERT}(ImageName, ImageRoleArn, Tags, region) VALUES ('a', '{ROLE}', '[{{', 'us-east-1')",
            None,
            Data,
            ["Row 1", "tags", "not JSON"],
        ),
        (
            f"{INSERT}(ImageName, ImageRoleArn, Tags, region) VALUES ('a', '{ROLE}', '{{}}', 'us-east-1')",
            None,
            Data,
            ["tags", "array", "object"],
        ),
        (
            f"{INSERT}(ImageName, ImageRoleArn, region) VALUES ('a', '{ROLE}', 'us-east-1'), ('b', '{ROLE}', NULL)",
            None,
            Data,
            ["Row 2", "region"],
        ),
        (
            f"{INSERT}(ImageName, ImageRoleArn, ClientToken, region) "
            f"VALUES ('a', '{ROLE}', 't', 'us-east-1'), ('b', '{ROLE}', 't', 'us-east-1')",
            None,
            Programming,
            ["client token"],
        ),
        ("INSERT INTO awscc.sagemaker.images_list_only (ImageArn, region) VALUES ('a', 'b')", None, NotSupported, []),
        # UPDATE and DELETE.
        (f"UPDATE awscc.sagemaker.images {IMAGE}", None, Programming, ["SET"]),
        (f"{PATCH}'[]'", None, Programming, ["WHERE"]),
        ("DELETE FROM awscc.sagemaker.images", None, Programming, ["WHERE"]),
        (f"{PATCH}'[' {IMAGE}", None, Data, ["PatchDocument", "not JSON"]),
        (f"{PATCH}'{{}}' {IMAGE}", None, Data, ["PatchDocument", "list of operations"]),
        (f"""{PATCH}'[{{"op": "put", "path": "/a"}}]' {IMAGE}""", None, Data, ["PatchDocument", "put"]),
        (f"""{PATCH}'[{{"op": "add", "path": "/a"}}]' {IMAGE}""", None, Data, ["PatchDocument", "value"]),
        (f"UPDATE awscc.sagemaker.images SET image_name = 'b' {IMAGE}", None, NotSupported, ["PatchDocument"]),
        # Statements that are none of ours.
        *(
            (statement, None, NotSupported, [statement.split()[0]])
            for statement in (
                "CREATE TABLE t (a INTEGER)",
                "DROP TABLE awscc.sagemaker.images",
                "ALTER TABLE awscc.sagemaker.images ADD COLUMN a INTEGER",
                "COPY (SELECT 1) TO '/tmp/ccdbapi.csv'",
                "ATTACH '/tmp/ccdbapi.db'",
                "PRAGMA database_list",
                "SET threads = 4",
                "INSTALL httpfs",
                "LOAD httpfs",
                "CALL pragma_version()",
                "BEGIN",
                "EXPLAIN SELECT 1",
                "TRUNCATE awscc.sagemaker.images",
            )
        ),
        ("SELECT * FROM read_csv('/etc/passwd')", None, NotSupported, ["no files"]),
        ("SELECT * FROM read_text('/etc/passwd')", None, NotSupported, ["no files"]),
        ("SELECT * FROM '/etc/passwd'", None, ccdbapi.DatabaseError, []),
        ("WITH gone AS (DELETE FROM awscc.sagemaker.images) SELECT 1", None, NotSupported, ["DELETE"]),
        # What fails while it runs.
        ("SELECT 'a'::INTEGER", None, Data, ["INT32"]),
    ],
)
def test_what_cannot_be_carried_out(
    statement: str, parameters: Parameters, error: type[ccdbapi.Error], words: list[str]
) -> None:
    service = CloudControl()
    with ccdbapi.connect(embedded=service) as connection, connection.cursor() as cursor:
        with pytest.raises(ccdbapi.Error) as failed:
            cursor.execute(statement, parameters).fetchall()
        assert isinstance(failed.value, error), failed.value
        for word in words:
            assert word in str(failed.value)
        assert not service.calls
        assert cursor.description is None or cursor.rowcount == -1
        assert cursor.execute("SELECT 'still here'").fetchall() == [("still here",)]
        connection.rollback()  # nothing was written
