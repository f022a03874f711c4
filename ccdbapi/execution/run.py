"""One run of a statement: what it does and how long it takes, told to whoever wants to know."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable

from ccdbapi import exceptions
from ccdbapi.exceptions import OperationalError
from ccdbapi.execution.patience import Patience
from ccdbapi.execution.tally import Tally
from ccdbapi.sql import outline
from ccdbapi.statistics import Statistics

logger = logging.getLogger("ccdbapi.statements")

#: Seconds between two reports of progress.
REPORT_EVERY = 0.25

#: Is told how far a statement is.
OnProgress = Callable[[Statistics], object]


class Run:
    """A statement from its beginning to its end. ``timeout`` is how many seconds it may wait for AWS, None without end.

    ``on_progress`` is told of the figures every `REPORT_EVERY` seconds while the statement waits for AWS or takes rows
    from it, on the thread that executes it or fetches its rows.
    """

    def __init__(self, text: str, *, timeout: float | None, on_progress: OnProgress | None) -> None:
        self.tally = Tally()
        self._warnings: deque[exceptions.Warning] = deque()
        self.patience = Patience(timeout, every=None if on_progress is None else REPORT_EVERY, meanwhile=self.report)
        self._rows = 0
        self._text = text
        self._on_progress = on_progress
        self._started = time.monotonic()
        self._ended: float | None = None
        self._due = self._started + REPORT_EVERY

    def statistics(self) -> Statistics:
        """The figures by now. From any thread."""
        until = time.monotonic() if self._ended is None else self._ended
        return Statistics(
            breakdown=self.tally.figures(),
            rows=self._rows,
            wall_time=until - self._started,
            waiting_time=self.patience.spent,
            ended=self._ended is not None,
        )

    def gave(self, rows: int) -> None:
        """So many rows more were fetched. After its end they are no longer the statement's own."""
        if self._ended is None:
            self._rows += rows

    def warn(self, warning: exceptions.Warning) -> None:
        """Takes down a warning, for whoever has the statement run. From any thread."""
        self._warnings.append(warning)

    def warnings(self) -> list[exceptions.Warning]:
        """The warnings since the last look."""
        return [self._warnings.popleft() for _ in range(len(self._warnings))]

    def report(self) -> None:
        """Tells ``on_progress``, if it is due. Raises `OperationalError` where that fails, which ends the statement."""
        if self._on_progress is None or self._ended is not None or time.monotonic() < self._due:
            return
        try:
            self._on_progress(self.statistics())
        except Exception as error:
            raise OperationalError(
                f"The statement was ended by its on_progress, which raised {type(error).__name__}: {error}"
            ) from error
        self._due = time.monotonic() + REPORT_EVERY

    def end(self, failure: BaseException | None = None) -> None:
        """The statement has ended: its time stops, and it is logged. Later ends say nothing."""
        if self._ended is not None:
            return
        self._ended = time.monotonic()
        if logger.isEnabledFor(logging.INFO):
            # Not the failure's message: it may quote values.
            outcome = "" if failure is None else f" failed with {type(failure).__name__} after"
            logger.info("%s:%s %s", outline(self._text), outcome, self.statistics())
