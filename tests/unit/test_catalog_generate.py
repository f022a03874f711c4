"""The generator: the packaged data is what it makes of the schemas that cfn-lint ships."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import pytest
from jsonpatch import JsonPatchTestFailed

from ccdbapi.catalog.archive import Archive, Origin
from ccdbapi.catalog.cfn_lint import as_registered, read_cfn_lint
from ccdbapi.catalog.generate import TABLE_LIST, generate
from ccdbapi.catalog.schemas import resource_type
from ccdbapi.catalog.spellings import SPELLINGS, ListedTable, parse_table_list

STRING = {"type": "string"}
HANDLERS = {"read": {"permissions": ["x:Get"]}, "list": {"permissions": ["x:List"]}}
SCHEMAS: dict[str, Mapping[str, object]] = {
    "AWS::Test::GraphQLApi": {
        "properties": {"Arn": STRING, "CSS": STRING, "Name": STRING, "Zone": STRING},
        "primaryIdentifier": ["/properties/Arn"],
        "handlers": HANDLERS,
    },
    "AWS::Test::Legacy": {"properties": {"Id": STRING}},
}
LISTED = [
    ListedTable("awscc.test.graphql_apis", "AWS::Test::GraphQLApi", ("name", "c_ss", "arn", "region"), ("arn", "c_ss")),
    ListedTable("awscc.test.gones", "AWS::Test::Gone", ("id",), ()),
]
MADE_FROM = Origin("1.2.3", "2026-01-01")


def write(directory: Path, contents: Mapping[str, bytes]) -> Archive:
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return Archive(directory)


class TestGenerating:
    def test_types_with_handlers_are_kept_with_their_names(self, tmp_path: Path) -> None:
        archive = write(tmp_path, generate(MADE_FROM, SCHEMAS, LISTED))
        assert list(archive.services()) == ["test"]
        (entry,) = archive.entries("test")
        assert entry == ("AWS::Test::GraphQLApi", "graph_ql_apis", ("read", "list"), ("graphql_apis",))
        assert archive.origin == MADE_FROM

    def test_properties_take_the_listed_order_and_new_ones_follow(self, tmp_path: Path) -> None:
        record = write(tmp_path, generate(MADE_FROM, SCHEMAS, LISTED)).record("AWS::Test::GraphQLApi")
        assert record.columns == {"/Name": "name", "/CSS": "css", "/Arn": "arn", "/Zone": "zone"}
        assert list(record.columns) == ["/Name", "/CSS", "/Arn", "/Zone"]
        assert record.schema == SCHEMAS["AWS::Test::GraphQLApi"]

    def test_other_spellings_are_found_by_comparison(self, tmp_path: Path) -> None:
        contents = generate(MADE_FROM, SCHEMAS, LISTED)
        record = write(tmp_path, contents).record("AWS::Test::GraphQLApi")
        assert record.aliases == {"/CSS": ["c_ss"]}
        assert record.listed == ["/CSS"]
        assert json.loads(contents[SPELLINGS]) == {
            "tables": {"AWS::Test::GraphQLApi": ["graphql_apis"]},
            "columns": {"AWS::Test::GraphQLApi": {"/CSS": ["c_ss"]}},
            "listed": {"AWS::Test::GraphQLApi": ["/CSS"]},
        }

    def test_the_same_input_makes_the_same_bytes_in_any_order(self) -> None:
        backwards = dict(reversed(SCHEMAS.items()))
        assert generate(MADE_FROM, SCHEMAS, LISTED) == generate(MADE_FROM, backwards, LISTED[::-1])


class TestCfnLint:
    JSON_OR_TEXT: ClassVar = {"type": ["object", "string"], "format": "json", "description": "A map."}

    def test_an_object_is_no_string_at_any_depth(self) -> None:
        written = {"properties": {"A": self.JSON_OR_TEXT, "B": {"oneOf": [self.JSON_OR_TEXT]}}}
        plain = {"type": "object", "description": "A map."}
        assert as_registered({"AWS::Test::A": written}) == {
            "AWS::Test::A": {"properties": {"A": plain, "B": {"oneOf": [plain]}}}
        }

    @pytest.mark.parametrize("kept", [{"maxLength": 10}, {"format": "date-time"}, {"type": ["string", "object"]}])
    def test_what_the_registry_may_have_said_stays(self, kept: Mapping[str, object]) -> None:
        schema = {"properties": {"A": {**self.JSON_OR_TEXT, **kept}}}
        assert as_registered({"AWS::Test::A": schema}) == {"AWS::Test::A": schema}

    def test_a_correction_that_is_needed_no_more_is_noticed(self) -> None:
        with pytest.raises(JsonPatchTestFailed):
            as_registered({"AWS::CloudFormation::Stack": {"required": ["StackName"]}})


@pytest.fixture(scope="module")
def packaged() -> Archive:
    return Archive(files("ccdbapi.catalog").joinpath("data"))


@pytest.fixture(scope="module")
def generated(packaged: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the generator makes of the installed cfn-lint's schemas."""
    try:
        installed = version("cfn-lint")
    except PackageNotFoundError:
        pytest.skip("cfn-lint is not installed")
    if installed != packaged.origin.cfn_lint:
        pytest.skip(f"cfn-lint is {installed}, the packaged data was made from {packaged.origin.cfn_lint}")
    directory = tmp_path_factory.mktemp("generated")
    write(directory, generate(*read_cfn_lint(), parse_table_list(TABLE_LIST.read_text("utf-8"))))
    return directory


class TestPackagedData:
    # What the files hold is compared, not their bytes: zlib's implementations compress differently.
    def test_every_type_is_as_the_generator_makes_it(self, packaged: Archive, generated: Path) -> None:
        made = Archive(generated)
        assert packaged.origin == made.origin
        assert list(packaged.services()) == list(made.services())
        entries = [entry for service in made.services() for entry in made.entries(service)]
        assert entries == [entry for service in packaged.services() for entry in packaged.entries(service)]
        for entry in entries:
            record = packaged.record(entry.type_name)
            assert record == made.record(entry.type_name)
            assert list(record.columns) == list(made.record(entry.type_name).columns)

    def test_the_spellings_are_as_the_generator_makes_them(self, generated: Path) -> None:
        packaged = files("ccdbapi.catalog").joinpath("data", SPELLINGS).read_text("utf-8")
        assert packaged == (generated / SPELLINGS).read_text("utf-8")

    def test_corrections_give_back_what_templates_cannot_have(self, packaged: Archive) -> None:
        stack = resource_type("AWS::CloudFormation::Stack", packaged.record("AWS::CloudFormation::Stack").schema)
        assert stack.required == ("StackName",)
        assert "/StackStatus" in stack.read_only
