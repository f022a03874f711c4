"""The calls that statements make: exactly these, whatever order they come in.

A call is written as ``get us roles a b`` (GetResource of a and b) or ``list us functions``; a list by parents has their
values after it. The number before each statement's calls is that of its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

import ccdbapi
from ccdbapi.emulator.service import Call, CloudControl

REGIONS = {"us": "us-east-1", "eu": "eu-west-1"}
TYPES = {
    "roles": "AWS::IAM::Role",
    "functions": "AWS::Lambda::Function",
    "workflows": "AWS::Glue::Workflow",
    "parameters": "AWS::SSM::Parameter",
    "apis": "AWS::ApiGateway::RestApi",
    "models": "AWS::ApiGateway::Model",
}

R, F, W, P, M, A = (
    "awscc.iam.roles",
    "awscc.lambda.functions",
    "awscc.glue.workflows",
    "awscc.ssm.parameters",
    "awscc.apigateway.models",
    "awscc.apigateway.rest_apis",
)
US = "region = 'us-east-1'"


class World:
    """A few resources that name each other, and connections to them. ``api`` is the identifier of the one REST API."""

    def __init__(self) -> None:
        self.service = CloudControl()
        self.denying = ccdbapi.connect(embedded=self.service)
        self.listing = ccdbapi.connect(embedded=self.service, scan="list")
        self._create()

    def close(self) -> None:
        self.denying.close()
        self.listing.close()
        self.service.close()

    def calls(self, connection: ccdbapi.Connection, sql: str, parameters: Sequence[object] = ()) -> tuple[int, str]:
        """How many rows a statement has, and the calls it makes."""
        self.service.calls.clear()
        with connection.cursor() as cursor:
            rows = cursor.execute(sql.replace("{api}", self.api), parameters).fetchall()
        return len(rows), written(map(self.call, self.service.calls))

    def call(self, call: Call) -> str:
        region = next(name for name, region in REGIONS.items() if region == call.region)
        kind = next((name for name, kind in TYPES.items() if kind == call.payload.get("TypeName")), "")
        match call.operation:
            case "GetResource":
                named = str(call.payload["Identifier"])
            case "ListResources":
                named = str(call.payload.get("ResourceModel", ""))
            case _:
                named = ""
        operation = {"GetResource": "get", "ListResources": "list"}.get(call.operation, call.operation)
        return " ".join(f"{operation} {region} {kind} {named}".replace(self.api, "{api}").split())

    def _create(self) -> None:
        cursor = self.denying.cursor()
        role = f"INSERT INTO {R} (RoleName, AssumeRolePolicyDocument, Description, region) VALUES (?, '{{}}', ?, ?)"
        for region, name, description in (
            ("us-east-1", "a", "b"), ("us-east-1", "b", None), ("us-east-1", "c", "a"), ("eu-west-1", "b", "c"),
        ):  # fmt: skip
            cursor.execute(role, (name, description, region))
        function = (
            f"INSERT INTO {F} (FunctionName, Role, Code, MemorySize, region) "
            """VALUES (?, 'arn:aws:iam::123456789012:role/' || ?, '{"ZipFile": ""}', ?, ?)"""
        )
        for region, name, of, memory in (
            ("us-east-1", "f", "a", 128), ("us-east-1", "g", "b", 256), ("us-east-1", "h", "a", 512),
            ("eu-west-1", "g", "b", 128),
        ):  # fmt: skip
            cursor.execute(function, (name, of, memory, region))
        for name, description in (("a", "b"), ("b", None), ("v", "w"), ("w", None)):
            workflow = f"INSERT INTO {W} (Name, Description, region) VALUES (?, ?, 'us-east-1')"
            cursor.execute(workflow, (name, description))
        for name, value in (("one", "b"), ("many", '["a","c"]'), ("comma", "a,b")):
            cursor.execute(
                f"INSERT INTO {P} (Name, Type, Value, region) VALUES (?, 'String', ?, 'us-east-1')", (name, value)
            )
        cursor.execute(f"INSERT INTO {A} (Name, region) VALUES ('shop', 'us-east-1') RETURNING identifier")
        ((self.api,),) = cursor.fetchall()
        for name in ("m", "n"):
            cursor.execute(f"INSERT INTO {M} (RestApiId, Name, region) VALUES (?, ?, 'us-east-1')", (self.api, name))


def written(calls: Iterator[str]) -> str:
    """Calls in an order of their own, with those that differ in the identifier alone as one."""
    named: dict[str, list[str]] = {}
    for call in calls:
        operation, region, kind, *names = call.split(" ", 3)
        named.setdefault(f"{operation} {region} {kind}", []).append(" ".join(names))
    return ", ".join(
        f"{start} {' '.join(sorted(names))}".strip() if any(names) else ", ".join([start] * len(names))
        for start, names in sorted(named.items())
    )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


Cases = dict[str, tuple[str, int, str]]

CONSTANTS: Cases = {
    "=": (f"SELECT arn FROM {R} WHERE {US} AND Identifier = 'a'", 1, "get us roles a"),
    "IN": (f"SELECT arn FROM {R} WHERE {US} AND Identifier IN ('a', 'x', 'a')", 1, "get us roles a x"),
    "two columns with IN": (
        f"SELECT arn FROM {R} WHERE region IN ('us-east-1', 'eu-west-1') AND Identifier IN ('a', 'b')", 3,
        "get eu roles a b, get us roles a b",
    ),
    "OR keeps pairs together": (
        f"SELECT arn FROM {R} WHERE ({US} AND Identifier = 'a') OR (region = 'eu-west-1' AND Identifier = 'b')", 2,
        "get eu roles b, get us roles a",
    ),
    "many pairs with IN": (
        f"SELECT arn FROM {R} WHERE (region, Identifier) IN (('us-east-1', 'a'), ('us-east-1', 'b'), "
        "('us-east-1', 'c'), ('eu-west-1', 'b'), ('eu-west-1', 'none'), ('eu-west-1', NULL))", 4,
        "get eu roles b none, get us roles a b c",
    ),
    "pairs with IN": (
        f"SELECT arn FROM {R} WHERE (region, Identifier) IN (('us-east-1', 'a'), ('eu-west-1', 'b'))", 2,
        "get eu roles b, get us roles a",
    ),
    "a part of OR that says nothing more": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier IN ('a', 'b') AND (description IS NULL OR role_name = 'a')", 2,
        "get us roles a b",
    ),
    "constant expressions": (
        f"SELECT arn FROM {R} WHERE region = lower('US-EAST-1') AND Identifier = chr(ascii('b') - 1)", 1,
        "get us roles a",
    ),
    "transitive equality": (
        f"SELECT r.arn, w.name FROM {R} r JOIN {W} w ON r.region = w.region AND r.Identifier = w.Identifier "
        "WHERE w.region = 'us-east-1' AND r.Identifier = 'a'", 1, "get us roles a, get us workflows a",
    ),
    "a column equal to a column that is constant": (
        f"SELECT arn FROM {R} WHERE {US} AND role_name = Identifier AND role_name = 'a'", 1, "get us roles a",
    ),
    "the properties of the identifier": (f"SELECT arn FROM {R} WHERE {US} AND role_name = 'a'", 1, "get us roles a"),
    "contradictions": (f"SELECT arn FROM {R} WHERE {US} AND Identifier = 'a' AND Identifier = 'b'", 0, ""),
    "= ANY of a list": (f"SELECT arn FROM {R} WHERE {US} AND Identifier = ANY (['a', 'b'])", 2, "get us roles a b"),
    "IN of an unnested list": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier IN (SELECT unnest(['a', 'b']))", 2, "get us roles a b",
    ),
    "IN of VALUES": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier IN (VALUES ('a'), ('b'))", 2, "get us roles a b",
    ),
    "a scalar subquery without tables": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier = (SELECT max(k) FROM (VALUES ('a'), ('b')) v (k))", 1,
        "get us roles b",
    ),
    "the parents of a list": (
        f"SELECT name FROM {M}_list_only WHERE {US} AND rest_api_id = '{{api}}'", 2,
        'list us models {"RestApiId": "{api}"}',
    ),
    "the parts of a composite identifier": (
        f"SELECT name FROM {M} WHERE {US} AND rest_api_id = '{{api}}' AND name IN ('m', 'x')", 1,
        "get us models {api}|m {api}|x",
    ),
    "lists of several regions": (
        f"SELECT count(*) FROM {R}_list_only WHERE region IN ('us-east-1', 'eu-west-1')", 1,
        "list eu roles, list us roles",
    ),
}  # fmt: skip

SHAPES: Cases = {
    "a CTE": (
        f"WITH c AS (SELECT * FROM {R} WHERE {US}) SELECT arn FROM c WHERE Identifier = 'a'", 1, "get us roles a",
    ),
    "a CTE used twice": (
        f"WITH c AS (SELECT * FROM {R} WHERE {US} AND Identifier IN ('a', 'b')) "
        "SELECT x.arn FROM c x JOIN c y ON x.Identifier = y.description", 1, "get us roles a b",
    ),
    "a materialized CTE": (
        f"WITH c AS MATERIALIZED (SELECT * FROM {R} WHERE {US} AND Identifier = 'a') FROM c UNION ALL FROM c", 2,
        "get us roles a",
    ),
    "a derived table around it": (
        f"SELECT description, count(*) FROM (SELECT * FROM {R} WHERE {US} AND Identifier IN ('a', 'b')) "
        "AS virtual_table GROUP BY description ORDER BY 2 DESC LIMIT 1000", 2, "get us roles a b",
    ),
    "a predicate around a derived table": (
        f"SELECT arn FROM (SELECT arn, region r, Identifier i FROM {R}) AS v WHERE r = 'us-east-1' AND i = 'a'", 1,
        "get us roles a",
    ),
    "a predicate on a group": (
        f"SELECT * FROM (SELECT region, Identifier, count(*) FROM {R} GROUP BY ALL) WHERE {US} AND Identifier = 'a'", 1,
        "get us roles a",
    ),
    "UNION ALL of one table": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier = 'a' UNION ALL "
        f"SELECT arn FROM {R} WHERE region = 'eu-west-1' AND Identifier = 'b'", 2, "get eu roles b, get us roles a",
    ),
    "UNION of the same resource": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier = 'a' UNION "
        f"SELECT arn FROM {R} WHERE {US} AND Identifier = 'a'", 1,
        "get us roles a",
    ),
    "a predicate around UNION ALL": (
        f"SELECT * FROM (SELECT region, Identifier, 'r' FROM {R} UNION ALL SELECT region, Identifier, 'w' FROM {W}) "
        f"WHERE {US} AND Identifier = 'a'", 2, "get us roles a, get us workflows a",
    ),
    "EXCEPT": (
        f"SELECT Identifier FROM {R}_list_only WHERE {US} EXCEPT SELECT Identifier FROM {W}_list_only WHERE {US}", 1,
        "list us roles, list us workflows",
    ),
    "QUALIFY": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier IN ('a', 'b') QUALIFY row_number() OVER (ORDER BY arn) = 1", 1,
        "get us roles a b",
    ),
    "a predicate around a window that is parted by it": (
        f"SELECT * FROM (SELECT region, Identifier, count(*) OVER (PARTITION BY region, Identifier) FROM {R}) "
        f"WHERE {US} AND Identifier = 'a'", 1, "get us roles a",
    ),
    "USING": (
        f"SELECT arn FROM {R}_list_only l JOIN {R} USING (region, Identifier) WHERE {US} AND Identifier <> 'c'", 2,
        "get us roles a b, list us roles",
    ),
    "NATURAL": (
        f"SELECT arn FROM {W}_list_only NATURAL JOIN (SELECT region, Identifier, arn FROM {R}) WHERE {US}", 2,
        "get us roles a b v w, list us workflows",
    ),
    "LATERAL": (
        f"SELECT * FROM {W}_list_only l, LATERAL (SELECT arn FROM {R} r WHERE r.region = l.region "
        f"AND r.Identifier = l.Identifier) WHERE l.{US}", 2, "get us roles a b v w, list us workflows",
    ),
    "LATERAL with LIMIT": (
        f"SELECT * FROM {W}_list_only l, LATERAL (SELECT max(arn) FROM {R} r WHERE r.region = l.region "
        f"AND r.Identifier = l.Identifier) WHERE l.{US}", 4, "get us roles a b v w, list us workflows",
    ),
    "a correlated scalar subquery": (
        f"SELECT (SELECT arn FROM {R} r WHERE r.region = l.region AND r.Identifier = l.Identifier) "
        f"FROM {W}_list_only l WHERE {US}", 4, "get us roles a b v w, list us workflows",
    ),
    "columns that are not needed of a list": (f"SELECT 1 FROM {R}_list_only WHERE {US}", 3, "list us roles"),
}  # fmt: skip

ARN_OF_FUNCTION = "split_part(f.role, '/', -1)"

FEEDS: Cases = {
    "a list": (
        f"SELECT i.arn FROM {R}_list_only l JOIN {R} i ON i.region = l.region AND i.Identifier = l.Identifier "
        f"WHERE l.{US} AND l.role_name <> 'c'", 2, "get us roles a b, list us roles",
    ),
    "a list, by a comma": (
        f"SELECT i.arn FROM {R}_list_only l, {R} i WHERE i.region = l.region AND i.Identifier = l.Identifier "
        f"AND l.{US} AND l.role_name LIKE 'b%'", 1, "get us roles b, list us roles",
    ),
    "a get": (
        f"SELECT r.arn FROM {F} f JOIN {R} r ON r.region = f.region AND r.Identifier = {ARN_OF_FUNCTION} "
        f"WHERE f.{US} AND f.Identifier = 'f'", 1, "get us functions f, get us roles a",
    ),
    "a chain: a list, its gets, and what these name": (
        f"SELECT f.function_name, r.arn FROM {F}_list_only l JOIN {F} f USING (region, Identifier) "
        f"JOIN {R} r ON r.region = l.region AND r.Identifier = {ARN_OF_FUNCTION} WHERE l.{US}", 3,
        "get us functions f g h, get us roles a b, list us functions",
    ),
    "only what the driving side's own predicates leave": (
        f"SELECT r.arn FROM {F}_list_only l JOIN {F} f USING (region, Identifier) JOIN {R} r ON r.region = f.region "
        f"AND r.Identifier = {ARN_OF_FUNCTION} WHERE l.{US} AND f.memory_size > 200 AND f.function_name <> 'h'", 1,
        "get us functions f g h, get us roles b, list us functions",
    ),
    "another region": (
        f"SELECT e.description FROM {R}_list_only l JOIN {R} e ON e.region = 'eu-west-1' "
        f"AND e.Identifier = l.Identifier WHERE l.{US}", 1, "get eu roles a b c, list us roles",
    ),
    "regions that the rows tell": (
        f"SELECT r.description FROM {F}_list_only f JOIN {R} r ON r.region = f.region AND r.role_name = 'b' "
        "WHERE f.region IN ('us-east-1', 'eu-west-1')", 4,
        "get eu roles b, get us roles b, list eu functions, list us functions",
    ),
    "LEFT JOIN": (
        f"SELECT w.Identifier, r.arn FROM {W}_list_only w LEFT JOIN {R} r USING (region, Identifier) WHERE {US}", 4,
        "get us roles a b v w, list us workflows",
    ),
    "LEFT JOIN with a predicate on its left side in ON": (
        f"SELECT w.Identifier, r.arn FROM {W}_list_only w LEFT JOIN {R} r ON r.region = w.region "
        f"AND r.Identifier = w.Identifier AND w.name <> 'v' WHERE w.{US}", 4,
        "get us roles a b w, list us workflows",
    ),
    "RIGHT JOIN": (
        f"SELECT w.Identifier, r.arn FROM {R} r RIGHT JOIN {W}_list_only w ON r.region = w.region "
        f"AND r.Identifier = w.Identifier WHERE w.{US}", 4, "get us roles a b v w, list us workflows",
    ),
    "SEMI JOIN": (
        f"SELECT Identifier FROM {W}_list_only w SEMI JOIN {R} r ON r.region = w.region "
        f"AND r.Identifier = w.Identifier AND r.description IS NOT NULL WHERE w.{US}", 1,
        "get us roles a b v w, list us workflows",
    ),
    "ANTI JOIN": (
        f"SELECT Identifier FROM {W}_list_only w ANTI JOIN {R} r ON r.region = w.region "
        f"AND r.Identifier = w.Identifier WHERE w.{US}", 2, "get us roles a b v w, list us workflows",
    ),
    "EXISTS": (
        f"SELECT Identifier FROM {W}_list_only w WHERE {US} AND EXISTS (FROM {R} r WHERE r.region = w.region "
        "AND r.Identifier = w.Identifier AND r.description = 'b')", 1, "get us roles a b v w, list us workflows",
    ),
    "NOT EXISTS": (
        f"SELECT Identifier FROM {W}_list_only w WHERE {US} AND NOT EXISTS (FROM {R} r WHERE r.region = w.region "
        "AND r.Identifier = w.Identifier)", 2, "get us roles a b v w, list us workflows",
    ),
    "IN (SELECT …)": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier IN (SELECT Identifier FROM {W}_list_only WHERE {US} "
        "AND name < 'c')", 2, "get us roles a b, list us workflows",
    ),
    "IN (SELECT …) of pairs": (
        f"SELECT arn FROM {R} WHERE (region, Identifier) IN (SELECT region, name FROM {W}_list_only WHERE {US})", 2,
        "get us roles a b v w, list us workflows",
    ),
    "a get in IN (SELECT …)": (
        f"SELECT Identifier FROM {W}_list_only w WHERE {US} AND name IN (SELECT role_name FROM {R} r "
        "WHERE r.region = w.region AND r.Identifier = w.name)", 2, "get us roles a b v w, list us workflows",
    ),
    "a self-join": (
        f"SELECT x.arn, y.arn FROM {R} x JOIN {R} y ON y.region = x.region AND y.Identifier = x.description "
        f"WHERE x.{US} AND x.Identifier IN ('a', 'c')", 2, "get us roles a b c",
    ),
    "VALUES": (
        f"SELECT r.arn FROM (VALUES ('us-east-1', 'a'), ('eu-west-1', 'b'), ('us-east-1', NULL)) v (region, id) "
        f"JOIN {R} r ON r.region = v.region AND r.Identifier = v.id", 2, "get eu roles b, get us roles a",
    ),
    "VALUES, filtered": (
        f"SELECT r.arn FROM (VALUES ('a', 1), ('b', 2), ('c', 3)) v (id, n) "
        f"JOIN {R} r ON r.region = 'us-east-1' AND r.Identifier = v.id WHERE n > 1", 2, "get us roles b c",
    ),
    "unnest of a JSON array": (
        f"SELECT r.arn FROM {P} p, unnest(CAST(p.value::JSON AS VARCHAR[])) u (id) JOIN {R} r ON r.region = p.region "
        f"AND r.Identifier = u.id WHERE p.{US} AND p.Identifier = 'many'", 2,
        "get us parameters many, get us roles a c",
    ),
    "unnest of a split text": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier IN (SELECT unnest(string_split(value, ',')) FROM {P} "
        f"WHERE {US} AND name = 'comma')", 2, "get us parameters comma, get us roles a b",
    ),
    "= (SELECT max(…))": (
        f"SELECT arn FROM {R} WHERE {US} AND Identifier = (SELECT max(name) FROM {W}_list_only WHERE {US} "
        "AND name < 'v')", 1, "get us roles b, list us workflows",
    ),
    "a CTE that groups": (
        f"WITH c AS (SELECT split_part(role, '/', -1) AS name, count(*) AS n FROM {F} WHERE {US} AND Identifier IN "
        f"('f', 'g', 'h') GROUP BY ALL HAVING count(*) > 1) SELECT arn, n FROM c JOIN {R} r ON r.{US} "
        "AND r.role_name = c.name", 1, "get us functions f g h, get us roles a",
    ),
    "CASE": (
        f"SELECT r.arn FROM {W}_list_only w JOIN {R} r ON r.region = w.region AND r.Identifier = CASE w.name "
        f"WHEN 'v' THEN 'c' WHEN 'w' THEN NULL ELSE w.name END WHERE w.{US}", 3,
        "get us roles a b c, list us workflows",
    ),
    "coalesce": (
        f"SELECT r.arn FROM {W} w JOIN {R} r ON r.region = w.region AND r.Identifier = coalesce(w.description, 'c') "
        f"WHERE w.{US} AND w.Identifier IN ('a', 'b')", 2, "get us roles b c, get us workflows a b",
    ),
    "the parts of a composite identifier": (
        f"SELECT m.Identifier FROM {A}_list_only a JOIN {M} m ON m.region = a.region "
        f"AND m.rest_api_id = a.rest_api_id AND m.name = 'm' WHERE a.{US}", 1, "get us models {api}|m, list us apis",
    ),
    "a UNION of lists": (
        f"SELECT r.arn FROM (SELECT region, name FROM {W}_list_only UNION SELECT region, function_name "
        f"FROM {F}_list_only) u JOIN {R} r ON r.region = u.region AND r.Identifier = u.name WHERE u.{US}", 2,
        "get us roles a b f g h v w, list us functions, list us workflows",
    ),
    "a LIMIT below, whose rows another query might choose otherwise": (
        f"SELECT r.arn FROM (SELECT * FROM {W}_list_only WHERE {US} ORDER BY name LIMIT 1) w "
        f"JOIN {R} r USING (region, Identifier)", 1, "get us roles a b v w, list us workflows",
    ),
    "two that feed one": (
        f"SELECT m.Identifier FROM {W}_list_only w JOIN {A}_list_only a USING (region) JOIN {M} m "
        f"ON m.region = a.region AND m.rest_api_id = a.rest_api_id AND m.name = replace(w.name, 'v', 'm') "
        "WHERE region = 'us-east-1' AND w.name >= 'v'", 1,
        "get us models {api}|m {api}|w, list us apis, list us workflows",
    ),
    "a list by parents that a list tells": (
        f"SELECT m.name FROM {A}_list_only a JOIN {M}_list_only m ON m.region = a.region "
        f"AND m.rest_api_id = a.rest_api_id WHERE a.{US}", 2, 'list us apis, list us models {"RestApiId": "{api}"}',
    ),
    "lists, then gets, by parents that a list tells": (
        f"SELECT g.description FROM {A}_list_only a JOIN {M}_list_only m USING (region, rest_api_id) "
        f"JOIN {M} g ON g.region = m.region AND g.Identifier = m.Identifier WHERE a.{US}", 2,
        'get us models {api}|m {api}|n, list us apis, list us models {"RestApiId": "{api}"}',
    ),
    "generic tables": (
        "SELECT r.Properties FROM awscc.cloud_control.resources l JOIN awscc.cloud_control.resource r "
        "ON r.region = l.region AND r.TypeName = l.TypeName AND r.identifier = l.identifier "
        f"WHERE l.{US} AND l.TypeName = 'AWS::IAM::Role' AND l.identifier < 'c'", 2,
        "get us roles a b, list us roles",
    ),
    "a typed table that a generic one tells": (
        f"SELECT arn FROM awscc.cloud_control.resources l JOIN {R} r ON r.region = l.region "
        f"AND r.Identifier = l.identifier WHERE l.{US} AND l.TypeName = 'AWS::Glue::Workflow'", 2,
        "get us roles a b v w, list us workflows",
    ),
}  # fmt: skip

LISTED: Cases = {
    "gets of all that is listed": (
        f"SELECT arn FROM {R} WHERE {US}", 3, "get us roles a b c, list us roles",
    ),
    "no more than identifiers": (f"SELECT region, Identifier, role_name FROM {R} WHERE {US}", 3, "list us roles"),
    "count(*)": (f"SELECT count(*) FROM {R} WHERE region IN ('us-east-1', 'eu-west-1')", 1,
                 "list eu roles, list us roles"),
    "a predicate on no more than identifiers": (
        f"SELECT count(*) FROM {R} WHERE {US} AND Identifier LIKE 'a%'", 1, "list us roles",
    ),
    "the property that is the identifier": (f"SELECT arn FROM {R} WHERE {US} AND role_name = 'a'", 1, "get us roles a"),
    "under a parent": (
        f"SELECT description FROM {M} WHERE {US} AND rest_api_id = '{{api}}'", 2,
        'get us models {api}|m {api}|n, list us models {"RestApiId": "{api}"}',
    ),
    "under parents that are listed themselves": (
        f"SELECT m.description FROM {A} a JOIN {M} m USING (region, rest_api_id) WHERE region = 'us-east-1'", 2,
        'get us models {api}|m {api}|n, list us apis, list us models {"RestApiId": "{api}"}',
    ),
    "as the driving side of a join": (
        f"SELECT r.arn FROM {F} f JOIN {R} r ON r.region = f.region AND r.Identifier = {ARN_OF_FUNCTION} "
        f"WHERE f.{US}", 3, "get us functions f g h, get us roles a b, list us functions",
    ),
    "as both sides of a join": (
        f"SELECT x.arn FROM {R} x JOIN {R} y ON x.description = y.description AND x.{US} AND y.{US}", 2,
        "get us roles a b c, list us roles",
    ),
    "in EXISTS": (f"SELECT EXISTS (FROM {R} WHERE {US} AND description = 'b')", 1, "get us roles a b c, list us roles"),
}  # fmt: skip


def cases(table: Cases) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("sql", "rows", "calls"), table.values(), ids=table)


@cases(CONSTANTS)
def test_constants_tell(world: World, sql: str, rows: int, calls: str) -> None:
    assert world.calls(world.denying, sql) == (rows, calls)


@cases(SHAPES)
def test_in_whatever_shape(world: World, sql: str, rows: int, calls: str) -> None:
    assert world.calls(world.denying, sql) == (rows, calls)


@cases(FEEDS)
def test_rows_tell(world: World, sql: str, rows: int, calls: str) -> None:
    assert world.calls(world.denying, sql) == (rows, calls)


@pytest.mark.parametrize("table", [CONSTANTS, SHAPES, FEEDS], ids=["constants", "shapes", "feeds"])
def test_where_lists_are_allowed_nothing_is_listed_that_need_not_be(world: World, table: Cases) -> None:
    made = {name: world.calls(world.listing, sql) for name, (sql, _, _) in table.items()}
    assert made == {name: (rows, calls) for name, (_, rows, calls) in table.items()}


@cases(LISTED)
def test_a_list_tells_where_nothing_else_does(world: World, sql: str, rows: int, calls: str) -> None:
    assert world.calls(world.listing, sql) == (rows, calls)


@pytest.mark.parametrize(
    ("sql", "parameters", "rows", "calls"),
    [
        (f"SELECT arn FROM {R} WHERE region = ? AND Identifier IN (?, ?)", ("us-east-1", "a", "b"), 2,
         "get us roles a b"),
        (f"SELECT arn FROM {R} WHERE {US} AND Identifier = lower(?)", ("A",), 1, "get us roles a"),
        (f"SELECT arn FROM {R} WHERE {US} AND Identifier = ANY (?)", (["a", "c"],), 2, "get us roles a c"),
        (f"SELECT arn FROM {R} WHERE {US} AND Identifier IN (SELECT unnest(?))", (["a", "b"],), 2, "get us roles a b"),
        (
            f"SELECT arn FROM {W}_list_only w JOIN {R} r ON r.region = w.region "
            f"AND r.Identifier = replace(w.name, ?, ?) WHERE w.{US} AND w.name > ?", ("w", "c", "b"), 1,
            "get us roles c v, list us workflows",
        ),
        (f"SELECT arn FROM {R} WHERE {US} AND Identifier = ?", (None,), 0, ""),
    ],
)  # fmt: skip
def test_parameters_tell(world: World, sql: str, parameters: Sequence[object], rows: int, calls: str) -> None:
    assert world.calls(world.denying, sql, parameters) == (rows, calls)
