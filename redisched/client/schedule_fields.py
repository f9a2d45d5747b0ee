"""The options of schedules, by the names under which they are given."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from redisched.options import CommonOptionFields

if TYPE_CHECKING:
    from redisched.schedules.definition import Overlap
    from redisched.timetable.misfire import Misfire


class PolicyFields(TypedDict, total=False):
    """Options of a schedule: from when to when it has slots, by how much its tasks are spread, what becomes of slots
    that nobody fired in time, and of a slot while the task of the slot before has not ended.
    """

    start: datetime | float | None
    end: datetime | float | None
    jitter: float | timedelta | str | None
    misfire: "Misfire | Literal['skip', 'latest', 'all'] | str"
    overlap: "Overlap | Literal['allow', 'skip']"


class ScheduleFields(CommonOptionFields, PolicyFields, total=False):
    """Options of a schedule and of its tasks, and the arguments of the tasks."""

    name: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]


class LiveFields(CommonOptionFields, PolicyFields, total=False):
    """Options of a schedule that is added by a call: when its slots come, its policies, and the options of its tasks.
    One of `cron` with `tz`, `every` with `anchor`, and `at`.
    """

    cron: str
    tz: str | None
    every: float | timedelta | str
    anchor: datetime | float | None
    at: datetime | float
