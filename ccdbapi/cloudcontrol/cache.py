"""Remembers for a while what reads were answered, and lets those that ask the same at once share one call."""

from __future__ import annotations

import asyncio
import copy
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Self

from ccdbapi.cloudcontrol.call import Call, Caller, Send
from ccdbapi.cloudcontrol.clock import Clock
from ccdbapi.cloudcontrol.progress import FINAL
from ccdbapi.cloudcontrol.retry import Verdict, judge
from ccdbapi.cloudcontrol.transport import Answer
from ccdbapi.exceptions import ERROR_CLASSES, DatabaseError, ProgrammingError

#: Bytes of answers that are remembered for a connection, about; those asked for the longest ago go first.
MAX_BYTES = 64 * 2**20
#: The part of these that one list may take, 1/4; a longer one is not remembered.
SHARES = 4
#: Seconds after which a request must have ended that nobody saw the end of: the longest ``timeoutInMinutes`` of a
#: handler. Source: the meta-schema of resource types, ``provider.definition.schema``.
LONGEST_REQUEST = 2160 * 60.0
#: Seconds since its last page within which others may join a list: a NextToken does not live for ever.
JOINABLE = 30.0

#: Services whose resources show in several regions. Sources: "Global services", AWS Fault Isolation Boundaries; the
#: services that replicate resources to other regions.
_SHARED_BY_REGIONS = frozenset(
    {
        "AWS::Account", "AWS::Billing", "AWS::BillingConductor", "AWS::Budgets", "AWS::CE", "AWS::CloudFront",
        "AWS::DynamoDB", "AWS::ECR", "AWS::GlobalAccelerator", "AWS::IAM", "AWS::KMS", "AWS::NetworkManager",
        "AWS::Organizations", "AWS::RDS", "AWS::Route53", "AWS::Route53RecoveryControl",
        "AWS::Route53RecoveryReadiness", "AWS::S3", "AWS::SecretsManager", "AWS::Shield",
    }
)  # fmt: skip

_READS = frozenset({"GetResource", "ListResources"})
_WRITES = frozenset({"CreateResource", "UpdateResource", "DeleteResource", "CancelResourceRequest"})
_ABSENT = "ResourceNotFoundException"

#: What a read is remembered by: whose it is, its operation, region and members, but for the place in a list.
_Key = tuple[object, ...]


class _Scope:
    """What a write may touch: all resources of a service in a region. ``generation`` changes whenever one does."""

    __slots__ = ("generation", "under_way")

    def __init__(self) -> None:
        self.generation = 0
        #: Requests whose end was not seen yet → when it must have come. In the order in which they were made.
        self.under_way: dict[object, float] = {}

    def is_changing(self, now: float) -> bool:
        if self.under_way and next(reversed(self.under_way.values())) <= now:
            self.under_way.clear()
            self.generation += 1
        return bool(self.under_way)

    def begin(self, request: object, now: float) -> None:
        self.under_way.pop(request, None)
        self.under_way[request] = now + LONGEST_REQUEST
        self.generation += 1

    def end(self, request: object) -> None:
        if self.under_way.pop(request, None) is not None:
            self.generation += 1


class _Read:
    """A get, or a list with all its pages: the answers so far by NextToken, and how many still want more of them."""

    __slots__ = ("answers", "began", "generation", "key", "latest", "readers", "scope", "size", "whole")

    def __init__(self, key: _Key, scope: _Scope, now: float) -> None:
        self.key, self.scope, self.generation = key, scope, scope.generation
        self.began = self.latest = now
        self.answers: dict[object, Answer | ProgrammingError] = {}
        self.size = sys.getsizeof(self.answers)
        self.readers = 0
        self.whole = False

    def serves(self, now: float, ttl: float) -> bool:
        """Whether it may answer those who ask now."""
        if self.generation != self.scope.generation or now >= self.began + ttl:
            return False
        return self.whole or (self.readers > 0 and (not self.answers or now < self.latest + JOINABLE))


