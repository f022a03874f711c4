"""The packaged catalogue's files: an index, and one compressed record a type that is read on its own.

- ``index.tsv``: the first line says what it was made from. A paragraph for each service follows: its name, then a line
  a type with the type's name, its table, where its record begins and how long it is (bytes), its handlers, and its
  table's other names.
- ``records.bin``: the records in the order of the index, each a JSON object in zlib format.
- ``dictionary.bin``: the preset dictionary of all records: what many of them have in common.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, NamedTuple, cast

from ccdbapi.catalog.model import service_name
from ccdbapi.catalog.records import Entry, Record

if TYPE_CHECKING:
    from ccdbapi.catalog.model import HandlerName, Schema


INDEX, RECORDS, DICTIONARY = "index.tsv", "records.bin", "dictionary.bin"

#: How far back deflate can refer: a longer dictionary has no use.
_WINDOW = 32 * 1024


class Origin(NamedTuple):
    """What the files were made from: the version of cfn-lint, and the date of the schemas that it ships."""

    cfn_lint: str
    schema_date: str


class Archive:
    """Reads the files in a directory, each part when it is first needed. Safe to share between threads."""

    def __init__(self, directory: Traversable) -> None:
        self._directory = directory

    @property
    def origin(self) -> Origin:
        """What the files were made from."""
        return Origin(*self._index[0].split("\t"))

    def services(self) -> Iterable[str]:
        return self._services.keys()

    def entries(self, service: str) -> Iterable[Entry]:
        for line in self._services.get(service, ()):
            type_name, table, _, _, handlers, aliases = line.split("\t")
            yield Entry(
                type_name, table, cast("tuple[HandlerName, ...]", tuple(handlers.split())), tuple(aliases.split())
            )

    def record(self, type_name: str) -> Record:
        lines = self._services.get(service_name(type_name), ())
        places = [line.split("\t")[2:4] for line in lines if line.startswith(f"{type_name}\t")]
        if not places:
            raise KeyError(type_name)
        ((offset, length),) = places
        with self._directory.joinpath(RECORDS).open("rb") as file:
            file.seek(int(offset))
            packed = file.read(int(length))
        inflate = zlib.decompressobj(zdict=self._dictionary)
        return Record(**json.loads(inflate.decompress(packed)))

    @cached_property
    def _index(self) -> Sequence[str]:
        """The paragraphs. They are taken apart when their service is asked for."""
        return self._directory.joinpath(INDEX).read_bytes().decode().removesuffix("\n").split("\n\n")

    @cached_property
    def _services(self) -> Mapping[str, Sequence[str]]:
        paragraphs = (paragraph.split("\n") for paragraph in self._index[1:])
        return {service: lines for service, *lines in paragraphs}

    @cached_property
    def _dictionary(self) -> bytes:
        return self._directory.joinpath(DICTIONARY).read_bytes()


@cache
def packaged_archive() -> Archive:
    """The archive that comes with this package."""
    return Archive(files("ccdbapi.catalog").joinpath("data"))


def pack(origin: Origin, contents: Mapping[Entry, Record]) -> dict[str, bytes]:
    """File name → its bytes, for `Archive` to read. The same contents make the same bytes."""
    dictionary = _common_parts(record.schema for record in contents.values())
    services: dict[str, list[str]] = {}
    records = bytearray()
    for entry, record in contents.items():
        packed = _deflate(_dump(record._asdict()), dictionary)
        place = (str(len(records)), str(len(packed)))
        line = (entry.type_name, entry.table, *place, " ".join(entry.handlers), " ".join(entry.aliases))
        services.setdefault(entry.service, [entry.service]).append("\t".join(line))
        records += packed
    index = "\n\n".join(["\t".join(origin), *("\n".join(lines) for lines in services.values())]) + "\n"
    return {INDEX: index.encode(), RECORDS: bytes(records), DICTIONARY: dictionary}


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _deflate(text: str, dictionary: bytes) -> bytes:
    deflate = zlib.compressobj(
        zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, 0, dictionary
    )
    return deflate.compress(text.encode()) + deflate.flush()


def _common_parts(type_schemas: Iterable[Schema]) -> bytes:
    """The definitions and properties that save most where they recur, the best ones last (nearest to the data)."""
    seen: Counter[str] = Counter()
    for schema in type_schemas:
        seen.update(set(_parts(schema)))
    by_saving = sorted(seen, key=lambda part: (-(seen[part] - 1) * len(part), part))
    chosen: list[bytes] = []
    size = 0
    for part in by_saving:
        encoded = part.encode()
        if size + len(encoded) > _WINDOW:
            break
        if seen[part] > 1 and not any(encoded in other for other in chosen):
            chosen.append(encoded)
            size += len(encoded)
    return b"".join(reversed(chosen))


def _parts(node: object, key: str | None = None) -> Iterator[str]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from _parts(value, name)
        if key is not None:
            yield f"{_dump(key)}:{_dump(node)},"
    elif key is not None:
        yield f"{_dump(key)}:{_dump(node)},"
