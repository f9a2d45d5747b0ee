"""A task in the model of a queue, and what Redis must hold of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from redisched.model import BAND, LARGEST_RUN_AT_MS, score_of
from redisched.store.values import (
    ClaimRequest,
    FailedAttempt,
    Lease,
    OnlyStart,
    Release,
    Reprioritization,
    SnoozedTask,
    Status,
)
from tests.chaos.model_limits import Limits, moment_of
from tests.lua.situation import Situation, as_last, death_under, overdue, packed

DIGEST_BYTES = 8
KEEPS_TASK = b"\x98"
MOST_FAILURE_BYTES = 65_536


class Place(Enum):
    """Where a task is: always in one place."""

    WAITING = auto()
    LEASED = auto()
    DEAD = auto()
    ENDED = auto()


@dataclass(slots=True)
class Task:
    """All the state of a task."""

    id: str
    record: str
    priority: int
    run_at_ms: int
    place: Place = Place.WAITING
    tries: tuple[int, int, int, int] | None = None
    """Attempts, crashes, redeliveries, and the token of the last attempt counted."""
    failures: bytes = b""
    """The score of the last failure, and the failures, the newest first."""
    token: int = 0
    worker: str = ""
    started_ms: int = 0
    ends_ms: int = 0
    cancellation: tuple[int, bytes] | None = None
    """For how long the outcome is kept, and the outcome."""
    outcome: bytes = b""
    until_ms: int = 0
    is_spare: bool = False
    """When the task died, or is forgotten."""
    limits: Limits = field(default_factory=Limits)
    watchers: list[str] = field(default_factory=list)
    """The channels of callers that wait for its end, and until when, the newest first."""
    looked_ms: int | None = None
    """When it is next checked whether the task may still start."""

    @property
    def score(self) -> int:
        return score_of(self.priority, self.run_at_ms)

    @property
    def order(self) -> tuple[int, int, str]:
        return self.priority, self.run_at_ms, self.id

    @property
    def crashes(self) -> int:
        return self.tries[1] if self.tries else 0

    def lease(self) -> Lease:
        """The lease that a claim answers."""
        attempts, crashes, redeliveries, _ = self.tries or (0, 0, 0, 0)
        return Lease(self.id, self.token, self.score, attempts, crashes, redeliveries, self.record.encode())

    def situation(self) -> Situation:
        """What Redis must hold of the task."""
        if self.place is Place.ENDED:
            return {
                "outcomes": {self.id: text_of(self.outcome)},
                "finished": {self.id: self.until_ms - BAND * self.is_spare},
            }
        stored: Situation = {"tasks": {self.id: self.record}}
        if self.tries:
            stored["tries"] = {self.id: " ".join(map(str, self.tries))}
        if self.failures:
            stored["failures"] = {self.id: text_of(self.failures)}
        if self.cancellation:
            stored["cancelling"] = {self.id: text_of(b"%d %b" % self.cancellation)}
        if traits := self.limits.stored():
            stored["traits"] = {self.id: text_of(traits)}
        if self.looked_ms is not None:
            stored["expiring"] = {self.id: self.looked_ms}
        if self.watchers and self.place is not Place.DEAD:
            stored["watched"] = {self.id: " ".join(self.watchers)}
        if self.place is Place.WAITING:
            stored["waiting"] = {self.id: self.score}
        elif self.place is Place.DEAD:
            stored["dead"] = {self.id: self.until_ms}
        else:
            stored["leases"] = {self.id: self.ends_ms}
            stored["held"] = {self.id: f"{self.token} {self.score} {self.started_ms} {self.worker}"}
        return stored

    def count(self, attempts: int = 0, crashes: int = 0, redeliveries: int = 0, token: int | None = None) -> None:
        tries = self.tries or (0, 0, 0, 0)
        counted = tries[3] if token is None else token
        self.tries = tries[0] + attempts, tries[1] + crashes, tries[2] + redeliveries, counted

    def wait(self, run_at_ms: int | None = None) -> None:
        self.place = Place.WAITING
        if run_at_ms is not None:
            self.run_at_ms = min(run_at_ms, LARGEST_RUN_AT_MS)

    def reprioritize(self, change: Reprioritization, now_ms: int) -> Status:
        if self.place is not Place.WAITING:
            return Status.LEASED if self.place is Place.LEASED else Status.ENDED
        run_at_ms = moment_of(change.when, now_ms) if change.when else self.run_at_ms
        if run_at_ms >= BAND:
            return Status.TOO_LATE
        limit_ms = self.limits.next_start_ms
        if change.when and limit_ms is not None and limit_ms <= run_at_ms:
            return Status.EXPIRES
        self.priority = self.priority if change.priority == "" else int(change.priority)
        self.wait(run_at_ms)
        return Status.REPRIORITIZED

    def revive(self, now_ms: int, body: bytes) -> Status:
        """An operator lets the task run again if it is dead; its failures stay."""
        if self.place is not Place.DEAD:
            return Status.UNKNOWN if self.place is Place.ENDED else Status.ALREADY
        if self.limits.once:
            return Status.NOT_AGAIN
        self.tries, self.record = None, self.record[:DIGEST_BYTES] + body.decode() if body else self.record
        self.lift_limits()
        self.wait(now_ms)
        return Status.REVIVED

    def discard(self, now_ms: int, retention_ms: int, outcome: bytes) -> Status:
        """An operator ends the task if it is dead."""
        if self.place is not Place.DEAD:
            return Status.ALREADY
        self.cancellation = retention_ms, outcome
        self.end_if_cancelling(now_ms)
        return Status.DISCARDED

    def fail(self, failure: bytes) -> None:
        earlier = self.failures.partition(b" ")[2]
        self.failures = f"{self.score} ".encode() + (failure + earlier)[:MOST_FAILURE_BYTES]

    def lose(self, now_ms: int) -> None:
        """The process of the task died after the task had started."""
        self.note_started()
        self.fail(death_under(self.worker, self.started_ms, now_ms))

    def die(self, now_ms: int, failure: bytes) -> None:
        self.place, self.until_ms, self.cancellation = Place.DEAD, now_ms, None
        self.fail(failure)

    def end(self, token: int, outcome: bytes, now_ms: int, retention_ms: int) -> None:
        if outcome[DIGEST_BYTES:].startswith(KEEPS_TASK):
            body = self.record.encode()[DIGEST_BYTES:]
            outcome += packed(self.score) + body + self.failures.partition(b" ")[2]
        self.place, self.until_ms, self.outcome = Place.ENDED, now_ms + abs(retention_ms), b"%d %b" % (token, outcome)
        self.is_spare = retention_ms < 0
        self.tries, self.failures, self.cancellation = None, b"", None
        self.lift_limits()

    def end_if_cancelling(self, now_ms: int) -> bool:
        if self.cancellation is None:
            return False
        retention_ms, outcome = self.cancellation
        self.end(0, self.record[:DIGEST_BYTES].encode() + outcome, now_ms, retention_ms)
        return True

    def end_if_started_once(self, now_ms: int) -> bool:
        """End as lost a task that may start only once and has."""
        if self.limits.once is None:
            return False
        _, retention_ms, outcome = self.limits.once
        self.end(0, outcome + packed(now_ms) + b"\xc0", now_ms, retention_ms)
        return True

    def end_if_too_late(self, now_ms: int) -> bool:
        """End a waiting task that may not start any more; answers whether it did."""
        limit_ms = self.limits.next_start_ms
        if self.end_if_started_once(now_ms):
            return True
        if limit_ms is None or limit_ms > now_ms:
            return False
        if self.limits.expires_ms is None:
            self.die(now_ms, overdue("no worker began its next attempt before its deadline", now_ms))
        else:
            retention_ms, outcome = self.limits.expired
            self.end(0, outcome + packed(now_ms) + b"\xc0", now_ms, retention_ms)
        return True

    def take_traits(self, traits: bytes, now_ms: int) -> None:
        self.limits = Limits.read(traits, now_ms)
        self.looked_ms = self.limits.next_start_ms

    def look(self, now_ms: int, lease_ms: int) -> bool:
        """A search for expired tasks reaches this one; answers whether the task ended."""
        if self.place is Place.WAITING:
            return self.end_if_too_late(now_ms)
        self.looked_ms = now_ms + lease_ms if self.place is Place.LEASED else None
        return False

    def note_started(self, until_ms: int | None = None) -> float:
        """The task has started; answers until when others may begin."""
        deadline_ms = self.limits.note_started(until_ms)
        self.looked_ms = self.limits.next_start_ms
        return deadline_ms

    def lift_limits(self) -> None:
        self.limits, self.looked_ms = Limits(), None

    def start_once(self, start: OnlyStart) -> None:
        """The handler starts, and may start only once."""
        self.lift_limits()
        self.started_ms, self.limits.once = start.started_ms, (start.token, start.retention_ms, start.outcome)

    def forget_start(self) -> None:
        """A worker knows that the task has not started."""
        if self.limits.once:
            self.lift_limits()

    def retry(self, retry: FailedAttempt, now_ms: int) -> Status:
        """An attempt failed."""
        self.count(attempts=1, token=retry.token)
        run_at_ms = now_ms + retry.delay_ms
        if run_at_ms >= self.note_started(retry.until_ms):
            self.die(now_ms, as_last(retry.failure))
            return Status.BURIED
        self.fail(retry.failure)
        self.wait(run_at_ms)
        return Status.RETRIED

    def release(self, release: Release, now_ms: int) -> Status:
        """A worker gives the task back."""
        if release.started:
            self.note_started()
        if release.pause_ms:
            self.count(redeliveries=1)
        self.wait(now_ms + release.pause_ms if release.pause_ms else None)
        return Status.RELEASED

    def snooze(self, snoozed: SnoozedTask, now_ms: int) -> Status:
        """It was too early for the task."""
        run_at_ms = now_ms + snoozed.delay_ms
        if run_at_ms >= self.note_started():
            self.die(now_ms, overdue("it was still too early for it, and later its deadline is over", now_ms))
            return Status.BURIED
        self.wait(run_at_ms)
        return Status.SNOOZED


def text_of(stored: bytes) -> str:
    """Bytes as text, in the form of a situation."""
    return stored.decode(errors="backslashreplace")


def choose(waiting: list[Task], request: ClaimRequest, now_ms: int) -> tuple[list[Task], int | None]:
    """The tasks that a claim takes of the waiting ones, in order, and when the next one becomes due."""
    due = [task for task in waiting if task.run_at_ms <= now_ms]
    left = due[request.limit :]
    horizon_ms = now_ms + request.ahead_ms
    ahead = [
        task
        for task in waiting
        if now_ms < task.run_at_ms <= horizon_ms and not (left and task.priority >= left[0].priority)
    ]
    taken = sorted(due[: request.limit] + ahead[: request.ahead_limit], key=lambda task: task.order)
    rest = [task.run_at_ms for task in waiting if task not in taken]
    return taken, now_ms if left else min(rest, default=None)


def to_look_at(tasks: Iterable[Task], moment_ms: int) -> list[Task]:
    """The tasks that may start no more at a time, in the order in which they are checked."""
    timed = [(task.looked_ms, task.id, task) for task in tasks if task.looked_ms is not None]
    return [task for looked_ms, _, task in sorted(timed, key=lambda one: one[:2]) if looked_ms <= moment_ms]


def by_end(leased: Iterable[Task]) -> list[Task]:
    """Leased tasks in the order in which their leases end."""
    return sorted(leased, key=lambda task: (task.ends_ms, task.id))


def next_look_ms(tasks: Iterable[Task]) -> int | None:
    """When the next task may start no more, None for never."""
    return min((task.looked_ms for task in tasks if task.looked_ms is not None), default=None)
