"""Every resource type goes through its whole life on the emulator, in SQL alone.

What it is made of and how it is changed comes from its schema: the least that the schema asks for.
"""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest
from minimal_resource import changes, minimal_state, parent_value

import ccdbapi
from ccdbapi.catalog import Column, Table, packaged
from ccdbapi.emulator import pointers
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl

REGION = "us-east-1"

Json = dict[str, object]


class Tables(NamedTuple):
    """A type's tables: of single resources, and of those that its list handler shows."""

    single: Table
    listed: Table | None


def _tables() -> dict[str, Tables]:
    """Type → its tables, of those that can be created and read."""
    catalog = packaged()
    found: dict[str, Tables] = {}
    for service in catalog.services():
        names = set(catalog.tables(service))
        for name in sorted(names):
            table = catalog.table(service, name)
            handlers = table.resource_type.handlers
            if table.kind == "get" and {"create", "read"} <= handlers.keys():
                listed = f"{name}_list_only"
                found[table.resource_type.name] = Tables(
                    table, catalog.table(service, listed) if listed in names else None
                )
    return found


TABLES = _tables()


_NOTHING_MUTABLE = "its schema has an update handler, and no property that is neither read-only nor create-only"

#: The types whose update handlers have nothing to do, and why: their schemas contradict themselves. They are created,
#: read, listed and deleted like all others.
NOT_UPDATED = {
    "AWS::ApiGateway::Resource": _NOTHING_MUTABLE,
    "AWS::AppStream::StackFleetAssociation": _NOTHING_MUTABLE,
    "AWS::ApplicationSignals::Discovery": _NOTHING_MUTABLE,
    "AWS::Bedrock::FlowVersion": _NOTHING_MUTABLE,
    "AWS::Cognito::UserPoolReplica": _NOTHING_MUTABLE,
    "AWS::Connect::ApprovedOrigin": _NOTHING_MUTABLE,
    "AWS::Connect::ContactFlowModuleVersion": _NOTHING_MUTABLE,
    "AWS::Connect::ContactFlowVersion": _NOTHING_MUTABLE,
    "AWS::Connect::SecurityKey": _NOTHING_MUTABLE,
    "AWS::Detective::OrganizationAdmin": _NOTHING_MUTABLE,
    "AWS::DevOpsGuru::LogAnomalyDetectionIntegration": _NOTHING_MUTABLE,
    "AWS::EC2::VPCDHCPOptionsAssociation": _NOTHING_MUTABLE,
    "AWS::ECR::PullThroughCacheRule": _NOTHING_MUTABLE,
    "AWS::Logs::StorageTierPolicy": "its one property has one value only",
    "AWS::LookoutVision::Project": _NOTHING_MUTABLE,
    "AWS::NeptuneGraph::PrivateGraphEndpoint": _NOTHING_MUTABLE,
    "AWS::ObservabilityAdmin::TelemetryEnrichment": _NOTHING_MUTABLE,
    "AWS::SES::EmailIdentityCertificate": _NOTHING_MUTABLE,
    "AWS::SimSpaceWeaver::Simulation": _NOTHING_MUTABLE,
    "AWS::WAFv2::WebACLAssociation": _NOTHING_MUTABLE,
    "AWS::Wisdom::AIAgentVersion": _NOTHING_MUTABLE,
    "AWS::Wisdom::AIGuardrailVersion": _NOTHING_MUTABLE,
    "AWS::Wisdom::AIPromptVersion": _NOTHING_MUTABLE,
    "AWS::Wisdom::Assistant": _NOTHING_MUTABLE,
    "AWS::Wisdom::AssistantAssociation": _NOTHING_MUTABLE,
}


