"""Handlers in processes of their own, in a fleet of real processes: which process dies with which other."""

import os
import signal

import pytest

from redisched.model import DeathReason, TaskState
from tests.chaos.rig import Rig
from tests.embedded.processes import is_alive
from tests.engine.running import look
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SOON_S = 25.0
"""Less than a lease of 30 s: a task that is back within this time did not wait for the end of its lease."""


@pytest.mark.parametrize("kind", ["segfault", "killed for its memory"])
def test_t28_an_isolated_task_that_kills_its_process_is_quarantined_alone(rig: Rig, kind: str) -> None:
    neighbours = rig.enqueue_many(3, "linger", 0.5)
    poison = rig.enqueue("poison_apart", kind)
    with rig.fleet(processes=1, concurrency=4) as fleet:
        wait_until(fleet.workers, "the fleet runs")
        workers = fleet.workers()
        rig.drain()
        assert fleet.workers() == workers

    failure = look(rig.direct, poison.id).failure
    assert failure is not None
    assert failure.reason == DeathReason.QUARANTINED
    assert len(rig.starts(poison)) == 3
    assert {task.status() for task in neighbours} == {TaskState.SUCCEEDED}
    assert [len(rig.starts(task)) for task in neighbours] == [1] * 3
    rig.audit()


def test_t30_an_isolated_handler_that_ignores_its_timeout_is_killed_and_frees_its_slot(rig: Rig) -> None:
    endless = rig.enqueue("insist_apart", timeout=0.5, max_attempts=2)
    with rig.fleet(processes=1, concurrency=1) as fleet:
        rig.wait_for_start(endless)
        workers = fleet.workers()
        rig.enqueue("nothing").result(timeout=SOON_S)
        rig.drain()
        assert fleet.workers() == workers

    view = look(rig.direct, endless.id)
    assert view.failure is not None
    assert (view.failure.reason, view.crashes) == (DeathReason.ATTEMPTS, 0)
    assert view.failure.error.startswith("HandlerTimedOut")
    rig.audit()


def test_t30_an_isolated_handler_that_ignores_its_cancellation_is_killed(rig: Rig) -> None:
    endless = rig.enqueue("insist_apart")
    with rig.fleet(processes=1, concurrency=1) as fleet:
        rig.wait_for_start(endless)
        workers = fleet.workers()
        endless.cancel()
        rig.enqueue("nothing").result(timeout=SOON_S)
        assert fleet.workers() == workers

    assert endless.status() is TaskState.CANCELLED
    rig.audit()


def test_an_isolated_handler_ends_with_its_worker_and_is_not_blamed_for_the_death(rig: Rig) -> None:
    task = rig.enqueue("hold_once_apart", str(rig.gate_file()), "first", "second")
    with rig.fleet(processes=1, concurrency=1, crash_limit=1) as fleet:
        rig.wait_for_start(task)
        forked = fleet.forked()
        (worker,) = fleet.workers()
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, forked)), "the process of the handler is gone", SOON_S)
        rig.drain()

    assert task.result(timeout=1) == "second"
    assert len(rig.starts(task)) == 2
    rig.audit()


def test_a_graceful_stop_lets_an_isolated_handler_end(rig: Rig) -> None:
    """Even if every process of the worker gets the signal, as many service managers send it."""
    task = rig.enqueue("hold_once_apart", str(rig.gate_file()), "first", "second")
    with rig.fleet(processes=1, concurrency=1) as fleet:
        rig.wait_for_start(task)
        fleet.signal_all(signal.SIGTERM)
        rig.gate_file().touch()
        assert fleet.wait() == 0

    assert task.result(timeout=1) == "first"
    assert len(rig.starts(task)) == 1


def test_the_task_of_an_isolated_handler_that_outlasts_the_grace_is_released(rig: Rig) -> None:
    task = rig.enqueue("hold_once_apart", str(rig.gate_file()), "first", "second")
    with rig.fleet(processes=1, concurrency=1, grace_s=0.2) as fleet:
        rig.wait_for_start(task)
        fleet.signal(signal.SIGTERM)
        assert fleet.wait() == 0
        wait_until(lambda: not fleet.forked(), "the process of the handler is gone", SOON_S)

    view = look(rig.direct, task.id)
    assert (view.state, view.attempts, view.crashes) == (TaskState.READY, 0, 0)
    with rig.fleet(processes=1):
        rig.drain()
    assert task.result(timeout=1) == "second"
    rig.audit()
