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
    """No slot is before this time."""
    end: datetime | float | None
    """No slot is after this time."""
    jitter: float | timedelta | str | None
    """By how much each task may be late, at random and evenly."""
    misfire: "Misfire | Literal['skip', 'latest', 'all'] | str"
    """What becomes of slots that nobody fired in time: none, the latest or all are fired; also "all(max=100)"."""
    overlap: "Overlap | Literal['allow', 'skip']"
    """Whether a slot is fired while the task of the slot before has not ended."""


class ScheduleFields(CommonOptionFields, PolicyFields, total=False):
    """Options of a schedule and of its tasks, and the arguments of the tasks."""

    name: str
    """The name of the schedule. Where none is given: that of its handler."""
    args: Sequence[Any]
    """The arguments of its tasks, by position."""
    kwargs: Mapping[str, Any]
    """The arguments of its tasks, by name."""


class LiveFields(CommonOptionFields, PolicyFields, total=False):
    """Options of a schedule that is added by a call: when its slots come, its policies, and the options of its tasks.
    One of `cron` with `tz`, `every` with `anchor`, and `at`.
    """

    cron: str
    """A cron expression, such as "0 3 * * *" or "@daily"."""
    tz: str | None
    """The time zone of `cron`, such as "Europe/Berlin"; UTC where none is given."""
    every: float | timedelta | str
    """The time from slot to slot: seconds, a timedelta, or a text such as "90s"."""
    anchor: datetime | float | None
    """The time from which the slots of `every` are counted; the beginning of 1970 where none is given."""
    at: datetime | float
    """The only slot: an aware datetime, or seconds since 1970."""
