"""A Cloud Control endpoint that serves a third-party resource type for each of the suite's tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.sql.elements import False_, TextClause, True_

from ccdbapi.catalog import Catalog, Schema
from ccdbapi.catalog.model import HANDLER_NAMES, escape
from ccdbapi.catalog.records import Entry, Record
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.store import Store

#: The services of tables without a schema, and of those in the suite's "test schema".
OWN_SERVICE, OTHER_SERVICE = "suite", "othersuite"

#: The property that identifies the resources of a table without a primary key; AWS makes it.
GENERATED = "SuiteIdentifier"

#: The schema of a column's property. What is not here is text, as dates and UUIDs are in the schemas of AWS.
_PROPERTIES: tuple[tuple[type[sa.types.TypeEngine[Any]], Schema], ...] = (
    (sa.Boolean, {"type": "boolean"}),
    (sa.Integer, {"type": "integer"}),
    (sa.Numeric, {"type": "number"}),
    (sa.Float, {"type": "number"}),
    (sa.DateTime, {"type": "string", "format": "date-time"}),
    (sa.ARRAY, {"type": "array"}),
    (sa.JSON, {}),
)


class Name(NamedTuple):
    """A table's service, and its own name, by which the catalogue finds it."""

    service: str
    table: str

    @classmethod
    def of(cls, table: sa.Table) -> Name:
        """The name of a table of the suite's."""
        return cls(table.schema or OWN_SERVICE, table.name.lower())


@dataclass(frozen=True)
class Provisioned:
    """The resource type of a table."""

    table: str
    """The table's name as it was created; the catalogue has names in lower case."""
    type_name: str
    schema: Schema
    numbered: str | None
    """The property that the endpoint gives the next number where a request does not have it."""

    @classmethod
    def of(cls, table: sa.Table, number: int) -> Provisioned:
        """The type of a table; by ``number`` it differs from that of a table that had the name before."""
        stem = "".join(part.capitalize() for part in table.name.split("_") if part.isalnum() and part.isascii())
        type_name = f"Suite::{Name.of(table).service.capitalize()}::{stem or 'Table'}No{number}"
        key = [column.name for column in table.primary_key.columns]
        numbered = table._autoincrement_column
        required = [column.name for column in table.columns if column is not numbered and _is_required(column)]
        schema: dict[str, object] = {
            "typeName": type_name,
            "description": table.comment or "",
            "properties": {column.name: _property(column) for column in table.columns},
            "additionalProperties": False,
            "required": required,
            "primaryIdentifier": [f"/properties/{escape(name)}" for name in key],
            "createOnlyProperties": [f"/properties/{escape(name)}" for name in key],
            "handlers": {name: {"permissions": []} for name in HANDLER_NAMES},
        }
        if not key:
            schema["properties"] = {**_mapping(schema["properties"]), GENERATED: {"type": "string"}}
            schema["primaryIdentifier"] = schema["readOnlyProperties"] = [f"/properties/{GENERATED}"]
        return cls(table.name, type_name, schema, None if numbered is None else numbered.name)

    @property
    def columns(self) -> Mapping[str, str]:
        """Properties by JSON pointer → columns: the suite's names as they are."""
        return {f"/{escape(name)}": name for name in _mapping(self.schema["properties"])}


class Types:
    """Resource types by the tables that they are of. Implements `ccdbapi.catalog.records.Source`."""

    def __init__(self, types: Mapping[Name, Provisioned]) -> None:
        self._by_name = dict(types)
        self._by_type = {provisioned.type_name: provisioned for provisioned in types.values()}

    def services(self) -> Sequence[str]:
        return (OWN_SERVICE, OTHER_SERVICE)

    def entries(self, service: str) -> Iterable[Entry]:
        if service not in self.services():
            return []
        # A service is there also while it has no tables: this type can only be created.
        return [
            Entry(f"Suite::{service.capitalize()}::Placeholder", "placeholders", ("create",)),
            *(
                Entry(provisioned.type_name, name.table, HANDLER_NAMES)
                for name, provisioned in self._by_name.items()
                if name.service == service
            ),
        ]

    def record(self, type_name: str) -> Record:
        provisioned = self._by_type[type_name]
        return Record(provisioned.schema, provisioned.columns, {})

    def find(self, type_name: str) -> Provisioned | None:
        """The type of this name."""
        return self._by_type.get(type_name)


