"""Services that are called as something of the engine's is."""

from __future__ import annotations

import pytest

import ccdbapi
from ccdbapi.catalog import Catalog
from ccdbapi.catalog.records import SchemaSource, Spellings
from ccdbapi.emulator.service import CloudControl


@pytest.mark.parametrize("service", ["Main", "Temp", "System", "Memory"])
@pytest.mark.parametrize("default", [True, False])
def test_a_service_is_found_whatever_it_is_called(service: str, default: bool) -> None:
    name = f"Private::{service}::Thing"
    schema = {
        "typeName": name,
        "properties": {"Name": {"type": "string"}, "Size": {"type": "integer"}},
        "primaryIdentifier": ["/properties/Name"],
        "additionalProperties": False,
        "handlers": {handler: {"permissions": []} for handler in ("create", "read", "update", "delete", "list")},
    }
    catalog = Catalog(SchemaSource({name: schema}, Spellings()))
    emulator = CloudControl(catalog=catalog)
    settings = {"schema": service.lower()} if default else {}
    things = "things" if default else f"awscc.{service.lower()}.things"
    with ccdbapi.connect(embedded=emulator, catalog=catalog, regions=["us-east-1"], **settings) as connection:  # type: ignore[arg-type]
        cursor = connection.cursor()
        cursor.execute(f"INSERT INTO {things} (Name, Size) VALUES ('a', 1) RETURNING size")
        assert cursor.fetchall() == [(1,)]
        cursor.execute(f"UPDATE {things} SET size = size + 1 WHERE name = 'a'")
        cursor.execute(f"SELECT t.size, l.name FROM {things} AS t JOIN {things}_list_only AS l USING (Identifier)")
        assert cursor.fetchall() == [(2, "a")]
        connection.register("local", [{"a": 1}])
        assert cursor.execute("SELECT a FROM local").fetchall() == [(1,)]
        cursor.execute(f"DELETE FROM {things} WHERE name = 'a'")
        assert cursor.rowcount == 1
    emulator.close()
