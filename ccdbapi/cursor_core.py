"""What the cursors of both faces are: their state, and what they do, written once as coroutines."""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ccdbapi import exceptions
from ccdbapi.exceptions import Error, InterfaceError, InternalError, NotSupportedError, ProgrammingError
from ccdbapi.parameters import Parameters, values_for

if TYPE_CHECKING:
    from ccdbapi.assembly import Assembly
    from ccdbapi.config import Settings
    from ccdbapi.engine.session import ResultColumn
    from ccdbapi.exceptions import Outcome
    from ccdbapi.execution import Executor
    from ccdbapi.execution.run import OnProgress, Run
    from ccdbapi.planning import WritePlan
    from ccdbapi.sql import Statement
    from ccdbapi.statistics import Statistics

#: A row of a result. What it holds follows from the statement, hence Any.
Row = tuple[Any, ...]


class ColumnDescription(NamedTuple):
    """A column of a result. PEP 249, ``.description``; values of JSON and text have no sizes to tell."""

    name: str
    type_code: str
    display_size: int | None
    internal_size: int | None
    precision: int | None
    scale: int | None
    null_ok: bool | None


class Parent(Protocol):
    """What a cursor needs of its connection."""

    @property
    def settings(self) -> Settings: ...

    def assembly(self) -> Assembly: ...

    def wrote(self) -> None: ...


