"""Fleets whose workers are killed over tasks that may start only once, or not from some moment on."""

import os
import random
import signal
import time
from functools import partial
from typing import Any

import pytest

from redisched.chaos.history.record import End, Ending, Start
from redisched.client.reference import TaskRef
from redisched.errors import TaskLost
from redisched.model import TaskState
from tests.chaos.fleet import Fleet
from tests.chaos.invariants import QUEUE
from tests.chaos.rig import Rig
from tests.engine.running import counts
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

KILLS = 6
TASKS = 300
LEASE_S = 2.0
STARTS_BETWEEN_KILLS = 30
SOON_S = 30.0
FAILS_UNTIL_S = 3.0
EXPIRES_S = 1.5


def kill_a_worker(fleet: Fleet) -> None:
    """Kill one worker process, whatever it does at this moment."""
    os.kill(random.choice(wait_until(fleet.workers, "a worker runs")), signal.SIGKILL)


def kill_while_tasks_start(rig: Rig, fleet: Fleet) -> None:
    """Kill workers one after the other, each time after some more starts, until all tasks are done."""
    for kill in range(1, KILLS + 1):
        enough = kill * STARTS_BETWEEN_KILLS
        wait_until(partial(is_time_to_kill, rig, enough), "more tasks have started, or all are done", SOON_S)
        kill_a_worker(fleet)


def is_time_to_kill(rig: Rig, starts: int) -> bool:
    """Whether so many handlers have started, or no more will."""
    return len(events(rig, Start)) >= starts or rig.is_drained()


def events(rig: Rig, kind: type[Any]) -> list[Any]:
    """All records of a kind so far."""
    return [record for record in rig.history() if isinstance(record, kind)]


def check_that_lost_ones_show(rig: Rig, tasks: list[TaskRef[Any]]) -> None:
    """What started and did not return is lost, and says so. Also lost is what was about to start, or had just returned:
    nobody knows of it. Everything else has its result.
    """
    started = {start.task for start in events(rig, Start)}
    returned = {end.task for end in events(rig, End) if end.ending is Ending.RETURNED}
    lost = {task.id for task in tasks if task.status() is TaskState.LOST}
    assert started - returned <= lost
    assert lost, "no kill hit a handler"
    for task in tasks:
        if task.id in lost:
            with pytest.raises(TaskLost):
                task.result(timeout=1)
        else:
            assert task.result(timeout=1) == "done"


def test_t02_what_may_start_only_once_is_lost_with_its_worker_and_never_starts_again(rig: Rig) -> None:
    tasks = rig.enqueue_many(TASKS, "linger_once", 0.02)
    with rig.fleet(processes=2, concurrency=4, lease_s=LEASE_S) as fleet:
        kill_while_tasks_start(rig, fleet)
        rig.drain()

    check_that_lost_ones_show(rig, tasks)
    rig.audit()


def test_t03_what_may_start_only_once_never_starts_again_after_its_whole_host_was_lost(rig: Rig) -> None:
    tasks = rig.enqueue_many(TASKS // 4, "linger_once", 0.05)
    with rig.fleet(processes=2, concurrency=4, lease_s=LEASE_S) as fleet:
        wait_until(lambda: len(events(rig, Start)) >= STARTS_BETWEEN_KILLS, "tasks have started")
        fleet.kill_all()
    with rig.fleet(processes=2, concurrency=4, lease_s=LEASE_S):
        rig.drain()

    check_that_lost_ones_show(rig, tasks)
    rig.audit()


def test_t02_workers_are_killed_over_tasks_that_expire_or_have_a_deadline(rig: Rig) -> None:
    """Some tasks wait for longer than they may, behind others; some fail again and again until their deadline."""
    with rig.fleet(processes=2, concurrency=4, lease_s=LEASE_S) as fleet:
        wait_until(fleet.workers, "the fleet runs")
        failing = rig.enqueue_many(20, "fail", deadline=FAILS_UNTIL_S, max_attempts=1_000)
        tasks = rig.enqueue_many(TASKS, "linger", 0.05, expires=EXPIRES_S)
        kill_while_tasks_start(rig, fleet)
        rig.drain()

    assert {task.status() for task in failing} == {TaskState.DEAD}
    assert {task.status() for task in tasks} <= {TaskState.SUCCEEDED, TaskState.EXPIRED}
    rig.audit()


def test_t02_a_handler_that_was_killed_before_it_wrote_anything_down_has_started(rig: Rig) -> None:
    """So it may start again after it would have expired, and the audit knows that it is not its first start."""
    gate, queue = rig.gate_file(), rig.app.queue(QUEUE)
    with rig.fleet(processes=1, concurrency=1, lease_s=LEASE_S) as fleet:
        wait_until(fleet.workers, "the fleet runs")
        task = rig.enqueue("die_unrecorded_once", str(gate), expires=EXPIRES_S)
        expired_s = time.time() + EXPIRES_S
        wait_until(gate.with_suffix(".entered").exists, "the handler runs")
        queue.pause()
        gate.touch()
        wait_until(lambda: time.time() > expired_s + 1 and counts(rig.direct).leased == 0, "it would have expired")
        queue.resume()
        rig.drain()

    assert task.status() is TaskState.SUCCEEDED
    rig.audit()
