"""Decides which worker process of a fleet is replaced next: one at its limit of tasks or memory, or each in turn when
all are to be replaced.

The replacement is started first. When it works, the process that it replaces drains. One process is replaced at a time:
a fleet needs the memory of one process more, and no moment has few workers.
"""

import math
from collections.abc import Callable, Sequence

from redisched.backoff import Backoff
from redisched.clock import Clock
from redisched.engine.logs import log
from redisched.engine.process_slot import Member, ProcessSlot
from redisched.orders import WorkerOrder

WORK_PER_START = 3.0
"""A process works so many times as long as it took to start before it is replaced because of a limit. So handlers that
use up a limit at once do not make a fleet start processes all the time.
"""
START_S = 300.0
"""A replacement that has not imported the application after so long is killed."""
RETRY_BACKOFF = Backoff(base_s=2.0, cap_s=60.0)
"""The pauses between two tries to start a replacement."""
MEMORY_EVERY_S = 1.0
WARN_EVERY_S = 60.0


class Rotation:
    """Replaces processes, one after the other.

    `start` starts a process for a slot, and raises OSError if the system has no room for it. The next replacement waits
    until the process before it has drained, at most `patience_s`. `random` draws from [0, 1); `memory_of` answers the
    resident memory of a process id, in bytes.
    """

    def __init__(
        self,
        start: Callable[[ProcessSlot], Member],
        patience_s: float,
        clock: Clock,
        random: Callable[[], float],
        memory_of: Callable[[int], int],
    ) -> None:
        self._start = start
        self._patience_s = patience_s
        self._clock = clock
        self._random = random
        self._memory_of = memory_of
        self._slot: ProcessSlot | None = None
        """The slot whose process is being replaced."""
        self._leaving: Member | None = None
        self._left_by_s = 0.0
        self._asked_s: float | None = None
        """When it was asked that every process is replaced; None if that is done."""
        self._failures = 0
        self._retry_s = -math.inf
        self._measured_s = -math.inf
        self._warned_s = -math.inf

    @property
    def is_starting(self) -> bool:
        """Whether a replacement has been started that does not work yet."""
        return self._slot is not None and self._slot.successor is not None

    def replace_all(self) -> None:
        """Replace every process that runs now, one after the other. If this is going on already, those that were
        started before this call are replaced after it.
        """
        log.info("replacing all worker processes, one after the other")
        self._asked_s = self._clock.monotonic()
        self._retry_s = -math.inf

    def step(self, slots: Sequence[ProcessSlot]) -> None:
        """Go on with the current replacement, or begin the next one."""
        now_s = self._clock.monotonic()
        if self._slot is not None and not self._is_done(self._slot, now_s):
            return
        self._slot = None
        if now_s >= self._retry_s:
            self._begin_next(slots, now_s)

    def failed(self, slot: ProcessSlot, successor: Member, reason: str) -> None:
        """A replacement has ended before it worked. The process that it was to replace goes on."""
        name = slot.member.name if slot.member is not None else "that has died"
        self._end_failed(name, successor.began_s, f"worker {successor.name}: {reason}")

    def _is_done(self, slot: ProcessSlot, now_s: float) -> bool:
        successor = slot.successor
        if successor is None:
            return self._leaving not in slot.draining or now_s >= self._left_by_s
        if successor.works_since_s is not None:
            self._hand_over(slot, successor, now_s)
        elif successor.ready is None and now_s - successor.began_s > START_S:
            successor.failure = f"the application was not imported within {START_S:g} s"
            successor.process.kill()
        return False

    def _hand_over(self, slot: ProcessSlot, successor: Member, now_s: float) -> None:
        self._failures = 0
        self._leaving = slot.hand_over()
        self._left_by_s = now_s + self._patience_s
        if self._leaving is not None:
            log.info("worker %s works in the place of worker %s, which drains", successor.name, self._leaving.name)
            self._leaving.process.drain()

    def _begin_next(self, slots: Sequence[ProcessSlot], now_s: float) -> None:
        """Begin to replace the oldest process that is to be replaced, if there is one."""
        oldest = sorted(
            ((slot, slot.member) for slot in slots if slot.member is not None), key=lambda pair: pair[1].began_s
        )
        if self._asked_s is not None:
            if oldest and oldest[0][1].began_s < self._asked_s:
                self._begin(*oldest[0], "is replaced as all are")
                return
            self._asked_s = None
            log.info("all worker processes are replaced")
        for slot, member in oldest:
            if member.told is WorkerOrder.RECYCLE:
                self._begin(slot, member, "is replaced, as somebody has asked for it")
                return
        self._measure([member for _, member in oldest], now_s)
        for slot, member in oldest:
            if reason := self._limit_reached(slot, member, now_s):
                self._begin(slot, member, reason)
                return

    def _begin(self, slot: ProcessSlot, member: Member, reason: str) -> None:
        self._leaving = None
        try:
            slot.successor = self._start(slot)
        except OSError as error:
            self._end_failed(member.name, self._clock.monotonic(), str(error))
        else:
            self._slot = slot
            log.info("worker %s %s: worker %s starts", member.name, reason, slot.successor.name)

    def _measure(self, members: Sequence[Member], now_s: float) -> None:
        if now_s - self._measured_s < MEMORY_EVERY_S:
            return
        self._measured_s = now_s
        for member in members:
            if member.limits.rss_bytes is not None:
                member.rss_bytes = self._memory_of(member.process.process_id)

    def _limit_reached(self, slot: ProcessSlot, member: Member, now_s: float) -> str | None:
        """Which limit a process has reached, None if it is not to be replaced now. A slot in which another process
        still drains has to wait for its end: long handlers must not make the fleet grow.
        """
        if member.works_since_s is None or slot.draining:
            return None
        reason = member.limits.reached(member.table.started_count(), member.rss_bytes)
        start_s = member.works_since_s - member.began_s
        if reason is None or now_s - member.works_since_s >= WORK_PER_START * start_s:
            return reason
        if now_s - self._warned_s >= WARN_EVERY_S:
            self._warned_s = now_s
            log.warning(
                "worker %s %s and %.1f s of work. Its start took %.1f s; to have time for work, it goes on for three"
                " times as long. Its limit is too low, or its handlers leak",
                member.name,
                reason,
                now_s - member.works_since_s,
                start_s,
            )
        return None

    def _end_failed(self, member_name: str, began_s: float, reason: str) -> None:
        self._slot = None
        self._failures += 1
        pause_s = RETRY_BACKOFF.delay_s(self._failures, self._random)
        self._retry_s = self._clock.monotonic() + pause_s
        if self._asked_s is not None and began_s >= self._asked_s:
            self._asked_s = None
            what = "the processes that have not been replaced go on with the code that they have"
        else:
            what = f"trying again in {pause_s:.0f} s"
        # Not as arguments: the reason may be a traceback, which has lines.
        log.error(f"worker {member_name} goes on, because its replacement cannot work: {reason}; {what}")
