"""Checks a history against every invariant in one pass over its records; a long history is checked part by part."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from redisched.chaos.history.parts import PART_BYTES, read_in_parts
from redisched.chaos.history.reading import read_history
from redisched.chaos.history.record import Record
from redisched.chaos.invariants.executions import EveryTaskIsExecuted, NothingElseIsExecuted
from redisched.chaos.invariants.fences import FencesGrow, OneCompletionIsAccepted, TheLastLeaseCompletes
from redisched.chaos.invariants.invariant import Invariant, Listener, Tolerances, Violation
from redisched.chaos.invariants.keys import AKeyHasOneTask
from redisched.chaos.invariants.order import EqualTasksStartInTurn, NoBetterTaskIsPassedOver
from redisched.chaos.invariants.pauses import NothingIsClaimedFromAPausedQueue
from redisched.chaos.invariants.places import TasksAreConserved, UnknownEnqueuesAreWhole
from redisched.chaos.invariants.slots import EverySlotFiresOnce
from redisched.chaos.invariants.starts import NothingStartsTooLate, NothingStartsTwiceAtMostOnce
from redisched.chaos.invariants.times import NoLiveExecutionIsOverlapped, NothingStartsEarly

OF_EACH_TASK: tuple[type[Invariant], ...] = (
    EveryTaskIsExecuted,
    NothingElseIsExecuted,
    OneCompletionIsAccepted,
    TheLastLeaseCompletes,
    NothingStartsEarly,
    NoLiveExecutionIsOverlapped,
    FencesGrow,
    TasksAreConserved,
    UnknownEnqueuesAreWhole,
    NothingStartsTwiceAtMostOnce,
    NothingStartsTooLate,
)
"""I1 to I7, I11 to I13 and I21: each concerns single tasks; the memory it needs grows with the number of tasks."""
OF_A_QUEUE: tuple[type[Invariant], ...] = (
    NoBetterTaskIsPassedOver,
    EqualTasksStartInTurn,
    EverySlotFiresOnce,
    AKeyHasOneTask,
    NothingIsClaimedFromAPausedQueue,
)
"""I8 to I10, I18 and I22: each is about many tasks; it keeps only waiting tasks and those with keys in memory."""
INVARIANTS = (*OF_EACH_TASK, *OF_A_QUEUE)
"""I1 to I13, I18, I21 and I22."""
USUAL = Tolerances()


def check_history(folder: Path, tolerances: Tolerances = USUAL, part_bytes: int = PART_BYTES) -> Iterator[Violation]:
    """Yield every violation in the history in `folder`, as `check` does. A long history is read part by part."""
    for part in read_in_parts(folder, part_bytes):
        yield from check(part, tolerances, OF_EACH_TASK)
    yield from check(read_history(folder), tolerances, OF_A_QUEUE)


def check(
    records: Iterable[Record],
    tolerances: Tolerances = USUAL,
    invariants: Sequence[type[Invariant]] = INVARIANTS,
) -> Iterator[Violation]:
    """Yield every violation as soon as a record shows it. The records must be sorted by time.

    The history must end with a drain: every task that should be executed has been. A task's id must not be used again
    after the task was forgotten.
    """
    held = [invariant(tolerances) for invariant in invariants]
    listeners: dict[type[Record], list[Listener]] = defaultdict(list)
    for invariant in held:
        for kind, listener in invariant.listeners().items():
            listeners[kind].append(listener)
    for record in records:
        for listener in listeners[type(record)]:
            yield from listener(record)
    for invariant in held:
        yield from invariant.finish()
