"""Cached schemas: how they are kept, how they lie over the packaged ones, and what they change."""

from __future__ import annotations

import io
import json
import os
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ccdbapi.catalog import Catalog, Schema, cache, packaged
from ccdbapi.catalog.cache import CachedSchemas, CachedType, Provenance
from ccdbapi.catalog.changes import Changes, Difference, compare
from ccdbapi.catalog.overlay import overlaid
from ccdbapi.catalog.records import operations
from ccdbapi.exceptions import DataError, NotSupportedError, OperationalError

ORIGIN = Provenance("123456789012", "us-east-1", "2026-03-01T12:00:00+00:00")

WIDGET: Schema = {
    "typeName": "MyCorp::Widgets::Widget",
    "properties": {"Name": {"type": "string"}, "Size": {"type": "integer"}},
    "required": ["Name"],
    "primaryIdentifier": ["/properties/Name"],
    "handlers": {name: {"permissions": []} for name in ("create", "read", "update", "delete", "list")},
}


def contents(schemas: Mapping[str, Schema]) -> dict[str, tuple[CachedType, str]]:
    return {name: (CachedType("1", operations(schema)), json.dumps(schema)) for name, schema in schemas.items()}


def cached(schemas: Mapping[str, Schema], unread: tuple[str, ...] = ()) -> CachedSchemas:
    origin = Provenance(ORIGIN.account, ORIGIN.region, ORIGIN.refreshed, unread)
    return CachedSchemas(cache.pack(origin, contents(schemas)))


