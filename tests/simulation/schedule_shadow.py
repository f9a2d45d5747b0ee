"""What the referee knows of a schedule, and which slots its policies let anybody fire or leave out."""

from dataclasses import dataclass, field
from datetime import datetime

from redisched.schedules.definition import Definition, Overlap
from redisched.schedules.firing import LATE_MS
from redisched.timetable.every import Every

AHEAD_MS = 15_000
"""A slot is enqueued at most so long before its time."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a process read of a schedule: its version, its next slot, and the server's time."""

    version: bytes
    slot_ms: int
    now_ms: int

    @property
    def is_late(self) -> bool:
        """Whether the misfire policy says what becomes of the slots that have come."""
        return self.now_ms - self.slot_ms >= LATE_MS


@dataclass(slots=True)
class ScheduleShadow:
    """One schedule. `slot_ms` is its next slot while it is active. `ahead` says of each task that was enqueued before
    its time when that is.
    """

    version: bytes
    definition: Definition
    slot_ms: int
    is_paused: bool = False
    last: bytes = b""
    ahead: dict[bytes, int] = field(default_factory=dict)

    @property
    def interval_ms(self) -> int:
        """Schedules of simulated worlds have a slot every so often."""
        timetable = self.definition.timing.timetable
        assert isinstance(timetable, Every)
        return timetable.interval_ms

    def awaits(self, version: bytes, slot_ms: int) -> bool:
        """Whether this is its present version and its next slot."""
        return not self.is_paused and (self.version, self.slot_ms) == (version, slot_ms)

    def newer(self, slot_ms: int, until_ms: int) -> int:
        """How many slots come after this one up to a moment."""
        return max(0, (until_ms - slot_ms) // self.interval_ms)

    def may_fire(self, slot_ms: int, look: Look) -> bool:
        """Whether a process that has seen this may enqueue the task of a slot."""
        if look.slot_ms > slot_ms or slot_ms > look.now_ms + AHEAD_MS:
            return False
        is_timely = slot_ms > look.now_ms or not look.is_late
        return is_timely or self.newer(slot_ms, look.now_ms) < self.definition.misfire.most

    def may_pass(self, slot_ms: int, following_ms: int, look: Look) -> bool:
        """Whether a process that has seen this may leave out the slots from one up to another."""
        last_ms = following_ms - self.interval_ms
        if look.slot_ms > slot_ms or last_ms < slot_ms or last_ms > look.now_ms or not look.is_late:
            return False
        return self.newer(last_ms, look.now_ms) >= self.definition.misfire.most

    def was_awaited(self, now_ms: int) -> bool:
        """Whether a process may have waited for its next slot, and not have read it again."""
        return self.definition.overlap is Overlap.SKIP and self.slot_ms <= now_ms


def slot_of(id: bytes) -> int:
    """The slot of a task, from its id."""
    return round(datetime.fromisoformat(id.decode().partition("@")[2]).timestamp() * 1e3)
