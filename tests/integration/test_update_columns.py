"""UPDATE by columns: what is read, what is sent, and what becomes of the resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGES = "awscc.sagemaker.images"
INSERT = (
    f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn, ImageDisplayName, ImageDescription, Tags, region) "
    f"""VALUES (?, '{ROLE}', 'Display', 'old', '[{{"Key":"a","Value":"1"}},{{"Key":"b","Value":"2"}}]', 'us-east-1')"""
)

#: The operations that UpdateResource was asked for, by identifier.
Patches = Callable[[], dict[str, list[dict[str, object]]]]


def arn(name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:123456789012:image/{name}"


def where(*names: str) -> str:
    return f"region = 'us-east-1' AND Identifier IN ({', '.join(repr(arn(name)) for name in names)})"


@pytest.fixture
def patches(service: CloudControl) -> Patches:
    return lambda: {
        str(call.payload["Identifier"]).rpartition("/")[2]: json.loads(str(call.payload["PatchDocument"]))
        for call in service.calls
        if call.operation == "UpdateResource"
    }


@pytest.fixture
def images(cursor: ccdbapi.Cursor, service: CloudControl) -> ccdbapi.Cursor:
    """Three images, and no calls as yet."""
    cursor.executemany(INSERT, [["one"], ["two"], ["three"]])
    service.calls.clear()
    return cursor


def operations(service: CloudControl) -> list[str]:
    return [call.operation for call in service.calls]


def replaced(path: str, old: object, new: object) -> list[dict[str, object]]:
    return [{"op": "test", "path": path, "value": old}, {"op": "replace", "path": path, "value": new}]


def test_a_resource_is_read_once_and_only_the_difference_sent(
    images: ccdbapi.Cursor, service: CloudControl, patches: Patches
) -> None:
    images.execute(
        f"""UPDATE {IMAGES} SET image_description = 'x', ImageDisplayName = NULL,
        tags = '[{{"Key":"b","Value":"3"}},{{"Key":"a","Value":"1"}}]', image_role_arn = '{ROLE}'
        WHERE {where("one")}"""
    )
    assert images.rowcount == 1
    assert operations(service) == ["GetResource", "UpdateResource", "GetResourceRequestStatus"]
    assert patches()["one"] == [
        {"op": "test", "path": "/ImageDescription", "value": "old"},
        {"op": "test", "path": "/ImageDisplayName", "value": "Display"},
        {"op": "test", "path": "/Tags/1", "value": {"Key": "b", "Value": "2"}},
        {"op": "replace", "path": "/ImageDescription", "value": "x"},
        {"op": "remove", "path": "/ImageDisplayName"},
        {"op": "replace", "path": "/Tags/1/Value", "value": "3"},
    ]
    images.execute(f"SELECT image_description, image_display_name, tags FROM {IMAGES} WHERE {where('one')}")
    assert images.fetchall() == [("x", None, [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}])]


@pytest.mark.parametrize(
    "assignment",
    [
        "image_description = 'old'",
        "image_description = image_description",
        """tags = '[{"Key":"b","Value":"2"},{"Key":"a","Value":"1"}]'""",
        "tags = list_reverse(tags::JSON[])",
        "image_description = 'old', ImageDisplayName = 'Display'",
    ],
)
def test_nothing_to_change_is_no_call(images: ccdbapi.Cursor, service: CloudControl, assignment: str) -> None:
    images.execute(f"UPDATE {IMAGES} SET {assignment} WHERE {where('one')} RETURNING Identifier")
    assert images.fetchall() == []
    assert images.rowcount == 0
    assert operations(service) == ["GetResource"]


def test_many_resources_are_read_once_each_and_those_that_match_are_changed(
    images: ccdbapi.Cursor, service: CloudControl, patches: Patches
) -> None:
    images.execute(f"UPDATE {IMAGES} SET image_display_name = 'Two' WHERE {where('two')}")
    service.calls.clear()
    images.execute(
        f"UPDATE {IMAGES} SET image_description = upper(image_display_name) || ' was ' || image_description "
        f"WHERE {where('one', 'two', 'three', 'none')} AND image_display_name = 'Display' RETURNING image_description"
    )
    assert sorted(images.fetchall()) == [("DISPLAY was old",)] * 2
    assert images.rowcount == 2
    made = operations(service)
    assert made[:4] == ["GetResource"] * 4
    assert sorted(set(made[4:])) == ["GetResourceRequestStatus", "UpdateResource"]
    assert patches() == {name: replaced("/ImageDescription", "old", "DISPLAY was old") for name in ("one", "three")}


# Expressions


@pytest.mark.parametrize(
    ("assignment", "patch"),
    [
        ("image_description = image_description || ' and new'", replaced("/ImageDescription", "old", "old and new")),
        ("image_description = repeat(i.image_description, 2)", replaced("/ImageDescription", "old", "oldold")),
        ("image_description = image_name", replaced("/ImageDescription", "old", "one")),
        ("image_description = (SELECT max(v) FROM (VALUES ('a'), ('b')) AS t(v))",
         replaced("/ImageDescription", "old", "b")),
        ("image_description = '[1, 2]'", replaced("/ImageDescription", "old", "[1, 2]")),
        ("image_description = 5", replaced("/ImageDescription", "old", "5")),
        ("image_description = nullif(image_display_name, 'Display')",
         [{"op": "test", "path": "/ImageDescription", "value": "old"}, {"op": "remove", "path": "/ImageDescription"}]),
        ("tags = list_append(tags::JSON[], '{\"Key\":\"c\",\"Value\":\"3\"}')",
         [{"op": "add", "path": "/Tags/-", "value": {"Key": "c", "Value": "3"}}]),
        ("tags = [{'Key': 'a', 'Value': '1'}, {'Key': 'b', 'Value': 'x'}]",
         [{"op": "test", "path": "/Tags/1", "value": {"Key": "b", "Value": "2"}},
          {"op": "replace", "path": "/Tags/1/Value", "value": "x"}]),
        ("tags = json_merge_patch(tags, '[]')",
         replaced("/Tags", [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], [])),
    ],
)  # fmt: skip
def test_expressions_see_the_old_row(
    images: ccdbapi.Cursor, service: CloudControl, patches: Patches, assignment: str, patch: object
) -> None:
    images.execute(f"UPDATE {IMAGES} AS i SET {assignment} WHERE {where('one')}")
    assert operations(service)[:2] == ["GetResource", "UpdateResource"]
    assert patches() == {"one": patch}


def test_columns_are_exchanged(images: ccdbapi.Cursor, patches: Patches) -> None:
    images.execute(
        f"UPDATE {IMAGES} SET image_description = image_display_name, image_display_name = image_description "
        f"WHERE {where('one')}"
    )
    assert patches()["one"] == [
        {"op": "test", "path": "/ImageDescription", "value": "old"},
        {"op": "test", "path": "/ImageDisplayName", "value": "Display"},
        {"op": "replace", "path": "/ImageDescription", "value": "Display"},
        {"op": "replace", "path": "/ImageDisplayName", "value": "old"},
    ]


def test_parameters_are_values(images: ccdbapi.Cursor, patches: Patches) -> None:
    images.execute(
        f"UPDATE {IMAGES} SET image_description = ?, tags = ? WHERE region = ? AND Identifier = ?",
        ["it's; -- [1]", [{"Key": "a", "Value": "1"}], "us-east-1", arn("one")],
    )
    assert patches()["one"][2:] == [
        {"op": "replace", "path": "/ImageDescription", "value": "it's; -- [1]"},
        {"op": "remove", "path": "/Tags/1"},
    ]


def test_values_come_from_other_rows(images: ccdbapi.Cursor, service: CloudControl, patches: Patches) -> None:
    images.execute(
        f"UPDATE {IMAGES} AS i SET image_description = v.text FROM (VALUES ('{arn('one')}', 'first'), "
        f"('{arn('three')}', 'third')) AS v(arn, text) WHERE {where('one', 'two', 'three')} AND i.Identifier = v.arn"
    )
    assert images.rowcount == 2
    assert patches() == {
        "one": replaced("/ImageDescription", "old", "first"),
        "three": replaced("/ImageDescription", "old", "third"),
    }
    assert operations(service).count("GetResource") <= 3


def test_values_come_from_another_resource(images: ccdbapi.Cursor, service: CloudControl, patches: Patches) -> None:
    images.execute(f"UPDATE {IMAGES} SET image_description = 'of two' WHERE {where('two')}")
    service.calls.clear()
    images.execute(
        f"UPDATE {IMAGES} AS i SET image_description = o.image_description FROM {IMAGES} AS o "
        f"WHERE i.region = 'us-east-1' AND i.Identifier = '{arn('one')}' "
        f"AND o.region = 'us-east-1' AND o.Identifier = '{arn('two')}'"
    )
    assert patches() == {"one": replaced("/ImageDescription", "old", "of two")}
    assert operations(service).count("GetResource") == 2


def test_a_number_is_calculated(cursor: ccdbapi.Cursor, patches: Patches) -> None:
    cursor.execute(
        "INSERT INTO awscc.lambda.functions (FunctionName, Role, Code, MemorySize, TracingConfig, region) VALUES ('f', "
        f"""'{ROLE}', '{{"S3Bucket": "code", "S3Key": "f.zip"}}', 128, '{{"Mode": "PassThrough"}}', 'us-east-1')"""
    )
    cursor.execute(
        "UPDATE awscc.lambda.functions SET memory_size = memory_size * 2, "
        """tracing_config = json_merge_patch(tracing_config, '{"Mode":"Active"}') """
        "WHERE region = 'us-east-1' AND Identifier = 'f'"
    )
    assert patches()["f"] == [
        {"op": "test", "path": "/MemorySize", "value": 128},
        {"op": "test", "path": "/TracingConfig/Mode", "value": "PassThrough"},
        {"op": "replace", "path": "/MemorySize", "value": 256},
        {"op": "replace", "path": "/TracingConfig/Mode", "value": "Active"},
    ]


@pytest.mark.parametrize("text", ["[1, 2]", ' {"a" : 1} ', "null", "5", "1.0", "true", '"quoted"', "[1,"])
@pytest.mark.parametrize("source", ["VALUES (?, 'String', ?)", "SELECT ?, 'String', ?", "VALUES (?, 'String', 'TEXT')"])
def test_text_that_looks_like_json_is_written_as_it_stands(
    cursor: ccdbapi.Cursor, service: CloudControl, text: str, source: str
) -> None:
    parameters = ["p", text][: source.count("?")]
    cursor.execute(
        f"INSERT INTO awscc.ssm.parameters (Name, Type, Value) {source.replace('TEXT', text)} RETURNING value",
        parameters,
    )
    assert cursor.fetchall() == [(text,)]
    assert json.loads(str(service.calls[0].payload["DesiredState"]))["Value"] == text
    cursor.executemany("UPDATE awscc.ssm.parameters SET value = value || ? WHERE name = ?", [[text, "p"]])
    assert cursor.execute("SELECT value FROM awscc.ssm.parameters WHERE name = 'p'").fetchall() == [(text * 2,)]


def test_text_for_a_text_property_stays_text(cursor: ccdbapi.Cursor, patches: Patches) -> None:
    cursor.execute(
        "INSERT INTO awscc.ssm.parameters (Name, Type, Value, region) VALUES ('p', 'String', '[0]', 'us-east-1')"
    )
    at = "WHERE region = 'us-east-1' AND Identifier = 'p'"
    cursor.execute(f"UPDATE awscc.ssm.parameters SET value = '[1, 2]' {at}")
    cursor.execute(f"UPDATE awscc.ssm.parameters SET value = ? {at}", ['{"a": 1}'])
    assert patches()["p"] == replaced("/Value", "[1, 2]", '{"a": 1}')
    assert cursor.execute(f"SELECT value FROM awscc.ssm.parameters {at}").fetchall() == [('{"a": 1}',)]


def test_what_a_read_does_not_show_is_added(cursor: ccdbapi.Cursor, service: CloudControl, patches: Patches) -> None:
    cursor.execute("INSERT INTO awscc.iam.users (UserName, region) VALUES ('u', 'us-east-1')")
    at = "WHERE region = 'us-east-1' AND Identifier = 'u'"
    service.calls.clear()
    cursor.execute(
        f"""UPDATE awscc.iam.users SET login_profile = '{{"Password": "secret", "PasswordResetRequired": true}}' {at}"""
    )
    value = {"Password": "secret", "PasswordResetRequired": True}
    assert patches()["u"] == [{"op": "add", "path": "/LoginProfile", "value": value}]
    cursor.execute(
        f"""UPDATE awscc.iam.users SET login_profile = '{{"Password": "other", "PasswordResetRequired": true}}' {at}"""
    )
    assert patches()["u"] == [{"op": "add", "path": "/LoginProfile/Password", "value": "other"}]


@pytest.mark.parametrize(
    "statement",
    [
        """UPDATE functions SET code = json_merge_patch(code, '{"S3Key": "g.zip"}') WHERE function_name = 'f'""",
        "UPDATE functions SET description = code::VARCHAR WHERE function_name = 'f'",
        "UPDATE functions SET description = 'x' WHERE function_name = 'f' AND code IS NULL",
        "DELETE FROM functions WHERE function_name = 'f' AND code IS NULL",
    ],
)
def test_what_a_read_does_not_show_is_not_built_on(
    cursor: ccdbapi.Cursor, service: CloudControl, statement: str
) -> None:
    with pytest.raises(ccdbapi.NotSupportedError, match=r" awscc.lambda.functions reads code, which is write-only"):
        cursor.execute(statement.replace(" functions", " awscc.lambda.functions"))
    assert not service.calls


# What is sent as it stands, and what there is none of


def test_a_document_is_sent_as_it_stands_and_nothing_read(
    images: ccdbapi.Cursor, service: CloudControl, patches: Patches
) -> None:
    document = '[ {"op":"add", "path":"/ImageDescription", "value":"x"} ]'
    images.execute(f"UPDATE {IMAGES} SET PatchDocument = '{document}' WHERE {where('one')}")
    assert operations(service)[0] == "UpdateResource"
    assert service.calls[0].payload["PatchDocument"] == document


def test_a_resource_that_does_not_exist_is_no_row(images: ccdbapi.Cursor, service: CloudControl) -> None:
    images.execute(f"UPDATE {IMAGES} SET image_description = 'x' WHERE {where('none')} RETURNING Identifier")
    assert (images.fetchall(), images.rowcount) == ([], 0)
    assert operations(service) == ["GetResource"]


class Overtaken(CloudControl):
    """Another one changes each resource, by the patch document ``meanwhile``, before the next update of it."""

    meanwhile: str | None = None

    def answer(self, operation: str, payload: Mapping[str, object], *, account: str, region: str) -> dict[str, object]:
        if operation == "UpdateResource" and self.meanwhile is not None:
            document, self.meanwhile = self.meanwhile, None
            others = {"TypeName": payload["TypeName"], "Identifier": payload["Identifier"], "PatchDocument": document}
            super().answer(operation, others, account=account, region=region)
        return super().answer(operation, payload, account=account, region=region)


A, B = {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}


@pytest.mark.parametrize(
    ("assignment", "meanwhile", "after"),
    [
        ("image_description = 'mine'", {"path": "/ImageDescription", "value": "other"}, ("other", [A, B])),
        ("image_description = NULL", {"path": "/ImageDescription", "value": "other"}, ("other", [A, B])),
        ("""tags = '[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]'""", {"path": "/Tags", "value": [B, A]},
         ("old", [B, A])),
        ("""tags = '[{"Key":"b","Value":"1"}]'""", {"path": "/Tags/0/Value", "value": "2"},
         ("old", [{"Key": "a", "Value": "2"}, B])),
        ("tags = NULL", {"path": "/Tags/0/Value", "value": "2"}, ("old", [{"Key": "a", "Value": "2"}, B])),
    ],
)  # fmt: skip
def test_what_another_changes_in_between_is_not_overwritten(
    assignment: str, meanwhile: dict[str, object], after: tuple[object, ...]
) -> None:
    service = Overtaken()
    with ccdbapi.connect(embedded=service) as connection, connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {IMAGES} (ImageName, ImageRoleArn, ImageDescription, Tags, region) VALUES (?, ?, ?, ?, ?)",
            ["one", ROLE, "old", [A, B], "us-east-1"],
        )
        service.meanwhile = json.dumps([{"op": "replace", **meanwhile}])
        with pytest.raises(ccdbapi.DataError, match=r"changed since it was read.*can be executed again"):
            cursor.execute(f"UPDATE {IMAGES} SET {assignment} WHERE {where('one')}")
        cursor.execute(f"SELECT image_description, tags FROM {IMAGES} WHERE {where('one')}")
        assert cursor.fetchall() == [after]
    service.close()


def test_a_document_is_refused_where_its_own_tests_fail(images: ccdbapi.Cursor, service: CloudControl) -> None:
    stale = [{"op": "test", "path": "/ImageDescription", "value": "older"}]
    stale += [{"op": "replace", "path": "/ImageDescription", "value": "x"}]
    with pytest.raises(ccdbapi.DataError, match="older"):
        images.execute(f"UPDATE {IMAGES} SET PatchDocument = ? WHERE {where('one')}", [json.dumps(stale)])
    images.execute(f"SELECT image_description FROM {IMAGES} WHERE {where('one')}")
    assert images.fetchall() == [("old",)]


@pytest.mark.parametrize(
    ("assignment", "error", "message"),
    [
        ("image_arn = 'x'", ccdbapi.NotSupportedError, "image_arn of .* is read-only.*would have to be replaced"),
        ("ImageName = 'x'", ccdbapi.NotSupportedError, "image_name of .* is create-only.*would have to be replaced"),
        ("image_descripton = 'x'", ccdbapi.ProgrammingError, "did you mean image_description"),
        ("image_description = 'x', ImageDescription = 'y'", ccdbapi.ProgrammingError, "twice"),
        ("image_description = 'x', image_description = 'y'", ccdbapi.ProgrammingError, "set twice"),
        (
            "image_description = 'x', PatchDocument = '[]'",
            ccdbapi.ProgrammingError,
            "sets PatchDocument and image_desc",
        ),
        ("region = 'eu-west-1'", ccdbapi.ProgrammingError, "says which resource"),
        ("Identifier = 'x'", ccdbapi.ProgrammingError, "says which resource"),
        ("ClientToken = 'x'", ccdbapi.ProgrammingError, "changes nothing"),
        ("image_description = nothing", ccdbapi.ProgrammingError, "nothing"),
        ("image_description = DEFAULT", ccdbapi.NotSupportedError, "DEFAULT is not supported; NULL takes a property"),
    ],
)
def test_what_cannot_be_set_is_found_before_any_call(
    images: ccdbapi.Cursor, service: CloudControl, assignment: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        images.execute(f"UPDATE {IMAGES} SET {assignment} WHERE {where('one')}")
    assert not service.calls


@pytest.mark.parametrize(
    ("assignment", "error", "message"),
    [
        ("tags = '[{'", ccdbapi.DataError, "tags takes array"),
        ("tags = '{}'", ccdbapi.DataError, "tags takes array"),
        ("tags = '[{\"Key\": 1, \"Value\": \"x\"}, {\"Key\": \"y\"}]'", ccdbapi.DataError,
         r"#/Tags/0/Key: expected type: String, found: Integer; #/Tags/1: required key \[Value\] not found"),
        ("image_description = ''", ccdbapi.DataError, "#/ImageDescription: expected minLength: 1"),
        ("image_role_arn = 'x', image_display_name = ''", ccdbapi.DataError,
         "#/ImageRoleArn: failed .*#/ImageDisplayName: expected minLength"),
        ("image_role_arn = NULL", ccdbapi.DataError, r"required key \[ImageRoleArn\] cannot be removed"),
        ("image_description = (SELECT v FROM (VALUES ('a'), ('b')) AS t(v))", ccdbapi.DatabaseError,
         "scalar subqueries can only return a single row.$"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_found_before_any_write(
    images: ccdbapi.Cursor, service: CloudControl, assignment: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        images.execute(f"UPDATE {IMAGES} SET {assignment} WHERE {where('one', 'two')}")
    assert "UpdateResource" not in operations(service)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('{"Name": "other"}', "/Source/Name of AWS::MediaConnect::Flow is create-only.*would have to be replaced"),
        ('{"Name": null}', "/Source/Name of AWS::MediaConnect::Flow is create-only.*would have to be replaced"),
        ('{"IngestIp": "x"}', "/Source/IngestIp of AWS::MediaConnect::Flow is read-only.*would have to be replaced"),
    ],
)
def test_a_part_that_cannot_be_changed_is_told_with_its_resource(
    cursor: ccdbapi.Cursor, service: CloudControl, change: str, message: str
) -> None:
    flows = "awscc.mediaconnect.flows"
    cursor.execute(f"INSERT INTO {flows} (Name, Source) VALUES ('f', ?) RETURNING Identifier", [{"Name": "s"}])
    ((arn,),) = cursor.fetchall()
    with pytest.raises(ccdbapi.NotSupportedError, match=f"UPDATE {flows} of {arn}: {message}"):
        cursor.execute(f"UPDATE {flows} SET source = json_merge_patch(source, ?) WHERE flow_arn = ?", [change, arn])
    assert "UpdateResource" not in operations(service)


def test_two_values_for_one_resource_are_found_before_any_write(images: ccdbapi.Cursor, service: CloudControl) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match=r"gives 2 different values for one resource .*image/two"):
        images.execute(
            f"UPDATE {IMAGES} AS i SET image_description = v.text "
            f"FROM (VALUES ('one', 'a'), ('two', 'b'), ('two', 'c')) AS v(name, text) "
            f"WHERE {where('one', 'two')} AND i.image_name = v.name"
        )
    assert set(operations(service)) == {"GetResource"}


def test_the_same_value_twice_is_one(images: ccdbapi.Cursor, patches: Patches) -> None:
    images.execute(
        f"UPDATE {IMAGES} SET image_description = v.text FROM (VALUES ('a'), ('a')) AS v(text) WHERE {where('one')}"
    )
    assert patches() == {"one": replaced("/ImageDescription", "old", "a")}


def test_many_sets_of_parameters(images: ccdbapi.Cursor, service: CloudControl, patches: Patches) -> None:
    images.executemany(
        f"UPDATE {IMAGES} SET image_description = ? WHERE region = 'us-east-1' AND Identifier = ?",
        [("a", arn("one")), ("old", arn("two")), ("c", arn("three"))],
    )
    assert images.rowcount == 2
    assert patches() == {
        "one": replaced("/ImageDescription", "old", "a"),
        "three": replaced("/ImageDescription", "old", "c"),
    }
    assert operations(service).count("GetResource") == 3


def test_two_sets_for_one_resource_are_refused(images: ccdbapi.Cursor, service: CloudControl) -> None:
    with pytest.raises(ccdbapi.ProgrammingError, match=r"Two sets of parameters.*image/one"):
        images.executemany(
            f"UPDATE {IMAGES} SET image_description = ? WHERE region = 'us-east-1' AND Identifier = ?",
            [("a", arn("one")), ("b", arn("one"))],
        )
    assert "UpdateResource" not in operations(service)
