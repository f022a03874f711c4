"""A transport that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from ccdbapi.cloudcontrol.transport import Reply

Answer = Reply | Exception
Responder = Callable[[str, str, Mapping[str, object]], Answer]


def ok(**members: object) -> Reply:
    """A success with these members."""
    return Reply(200, "request-1", members)


def error(code: str, status: int = 400, message: str = "because") -> Reply:
    """An error of the service."""
    return Reply(status, "request-1", {"__type": code, "Message": message})


class ScriptedTransport:
    """Gives ``answers`` one after the other, or asks ``answers`` each time if it is a function; takes ``latency`` s."""

    def __init__(self, answers: Iterable[Answer] | Responder, *, latency: float = 0) -> None:
        self._answers = answers if callable(answers) else iter(list(answers))
        self._latency = latency
        self.calls: list[tuple[str, str, Mapping[str, object]]] = []
        self.sent_at: list[float] = []
        self.under_way = self.most_under_way = 0
        self.closed = False

    async def send(self, operation: str, region: str, payload: Mapping[str, object]) -> Reply:
        self.calls.append((operation, region, payload))
        self.sent_at.append(asyncio.get_running_loop().time())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self._latency)
        finally:
            self.under_way -= 1
        answers = self._answers
        answer = answers(operation, region, payload) if callable(answers) else next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True
