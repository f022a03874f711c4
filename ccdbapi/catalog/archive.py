"""The packaged catalogue's files: an index, and one compressed record a type that is read on its own.

- ``index.json``: ``source`` says what it was made from; ``types`` maps each type's name to its table, its table's
  other names, its handlers, and the length of its record in bytes.
- ``records.bin``: the records in the order of the index, each a JSON object in zlib format.
- ``dictionary.bin``: the preset dictionary of all records: what many of them have in common.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.resources.abc import Traversable
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, cast

from ccdbapi.catalog.records import Entry, Record

if TYPE_CHECKING:
    from ccdbapi.catalog.model import HandlerName, Schema

    #: Of a type in the index: its table, its table's other names, its handlers, its record's length.
    _Line = tuple[str, list[str], list[HandlerName], int]

INDEX, RECORDS, DICTIONARY = "index.json", "records.bin", "dictionary.bin"

#: How far back deflate can refer: a longer dictionary has no use.
_WINDOW = 32 * 1024


class Source(NamedTuple):
    """What the files were made from: the version of cfn-lint, and the date of the schemas that it ships."""

    cfn_lint: str
    schema_date: str


class Archive:
    """Reads the files in a directory, each part when it is first needed. Safe to share between threads."""

    def __init__(self, directory: Traversable) -> None:
        self._directory = directory

    @property
    def source(self) -> Source:
        """What the files were made from."""
        return Source(**cast("dict[str, str]", self._index["source"]))

    def entries(self) -> Iterable[Entry]:
        for type_name, (table, aliases, handlers, _) in self._types.items():
            yield Entry(type_name, table, tuple(handlers), tuple(aliases))

    def record(self, type_name: str) -> Record:
        offset, length = self._spans[type_name]
        with self._directory.joinpath(RECORDS).open("rb") as file:
            file.seek(offset)
            packed = file.read(length)
        inflate = zlib.decompressobj(zdict=self._dictionary)
        return Record(**json.loads(inflate.decompress(packed)))

    @cached_property
    def _index(self) -> Mapping[str, object]:
        return cast("Mapping[str, object]", json.loads(self._directory.joinpath(INDEX).read_bytes()))

    @property
    def _types(self) -> Mapping[str, _Line]:
        return cast("Mapping[str, _Line]", self._index["types"])

    @cached_property
    def _spans(self) -> Mapping[str, tuple[int, int]]:
        lengths = [length for *_, length in self._types.values()]
        return dict(zip(self._types, zip(accumulate(lengths, initial=0), lengths, strict=False), strict=True))

    @cached_property
    def _dictionary(self) -> bytes:
        return self._directory.joinpath(DICTIONARY).read_bytes()


def pack(source: Source, contents: Mapping[Entry, Record]) -> dict[str, bytes]:
    """File name → its bytes, for `Archive` to read. The same contents make the same bytes."""
    dictionary = _common_parts(record.schema for record in contents.values())
    records = {entry.type_name: _deflate(_dump(record._asdict()), dictionary) for entry, record in contents.items()}
    types = (
        f"{_dump(entry.type_name)}:{_dump((entry.table, entry.aliases, entry.handlers, len(records[entry.type_name])))}"
        for entry in contents
    )
    # One type a line, and lengths rather than offsets: a new version's difference can be read.
    index = f'{{"source":{_dump(source._asdict())},"types":{{\n' + ",\n".join(types) + "\n}}\n"
    return {INDEX: index.encode(), RECORDS: b"".join(records.values()), DICTIONARY: dictionary}


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
