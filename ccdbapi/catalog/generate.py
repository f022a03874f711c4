"""Makes the packaged catalogue from the schemas that cfn-lint ships.

Run from a checkout, after upgrading cfn-lint (a development dependency)::

    python -m ccdbapi.catalog.generate

It writes ``ccdbapi/catalog/data``. The result depends on the schemas and the table list alone, so that a second run
changes nothing. The list is StackQL's (``tests/data/stackql_tables.tsv``): where its names differ from our rules they
become aliases, and its order of columns, which is that of the original schemas, is kept. cfn-lint sorts properties
by name; what the list does not know follows in that order.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ccdbapi.catalog.archive import Origin, pack
from ccdbapi.catalog.cfn_lint import read_cfn_lint
from ccdbapi.catalog.records import SchemaSource, Spellings
from ccdbapi.catalog.spellings import SPELLINGS, ListedTable, compare, parse_table_list

if TYPE_CHECKING:
    from ccdbapi.catalog.model import Schema

_HERE = Path(__file__).parent
DATA = _HERE / "data"
TABLE_LIST = _HERE.parents[1] / "tests" / "data" / "stackql_tables.tsv"


def generate(origin: Origin, schemas: Mapping[str, Schema], listed: Sequence[ListedTable]) -> dict[str, bytes]:
    """The catalogue's data files: name → bytes."""
    spellings = compare(SchemaSource(schemas, Spellings()), listed)
    ordered = SchemaSource(_in_listed_order(schemas, listed), spellings)
    entries = (entry for service in sorted(ordered.services()) for entry in ordered.entries(service))
    packed = pack(origin, {entry: ordered.record(entry.type_name) for entry in entries})
    return packed | {SPELLINGS: _pretty(spellings)}


def main() -> None:
    """The command line: ``python -m ccdbapi.catalog.generate [--tables FILE] [--output DIRECTORY]``."""
    parser = argparse.ArgumentParser(prog="python -m ccdbapi.catalog.generate", description=main.__doc__)
    parser.add_argument("--tables", type=Path, default=TABLE_LIST, help="StackQL's list of tables (tab-separated)")
    parser.add_argument("--output", type=Path, default=DATA, help="where to write the files")
    arguments = parser.parse_args()
    try:
        origin, schemas = read_cfn_lint()
    except ModuleNotFoundError:
        parser.error("cfn-lint is not installed: pip install cfn-lint")
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, content in generate(origin, schemas, parse_table_list(arguments.tables.read_text("utf-8"))).items():
        (arguments.output / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes")


def _in_listed_order(schemas: Mapping[str, Schema], listed: Sequence[ListedTable]) -> dict[str, Schema]:
    """The schemas with their properties in the list's order, those that it does not know last."""
    orders = {row.type_name: row.get_columns for row in listed}
    return {name: _reordered(schema, orders.get(name, ())) for name, schema in schemas.items()}


def _reordered(schema: Schema, order: Sequence[str]) -> Schema:
    places = {column.replace("_", ""): place for place, column in enumerate(order)}
    properties = cast("Mapping[str, object]", schema["properties"])
    names = sorted(properties, key=lambda name: places.get(name.lower(), len(order)))
    return {**schema, "properties": {name: properties[name] for name in names}}


def _pretty(spellings: Spellings) -> bytes:
    return (json.dumps(asdict(spellings), indent=1, sort_keys=True) + "\n").encode()


if __name__ == "__main__":
    main()
