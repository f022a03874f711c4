"""WHERE of UPDATE and DELETE: which resources it means, and the reads that it takes to find them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

import ccdbapi
from ccdbapi.emulator.service import CloudControl

FLOWS, LISTED = "awscc.glue.workflows", "awscc.glue.workflows_list_only"
US, EU = "us-east-1", "eu-west-1"
HERE = f"region = '{US}'"

#: Region and name of what there is. Those with an even number are old, the others new.
EXISTING = [(region, f"w{number}") for region in (US, EU) for number in range(4)]

READS = {"GetResource", "ListResources"}
WRITES = {"UpdateResource", "DeleteResource"}

Calls = Mapping[str, int]
GET, LIST = "GetResource", "ListResources"


@pytest.fixture
def flows(service: CloudControl) -> CloudControl:
    """The emulator with the workflows, and no calls as yet."""
    with ccdbapi.connect(embedded=service) as connection:
        connection.cursor().executemany(
            f"INSERT INTO {FLOWS} (name, description, region) VALUES (?, ?, ?)",
            [(name, "old" if int(name[1:]) % 2 == 0 else "new", region) for region, name in EXISTING],
        )
    service.calls.clear()
    return service


def written(service: CloudControl) -> list[tuple[str, str]]:
    return sorted((call.region, str(call.payload["Identifier"])) for call in service.calls if call.operation in WRITES)


def reads(service: CloudControl) -> Calls:
    return Counter(call.operation for call in service.calls if call.operation in READS)


#: A predicate, the connection's settings, what it means, and the reads that finding it takes a DELETE.
CASES: list[tuple[str, dict[str, object], list[tuple[str, str]], Calls]] = [
    (f"{HERE} AND name = 'w0'", {}, [(US, "w0")], {}),
    (f"{HERE} AND Identifier IN ('w0', 'w3')", {}, [(US, "w0"), (US, "w3")], {}),
    (f"region IN ('{US}', '{EU}') AND name = 'w1'", {}, [(EU, "w1"), (US, "w1")], {}),
    (f"(region = '{US}' AND name = 'w0') OR (region = '{EU}' AND name = 'w1')", {}, [(EU, "w1"), (US, "w0")], {}),
    (f"{HERE} AND name = 'w' || (1 + 1) AND 1 < 2", {}, [(US, "w2")], {}),
    (f"{HERE} AND name = 'w0' AND 1 > 2", {}, [], {}),
    (f"{HERE} AND name IN ('w0', 'w1', 'none') AND description = 'old'", {}, [(US, "w0")], {GET: 3}),
    (f"{HERE} AND name IN ('w0', 'w1') AND NOT description LIKE 'o%'", {}, [(US, "w1")], {GET: 2}),
    (f"{HERE} AND Identifier IN (SELECT Identifier FROM {LISTED} WHERE {HERE} AND name > 'w1')", {},
     [(US, "w2"), (US, "w3")], {LIST: 1}),
    (f"{HERE} AND name IN (SELECT name FROM {LISTED} WHERE {HERE}) AND description = 'new'", {},
     [(US, "w1"), (US, "w3")], {LIST: 1, GET: 4}),
    (f"{HERE} AND name IN (WITH c AS (SELECT 'w' || i AS n FROM range(2) AS r(i)) SELECT n FROM c)", {},
     [(US, "w0"), (US, "w1")], {}),
    (f"EXISTS (SELECT 1 FROM {LISTED} AS l WHERE l.region = '{EU}' AND l.name < 'w2' AND l.name = workflows.name "
     "AND l.region = workflows.region)", {}, [(EU, "w0"), (EU, "w1")], {LIST: 1}),
    ("description = 'new'", {"scan": "list", "regions": [US]}, [(US, "w1"), (US, "w3")], {LIST: 1, GET: 4}),
    (f"region = '{EU}'", {"scan": "list"}, [(EU, f"w{number}") for number in range(4)], {LIST: 1}),
    ("name = 'w0'", {"regions": [US, EU]}, [(EU, "w0"), (US, "w0")], {}),
]  # fmt: skip


@pytest.mark.parametrize(("where", "settings", "meant", "found_by"), CASES, ids=[case[0] for case in CASES])
def test_a_delete(
    flows: CloudControl, where: str, settings: dict[str, object], meant: list[tuple[str, str]], found_by: Calls
) -> None:
    with ccdbapi.connect(embedded=flows, **settings) as connection, connection.cursor() as cursor:  # type: ignore[arg-type]
        cursor.execute(f"DELETE FROM {FLOWS} WHERE {where}")
        assert cursor.rowcount == len(meant)
    assert written(flows) == meant
    assert reads(flows) == found_by


@pytest.mark.parametrize(("where", "settings", "meant", "found_by"), CASES, ids=[case[0] for case in CASES])
def test_an_update_reads_each_resource_once(
    flows: CloudControl, where: str, settings: dict[str, object], meant: list[tuple[str, str]], found_by: Calls
) -> None:
    with ccdbapi.connect(embedded=flows, **settings) as connection, connection.cursor() as cursor:  # type: ignore[arg-type]
        cursor.execute(f"UPDATE {FLOWS} SET description = description || '!' WHERE {where}")
        assert cursor.rowcount == len(meant)
    assert written(flows) == meant
    assert reads(flows) == {GET: len(meant), **found_by} if meant else reads(flows) == found_by


@pytest.mark.parametrize(
    ("statement", "found_by"),
    [
        (f"DELETE FROM {FLOWS} USING old WHERE workflows.region = old.region AND workflows.name = old.name", {LIST: 1}),
        (f"DELETE FROM {FLOWS} WHERE (region, name) IN (FROM old)", {LIST: 1}),
        (f"UPDATE {FLOWS} AS w SET description = (SELECT max(name) FROM old) FROM old "
         "WHERE w.region = old.region AND w.name = old.name", {LIST: 1, GET: 2}),
    ],
)  # fmt: skip
def test_common_tables_may_say_which(flows: CloudControl, statement: str, found_by: Calls) -> None:
    old = f"WITH old AS (SELECT region, name FROM {LISTED} WHERE {HERE} AND name > ?)"
    with ccdbapi.connect(embedded=flows) as connection, connection.cursor() as cursor:
        cursor.execute(f"{old} {statement}", ("w1",))
        assert cursor.rowcount == 2
    assert written(flows) == [(US, "w2"), (US, "w3")]
    assert reads(flows) == found_by


@pytest.mark.parametrize("verb", [f"DELETE FROM {FLOWS}", f"UPDATE {FLOWS} SET description = 'x'"])
@pytest.mark.parametrize(
    ("where", "lacking"),
    [
        ("description = 'old'", "needs region and Identifier"),
        (HERE, "needs Identifier"),
        (f"{HERE} AND description = 'old'", "needs Identifier"),
        (f"{HERE} AND (name = 'w0' OR description = 'old')", "needs Identifier"),
        (f"{HERE} AND name <> 'w0'", "needs Identifier"),
        ("name = 'w0'", "needs region"),
        ("true", "needs region and Identifier"),
    ],
)
def test_what_does_not_say_which_is_refused_before_any_call(
    flows: CloudControl, verb: str, where: str, lacking: str
) -> None:
    with (
        ccdbapi.connect(embedded=flows) as connection,
        connection.cursor() as cursor,
        pytest.raises(ccdbapi.ProgrammingError, match=lacking),
    ):
        cursor.execute(f"{verb} WHERE {where}")
    assert not flows.calls
