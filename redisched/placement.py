"""Which part of a task's id says to which shard of its queue the task belongs.

Usually the whole id does. All tasks with the same unique key must be in one shard, so their ids contain a placement, 16
hexadecimal digits: `placement~id` if the caller chose the id, else `id~placement`, which sorts by the time of the
enqueue, as ids that redisched made do.
"""

import re

PLACEMENT_DIGITS = 16
_CHOSEN = re.compile(r"([0-9a-f]{16})~.+", re.DOTALL)
_GIVEN = re.compile(r"[0-9a-z]{20}~([0-9a-f]{16})")


def placed_chosen_id(task_id: str, placement: str) -> str:
    """The id of a new task whose caller chose the id; one with this placement already stays as it is."""
    return task_id if placement_of(task_id) == placement else f"{placement}~{task_id}"


def placed_given_id(task_id: str, placement: str) -> str:
    """The id of a new task whose id redisched made."""
    return f"{task_id}~{placement}"


def placement_of(task_id: str) -> str:
    """The part of an id that says where the task is: its placement, or else the whole id."""
    if "~" not in task_id:
        return task_id
    found = _CHOSEN.fullmatch(task_id) or _GIVEN.fullmatch(task_id)
    return found[1] if found else task_id
