"""Real processes are killed: no task is lost, and only tasks that were running run twice."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched import Scheduler
from redisched.client.reference import TaskRef
from redisched.config import Until
from redisched.model import DeathReason, TaskState
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.chaos.fleet import Event, Fleet, read_history, starts_by_task
from tests.embedded.processes import is_alive
from tests.engine.running import counts, look
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SOON_S = 25.0
"""Less than a lease of 30 s: a task that is back within this time did not wait for the end of its lease."""


@pytest.fixture
def broker(servers: Servers) -> Iterator[Broker]:
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()


@pytest.fixture
def url(servers: Servers) -> str:
    return servers.url(BrokerKind.VALKEY)


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history"


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def enqueue_work(app: Scheduler, tasks: int) -> list[TaskRef[object]]:
    return app.enqueue_many([app.request("work", 1_000) for _ in range(tasks)])


def wait_for_ends(history: Path, count: int) -> list[Event]:
    """Wait until so many handlers have ended, and answer the history so far."""
    wait_until(
        lambda: sum(event.event == "end" for event in read_history(history)) >= count,
        f"{count} handlers have ended",
        SOON_S,
    )
    return read_history(history)


def wait_for_start(history: Path, task: TaskRef[object]) -> Event:
    """Wait until a task's handler runs."""

    def start() -> Event | None:
        return next((event for event in read_history(history) if event.task_id == task.id), None)

    event = wait_until(start, "the handler has started", SOON_S)
    assert event is not None
    return event


def test_other_processes_do_the_tasks_of_a_killed_one_and_only_these_run_twice(
    app: Scheduler, broker: Broker, url: str, history: Path
) -> None:
    tasks = enqueue_work(app, 2_000)
    with Fleet(url, history, processes=2, concurrency=4):
        victim = wait_for_ends(history, 400)[-1].pid
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: counts(broker).finished == len(tasks), "all tasks are done", SOON_S)

    starts = starts_by_task(read_history(history))
    assert starts.keys() == {task.id for task in tasks}
    again = [events for events in starts.values() if len(events) > 1]
    assert {event.pid for events in again for event in events[:-1]} <= {victim}
    for events in again:
        fences = [event.fence for event in events]
        assert fences == sorted(set(fences))
    assert counts(broker).leased == counts(broker).dead == 0


@pytest.mark.parametrize("code", [137, 0, 2])
def test_t28_a_task_that_kills_its_process_is_quarantined_and_its_neighbours_are_done(
    app: Scheduler, broker: Broker, url: str, history: Path, code: int
) -> None:
    poison = app.enqueue("leave", code)
    tasks = enqueue_work(app, 100)
    with Fleet(url, history, processes=1, concurrency=4) as fleet:
        wait_until(lambda: poison.status() is TaskState.DEAD, "the poison is dead", SOON_S)
        wait_until(lambda: counts(broker).finished == len(tasks), "all other tasks are done", SOON_S)
        assert not fleet.has_ended

    failure = look(broker, poison.id).failure
    assert failure is not None
    assert failure.reason == DeathReason.QUARANTINED
    assert len(starts_by_task(read_history(history))[poison.id]) == 3


def test_the_first_signal_lets_running_tasks_end_and_releases_the_others(
    app: Scheduler, broker: Broker, url: str, history: Path, fifo: Path
) -> None:
    task = app.enqueue("hold", str(fifo))
    with Fleet(url, history, processes=2, concurrency=1) as fleet:
        wait_for_start(history, task)
        fleet.signal(signal.SIGTERM)
        fifo.write_text("go on")
        assert fleet.wait() == 0

    assert task.result(timeout=1) == "go on"
    assert counts(broker).leased == 0


def test_no_process_outlives_its_supervisor(app: Scheduler, url: str, history: Path) -> None:
    tasks = enqueue_work(app, 100)
    with Fleet(url, history, processes=2, concurrency=1) as fleet:
        wait_until(
            lambda: len({event.pid for event in read_history(history)}) == 2 or tasks[-1].status() == "succeeded",
            "the workers run tasks",
        )
        pids = {event.pid for event in read_history(history)}
        fleet.kill_supervisor()
        wait_until(lambda: not any(is_alive(pid) for pid in pids), "the workers are gone", SOON_S)


def test_a_worker_process_stopped_by_a_signal_from_outside_is_replaced(app: Scheduler, url: str, history: Path) -> None:
    with Fleet(url, history, processes=1) as fleet:
        first = wait_for_start(history, enqueue_work(app, 1)[0]).pid
        os.kill(first, signal.SIGTERM)
        wait_until(lambda: not is_alive(first), "the worker process has stopped")
        assert wait_for_start(history, enqueue_work(app, 1)[0]).pid != first
        assert not fleet.has_ended


def test_a_fleet_that_works_off_a_queue_ends_by_itself(app: Scheduler, broker: Broker, url: str, history: Path) -> None:
    tasks = enqueue_work(app, 300)
    with Fleet(url, history, processes=2, until=Until.EMPTY) as fleet:
        assert fleet.wait() == 0
    assert counts(broker).finished == len(tasks)


def test_a_redis_that_may_evict_tasks_ends_the_fleet_with_its_own_exit_code(
    broker: Broker, url: str, history: Path
) -> None:
    broker.client().perform(("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"))
    try:
        with Fleet(url, history, processes=2) as fleet:
            assert fleet.wait() == 2
    finally:
        broker.client().perform(("CONFIG", "SET", "maxmemory-policy", "noeviction"))
