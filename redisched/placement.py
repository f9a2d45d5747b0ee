"""Which part of a task's id says to which shard of its queue the task belongs.

Usually the whole id does. All tasks with the same unique key must be in one shard, so their ids contain a placement, 16
hexadecimal digits: `placement~id` if the caller chose the id, else `id~placement`, which sorts by the time of the
enqueue, as ids that redisched made do. The tasks of a schedule are in the shard of the schedule: their ids are the name
of the schedule and the time of the slot, `nightly@2030-01-31T03:00:00Z`, of which the name counts. The id of a task
that is enqueued besides those of the slots ends with `~` and an id that redisched made.
"""

import re
from datetime import UTC, datetime

PLACEMENT_DIGITS = 16
_CHOSEN = re.compile(r"([0-9a-f]{16})~.+", re.DOTALL)
_GIVEN = re.compile(r"[0-9a-z]{20}~([0-9a-f]{16})")
_OF_SLOT = re.compile(r"([^@~]+)@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z)(?:~[0-9a-z]{20})?")


def slot_id(schedule: str, slot_ms: int) -> str:
    """The id of the task of a slot, which is a time in milliseconds."""
    seconds, rest_ms = divmod(slot_ms, 1_000)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{schedule}@{moment}.{rest_ms:03}Z" if rest_ms else f"{schedule}@{moment}Z"


def id_besides_slots(schedule: str, moment_ms: int, given_id: str) -> str:
    """The id of a task of a schedule that is enqueued besides those of its slots, although a slot may have its time."""
    return f"{slot_id(schedule, moment_ms)}~{given_id}"


def schedule_of(task_id: str) -> str | None:
    """The schedule from which a task comes, by its id; None if it comes from none."""
    found = _OF_SLOT.fullmatch(task_id)
    return found[1] if found else None


def slot_ms_of(task_id: str) -> int | None:
    """The time of the slot from which a task comes, by its id, in milliseconds, or at which it was enqueued besides the
    slots; None if it comes from no schedule.
    """
    found = _OF_SLOT.fullmatch(task_id)
    try:
        moment = datetime.fromisoformat(found[2]) if found else None
    except ValueError:
        # An id that somebody chose, such as one of a thirteenth month.
        return None
    return None if moment is None else round(moment.timestamp() * 1_000)


def placed_chosen_id(task_id: str, placement: str) -> str:
    """The id of a new task whose caller chose the id; one with this placement already stays as it is."""
    return task_id if placement_of(task_id) == placement else f"{placement}~{task_id}"


def placed_given_id(task_id: str, placement: str) -> str:
    """The id of a new task whose id redisched made."""
    return f"{task_id}~{placement}"


def placement_of(task_id: str) -> str:
    """The part of an id that says where the task is: its placement or its schedule, or else the whole id."""
    if "@" in task_id:
        return schedule_of(task_id) or _placement_of(task_id)
    return _placement_of(task_id) if "~" in task_id else task_id


def _placement_of(task_id: str) -> str:
    found = _CHOSEN.fullmatch(task_id) or _GIVEN.fullmatch(task_id)
    return found[1] if found else task_id
