"""The settings of a connection."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from ccdbapi.exceptions import InterfaceError

if TYPE_CHECKING:
    from ccdbapi.catalog import Catalog
    from ccdbapi.emulator.service import CloudControl
    from ccdbapi.statistics import Statistics


class AccountSettings(TypedDict, total=False):
    """How to get at one account; see `ccdbapi.connect`. Without any of them it is that of the connection itself."""

    role_arn: str
    external_id: str
    session_name: str
    profile: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """What `ccdbapi.connect` takes; see there. Checked when made: raises `InterfaceError` for a value out of range."""

    region: str | None = None
    regions: Sequence[str] = ()
    profile: str | None = None
    aws_access_key_id: str | None = field(default=None, repr=False)
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_session_token: str | None = field(default=None, repr=False)
    role_arn: str | None = None
    accounts: Mapping[str, AccountSettings] | None = field(default=None, repr=False)  # external ids are secrets to some
    endpoint_url: str | None = field(default=None, repr=False)  # may hold a password
    embedded: bool | str | PathLike[str] | CloudControl = False
    scan: Literal["deny", "list"] = "deny"
    max_calls: int | None = 10_000
    wait: bool = True
    timeout: float | None = None
    concurrency: int = 64
    rate_limit: float | None = 25
    max_attempts: int = 10
    cache_ttl: float = 0
    on_region_error: Literal["fail", "skip"] = "fail"
    on_write_error: Literal["fail", "return"] = "fail"
    max_writes: int | None = 100
    read_only: bool = False
    journal: str | PathLike[str] | None = None
    schema: str | None = None
    transport: Literal["aiohttp", "boto3"] = "aiohttp"
    catalog: Literal["packaged", "live"] | Catalog = "packaged"
    on_progress: Callable[[Statistics], object] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Those that were given, and are no secret."""
        given = [(f.name, getattr(self, f.name)) for f in fields(self) if f.repr and getattr(self, f.name) != f.default]
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in given)})"

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value = getattr(self, name)
            _check(value is None or _is_text(value), name, "text, not empty, or None")
        object.__setattr__(self, "regions", _regions(self.regions))
        object.__setattr__(self, "accounts", _accounts(self.accounts))
        _check(
            (self.aws_access_key_id is None) == (self.aws_secret_access_key is None),
            "aws_access_key_id and aws_secret_access_key",
            "given together, or not at all",
        )
        _check(
            self.aws_session_token is None or self.aws_access_key_id is not None,
            "aws_session_token",
            "given together with aws_access_key_id and aws_secret_access_key",
        )
        _check(_is_embedded(self.embedded), "embedded", "True, False, a path, or an emulator")
        _check(isinstance(self.wait, bool), "wait", "True or False")
        _check(self.scan in ("deny", "list"), "scan", "'deny' or 'list'")
        _check(self.on_region_error in ("fail", "skip"), "on_region_error", "'fail' or 'skip'")
        _check(self.on_write_error in ("fail", "return"), "on_write_error", "'fail' or 'return'")
        _check(self.max_writes is None or _is_count(self.max_writes), "max_writes", "a number of resources, or None")
        _check(self.journal is None or _is_path(self.journal), "journal", "a path, or None")
        _check(isinstance(self.read_only, bool), "read_only", "True or False")
        _check(self.transport in ("aiohttp", "boto3"), "transport", "'aiohttp' or 'boto3'")
        _check(_is_catalog(self.catalog), "catalog", "'packaged', 'live', or a Catalog")
        _check(not (self.embedded and self.catalog == "live"), "catalog", "'packaged' or a Catalog when embedded")
        _check(self.on_progress is None or callable(self.on_progress), "on_progress", "something to call, or None")
        _check(self.timeout is None or _is_number(self.timeout, above=0), "timeout", "seconds, more than 0, or None")
        _check(_is_count(self.concurrency), "concurrency", "a number of calls, from 1")
        _check(
            self.max_calls is None or _is_count(self.max_calls),
            "max_calls",
            "a number of calls, from 1; None for no bound",
        )
        _check(_is_count(self.max_attempts), "max_attempts", "a number of tries, from 1")
        _check(
            self.rate_limit is None or _is_number(self.rate_limit, above=0) or _is_zero(self.rate_limit),
            "rate_limit",
            "requests a second in each region; None or 0 for no limit",
        )
        _check(_is_number(self.cache_ttl, above=0) or _is_zero(self.cache_ttl), "cache_ttl", "seconds, from 0")


#: The settings that are text.
_TEXTS = (
    "region", "profile", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "role_arn", "endpoint_url",
    "schema",
)  # fmt: skip


def _regions(value: object) -> tuple[str, ...]:
    """The regions as a tuple; a single one may be given as it is, and None for none."""
    given = (value,) if isinstance(value, str) else () if value is None else value
    names = tuple(given) if isinstance(given, Iterable) else None
    if names is None or not all(map(_is_text, names)):
        raise InterfaceError("regions must be a list of region names.")
    return names


def _accounts(value: object) -> Mapping[str, AccountSettings] | None:
    """The accounts by alias, None where there are none; nobody else can change them."""
    if value is None:
        return None
    _check(
        isinstance(value, Mapping) and all(_is_account(alias, entry) for alias, entry in value.items()),
        "accounts",
        "a mapping of aliases to mappings, {'prod': {'role_arn': 'arn:…'}, 'dev': {'profile': 'dev'}}, of "
        f"{', '.join(_ACCOUNT_SETTINGS)}, each of them text, and the two after role_arn only beside it",
    )
    entries = cast("Mapping[str, AccountSettings]", value).items()
    return MappingProxyType({alias: entry.copy() for alias, entry in entries}) if entries else None


_ACCOUNT_SETTINGS = tuple(AccountSettings.__annotations__)


def _is_account(alias: object, entry: object) -> bool:
    return (
        _is_text(alias)
        and isinstance(entry, Mapping)
        and entry.keys() <= set(_ACCOUNT_SETTINGS)
        and all(map(_is_text, entry.values()))
        and ("role_arn" in entry or not entry.keys() & {"external_id", "session_name"})
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_path(value: object) -> bool:
    return bool(value) if isinstance(value, str) else isinstance(value, PathLike)


def _is_embedded(value: object) -> bool:
    if isinstance(value, str):
        return bool(value)
    # The emulator's own class is not imported for this: that would be half of the package.
    return isinstance(value, bool | PathLike) or hasattr(value, "handle")


def _is_catalog(value: object) -> bool:
    # By what it can do: its class is not imported for the usual case.
    return value in ("packaged", "live") if isinstance(value, str) else hasattr(value, "find_table")


def _check(right: bool, name: str, wanted: str) -> None:
    if not right:
        raise InterfaceError(f"{name} must be {wanted}.")


def _is_number(value: object, *, above: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > above


def _is_zero(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