def packaged_schema(type_name: str, **other: object) -> Schema:
    return {**packaged().resource_type(type_name).schema, **other}


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's directory, which does not exist yet."""
    monkeypatch.setenv(cache.DIRECTORY_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.usefixtures("directory")
class TestKeeping:
    def test_what_was_stored_is_loaded(self) -> None:
        cache.store(ORIGIN, contents({"MyCorp::Widgets::Widget": WIDGET}))

        loaded = cache.load(ORIGIN.account, ORIGIN.region)
        assert loaded is not None
        assert loaded.provenance == ORIGIN
        assert loaded.types == {
            "MyCorp::Widgets::Widget": CachedType("1", ("create", "read", "update", "delete", "list"))
        }
        assert loaded.schema("MyCorp::Widgets::Widget") == WIDGET

    def test_storing_answers_what_loading_would(self) -> None:
        stored = cache.store(ORIGIN, contents({"MyCorp::Widgets::Widget": WIDGET}))
        assert stored.schema("MyCorp::Widgets::Widget") == WIDGET

    @pytest.mark.parametrize(("account", "region"), [("999999999999", "us-east-1"), ("123456789012", "eu-west-1")])
    def test_each_account_and_region_has_its_own(self, account: str, region: str) -> None:
        cache.store(ORIGIN, contents({"MyCorp::Widgets::Widget": WIDGET}))
        assert cache.load(account, region) is None

    def test_the_later_ones_stay_and_nothing_else_does(self) -> None:
        cache.store(ORIGIN, contents({"MyCorp::Widgets::Widget": WIDGET}))
        cache.store(ORIGIN, contents({"MyCorp::Widgets::Gadget": WIDGET}))

        loaded = cache.load(ORIGIN.account, ORIGIN.region)
        assert loaded is not None
        assert list(loaded.types) == ["MyCorp::Widgets::Gadget"]

    def test_only_the_user_may_read_the_file(self, directory: Path) -> None:
        cache.store(ORIGIN, contents({"MyCorp::Widgets::Widget": WIDGET}))
        [file] = (directory / "catalog").iterdir()
        if os.name == "posix":
            assert file.stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize(
        ("account", "region"),
        [("", "us-east-1"), ("12345", "us-east-1"), ("../../../etc", "us-east-1"), ("123456789012", "../up"),
         ("123456789012", ""), ("123456789012", "us east"), ("123456789012\n", "us-east-1")],
    )  # fmt: skip
    def test_a_name_that_is_none_reaches_no_file(self, account: str, region: str) -> None:
        with pytest.raises(DataError, match="is not"):
            cache.load(account, region)

    def test_without_an_override_it_is_the_platforms_directory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(cache.DIRECTORY_VARIABLE)
        path = cache.cache_path(ORIGIN.account, ORIGIN.region)
        assert path.is_absolute()
        assert "ccdbapi" in path.parts


def damaged(content: bytes, kind: str) -> bytes:
    """The file's content, spoilt."""
    match kind:
        case "empty":
            return b""
        case "half":
            return content[: len(content) // 2]
        case "other":
            return b"{}" * 1000
        case "no index" | "another format" | "an index of its own":
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as archive:
                if kind != "no index":
                    archive.writestr("index.json", '{"format": 99}' if kind == "another format" else "[]")
            return buffer.getvalue()
    raise AssertionError(kind)


class TestWhatGoesWrong:
    @pytest.mark.parametrize("kind", ["empty", "half", "other", "no index", "another format", "an index of its own"])
    def test_a_damaged_file_counts_as_none_and_is_replaced(self, directory: Path, kind: str) -> None:
        cache.store(ORIGIN, contents({"MyCorp::Widgets::Widget": WIDGET}))
        [file] = (directory / "catalog").iterdir()
        file.write_bytes(damaged(file.read_bytes(), kind))

        assert cache.load(ORIGIN.account, ORIGIN.region) is None
        cache.store(ORIGIN, contents({"MyCorp::Widgets::Widget": WIDGET}))
        assert cache.load(ORIGIN.account, ORIGIN.region) is not None

    def test_a_damaged_schema_is_found_when_it_is_read(self) -> None:
        content = bytearray(cache.pack(ORIGIN, contents({"MyCorp::Widgets::Widget": WIDGET})))
        place = content.index(b"MyCorp-Widgets-Widget.json") + len("MyCorp-Widgets-Widget.json") + 20
        content[place] ^= 0xFF
        with pytest.raises(OperationalError, match="MyCorp::Widgets::Widget is damaged; 'ccdbapi catalog refresh'"):
            CachedSchemas(bytes(content)).schema("MyCorp::Widgets::Widget")

    def test_a_write_that_fails_leaves_the_former_file_and_no_other(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache.store(ORIGIN, contents({"MyCorp::Widgets::Widget": WIDGET}))

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OperationalError, match=r"No space left on device; CCDBAPI_CACHE_DIR names another"):
            cache.store(ORIGIN, contents({"MyCorp::Widgets::Gadget": WIDGET}))

        loaded = cache.load(ORIGIN.account, ORIGIN.region)
        assert loaded is not None
        assert list(loaded.types) == ["MyCorp::Widgets::Widget"]
        assert len(list((directory / "catalog").iterdir())) == 1

    def test_a_directory_that_cannot_be_made_is_told(self, directory: Path) -> None:
        directory.write_text("a file")
        with pytest.raises(OperationalError, match="CCDBAPI_CACHE_DIR"):
            cache.store(ORIGIN, contents({}))

    @pytest.mark.usefixtures("directory")
    def test_readers_among_writers_see_one_whole_file(self) -> None:
        states = [contents({f"MyCorp::Widgets::W{n}x{i}": WIDGET for i in range(n + 1)}) for n in range(4)]
        cache.store(ORIGIN, states[0])
        start = threading.Barrier(6)
        seen: list[int] = []
        failures: list[BaseException] = []

        def write(state: dict[str, tuple[CachedType, str]]) -> None:
            start.wait()
            for _ in range(20):
                cache.store(ORIGIN, state)

        def read() -> None:
            start.wait()
            try:
                for _ in range(50):
                    loaded = cache.load(ORIGIN.account, ORIGIN.region)
                    assert loaded is not None
                    assert all(loaded.schema(name) == WIDGET for name in loaded.types)
                    assert set(loaded.types) in [set(state) for state in states]
                    seen.append(len(loaded.types))
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=write, args=[state]) for state in states]
        threads += [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert len(seen) == 100


class TestOverThePackaged:
    def test_a_private_type_gets_a_table_by_the_rules(self) -> None:
        catalog = overlaid(cached({"MyCorp::Widgets::Widget": WIDGET}))
        assert "widgets" in catalog.services()
        assert list(catalog.tables("widgets")) == ["widgets", "widgets_list_only"]
        table = catalog.table("widgets", "widgets")
        assert table.qualified_name == "awscc.widgets.widgets"
        assert [column.name for column in table.columns] == ["region", "name", "size", "Identifier"]

    @pytest.mark.parametrize(
        ("type_name", "service", "table"),
        [
            ("MyCorp::SageMaker::Image", "sagemaker", "mycorp_images"),  # AWS's own keeps its name
            ("MyCorp::SageMaker::Thing", "sagemaker", "things"),
            ("MyCorp::AppSync::GraphqlApi", "appsync", "mycorp_graphql_apis"),  # an alias of AWS's
        ],
    )
    def test_a_private_type_takes_no_name_from_aws(self, type_name: str, service: str, table: str) -> None:
        catalog = overlaid(cached({type_name: WIDGET}))
        assert catalog.table(service, table).resource_type.name == type_name
        before = packaged().tables(service)
        assert set(catalog.tables(service)) == {*before, table, f"{table}_list_only"}
        assert all(
            catalog.table(service, name).resource_type.name == packaged().table(service, name).resource_type.name
            for name in before
        )

    def test_two_private_types_of_one_name_both_have_tables(self) -> None:
        catalog = overlaid(cached({"MyCorp::Widgets::Widget": WIDGET, "Acme::Widgets::Widget": WIDGET}))
        assert catalog.table("widgets", "widgets").resource_type.name == "Acme::Widgets::Widget"
        assert catalog.table("widgets", "mycorp_widgets").resource_type.name == "MyCorp::Widgets::Widget"

    def test_a_cached_type_stands_in_place_of_the_packaged_one(self) -> None:
        schema = packaged_schema("AWS::SageMaker::Image")
        properties = schema["properties"]
        assert isinstance(properties, dict)
        newer = {**schema, "properties": {**properties, "Colour": {"type": "string"}}}

        table = overlaid(cached({"AWS::SageMaker::Image": newer})).table("sagemaker", "images")
        assert table.column("colour") is not None
        assert packaged().table("sagemaker", "images").column("colour") is None

    def test_it_keeps_the_names_of_table_and_columns_and_their_aliases(self) -> None:
        for type_name in ("AWS::AppSync::GraphQLApi", "AWS::SageMaker::Image"):
            catalog = overlaid(cached({type_name: packaged_schema(type_name)}))
            service = type_name.split("::")[1].lower()
            for name in packaged().tables(service):
                assert catalog.table(service, name) == packaged().table(service, name)

    def test_all_packaged_types_stay(self) -> None:
        catalog = overlaid(cached({"MyCorp::Widgets::Widget": WIDGET}))
        assert set(catalog.type_names()) == {*packaged().type_names(), "MyCorp::Widgets::Widget"}
        assert catalog.table("sagemaker", "images") == packaged().table("sagemaker", "images")

    def test_the_cached_handlers_say_which_tables_there_are(self) -> None:
        schema = packaged_schema("AWS::SageMaker::Image", handlers={"create": {}, "list": {}})
        catalog = overlaid(cached({"AWS::SageMaker::Image": schema}))
        assert catalog.find_table("sagemaker", "images_list_only") is not None
        with pytest.raises(NotSupportedError, match="AWS::SageMaker::Image has no read handler"):
            catalog.table("sagemaker", "images")

    def test_a_type_that_lost_all_handlers_has_no_table(self) -> None:
        catalog = overlaid(cached({"AWS::SageMaker::Image": packaged_schema("AWS::SageMaker::Image", handlers={})}))
        assert catalog.find_resource_type("AWS::SageMaker::Image") is None
        assert catalog.find_table("sagemaker", "images") is None
        assert catalog.find_table("sagemaker", "apps") is not None

    def test_a_service_that_lost_all_types_is_none(self) -> None:
        lost = {
            name: packaged_schema(name, handlers={})
            for name in packaged().type_names()
            if name.startswith("AWS::XRay::")
        }
        catalog = overlaid(cached(lost))
        assert set(packaged().services()) - set(catalog.services()) == {"xray"}
        assert all(catalog.tables(service) for service in catalog.services())


class TestChanges:
    def test_nothing_changes_nothing(self) -> None:
        catalog = Catalog.from_schemas({"MyCorp::Widgets::Widget": WIDGET})
        assert compare(catalog, cached({"MyCorp::Widgets::Widget": WIDGET})) == Changes([], [], {})

    def test_types_come_and_go(self) -> None:
        catalog = Catalog.from_schemas({"MyCorp::Widgets::Widget": WIDGET, "MyCorp::Widgets::Unread": WIDGET})
        changes = compare(catalog, cached({"MyCorp::Widgets::Gadget": WIDGET}, unread=("MyCorp::Widgets::Unread",)))
        assert changes == Changes(["MyCorp::Widgets::Gadget"], ["MyCorp::Widgets::Widget"], {})

    def test_a_type_without_handlers_is_none(self) -> None:
        catalog = Catalog.from_schemas({"MyCorp::Widgets::Widget": WIDGET})
        changes = compare(catalog, cached({"MyCorp::Widgets::Widget": {**WIDGET, "handlers": {}}}))
        assert changes == Changes([], ["MyCorp::Widgets::Widget"], {})

    @pytest.mark.parametrize(
        ("other", "difference"),
        [
            (
                {"properties": {"Name": {"type": "string"}, "Colour": {"type": "string"}}},
                Difference("properties", ("Size",), ("Colour",)),
            ),
            (
                {"primaryIdentifier": ["/properties/Size", "/properties/Name"]},
                Difference("identifier", ("Name",), ("Size|Name",)),
            ),
            ({"required": ["Name", "Size"]}, Difference("required", (), ("Size",))),
            (
                {"handlers": {"create": {}, "read": {}, "delete": {}, "list": {}}},
                Difference("handlers", ("update",), ()),
            ),
            (
                {
                    "handlers": {
                        **{name: {} for name in ("create", "read", "update", "delete")},
                        "list": {"handlerSchema": {"required": ["Name"]}},
                    }
                },
                Difference("list requires", (), ("Name",)),
            ),
        ],
        ids=lambda value: value.aspect if isinstance(value, Difference) else None,
    )
    def test_what_differs_in_a_type_is_told(self, other: Mapping[str, object], difference: Difference) -> None:
        catalog = Catalog.from_schemas({"MyCorp::Widgets::Widget": WIDGET})
        changes = compare(catalog, cached({"MyCorp::Widgets::Widget": {**WIDGET, **other}}))
        assert changes == Changes([], [], {"MyCorp::Widgets::Widget": [difference]})
