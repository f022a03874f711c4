"""A Cloud Control that does not answer, for tests of what happens meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping

from ccdbapi.emulator.contract import service_model
from ccdbapi.emulator.options import Options
from ccdbapi.emulator.service import CloudControl


class HeldService(CloudControl):
    """Answers everything but the operations that it holds; ``arrived`` is set as soon as it holds one.

    ``arrivals`` has the same for every operation, held or not. The first ``spared`` calls of those that it holds are
    answered still, and all of them after `release`.
    """

    def __init__(self, *held: str, spared: int = 0, options: Options | None = None) -> None:
        super().__init__(options)
        self.held = frozenset(held)
        self.spared = spared
        #: How many calls it holds.
        self.waiting = 0
        self.arrived = threading.Event()
        self.arrivals = {operation: threading.Event() for operation in service_model().operation_names}
        self._released = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def release(self) -> None:
        """Answers what is held, and whatever comes. From any thread."""
        self.held = frozenset()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._released.set)

    async def handle(
        self, operation: str, payload: Mapping[str, object], *, account: str, region: str
    ) -> dict[str, object]:
        self.arrivals[operation].set()
        if operation in self.held:
            if self.spared == 0:
                self._loop = asyncio.get_running_loop()
                self.arrived.set()
                self.waiting += 1
                try:
                    await self._released.wait()
                finally:
                    self.waiting -= 1
            else:
                self.spared -= 1
        return await super().handle(operation, payload, account=account, region=region)
