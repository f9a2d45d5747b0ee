"""What the referee knows of a task: where it must be according to all answers so far."""

from dataclasses import dataclass
from enum import StrEnum

from redisched.codec import DIGEST_BYTES
from redisched.model import BAND


class Place(StrEnum):
    """Where a task is."""

    WAITING = "waiting"
    LEASED = "leased"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DEAD = "dead"
    FORGOTTEN = "forgotten"


ENDED = frozenset({Place.SUCCEEDED, Place.CANCELLED, Place.EXPIRED, Place.DEAD})


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
    expires_ms: int | None = None
    may_have_expired: bool = False
    """Whether a call looked for expired tasks after its time: the task may have ended, which the reply does not say."""

    @property
    def is_over(self) -> bool:
        """Whether the task has ended, as far as the referee knows."""
        return self.place in ENDED or self.place is Place.FORGOTTEN or (self.is_waiting and self.may_have_expired)

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
        return self.expires_ms is not None and self.expires_ms <= now_ms

    def wait(self, run_at_ms: int | None = None) -> None:
        """The task waits, in its own place or until another time in its band."""
        self.place = Place.WAITING
        if self.has_started:
            self.expires_ms = None
        self.has_started = False
        if run_at_ms is not None:
            self.score = self.score // BAND * BAND + run_at_ms

    def end_for(self, now_ms: int, retention_ms: int) -> None:
        """The task ended; its outcome is kept for so long, negative if it may be forgotten earlier."""
        self.until_ms, self.is_spare = now_ms + abs(retention_ms), retention_ms < 0

    def end_as_asked(self, now_ms: int) -> bool:
        """End as cancelled if that was requested; answers whether it was."""
        if self.cancelled_for_ms is None:
            return False
        self.place = Place.CANCELLED
        self.end_for(now_ms, self.cancelled_for_ms)
        self.cancelled_for_ms = None
        self.acked = 0
        return True