class CursorCore(ABC):
    """Runs one statement at a time. PEP 249, "Cursor Objects".

    Once it is closed, its methods raise `InterfaceError`, except for closing and cancelling it; what goes wrong with a
    statement is one of the other PEP 249 exceptions.
    """

    __slots__ = (
        "__weakref__",
        "_batched",
        "_busy",
        "_closed",
        "_description",
        "_executor",
        "_fetched",
        "_finalizer",
        "_lastrowid",
        "_latest",
        "_parent",
        "_reading",
        "_rowcount",
        "_user",
        "arraysize",
        "messages",
        "on_progress",
    )

    def __init__(self, parent: Parent) -> None:
        self._parent = parent
        self._executor: Executor | None = None
        self._finalizer: weakref.finalize[[], CursorCore] | None = None
        self._busy = threading.Lock()
        self._user: int | None = None
        self._closed = False
        self._description: Sequence[ColumnDescription] | None = None
        self._rowcount = -1
        self._fetched = 0
        self._reading = False
        # Stands for the record batches that the rows which are left go to.
        self._batched: object = None
        self._lastrowid: str | None = None
        self._latest: Run | None = None
        #: Is told how far a statement is, see `ccdbapi.connect`; begins as the connection's. None for nobody.
        self.on_progress: OnProgress | None = parent.settings.on_progress
        #: How many rows `fetchmany` gives when it is not told. PEP 249.
        self.arraysize = 1
        #: The errors and warnings of the last statement, as (class, value). PEP 249, "Optional DB API Extensions".
        self.messages: list[tuple[type[Exception], Exception]] = []

    @property
    def running(self) -> bool:
        """Whether a statement is being executed, or rows of it are being fetched, right now."""
        return self._busy.locked()

    @property
    def description(self) -> Sequence[ColumnDescription] | None:
        """The columns of the result, None where the last statement gave none. PEP 249."""
        return self._description

    @property
    def rowcount(self) -> int:
        """Rows that were written, or that a query gave once all are fetched; -1 before. PEP 249."""
        return self._rowcount

    @property
    def rownumber(self) -> int | None:
        """How many rows were fetched; None without a result. PEP 249, "Optional DB API Extensions"."""
        return None if self._description is None else self._fetched

    @property
    def lastrowid(self) -> str | None:
        """The identifier that an INSERT of one row created, else None. PEP 249, "Optional DB API Extensions"."""
        return self._lastrowid

    @property
    def stats(self) -> Statistics | None:
        """The figures of the last statement: calls, retries, latencies, rows …; None before the first.

        From any thread; while the statement runs and rows are left, they are those by now.
        """
        return None if self._latest is None else self._latest.statistics()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of each request of the last statement, if it wrote, in order, however it ended."""
        return () if self._executor is None else self._executor.outcomes

    def setinputsizes(self, sizes: Sequence[object]) -> None:
        """Does nothing: values need no sizes. PEP 249."""
        self._check_open()

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Does nothing: values are never cut. PEP 249."""
        self._check_open()

    def cancel(self) -> None:
        """Stops the statement that runs or whose rows are fetched, from any thread: it raises `OperationalError` there.

        What a write has begun is asked to be cancelled, as by Ctrl-C, and the error's ``outcomes`` tell what became of
        it. That takes some seconds at most; to cancel the statement once more ends it at once.
        """
        executor = self._executor
        if executor is not None:
            executor.cancel()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "with a result" if self._description is not None else "open"
        return f"<ccdbapi.{type(self).__name__} {state}>"

    async def _execute(self, operation: str, parameters: Parameters | None) -> None:
        with self._guarded():
            async with self._begun(operation) as run:
                await self._run(_parsed(operation), [parameters], run)

    async def _execute_many(self, operation: str, sets: Sequence[Parameters]) -> None:
        with self._guarded():
            async with self._begun(operation) as run:
                statement = _parsed(operation)
                _check_many(statement)
                await self._run(statement, sets, run)

    async def _fetch(self, size: int) -> list[Row]:
        with self._guarded():
            executor = self._unread()
            if not isinstance(size, int) or size < 0:
                raise ProgrammingError(f"The number of rows to fetch is 0 or more, not {size!r}.")
            rows = await executor.fetch(min(size, sys.maxsize)) if self._reading else []
            self._count(len(rows), ended=len(rows) < size)
            return rows

    async def _fetch_all(self) -> list[Row]:
        with self._guarded():
            executor = self._unread()
            await executor.settle()
            rows = await executor.fetch_all() if self._reading else []
            self._count(len(rows), ended=True)
            return rows

    @asynccontextmanager
    async def _begun(self, operation: str) -> AsyncIterator[Run]:
        """The run of a statement, which begins here, and ends here if it fails."""
        from ccdbapi.execution.run import Run

        await self._renew()
        if not isinstance(operation, str):
            raise ProgrammingError(f"A statement is text, not {type(operation).__name__}.")
        self._latest = Run(operation, timeout=self._parent.settings.timeout, on_progress=self.on_progress)
        try:
            yield self._latest
        except BaseException as error:
            self._latest.end(error)
            raise

    async def _run(self, statement: Statement, sets: Sequence[Parameters | None], run: Run) -> None:
        from ccdbapi.engine.bindings import Bindings
        from ccdbapi.planning import AnalyzePlan, DryRunPlan, QueryPlan

        assembly = self._parent.assembly()
        given = [values_for(statement, values) for values in sets]
        _check_shared(statement, given)
        bindings = [Bindings(values) for values in given]
        plans = await assembly.face.do(lambda: assembly.planner.plans(statement, bindings))
        if self._executor is None:
            self._executor = assembly.executor()
            # A cursor that is dropped with rows unread must not leave its calls behind.
            self._finalizer = weakref.finalize(self, self._executor.cancel)
        self._check_open()
        match plans:
            case [QueryPlan() as query]:
                self._describe(await self._executor.query(query, run))
            case [AnalyzePlan() as analysis]:
                self._describe(await self._executor.analyze(analysis, run))
            case [DryRunPlan() as dry_run]:
                self._describe(await self._executor.requested(dry_run, run))
            case _:
                writes = [plan for plan in plans if not isinstance(plan, QueryPlan | AnalyzePlan | DryRunPlan)]
                await self._write(self._executor, writes, run)

    async def _write(self, executor: Executor, plans: Sequence[WritePlan], run: Run) -> None:
        try:
            written = await executor.write(plans, run)
        except Error as error:
            if any(outcome.state in ("done", "unknown") for outcome in error.outcomes):
                self._parent.wrote()
            raise
        except BaseException:
            # Interrupted: nobody knows how far it came.
            self._parent.wrote()
            raise
        done = [(request, event) for request, event in written if not request.failed(event)]
        if done:
            self._parent.wrote()
        self._rowcount = len(done)
        if [request.handler for request, _ in done] == ["create"]:
            self._lastrowid = done[0][1].identifier
        if plans and plans[0].returning is not None:
            self._describe(await executor.returned(plans[0].returning, written, run))
        else:
            run.end()

    async def _renew(self) -> None:
        self._description, self._rowcount, self._fetched, self._lastrowid = None, -1, 0, None
        self._reading, self._batched = False, None
        del self.messages[:]
        if self._executor is not None:
            await self._executor.reset()
        if self._latest is not None:
            self._latest.end()

    def _describe(self, columns: Sequence[ResultColumn]) -> None:
        self._reading = True
        self._description = tuple(
            ColumnDescription(column.name, column.type_name, None, None, column.precision, column.scale, None)
            for column in columns
        )

    def _count(self, rows: int, *, ended: bool) -> None:
        self._fetched += rows
        if self._latest is not None:
            self._latest.gave(rows)
        if ended and self._reading:
            self._reading = False
            if self._latest is not None:
                self._latest.end()
            if self._rowcount < 0:
                self._rowcount = self._fetched

    def _result(self) -> Executor:
        if self._executor is None or self._description is None:
            # psycopg's words: notebooks tell by "no results to fetch" that a statement was none that gives rows.
            raise ProgrammingError("There are no results to fetch: execute a query, or a statement with RETURNING.")
        return self._executor

    def _unread(self) -> Executor:
        """As `_result`, for those who fetch rows."""
        executor = self._result()
        if self._batched is not None:
            raise ProgrammingError("The rows that are left are in the reader that fetch_record_batches gave.")
        return executor

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("The cursor is closed.")

    async def _let_go(self) -> None:
        """Gives back what a closed cursor holds."""
        self._description = None
        del self.messages[:]
        if self._executor is not None and self._finalizer is not None:
            self._finalizer.detach()
            executor, self._executor = self._executor, None
            await executor.close()
        if self._latest is not None:
            self._latest.end()

    @abstractmethod
    def _released(self) -> None:
        """The cursor is free for others again; it may have been closed meanwhile."""

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """For one thread or task at a time; and whatever goes wrong is a PEP 249 exception."""
        self._check_open()
        if not self._busy.acquire(blocking=False):
            raise ProgrammingError("The cursor is in use by another thread or task: give each a cursor of its own.")
        self._user = threading.get_ident()
        try:
            yield
        except Error as error:
            self.messages.append((type(error), error))
            raise
        except Exception as error:
            failure = InternalError(f"The driver failed: {type(error).__name__}: {error}")
            self.messages.append((InternalError, failure))
            raise failure from error
        finally:
            warned = [] if self._latest is None else self._latest.warnings()
            self.messages += [(exceptions.Warning, warning) for warning in warned]
            self._user = None
            self._busy.release()
            self._released()
        for warning in warned:
            warnings.warn(warning, stacklevel=_callers_level())


