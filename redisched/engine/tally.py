"""Counts what this worker process does, by queue and handler, until it is sent to Redis."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from redisched.activity import BUCKETS, RUN_MS, RUNS, WAIT_MS, WAITS, Activity, AttemptEnd
from redisched.engine.leased_task import LeasedTask
from redisched.engine.totals import Totals
from redisched.model import BAND
from redisched.store.tallies import ActivityKey, Batch
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

    def __init__(self, handlers: Iterable[str] = ()) -> None:
        """`handlers` are those that the process has."""
        self._totals = Totals(handlers)
        self._rows: dict[ActivityKey, Activity] = {}
        self._batch: Batch | None = None
        self._number = 0

    def settled(self, queue: str, kind: type, tasks: Sequence[LeasedTask], statuses: Sequence[Status]) -> None:
        """Count tasks that were settled, all in the same way: `kind` is the class of their settlements."""
        usual, names = _ENDS[kind], {task.body.name for task in tasks}
        # Every task is counted, and nearly all batches are of one handler and end as usual, so these cost little.
        if len(names) == 1 and _OTHERWISE.keys().isdisjoint(statuses) and not any(task.was_cancelled for task in tasks):
            self._count(ActivityKey(queue, names.pop()), usual, tasks)
            return
        groups: dict[tuple[ActivityKey, AttemptEnd], list[LeasedTask]] = defaultdict(list)
        for task, status in zip(tasks, statuses, strict=True):
            groups[ActivityKey(queue, task.body.name), _end(task, usual, status)].append(task)
        for (key, end), together in groups.items():
            self._count(key, end, together)

    def add(self, queue: str, end: AttemptEnd, number: int) -> None:
        """Count what happened to tasks of a queue whose handlers are not known."""
        self._counts(ActivityKey(queue, ""))[end] += number

    def batch(self, now_ms: float) -> Batch | None:
        """What is to be sent now: the batch before, if it was not counted yet; None if there is nothing to send.
        `now_ms` is the server's time.
        """
        if self._batch is None and self._rows:
            self._number += 1
            with self._totals.lock:
                self._batch, self._rows = Batch(self._number, int(now_ms), self._rows), {}
                self._totals.add(self._batch.rows)
        return self._batch

    def since_start(self) -> dict[ActivityKey, Activity]:
        """What the process has done since it began, sent or not. Safe from any thread."""
        with self._totals.lock:
            return self._totals.with_rows(dict(self._rows))

    def counted(self) -> None:
        """The batch is counted."""
        self._batch = None

    def _count(self, key: ActivityKey, end: AttemptEnd, tasks: Sequence[LeasedTask]) -> None:
        counts = self._counts(key)
        counts[end] += len(tasks)
        ran = [task for task in tasks if task.started_ms and task.ended_ms]
        waits_ms = [task.started_ms - task.lease.score % BAND for task in ran]
        _add_durations(counts, WAIT_MS, WAITS, waits_ms)
        _add_durations(counts, RUN_MS, RUNS, [task.ended_ms - task.started_ms for task in ran])

    def _counts(self, key: ActivityKey) -> list[int]:
        activity = self._rows.get(key)
        if activity is None:
            activity = self._rows[key] = Activity()
        return activity.counts


def _add_durations(counts: list[int], whole: int, first_bucket: int, durations_ms: list[int]) -> None:
    if durations_ms and min(durations_ms) < 0:
        # The clock of the server was set back.
        durations_ms = [max(0, duration_ms) for duration_ms in durations_ms]
    counts[whole] += sum(durations_ms)
    for bits, number in Counter(map(int.bit_length, durations_ms)).items():
        counts[first_bucket + min(bits, BUCKETS - 1)] += number


def _end(task: LeasedTask, usual: AttemptEnd, status: Status) -> AttemptEnd:
    if task.was_cancelled and status is Status.ACKED:
        return AttemptEnd.CANCELLED
    return _OTHERWISE.get(status, usual)
