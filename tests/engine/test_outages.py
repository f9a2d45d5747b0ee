"""What a worker does when Redis is away, is full, or is set up so that it would lose tasks."""

import threading
from collections.abc import Iterator

import pytest

from redisched import Scheduler, current_task
from redisched.config import Eviction
from redisched.embedded import PrivateServer
from redisched.errors import BrokerMisconfigured, QueueFull
from redisched.keys import queues_key
from redisched.model import TaskState
from redisched.retry import Retry
from redisched.store.broker import Broker, connect
from tests.brokers import on_each_primary
from tests.engine.running import SOON, RunningWorker, work_off
from tests.waiting import wait_until

TIMEOUT_S = 2.0


@pytest.fixture
def server() -> Iterator[PrivateServer]:
    with PrivateServer() as server:
        yield server


def test_a_worker_survives_a_restart_of_redis_and_settles_tasks_that_ran_meanwhile(server: PrivateServer) -> None:
    app = Scheduler(broker=connect(server.url, TIMEOUT_S))
    begun, release = threading.Semaphore(0), threading.Event()
    runs: list[str] = []

    @app.task
    def across() -> int:
        runs.append(current_task().id)
        begun.release()
        release.wait(30)
        return current_task().fence

    app.task(name="add")(lambda a, b: a + b)
    with RunningWorker(app, lease_s=5.0, concurrency=4) as worker:
        tasks = app.enqueue_many([across.request() for _ in range(4)])
        for _ in tasks:
            assert begun.acquire(timeout=10)
        server.restart()
        server.kill()
        release.set()
        server.start()
        for task in tasks:
            assert task.result(timeout=20) > 0
        assert app.enqueue("add", 1, 2).result(timeout=20) == 3
        assert not worker.has_ended
    assert sorted(runs) == sorted(task.id for task in tasks)


def test_a_worker_waits_for_a_redis_that_is_not_there_yet(server: PrivateServer) -> None:
    app = Scheduler(broker=connect(server.url, TIMEOUT_S))
    app.task(name="add")(lambda a, b: a + b)
    server.kill()
    with RunningWorker(app):
        server.start()
        assert app.enqueue("add", 1, 2).result(timeout=20) == 3


def test_an_idle_worker_survives_a_restart_of_redis(server: PrivateServer) -> None:
    app = Scheduler(broker=connect(server.url, TIMEOUT_S))
    app.task(name="add")(lambda a, b: a + b)
    with RunningWorker(app):
        assert app.enqueue("add", 1, 1).result(timeout=20) == 2
        for number in range(3):
            server.kill()
            server.start()
            assert app.enqueue("add", 1, number).result(timeout=20) == 1 + number


def set_config(broker: Broker, setting: str, value: str) -> None:
    on_each_primary(broker, "CONFIG", "SET", setting, value)


@pytest.fixture
def evicting(real_broker: Broker) -> Iterator[Broker]:
    """A Redis that drops keys when its memory is full."""
    set_config(real_broker, "maxmemory-policy", "allkeys-lru")
    yield real_broker
    set_config(real_broker, "maxmemory-policy", "noeviction")


def test_a_queue_that_redis_has_forgotten_is_registered_again(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redisched.engine.reaper.FORGET_EVERY_S", 0.0)
    app = Scheduler(broker=broker)
    app.task(name="add")(lambda a, b: a + b)
    with RunningWorker(app, lease_s=0.5):
        wait_until(lambda: broker.client().perform(("SMEMBERS", queues_key())), "the queue is known")
        broker.client().perform(("DEL", queues_key()))
        wait_until(
            lambda: broker.client().perform(("SMEMBERS", queues_key())) == [b"default"], "the queue is known again"
        )


def test_a_redis_that_may_evict_tasks_is_refused(evicting: Broker) -> None:
    with pytest.raises(BrokerMisconfigured, match="CONFIG SET maxmemory-policy noeviction"):
        work_off(Scheduler(broker=evicting))


def test_a_redis_that_may_evict_tasks_is_used_if_allowed(evicting: Broker) -> None:
    app = Scheduler(broker=evicting)
    app.task(name="add")(lambda a, b: a + b)
    task = app.enqueue("add", 1, 2)
    work_off(app, eviction=Eviction.ALLOW)
    assert task.result(timeout=1) == 3


@pytest.fixture
def memory_limit(real_broker: Broker) -> Iterator[None]:
    """Sets a limit of memory, and removes it afterwards."""
    yield
    set_config(real_broker, "maxmemory", "0")


@pytest.mark.usefixtures("memory_limit")
def test_a_full_redis_takes_no_new_task_and_lets_running_ones_end(real_broker: Broker) -> None:
    app = Scheduler(broker=real_broker)
    begun, release = threading.Event(), threading.Event()

    @app.task
    def long() -> str:
        begun.set()
        release.wait(15)
        return "ended"

    with RunningWorker(app, lease_s=0.6):
        task = long.enqueue()
        assert begun.wait(10)
        set_config(real_broker, "maxmemory", "1")
        with pytest.raises(QueueFull):
            long.enqueue()
        wait_until(lambda: task.status() is TaskState.RUNNING, "a heartbeat was accepted")
        release.set()
        assert task.result(timeout=15) == "ended"


@pytest.mark.usefixtures("memory_limit")
def test_a_worker_that_starts_on_a_full_redis_drains_it(real_broker: Broker) -> None:
    app = Scheduler(broker=real_broker)

    @app.task(retry=Retry(backoff=SOON))
    def unsteady() -> int:
        if current_task().attempt == 1:
            raise ConnectionError
        return current_task().attempt

    tasks = app.enqueue_many([unsteady.request() for _ in range(50)])
    later = unsteady.options(delay=0.3).enqueue()
    set_config(real_broker, "maxmemory", "1")
    with RunningWorker(app, concurrency=2) as worker:
        assert [task.result(timeout=15) for task in (*tasks, later)] == [2] * 51
        assert not worker.has_ended
