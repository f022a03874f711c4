"""Carries out the plans of one cursor, one at a time. What waits is a coroutine: a face carries out the waiting."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ccdbapi.cloudcontrol.accounts import Clients, refreshing
from ccdbapi.cloudcontrol.observer import observing
from ccdbapi.engine.session import ResultColumn, Row, Session
from ccdbapi.exceptions import DatabaseError, Error, OperationalError, Outcome
from ccdbapi.execution.accounting import Log, account_of
from ccdbapi.execution.distinct import distinct
from ccdbapi.execution.faces import Face
from ccdbapi.execution.hooks import objections_of
from ccdbapi.execution.journal import Journal
from ccdbapi.execution.objections import Objections
from ccdbapi.execution.policy import WritePolicy
from ccdbapi.execution.reading import Reading
from ccdbapi.execution.requests import Request, request_row, requests_of
from ccdbapi.execution.returning import Written, event_table, models_of
from ccdbapi.execution.run import Run
from ccdbapi.execution.skipping import Failing, Skipping
from ccdbapi.execution.stop import Stop
from ccdbapi.execution.writing import Writing
from ccdbapi.planning import AnalyzePlan, QueryPlan, Returning, WritePlan
from ccdbapi.planning.explain import DryRunPlan, analyzed, requested

if TYPE_CHECKING:
    import pandas
    import pyarrow

T = TypeVar("T")

#: So many sets of parameters are read for at once.
READ_AHEAD = 64

#: Rows that are discarded at once.
_DISCARDED = 2048


class Executor:
    """Runs plans on sessions of the engine, which ``open_session`` gives; ``clients`` make the calls.

    ``face`` waits for both. ``wait`` tells whether a statement that writes waits until its requests are final where it
    does not say, ``policy`` what it may do, ``concurrency`` how many calls the clients make at once, ``skips_regions``
    whether a query goes on without regions that fail. Not for several threads or tasks at once, but for `cancel`.
    """

    def __init__(
        self,
        face: Face,
        clients: Clients,
        open_session: Callable[[], Session],
        *,
        wait: bool,
        policy: WritePolicy,
        concurrency: int,
        journal: Journal | None = None,
        skips_regions: bool = False,
    ) -> None:
        self._face = face
        self._clients = clients
        self._open_session = open_session
        self._session = open_session()
        self._wait = wait
        self._policy = policy
        self._concurrency = concurrency
        self._journal = journal
        self._skips_regions = skips_regions
        self._run: Run | None = None
        #: What has begun to be read: first that whose rows are executed, then what is read ahead for a statement that
        #: writes by several sets of parameters.
        self._readings: deque[Reading] = deque()
        self._writing: Writing | None = None
        self._reading_back: Stop | None = None
        self._outcomes: tuple[Outcome, ...] = ()
        self._cancelled = False
        # Signal handlers may cancel what their own thread is about to drop.
        self._stopping = threading.RLock()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of each request of the statement, if it wrote, in order."""
        return self._outcomes

    async def query(self, plan: QueryPlan, run: Run) -> Sequence[ResultColumn]:
        """Starts a query and returns its columns. Raises what the engine or a call raises."""
        return await self._read(plan, run, Skipping(run.warn) if self._skips_regions else Failing())

    async def _read(self, plan: QueryPlan, run: Run, regions: Failing) -> Sequence[ResultColumn]:
        self._run = run
        with self._stoppable():
            self._check_cancelled()
            self._begin(plan, run, regions)
            return await self._open(plan, run)

    def _begin(self, plan: QueryPlan, run: Run, regions: Failing) -> None:
        clients = refreshing(self._clients) if plan.fresh else self._clients
        reading = Reading(self._face, clients, plan, run.patience, self._open_session, regions)
        self._readings.append(reading)
        with observing(run.tally):
            reading.start()

    async def _open(self, plan: QueryPlan, run: Run) -> Sequence[ResultColumn]:
        """Executes the query that has begun first."""
        reading = self._readings[0]
        await self._face.first(reading.heads, run.patience)
        self._check_cancelled()
        return await self._do(partial(self._session.execute, plan.sql, plan.bindings, reading.tables, plan.locate))

    async def analyze(self, plan: AnalyzePlan, run: Run) -> Sequence[ResultColumn]:
        """Runs the plan's query to its end, and starts the one that tells what it made. Raises as `query` does."""
        await self.query(plan.query, run)
        while rows := await self.fetch(_DISCARDED):
            run.gave(len(rows))
        await self._drop()
        run.end()
        return await self.query(analyzed(plan.query, run.tally.by_part(), run.statistics()), run)

    async def requested(self, plan: DryRunPlan, run: Run) -> Sequence[ResultColumn]:
        """Starts the query whose rows are the requests that a write would make. Raises as `write` does before those."""
        requests = distinct(await self._requests([plan.write], run))
        return await self.query(requested([request_row(request) for request in requests]), run)

    async def write(self, plans: Sequence[WritePlan], run: Run) -> Sequence[Written]:
        """Makes the requests of all ``plans``, those for one resource in order, all others at once.

        Raises before the first one for what is wrong with the statement's values, or goes beyond the policy.
        """
        self._policy.check(plans)
        requests = distinct(await self._requests(plans, run))
        awaited = [self._wait if plan.awaited is None else plan.awaited for plan in plans]
        returned = self._policy.returns_failures(plans)
        self._writing = Writing(
            self._clients,
            requests,
            awaited=any(awaited),
            failures="return" if returned else "raise",
            log=self._logs(requests),
            concurrency=self._concurrency,
        )
        try:
            self._check_cancelled()
            with observing(run.tally), run.patience.waiting():
                return await self._face.wait(self._writing.carry_out(run.patience), run.patience)
        except concurrent.futures.CancelledError:
            await self._call_off(self._writing, run)
            raise self._writing.cancelled() from None
        except DatabaseError as error:
            if error.outcomes:
                raise
            await self._call_off(self._writing, run)
            raise self._writing.accounted(error) from error.__cause__
        except (KeyboardInterrupt, asyncio.CancelledError) as interrupt:
            await self._call_off(self._writing, run)
            interrupt.add_note(f"The statement was interrupted. {self._writing.account}")
            raise
        finally:
            self._writing.log_rest()
            self._outcomes = self._writing.outcomes
            for warning in objections_of(self._writing.answered):
                run.warn(warning)
            self._writing = None

    async def _call_off(self, writing: Writing, run: Run) -> None:
        """Has requests cancelled that whoever runs the statement wants no more. Who wants not even that, ends it."""
        given_up = suppress(KeyboardInterrupt, asyncio.CancelledError, concurrent.futures.CancelledError)
        with given_up, observing(run.tally):
            await self._face.wait(writing.call_off())

    def _logs(self, requests: Sequence[Request]) -> Sequence[Log] | None:
        """Records the requests in the journal, if there is one; what is to be told of each."""
        if self._journal is None or any(request.handler == "cancel" for request in requests):
            return None
        return [partial(self._journal.mark, number) for number in self._journal.record(requests)]

    async def returned(self, returning: Returning, written: Sequence[Written], run: Run) -> Sequence[ResultColumn]:
        """Starts the query that RETURNING is, over what was written, and returns its columns.

        What it raises says that the requests are made, and by its outcomes what became of them.
        """
        try:
            models: Sequence[str | None] = [None] * len(written)
            if returning.shows_resources:
                models = await self._read_back(written, run)
            self._check_cancelled()
            tables = {returning.raw.name: event_table(returning, written, models)}
            return await self._do(
                partial(self._session.execute, returning.sql, returning.bindings, tables, returning.locate)
            )
        except Error as error:
            made = type(error)(f"{error} The requests have been made. {account_of(self._outcomes)}", diag=error.diag)
            made.outcomes = self._outcomes
            raise made from error.__cause__
        except (KeyboardInterrupt, asyncio.CancelledError) as interrupt:
            interrupt.add_note(f"RETURNING was interrupted, the requests have been made. {account_of(self._outcomes)}")
            raise

    async def _read_back(self, written: Sequence[Written], run: Run) -> Sequence[str | None]:
        """What was written, as far as it has to be read for RETURNING."""
        self._reading_back = Stop()
        self._check_cancelled()
        reading = models_of(refreshing(self._clients), written, run.patience, self._reading_back)
        try:
            with observing(run.tally), run.patience.waiting():
                return await self._face.wait(reading, run.patience)
        except concurrent.futures.CancelledError:
            raise _cancelled() from None
        finally:
            self._reading_back = None

    async def fetch(self, size: int) -> list[Row]:
        """The next rows of the query, at most ``size``; fewer only at the end. Raises as `query` does."""
        with self._stoppable():
            self._check_cancelled()
            return await self._do(partial(self._session.fetch, size))

    async def settle(self) -> None:
        """Waits, where that would hold a thread, until the rows that are left are there, or 16 MB of a table's."""
        with self._stoppable():
            self._check_cancelled()
            await self._settled()

    async def _settled(self) -> None:
        if self._readings and self._run is not None:
            await self._face.first(self._readings[0].rest, self._run.patience)

    async def fetch_all(self) -> list[Row]:
        """All rows of the query that are left. Raises as `query` does."""
        with self._stoppable():
            self._check_cancelled()
            return await self._do(self._session.fetch_all)

    async def fetch_frame(self) -> pandas.DataFrame:
        """All rows of the query that are left. Raises as `query` does."""
        with self._stoppable():
            self._check_cancelled()
            return await self._do(self._session.fetch_frame)

    async def open_batches(self, size: int) -> pyarrow.Schema:
        """Has `next_batch` give the rows that are left, about ``size`` in each. Raises as `query` does."""
        with self._stoppable():
            self._check_cancelled()
            return await self._do(partial(self._session.open_batches, size))

    async def next_batch(self) -> pyarrow.RecordBatch | None:
        """The next rows after `open_batches`, None at the end. Raises as `query` does."""
        with self._stoppable():
            self._check_cancelled()
            return await self._do(self._session.next_batch)

    def cancel(self) -> None:
        """Stops the statement, from any thread: the method that runs it or fetches its rows raises OperationalError."""
        with self._stopping:
            # First of all: what begins from here on sees it, and what has begun is stopped below.
            self._cancelled = True
            readings, writing, reading_back = tuple(self._readings), self._writing, self._reading_back
            if writing is not None:
                writing.cancel()
            if reading_back is not None:
                reading_back.ask()
            for reading in readings:
                reading.stop(_cancelled())
            if readings:
                self._session.interrupt()

    async def reset(self) -> None:
        """Drops the result of the last statement, and stops the calls that it still makes."""
        await self._drop()
        self._cancelled = False
        self._outcomes = ()

    async def _drop(self) -> None:
        with self._stopping:  # an interrupt for this statement must not reach the next one
            readings, self._readings = self._readings, deque()
        try:
            for reading in readings:
                await reading.finish()
        finally:
            self._session.reset()

    async def _drop_first(self) -> None:
        """As `_drop`, but for what is read ahead."""
        with self._stopping:
            reading = self._readings.popleft()
        try:
            await reading.finish()
        finally:
            self._session.reset()

    async def close(self) -> None:
        """Ends the session."""
        try:
            await self._drop()
        finally:
            self._session.close()

    async def _requests(self, plans: Sequence[WritePlan], run: Run) -> Sequence[tuple[WritePlan, Sequence[Request]]]:
        """The requests of each plan. What the plans read is read at once, and executed one after the other.

        Raises what is wrong with the values of all of them.
        """
        self._run = run
        # Nothing is written by what was remembered, nor by a part of what there is.
        sources = [replace(plan.source, fresh=True) for plan in plans]
        unbegun = iter(sources)
        objections = Objections()
        made: list[tuple[WritePlan, Sequence[Request]]] = []
        try:
            for number, (plan, source) in enumerate(zip(plans, sources, strict=True), 1):
                with self._stoppable():
                    self._check_cancelled()
                    for other in islice(unbegun, READ_AHEAD - len(self._readings)):
                        self._begin(other, run, Failing())
                    await self._open(source, run)
                    await self._settled()
                    rows = await self._do(self._session.fetch_all)
                await self._drop_first()
                which = f"Set {number} of parameters: " if len(plans) > 1 else ""
                requests = await self._face.do(partial(requests_of, plan, rows, objections, which))
                self._policy.check_number(plan, len(requests))
                made.append((plan, requests))
        finally:
            await self._drop()
        objections.check()
        return made

    async def _do(self, job: Callable[[], T]) -> T:
        """What the engine does with the query's rows."""
        over = not self._readings or self._readings[0].over
        return await (self._face.do if over else self._face.pull)(job, self.cancel)

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Whatever ends the reading of a query early, ends its calls."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                self.cancel()
            for reading in tuple(self._readings):
                reading.stop(error)
            if self._run is not None:
                self._run.end(error)
            if self._cancelled and isinstance(error, Error):
                raise _cancelled() from None  # the engine has words of its own for it
            raise

    def _check_cancelled(self) -> None:
        if self._cancelled:
            raise _cancelled()


def _cancelled() -> OperationalError:
    return OperationalError("The statement was cancelled.")
