"""Tasks with what came with the third format: limits of starts, checkpoints, reports, watchers and unique keys."""

from collections.abc import Callable
from typing import Any

from redisched.codec import DIGEST_BYTES, decode_task, encode_state, encode_unfinished
from redisched.model import DeathReason, Keep, TaskState
from redisched.progress import Progress, encode_lines, encode_progress
from redisched.store.report import Report
from redisched.store.values import Checkpoint, OnlyStart, Status
from redisched.store.watching import watch
from tests.dumps.filling import Filler
from tests.dumps.lost_worker import LIMIT, NAME, LostWorker, Taken, expect

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
SAVED = "page 3"
"""The state of every checkpoint."""
STARTED_ONCE = "once-running:"
"""How the ids begin of tasks that have started, and may not start again."""
CHANNEL = "redisched:ends:of-a-caller"
_DOOMED_S = 240
"""No attempt may begin after this time. All of these tasks have failed before, and are due before."""


def fill_special(filler: Filler, within_minutes: Callable[[int], float]) -> None:
    """Fill a queue. No due tasks are left."""
    _fill_limited(filler)
    _fill_started_once(filler)
    _fill_told(filler)
    _fill_keyed(filler, within_minutes)
    filler.enqueue("watched", 20, within_minutes, chosen_every=1)
    for store in filler.stores():
        ids = [f"watched:{number}" for number in range(20)]
        filler.worker.run(watch(filler.app.broker.script_runner, filler.queue, store.shard, CHANNEL, ids))


def _claimed(filler: Filler, label: str, tasks: int, **options: Any) -> list[Taken]:
    filler.enqueue(label, tasks, **options)
    taken = [one for one in filler.claim() if one.leases]
    assert sum(len(one.leases) for one in taken) == tasks
    return taken


def _fill_limited(filler: Filler) -> None:
    worker = filler.worker
    for taken in _claimed(filler, "unretried", 20):
        worker.bury(taken, DeathReason.NOT_RETRIED)
    for taken in _claimed(filler, "rejected", 20):
        worker.bury(taken, DeathReason.REJECTED)
    for taken in _claimed(filler, "overdue", 20, deadline=1):
        worker.retry(taken, _in_minutes, Status.BURIED)
    for taken in _claimed(filler, "doomed", 20, deadline=_DOOMED_S):
        worker.retry(taken, _in_minutes)
    for taken in _claimed(filler, "patient", 20, deadline=3_600):
        worker.retry(taken, _in_minutes)
    for taken in _claimed(filler, "within", 20):
        worker.retry(taken, _in_minutes, until_ms=taken.now_ms + HOUR_MS)


def _in_minutes(index: int) -> int:
    return 90_000 + index * 500


def _fill_started_once(filler: Filler) -> None:
    for taken in _claimed(filler, "interrupted", 20):
        _start_once(filler.worker, taken)
        filler.worker.crash(taken, Status.NOT_AGAIN)
    for taken in _claimed(filler, STARTED_ONCE.removesuffix(":"), 20, chosen_every=1):
        _start_once(filler.worker, taken)


def _start_once(worker: LostWorker, taken: Taken) -> None:
    starts = []
    for lease in taken.leases:
        name = decode_task(lease.record, LIMIT).name
        lost = encode_unfinished(TaskState.LOST, name, Keep.RESULT, lease.attempts + 1, NAME, taken.now_ms)
        outcome = lease.record[:DIGEST_BYTES] + lost
        starts.append(OnlyStart(lease.id, lease.token, taken.now_ms, HOUR_MS, outcome))
    expect(Status.STARTED, worker.run(taken.store.start(starts)))


def _fill_told(filler: Filler) -> None:
    """Tasks whose handlers have saved or told something: some wait, some are leased, some have ended."""
    worker = filler.worker
    for taken in _claimed(filler, "saved", 20):
        _save(worker, taken)
        worker.retry(taken, _in_minutes)
    for taken in _claimed(filler, "saving", 20):
        _save(worker, taken)
    for taken in _claimed(filler, "told", 20):
        _tell(worker, taken)
        worker.succeed(taken, HOUR_MS, is_own=True)
    for taken in _claimed(filler, "telling", 20):
        _tell(worker, taken)
    for taken in _claimed(filler, "told-dead", 20):
        _tell(worker, taken)
        worker.bury(taken, DeathReason.ATTEMPTS)


def _save(worker: LostWorker, taken: Taken) -> None:
    state = encode_state("shop.pay", SAVED, LIMIT)
    checkpoints = [Checkpoint(lease.id, lease.token, state) for lease in taken.leases]
    expect(Status.SAVED, worker.run(taken.store.checkpoint(checkpoints)))


def _tell(worker: LostWorker, taken: Taken) -> None:
    progress = encode_progress(Progress(done=2, total=3, note="of the lines", at_ms=taken.now_ms))
    lines = b"".join(encode_lines("sent the first\ngrößer 日本", 1, taken.now_ms))
    reports = [Report(lease.id, lease.token, 0, 1, progress, lines) for lease in taken.leases]
    expect(Status.REPORTED, worker.run(taken.store.report(reports)))


def _fill_keyed(filler: Filler, within_minutes: Callable[[int], float]) -> None:
    """Tasks that hold a unique key while they wait, run, or for a time after their end, and successors."""
    filler.enqueue("keyed", 20, within_minutes, unique="keyed {}", unique_for="until_done")
    for taken in _claimed(filler, "keyed-ended", 20, unique="ended {}", unique_for=3_600):
        filler.worker.succeed(taken, HOUR_MS, is_own=True)
    _claimed(filler, "keyed-started", 20, unique="started {}", unique_for="until_started")
    held: Any = {"unique": "held {}", "unique_for": "until_done", "on_duplicate": "replace"}
    _claimed(filler, "keyed-held", 20, **held)
    filler.enqueue("keyed-next", 20, **held)
