"""Holds a history against every invariant, in one pass over its records."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from redisched.testing.history.record import Record
from redisched.testing.invariants.executions import EveryTaskIsExecuted, NothingElseIsExecuted
from redisched.testing.invariants.fences import FencesGrow, OneCompletionIsAccepted, TheLastLeaseCompletes
from redisched.testing.invariants.invariant import Invariant, Listener, Tolerances, Violation
from redisched.testing.invariants.order import EqualTasksStartInTurn, NoBetterTaskIsPassedOver
from redisched.testing.invariants.places import TasksAreConserved, UnknownEnqueuesAreWhole
from redisched.testing.invariants.slots import EverySlotFiresOnce
from redisched.testing.invariants.times import NoLiveExecutionIsOverlapped, NothingStartsEarly

INVARIANTS: tuple[type[Invariant], ...] = (
    EveryTaskIsExecuted,
    NothingElseIsExecuted,
    OneCompletionIsAccepted,
    TheLastLeaseCompletes,
    NothingStartsEarly,
    NoLiveExecutionIsOverlapped,
    FencesGrow,
    NoBetterTaskIsPassedOver,
    EqualTasksStartInTurn,
    EverySlotFiresOnce,
    TasksAreConserved,
    UnknownEnqueuesAreWhole,
)
"""I1 to I12."""
USUAL = Tolerances()


def check(records: Iterable[Record], tolerances: Tolerances = USUAL) -> Iterator[Violation]:
    """Every violation that the records show, which come in the order of time, as it becomes plain.

    The history ends with a drain: what should be executed has been. A task's id is not used again after the task was
    forgotten.
    """
    invariants = [invariant(tolerances) for invariant in INVARIANTS]
    listeners: dict[type[Record], list[Listener]] = defaultdict(list)
    for invariant in invariants:
        for kind, listener in invariant.listeners().items():
            listeners[kind].append(listener)
    for record in records:
        for listener in listeners[type(record)]:
            yield from listener(record)
    for invariant in invariants:
        yield from invariant.finish()
