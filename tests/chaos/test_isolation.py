"""Handlers in processes of their own, in a fleet of real processes: who dies with whom, and who does not."""

import os
import signal

import pytest

from redisched.model import DeathReason, TaskState
from tests.chaos.ordeal import Ordeal
from tests.embedded.processes import is_alive
from tests.engine.running import look
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SOON_S = 25.0
"""Less than a lease of 30 s: what comes back within that time was not left to its lease."""


@pytest.mark.parametrize("kind", ["segfault", "killed for its memory"])
def test_t28_an_isolated_task_that_brings_its_process_down_is_set_aside_alone(ordeal: Ordeal, kind: str) -> None:
    neighbours = ordeal.enqueue_many(3, "linger", 0.5)
    poison = ordeal.enqueue("poison_apart", kind)
    with ordeal.fleet(processes=1, concurrency=4) as fleet:
        wait_until(fleet.workers, "it runs")
        workers = fleet.workers()
        ordeal.drain()
        assert fleet.workers() == workers

    failure = look(ordeal.direct, poison.id).failure
    assert failure is not None
    assert failure.reason == DeathReason.QUARANTINED
    assert len(ordeal.starts(poison)) == 3
    assert {task.status() for task in neighbours} == {TaskState.SUCCEEDED}
    assert [len(ordeal.starts(task)) for task in neighbours] == [1] * 3
    ordeal.audit()


def test_t30_an_isolated_handler_that_ignores_its_timeout_is_killed_and_its_slot_is_free(ordeal: Ordeal) -> None:
    endless = ordeal.enqueue("insist_apart", timeout=0.5, max_attempts=2)
    with ordeal.fleet(processes=1, concurrency=1) as fleet:
        ordeal.wait_for_start(endless)
        workers = fleet.workers()
        ordeal.enqueue("nothing").result(timeout=SOON_S)
        ordeal.drain()
        assert fleet.workers() == workers

    view = look(ordeal.direct, endless.id)
    assert view.failure is not None
    assert (view.failure.reason, view.crashes) == (DeathReason.ATTEMPTS, 0)
    assert view.failure.error.startswith("HandlerTimedOut")
    ordeal.audit()


def test_t30_an_isolated_handler_that_ignores_its_cancellation_is_killed(ordeal: Ordeal) -> None:
    endless = ordeal.enqueue("insist_apart")
    with ordeal.fleet(processes=1, concurrency=1) as fleet:
        ordeal.wait_for_start(endless)
        workers = fleet.workers()
        endless.cancel()
        ordeal.enqueue("nothing").result(timeout=SOON_S)
        assert fleet.workers() == workers

    assert endless.status() is TaskState.CANCELLED
    ordeal.audit()


def test_an_isolated_handler_does_not_outlive_its_worker_and_is_not_blamed_for_its_death(ordeal: Ordeal) -> None:
    task = ordeal.enqueue("hold_once_apart", str(ordeal.gate_file()), "first", "second")
    with ordeal.fleet(processes=1, concurrency=1, crash_limit=1) as fleet:
        ordeal.wait_for_start(task)
        forked = fleet.forked()
        (worker,) = fleet.workers()
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, forked)), "its process is gone", SOON_S)
        ordeal.drain()

    assert task.result(timeout=1) == "second"
    assert len(ordeal.starts(task)) == 2
    ordeal.audit()


def test_a_graceful_stop_lets_an_isolated_handler_end(ordeal: Ordeal) -> None:
    """Also where every process of the worker is sent the signal, as many a service manager does."""
    task = ordeal.enqueue("hold_once_apart", str(ordeal.gate_file()), "first", "second")
    with ordeal.fleet(processes=1, concurrency=1) as fleet:
        ordeal.wait_for_start(task)
        fleet.signal_all(signal.SIGTERM)
        ordeal.gate_file().touch()
        assert fleet.wait() == 0

    assert task.result(timeout=1) == "first"
    assert len(ordeal.starts(task)) == 1


def test_what_an_isolated_handler_has_not_done_within_the_grace_is_given_back(ordeal: Ordeal) -> None:
    task = ordeal.enqueue("hold_once_apart", str(ordeal.gate_file()), "first", "second")
    with ordeal.fleet(processes=1, concurrency=1, grace_s=0.2) as fleet:
        ordeal.wait_for_start(task)
        fleet.signal(signal.SIGTERM)
        assert fleet.wait() == 0
        wait_until(lambda: not fleet.forked(), "its process is gone", SOON_S)

    view = look(ordeal.direct, task.id)
    assert (view.state, view.attempts, view.crashes) == (TaskState.READY, 0, 0)
    with ordeal.fleet(processes=1):
        ordeal.drain()
    assert task.result(timeout=1) == "second"
    ordeal.audit()