class Life:
    """A resource of one type, as its statements show it."""

    def __init__(self, connection: ccdbapi.Connection, service: CloudControl, tables: Tables) -> None:
        self._cursor = connection.cursor()
        self._service = service
        self._table, self._listed = tables
        self._type = self._table.resource_type
        self._columns = {
            str(column.property_name): column
            for column in self._table.columns
            if column.pointer is not None and column.pointer.count("/") == 1
        }
        self._desired = minimal_state(self._type)
        self._identifier = ""
        self._row: Json = {}

    def insert(self) -> None:
        # A property that is called as the column region has another column.
        names = [name if name != "Region" else self._columns[name].name for name in self._desired]
        names.append("region")
        self._execute(
            f"INSERT INTO {self._table.qualified_name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            " RETURNING Identifier",
            *map(_parameter, self._desired.values()),
            REGION,
        )
        ((self._identifier,),) = self._cursor.fetchall()
        assert self._identifier

    def get(self) -> None:
        (self._row,) = self._rows("*", "Identifier = ?", self._identifier)
        assert (self._row["region"], self._row["Identifier"]) == (REGION, self._identifier)
        self._check_shows(self._desired)

    def get_by_parts(self) -> None:
        columns = self._table.identifier_columns
        parts = [self._row[column.name] for column in columns]
        asked = " AND ".join(f"{column.name} = ?" for column in columns)
        found = self._rows(f"Identifier, {self._table.columns[1].name}", asked, *map(_parameter, parts))
        assert self._asked("Identifier") == [self._identifier]
        assert found == [{name: self._row[name] for name in ("Identifier", self._table.columns[1].name)}]

    def list_all(self) -> None:
        if self._listed is None:
            return
        parents = self._parents(self._listed)
        self._execute(
            f"SELECT * FROM {self._listed.qualified_name}{_where('region', *(c.name for c in parents))}",
            REGION,
            *map(_parameter, parents.values()),
        )
        names = [column.name for column in self._cursor.description or ()]
        (row,) = self._cursor.fetchall()
        shown = dict(zip(names, row, strict=True))
        assert shown["Identifier"] == self._identifier
        for column in self._listed.identifier_columns:
            assert shown[column.name] == self._row[column.name]
        (model,) = self._asked("ResourceModel")
        expected = {column.property_name: value for column, value in parents.items()}
        assert (json.loads(model) if isinstance(model, str) else {}) == expected

    def list_without_predicates(self) -> None:
        if self._listed is None:
            return
        with pytest.raises(ccdbapi.ProgrammingError) as caught:
            self._execute(f"SELECT * FROM {self._listed.qualified_name}")
        needed = ["region", *(column.name for column in self._parents(self._listed))]
        assert f" needs {' and '.join(needed)} in WHERE" in str(caught.value)
        assert not self._service.calls

    def update(self) -> None:
        if "update" not in self._type.handlers:
            return
        change = next(changes(self._type, self._present()), None)
        # A type that has got something to update must leave the list.
        assert (change is None) == (self._type.name in NOT_UPDATED)
        if change is None:
            return
        patch = [{"op": "add", "path": f"/{change.name}", "value": change.value}]
        self._execute(
            f"UPDATE {self._table.qualified_name} SET PatchDocument = ? WHERE region = ? AND Identifier = ?",
            json.dumps(patch), REGION, self._identifier,
        )  # fmt: skip
        assert self._cursor.rowcount == 1
        column = self._columns[change.name]
        before = self._row[column.name]
        ((self._row[column.name]),) = (
            row[column.name] for row in self._rows(column.name, "Identifier = ?", self._identifier)
        )
        self._check_shows({change.name: change.value})
        assert (self._row[column.name] != before) == change.shown

    def delete(self) -> None:
        if "delete" not in self._type.handlers:
            return
        columns = self._table.identifier_columns
        self._execute(
            f"DELETE FROM {self._table.qualified_name}{_where('region', *(column.name for column in columns))}",
            REGION, *(_parameter(self._row[column.name]) for column in columns),
        )  # fmt: skip
        assert self._cursor.rowcount == 1
        assert self._rows("region", "Identifier = ?", self._identifier) == []

    def _execute(self, sql: str, *values: object) -> None:
        self._service.calls.clear()
        self._cursor.execute(sql, values)

    def _rows(self, columns: str, where: str, *values: object) -> list[Json]:
        self._execute(
            f"SELECT {columns} FROM {self._table.qualified_name} WHERE region = ? AND {where}", REGION, *values
        )
        names = [column.name for column in self._cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in self._cursor.fetchall()]

    def _asked(self, member: str) -> list[object]:
        return [call.payload.get(member) for call in self._service.calls]

    def _parents(self, listed: Table) -> dict[Column, object]:
        """What the list must be given, with values that select the resource."""
        handler = self._type.handlers["list"]
        names = dict.fromkeys((*handler.required, *next(iter(handler.alternatives), ())))
        columns = {column.property_name: column for column in listed.parents}
        return {columns[name]: self._parent(columns[name], name) for name in names}

    def _parent(self, column: Column, name: str) -> object:
        known = self._row.get(column.name, self._desired.get(name))
        return parent_value(self._type, name) if known is None else known

    def _present(self) -> Json:
        """The properties as they are now: what reads show, and what was written and they do not."""
        shown = {
            name: self._row[column.name]
            for name, column in self._columns.items()
            if self._row[column.name] is not None and column.sql_type != "TIMESTAMP"
        }
        return {**self._desired, **shown}

    def _check_shows(self, written: Json) -> None:
        for name, value in pointers.without(written, self._type.write_only).items():
            shown = self._row[self._columns[name].name]
            assert _shows(shown, value), f"{name}: {value!r} became {shown!r}"


def _where(*columns: str) -> str:
    return f" WHERE {' AND '.join(f'{column} = ?' for column in columns)}"


def _parameter(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _shows(shown: object, written: object) -> bool:
    """Whether what was written is there; the service may have added to it."""
    match written:
        case dict():
            return isinstance(shown, Mapping) and all(_shows(shown.get(name), part) for name, part in written.items())
        case list():
            return isinstance(shown, list) and len(shown) == len(written) and all(map(_shows, shown, written))
        case str() if isinstance(shown, datetime.datetime):
            return shown == datetime.datetime.fromisoformat(written).replace(tzinfo=None)
    return shown == written and isinstance(shown, bool) == isinstance(written, bool)


def test_no_type_is_left_out() -> None:
    catalog = packaged()
    handlers = {name: catalog.resource_type(name).handlers.keys() for name in catalog.type_names()}
    assert TABLES.keys() == {name for name, has in handlers.items() if {"create", "read"} <= has}
    assert {name for name, tables in TABLES.items() if tables.listed} == {
        name for name in TABLES if "list" in handlers[name]
    }
    assert NOT_UPDATED.keys() <= {name for name in TABLES if "update" in handlers[name]}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[tuple[ccdbapi.Connection, CloudControl]]:
    # By this clock a request is final whenever it is asked about; and the driver need not wait to ask.
    moments = itertools.count(4_000_000_000)
    service = CloudControl(Options(settle=0.001), clock=lambda: float(next(moments)))
    with ccdbapi.connect(embedded=service) as connection:
        yield connection, service
    service.close()


@pytest.mark.parametrize("type_name", TABLES)
def test_a_resource_lives_from_insert_to_delete(
    endpoint: tuple[ccdbapi.Connection, CloudControl], type_name: str
) -> None:
    life = Life(*endpoint, TABLES[type_name])
    life.insert()
    life.get()
    life.get_by_parts()
    life.list_all()
    life.list_without_predicates()
    life.update()
    life.delete()
