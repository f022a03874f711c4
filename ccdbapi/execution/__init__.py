"""Carries plans out: fetches what they read, makes the requests that they write."""

from __future__ import annotations

from ccdbapi.execution.executor import Executor
from ccdbapi.execution.policy import WritePolicy

__all__ = ["Executor", "WritePolicy"]
