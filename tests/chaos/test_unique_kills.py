"""Worker processes are killed while tasks with a few unique keys run: of each key one task runs at a time."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from redisched import Scheduler
from redisched.chaos.checker import check
from redisched.chaos.history.record import End, Ending, Enqueue, EnqueueStep, Record, Start
from redisched.chaos.invariants.invariant import Tolerances
from redisched.chaos.invariants.keys import AKeyHasOneTask
from redisched.model import TaskState
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.chaos.fleet import Event, Fleet, read_history
from tests.engine.running import counts
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

QUEUE = "default"
KEYS = ("a", "b", "c")
KILLS = 4
ENDS_BETWEEN_KILLS = 30
SOON_S = 25.0
"""Less than a lease of 30 s."""


@pytest.fixture
def broker(servers: Servers) -> Iterator[Broker]:
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()


def records_of(events: list[Event], key_of: dict[str, str]) -> Iterator[Record]:
    """The history of the handlers. They wrote their lines one after the other, so the order of these is the time."""
    for id, key in key_of.items():
        yield Enqueue(at_ms=0, queue=QUEUE, task=id, step=EnqueueStep.OK, not_before_ms=0, unique_key=key)
    for at_ms, event in enumerate(events):
        if event.event == "end":
            yield End(at_ms=at_ms, queue=QUEUE, task=event.task_id, fence=event.fence, ending=Ending.RETURNED)
        else:
            yield Start(
                at_ms=at_ms,
                queue=QUEUE,
                task=event.task_id,
                attempt=1,
                fence=event.fence,
                priority=5,
                run_at_ms=0,
                worker=event.worker,
            )


def test_tasks_with_one_key_run_one_after_the_other_while_their_workers_are_killed(
    broker: Broker, servers: Servers, tmp_path: Path
) -> None:
    app, history = Scheduler(broker=broker), tmp_path / "history"
    key_of: dict[str, str] = {}

    def ends() -> int:
        """Ask for one more task with each key. Answers of how many tasks handlers have ended: a worker that is killed
        before it has told so leaves its task to another.
        """
        for key in KEYS:
            key_of[app.enqueue("work", 20_000, queue=QUEUE, unique=key).id] = key
        return len({event.task_id for event in read_history(history) if event.event == "end"})

    def has_ended(wanted: int) -> bool:
        return ends() >= wanted

    with Fleet(servers.url(BrokerKind.VALKEY), history, processes=2, concurrency=4):
        for _ in range(KILLS):
            wanted = ends() + ENDS_BETWEEN_KILLS
            wait_until(partial(has_ended, wanted), "handlers have ended", SOON_S)
            os.kill(read_history(history)[-1].pid, signal.SIGKILL)
        wait_until(lambda: counts(broker).finished == len(key_of), "all tasks are done", SOON_S)

    found = list(check(records_of(read_history(history), key_of), Tolerances(disorder_ms=0), [AKeyHasOneTask]))
    assert not found, "\n".join(map(str, found))
    assert {app.ref(id, QUEUE).status() for id in key_of} == {TaskState.SUCCEEDED}
    assert len(key_of) >= KILLS * ENDS_BETWEEN_KILLS
