"""A worker serves every shard of its queues, including shards that are added while it works."""

import threading
from collections import Counter

import pytest

from redisched import Scheduler, current_task
from redisched.clock import SystemClock
from redisched.config import WorkerSettings
from redisched.engine.recovery import Recovery
from redisched.keys import keys_of
from redisched.model import TaskState
from redisched.shard_map import ShardMap
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest
from tests.engine.running import RunningWorker, counts, work_off
from tests.waiting import wait_until

pytestmark = pytest.mark.differs_by_routing

QUEUE = "default"
SHARDS = 5
SHARD_MAP = ShardMap((1, SHARDS))


@pytest.fixture
def broker(real_broker: Broker) -> Broker:
    """A real server: a fake one goes on with what a closed connection had sent, and here there are many."""
    return real_broker


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


def ids_of_each_shard(count: int = 1) -> list[str]:
    """So many ids of tasks for each shard."""
    found: list[list[str]] = [[] for _ in range(SHARDS)]
    number = 0
    while any(len(ids) < count for ids in found):
        found[SHARD_MAP.shard_of(f"task-{number}")].append(f"task-{number}")
        number += 1
    return [id for ids in found for id in ids[:count]]


def test_all_shards_are_worked_off_and_each_task_runs_once(app: Scheduler) -> None:
    runs: Counter[str] = Counter()

    @app.task
    def note() -> None:
        runs[current_task().id] += 1

    app.grow(QUEUE, SHARDS)
    refs = app.enqueue_many([note.options(id=id).request() for id in ids_of_each_shard(20)])

    work_off(app, concurrency=4)

    assert runs == {ref.id: 1 for ref in refs}
    assert {ref.status() for ref in refs} == {TaskState.SUCCEEDED}


def test_an_idle_worker_is_woken_by_every_shard(app: Scheduler) -> None:
    ran = threading.Semaphore(0)
    app.task(name="note")(ran.release)
    app.grow(QUEUE, SHARDS)

    with RunningWorker(app):
        for id in ids_of_each_shard(2):
            app.enqueue("note", id=id)
            assert ran.acquire(timeout=6.0), "without a wake-up it would take longer"


def test_a_running_worker_notices_new_shards(app: Scheduler) -> None:
    app.task(name="note")(lambda: None)
    with RunningWorker(app, lease_s=1.0):
        assert app.enqueue("note").result(timeout=10) is None
        app.grow(QUEUE, SHARDS)
        for id in ids_of_each_shard():
            assert app.enqueue("note", id=id).result(timeout=10) is None


def test_tasks_that_waited_before_shards_were_added_run_afterwards(app: Scheduler) -> None:
    app.task(name="note")(lambda: None)
    refs = [app.enqueue("note", id=id) for id in ids_of_each_shard(3)]
    app.grow(QUEUE, SHARDS)

    work_off(app)

    assert {ref.status() for ref in refs} == {TaskState.SUCCEEDED}


def test_a_stopping_worker_releases_tasks_to_every_shard(app: Scheduler, broker: Broker) -> None:
    begun, release = threading.Event(), threading.Event()

    @app.task
    def hold() -> None:
        begun.set()
        release.wait(10)

    app.grow(QUEUE, SHARDS)
    app.enqueue_many([hold.options(id=id).request() for id in ids_of_each_shard(3)])
    with RunningWorker(app, concurrency=1) as worker:
        assert begun.wait(10)
        worker.stop()
        wait_until(lambda: counts(broker).leased == 1, "all but the running task are released")
        release.set()
    assert counts(broker).ready == 3 * SHARDS - 1


def test_the_tasks_of_a_dead_process_are_taken_back_in_every_shard(app: Scheduler, broker: Broker) -> None:
    app.task(name="note")(lambda: None)
    app.grow(QUEUE, SHARDS)
    for id in ids_of_each_shard(2):
        app.enqueue("note", id=id)
    request = ClaimRequest(worker="gone", nonce="1", limit=9, ahead_ms=0, ahead_limit=0, lease_ms=60_000)
    for shard in range(SHARDS):
        run(Store(broker.script_runner, QUEUE, shard).claim(request), broker.client())
    recovery = Recovery(broker.script_runner, [QUEUE], WorkerSettings().crash_limit, SystemClock())

    recovery.died("gone", set())
    run(recovery.step(), broker.client())

    assert recovery.recovered == 2 * SHARDS
    assert counts(broker).ready == 2 * SHARDS


def test_leases_that_end_are_reaped_in_every_shard(app: Scheduler, broker: Broker) -> None:
    app.task(name="note")(lambda: None)
    app.grow(QUEUE, SHARDS)
    refs = [app.enqueue("note", id=id) for id in ids_of_each_shard()]
    request = ClaimRequest(worker="gone", nonce="1", limit=9, ahead_ms=0, ahead_limit=0, lease_ms=1)
    for shard in range(SHARDS):
        run(Store(broker.script_runner, QUEUE, shard).claim(request), broker.client())

    with RunningWorker(app, lease_s=1.0):
        for ref in refs:
            ref.result(timeout=15)


def test_shards_that_one_worker_reaps_are_not_reaped_by_another(app: Scheduler, broker: Broker) -> None:
    def reapers() -> list[bytes]:
        perform = broker.client().perform
        kept = [perform(("GET", keys_of(QUEUE, shard).reaper)) or b"" for shard in range(SHARDS)]
        return [words.split(b" ")[0] for words in kept]

    release = threading.Event()
    app.task(name="note")(lambda: None)
    app.task(name="hold")(lambda: release.wait(20))
    app.grow(QUEUE, SHARDS)
    held = [app.enqueue("hold", id=id) for id in ids_of_each_shard()]
    with RunningWorker(app) as first:
        wait_until(lambda: reapers() == [first.name.encode()] * SHARDS, "the first worker reaps all shards")
        with RunningWorker(app):
            app.enqueue("note").result(timeout=10)
            assert reapers() == [first.name.encode()] * SHARDS
            release.set()
            for task in held:
                task.result(timeout=10)
