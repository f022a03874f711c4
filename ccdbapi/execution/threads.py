"""Threads for what blocks the one it runs on: few, however many statements there are."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")

#: Threads of one pool at most.
MOST = 32


class Pool:
    """Up to `MOST` threads, started as they are needed, which keep no program from ending."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def submit(self, job: Callable[[], T]) -> concurrent.futures.Future[T]:
        """Has a thread do ``job``, after those that wait already. Cancelling the future takes back one that waits."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._jobs.put(partial(_do, job, future))
        with self._lock:
            if self._idle:
                self._idle -= 1  # for this job
            elif self._threads < MOST:
                self._threads += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
            else:
                self._waiting += 1
        return future

    async def do(self, job: Callable[[], T]) -> T:
        """What ``job`` returns or raises. It goes on where nobody waits for it any more."""
        return await asyncio.shield(asyncio.wrap_future(self.submit(job)))

    def _forget(self) -> None:
        """To begin with; and in a forked child, which has none of the threads."""
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads = self._idle = self._waiting = 0

    def _work(self) -> None:
        while True:
            self._jobs.get()()
            with self._lock:
                if self._waiting:
                    self._waiting -= 1
                else:
                    self._idle += 1


def _do(job: Callable[[], T], future: concurrent.futures.Future[T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = job()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
