"""Which task starts where and when, among several workers."""

import asyncio
import threading

import pytest

from redisched import Scheduler, current_task
from redisched.store.broker import Broker
from tests.brokers import on_each_primary
from tests.engine.running import RunningWorker, counts, work_off
from tests.waiting import wait_until


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


def server_ms(broker: Broker) -> float:
    seconds, micros = broker.client().perform(("TIME",))
    return int(seconds) * 1e3 + int(micros) / 1e3


def test_one_slot_without_a_window_runs_tasks_in_their_exact_order(app: Scheduler) -> None:
    order: list[int] = []
    app.task(name="note")(order.append)
    priorities = [9, 0, 5, 255, 3, 5, 7, 0, 1]
    app.enqueue_many([app.request("note", number, priority=best) for number, best in enumerate(priorities)])
    work_off(app, concurrency=1, window_ms=0)

    assert order == sorted(range(len(priorities)), key=lambda number: (priorities[number], number))


@pytest.mark.parametrize("first_comes", ["before the worker", "after the worker"])
def test_a_more_urgent_task_that_comes_later_runs_next(app: Scheduler, first_comes: str) -> None:
    order: list[str] = []
    begun, release = threading.Event(), threading.Event()

    @app.task
    def note(what: str) -> None:
        order.append(what)
        begun.set()
        release.wait(10)

    if first_comes == "before the worker":
        note.enqueue("first")
    with RunningWorker(app, concurrency=1, window_ms=0):
        if first_comes == "after the worker":
            note.enqueue("first")
        assert begun.wait(10)
        last = note.options(priority=9).enqueue("bulk")
        note.options(priority=0).enqueue("urgent")
        release.set()
        last.result(timeout=10)
    assert order == ["first", "urgent", "bulk"]


def test_no_task_starts_before_its_time_on_the_server(app: Scheduler, broker: Broker) -> None:
    early_ms: list[float] = []

    @app.task
    async def note() -> None:
        early_ms.append(current_task().run_at_ms - server_ms(broker))

    with RunningWorker(app):
        requests = [note.request() for _ in range(5)]
        requests += [app.request(note.name, delay=0.001 * number) for number in range(1, 150)]
        tasks = app.enqueue_many(requests)
        for task in tasks:
            task.result(timeout=10)
    assert len(early_ms) == len(requests)
    assert max(early_ms) <= 0


def test_a_task_is_not_claimed_long_before_its_time(app: Scheduler, broker: Broker) -> None:
    app.task(name="note")(lambda: None)
    app.enqueue("note", delay=60)
    with RunningWorker(app):
        app.enqueue("note").result(timeout=10)
        assert counts(broker).leased == 0
        assert counts(broker).scheduled == 1


class Meeting:
    """Handlers that wait for each other: they end only if all of them run at once."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)

    def has_begun(self) -> bool:
        """Whether a handler waits for the others."""
        return self._barrier.n_waiting > 0

    def attend(self) -> str:
        self._barrier.wait(8)
        return current_task().worker


def test_tasks_go_to_every_worker_that_has_a_free_slot(real_broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wake-up that reaches a worker without a free slot must reach the other worker too, without a safety net."""
    monkeypatch.setattr("redisched.engine.claiming.claimer.BLOCK_S", 300.0)
    for _ in range(5):
        app = Scheduler(broker=real_broker)
        meeting = Meeting(2)
        app.task(name="attend")(meeting.attend)
        with RunningWorker(app, concurrency=1) as first, RunningWorker(app, concurrency=1) as second:
            one = app.enqueue("attend")
            wait_until(meeting.has_begun, "the first task has begun")
            other = app.enqueue("attend")
            assert {one.result(timeout=10), other.result(timeout=10)} == {first.name, second.name}


def test_tasks_prefetched_behind_a_long_task_go_to_an_idle_worker(real_broker: Broker) -> None:
    """The first worker expects short tasks, and prefetches more than it can run; then a long one comes."""
    app = Scheduler(broker=real_broker)
    release = threading.Event()
    app.task(name="short")(lambda: current_task().worker)
    app.task(name="long")(lambda: release.wait(15))

    with RunningWorker(app, concurrency=1):
        app.enqueue_many([app.request("short") for _ in range(300)])
        app.enqueue_many([app.request("long")])
        tasks = app.enqueue_many([app.request("short", priority=9) for _ in range(20)])
        with RunningWorker(app, concurrency=1):
            for task in tasks:
                task.result(timeout=10)
            release.set()


def test_concurrency_is_never_exceeded(app: Scheduler) -> None:
    running = most = 0

    @app.task
    async def step() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1

    app.enqueue_many([step.request() for _ in range(200)])
    work_off(app, concurrency=3)
    assert most == 3


def commands(broker: Broker, *names: str) -> int:
    """How often commands were called on the server."""
    lines = [line for told in on_each_primary(broker, "INFO", "commandstats") for line in told.decode().splitlines()]
    calls = [(line.split(":")[0], int(line.split("calls=")[1].split(",")[0])) for line in lines if "calls=" in line]
    return sum(count for name, count in calls if name.removeprefix("cmdstat_") in names)


def test_one_enqueue_wakes_one_of_the_idle_workers(real_broker: Broker) -> None:
    app = Scheduler(broker=real_broker)
    app.task(name="add")(lambda a, b: a + b)
    workers = [RunningWorker(app) for _ in range(4)]
    with workers[0], workers[1], workers[2], workers[3]:
        wait_until(lambda: blocked(real_broker) == 4, "all workers are idle")
        before = claims(real_broker)
        assert app.enqueue("add", 1, 2).result(timeout=10) == 3
        wait_until(lambda: blocked(real_broker) == 4, "all workers are idle again")
        assert claims(real_broker) - before <= 2


def blocked(broker: Broker) -> int:
    told = [info.decode() for info in on_each_primary(broker, "INFO", "clients")]
    return sum(int(info.split("blocked_clients:")[1].split()[0]) for info in told)


def claims(broker: Broker) -> int:
    """How often a worker's wait for a wake-up has ended."""
    return commands(broker, "blpop")
