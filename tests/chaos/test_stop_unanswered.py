"""A worker is told to stop while Redis has not answered it: what it may have been given goes back, uncounted."""

from itertools import product
from pathlib import Path

import pytest

from redisched.chaos import Action, Fault, Message, Server
from redisched.client.reference import TaskRef
from redisched.config import Settings
from redisched.model import TaskState
from tests.chaos.ordeal import Ordeal
from tests.engine.running import RunningWorker, counts, look
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SETTINGS = Settings(timeout_s=30.0)
"""A try of a call may take longer than a stop."""
LEASE_S = 60.0
"""Longer than a test: what is left to its lease is seen."""
ACTIONS = (Action.BLACK_HOLE, Action.CUT, Action.DROP)
every_loss = pytest.mark.parametrize(("action", "message"), [*product(ACTIONS, Message)])
shards = pytest.mark.parametrize("shards", [1, 3])


def loses(ordeal: Ordeal, script: str, action: Action, message: Message) -> None:
    """From now on the next message about a script is lost."""
    ordeal.proxy.set(Fault(message=message, action=action, script=script, occurrence=1))


def struck(ordeal: Ordeal) -> None:
    wait_until(lambda: ordeal.proxy.struck, "the message was lost")


def stop(ordeal: Ordeal, worker: RunningWorker) -> None:
    """Have it stop; everything it asks for from now on is answered."""
    worker.stop()
    worker.join()
    ordeal.proxy.set()
    assert counts(ordeal.direct).leased == 0


def assert_nobody_is_blamed(ordeal: Ordeal, tasks: list[TaskRef[object]]) -> None:
    for task in tasks:
        view = look(ordeal.direct, task.id)
        assert (view.attempts, view.crashes, view.redeliveries) == (0, 0, 0)
    with ordeal.worker(lease_s=LEASE_S):
        for task in tasks:
            task.result(timeout=20)
    ordeal.conclude()


@every_loss
@shards
def test_a_claim_that_came_of_a_wake_up(tmp_path: Path, action: Action, message: Message, shards: int) -> None:
    with Server() as server, Ordeal(tmp_path, server.url, SETTINGS) as ordeal:
        ordeal.app.grow("default", shards)
        with ordeal.worker(lease_s=LEASE_S) as worker:
            ordeal.enqueue("work").result(timeout=10)
            wait_until(lambda: listens(ordeal), "it listens again")
            loses(ordeal, "claim", action, message)
            task = ordeal.enqueue("work")
            struck(ordeal)
            stop(ordeal, worker)
        if task.status() is not TaskState.SUCCEEDED:
            assert_nobody_is_blamed(ordeal, [task])


def listens(ordeal: Ordeal) -> bool:
    """Whether a worker waits for wake-ups."""
    told: bytes = ordeal.direct.client().perform(("INFO", "clients"))
    return b"blocked_clients:0" not in told


@every_loss
@shards
def test_a_claim_for_a_slot_that_fell_free(tmp_path: Path, action: Action, message: Message, shards: int) -> None:
    with Server() as server, Ordeal(tmp_path, server.url, SETTINGS) as ordeal:
        ordeal.app.grow("default", shards)
        with ordeal.worker(lease_s=LEASE_S, concurrency=1) as worker:
            held = ordeal.enqueue("hold")
            ordeal.wait_for_start(held)
            tasks = ordeal.enqueue_many(6, "work")
            loses(ordeal, "claim", action, message)
            ordeal.gate.open()
            struck(ordeal)
            stop(ordeal, worker)
        assert_nobody_is_blamed(ordeal, [task for task in tasks if task.status() is not TaskState.SUCCEEDED])


@every_loss
@shards
def test_a_release(tmp_path: Path, action: Action, message: Message, shards: int) -> None:
    with Server() as server, Ordeal(tmp_path, server.url, SETTINGS) as ordeal:
        ordeal.app.grow("default", shards)
        with ordeal.worker(lease_s=LEASE_S, window_ms=6_000.0) as worker:
            tasks = ordeal.enqueue_many(4, "work", delay=5.0)
            wait_until(lambda: counts(ordeal.direct).leased == 4, "they are in its window")
            loses(ordeal, "release", action, message)
            stop(ordeal, worker)
        assert_nobody_is_blamed(ordeal, tasks)


@every_loss
@shards
def test_an_ack(tmp_path: Path, action: Action, message: Message, shards: int) -> None:
    with Server() as server, Ordeal(tmp_path, server.url, SETTINGS) as ordeal:
        ordeal.app.grow("default", shards)
        with ordeal.worker(lease_s=LEASE_S) as worker:
            ordeal.enqueue("work").result(timeout=10)
            loses(ordeal, "ack", action, message)
            task = ordeal.enqueue("work")
            struck(ordeal)
            stop(ordeal, worker)
        assert task.status() is TaskState.SUCCEEDED
        assert len(ordeal.starts(task)) == 1
        ordeal.conclude()
