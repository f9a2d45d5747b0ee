"""Replaces a worker: leases tasks and ends them as a test wants, without running handlers."""

from typing import Any, TypeVar

from redisched.client.scheduler import Scheduler
from redisched.codec import DIGEST_BYTES, decode_task, encode_failure, encode_outcome
from redisched.model import Failure, Outcome, TaskBody, TaskState
from redisched.store.operation import Operation, run
from redisched.store.store import Store
from redisched.store.values import Ack, Bury, ClaimRequest, FailedAttempt, Lease, Renewal, Status

T = TypeVar("T")
WORKER = "worker-1"
LIMIT = 1_000_000
FAILURE = encode_failure(Failure(name="handler", error="boom"))


class StandIn:
    """A worker of one queue."""

    def __init__(self, app: Scheduler, queue: str, shard: int = 0) -> None:
        self._broker = app.broker
        self._store = Store(app.broker.script_runner, queue, shard)
        self._claims = 0

    def lease(self, ahead_ms: int = 0) -> list[Lease]:
        """Take what is due, in the order in which it would run."""
        self._claims += 1
        request = ClaimRequest(
            worker=WORKER, nonce=str(self._claims), limit=100, ahead_ms=ahead_ms, ahead_limit=100, lease_ms=30_000
        )
        return self._run(self._store.claim(request)).leases

    def bodies(self) -> list[TaskBody]:
        """What the tasks that are due say."""
        return [decode_task(lease.record, LIMIT) for lease in self.lease()]

    def start(self, lease: Lease) -> Status:
        """Say that its handler runs, and hear whether it shall be cancelled."""
        return self._run(self._store.renew(30_000, [Renewal(lease.id, lease.token, 1)]))[0]

    def renew(self, lease: Lease) -> None:
        """Say that the worker still has a task, whose handler does not run yet."""
        assert self._run(self._store.renew(30_000, [Renewal(lease.id, lease.token, 0)])) == [Status.RENEWED]

    def finish(self, lease: Lease, result: Any, state: TaskState = TaskState.SUCCEEDED) -> None:
        """End a task with a result."""
        outcome = encode_outcome(Outcome(state, "handler", 1, WORKER, 1, 2, result), LIMIT)
        self.end(lease, outcome)

    def end(self, lease: Lease, outcome: bytes) -> None:
        """End a task with these bytes."""
        ack = Ack(lease.id, lease.token, 60_000, lease.record[:DIGEST_BYTES] + outcome)
        assert self._run(self._store.ack([ack])) == [Status.ACKED]

    def bury(self, lease: Lease, failure: bytes) -> None:
        """End a task as dead."""
        assert self._run(self._store.bury([Bury(lease.id, lease.token, failure)])) == [Status.BURIED]

    def fail(self, lease: Lease, failure: bytes = FAILURE) -> None:
        """Let a task wait for its next attempt, in a minute."""
        assert self._run(self._store.retry([FailedAttempt(lease.id, lease.token, 60_000, failure)])) == [Status.RETRIED]

    def _run(self, operation: Operation[T]) -> T:
        return run(operation, self._broker.client())