class Numbering(CloudControl):
    """Cloud Control with handlers that number new resources, as those of third-party types may."""

    def __init__(self, store: Store, types: Types, numbers: dict[str, count[int]]) -> None:
        super().__init__(store=store, catalog=Catalog(types))
        self._types = types
        self._numbers = numbers

    def answer(self, operation: str, payload: Mapping[str, object], *, account: str, region: str) -> dict[str, object]:
        """Answers a request, see `CloudControl`."""
        if operation == "CreateResource":
            payload = {**payload, "DesiredState": self._numbered(payload)}
        return super().answer(operation, payload, account=account, region=region)

    def _numbered(self, payload: Mapping[str, object]) -> object:
        provisioned = self._types.find(str(payload["TypeName"]))
        if provisioned is None or provisioned.numbered is None:
            return payload["DesiredState"]
        state = json.loads(str(payload["DesiredState"]))
        numbers = self._numbers.setdefault(provisioned.type_name, count(1))
        if provisioned.numbered in state:
            self._numbers[provisioned.type_name] = count(max(next(numbers), state[provisioned.numbered] + 1))
        else:
            state[provisioned.numbered] = next(numbers)
        return json.dumps(state)


class Endpoint:
    """What there is now: the types, and the service and the catalogue that know exactly them.

    Both are new when the types change, as they are for someone who connects then; the resources stay.
    """

    def __init__(self) -> None:
        self._types: dict[Name, Provisioned] = {}
        self._store = Store()
        self._made = count(1)
        self._numbers: dict[str, count[int]] = {}

    def create(self, table: sa.Table) -> None:
        """Registers the resource type of a table."""
        self._types[Name.of(table)] = Provisioned.of(table, next(self._made))
        self._renew()

    def describe(self, table: sa.Table, description: str) -> None:
        """Registers another description of a table's resource type."""
        name = Name.of(table)
        provisioned = self._types[name]
        self._types[name] = replace(provisioned, schema={**provisioned.schema, "description": description})
        self._renew()

    def created_as(self, schema: str | None, name: str) -> str:
        """The name that a table of the catalogue's was created with."""
        return self._types[Name(schema or OWN_SERVICE, name)].table

    def drop(self, table: sa.Table) -> None:
        """Removes the resource type of a table."""
        del self._types[Name.of(table)]
        self._renew()

    @cached_property
    def service(self) -> CloudControl:
        """Cloud Control for the types that there are."""
        return Numbering(self._store, Types(self._types), self._numbers)

    @cached_property
    def catalog(self) -> Catalog:
        """The tables of the types that there are."""
        return Catalog(Types(self._types))

    def _renew(self) -> None:
        for name in ("service", "catalog"):
            self.__dict__.pop(name, None)


def _is_required(column: sa.Column[Any]) -> bool:
    # The suite gives JSON's null to columns that cannot be NULL; a property is given or it is not.
    return not column.nullable and column.server_default is None and not isinstance(column.type, sa.JSON)


def _property(column: sa.Column[Any]) -> Schema:
    kind = column.type
    schema = next(
        (schema for of, schema in _PROPERTIES if issubclass(kind._type_affinity or type(kind), of)), {"type": "string"}
    )
    length = {"maxLength": kind.length} if isinstance(kind, sa.String) and kind.length else {}
    return {**schema, **length, **_default(column), "description": column.comment or ""}


def _default(column: sa.Column[Any]) -> Schema:
    """The default of a column, where it is a value and not something that a database would have to evaluate."""
    argument = getattr(column.server_default, "arg", None)
    text = str(argument) if isinstance(argument, str | TextClause | True_ | False_) else ""
    try:
        return {"default": json.loads(text)}
    except ValueError:
        return {}


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value
