"""How long a statement may still wait for AWS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ccdbapi.exceptions import OperationalError


class Patience:
    """The seconds that a statement may wait, None without end. Only waiting uses them up, not the use of its rows.

    Whoever waits calls ``meanwhile`` every so many seconds, if ``every`` is given, on the thread that waits.
    """

    def __init__(
        self, timeout: float | None, *, every: float | None = None, meanwhile: Callable[[], object] = lambda: None
    ) -> None:
        self._timeout = timeout
        self._spent = 0.0
        self.every = every
        self.meanwhile = meanwhile

    @property
    def left(self) -> float | None:
        """Seconds that are left, None without end."""
        return None if self._timeout is None else max(0.0, self._timeout - self._spent)

    @property
    def spent(self) -> float:
        """Seconds that were waited so far; a wait that has not ended does not count."""
        return self._spent

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """What happens inside is waiting."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._spent += time.monotonic() - started

    def exhausted(self) -> OperationalError:
        """The error for a statement that has waited for too long."""
        return OperationalError(
            f"The statement has waited {self._timeout:g} s for AWS, its timeout; ask for less, or raise timeout."
        )
