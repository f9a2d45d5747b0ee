"""Which ended tasks of the model are forgotten."""

from collections.abc import Iterable

from redisched.store.values import ForgetLimits, Forgotten
from tests.chaos.model_task import Place, Task


def forget(tasks: dict[str, Task], limits: ForgetLimits, now_ms: int) -> Forgotten:
    """Delete the tasks whose retention is over, and the oldest of those that may be forgotten sooner."""

    def until(moment_ms: int, most: int, place: Place, *, is_spare: bool = False) -> int:
        there = [task for task in tasks.values() if task.place is place]
        return sum(tasks.pop(task.id) is task for task in over_by(there, moment_ms, is_spare)[:most])

    over = sum(task.is_spare for task in tasks.values() if task.place is Place.ENDED) - limits.kept
    own = until(now_ms, limits.limit, Place.ENDED)
    expired = until(now_ms, limits.limit, Place.ENDED, is_spare=True)
    most = max(min(over, limits.limit) - expired, 0)
    sooner = until(now_ms + limits.sooner_ms, most, Place.ENDED, is_spare=True)
    dead = until(now_ms - limits.dead_retention_ms, limits.limit, Place.DEAD)
    return Forgotten(own + expired + sooner + dead, sooner)


def over_by(tasks: Iterable[Task], moment_ms: int, is_spare: bool) -> list[Task]:
    """The tasks of one kind whose time is over by a given time, the oldest first."""
    over = (task for task in tasks if task.is_spare == is_spare and task.until_ms <= moment_ms)
    return sorted(over, key=lambda task: (task.until_ms, task.id))
