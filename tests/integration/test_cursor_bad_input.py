"""Bad input: the right exception, a message that says what to do, no call, and a cursor that goes on working."""

from __future__ import annotations

from typing import NamedTuple

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

ROLE = "arn:aws:iam::123456789012:role/r"
IMAGES = "awscc.sagemaker.images"
INTO = f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn, region"
ONE = "region = 'us-east-1' AND Identifier = 'x'"


class Bad(NamedTuple):
    statement: object
    error: type[ccdbapi.Error]
    #: What the message must contain, in any case.
    words: tuple[str, ...]
    parameters: object = None


P, D, N = ccdbapi.ProgrammingError, ccdbapi.DataError, ccdbapi.NotSupportedError

BAD = {
    # No statement, or more than one.
    "empty": Bad("", P, ("no statement to execute", "empty")),
    "blank": Bad(" \n\t", P, ("no statement to execute",)),
    "comments only": Bad("-- SELECT 1\n/* SELECT 2 */", P, ("no statement to execute", "only comments")),
    "semicolons only": Bad(";;", P, ("no statement to execute",)),
    "two statements": Bad("SELECT 1; SELECT 2", P, ("line 1, column 11", "second statement", "one by one")),
    "a write after a query": Bad(f"SELECT 1; DELETE FROM {IMAGES} WHERE {ONE}", P, ("second statement",)),
    "no text": Bad(None, P, ("a statement is text", "nonetype")),
    "bytes": Bad(b"SELECT 1", P, ("a statement is text", "bytes")),
    "a number": Bad(1, P, ("a statement is text", "int")),
    # No SQL.
    "a word that is none": Bad("SELCT 1", P, ("line 1, column 1", "selct", "did you mean select")),
    "prose": Bad("give me the images", P, ("give", "select")),
    "an open string": Bad("SELECT 'a", P, ("line 1, column 8", "not closed")),
    "an open comment": Bad("SELECT 1 /* a", P, ("line 1, column 10", "not closed")),
    "an open bracket": Bad("SELECT (1", P, ("line 1, column 8", "not closed")),
    "a bracket too many": Bad("SELECT 1)", P, ("line 1, column 9", "closes no bracket")),
    "a syntax error": Bad(f"SELECT FROM WHERE {ONE}", P, ("syntax error", "line 1")),
    "a syntax error further on": Bad("SELECT 1,\n  2 3 4", P, ("syntax error", "line 2, column 5")),
    "a NUL": Bad("SELECT '\0'", P, ("nul", "parameter")),
    # Unknown names.
    "unknown service": Bad(
        f"SELECT * FROM awscc.sagmaker.images WHERE {ONE}", P, ("sagmaker", "did you mean", "sagemaker")
    ),
    "unknown table": Bad(f"SELECT * FROM awscc.sagemaker.imags WHERE {ONE}", P, ("imags", "did you mean", "images")),
    "unknown catalog": Bad("SELECT * FROM aws.sagemaker.images", P, ("aws", "does not exist")),
    "table without its service": Bad(
        "SELECT * FROM images", P, ("no table images", "line 1, column 15", "awscc.sagemaker.images")
    ),
    "unknown column": Bad(
        f"SELECT image_nam FROM {IMAGES} WHERE {ONE}", P, ("image_nam", "image_name", "line 1, column 8")
    ),
    "unknown column in WHERE": Bad(f"SELECT * FROM {IMAGES} WHERE {ONE} AND nam = 1", P, ("nam", "line 1, column")),
    "unknown function": Bad("SELECT uper('a')", P, ("uper", "does not exist", "upper")),
    "unknown column in RETURNING": Bad(
        f"DELETE FROM {IMAGES} WHERE {ONE} RETURNING Identifer", P, ("identifer", "line 1")
    ),
    "unknown table in INSERT": Bad("INSERT INTO awscc.sagemaker.image (a) VALUES (1)", P, ("did you mean", "images")),
    "unknown table in UPDATE": Bad(
        f"UPDATE awscc.sagemaker.imges SET PatchDocument = '[]' WHERE {ONE}", P, ("images",)
    ),
    "unknown table in DELETE": Bad(f"DELETE FROM awscc.sagemaker.imges WHERE {ONE}", P, ("did you mean", "images")),
    "a table of no service in DELETE": Bad(
        "DELETE FROM images WHERE 1 = 1", P, ("images", "awscc.<service>.<resource>")
    ),
    # Missing predicates.
    "no region": Bad(f"SELECT * FROM {IMAGES} WHERE Identifier = 'x'", P, (IMAGES, "region", "for example: select")),
    "no identifier": Bad(
        f"SELECT * FROM {IMAGES} WHERE region = 'x'", P, ("needs identifier", "image_arn", "_list_only")
    ),
    "neither": Bad(f"SELECT * FROM {IMAGES}", P, ("region and identifier", "for example: select")),
    "no region for a list": Bad(f"SELECT * FROM {IMAGES}_list_only", P, ("needs region", "where region = 'us-east-1'")),
    "no parent": Bad("SELECT * FROM awscc.apigateway.models_list_only WHERE region = 'x'", P, ("rest_api_id",)),
    # Parameters.
    "too few values": Bad("SELECT ?, ?", P, ("in the statement: 2", "values given: 1"), [1]),
    "too many values": Bad("SELECT ?", P, ("in the statement: 1", "values given: 2"), [1, 2]),
    "no values": Bad("SELECT ?", P, ("in the statement: 1", "values given: 0")),
    "a value that is text alone": Bad("SELECT ?", P, ("must be a list or tuple", "str"), "a"),
    "a name without a value": Bad("SELECT :a, :b", P, ("no value is given for :b",), {"a": 1}),
    "names for places": Bad("SELECT ?", P, ("given by name", "sequence"), {"a": 1}),
    "places for names": Bad("SELECT :a", P, (":a", "pass a mapping"), [1]),
    "both styles": Bad("SELECT ?, :a", P, ("cannot be mixed",), [1]),
    "a value that is none": Bad("SELECT ?", P, ("parameter 1", "no sql value"), [object()]),
    "a value too large": Bad("SELECT ?", D, ("parameter 1", "too large"), [2**200]),
    "a parameter for a name": Bad(
        "SELECT * FROM ?", P, ("syntax error", "line 1, column 15"), ["awscc.sagemaker.images"]
    ),
    "an identifier of the wrong type": Bad(
        f"SELECT * FROM {IMAGES} WHERE region = 'x' AND Identifier = ?", P, ("identifier",), [[1]]
    ),
    # INSERT.
    "no columns": Bad(f"INSERT INTO {IMAGES} VALUES ('a')", P, ("names of the columns", "insert into")),
    "no values at all": Bad(f"{INTO})", P, ("no values", "insert into")),
    "fewer values than columns": Bad(f"{INTO}) VALUES ('a', '{ROLE}')", P, ("row 1", "2 values", "3 columns")),
    "more values than columns": Bad(f"{INTO}) VALUES ('a', '{ROLE}', 'x', 'y')", P, ("row 1", "4 values", "3 columns")),
    "a row that is too short": Bad(f"{INTO}) VALUES ('a', '{ROLE}', 'x'), ('b')", P, ("row 2", "1 value")),
    "a SELECT that is too narrow": Bad(f"{INTO}) SELECT 'a', 'b'", P, ("3 columns", "gives 2")),
    "an unknown property": Bad(
        f"{INTO}, ImageNam) VALUES ('a', '{ROLE}', 'x', 'y')", P, ("imagenam", "did you mean", "imagename")
    ),
    "a read-only property": Bad(
        f"{INTO}, ImageArn) VALUES ('a', '{ROLE}', 'x', 'y')", P, ("image_arn", "read-only", "leave it out")
    ),
    "a required property left out": Bad(
        f"INSERT INTO {IMAGES} (ImageName, region) VALUES ('a', 'x')", P, ("lacks", "image_role_arn")
    ),
    "a column twice": Bad(f"{INTO}, ImageName) VALUES ('a', '{ROLE}', 'x', 'y')", P, ("imagename", "twice")),
    "a property under two names": Bad(
        f"{INTO}, image_name) VALUES ('a', '{ROLE}', 'x', 'y')", P, ("image_name", "twice")
    ),
    "no region in INSERT": Bad(
        f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn) VALUES ('a', 'b')", P, ("add the column region",)
    ),
    "a region that is NULL": Bad(f"{INTO}) VALUES ('a', '{ROLE}', NULL)", D, ("row 1", "region must be text")),
    "malformed JSON": Bad(
        f"{INTO}, Tags) VALUES ('a', '{ROLE}', 'x', '[{{')", D, ("row 1", "tags takes array", "not json")
    ),
    "JSON of the wrong kind": Bad(
        f"{INTO}, Tags) VALUES ('a', '{ROLE}', 'x', '{{}}')", D, ("tags takes array", "object")
    ),
    "malformed JSON in a parameter": Bad(
        f"{INTO}, Tags) VALUES ('a', '{ROLE}', 'x', ?)", D, ("tags takes array",), ["[{"]
    ),
    "a number for a list": Bad(f"{INTO}, Tags) VALUES ('a', '{ROLE}', 'x', 5)", D, ("tags takes array", "not integer")),
    "INSERT into a list": Bad(
        f"INSERT INTO {IMAGES}_list_only (region) VALUES ('x')", N, ("only lists", f"write to {IMAGES}")
    ),
    "INSERT OR REPLACE": Bad(
        f"INSERT OR REPLACE INTO {IMAGES} (ImageName) VALUES ('a')", N, ("insert or replace", "update")
    ),
    "ON CONFLICT": Bad(
        f"{INTO}) VALUES ('a', '{ROLE}', 'x') ON CONFLICT DO NOTHING", N, ("on conflict", "update one that exists")
    ),
    # UPDATE.
    "UPDATE without SET": Bad(f"UPDATE {IMAGES} WHERE {ONE}", P, ("update needs set", "update awscc")),
    "an empty SET": Bad(f"UPDATE {IMAGES} SET WHERE {ONE}", P, ("set assigns nothing",)),
    "UPDATE without WHERE": Bad(
        f"UPDATE {IMAGES} SET PatchDocument = '[]'", P, ("update needs where", "what to change")
    ),
    "UPDATE without a region": Bad(
        f"UPDATE {IMAGES} SET PatchDocument = '[]' WHERE Identifier = 'x'", P, ("needs region",)
    ),
    "UPDATE of everything": Bad(f"UPDATE {IMAGES} SET PatchDocument = '[]' WHERE 1 = 1", P, ("region and identifier",)),
    "a PatchDocument that is no JSON": Bad(
        f"UPDATE {IMAGES} SET PatchDocument = '[{{' WHERE {ONE}", D, ("patchdocument is not json",)
    ),
    "a PatchDocument that is no list": Bad(
        f"UPDATE {IMAGES} SET PatchDocument = '{{}}' WHERE {ONE}", D, ("list of operations", '"op"')
    ),
    "a PatchDocument with an unknown operation": Bad(
        f'UPDATE {IMAGES} SET PatchDocument = \'[{{"op": "ad", "path": "/a"}}]\' WHERE {ONE}', D, ("rfc 6902", "ad")
    ),
    "a PatchDocument without a path": Bad(
        f'UPDATE {IMAGES} SET PatchDocument = \'[{{"op": "add", "value": 1}}]\' WHERE {ONE}', D, ("rfc 6902", "path")
    ),
    "a PatchDocument without a value": Bad(
        f'UPDATE {IMAGES} SET PatchDocument = \'[{{"op": "add", "path": "/a"}}]\' WHERE {ONE}', D, ("rfc 6902", "value")
    ),
    "a PatchDocument that is NULL": Bad(f"UPDATE {IMAGES} SET PatchDocument = NULL WHERE {ONE}", D, ("patchdocument",)),
    "an unknown column in SET": Bad(
        f"UPDATE {IMAGES} SET image_nam = 'x' WHERE {ONE}", P, ("image_nam", "did you mean")
    ),
    "a column set twice": Bad(
        f"UPDATE {IMAGES} SET PatchDocument = '[]', patchdocument = '[]' WHERE {ONE}", P, ("twice",)
    ),
    # DELETE.
    "DELETE without WHERE": Bad(f"DELETE FROM {IMAGES}", P, ("delete needs where", "what to delete")),
    "DELETE without FROM": Bad(f"DELETE {IMAGES} WHERE {ONE}", P, ("from is expected", "delete from")),
    "DELETE without an identifier": Bad(f"DELETE FROM {IMAGES} WHERE region = 'us-east-1'", P, ("needs identifier",)),
    "DELETE of everything": Bad(f"DELETE FROM {IMAGES} WHERE true", P, ("region and identifier",)),
    "DELETE with LIMIT": Bad(f"DELETE FROM {IMAGES} WHERE {ONE} LIMIT 1", P, ("limit cannot stand in where",)),
    # Hints.
    "a misspelt hint": Bad(
        f"/*+ asynch */ DELETE FROM {IMAGES} WHERE {ONE}", P, ("unknown hint asynch", "did you mean async")
    ),
    "hints that exclude each other": Bad(
        f"/*+ async await */ DELETE FROM {IMAGES} WHERE {ONE}", P, ("exclude each other",)
    ),
    # None of ours.
    "CREATE": Bad("CREATE TABLE t (a int)", N, ("create is not supported", "insert")),
    "CREATE AS": Bad("CREATE TABLE t AS SELECT 1", N, ("create is not supported",)),
    "DROP": Bad(f"DROP TABLE {IMAGES}", N, ("drop is not supported",)),
    "ALTER": Bad(f"ALTER TABLE {IMAGES} ADD COLUMN a int", N, ("alter is not supported",)),
    "TRUNCATE": Bad(f"TRUNCATE {IMAGES}", N, ("truncate is not supported", "delete from")),
    "MERGE": Bad(f"MERGE INTO {IMAGES} USING t ON true WHEN MATCHED THEN DELETE", N, ("merge is not supported",)),
    "COPY": Bad("COPY (SELECT 1) TO 'file.csv'", N, ("copy is not supported", "from python")),
    "EXPORT": Bad("EXPORT DATABASE 'directory'", N, ("export is not supported",)),
    "ATTACH": Bad("ATTACH 'file.db'", N, ("attach is not supported", "connect()")),
    "DETACH": Bad("DETACH awscc", N, ("detach is not supported",)),
    "PRAGMA": Bad("PRAGMA database_list", N, ("pragma is not supported",)),
    "SET": Bad("SET threads = 4", N, ("set is not supported", "connect()")),
    "RESET": Bad("RESET threads", N, ("reset is not supported",)),
    "USE": Bad("USE memory", N, ("use is not supported",)),
    "INSTALL": Bad("INSTALL httpfs", N, ("install is not supported",)),
    "LOAD": Bad("LOAD httpfs", N, ("load is not supported",)),
    "CALL": Bad("CALL pragma_version()", N, ("call is not supported",)),
    "BEGIN": Bad("BEGIN", N, ("no transactions",)),
    "COMMIT": Bad("COMMIT", N, ("no transactions",)),
    "PREPARE": Bad("PREPARE s AS SELECT 1", N, ("prepare is not supported", "parameters")),
    "a write in WITH": Bad(
        f"WITH d AS (DELETE FROM {IMAGES} WHERE {ONE} RETURNING *) SELECT * FROM d", N, ("delete cannot stand",)
    ),
    "SELECT INTO": Bad("SELECT 1 INTO t", N, ("into makes a table", "fetch the rows")),
    # What reaches out of the engine.
    "read_csv": Bad("SELECT * FROM read_csv('/etc/passwd')", N, ("no files",)),
    "read_text": Bad("SELECT * FROM read_text('/etc/passwd')", N, ("no files",)),
    "glob": Bad("SELECT * FROM glob('/*')", N, ("no files",)),
    "a file as a table": Bad("SELECT * FROM '/etc/passwd.csv'", N, ("no files",)),
    "a URL as a table": Bad("SELECT * FROM 'https://example.com/a.parquet'", N, ("no files",)),
    "a variable of the program": Bad("SELECT * FROM BAD", P, ("no table bad", "line 1, column 15")),
    # Values that the engine refuses.
    "a cast that fails": Bad("SELECT CAST('x' AS INTEGER)", D, ("could not convert", "x")),
    "a number too large": Bad("SELECT 9999999999::INTEGER", D, ("out of range",)),
}


@pytest.fixture
def connection(service: CloudControl) -> ccdbapi.Connection:
    """Without regions of its own: statements name theirs."""
    return ccdbapi.connect(embedded=service)


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_before_any_call_and_does_no_harm(
    connection: ccdbapi.Connection, service: CloudControl, name: str
) -> None:
    bad = BAD[name]
    with connection, connection.cursor() as cursor:
        with pytest.raises(ccdbapi.Error) as caught:
            cursor.execute(bad.statement, bad.parameters).fetchall()  # type: ignore[arg-type]  # that is the point
        assert type(caught.value) is bad.error, caught.value
        message = str(caught.value).lower()
        assert [word for word in bad.words if word.lower() not in message] == [], caught.value
        assert not service.calls
        assert cursor.description is None
        connection.rollback()  # nothing was written
        assert cursor.execute("SELECT 'works'").fetchall() == [("works",)]
