"""The summary of a demo: computed from the handlers' facts, from Redis, and from what the services received."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from redisched.config import WorkerSettings
from redisched.demo.facts import Kind
from redisched.demo.history import Enqueued, Execution
from redisched.model import TaskState

TOLERATED_MS = WorkerSettings().release_after_ms + 50.0
"""A task of a better priority may wait this long: `release_after_ms` in a prefetch window, and some time for its
claim.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """The median, the 99th percentile and the maximum in milliseconds; 0 if there are no values."""

    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness(Percentiles):
    """How long after their due time tasks started, and how many started before it."""

    early: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The results of a demo. `lost` counts tasks that neither succeeded nor are dead."""

    enqueued: int
    succeeded: int
    retried: int
    dead: int
    lost: int
    recovered: int
    taken_back: int
    double_charges: int
    mails_received: int
    inversions: int
    pickup_ms: Percentiles
    lateness_ms: Lateness
    kinds: Mapping[str, int]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether all guarantees were kept."""
        return not (self.lost or self.double_charges or self.lateness_ms.early)


def retried(executions: Iterable[Execution]) -> int:
    """How many tasks were retried after a failure."""
    return len({execution.task for execution in executions if execution.attempt > 1})


def recovered(executions: Iterable[Execution]) -> int:
    """How many tasks were interrupted when their process was killed, and finished by another process."""
    by_task: dict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        by_task[execution.task].append(execution)
    return sum(any(_finishes(later, cut) for cut in own for later in own) for own in by_task.values())


def pickups_ms(executions: Iterable[Execution], sent_ms: Mapping[str, float]) -> list[float]:
    """Milliseconds from the enqueue call to the first start, for each task that was due at once."""
    firsts = _firsts(executions)
    return [firsts[task].started_ms - at_ms for task, at_ms in sent_ms.items() if task in firsts]


def lateness_ms(executions: Iterable[Execution], delayed: Iterable[Enqueued]) -> Lateness:
    """Milliseconds from the due time of delayed tasks to their first start."""
    firsts = _firsts(executions)
    late = [firsts[task.id].started_ms - firsts[task.id].run_at_ms for task in delayed if task.id in firsts]
    spread = spread_of(late)
    return Lateness(p50=spread.p50, p99=spread.p99, max=spread.max, early=sum(one < 0 for one in late))


def inversions(executions: Sequence[Execution]) -> int:
    """How many tasks started more than TOLERATED_MS before a due task of a better priority in the same queue."""
    cut_off = {execution.task for execution in executions if execution.ended_ms is None}
    by_queue: dict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        by_queue[execution.queue].append(execution)
    return sum(
        any(
            better.priority < start.priority
            and better.run_at_ms <= start.started_ms < better.started_ms - TOLERATED_MS
            and better.task not in cut_off
            for better in own
        )
        for own in by_queue.values()
        for start in own
    )


def count_ends(states: Mapping[str, TaskState], executions: Sequence[Execution]) -> tuple[int, int, int]:
    """How many tasks succeeded, are dead, or neither. A state in Redis counts only if the handler's facts agree."""
    returned = {execution.task for execution in executions if execution.succeeded}
    raised = {execution.task for execution in executions if execution.failed}
    succeeded = sum(state is TaskState.SUCCEEDED and task in returned for task, state in states.items())
    dead = sum(state is TaskState.DEAD and task in raised for task, state in states.items())
    return succeeded, dead, len(states) - succeeded - dead


def count_kinds(tasks: Iterable[Enqueued]) -> dict[str, int]:
    """How many tasks of each kind there were."""
    counted = Counter(task.kind for task in tasks)
    return {kind.value: counted[kind] for kind in Kind}


def spread_of(values: Iterable[float]) -> Percentiles:
    """The percentiles of some values, by the nearest-rank method."""
    ordered = sorted(values)
    if not ordered:
        return Percentiles(p50=0.0, p99=0.0, max=0.0)
    return Percentiles(
        p50=round(ordered[len(ordered) // 2], 3),
        p99=round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 3),
        max=round(ordered[-1], 3),
    )


def _finishes(later: Execution, cut: Execution) -> bool:
    is_after = cut.ended_ms is None and later.fence > cut.fence
    return is_after and later.ended_ms is not None and later.worker != cut.worker


def _firsts(executions: Iterable[Execution]) -> dict[str, Execution]:
    firsts: dict[str, Execution] = {}
    for execution in executions:
        known = firsts.get(execution.task)
        if known is None or execution.fence < known.fence:
            firsts[execution.task] = execution
    return firsts
