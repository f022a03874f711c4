"""Brings the cached schemas of an account and region up to date with its registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ccdbapi.catalog import Catalog, cache
from ccdbapi.catalog.cache import CachedSchemas, CachedType, Provenance
from ccdbapi.catalog.overlay import overlaid
from ccdbapi.catalog.records import operations
from ccdbapi.exceptions import Error, OperationalError
from ccdbapi.registry.registry import CONCURRENCY, Registry

if TYPE_CHECKING:
    from ccdbapi.cloudcontrol.aws_session import AwsSession

#: After so many failures in a row the rest is not asked: it is not the types that are at fault.
PATIENCE = 25

#: Is told how many types were described, and of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh found, as type names. ``failed`` has the reasons; what was cached of these stays.

    ``seen`` counts the types that the registry lists. ``gone`` were cached and are not listed any more.
    """

    cached: CachedSchemas
    seen: int
    new: frozenset[str]
    changed: frozenset[str]
    unchanged: frozenset[str]
    gone: frozenset[str]
    failed: Mapping[str, str]


def refresh(registry: Registry, progress: Progress = lambda done, total: None) -> Refreshed:
    """Asks for the schemas that are new or may have changed, and keeps them in place of the cached ones.

    Four listings come first (ListTypes), then one call for each type whose version the listing does not tell, or tells
    to be another than the cached one (DescribeType). Raises `OperationalError` where no schema at all could be had,
    else as `Registry` and `cache.store`.
    """
    account = registry.account()
    kept = _readable(cache.load(account, registry.region))
    versions = registry.versions()
    wanted = [
        name
        for name, version in versions.items()
        if version is None or name not in kept or kept[name][0].version != version
    ]
    fetched: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name, outcome in _described(registry, wanted, progress):
        if isinstance(outcome, Error):
            failed[name] = str(outcome)
        else:
            fetched[name] = outcome

    # Those that failed keep the version that they had, so that they are asked for again.
    types = {name: kept[name] for name in versions if name in kept}
    types |= {name: (CachedType(versions[name], operations(json.loads(text))), text) for name, text in fetched.items()}
    if versions and not types:
        raise OperationalError(f"the registry gave no schema: {next(iter(failed.values()))}")
    refreshed = datetime.now(UTC).isoformat(timespec="seconds")
    unread = tuple(sorted(versions.keys() - types.keys()))
    changed = {name for name, text in fetched.items() if name in kept and kept[name][1] != text}
    return Refreshed(
        cached=cache.store(Provenance(account, registry.region, refreshed, unread), types),
        seen=len(versions),
        new=frozenset(fetched.keys() - kept.keys()),
        changed=frozenset(changed),
        unchanged=frozenset((types.keys() & kept.keys()) - changed - failed.keys()),
        gone=frozenset(kept.keys() - versions.keys()),
        failed=failed,
    )


def live_catalog(aws: AwsSession, region: str | None = None, regions: Sequence[str] = ()) -> Catalog:
    """The packaged catalogue under the schemas that are cached for the account and region, fetched if there are none.

    STS is asked for the account. See `Registry` for the region. Blocks. Raises as `refresh`.
    """
    registry = Registry(aws, region, regions)
    cached = cache.load(registry.account(), registry.region)
    return overlaid(cached or refresh(registry).cached)


def _readable(cached: CachedSchemas | None) -> dict[str, tuple[CachedType, str]]:
    """What is cached, but for schemas that were damaged: those count as new."""
    readable: dict[str, tuple[CachedType, str]] = {}
    if cached is not None:
        for name, kept in cached.types.items():
            with suppress(OperationalError):
                readable[name] = (kept, cached.text(name))
    return readable


def _described(registry: Registry, type_names: Iterable[str], progress: Progress) -> Iterator[tuple[str, str | Error]]:
    """Each type's schema, or why there is none, as they come."""
    pool = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="ccdbapi-registry")
    try:
        names: dict[Future[str], str] = {pool.submit(registry.schema, name): name for name in type_names}
        failures = 0
        for done, future in enumerate(as_completed(names), 1):
            progress(done, len(names))
            if future.cancelled():
                yield names[future], OperationalError(f"not asked, after {PATIENCE} failures in a row")
                continue
            error = future.exception()
            if error is not None and not isinstance(error, Error):
                raise error
            failures = failures + 1 if error else 0
            if failures == PATIENCE:
                for other in names:
                    other.cancel()
            yield names[future], error or future.result()
    finally:
        # Without this, Ctrl-C would wait for all that is still to be asked.
        pool.shutdown(wait=True, cancel_futures=True)
