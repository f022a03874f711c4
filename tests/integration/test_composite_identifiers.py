"""Identifiers of several parts: by their parts, with a bar in one of them, of numbers; and the parents of lists."""

from __future__ import annotations

import json

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

MODELS = "awscc.apigateway.models"
ENTRIES = "awscc.ec2.transit_gateway_metering_policy_entries"
TAGGED = "awscc.lakeformation.tag_associations_list_only"


def create_model(cursor: ccdbapi.Cursor, api: str, name: str) -> str:
    cursor.execute(
        f"INSERT INTO {MODELS} (RestApiId, Name, ContentType, region) VALUES (?, ?, 'application/json', 'us-east-1')"
        " RETURNING Identifier",
        (api, name),
    )
    ((identifier,),) = cursor.fetchall()
    return str(identifier)


def asked(service: CloudControl, member: str) -> list[object]:
    """What the calls since the last look asked for."""
    found = [call.payload.get(member) for call in service.calls if call.operation != "GetResourceRequestStatus"]
    service.calls.clear()
    return found


def test_the_parts_together_are_the_identifier(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    assert create_model(cursor, "api", "m") == "api|m"
    service.calls.clear()
    for where in ("Identifier = 'api|m'", "rest_api_id = 'api' AND name = 'm'", "(rest_api_id, name) = ('api', 'm')"):
        cursor.execute(f"SELECT Identifier, rest_api_id, name FROM {MODELS} WHERE region = 'us-east-1' AND {where}")
        assert cursor.fetchall() == [("api|m", "api", "m")]
        assert asked(service, "Identifier") == ["api|m"]


def test_several_parts_make_every_combination(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    create_model(cursor, "api", "m")
    service.calls.clear()
    cursor.execute(
        f"SELECT Identifier FROM {MODELS} WHERE region = 'us-east-1' "
        "AND rest_api_id IN ('api', 'b') AND name IN ('m', 'n')"
    )
    assert cursor.fetchall() == [("api|m",)]
    assert sorted(map(str, asked(service, "Identifier"))) == ["api|m", "api|n", "b|m", "b|n"]


@pytest.mark.parametrize(("api", "name"), [("a|b", "c"), ("a", "b|c"), ("a|", "|c"), ("arn:aws:x:::y|z", "c")])
def test_a_bar_within_a_part_names_the_right_resource(
    service: CloudControl, cursor: ccdbapi.Cursor, api: str, name: str
) -> None:
    identifier = create_model(cursor, api, name)
    assert identifier == f"{api}|{name}"
    service.calls.clear()
    cursor.execute(
        f"SELECT Identifier, rest_api_id, name FROM {MODELS} WHERE region = 'us-east-1' "
        "AND rest_api_id = ? AND name = ?",
        (api, name),
    )
    assert cursor.fetchall() == [(identifier, api, name)]
    (sent,) = asked(service, "Identifier")
    assert json.loads(str(sent)) == {"RestApiId": api, "Name": name}

    # Of the parts that the joined identifier leaves open, the properties tell.
    for table in (MODELS, f"{MODELS}_list_only"):
        cursor.execute(
            f"SELECT rest_api_id, name FROM {table} WHERE region = 'us-east-1' AND Identifier = ? AND rest_api_id = ?",
            (identifier, api),
        )
        assert cursor.fetchall() == [(api, name)]


def test_a_write_by_parts_with_a_bar_reaches_the_resource_that_they_name(
    service: CloudControl, cursor: ccdbapi.Cursor
) -> None:
    identifier = create_model(cursor, "a|b", "c")
    service.calls.clear()
    cursor.execute(
        f"""UPDATE {MODELS} SET PatchDocument = '[{{"op": "add", "path": "/Description", "value": "x"}}]'
        WHERE region = 'us-east-1' AND rest_api_id = 'a|b' AND name = 'c' RETURNING Identifier"""
    )
    assert cursor.fetchall() == [(identifier,)]
    (sent,) = asked(service, "Identifier")
    assert json.loads(str(sent)) == {"RestApiId": "a|b", "Name": "c"}
    cursor.execute(f"DELETE FROM {MODELS} WHERE region = 'us-east-1' AND rest_api_id = 'a|b' AND name = 'c'")
    assert cursor.rowcount == 1
    cursor.execute(f"SELECT name FROM {MODELS} WHERE region = 'us-east-1' AND Identifier = ?", (identifier,))
    assert cursor.fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {MODELS} SET description = 'changed' WHERE",
        f"UPDATE {MODELS} SET PatchDocument = '[]' WHERE content_type = ? AND",
        f"DELETE FROM {MODELS} WHERE content_type = ? AND",
        f"DELETE FROM {MODELS} WHERE",
    ],
)
@pytest.mark.parametrize(("api", "name"), [("a|b", "c"), ("a", "b|c")])
def test_a_write_of_what_was_read_reaches_the_resource_that_was_read(
    service: CloudControl, cursor: ccdbapi.Cursor, statement: str, api: str, name: str
) -> None:
    """Joined, its identifier may be that of another one."""
    create_model(cursor, api, name)
    service.calls.clear()
    parameters = ["application/json"] * statement.count("?") + [api, name]
    cursor.execute(f"{statement} rest_api_id = ? AND name = ? RETURNING rest_api_id, name, Identifier", parameters)
    assert cursor.fetchall() == [(api, name, f"{api}|{name}")]
    for sent in asked(service, "Identifier"):
        assert json.loads(str(sent)) == {"RestApiId": api, "Name": name}


