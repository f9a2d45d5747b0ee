"""One leased task, in the hands of a program."""

from datetime import timedelta
from typing import Any

from redisched.model import TaskState
from redisched.pulling.caller import Caller
from redisched.pulling.held_task import HeldTask
from redisched.queued_task import QueuedTask
from redisched.store.operation import Operation, T


class TaskLease:
    """A task that this program has leased until the block of `app.claim` ends.

    Each lease is settled once, by `ack`, `retry`, `release` or `bury`; they answer the state of the task then. Every
    method raises LeaseNotHeld if the task is not this lease's any more, with nothing changed; and BrokerUnavailable if
    Redis did not answer, after which it can be called again. Safe to share between threads.
    """

    def __init__(self, held: HeldTask, caller: Caller) -> None:
        self._held = held
        self._caller = caller

    def __repr__(self) -> str:
        return f"<TaskLease {self._held.leased.lease.id} in {self._held.leased.queue}>"

    @property
    def task(self) -> QueuedTask:
        """The task. It counts as started once this was read, for a crash of the program and for `expires`."""
        return self._held.started_task()

    @property
    def fence(self) -> int:
        """A number that grows with every lease of the task, for a database to refuse an older one."""
        return self._held.leased.lease.token

    @property
    def lost(self) -> bool:
        """Whether another may have the task by now: Redis said so, or did not answer until the lease was over."""
        return self._held.may_be_lost()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to cancel the task; `release` ends it then. It is known within two seconds."""
        return self._held.leased.cancelling

    def ack(self, result: Any = None) -> TaskState:
        """End the task as succeeded, with this result for `result()` of its references.

        Raises InvalidInput for a result that cannot be stored, with nothing done.
        """
        return self._run(self._held.ack(result), "ack")

    async def ack_async(self, result: Any = None) -> TaskState:
        """As `ack`."""
        return await self._run_async(self._held.ack(result))

    def retry(self, error: BaseException | str | None = None, delay: float | timedelta | None = None) -> TaskState:
        """Count a failed attempt, and let the task wait for the next: for `delay`, or as the handler's policy says.

        It is dead if there is no other attempt, or the policy does not try this error again. Raises InvalidOption.
        """
        return self._run(self._held.retry(error, delay), "retry")

    async def retry_async(
        self, error: BaseException | str | None = None, delay: float | timedelta | None = None
    ) -> TaskState:
        """As `retry`."""
        return await self._run_async(self._held.retry(error, delay))

    def release(self, delay: float | timedelta | None = None) -> TaskState:
        """Give the task back, for now or after `delay`; no attempt is counted. Raises InvalidOption."""
        return self._run(self._held.release(delay), "release")

    async def release_async(self, delay: float | timedelta | None = None) -> TaskState:
        """As `release`."""
        return await self._run_async(self._held.release(delay))

    def bury(self, reason: BaseException | str) -> TaskState:
        """End the task as dead, for this reason. Raises InvalidOption."""
        return self._run(self._held.bury(reason), "bury")

    async def bury_async(self, reason: BaseException | str) -> TaskState:
        """As `bury`."""
        return await self._run_async(self._held.bury(reason))

    def extend(self, seconds: float | timedelta) -> None:
        """Hold the task for at least so long from now on, even if this process stands still meanwhile.

        Leases are renewed without this. Raises InvalidOption.
        """
        self._run(self._held.extend(seconds), "extend")

    async def extend_async(self, seconds: float | timedelta) -> None:
        """As `extend`."""
        await self._run_async(self._held.extend(seconds))

    def _run(self, operation: Operation[T], call: str) -> T:
        try:
            return self._caller.run(operation, call)
        finally:
            # One that was interrupted has settled nothing, as far as is known.
            operation.close()

    async def _run_async(self, operation: Operation[T]) -> T:
        try:
            return await self._caller.run_async(operation)
        finally:
            operation.close()
