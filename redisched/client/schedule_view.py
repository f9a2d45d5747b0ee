"""A schedule as callers see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from redisched.codec import decode_task
from redisched.errors import Undecodable
from redisched.option_checks import check_run_at, check_whole
from redisched.schedules.definition import Definition, Overlap
from redisched.schedules.firing import next_slot_ms
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import ScheduleState, StoredSchedule
from redisched.timetable.timetable import next_slots

_MOST_SLOTS = 1_000


class FoundSchedule(NamedTuple):
    """A stored schedule, where it is, and the server's time (ms) when it was read."""

    queue: str
    store: ScheduleStore
    stored: StoredSchedule
    now_ms: int

    @property
    def definition(self) -> Definition:
        """Raises Undecodable."""
        return Definition.decode(self.stored.definition)

    @property
    def application(self) -> str:
        """Whose code declares it; empty if no code does, or if this version cannot read it."""
        try:
            return self.definition.application
        except Undecodable:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """What a schedule is now. `words` say when its slots come, `next_at` is the next one,
    None if it is paused or over. `application` is whose code
    declares it, empty if a call added it. `last_id` is the task of the latest slot, empty if there was none.
    """

    name: str
    queue: str
    state: ScheduleState
    words: str
    next_at: datetime | None
    handler: str
    args: Sequence[Any] = field(repr=False)
    kwargs: Mapping[str, Any] = field(repr=False)
    priority: int
    misfire: str
    overlap: Overlap
    application: str
    last_id: str
    definition: Definition = field(repr=False)

    @classmethod
    def of(cls, found: FoundSchedule, payload_limit: int) -> Self:
        """Raises Undecodable for a schedule that another version or program has written."""
        stored, definition = found.stored, found.definition
        is_paused = stored.state is ScheduleState.PAUSED
        next_ms = None if is_paused else next_slot_ms(stored, definition, found.now_ms)
        body = decode_task(definition.task.record, max(payload_limit, len(definition.task.record)))
        return cls(
            name=stored.name,
            queue=found.queue,
            state=stored.state,
            words=definition.timing.words(),
            next_at=None if next_ms is None else _moment(next_ms),
            handler=body.name,
            args=body.args,
            kwargs=body.kwargs,
            priority=definition.task.priority,
            misfire=definition.misfire.words(),
            overlap=definition.overlap,
            application=definition.application,
            last_id=stored.last_id,
            definition=definition,
        )

    def slots_after(self, moment: datetime | float, count: int = 5) -> list[datetime]:
        """The next slots, 1 to 1,000, after an aware datetime or seconds since 1970, whether it is paused or not.

        Raises InvalidOption.
        """
        check_whole("count", count, 1, _MOST_SLOTS)
        after_ms = int(check_run_at("moment", moment).removeprefix("@"))
        return [_moment(slot_ms) for slot_ms in next_slots(self.definition.timing, after_ms, count)]


def views_of(found: Sequence[FoundSchedule], payload_limit: int) -> list[ScheduleView]:
    """The schedules that can be read."""
    views = []
    for one in found:
        try:
            views.append(ScheduleView.of(one, payload_limit))
        except Undecodable:
            continue
    return views


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1_000, UTC)
