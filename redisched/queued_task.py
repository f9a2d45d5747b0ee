"""A task as a program sees it that looks at a queue, or pulls from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from redisched.identity import is_given, made_ms
from redisched.model import TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedTask:
    """A task that waits, or that this program has leased.

    `args` and `kwargs` are as the handler of this name takes them, if the application has it, else as they travelled.
    `attempt` is the number of the attempt that comes or runs, from 1. `run_at_ms` is when the task is due, in
    milliseconds of the server's time; None while it waits for the end of another that has its unique key. `headers` are
    the texts that middleware of the producer sent along. `undecodable` says why the task cannot be read, "" if it can;
    it has no name and no arguments then.
    """

    id: str
    queue: str
    state: TaskState
    name: str
    priority: int
    attempt: int
    run_at_ms: int | None
    args: Sequence[Any] = field(default=(), repr=False)
    kwargs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    undecodable: str = ""

    @property
    def run_at(self) -> datetime | None:
        """When the task is due."""
        return None if self.run_at_ms is None else datetime.fromtimestamp(self.run_at_ms / 1e3, UTC)

    @property
    def enqueued_at(self) -> datetime | None:
        """When the id of the task was made, by the clock of its producer; None if the caller chose the id."""
        return datetime.fromtimestamp(made_ms(self.id) / 1e3, UTC) if is_given(self.id) else None
