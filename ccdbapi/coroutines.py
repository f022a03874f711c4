"""What both faces of the driver are made of: coroutines, of which some never have to wait."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


def finish(coroutine: Coroutine[object, object, T]) -> T:
    """What a coroutine returns or raises that waits on the spot, as `ccdbapi.execution.faces.Blocking` has it do."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    coroutine.close()
    raise RuntimeError("A coroutine of the blocking interface has suspended itself.")
