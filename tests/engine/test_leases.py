"""Leases: kept as long as a task runs. A handler that lost its lease is interrupted, and can settle nothing."""

import asyncio
import threading
import time

import pytest

from redisched import Scheduler, current_task
from redisched.context import TaskContext
from redisched.errors import LeaseLost
from redisched.model import TaskState
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest, Orphan, Renewal, Status
from tests.engine.running import RunningWorker, counts, look
from tests.waiting import let_pass, wait_until

SHORT_LEASE_S = 0.6


@pytest.fixture
def app(real_broker: Broker) -> Scheduler:
    return Scheduler(broker=real_broker)


def take_away(broker: Broker, task: TaskContext) -> None:
    """Take a task from its worker, as if the worker had died."""
    orphan = Orphan(task.id, task.fence, 0)
    statuses = run(Store(broker.script_runner, task.queue).recover(task.worker, 3, b"", [orphan]), broker.client())
    assert statuses == [Status.RECOVERED]


@pytest.mark.parametrize("leases", [3, pytest.param(10, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("kind", ["block", "sleep"])
def test_t06_a_healthy_handler_keeps_its_lease_however_long_it_runs_and_runs_once(
    app: Scheduler, real_broker: Broker, kind: str, leases: int
) -> None:
    """The lease renewer renews from its own thread; another worker would take the task if its lease ended."""
    runs: list[int] = []

    @app.task(name="block")
    async def block() -> None:
        runs.append(current_task().fence)
        end_s = time.monotonic() + leases * SHORT_LEASE_S
        while time.monotonic() < end_s:
            sum(range(1_000))

    @app.task(name="sleep")
    def sleep() -> None:
        runs.append(current_task().fence)
        let_pass(leases * SHORT_LEASE_S, "the handler is done")

    with RunningWorker(app, lease_s=SHORT_LEASE_S), RunningWorker(app, lease_s=SHORT_LEASE_S):
        app.enqueue(kind).result(timeout=30)
    assert len(runs) == 1
    assert counts(real_broker).leased == 0


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_handler_whose_lease_was_lost_is_interrupted_and_settles_nothing(
    app: Scheduler, real_broker: Broker, kind: str
) -> None:
    runs: list[TaskContext] = []
    told: list[BaseException] = []
    begun = threading.Event()

    @app.task(name="sync")
    def spin() -> str:
        runs.append(current_task())
        if len(runs) > 1:
            return f"run {current_task().fence}"
        begun.set()
        try:
            while True:
                pass
        except LeaseLost as reason:
            told.append(reason)
            raise

    @app.task(name="async")
    async def wait() -> str:
        runs.append(current_task())
        if len(runs) > 1:
            return f"run {current_task().fence}"
        begun.set()
        try:
            return str(await asyncio.Event().wait())
        except asyncio.CancelledError as reason:
            told.append(reason)
            raise

    with RunningWorker(app, lease_s=SHORT_LEASE_S) as worker:
        task = app.enqueue(kind)
        assert begun.wait(10)
        take_away(real_broker, runs[0])
        assert task.result(timeout=10) == f"run {runs[1].fence}"
        wait_until(lambda: told, "the first run was interrupted")
        assert not worker.has_ended
    assert runs[1].fence > runs[0].fence
    assert look(real_broker, task.id).attempts == 1


def test_a_result_that_comes_after_its_lease_was_lost_is_refused(app: Scheduler, real_broker: Broker) -> None:
    runs: list[TaskContext] = []
    begun, release = threading.Event(), threading.Event()

    @app.task
    def slow() -> int:
        runs.append(current_task())
        if len(runs) == 1:
            begun.set()
            release.wait(15)
        return current_task().fence

    with RunningWorker(app):
        task = slow.enqueue()
        assert begun.wait(10)
        take_away(real_broker, runs[0])
        assert task.result(timeout=10) == runs[1].fence
        release.set()
    assert task.result(timeout=1) == runs[1].fence
    assert counts(real_broker).leased == 0


def claim_as_ghost(broker: Broker, *, started: bool) -> None:
    """Claim a task as a worker that sends nothing after that."""
    store = Store(broker.script_runner, "default")
    request = ClaimRequest(worker="ghost", nonce="1", limit=10, ahead_ms=0, ahead_limit=0, lease_ms=300)
    for lease in run(store.claim(request), broker.client()).leases:
        if started:
            run(store.renew(300, [Renewal(lease.id, lease.token, 1)]), broker.client())


@pytest.mark.fault
@pytest.mark.parametrize("started", [False, True])
def test_the_tasks_of_a_lost_host_run_elsewhere_after_its_lease(
    app: Scheduler, real_broker: Broker, started: bool
) -> None:
    app.task(name="work")(lambda: current_task().worker)
    tasks = app.enqueue_many([app.request("work") for _ in range(5)])
    claim_as_ghost(real_broker, started=started)
    assert counts(real_broker).leased == 5

    with RunningWorker(app, lease_s=SHORT_LEASE_S) as worker:
        assert {task.result(timeout=15) for task in tasks} == {worker.name}
    assert {task.status() for task in tasks} == {TaskState.SUCCEEDED}


def test_a_long_task_is_shown_as_running(app: Scheduler) -> None:
    release = threading.Event()
    app.task(name="long")(lambda: release.wait(15))

    with RunningWorker(app, lease_s=SHORT_LEASE_S):
        task = app.enqueue("long")
        wait_until(lambda: task.status() is TaskState.RUNNING, "a heartbeat has reported that the task runs")
        release.set()
        assert task.result(timeout=10) is True
