"""Workers that are killed, at random and at the worst moments, or stopped, and what happens to their tasks."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redisched.chaos import Action, Fault, Message, Pace, Server
from redisched.client.reference import TaskRef
from redisched.client.verbs import CancelOutcome
from redisched.engine.supervisor import SAME_STOP_S
from redisched.model import DeathReason, TaskState
from tests.chaos.fleet import Fleet
from tests.chaos.rig import Rig
from tests.embedded.processes import is_alive
from tests.engine.running import counts, look
from tests.waiting import let_pass, wait_until

pytestmark = pytest.mark.fault

SOON_S = 25.0
"""Less than a lease of 30 s: a task that is back within this time did not wait for the end of its lease."""
LEASE_S = 1.0
HELD = Pace(delay_s=3_600.0)
"""A message with this pace is under way until its connection is cut."""
MOST_PAUSES = 60
AHEAD_S = 3.0
"""How long before its time a task may be claimed here."""


def kill_worker(fleet: Fleet) -> None:
    """Kill the only worker process of the fleet, and wait until it is gone."""
    (worker,) = fleet.workers()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not is_alive(worker), "the worker process is gone")


def held_back(script: str, message: Message) -> Fault:
    """A fault that keeps the first such message under way until its connection is cut."""
    return Fault(script=script, message=message, occurrence=1, action=Action.PASS, pace=HELD)


@pytest.mark.parametrize(
    ("fault", "executions"),
    [
        pytest.param(held_back("claim", Message.REPLY), 1, id="before the reply to a claim is read"),
        pytest.param(held_back("ack", Message.REQUEST), 2, id="before its completion is sent"),
        pytest.param(held_back("ack", Message.REPLY), 1, id="before its completion is answered"),
    ],
)
def test_t02_a_worker_is_killed_between_two_messages(rig: Rig, fault: Fault, executions: int) -> None:
    rig.proxy.set(fault)
    task = rig.enqueue("nothing")
    with rig.fleet(processes=1, concurrency=1) as fleet:
        wait_until(lambda: rig.proxy.struck, "the message is under way", SOON_S)
        kill_worker(fleet)
        rig.drain()

    assert len(rig.starts(task)) == executions
    assert task.status() is TaskState.SUCCEEDED
    rig.audit()


def test_t02_a_worker_is_killed_while_its_handler_runs(rig: Rig) -> None:
    task = rig.enqueue("hold_once", str(rig.gate_file()), "first", "second")
    with rig.fleet(processes=1, concurrency=1) as fleet:
        rig.wait_for_start(task)
        kill_worker(fleet)
        rig.drain()

    first, second = rig.starts(task)
    assert second.fence > first.fence
    assert task.result(timeout=1) == "second"
    rig.audit()


def test_t02_a_worker_is_killed_between_a_claim_and_the_start(rig: Rig) -> None:
    with rig.fleet(processes=1, concurrency=1, window_ms=AHEAD_S * 1e3) as fleet:
        rig.enqueue("nothing").result(timeout=SOON_S)
        task = rig.enqueue("nothing", delay=0.9 * AHEAD_S)
        # A worker renews only leases that it knows of.
        wait_until(lambda: rig.replies("renew"), "the worker has the task", SOON_S)
        assert rig.starts(task) == []
        kill_worker(fleet)
        rig.drain()

    assert len(rig.starts(task)) == 1
    rig.audit()


def test_t03_all_processes_of_a_host_are_killed_together(rig: Rig) -> None:
    """No supervisor is left to take their tasks back: the tasks come back when their leases end."""
    held = [rig.enqueue("hold_once", str(rig.folder / f"gate-{number}"), "", "again") for number in range(8)]
    rig.enqueue_many(200, "nothing")
    with rig.fleet(processes=2, concurrency=4, lease_s=LEASE_S) as fleet:
        for task in held:
            rig.wait_for_start(task)
        fleet.kill_all()
    assert counts(rig.direct).leased >= 8
    with rig.fleet(concurrency=4, lease_s=LEASE_S):
        rig.drain()

    assert [len(rig.starts(task)) for task in held] == [2] * 8
    rig.audit()


def test_t03_repeated_pauses_of_the_server_do_not_keep_leases_of_a_lost_host_for_ever(tmp_path: Path) -> None:
    """Every pause is long enough for a grace, and none starts the time of the grace again."""
    with Server() as server, Rig(tmp_path, server.url) as rig:
        task = rig.enqueue("hold_once", str(rig.gate_file()), "first", "second")
        with rig.fleet(processes=1, concurrency=1, lease_s=LEASE_S) as fleet:
            rig.wait_for_start(task)
            fleet.kill_all()
        with rig.fleet(processes=1, concurrency=1, lease_s=LEASE_S):
            for _ in range(MOST_PAUSES):
                server.pause()
                let_pass(0.45 * LEASE_S, "the pause is long enough to count")
                server.resume()
                let_pass(0.8 * LEASE_S, "the next pause is due")
                if rig.is_drained():
                    break
        assert task.result(timeout=1) == "second"
        rig.audit()


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param((signal.SIGINT, signal.SIGINT), id="interrupted twice"),
        pytest.param((signal.SIGTERM, signal.SIGKILL), id="killed within its grace"),
    ],
)
def test_t09_a_worker_is_stopped_twice_or_killed_within_its_grace(
    rig: Rig, numbers: tuple[signal.Signals, signal.Signals]
) -> None:
    """The running task is released, and its end is not counted against it."""
    task = rig.enqueue("hold_once", str(rig.gate_file()), "first", "second")
    waiting = rig.enqueue("nothing", delay=60)
    gentle, hard = numbers
    with rig.fleet(processes=1, concurrency=1) as fleet:
        rig.wait_for_start(task)
        (worker,) = fleet.workers()
        fleet.signal(gentle)
        if hard is signal.SIGKILL:
            os.kill(worker, hard)
        else:
            let_pass(2 * SAME_STOP_S, "a second signal is not taken for the same one")
            fleet.signal(hard)
            wait_until(lambda: fleet.has_ended, "the fleet has ended within its grace")
        assert fleet.wait() == 0

    view = look(rig.direct, task.id)
    assert (view.state, view.attempts, view.crashes) == (TaskState.READY, 0, 0)
    assert waiting.cancel() is CancelOutcome.CANCELLED
    with rig.fleet(processes=1):
        rig.drain()
    assert task.result(timeout=1) == "second"
    rig.audit()


def at_once() -> bool:
    return True


def kill_within_the_grace(rig: Rig, task: TaskRef[Any], starts: int, is_time: Callable[[], bool] = at_once) -> None:
    """Stop a fleet gently, and kill all of it once the task has begun so many times, before it ends."""
    with rig.fleet(processes=1, concurrency=1, lease_s=LEASE_S, crash_limit=2) as fleet:
        wait_until(lambda: len(rig.starts(task)) == starts, "the handler of the task runs", SOON_S)
        fleet.signal(signal.SIGTERM)
        wait_until(is_time, "it is time to kill the fleet", SOON_S)
        fleet.kill_all()


def test_t09_all_processes_are_killed_within_the_grace(rig: Rig) -> None:
    """As if a host is lost: the task comes back at the end of its lease as a suspect; once does not quarantine it."""
    task = rig.enqueue("hold_once", str(rig.gate_file()), "first", "second")
    kill_within_the_grace(rig, task, 1)
    with rig.fleet(concurrency=1, lease_s=LEASE_S, crash_limit=2):
        rig.drain()

    assert task.result(timeout=1) == "second"
    rig.audit()


def test_t09_a_task_killed_within_the_grace_repeatedly_is_not_quarantined(rig: Rig) -> None:
    """The workers have reported that they stop, so their death does not count against the task."""
    task = rig.enqueue("hold_each", str(rig.gate_file()))
    for starts in (1, 2):
        kill_within_the_grace(rig, task, starts, lambda: look(rig.direct, task.id).started_ms == 0)
    rig.gate_file().touch()
    with rig.fleet(concurrency=1, lease_s=LEASE_S, crash_limit=2):
        rig.drain()

    assert task.status() is TaskState.SUCCEEDED
    rig.audit()


def test_t09_a_task_whose_fleet_is_killed_at_once_repeatedly_is_quarantined(rig: Rig) -> None:
    """No process is left to tell this from a task that kills its host: a grace must last for a heartbeat at least."""
    task = rig.enqueue("insist")
    for starts in (1, 2):
        kill_within_the_grace(rig, task, starts)
    with rig.fleet(concurrency=1, lease_s=LEASE_S, crash_limit=2):
        rig.drain()

    failure = look(rig.direct, task.id).failure
    assert failure is not None
    assert failure.reason == DeathReason.QUARANTINED
    rig.audit()


@pytest.mark.parametrize("kind", ["segfault", "killed for its memory"])
def test_t28_a_task_that_kills_its_process_is_quarantined(rig: Rig, kind: str) -> None:
    neighbours = rig.enqueue_many(3, "linger", 0.5)
    poison = rig.enqueue("poison", kind)
    with rig.fleet(processes=1, concurrency=4):
        rig.drain()

    failure = look(rig.direct, poison.id).failure
    assert failure is not None
    assert failure.reason == DeathReason.QUARANTINED
    assert len(rig.starts(poison)) == 3
    assert {task.status() for task in neighbours} == {TaskState.SUCCEEDED}
    rig.audit()


def test_t28_a_task_that_damages_but_does_not_kill_its_process_fails(rig: Rig) -> None:
    kinds = ["sys.exit", "out of memory", "endless", "no result"]
    tasks = {kind: rig.enqueue("poison", kind, timeout=0.3, max_attempts=1) for kind in kinds}
    neighbours = rig.enqueue_many(3, "linger", 0.5)
    with rig.fleet(processes=1, concurrency=4) as fleet:
        wait_until(fleet.workers, "the fleet runs")
        workers = fleet.workers()
        rig.drain()
        assert fleet.workers() == workers

    failures = {kind: look(rig.direct, task.id).failure for kind, task in tasks.items()}
    said = {kind: failure and re.split(":| at 0x", failure.error)[0] for kind, failure in failures.items()}
    assert said == {
        "sys.exit": "SystemExit",
        "out of memory": "MemoryError",
        "endless": "HandlerTimedOut",
        "no result": "result of poison=<unlocked _thread.lock object",
    }
    assert {task.status() for task in neighbours} == {TaskState.SUCCEEDED}
    assert [len(rig.starts(task)) for task in (*tasks.values(), *neighbours)] == [1] * 7
    rig.audit()
