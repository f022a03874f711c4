"""The settings of a connection."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Literal

from ccdbapi.exceptions import InterfaceError, NotSupportedError

if TYPE_CHECKING:
    from ccdbapi.emulator.service import CloudControl


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `ccdbapi.connect` takes; see there. Checked when made: raises `InterfaceError` for a value out of range."""

    region: str | None = None
    regions: Sequence[str] = ()
    profile: str | None = None
    aws_access_key_id: str | None = field(default=None, repr=False)
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_session_token: str | None = field(default=None, repr=False)
    role_arn: str | None = None
    endpoint_url: str | None = field(default=None, repr=False)  # may hold a password
    embedded: bool | str | PathLike[str] | CloudControl = False
    scan: Literal["deny", "list"] = "deny"
    wait: bool = True
    timeout: float | None = None
    concurrency: int = 64
    rate_limit: float | None = 25
    max_attempts: int = 10
    cache_ttl: float = 0
    on_region_error: Literal["fail", "skip"] = "fail"
    schema: str | None = None
    transport: Literal["aiohttp", "boto3"] = "aiohttp"

    def __post_init__(self) -> None:
        if isinstance(self.regions, str):
            object.__setattr__(self, "regions", (self.regions,))
        else:
            object.__setattr__(self, "regions", tuple(self.regions or ()))
        _check(all(isinstance(region, str) and region for region in self.regions), "regions", "a list of region names")
        _check(self.scan in ("deny", "list"), "scan", "'deny' or 'list'")
        _check(self.on_region_error in ("fail", "skip"), "on_region_error", "'fail' or 'skip'")
        _check(self.transport in ("aiohttp", "boto3"), "transport", "'aiohttp' or 'boto3'")
        _check(self.timeout is None or _is_number(self.timeout, above=0), "timeout", "seconds, more than 0, or None")
        _check(isinstance(self.concurrency, int) and self.concurrency >= 1, "concurrency", "a number of calls, from 1")
        _check(
            isinstance(self.max_attempts, int) and self.max_attempts >= 1, "max_attempts", "a number of tries, from 1"
        )
        _check(
            self.rate_limit is None or self.rate_limit == 0 or _is_number(self.rate_limit, above=0),
            "rate_limit",
            "requests a second in each region; None or 0 for no limit",
        )
        _check(self.cache_ttl == 0 or _is_number(self.cache_ttl, above=0), "cache_ttl", "seconds, from 0")
        _not_yet(self.scan == "list", "scan='list'")
        _not_yet(self.on_region_error == "skip", "on_region_error='skip'")
        _not_yet(self.cache_ttl > 0, "cache_ttl")
        _not_yet("all" in self.regions, "regions=['all']")


def _check(right: bool, name: str, wanted: str) -> None:
    if not right:
        raise InterfaceError(f"{name} must be {wanted}.")


def _not_yet(wanted: bool, name: str) -> None:
    if wanted:
        raise NotSupportedError(f"{name} is not supported by this version.")


def _is_number(value: object, *, above: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > above
