"""The schemas that cfn-lint ships, made into those of CloudFormation's registry again.

cfn-lint ships schemas by region; a type has the same one everywhere. The catalogue holds the types of all regions.
They are not quite what CloudFormation's registry returns, because cfn-lint judges templates. What is put right here:

- An object without properties may be a string of JSON in a template (``"type": ["object", "string"], "format":
  "json"``); Cloud Control takes the object only, as the registry says.
- ``AWS::CloudFormation::Stack`` is cut down to what a nested stack in a template may have. ``corrections.json``
  (RFC 6902, by type) gives back what Cloud Control knows; each correction tests first that it is still needed.

What stays: constraints from the services' own models (``enum``, ``pattern``, lengths, bounds), wrong entries of
``readOnlyProperties`` and ``writeOnlyProperties`` that cfn-lint puts right, and keywords of its own (``requiredXor``,
``requiredOr``, ``dependentExcluded``, ``enumCaseInsensitive``, formats such as ``AWS::EC2::VPC.Id``), which a JSON
Schema validator ignores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ccdbapi.catalog.archive import Origin

if TYPE_CHECKING:
    from ccdbapi.catalog.model import Schema

_CORRECTIONS = Path(__file__).parent / "corrections.json"


def read_cfn_lint() -> tuple[Origin, dict[str, Schema]]:
    """The installed cfn-lint's version, and the registry's schemas by type name, for all regions together.

    Raises `FileNotFoundError` where it ships none.
    """
    directory = files("cfnlint.data.schemas")
    regions = sorted(
        (file for file in directory.joinpath("providers").iterdir() if file.name.endswith(".json")),
        # us-east-1 first: it has nearly all types. sam.json holds no resources of AWS.
        key=lambda file: (file.name != "us-east-1.json", file.name),
    )
    hashes: dict[str, str] = {}
    for region in regions:
        if region.name != "sam.json":
            hashes = json.loads(region.read_bytes()) | hashes
    schemas = {
        name: cast("Schema", json.loads(directory.joinpath("resources", f"{content}.json").read_bytes()))
        for name, content in sorted(hashes.items())
    }
    dated = json.loads(directory.joinpath("version.json").read_bytes())
    return Origin(version("cfn-lint"), dated["schema_date"]), as_registered(schemas)


def as_registered(schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """The schemas, by type name, with what cfn-lint changed put right as far as it is known."""
    import jsonpatch

    corrections: dict[str, list[dict[str, object]]] = json.loads(_CORRECTIONS.read_text("utf-8"))
    corrected = {
        name: jsonpatch.apply_patch(schemas[name], patch) for name, patch in corrections.items() if name in schemas
    }
    return {name: cast("Schema", _objects_only(schema)) for name, schema in {**schemas, **corrected}.items()}


def _objects_only(node: object) -> object:
    """The node without the strings of JSON that a template may have in place of an object."""
    if isinstance(node, list):
        return [_objects_only(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == ["object", "string"] and node.get("format") == "json" and node.keys() <= _PLAIN:
        return {key: value for key, value in node.items() if key != "format"} | {"type": "object"}
    return {key: _objects_only(value) for key, value in node.items()}


#: With other keywords the registry itself may allow a string, such as that of an IAM policy.
_PLAIN = {"type", "format", "description"}
