"""The packaged files: read type by type, by any number of threads, and without what only makes them."""

from __future__ import annotations

import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from os import PathLike
from threading import Barrier
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdbapi.catalog import Catalog, packaged
from ccdbapi.catalog.archive import DICTIONARY, INDEX, RECORDS, Archive, Origin, pack
from ccdbapi.catalog.records import Entry, Record

MADE_FROM = Origin("1.2.3", "2026-01-01")


class CountedFile(BytesIO):
    def __init__(self, content: bytes, read: list[int]) -> None:
        super().__init__(content)
        self._read = read

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self._read.append(len(content))
        return content


class Directory(Traversable):
    """Files in memory, which say what was read of them: name → the length of each read."""

    def __init__(self, contents: Mapping[str, bytes], name: str = "data") -> None:
        self.reads: dict[str, list[int]] = {name: [] for name in contents}
        self._contents = contents
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def iterdir(self) -> Iterator[Traversable]:
        return (self.joinpath(name) for name in self._contents)

    def is_dir(self) -> bool:
        return self._name not in self._contents

    def is_file(self) -> bool:
        return not self.is_dir()

    def joinpath(self, *descendants: str | PathLike[str]) -> Directory:
        (name,) = descendants
        child = Directory(self._contents, str(name))
        child.reads = self.reads
        return child

    def open(self, mode: str = "r", *args: object, **kwargs: object) -> IO[bytes]:  # type: ignore[override]
        assert mode == "rb"
        return CountedFile(self._contents[self._name], self.reads[self._name])

    def read_bytes(self) -> bytes:
        return self.open("rb").read()

    def read_text(self, encoding: str | None = None) -> str:
        return self.read_bytes().decode(encoding or "utf-8")


@pytest.fixture(scope="module")
def contents() -> Mapping[str, bytes]:
    directory = files("ccdbapi.catalog").joinpath("data")
    return {name: directory.joinpath(name).read_bytes() for name in (INDEX, RECORDS, DICTIONARY)}


class TestLaziness:
    def test_nothing_is_read_before_the_first_question(self, contents: Mapping[str, bytes]) -> None:
        directory = Directory(contents)
        Catalog(Archive(directory))
        assert directory.reads == {INDEX: [], RECORDS: [], DICTIONARY: []}

    def test_names_need_the_index_only(self, contents: Mapping[str, bytes]) -> None:
        directory = Directory(contents)
        catalog = Catalog(Archive(directory))
        assert all(catalog.tables(service) for service in catalog.services())
        assert len(catalog.type_names()) > 1_700
        assert directory.reads == {INDEX: [len(contents[INDEX])], RECORDS: [], DICTIONARY: []}

    def test_a_type_reads_its_own_record_only(self, contents: Mapping[str, bytes]) -> None:
        directory = Directory(contents)
        catalog = Catalog(Archive(directory))
        (line,) = (line for line in contents[INDEX].splitlines() if line.startswith(b"AWS::SageMaker::Image\t"))
        length = int(line.split(b"\t")[3])
        catalog.table("sagemaker", "images")
        catalog.table("sagemaker", "images_list_only")
        catalog.resource_type("AWS::SageMaker::Image")
        assert directory.reads == {
            INDEX: [len(contents[INDEX])],
            RECORDS: [length],
            DICTIONARY: [len(contents[DICTIONARY])],
        }

    def test_an_unknown_type_reads_no_record(self, contents: Mapping[str, bytes]) -> None:
        directory = Directory(contents)
        assert Catalog(Archive(directory)).find_resource_type("AWS::SageMaker::Nothing") is None
        assert directory.reads[RECORDS] == []


class TestFormat:
    JSON = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
        lambda values: st.lists(values) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values),
    )

    TYPE_NAMES = st.sampled_from([f"AWS::Test::{name}" for name in "ABCDEFGH"])

    @given(st.dictionaries(TYPE_NAMES, st.dictionaries(st.sampled_from(["properties", "définitions", ""]), JSON)))
    def test_what_is_packed_is_read_again(self, schemas: Mapping[str, Mapping[str, object]]) -> None:
        written = {
            Entry(name, "things", ("create", "read"), ("other",)): Record(schema, {"/A": "a"}, {"/A": ["b"]}, ["/A"])
            for name, schema in schemas.items()
        }
        archive = Archive(Directory(pack(MADE_FROM, written)))
        assert {entry: archive.record(entry.type_name) for entry in archive.entries("test")} == written
        assert archive.origin == MADE_FROM

    def test_files_of_two_versions_do_not_mix(self, contents: Mapping[str, bytes]) -> None:
        archive = Archive(Directory({**contents, DICTIONARY: contents[DICTIONARY][1:]}))
        with pytest.raises(zlib.error):
            archive.record("AWS::SageMaker::Image")

    def test_an_unknown_record_is_a_key_error(self, contents: Mapping[str, bytes]) -> None:
        with pytest.raises(KeyError):
            Archive(Directory(contents)).record("AWS::SageMaker::Nothing")


def test_threads_may_share_a_catalogue(contents: Mapping[str, bytes]) -> None:
    catalog = Catalog(Archive(Directory(contents)))
    names = ("images", "models", "pipelines", "devices")
    together = Barrier(8)

    def look_up(_: int) -> list[str]:
        together.wait()
        return [catalog.table("sagemaker", name).resource_type.name for name in names]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(look_up, range(8)))
    assert (
        found
        == [["AWS::SageMaker::Image", "AWS::SageMaker::Model", "AWS::SageMaker::Pipeline", "AWS::SageMaker::Device"]]
        * 8
    )


def test_there_is_one_packaged_catalogue() -> None:
    assert packaged() is packaged()


def test_a_look_up_imports_nothing_that_only_generating_needs() -> None:
    program = (
        "import sys; from ccdbapi.catalog import packaged; packaged().table('sagemaker', 'images');"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = run.stdout.split()
    assert "ccdbapi" in loaded
    assert not {"cfnlint", "inflection", "jsonpatch", "boto3", "botocore", "duckdb", "sqlalchemy"} & set(loaded)
