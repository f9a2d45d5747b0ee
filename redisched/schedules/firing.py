"""Which slots of a schedule are to be fired now. Pure: whoever asks reads the schedule, and calls `fire` with them."""

from collections.abc import Iterator, Sequence
from itertools import islice

from redisched.placement import slot_id
from redisched.schedules.definition import Definition, Overlap
from redisched.store.schedule_values import OverlapRule, SlotFiring, StoredSchedule
from redisched.timetable.misfire import late_slots
from redisched.timetable.timetable import slots_after

LATE_MS = 30_000
"""If the next slot of a schedule is not fired so long after its time, its misfire policy says what becomes of it and of
all later ones up to now.
"""
MOST_SLOTS = 100
_MOST_BYTES = 1024 * 1024


def slots_to_fire(schedule: StoredSchedule, definition: Definition, now_ms: int, ahead_ms: int) -> list[SlotFiring]:
    """The slots to fire, in their order, so that no slot up to `ahead_ms` from now is left; at most MOST_SLOTS, and
    fewer if their tasks are large. With overlap `skip`, slots are fired when they are due, so none is ahead.
    """
    if schedule.slot_ms is None:
        return []
    until_ms = now_ms + (ahead_ms if definition.overlap is Overlap.ALLOW else 0)
    most = max(1, min(MOST_SLOTS, _MOST_BYTES // max(1, len(definition.task.record))))
    if now_ms - schedule.slot_ms >= LATE_MS:
        timely_from_ms = now_ms
        wanted = late_slots(definition.timing, schedule.slot_ms - 1, now_ms, definition.misfire)
    else:
        timely_from_ms = schedule.slot_ms - 1
        wanted = []
    return list(islice(_firings(schedule, definition, wanted, timely_from_ms, until_ms), most))


def next_slot_ms(schedule: StoredSchedule, definition: Definition, now_ms: int) -> int | None:
    """The slot from which a schedule goes on that keeps its timing but gets other tasks: one that is due and was not
    fired yet is fired all the same.
    """
    following_ms = definition.timing.next_after_ms(now_ms)
    if schedule.slot_ms is None or following_ms is None:
        return schedule.slot_ms if following_ms is None else following_ms
    return min(schedule.slot_ms, following_ms)


def task_of_slot(
    name: str, version: str, definition: Definition, slot_ms: int, following_ms: int | None, overlap: OverlapRule
) -> SlotFiring:
    """One slot with its task."""
    task, run_at_ms = definition.task, definition.timing.run_at_ms(name, slot_ms)
    return SlotFiring(
        name,
        version,
        slot_ms,
        "" if following_ms is None else following_ms,
        overlap,
        slot_id(name, slot_ms),
        task.priority,
        run_at_ms,
        task.record,
        task.traits_at(run_at_ms),
    )


def _firings(
    schedule: StoredSchedule, definition: Definition, late: Sequence[int], timely_from_ms: int, until_ms: int
) -> Iterator[SlotFiring]:
    rule = OverlapRule(definition.overlap.value)
    position_ms: int | None = schedule.slot_ms
    for slot_ms in _wanted(definition, late, timely_from_ms, until_ms):
        if position_ms is not None and position_ms != slot_ms:
            yield _passing(schedule, position_ms, slot_ms)
        position_ms = definition.timing.next_after_ms(slot_ms)
        yield task_of_slot(schedule.name, schedule.version, definition, slot_ms, position_ms, rule)
    if position_ms is not None and position_ms <= timely_from_ms:
        yield _passing(schedule, position_ms, definition.timing.next_after_ms(timely_from_ms))


def _wanted(definition: Definition, late: Sequence[int], timely_from_ms: int, until_ms: int) -> Iterator[int]:
    yield from late
    for slot_ms in slots_after(definition.timing, timely_from_ms):
        if slot_ms > until_ms:
            return
        yield slot_ms


def _passing(schedule: StoredSchedule, slot_ms: int, following_ms: int | None) -> SlotFiring:
    """The schedule goes on from one slot to a later one, and enqueues nothing."""
    following = "" if following_ms is None else following_ms
    return SlotFiring(schedule.name, schedule.version, slot_ms, following, OverlapRule.PASS)