def test_parts_split_at_another_bar_are_another_resource(cursor: ccdbapi.Cursor) -> None:
    create_model(cursor, "a|b", "c")
    cursor.execute(f"SELECT * FROM {MODELS} WHERE region = 'us-east-1' AND rest_api_id = 'a' AND name = 'b|c'")
    assert cursor.fetchall() == []


def test_a_part_may_be_a_number(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(
        f"INSERT INTO {ENTRIES} (TransitGatewayMeteringPolicyId, PolicyRuleNumber, MeteredAccount, region)"
        " VALUES ('tgw', 5, 'source-attachment-owner', 'us-east-1') RETURNING Identifier"
    )
    assert cursor.fetchall() == [("tgw|5",)]
    for where, values in (("= 5", ()), ("= ?", (5,)), ("IN (4, 5)", ())):
        cursor.execute(
            f"SELECT policy_rule_number FROM {ENTRIES} WHERE region = 'us-east-1'"
            f" AND transit_gateway_metering_policy_id = 'tgw' AND policy_rule_number {where}",
            values,
        )
        assert cursor.fetchall() == [(5,)]


def test_a_list_is_made_for_every_combination_of_parents(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    create_model(cursor, "a", "m")
    create_model(cursor, "b", "n")
    service.calls.clear()
    cursor.execute(
        f"SELECT rest_api_id, name FROM {MODELS}_list_only WHERE region = 'us-east-1' "
        "AND rest_api_id IN ('a', 'b', 'c')"
        " ORDER BY ALL"
    )
    assert cursor.fetchall() == [("a", "m"), ("b", "n")]
    models = sorted(json.loads(str(model))["RestApiId"] for model in asked(service, "ResourceModel"))
    assert models == ["a", "b", "c"]


def test_a_parent_is_sent_as_its_schema_has_it(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    cursor.execute(f"SELECT * FROM {TAGGED} WHERE region = 'us-east-1' AND resource = ?", ('{"Catalog": {}}',))
    assert [json.loads(str(model)) for model in asked(service, "ResourceModel")] == [{"Resource": {"Catalog": {}}}]


def test_a_parent_that_is_not_what_its_schema_wants_is_refused(service: CloudControl, cursor: ccdbapi.Cursor) -> None:
    with pytest.raises(ccdbapi.DataError, match="resource takes object"):
        cursor.execute(f"SELECT * FROM {TAGGED} WHERE region = 'us-east-1' AND resource = '7'").fetchall()
    assert not service.calls
