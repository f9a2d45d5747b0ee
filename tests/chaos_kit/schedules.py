"""Histories of schedules."""

from redisched.chaos.history.record import EnqueueStep, Record, Rescheduled, ScheduleChange, SlotState, Start
from redisched.store.values import Status
from tests.chaos_kit.histories import QUEUE, enqueue, final, found, settled, slot, start

FIRED, DUE, SKIPPED = SlotState.FIRED, SlotState.DUE, SlotState.SKIPPED
SET, PAUSED, REMOVED = ScheduleChange.SET, ScheduleChange.PAUSED, ScheduleChange.REMOVED
TASK = "nightly@9"


def changed(change: ScheduleChange, at_ms: float, application: str = "") -> Record:
    return Rescheduled(at_ms=at_ms, queue=QUEUE, schedule="nightly", change=change, application=application)


def ran(at_ms: float) -> Start:
    return start(TASK, 1, at_ms, run_at_ms=0)


def ahead(at_ms: float) -> Record:
    """A slot that comes at 9,000 is enqueued before that."""
    return slot(9_000, FIRED, TASK, at_ms)


GOOD: dict[str, list[Record]] = {
    "a schedule fires, and leaves out what its policy says": [
        slot(0, DUE),
        slot(0, FIRED),
        slot(60_000, DUE),
        slot(60_000, SKIPPED),
    ],
    "the task of a slot starts": [ahead(0), ran(9_001)],
    "the task of a slot starts before it is known that it was fired": [ran(9_001), ahead(9_002)],
    "the task of a slot is cancelled": [ahead(0), settled(TASK, None, Status.CANCELLED, 5)],
    "a slot is taken back by a change, and fired again": [ahead(0), changed(SET, 5), ahead(6), ran(9_001)],
    "a slot is taken back by a pause": [ahead(0), changed(PAUSED, 5)],
    "a slot starts as its schedule is removed": [ahead(0), changed(REMOVED, 8_999), ran(9_001)],
    "a call changes what an application declares": [
        changed(SET, 0, "shop"),
        changed(SET, 1),
        changed(PAUSED, 2),
        changed(SET, 3, "shop"),
    ],
    "another application declares what is removed": [
        changed(SET, 0, "shop"),
        changed(REMOVED, 1, "shop"),
        changed(SET, 2, "billing"),
    ],
    "the task of a slot is found where it ended": [ahead(0), ran(9_001), found(TASK), final(1)],
}

BAD: list[tuple[str, str, list[Record], list[int]]] = [
    ("I10", "a slot fires twice", [slot(0, FIRED), slot(0, FIRED)], [0, 1]),
    (
        "I10",
        "a slot fires twice, and its schedule is changed after it",
        [ahead(0), ran(9_001), changed(SET, 20_000), slot(9_000, FIRED, TASK, 20_001)],
        [0, 3],
    ),
    ("I10", "a slot is missing", [slot(0, DUE)], [0]),
    ("I10", "a slot was enqueued and did not start", [ahead(0)], [0]),
    ("I10", "a slot was fired again and did not start", [ahead(0), changed(SET, 5), ahead(6)], [2]),
    (
        "I10",
        "an application changes what another declares",
        [changed(SET, 0, "shop"), changed(SET, 1, "billing")],
        [0, 1],
    ),
    ("I10", "an application removes what a call has added", [changed(SET, 0), changed(REMOVED, 1, "shop")], [0, 1]),
    (
        "I11",
        "the task of a slot is in two places",
        [ahead(0), ran(9_001), found(TASK, ("dead", "tasks", "waiting")), final(1)],
        [0, 2],
    ),
    (
        "I2",
        "a task starts whose slot was skipped",
        [slot(0, SKIPPED), enqueue("a", 0, EnqueueStep.INVOKED), ran(9_001)],
        [2],
    ),
]
