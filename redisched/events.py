"""The events that an application can listen to, and what its functions are told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redisched.callables import check_hook

PARAMETERS = {
    "on_success": ("ctx", "result"),
    "on_failure": ("ctx", "failure"),
    "on_retry": ("ctx", "failure"),
    "on_dead": ("ctx", "failure"),
    "on_cancelled": ("ctx",),
    "on_worker_start": ("worker",),
    "on_worker_stop": ("worker",),
}
"""The events, and with what the functions that are registered for them are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailure:
    """Why an attempt failed. `exception` is what the handler raised, None if it was raised in another process or if
    there was none. `retry_in_s` is when the next attempt comes, None if none does; then `reason` says why.
    """

    error: str
    traceback: str = ""
    reason: str = ""
    retry_in_s: float | None = None
    exception: BaseException | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """A worker process: its name, as `redisched task show` has it, and the queues that it serves."""

    name: str
    queues: tuple[str, ...]


class EventFunctions:
    """The functions that were registered for each event, in order."""

    def __init__(self) -> None:
        self._functions: dict[str, list[Callable[..., Any]]] = {}

    def add(self, event: str, function: Callable[..., Any]) -> None:
        """Add one for an event. Raises InvalidOption."""
        check_hook(event, function, *PARAMETERS[event])
        self._functions.setdefault(event, []).append(function)

    def of(self, event: str) -> list[Callable[..., Any]]:
        """Those of an event."""
        return self._functions.get(event, [])

    def __bool__(self) -> bool:
        return bool(self._functions)