def _parsed(operation: str) -> Statement:
    from ccdbapi.sql import parse

    return parse(operation)


def _callers_level() -> int:
    """The ``stacklevel`` of the code that called the driver, as seen by who calls this."""
    own = (str(Path(__file__).parent), contextlib.__file__)
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(own):
        frame, level = frame.f_back, level + 1
    return level


def _check_many(statement: Statement) -> None:
    """Raises unless ``statement`` can run with several sets of parameters."""
    from ccdbapi.sql import Delete, Insert, Update

    if not isinstance(statement, Insert | Update | Delete):
        raise ProgrammingError("executemany is for INSERT, UPDATE and DELETE; call execute for a query.")


def _check_shared(statement: Statement, given: Sequence[Sequence[object]]) -> None:
    """Raises unless all sets of parameters give RETURNING the same values: it is executed once, for all of them."""
    from ccdbapi.sql import Delete, Insert, Update

    if len(given) < 2 or not isinstance(statement, Insert | Update | Delete) or statement.returning is None:
        return
    numbers = statement.returning.numbers
    first, *others = ([values[number] for number in numbers] for values in given)
    if any(values != first for values in others):
        raise NotSupportedError(
            "RETURNING is executed once for all sets of parameters, which have to give it the same values; call "
            "execute for each set."
        )
