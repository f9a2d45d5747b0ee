"""A queue as a plain dict: what the scripts must do, without Redis.

Its methods are those of the store and answer the same; `situation` says what must be in Redis afterwards.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from redisched.model import BAND
from redisched.store.values import (
    BLAMELESS,
    Ack,
    Bury,
    Claim,
    ClaimRequest,
    Expired,
    ExpireRequest,
    FailedAttempt,
    ForgetLimits,
    Forgotten,
    NewTask,
    OnlyStart,
    Orphan,
    Reaped,
    ReapOutcome,
    ReapRequest,
    Release,
    Renewal,
    Reprioritization,
    SnoozedTask,
    Status,
)
from tests.chaos.model_forgetting import forget
from tests.chaos.model_grace import grace_end
from tests.chaos.model_limits import moment_of
from tests.chaos.model_task import DIGEST_BYTES, Place, Task, by_end, choose, next_look_ms, to_look_at
from tests.lua.situation import Situation, together

R = TypeVar("R")


def each(settle: Callable[["Model", R], Status]) -> Callable[["Model", Sequence[R]], list[Status]]:
    """An edge that takes its rows one after the other."""
    return lambda model, rows: [settle(model, row) for row in rows]


@dataclass(slots=True)
class Model:
    """A queue. `now_us` is the server's time."""

    now_us: int
    tasks: dict[str, Task] = field(default_factory=dict)
    claims: dict[str, tuple[str, int, list[str]]] = field(default_factory=dict)
    fence: int = 0
    awake: bool = False
    reaper: tuple[str, int, int, int] | None = None
    format: int = 0

    @property
    def now_ms(self) -> int:
        return self.now_us // 1_000

    def situation(self) -> Situation:
        """What must be in Redis."""
        whole: Situation = {"fence": str(self.fence)} if self.fence else {}
        if self.awake:
            whole["wake"] = ["1"]
        if self.reaper:
            whole["reaper"] = " ".join(map(str, self.reaper))
        if self.format:
            whole["format"] = str(self.format)
        if self.claims:
            whole["claims"] = {
                worker: f"{nonce} {token} {' '.join(ids)}" for worker, (nonce, token, ids) in self.claims.items()
            }
        return together(whole, *(task.situation() for task in self.tasks.values()))

    def at(self, place: Place) -> list[Task]:
        """The tasks in this place, in the order in which they would be claimed."""
        return sorted((task for task in self.tasks.values() if task.place is place), key=lambda task: task.order)

    @each
    def enqueue(self, new: NewTask) -> Status:
        record = new.record.decode()
        run_at_ms = moment_of(new.when, self.now_ms)
        if known := self.tasks.get(new.id):
            return Status.EXISTS if known.record[:DIGEST_BYTES] == record[:DIGEST_BYTES] else Status.CONFLICT
        if run_at_ms >= BAND:
            return Status.TOO_LATE
        task = self.tasks[new.id] = Task(new.id, record, new.priority, run_at_ms)
        task.take_traits(new.traits, self.now_ms)
        self._need_format(task)
        self.awake = True
        return Status.CREATED

    def claim(self, request: ClaimRequest) -> Claim:
        nonce, token, ids = self.claims.get(request.worker, ("", 0, []))
        if nonce and int(request.nonce[1:]) < int(nonce[1:]):
            return Claim(self.now_us, None, [])
        if nonce == request.nonce:
            taken = [task for id in ids if (task := self._held(id, token))]
            next_due_ms: int | None = self.now_ms
        else:
            taken, next_due_ms = choose(self.at(Place.WAITING), request, self.now_ms)
            while sum(task.end_if_too_late(self.now_ms) for task in taken):
                taken, next_due_ms = choose(self.at(Place.WAITING), request, self.now_ms)
            self._lease(request, taken)
            self.awake = self.awake or bool(taken and next_due_ms == self.now_ms)
        if not taken:
            self.awake = self.awake and next_due_ms == self.now_ms
            self.claims.pop(request.worker, None)
        return Claim(self.now_us, next_due_ms, [task.lease() for task in taken])

    def _lease(self, request: ClaimRequest, taken: list[Task]) -> None:
        if taken:
            self.fence = max(self.fence + 1, self.now_us)
            self.claims[request.worker] = request.nonce, self.fence, [task.id for task in taken]
        for task in taken:
            task.place, task.token, task.worker = Place.LEASED, self.fence, request.worker
            task.started_ms, task.ends_ms = 0, self.now_ms + request.lease_ms

    def _held(self, id: str, token: int) -> Task | None:
        task = self.tasks.get(id)
        return task if task and task.place is Place.LEASED and task.token == token else None

    def _counted(self, id: str, token: int) -> bool:
        task = self.tasks.get(id)
        return bool(task and task.tries and task.tries[3] == token)

    def renew(self, lease_ms: int, renewals: Sequence[Renewal]) -> list[Status]:
        statuses = []
        for id, token, started_ms in renewals:
            task = self._held(id, token)
            if task:
                task.ends_ms = self.now_ms + lease_ms
                task.started_ms = 0 if started_ms == BLAMELESS else started_ms or task.started_ms
            statuses.append(Status.LOST if not task else Status.CANCELLING if task.cancellation else Status.RENEWED)
        return statuses

    @each
    def ack(self, ack: Ack) -> Status:
        if task := self._held(ack.id, ack.token):
            task.end(ack.token, ack.outcome, self.now_ms, ack.retention_ms)
            return Status.ACKED
        ended = self.tasks.get(ack.id)
        acked = ended and ended.place is Place.ENDED and ended.outcome.startswith(b"%d " % ack.token)
        return Status.ALREADY if acked else Status.LOST

    @each
    def retry(self, retry: FailedAttempt) -> Status:
        task = self._held(retry.id, retry.token)
        if not task and self._counted(retry.id, retry.token):
            return Status.ALREADY
        return self._let_wait(task, lambda held: held.retry(retry, self.now_ms))

    @each
    def release(self, release: Release) -> Status:
        task = self._held(release.id, release.token)
        if task and not release.started:
            task.forget_start()
        return self._let_wait(task, lambda held: held.release(release, self.now_ms))

    @each
    def snooze(self, snoozed: SnoozedTask) -> Status:
        task = self._held(snoozed.id, snoozed.token)
        return self._let_wait(task, lambda held: held.snooze(snoozed, self.now_ms))

    def _let_wait(self, task: Task | None, settle: Callable[[Task], Status]) -> Status:
        if not task:
            return Status.LOST
        if task.end_if_cancelling(self.now_ms):
            return Status.CANCELLED
        if task.end_if_started_once(self.now_ms):
            return Status.NOT_AGAIN
        status = settle(task)
        self._need_format(task)
        self.awake = self.awake or task.place is Place.WAITING
        return status

    def _need_format(self, task: Task) -> None:
        self.format = max(self.format, task.limits.least_format)

    @each
    def start(self, start: OnlyStart) -> Status:
        task = self._held(start.id, start.token)
        if not task or (task.limits.once and task.limits.once[0] != start.token):
            return Status.LOST
        task.start_once(start)
        self._need_format(task)
        return Status.STARTED

    @each
    def bury(self, burial: Bury) -> Status:
        task = self._held(burial.id, burial.token)
        if not task:
            dead = burial.id in self.tasks and self.tasks[burial.id].place is Place.DEAD
            return Status.ALREADY if dead and self._counted(burial.id, burial.token) else Status.LOST
        task.count(token=burial.token)
        task.die(self.now_ms, burial.failure)
        return Status.BURIED

    def _take_back(self, task: Task, started: bool, crashed: bool, crash_limit: int, failure: bytes) -> Status:
        if task.end_if_cancelling(self.now_ms):
            return Status.CANCELLED
        if task.end_if_started_once(self.now_ms):
            return Status.NOT_AGAIN
        if started:
            task.lose(self.now_ms)
        if crashed:
            task.count(crashes=1)
            if task.crashes >= crash_limit:
                task.die(self.now_ms, failure)
                return Status.QUARANTINED
        task.wait()
        return Status.RECOVERED

    def reap(self, request: ReapRequest) -> Reaped:
        leader, until_ms, grace_ends_ms, longest_ms = self.reaper or ("", 0, 0, 0)
        longest_ms = max(longest_ms, request.lease_ms)
        latest_end_ms = self.now_ms + longest_ms
        if leader not in ("", request.worker) and self.now_ms < until_ms <= latest_end_ms:
            self.reaper = leader, until_ms, grace_ends_ms, longest_ms
            return Reaped(ReapOutcome.BUSY, self.now_ms, until_ms, [])
        has_leases = bool(self.at(Place.LEASED))
        grace_ends_ms = grace_end(self.reaper, request, self.now_ms, latest_end_ms, has_leases=has_leases)
        self.reaper = request.worker, self.now_ms + request.hold_ms, grace_ends_ms, longest_ms
        for task in [task for task in by_end(self.at(Place.LEASED)) if task.ends_ms > latest_end_ms][: request.limit]:
            task.ends_ms = latest_end_ms
        if grace_ends_ms > self.now_ms:
            return Reaped(ReapOutcome.GRACE, self.now_ms, grace_ends_ms, [])
        expired = [task for task in by_end(self.at(Place.LEASED)) if task.ends_ms <= self.now_ms][: request.limit]
        tasks = [(task.id, self._reap(task, request)) for task in expired]
        ended_ms = self.now_ms - longest_ms
        self.claims = {worker: claim for worker, claim in self.claims.items() if claim[1] // 1_000 > ended_ms}
        self.awake = self.awake or any(status is Status.RECOVERED for _, status in tasks)
        next_ms = min((task.ends_ms for task in self.at(Place.LEASED)), default=None)
        if next_ms is None:
            self.claims.clear()
        return Reaped(ReapOutcome.REAPED, self.now_ms, next_ms, tasks, expiring_ms=next_look_ms(self.tasks.values()))

    def _reap(self, task: Task, request: ReapRequest) -> Status:
        crashed = task.started_ms > 0 or (task.crashes == 0 and request.crash_limit > 1)
        return self._take_back(task, task.started_ms > 0, crashed, request.crash_limit, request.failure)

    def recover(self, worker: str, crash_limit: int, failure: bytes, orphans: Sequence[Orphan]) -> list[Status]:
        started = [task for id, token, ran in orphans if ran and (task := self._held(id, token))]
        crashed = [task for task in started if task.crashes > 0] or started
        statuses = []
        for id, token, ran in orphans:
            task = self._held(id, token)
            is_blamed = bool(ran) and task in crashed
            statuses.append(self._take_back(task, bool(ran), is_blamed, crash_limit, failure) if task else Status.LOST)
        self.claims.pop(worker, None)
        self.awake = self.awake or bool(self.at(Place.WAITING))
        return statuses

    def cancel(self, retention_ms: int, cancellations: Sequence[tuple[str, bytes]]) -> list[Status]:
        return [self._cancel(id, retention_ms, outcome) for id, outcome in cancellations]

    def _cancel(self, id: str, retention_ms: int, outcome: bytes) -> Status:
        task = self.tasks.get(id)
        if not task:
            return Status.UNKNOWN
        if task.place in (Place.DEAD, Place.ENDED):
            return Status.ENDED
        task.cancellation = retention_ms, outcome
        return (
            Status.CANCELLED
            if task.place is Place.WAITING and task.end_if_cancelling(self.now_ms)
            else Status.CANCELLING
        )

    def revive(self, ids: Sequence[str], body: bytes = b"") -> list[Status]:
        found = [self.tasks.get(id) for id in ids]
        statuses = [task.revive(self.now_ms, body) if task else Status.UNKNOWN for task in found]
        self.awake = self.awake or Status.REVIVED in statuses
        return statuses

    def discard(self, retention_ms: int, outcomes: Sequence[tuple[str, bytes]]) -> list[Status]:
        found = [(self.tasks.get(id), outcome) for id, outcome in outcomes]
        return [task.discard(self.now_ms, retention_ms, outcome) if task else Status.UNKNOWN for task, outcome in found]

    def reprioritize(self, changes: Sequence[Reprioritization]) -> list[Status]:
        found = [(self.tasks.get(change.id), change) for change in changes]
        statuses = [task.reprioritize(change, self.now_ms) if task else Status.UNKNOWN for task, change in found]
        self.awake = self.awake or Status.REPRIORITIZED in statuses
        return statuses

    def expire(self, request: ExpireRequest) -> Expired:
        looked = to_look_at(self.tasks.values(), self.now_ms)[: request.limit]
        return Expired(sum(task.look(self.now_ms, request.lease_ms) for task in looked), len(looked))

    def forget(self, limits: ForgetLimits) -> Forgotten:
        return forget(self.tasks, limits, self.now_ms)
