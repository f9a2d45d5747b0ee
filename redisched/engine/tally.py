"""Counts what this worker process does, by queue and handler, until it is sent to Redis."""

from collections.abc import Sequence

from redisched.activity import RUN_MS, RUNS, WAIT_MS, WAITS, Activity, AttemptEnd, bucket_of
from redisched.engine.leased_task import LeasedTask
from redisched.model import run_at_of
from redisched.store.tallies import ActivityKey, Rows
from redisched.store.values import Ack, Bury, Crash, FailedAttempt, Release, SnoozedTask, Status

_ENDS: dict[type, AttemptEnd] = {
    Ack: AttemptEnd.SUCCEEDED,
    FailedAttempt: AttemptEnd.FAILED,
    SnoozedTask: AttemptEnd.SNOOZED,
    Bury: AttemptEnd.DEAD,
    Crash: AttemptEnd.CRASHED,
    Release: AttemptEnd.RELEASED,
}
_OTHERWISE = {
    Status.LOST: AttemptEnd.REFUSED,
    Status.CANCELLED: AttemptEnd.CANCELLED,
    Status.NOT_AGAIN: AttemptEnd.LOST,
    Status.BURIED: AttemptEnd.DEAD,
    Status.QUARANTINED: AttemptEnd.DEAD,
}
"""What became of a task if Redis answers this."""


class WorkTally:
    """The numbers of one process since it last sent them. A batch that is sent is the same until it is counted."""

    def __init__(self) -> None:
        self._rows: dict[ActivityKey, Activity] = {}
        self._batch: Rows = {}
        self._number = 0

    def settled(self, kind: type, batch: Sequence[tuple[LeasedTask, object]], statuses: Sequence[Status]) -> None:
        """Count tasks that were settled, all in the same way: `kind` is the class of their settlements."""
        usual = _ENDS[kind]
        # Most batches are of one handler, and end as usual: this is done for every task.
        is_usual = _OTHERWISE.keys().isdisjoint(statuses)
        name, queue, counts = "", "", [0]
        for (task, _), status in zip(batch, statuses, strict=True):
            if task.body.name != name or task.queue != queue or not name:
                name, queue = task.body.name, task.queue
                counts = self._counts(queue, name)
            counts[usual if is_usual and not task.was_cancelled else _end(task, usual, status)] += 1
            if task.started_ms and task.ended_ms:
                wait_ms = max(0, task.started_ms - run_at_of(task.lease.score))
                run_ms = max(0, task.ended_ms - task.started_ms)
                counts[WAIT_MS] += wait_ms
                counts[RUN_MS] += run_ms
                counts[WAITS + bucket_of(wait_ms)] += 1
                counts[RUNS + bucket_of(run_ms)] += 1

    def add(self, queue: str, end: AttemptEnd, number: int) -> None:
        """Count what happened to tasks of a queue whose handlers are not known."""
        self._counts(queue, "")[end] += number

    def batch(self) -> tuple[int, Rows]:
        """What is to be sent now, with its number: the batch before, if it was not counted yet; no rows if there is
        nothing to send.
        """
        if not self._batch and self._rows:
            self._batch, self._rows = self._rows, {}
            self._number += 1
        return self._number, self._batch

    def counted(self) -> None:
        """The batch is counted."""
        self._batch = {}

    def _counts(self, queue: str, handler: str) -> list[int]:
        row = ActivityKey(queue, handler)
        activity = self._rows.get(row)
        if activity is None:
            activity = self._rows[row] = Activity()
        return activity.counts


def _end(task: LeasedTask, usual: AttemptEnd, status: Status) -> AttemptEnd:
    if task.was_cancelled and status is Status.ACKED:
        return AttemptEnd.CANCELLED
    return _OTHERWISE.get(status, usual)
