"""Schemas that an account's registry gave, kept in the user's cache directory: one file per account and region.

The file is a ZIP archive: ``index.json`` says what there is and which version of it, and each schema is a member of its
own, as the registry sent it. It replaces the former one in a single step, so whoever reads it sees one of them whole.
"""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from ccdbapi.exceptions import DataError, OperationalError

if TYPE_CHECKING:
    from ccdbapi.catalog.model import HandlerName, Schema

#: Names another directory than the platform's for caches.
DIRECTORY_VARIABLE = "CCDBAPI_CACHE_DIR"

_FORMAT = 1
_INDEX = "index.json"
#: What `zipfile` raises for an archive that was damaged.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
_ACCOUNT, _REGION = re.compile(r"\d{12}"), re.compile(r"[a-z0-9-]{1,64}")


class CachedType(NamedTuple):
    """A type in the index. ``version`` is the registry's word for this state of it, None where it has none."""

    version: str | None
    handlers: tuple[HandlerName, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where schemas come from: account, region, and when they were asked for (ISO 8601, UTC).

    ``unread`` are types that the registry lists but did not give the schema of.
    """

    account: str
    region: str
    refreshed: str
    unread: tuple[str, ...] = ()


class CachedSchemas:
    """The schemas of one file, held in memory as they were when it was read. Safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        """Raises `ValueError` for bytes that `pack` did not make."""
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
            index = json.loads(self._archive.read(_INDEX))
            if index["format"] != _FORMAT:
                raise ValueError(f"unknown format {index['format']!r}")
            origin = index["provenance"]
            self.provenance = Provenance(**{**origin, "unread": tuple(origin["unread"])})
            self.types: Mapping[str, CachedType] = {
                name: CachedType(version, tuple(handlers)) for name, (version, handlers) in index["types"].items()
            }
        except (*_DAMAGE, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a file of cached schemas: {error}") from error

    def text(self, type_name: str) -> str:
        """The schema of one of `types`, as JSON. Raises `OperationalError` where the file was damaged there."""
        try:
            return self._archive.read(_member(type_name)).decode()
        except (*_DAMAGE, KeyError) as error:
            raise OperationalError(
                f"the cached schema of {type_name} is damaged; 'ccdbapi catalog refresh' fetches it again"
            ) from error

    def schema(self, type_name: str) -> Schema:
        """The schema of one of `types`. Raises as `text`."""
        return cast("Schema", json.loads(self.text(type_name)))


def pack(provenance: Provenance, types: Mapping[str, tuple[CachedType, str]]) -> bytes:
    """The file's content: type name → its line of the index, and its schema as JSON."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        index = {
            "format": _FORMAT,
            "provenance": asdict(provenance),
            "types": {name: (cached.version, cached.handlers) for name, (cached, _) in sorted(types.items())},
        }
        archive.writestr(_INDEX, json.dumps(index))
        for name, (_, text) in sorted(types.items()):
            archive.writestr(_member(name), text)
    return buffer.getvalue()


def load(account: str, region: str) -> CachedSchemas | None:
    """The schemas kept for the account and region; None where there are none, or none that can be read.

    Raises `DataError` for what cannot be an account or a region, `OperationalError` where the file may not be read.
    """
    path = cache_path(account, region)
    try:
        return CachedSchemas(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise _unusable(path, error) from error


def store(provenance: Provenance, types: Mapping[str, tuple[CachedType, str]]) -> CachedSchemas:
    """Keeps the schemas in place of those that are kept for the account and region, and reads them back.

    Of two that store at once, the later one's stay. Raises as `load`.
    """
    path = cache_path(provenance.account, provenance.region)
    content = pack(provenance, types)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except OSError as error:
        raise _unusable(path, error) from error
    return CachedSchemas(content)


def cache_path(account: str, region: str) -> Path:
    """The file for the account and region. Raises `DataError` for what cannot be one."""
    for text, pattern, wanted in ((account, _ACCOUNT, "an AWS account (12 digits)"), (region, _REGION, "a region")):
        if pattern.fullmatch(text) is None:
            raise DataError(f"{text!r} is not {wanted}.")
    return _directory() / "catalog" / f"{account}-{region}.zip"


def _directory() -> Path:
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("ccdbapi", appauthor=False)


def _replace(path: Path, content: bytes) -> None:
    """Writes the file beside its place, and puts it there once it is on the disk."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _unusable(path: Path, error: OSError) -> OperationalError:
    return OperationalError(
        f"cached schemas cannot be kept in {path}: {error.strerror or error}; "
        f"{DIRECTORY_VARIABLE} names another directory"
    )


def _member(type_name: str) -> str:
    return f"{type_name.replace('::', '-')}.json"