class Memory:
    """What was read, about ``max_bytes`` of it: the latest that was asked for. Clients may share one."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        #: How many bytes are remembered, about.
        self.size = 0
        self._max_bytes = max_bytes
        self._reads: OrderedDict[_Key, _Read] = OrderedDict()

    def find(self, key: _Key) -> _Read | None:
        read = self._reads.get(key)
        if read is not None:
            self._reads.move_to_end(key)
        return read

    def put(self, read: _Read) -> None:
        """In the place of an earlier read of the same."""
        earlier = self._reads.get(read.key)
        if earlier is not None:
            self.drop(earlier)
        self._reads[read.key] = read
        self.size += read.size
        self._trim()

    def add(self, read: _Read, token: object, answer: Answer | ProgrammingError) -> None:
        """Keeps an answer of ``read``, unless that was dropped."""
        if self._reads.get(read.key) is not read:
            return
        size = _size(answer)
        read.answers[token] = answer
        read.size += size
        self.size += size
        if read.size > self._max_bytes // SHARES:
            self.drop(read)
        self._trim()

    def drop(self, read: _Read) -> None:
        if self._reads.get(read.key) is read:
            del self._reads[read.key]
            self.size -= read.size
            # Who reads a list that goes on can ask for more of it; the tokens of one that has ended may not live on.
            if not read.whole:
                read.answers.clear()

    def _trim(self) -> None:
        while self.size > self._max_bytes:
            self.drop(next(iter(self._reads.values())))


class _Flight:
    """A call under way, and how many wait for it."""

    __slots__ = ("task", "waiting")

    def __init__(self, task: asyncio.Task[Answer | ProgrammingError]) -> None:
        self.task = task
        self.waiting = 0


class CachingCaller:
    """A `Caller` that answers reads by what it remembers, for ``ttl`` seconds from when they began.

    That a resource does not exist is remembered, too; other errors are not, nor is a list that was not read to its end.
    A write makes it forget what it may touch: all of the type's service in that region (types of one service show in
    each other's properties, and a resource has more names than one), and in all regions for services that have the same
    resources there. While a write is under way nothing of that is remembered, nor answered from memory; one whose end
    is not seen here, because nobody waits for it or asks how far it is, counts as under way for `LONGEST_REQUEST`.

    Whoever asks for what is being asked for shares the call. It is stopped when nobody waits for it any more; if it
    fails, it fails for those who wait. For one event loop at a time, as transports are.
    """

    def __init__(self, caller: Caller, *, ttl: float, clock: Clock, memory: Memory) -> None:
        self._caller = caller
        self._ttl = ttl
        self._clock = clock
        self._memory = memory
        self._owner = object()
        self._looks_back = True
        self._scopes: dict[tuple[str, str], _Scope] = {}
        # With the loop: a call of one that was left, or that a forked child does not have, never ends.
        self._flights: dict[tuple[asyncio.AbstractEventLoop, _Read, object], _Flight] = {}

    def refreshing(self) -> Self:
        """One that shares the memory, and asks the service whatever is in it."""
        other = copy.copy(self)
        other._looks_back = False
        return other

    async def send(self, call: Call) -> Answer:
        """As `Caller.send`."""
        if call.operation in _WRITES:
            return await self._write(call)
        answer = await self._caller.send(call)
        self._look_for_ends(call.region, answer)
        return answer

    @contextmanager
    def reading(self, first: Call) -> Iterator[Send]:
        """As `Caller.reading`."""
        now, scope = self._clock.monotonic(), self._scope(first.region, first.type_name)
        if first.operation not in _READS or scope.is_changing(now):
            yield self.send
            return
        key = (self._owner, first.operation, first.region, *sorted(first.payload.items()))
        read = self._memory.find(key) if self._looks_back else None
        if read is None or not read.serves(now, self._ttl):
            read = _Read(key, scope, now)
            self._memory.put(read)
        read.readers += 1
        try:
            yield partial(self._answer, read)
            read.whole = True
        finally:
            read.readers -= 1
            if not (read.readers or read.whole):
                self._memory.drop(read)

    async def _answer(self, read: _Read, call: Call) -> Answer:
        token = call.payload.get("NextToken")
        while True:
            if token in read.answers:
                return _given(read.answers[token])
            flight = self._flight(read, token, call)
            flight.waiting += 1
            try:
                await asyncio.wait({flight.task})
            except asyncio.CancelledError:
                if flight.waiting == 1:
                    self._flights.pop((asyncio.get_running_loop(), read, token), None)
                    flight.task.cancel()
                    await asyncio.wait({flight.task})
                raise
            finally:
                flight.waiting -= 1
            if not flight.task.cancelled():
                return _given(flight.task.exception() or flight.task.result())

    def _flight(self, read: _Read, token: object, call: Call) -> _Flight:
        key = (asyncio.get_running_loop(), read, token)
        flight = self._flights.get(key)
        if flight is None:

            def landed(task: asyncio.Task[Answer | ProgrammingError]) -> None:
                if self._flights.get(key) is flight:
                    del self._flights[key]
                if not task.cancelled():
                    task.exception()  # looked at, so that asyncio does not report it as lost

            self._flights[key] = flight = _Flight(asyncio.create_task(self._fetch(read, token, call)))
            flight.task.add_done_callback(landed)
        return flight

    async def _fetch(self, read: _Read, token: object, call: Call) -> Answer | ProgrammingError:
        answer: Answer | ProgrammingError
        try:
            answer = await self._caller.send(call)
        except ProgrammingError as error:
            if call.operation != "GetResource" or error.diag.code != _ABSENT:
                raise
            answer = error.with_traceback(None)
        read.latest = self._clock.monotonic()
        self._memory.add(read, token, answer)
        return answer

    async def _write(self, call: Call) -> Answer:
        scope = None if call.type_name is None else self._scope(call.region, call.type_name)
        sending = object()
        if scope is not None:
            scope.begin(sending, self._clock.monotonic())
        try:
            answer = await self._caller.send(call)
        except DatabaseError as error:
            if scope is not None and _is_refusal(call, error):
                scope.end(sending)
            raise
        for event in _events(answer):
            token, type_name = event.get("RequestToken"), call.type_name or event.get("TypeName")
            if isinstance(token, str) and isinstance(type_name, str):
                touched = self._scope(call.region, type_name)
                touched.begin((call.region, token), self._clock.monotonic())
                touched.end(sending)
        self._look_for_ends(call.region, answer)
        return answer

    def _look_for_ends(self, region: str, answer: Answer) -> None:
        for event in _events(answer):
            if event.get("OperationStatus") in FINAL:
                for scope in self._scopes.values():
                    scope.end((region, event.get("RequestToken")))

    def _scope(self, region: str, type_name: str | None) -> _Scope:
        service = "::".join((type_name or "").split("::")[:2])
        return self._scopes.setdefault((service, "" if service in _SHARED_BY_REGIONS else region), _Scope())


def _given(answer: Answer | BaseException) -> Answer:
    """``answer``, or the exception that it is: each who gets it has one of his own to raise."""
    if isinstance(answer, DatabaseError):
        raise copy.copy(answer) from answer.__cause__
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _events(answer: Answer) -> list[Mapping[str, object]]:
    """The progress events in an answer."""
    several = answer.body.get("ResourceRequestStatusSummaries")
    candidates = [answer.body.get("ProgressEvent"), *(several if isinstance(several, list) else ())]
    return [event for event in candidates if isinstance(event, Mapping)]


def _is_refusal(call: Call, error: DatabaseError) -> bool:
    """Whether it is certain that the service did not do it."""
    code = error.diag.code
    if code not in ERROR_CLASSES or code == "HandlerInternalFailureException":
        return False
    return judge(call.operation, 400, code) is Verdict.FINAL


def _size(answer: Answer | ProgrammingError) -> int:
    """About how many bytes an answer takes."""
    if isinstance(answer, ProgrammingError):
        return 1_000
    return 1_000 + _size_of(answer.body)


def _size_of(value: object) -> int:
    own = sys.getsizeof(value)
    if isinstance(value, Mapping):
        return own + sum(map(_size_of, value.values()))  # the names are few, and shared
    return own + (sum(map(_size_of, value)) if isinstance(value, list) else 0)
