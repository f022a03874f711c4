"""The cursor: runs statements and hands out their rows. PEP 249, "Cursor Objects"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ccdbapi.exceptions import Error, InterfaceError, InternalError, ProgrammingError
from ccdbapi.parameters import Parameters, values_for

if TYPE_CHECKING:
    from ccdbapi.connection import Connection
    from ccdbapi.engine.session import ResultColumn
    from ccdbapi.execution import Executor
    from ccdbapi.planning import Plan, WritePlan
    from ccdbapi.sql import Statement

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


class Cursor:
    """Runs one statement at a time. PEP 249, "Cursor Objects".

    Made by `Connection.cursor`; for one thread, but for `cancel`. Iterating gives the rows that are left. As a context
    manager it closes itself at the end. Every method but `close` raises `InterfaceError` once it is closed; what goes wrong
    with a statement is one of the other PEP 249 exceptions.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._executor: Executor | None = None
        self._closed = False
        self._description: Sequence[ColumnDescription] | None = None
        self._rowcount = -1
        self._fetched = 0
        self._reading = False
        self._lastrowid: str | None = None
        #: How many rows `fetchmany` gives when it is not told. PEP 249.
        self.arraysize = 1
        #: Warnings and errors as (class, value). PEP 249, "Optional DB API Extensions".
        self.messages: list[tuple[type[Exception], Exception]] = []

    @property
    def connection(self) -> Connection:
        """The connection that the cursor belongs to. PEP 249, "Optional DB API Extensions"."""
        return self._connection

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
        """The identifier that the last INSERT of a single row created, else None. PEP 249, "Optional DB API Extensions"."""
        return self._lastrowid

    def execute(self, operation: str, parameters: Parameters | None = None) -> Self:
        """Runs a statement; returns the cursor. ``parameters``: a sequence for ``?``, a mapping for ``:name``. PEP 249.

        A query's rows are read as they are fetched. A statement that writes returns when its requests are final, unless
        ``/*+ async */`` or the setting ``wait=False`` says otherwise.
        """
        with self._guarded():
            self._renew()
            self._run(operation, [parameters])
        return self

    def executemany(self, operation: str, seq_of_parameters: Iterable[Parameters]) -> Self:
        """Runs an INSERT, UPDATE or DELETE for each set of parameters, as one statement; returns the cursor. PEP 249.

        Raises `ProgrammingError` for a query.
        """
        with self._guarded():
            self._renew()
            self._run(operation, list(seq_of_parameters), many=True)
        return self

    def fetchone(self) -> Row | None:
        """The next row, None at the end. PEP 249. Raises `ProgrammingError` where there is no result."""
        rows = self._fetch(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows, ``size`` or `arraysize` at most; fewer only at the end. PEP 249. Raises as `fetchone`."""
        return self._fetch(self.arraysize if size is None else size)

    def fetchall(self) -> list[Row]:
        """All rows that are left. PEP 249. Raises as `fetchone`."""
        with self._guarded():
            executor = self._result()
            rows = executor.fetch_all() if self._reading else []
            self._count(rows, ended=True)
            return rows

    def nextset(self) -> None:
        """None: a statement gives one result at most. PEP 249. Raises as `fetchone`."""
        with self._guarded():
            self._result()

    def setinputsizes(self, sizes: Sequence[object]) -> None:
        """Does nothing: values need no sizes. PEP 249."""
        self._check_open()

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Does nothing: values are never cut. PEP 249."""
        self._check_open()

    def cancel(self) -> None:
        """Stops the statement that runs, from any thread: there it raises `OperationalError`."""
        executor = self._executor
        if executor is not None:
            executor.cancel()

    def close(self) -> None:
        """Closes the cursor, and stops the calls that it still makes. Closing it again does nothing. PEP 249."""
        self._closed = True
        executor, self._executor = self._executor, None
        self._description = None
        if executor is not None:
            executor.close()

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "with a result" if self._description is not None else "open"
        return f"<ccdbapi.Cursor {state}>"

    def _run(self, operation: str, parameter_sets: Sequence[Parameters | None], *, many: bool = False) -> None:
        from ccdbapi.engine.bindings import Bindings
        from ccdbapi.planning import QueryPlan
        from ccdbapi.sql import Query, parse

        if not isinstance(operation, str):
            raise ProgrammingError(f"A statement is text, not {type(operation).__name__}.")
        statement = parse(operation)
        if many and isinstance(statement, Query):
            raise ProgrammingError("executemany is for INSERT, UPDATE and DELETE; call execute for a query.")
        assembly = self._connection.assembly()
        plans = [assembly.planner.plan(statement, Bindings(values_for(statement, values))) for values in parameter_sets]
        if self._executor is None:
            self._executor = assembly.executor()
        queries = [plan for plan in plans if isinstance(plan, QueryPlan)]
        if queries:
            self._describe(self._executor.query(queries[0]))
        else:
            self._write(self._executor, [plan for plan in plans if not isinstance(plan, QueryPlan)])

    def _write(self, executor: Executor, plans: Sequence[WritePlan]) -> None:
        try:
            written = executor.write(plans)
        except Error as error:
            if error.outcomes:
                self._connection.wrote()
            raise
        if written:
            self._connection.wrote()
        self._rowcount = len(written)
        if len(written) == 1 and written[0][0].handler == "create":
            self._lastrowid = written[0][1].identifier
        if plans and plans[0].returning is not None:
            self._describe(executor.returned(plans[0].returning, written))

    def _renew(self) -> None:
        self._description, self._rowcount, self._fetched, self._lastrowid = None, -1, 0, None
        self._reading = False
        del self.messages[:]
        if self._executor is not None:
            self._executor.reset()

    def _describe(self, columns: Sequence[ResultColumn]) -> None:
        self._reading = True
        self._description = tuple(
            ColumnDescription(column.name, column.type_name, None, None, column.precision, column.scale, None)
            for column in columns
        )

    def _fetch(self, size: int) -> list[Row]:
        with self._guarded():
            executor = self._result()
            if size < 0:
                raise ProgrammingError(f"The number of rows to fetch cannot be {size}.")
            rows = executor.fetch(size) if self._reading else []
            self._count(rows, ended=len(rows) < size)
            return rows

    def _count(self, rows: Sequence[Row], *, ended: bool) -> None:
        self._fetched += len(rows)
        if ended and self._reading:
            self._reading = False
            self._rowcount = max(self._rowcount, self._fetched)

    def _result(self) -> Executor:
        if self._executor is None or self._description is None:
            raise ProgrammingError("There is no result to fetch: execute a query, or a statement with RETURNING.")
        return self._executor

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("The cursor is closed.")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Whatever goes wrong is a PEP 249 exception."""
        self._check_open()
        del self.messages[:]
        try:
            yield
        except Error:
            raise
        except Exception as error:
            raise InternalError(f"The driver failed: {type(error).__name__}: {error}") from error
