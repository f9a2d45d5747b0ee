"""What the replies of the scripts about schedules say of slots and schedules."""

from collections.abc import Iterator, Sequence

from redisched.chaos.history.record import Record, Rescheduled, ScheduleChange, Slot, SlotState
from redisched.chaos.history.script_rows import arguments_of_call, rows_of_call
from redisched.store.shard import id_text

_CHANGES = {
    ("set_schedule", b"STORED"): ScheduleChange.SET,
    ("pause_schedule", b"PAUSED"): ScheduleChange.PAUSED,
    ("remove_schedule", b"REMOVED"): ScheduleChange.REMOVED,
}
SCHEDULING = frozenset({"fire", *(name for name, _ in _CHANGES)})
"""The scripts that fire slots, or take back what was fired."""


def scheduled(
    now_ms: float, queue: str, name: str, arguments: Sequence[bytes], reply: Sequence[bytes]
) -> Iterator[Record]:
    """Yield what a call of one of these scripts did."""
    application = arguments_of_call(name, arguments).get("application", b"").decode()
    for row, status in zip(rows_of_call(name, arguments), reply, strict=True):
        schedule = id_text(row["name"])
        if name != "fire":
            change = _CHANGES.get((name, status))
            if change is not None:
                yield Rescheduled(at_ms=now_ms, queue=queue, schedule=schedule, change=change, application=application)
        elif status == b"FIRED":
            yield Slot(
                at_ms=now_ms,
                queue=queue,
                schedule=schedule,
                slot_ms=int(row["slot"]),
                state=SlotState.FIRED,
                task=id_text(row["id"]),
                due_ms=int(row["run_at"]),
            )
        elif status == b"SKIPPED":
            yield Slot(at_ms=now_ms, queue=queue, schedule=schedule, slot_ms=int(row["slot"]), state=SlotState.SKIPPED)
