"""Handlers in threads and on the event loop that ignore every request to end: their process is replaced (T30, T06c)."""

import signal

import pytest

from redisched.model import DeathReason, TaskState
from tests.chaos.fleet import Fleet
from tests.chaos.rig import Rig
from tests.engine.running import look
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

STUCK_AFTER_S = 0.5
LEASE_S = 1.0
REPLACED_S = 45.0


def wait_for_another(fleet: Fleet, workers: list[int]) -> None:
    """Wait until all of these processes have ended, and another one runs."""
    wait_until(lambda: fleet.workers() and not set(workers) & set(fleet.workers()), "another process runs", REPLACED_S)


@pytest.mark.parametrize("name", ["insist", "insist_async", "block"])
def test_t30_a_handler_that_ignores_its_timeout_has_its_process_replaced(rig: Rig, name: str) -> None:
    stuck = rig.enqueue(name, timeout=0.3, max_attempts=2)
    with rig.fleet(processes=1, concurrency=1, stuck_after_s=STUCK_AFTER_S) as fleet:
        rig.wait_for_start(stuck)
        workers = fleet.workers()
        next_one = rig.enqueue("nothing")
        wait_for_another(fleet, workers)
        next_one.result(timeout=REPLACED_S)
        rig.drain()

    view = look(rig.direct, stuck.id)
    assert view.failure is not None
    assert (view.failure.reason, view.crashes) == (DeathReason.ATTEMPTS, 0)
    assert view.failure.error.startswith("HandlerTimedOut")
    assert len(rig.starts(stuck)) == 2
    rig.audit()


@pytest.mark.parametrize("name", ["insist", "insist_async"])
def test_t30_a_handler_that_ignores_its_cancellation_has_its_process_replaced(rig: Rig, name: str) -> None:
    stuck = rig.enqueue(name)
    with rig.fleet(processes=1, concurrency=1, stuck_after_s=STUCK_AFTER_S) as fleet:
        rig.wait_for_start(stuck)
        workers = fleet.workers()
        stuck.cancel()
        wait_for_another(fleet, workers)
        rig.drain()

    assert stuck.status() is TaskState.CANCELLED
    rig.audit()


def test_t30_the_neighbours_of_a_stuck_handler_end_normally(rig: Rig) -> None:
    neighbours = rig.enqueue_many(3, "linger", 3.0)
    stuck = rig.enqueue("insist", timeout=0.3, max_attempts=1)
    with rig.fleet(processes=1, concurrency=4, stuck_after_s=STUCK_AFTER_S) as fleet:
        rig.wait_for_start(stuck)
        wait_for_another(fleet, fleet.workers())
        rig.drain()

    assert [len(rig.starts(task)) for task in (stuck, *neighbours)] == [1] * 4
    assert {task.status() for task in neighbours} == {TaskState.SUCCEEDED}
    rig.audit()


def test_t30_neighbours_of_a_handler_that_blocks_the_event_loop_are_released_unblamed(rig: Rig) -> None:
    neighbours = rig.enqueue_many(3, "hold_once", str(rig.gate_file()), "first", "second")
    stuck = rig.enqueue("block", timeout=0.3, max_attempts=1, delay=1)
    with rig.fleet(processes=1, concurrency=4, stuck_after_s=STUCK_AFTER_S, crash_limit=1) as fleet:
        rig.wait_for_start(stuck)
        wait_for_another(fleet, fleet.workers())
        rig.drain()

    assert {task.status() for task in neighbours} == {TaskState.SUCCEEDED}
    assert len(rig.starts(stuck)) == 1
    rig.audit()


def test_t06c_a_handler_that_blocks_the_interpreter_for_ever_is_killed_with_its_process(rig: Rig) -> None:
    """No thread of the process can notice it; its supervisor does, because the process is silent."""
    greedy = rig.enqueue("seize_once", str(rig.gate_file()), 3_600.0)
    with rig.fleet(processes=1, concurrency=1, lease_s=LEASE_S, stuck_after_s=STUCK_AFTER_S) as fleet:
        rig.wait_for_start(greedy)
        wait_for_another(fleet, fleet.workers())
        rig.drain()

    assert greedy.status() is TaskState.SUCCEEDED
    assert len(rig.starts(greedy)) == 2
    rig.audit()


def test_t30_a_worker_that_cannot_even_stop_is_killed_some_time_after_its_grace(rig: Rig) -> None:
    """Its handler has no timeout and blocks the event loop, and does nothing else wrong."""
    task = rig.enqueue("block")
    with rig.fleet(processes=1, concurrency=1, grace_s=0.1) as fleet:
        rig.wait_for_start(task)
        fleet.signal(signal.SIGTERM)
        assert fleet.wait() == 0

    view = look(rig.direct, task.id)
    assert (view.state, view.attempts, view.crashes) == (TaskState.READY, 0, 0)
