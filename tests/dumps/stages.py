"""Brings tasks into every state, stage by stage. A stage leaves no due tasks, as the next stage would claim them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from redisched.client.scheduler import Scheduler
from redisched.engine.scrubber import DEEP, NO_FAILURE, NO_RECORD
from redisched.model import DeathReason, Priority
from redisched.store.repair import Repair, ScrubRequest
from redisched.store.values import ExpireRequest, NewTask, Status
from tests.dumps.filling import Filler
from tests.dumps.lost_worker import CRASH_LIMIT, LEASE_MS, LostWorker, Taken, expect
from tests.dumps.special import fill_special

PLAIN, SHARDED, MENDED = "orders", "mails", "attic"
QUEUES = (PLAIN, SHARDED, MENDED)
SHARDS = (3, 5)
"""The sharded queue grows to the first number of shards, later to the second."""
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
LATEST_MS = 4 * MINUTE_MS
"""Delayed tasks are due within this time, except a few that are due at `FAR_AWAY_MS`."""
FAR_AWAY_MS = 4_102_444_800_000
"""In the year 2100."""
EXPIRES_S = 240
"""Some delayed tasks expire after this time. All of them are due before, but none has started."""

Act: TypeAlias = Callable[[LostWorker, Taken], None]
End: TypeAlias = Callable[[Filler, Sequence[Taken]], None]


class Stage(NamedTuple):
    """A number of tasks that are claimed together and brought into the same state."""

    label: str
    tasks: int
    end: End
    options: Mapping[str, Any] = {}


def fill(app: Scheduler) -> None:
    """Fill the queues with about ten thousand tasks in all."""
    for queue in (PLAIN, SHARDED):
        filler = Filler(app, queue)
        _fill_early(filler)
        if queue == SHARDED:
            app.grow(queue, SHARDS[0])
        for stage in _MIDDLE:
            _pass(filler, stage)
        filler.enqueue("early", 150, _within_minutes)
        if queue == SHARDED:
            app.grow(queue, SHARDS[1])
        for stage in _LATE:
            _pass(filler, stage)
        fill_special(filler, _within_minutes)
        _fill_waiting(filler)
        for store in filler.stores():
            filler.worker.reap(store)
    _fill_mended(Filler(app, MENDED))


def _pass(filler: Filler, stage: Stage) -> None:
    filler.enqueue(stage.label, stage.tasks, **stage.options)
    taken = filler.claim()
    assert sum(len(one.leases) for one in taken) == stage.tasks
    stage.end(filler, taken)


def _each(act: Act) -> End:
    return lambda filler, taken: filler.each(act, taken)


def _after(rounds: int, before: Act, act: Act) -> End:
    """`rounds` times, do `before` to all tasks and claim them again; then do `act`."""

    def end(filler: Filler, taken: Sequence[Taken]) -> None:
        for _ in range(rounds):
            filler.each(before, taken)
            taken = filler.claim()
        filler.each(act, taken)

    return end


def _after_failures(act: Act) -> End:
    """Do `act` to half of the tasks at once, to a quarter after one failure, to a quarter after two."""

    def end(filler: Filler, taken: Sequence[Taken]) -> None:
        for _ in range(2):
            filler.each(act, [one._replace(leases=one.leases[1::2]) for one in taken])
            filler.each(_fail_at_once, [one._replace(leases=one.leases[::2]) for one in taken])
            taken = filler.claim()
        filler.each(act, taken)

    return end


def _quarantine(filler: Filler, taken: Sequence[Taken]) -> None:
    def crash_for_good(worker: LostWorker, taken: Taken) -> None:
        worker.crash(taken, Status.QUARANTINED)

    _after(CRASH_LIMIT - 1, _crash, crash_for_good)(filler, taken)


def _fail_at_once(worker: LostWorker, taken: Taken) -> None:
    worker.retry(taken, lambda _: 0)


def _fail(worker: LostWorker, taken: Taken) -> None:
    worker.retry(taken, lambda index: MINUTE_MS + index * 500)


def _crash(worker: LostWorker, taken: Taken) -> None:
    worker.crash(taken)


def _bounce(worker: LostWorker, taken: Taken) -> None:
    worker.release(taken, 1)


def _leave(worker: LostWorker, taken: Taken) -> None:
    """The worker dies before the tasks start."""


def _start(worker: LostWorker, taken: Taken) -> None:
    worker.start(taken)


def _cancel_held(worker: LostWorker, taken: Taken) -> None:
    worker.start(taken._replace(leases=taken.leases[::2]))
    worker.cancel(taken)


def _cancel_and_give_back(worker: LostWorker, taken: Taken) -> None:
    worker.cancel(taken)
    worker.release(taken, 0, Status.CANCELLED)


def _bury(reason: DeathReason, error: str = "") -> Act:
    return lambda worker, taken: worker.bury(taken, reason, error)


def _succeed(retention_ms: int, *, is_own: bool) -> End:
    return _each(lambda worker, taken: worker.succeed(taken, retention_ms, is_own=is_own))


def _take_result(worker: LostWorker, taken: Taken) -> None:
    worker.succeed(taken, DAY_MS, is_own=True)


def _within_minutes(number: int) -> float:
    """A delay long enough that no task becomes due while the dump is taken and checked."""
    return 90 + number % 140 + number / 1_000


def _fill_early(filler: Filler) -> None:
    """The stages while the queue has one shard."""
    _pass(filler, Stage("done-early", 300, _succeed(10 * MINUTE_MS, is_own=False)))
    _pass(filler, Stage("kept-early", 100, _succeed(7 * DAY_MS, is_own=True)))
    _pass(filler, Stage("failed-early", 50, _after_failures(_bury(DeathReason.ATTEMPTS))))
    _pass(filler, Stage("retrying-early", 50, _after_failures(_fail)))
    filler.enqueue("earliest", 150, _within_minutes)


_UNSTORABLE = "NotEncodable: result of shop.pay: <Gateway>"
_MIDDLE = (
    Stage("done", 600, _succeed(10 * MINUTE_MS, is_own=False)),
    Stage("done-whole", 60, _succeed(DAY_MS, is_own=True), {"retention": 86_400, "keep": "task"}),
    Stage("retried-whole", 40, _after(2, _fail_at_once, _take_result), {"retention": 86_400, "keep": "task"}),
    Stage("done-bare", 60, _succeed(DAY_MS, is_own=True), {"retention": 86_400, "keep": "nothing"}),
    Stage("kept", 400, _succeed(DAY_MS, is_own=True), {"retention": 86_400}),
    Stage("unkept", 50, _succeed(0, is_own=True), {"retention": 0}),
    Stage("stopped", 100, _each(_cancel_and_give_back)),
    Stage("failed", 200, _after_failures(_bury(DeathReason.ATTEMPTS)), {"max_attempts": 3}),
    Stage("unroutable", 100, _after(3, _bounce, _bury(DeathReason.UNROUTABLE, "no worker knows it"))),
    Stage("unstorable", 40, _each(_bury(DeathReason.RESULT, _UNSTORABLE))),
    Stage("retrying", 400, _after_failures(_fail), {"max_attempts": 9, "timeout": 30}),
    Stage("bounced", 100, _after(2, _bounce, lambda worker, taken: worker.release(taken, 90_000))),
)
_LATE = (
    Stage("killers", 40, _quarantine),
    Stage("held", 150, _after_failures(_leave)),
    Stage("held-expiring", 40, _each(_leave), {"expires": 3_600}),
    Stage("running", 150, _after_failures(_start)),
    Stage("stopping", 30, _each(lambda worker, taken: worker.stop(taken))),
    Stage("fragile", 20, _after(CRASH_LIMIT - 1, _crash, _start)),
    Stage("unlucky", 40, _after(1, _crash, _leave)),
    Stage("cancelling", 60, _after_failures(_cancel_held)),
)


_EXPIRE = ExpireRequest(limit=1_000, lease_ms=LEASE_MS)


def _fill_waiting(filler: Filler) -> None:
    """Last, enqueue the tasks that wait: nothing is claimed after that, so due tasks stay due."""
    _fill_undecodable(filler)
    _pass(filler, Stage("recovered", 100, _each(_crash)))
    filler.enqueue("ready", 1_200)
    filler.enqueue("ready-limited", 100, max_attempts=2, timeout=12.5, retention=3_600)
    filler.enqueue("later", 200, _within_minutes)
    filler.enqueue("far", 20, run_at=FAR_AWAY_MS / 1e3)
    filler.enqueue("unwanted", 200, _within_minutes)
    for number in range(0, 200, 2):
        assert filler.app.ref(f"unwanted:{number}", filler.queue).cancel()
    filler.enqueue("fresh", 60, _within_minutes, expires=3_600)
    filler.enqueue("perishing", 60, _within_minutes, expires=EXPIRES_S, keep="task")
    _fill_expired(filler)


def _fill_expired(filler: Filler) -> None:
    """Tasks that have ended as expired, whole or without anything but their state."""
    for keep in ("result", "task", "nothing"):
        filler.enqueue(f"expired-{keep}", 20, expires=0.001, keep=keep)
    expired = 0
    while expired < 60:
        expired += sum(filler.worker.run(store.expire(_EXPIRE)).tasks for store in filler.stores())


def _fill_undecodable(filler: Filler) -> None:
    """Tasks with records that redisched cannot decode."""
    garbage = [NewTask(f"garbage:{number}", 5, "+0", b"8 bytes." + b"\xc1garbage") for number in range(10)]
    store = filler.stores()[0]
    expect(Status.CREATED, filler.worker.run(store.enqueue(garbage)))
    filler.each(_bury(DeathReason.UNDECODABLE, "unpack: b'\\xc1'"), filler.claim())


def _fill_mended(filler: Filler) -> None:
    """Remove records and failures of tasks, and let a scrubber repair the tasks."""
    filler.worker.run(filler.stores()[0].register())
    filler.enqueue("lost", 20, _within_minutes)
    _pass(filler, Stage("silent", 20, _each(_bury(DeathReason.ATTEMPTS))))
    (store,) = filler.stores()
    perform = filler.app.broker.client().perform
    perform(("HDEL", store.keys.tasks, *(f"lost:{number}" for number in range(0, 20, 4))))
    perform(("HDEL", store.keys.failures, *(f"silent:{number}" for number in range(0, 20, 2))))
    request = ScrubRequest(
        parts=DEEP,
        cursor="0",
        limit=1_000,
        lease_ms=LEASE_MS,
        retention_ms=10 * MINUTE_MS,
        priority=int(Priority.NORMAL),
        no_record=NO_RECORD,
        no_failure=NO_FAILURE,
    )
    repairs = [repair for _, repair in filler.worker.run(store.scrub(request)).repairs]
    assert sorted(repairs) == sorted([Repair.RECORD_LOST] * 5 + [Repair.FAILURE_LOST] * 10)
