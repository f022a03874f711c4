"""The emulated service: what every request passes through before its operation, and the log of all calls."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ccdbapi.catalog import Catalog, packaged
from ccdbapi.emulator import contract
from ccdbapi.emulator.disturbances import FaultSource, Throttle
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.operations import Operations
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.store import Scope, Store

_KEPT_CALLS = 100_000
_READS = frozenset({"GetResource", "ListResources", "GetResourceRequestStatus", "ListResourceRequests"})


@dataclass(slots=True)
class Call:
    """A request that arrived. ``error`` is the code of the refusal (``ConnectionResetError`` where the connection
    was broken), None where the request was answered."""

    operation: str
    account: str
    region: str
    payload: Mapping[str, object]
    error: str | None = None


class CloudControl:
    """Cloud Control for all resource types of the catalogue, in any number of accounts and regions.

    ``clock`` gives the time in epoch seconds; resource requests proceed by it whenever the service is asked
    anything. Threads and event loops may share a service. ``calls`` holds the latest calls in order of arrival.
    """

    def __init__(
        self,
        options: Options | None = None,
        store: Store | None = None,
        catalog: Catalog | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.options = options or Options()
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self._store = store or Store()
        self._catalog = catalog or packaged()
        self._clock = clock
        self._throttle = Throttle(self.options.throttle_rate, self.options.throttle_burst)
        self._faults = FaultSource(self.options.faults)
        # Identifiers must differ between processes that share a store.
        self._rng = random.SystemRandom()
        self._lock = threading.RLock()

    @property
    def clock(self) -> Callable[[], float]:
        """What gives the time, in epoch seconds."""
        return self._clock

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        """Carries out a request as it arrives, and answers when the options' latency is over.

        Raises `ServiceError` for a refusal and `ConnectionResetError` where the connection is to be broken.
        """
        loop = asyncio.get_running_loop()
        due = loop.time() + self.options.latency
        try:
            return self.answer(operation, payload, account=account, region=region)
        finally:
            # What the work took is part of the latency: a busy emulator is no slower than a quiet one.
            if self.options.latency:
                await asyncio.sleep(due - loop.time())

    def answer(self, operation: str, payload: Mapping[str, object], *, account: str, region: str) -> dict[str, object]:
        """Answers a request at once; raises as `handle` does."""
        with self._lock:
            call = Call(operation, account, region, payload)
            self.calls.append(call)
            try:
                return self._answer(operation, payload, Scope(account, region))
            except ServiceError as error:
                call.error = error.code
                raise
            except ConnectionResetError:
                call.error = "ConnectionResetError"
                raise

    def witnessed(self, operation: str, payload: Mapping[str, object], *, account: str, region: str) -> None:
        """Takes down a call to another service, which answers it."""
        with self._lock:
            self.calls.append(Call(operation, account, region, payload))

    def clear(self) -> None:
        """Forgets all resources, requests and calls."""
        with self._lock:
            self._store.clear()
            self.calls.clear()

    def close(self) -> None:
        """Closes the store."""
        self._store.close()

    def _answer(self, operation: str, payload: Mapping[str, object], scope: Scope) -> dict[str, object]:
        if not contract.is_operation(operation):
            raise contract.refusal("UnknownOperationException", f"Unknown operation {operation!r}")
        now = self._clock()
        with self._faults.around():
            self._throttle.admit(scope, now)
            contract.check(operation, payload)
            return self._carried_out(operation, dict(payload), scope, now)

    def _carried_out(self, operation: str, payload: dict[str, object], scope: Scope, now: float) -> dict[str, object]:
        operations = Operations(self.options, self._store, self._catalog, scope, now=now, rng=self._rng)
        # What is due shows in this very answer; and a refusal must not undo it.
        if self._store.requests_due(scope, now):
            with self._store.transaction():
                operations.settle()
        carry_out = operations.by_name()[operation]
        if operation in _READS:
            return carry_out(payload)
        with self._store.transaction():
            return carry_out(payload)
