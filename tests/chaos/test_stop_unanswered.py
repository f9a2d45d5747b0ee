"""A worker is told to stop while it waits for an answer of Redis: tasks that it may hold are released, uncounted."""

from itertools import product
from pathlib import Path

import pytest

from redisched.chaos import Action, Fault, Message, Server
from redisched.client.reference import TaskRef
from redisched.config import Settings
from redisched.model import TaskState
from tests.chaos.rig import Rig
from tests.engine.running import RunningWorker, counts, look
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SETTINGS = Settings(timeout_s=30.0)
"""One try of a call may take longer than a stop."""
LEASE_S = 60.0
"""Longer than a test: a task that waits for the end of its lease makes the test fail."""
ACTIONS = (Action.BLACK_HOLE, Action.CUT, Action.DROP)
every_loss = pytest.mark.parametrize(("action", "message"), [*product(ACTIONS, Message)])
shards = pytest.mark.parametrize("shards", [1, 3])


def loses(rig: Rig, script: str, action: Action, message: Message) -> None:
    """From now on, the next message about a script is lost."""
    rig.proxy.set(Fault(message=message, action=action, script=script, occurrence=1))


def struck(rig: Rig) -> None:
    wait_until(lambda: rig.proxy.struck, "the message was lost")


def stop(rig: Rig, worker: RunningWorker) -> None:
    """Stop the worker; later requests are answered again."""
    worker.stop()
    worker.join()
    rig.proxy.set()
    assert counts(rig.direct).leased == 0


def assert_no_task_is_blamed(rig: Rig, tasks: list[TaskRef[object]]) -> None:
    for task in tasks:
        view = look(rig.direct, task.id)
        assert (view.attempts, view.crashes, view.redeliveries) == (0, 0, 0)
    with rig.worker(lease_s=LEASE_S):
        for task in tasks:
            task.result(timeout=20)
    rig.conclude()


@every_loss
@shards
def test_a_worker_stops_while_a_claim_after_a_wake_up_is_unanswered(
    tmp_path: Path, action: Action, message: Message, shards: int
) -> None:
    with Server() as server, Rig(tmp_path, server.url, SETTINGS) as rig:
        rig.app.grow("default", shards)
        with rig.worker(lease_s=LEASE_S) as worker:
            rig.enqueue("work").result(timeout=10)
            wait_until(lambda: listens(rig), "the worker listens again")
            loses(rig, "claim", action, message)
            task = rig.enqueue("work")
            struck(rig)
            stop(rig, worker)
        if task.status() is not TaskState.SUCCEEDED:
            assert_no_task_is_blamed(rig, [task])


def listens(rig: Rig) -> bool:
    """Whether a worker waits for wake-ups."""
    told: bytes = rig.direct.client().perform(("INFO", "clients"))
    return b"blocked_clients:0" not in told


@every_loss
@shards
def test_a_worker_stops_while_a_claim_for_a_free_slot_is_unanswered(
    tmp_path: Path, action: Action, message: Message, shards: int
) -> None:
    with Server() as server, Rig(tmp_path, server.url, SETTINGS) as rig:
        rig.app.grow("default", shards)
        with rig.worker(lease_s=LEASE_S, concurrency=1) as worker:
            held = rig.enqueue("hold")
            rig.wait_for_start(held)
            tasks = rig.enqueue_many(6, "work")
            loses(rig, "claim", action, message)
            rig.gate.open()
            struck(rig)
            stop(rig, worker)
        assert_no_task_is_blamed(rig, [task for task in tasks if task.status() is not TaskState.SUCCEEDED])


@every_loss
@shards
def test_a_worker_stops_while_a_release_is_unanswered(
    tmp_path: Path, action: Action, message: Message, shards: int
) -> None:
    with Server() as server, Rig(tmp_path, server.url, SETTINGS) as rig:
        rig.app.grow("default", shards)
        with rig.worker(lease_s=LEASE_S, window_ms=6_000.0) as worker:
            tasks = rig.enqueue_many(4, "work", delay=5.0)
            wait_until(lambda: counts(rig.direct).leased == 4, "the tasks are in the window of the worker")
            loses(rig, "release", action, message)
            stop(rig, worker)
        assert_no_task_is_blamed(rig, tasks)


@every_loss
@shards
def test_a_worker_stops_while_an_ack_is_unanswered(
    tmp_path: Path, action: Action, message: Message, shards: int
) -> None:
    with Server() as server, Rig(tmp_path, server.url, SETTINGS) as rig:
        rig.app.grow("default", shards)
        with rig.worker(lease_s=LEASE_S) as worker:
            rig.enqueue("work").result(timeout=10)
            # The caller may be told of the end before the worker is.
            wait_until(lambda: rig.replies("ack"), "the worker is told that its first task has ended")
            loses(rig, "ack", action, message)
            task = rig.enqueue("work")
            struck(rig)
            stop(rig, worker)
        assert task.status() is TaskState.SUCCEEDED
        assert len(rig.starts(task)) == 1
        rig.conclude()
