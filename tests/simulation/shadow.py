"""What the referee knows of a task: where it must be according to all answers so far."""

from dataclasses import dataclass, field
from enum import StrEnum

from redisched.codec import DIGEST_BYTES
from redisched.model import BAND
from tests.chaos.model_limits import Limits


class Place(StrEnum):
    """Where a task is."""

    WAITING = "waiting"
    LEASED = "leased"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    LOST = "lost"
    DEAD = "dead"
    FORGOTTEN = "forgotten"


ENDED = frozenset({Place.SUCCEEDED, Place.CANCELLED, Place.EXPIRED, Place.LOST, Place.DEAD})


@dataclass(slots=True)
class Shadow:
    """One task. `request` is worker and nonce of the claim under which it is leased, `claimed_us` the world's time of
    that, `renewed_us` that of its latest renewal. A stray claim leases the task to a worker that never learns of it.
    """

    id: bytes
    record: bytes
    score: int
    place: Place = Place.WAITING
    token: int = 0
    worker: str = ""
    request: tuple[str, bytes] = ("", b"")
    claimed_us: int = 0
    renewed_us: int = 0
    ends_ms: int = 0
    has_started: bool = False
    is_stray: bool = False
    attempts: int = 0
    crashes: int = 0
    redeliveries: int = 0
    counted: int = 0
    acked: int = 0
    cancelled_for_ms: int | None = None
    until_ms: int = 0
    is_spare: bool = False
    limits: Limits = field(default_factory=Limits)
    key: str = ""
    key_until_started: bool = False
    """The unique key that the task holds while it waits or is leased, or only until it is leased."""
    was_replayed: bool = False
    saved: bytes = b""
    """Its checkpoint."""
    may_have_expired: bool = False
    """Whether a call looked for tasks that may not start any more when it was one: it may have ended unseen."""

    @property
    def is_over(self) -> bool:
        """Whether the task has ended, as far as the referee knows."""
        return self.place in ENDED or self.place is Place.FORGOTTEN or (self.is_waiting and self.may_have_expired)

    @property
    def has_ended_unseen(self) -> bool:
        """Whether it may have ended in a call that did not say so. Whether it is still kept, only the server knows."""
        return self.may_have_expired and not self.until_ms and self.place in (Place.WAITING, Place.EXPIRED, Place.DEAD)

    @property
    def lives(self) -> bool:
        """Whether it waits or is leased, and so holds its unique key."""
        return self.place in (Place.WAITING, Place.LEASED)

    @property
    def is_waiting(self) -> bool:
        return self.place is Place.WAITING

    @property
    def digest(self) -> bytes:
        return self.record[:DIGEST_BYTES]

    @property
    def run_at_ms(self) -> int:
        return self.score % BAND

    def is_held(self, token: int) -> bool:
        """Whether the task is leased under this token."""
        return self.place is Place.LEASED and self.token == token

    def tries(self) -> tuple[int, int, int]:
        """Attempts, crashes and redeliveries counted so far."""
        return self.attempts, self.crashes, self.redeliveries

    def has_expired(self, now_ms: int) -> bool:
        """Whether the task may not start any more."""
        limit_ms = self.limits.next_start_ms
        return limit_ms is not None and limit_ms <= now_ms

    def lease(self, token: int, request: tuple[str, bytes], ends_ms: int) -> None:
        """A worker has the task now, under a claim."""
        self.place, self.token, self.worker, self.request = Place.LEASED, token, request[0], request
        self.ends_ms, self.has_started = ends_ms, False
        self.key = "" if self.key_until_started else self.key

    def wait(self, run_at_ms: int | None = None) -> None:
        """The task waits, in its own place or until another time in its band."""
        self.place = Place.WAITING
        if self.has_started:
            self.limits.note_started()
        self.has_started = False
        if run_at_ms is not None:
            self.score = self.score // BAND * BAND + run_at_ms

    def end_for(self, now_ms: int, retention_ms: int) -> None:
        """The task ended; its outcome is kept for so long, negative if it may be forgotten earlier."""
        self.until_ms, self.is_spare = now_ms + abs(retention_ms), retention_ms < 0

    def retry(self, now_ms: int, delay_ms: int, until_ms: int) -> bytes:
        """An attempt failed; answers the status."""
        self.attempts, self.counted = self.attempts + 1, self.token
        if now_ms + delay_ms >= self.limits.note_started(until_ms):
            return self.bury(now_ms)
        self.wait(now_ms + delay_ms)
        return b"RETRIED"

    def release(self, now_ms: int, pause_ms: int) -> bytes:
        """A worker gives the task back; answers the status."""
        self.redeliveries += pause_ms > 0
        self.wait(now_ms + pause_ms if pause_ms else None)
        return b"RELEASED"

    def snooze(self, now_ms: int, delay_ms: int) -> bytes:
        """It was too early for the task; answers the status."""
        if now_ms + delay_ms >= self.limits.note_started():
            return self.bury(now_ms)
        self.wait(now_ms + delay_ms)
        return b"SNOOZED"

    def take_back(self, now_ms: int, is_crash: bool, crash_limit: int) -> bytes:
        """The process of the task is gone; answers the status."""
        self.crashes += is_crash
        if is_crash and self.crashes >= crash_limit:
            self.bury(now_ms)
            return b"QUARANTINED"
        self.wait()
        return b"RECOVERED"

    def bury(self, now_ms: int) -> bytes:
        """The task is dead; answers the status."""
        self.place, self.until_ms, self.cancelled_for_ms = Place.DEAD, now_ms, None
        return b"BURIED"

    def revive(self, now_ms: int, body: bytes) -> bytes:
        """An operator lets the dead task run again; answers the status."""
        if self.limits.once:
            return b"NOT_AGAIN"
        self.attempts = self.crashes = self.redeliveries = self.counted = 0
        self.limits, self.has_started, self.may_have_expired = Limits(), False, False
        self.was_replayed, self.until_ms = True, 0
        if body:
            self.record, self.saved = self.digest + body, b""
        self.wait(now_ms)
        return b"REVIVED"

    def end_instead(self, now_ms: int) -> bytes:
        """End the task if it must not wait again; answers the status, empty if it may."""
        if self.end_as_asked(now_ms):
            return b"CANCELLED"
        if self.limits.once is None:
            return b""
        self.place = Place.LOST
        self.end_for(now_ms, self.limits.once[1])
        return b"NOT_AGAIN"

    def end_as_asked(self, now_ms: int) -> bool:
        """End as cancelled if that was requested; answers whether it was."""
        if self.cancelled_for_ms is None:
            return False
        self.place = Place.CANCELLED
        self.end_for(now_ms, self.cancelled_for_ms)
        self.cancelled_for_ms = None
        self.acked = 0
        return True
