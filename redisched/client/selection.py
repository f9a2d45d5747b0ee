"""Many tasks on which one call acts."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from redisched.client.connection import Connection
from redisched.client.dead_tasks import Discard, DiscardOutcome, Replay, ReplayOutcome
from redisched.client.deleting import Delete, DeleteOutcome
from redisched.client.selecting import Change, O, Source
from redisched.client.verbs import (
    RUN_NOW,
    Cancel,
    CancelOutcome,
    ChangeOutcome,
    Look,
    Verb,
    reprioritization,
    rescheduling,
)
from redisched.model import TaskState


@dataclass(frozen=True, slots=True)
class Selection:
    """Tasks by their ids, or all that match a filter. Each call selects anew, and returns what it did with each task.

    With ids, a call raises UnknownTasks once it has acted on all that are known. A filter selects those tasks for which
    the call can do anything. Tasks that are enqueued during the call may or may not be selected. If a call fails with
    BrokerUnavailable, it has acted on some of the tasks, and can be repeated.
    """

    _source: Source
    _connection: Connection = field(repr=False)

    def look(self) -> list[Change[TaskState]]:
        """The tasks, each with its state now."""
        return self._run(Look(), "look")

    async def look_async(self) -> list[Change[TaskState]]:
        """As `look`."""
        return await self._run_async(Look())

    def cancel(self) -> list[Change[CancelOutcome]]:
        """Keep the tasks from running, or, if they run, tell their handlers to stop."""
        return self._run(Cancel(), "cancel")

    async def cancel_async(self) -> list[Change[CancelOutcome]]:
        """As `cancel`."""
        return await self._run_async(Cancel())

    def reprioritize(self, priority: int) -> list[Change[ChangeOutcome]]:
        """Give waiting tasks another priority; lower ones run first. Raises InvalidOption."""
        return self._run(reprioritization(priority), "reprioritize")

    async def reprioritize_async(self, priority: int) -> list[Change[ChangeOutcome]]:
        """As `reprioritize`."""
        return await self._run_async(reprioritization(priority))

    def reschedule(
        self, *, delay: float | timedelta | None = None, run_at: datetime | float | None = None
    ) -> list[Change[ChangeOutcome]]:
        """Give waiting tasks another time, also while they wait for a retry: `delay` from now on,
        or `run_at`. Attempts made so far stay counted. Raises InvalidOption.
        """
        return self._run(rescheduling(delay, run_at), "reschedule")

    async def reschedule_async(
        self, *, delay: float | timedelta | None = None, run_at: datetime | float | None = None
    ) -> list[Change[ChangeOutcome]]:
        """As `reschedule`."""
        return await self._run_async(rescheduling(delay, run_at))

    def run_now(self) -> list[Change[ChangeOutcome]]:
        """Make waiting tasks due now, in the order of priorities."""
        return self._run(RUN_NOW, "run_now")

    async def run_now_async(self) -> list[Change[ChangeOutcome]]:
        """As `run_now`."""
        return await self._run_async(RUN_NOW)

    def replay(self) -> list[Change[ReplayOutcome]]:
        """Let dead tasks run again, due now, with attempts counted from 0. Failures stay visible."""
        return self._run(Replay(), "replay")

    async def replay_async(self) -> list[Change[ReplayOutcome]]:
        """As `replay`."""
        return await self._run_async(Replay())

    def discard(self) -> list[Change[DiscardOutcome]]:
        """End dead tasks for good: cancelled, and forgotten after the retention."""
        return self._run(Discard(), "discard")

    async def discard_async(self) -> list[Change[DiscardOutcome]]:
        """As `discard`."""
        return await self._run_async(Discard())

    def delete(self) -> list[Change[DeleteOutcome]]:
        """Remove the tasks with all their data, unless a worker has them: those that wait, are dead, or have ended. An
        id is known for 15 seconds more, and may be used again then.
        """
        return self._run(Delete(), "delete")

    async def delete_async(self) -> list[Change[DeleteOutcome]]:
        """As `delete`."""
        return await self._run_async(Delete())

    def _run(self, verb: Verb[O], call: str) -> list[Change[O]]:
        self._connection.expect_server()
        return self._connection.run(self._source.apply(self._connection, verb), call)

    async def _run_async(self, verb: Verb[O]) -> list[Change[O]]:
        self._connection.expect_server()
        await self._connection.open_async()
        return await self._connection.run_async(self._source.apply(self._connection, verb))
