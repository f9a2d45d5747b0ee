"""A worker of many queues: few connections, hardly any commands while idle, and no queue is forgotten."""

import threading
from collections.abc import Iterator

import pytest

from redisched import Scheduler
from redisched.embedded import PrivateServer
from redisched.keys import keys_of
from redisched.shard_map import ShardMap
from redisched.store.broker import Broker, connect
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.survey import survey
from redisched.store.values import ClaimRequest
from tests.engine.running import RunningWorker, counts, work_off
from tests.waiting import let_pass, wait_until

pytestmark = pytest.mark.fault

QUEUES = tuple(f"q{number}" for number in range(500))
SOME = (QUEUES[0], QUEUES[127], QUEUES[128], QUEUES[-1])
MOST_CONNECTIONS = 40


@pytest.fixture
def server() -> Iterator[PrivateServer]:
    with PrivateServer() as server:
        yield server


@pytest.fixture
def broker(server: PrivateServer) -> Iterator[Broker]:
    broker = connect(server.url, 5.0)
    yield broker
    broker.close()


@pytest.fixture
def app(server: PrivateServer) -> Scheduler:
    app = Scheduler(broker=connect(server.url, 5.0))
    app.task(name="note")(lambda: None)
    return app


def commands_sent(broker: Broker) -> int:
    """How many commands of the kinds that workers send the server has had."""
    told: bytes = broker.client().perform(("INFO", "commandstats"))
    calls = dict(line.split(":", 1) for line in told.decode().splitlines() if line.startswith("cmdstat_"))
    sent = [calls.get(f"cmdstat_{name}", "calls=0,") for name in ("eval", "evalsha", "blpop", "sadd")]
    return sum(int(line.partition("calls=")[2].partition(",")[0]) for line in sent)


def connections(broker: Broker) -> int:
    listed: bytes = broker.client().perform(("CLIENT", "LIST"))
    return len(listed.splitlines())


def listened_to(broker: Broker) -> int:
    """How many keys clients wait for."""
    told: bytes = broker.client().perform(("INFO", "clients"))
    (line,) = (line for line in told.decode().splitlines() if line.startswith("total_blocking_keys:"))
    return int(line.partition(":")[2])


def is_listening(broker: Broker) -> bool:
    """Whether a worker waits for every queue."""
    return listened_to(broker) == len(QUEUES)


@pytest.mark.parametrize("idle_s", [5.0, pytest.param(15.0, marks=pytest.mark.nightly)])
def test_an_idle_worker_of_many_queues_is_quiet(app: Scheduler, broker: Broker, idle_s: float) -> None:
    looks = Looks(broker)
    with RunningWorker(app, queues=QUEUES):
        wait_until(lambda: is_listening(broker), "the worker waits for every queue")
        wait_until(looks.are_over, "the commands of the start are over", 30.0)
        before = commands_sent(broker)
        let_pass(idle_s, "the worker has nothing to do")
        assert commands_sent(broker) - before <= idle_s
        assert connections(broker) <= MOST_CONNECTIONS


class Looks:
    """Tells when a worker has become quiet: it sends nothing between two looks."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._sent = -1

    def are_over(self) -> bool:
        before, self._sent = self._sent, commands_sent(self._broker)
        if self._sent - before > 1:
            let_pass(1.0, "the worker still sends commands")
            return False
        return True


def test_a_task_is_picked_up_in_any_of_many_queues(app: Scheduler, broker: Broker) -> None:
    with RunningWorker(app, queues=QUEUES):
        wait_until(lambda: is_listening(broker), "the worker waits for every queue")
        for queue in (*SOME, *SOME):
            app.enqueue("note", queue=queue).result(timeout=10)
        tasks = app.enqueue_many([app.request("note", queue=queue) for queue in QUEUES])
        for task in tasks:
            task.result(timeout=20)


def moved(broker: Broker, queue: str) -> None:
    """Move everything from a queue that no worker serves to another, without a wake-up."""
    for name in ("waiting", "tasks", "leases", "held"):
        there: str = getattr(keys_of("unserved"), name)
        if broker.client().perform(("EXISTS", there)):
            broker.client().perform(("RENAME", there, getattr(keys_of(queue), name)))


def test_a_task_is_found_even_without_a_wake_up(app: Scheduler, broker: Broker) -> None:
    with RunningWorker(app, queues=QUEUES, lease_s=1.0):
        wait_until(lambda: is_listening(broker), "the worker waits for every queue")
        for queue in SOME:
            app.enqueue("note", queue="unserved")
            moved(broker, queue)
        for queue in SOME:
            wait_until(lambda: counts(broker, queue).finished == 1, f"the task of {queue} has run")  # noqa: B023 - at once


def test_tasks_of_a_lost_host_are_taken_back(app: Scheduler, broker: Broker) -> None:
    unserved = Store(broker.script_runner, "unserved")
    with RunningWorker(app, queues=QUEUES, lease_s=1.0):
        wait_until(lambda: is_listening(broker), "the worker waits for every queue")
        for number, queue in enumerate(SOME):
            app.enqueue("note", queue="unserved")
            request = ClaimRequest(worker="gone", nonce=str(number), limit=1, ahead_ms=0, ahead_limit=0, lease_ms=1_000)
            assert run(unserved.claim(request), broker.client()).leases
            moved(broker, queue)
        for queue in SOME:
            wait_until(lambda: counts(broker, queue).finished == 1, f"the task of {queue} has run")  # noqa: B023 - at once


def test_a_worker_that_ends_on_empty_queues_works_off_all_of_them(app: Scheduler) -> None:
    tasks = app.enqueue_many([app.request("note", queue=queue) for queue in SOME])
    work_off(app, queues=QUEUES)
    assert [task.status() for task in tasks] == ["succeeded"] * len(SOME)


def test_shards_named_by_a_wrong_shard_map_are_left_again(app: Scheduler, broker: Broker) -> None:
    key = keys_of("default").layout
    ran = threading.Semaphore(0)
    app.task(name="count")(ran.release)
    with RunningWorker(app, lease_s=1.0):
        app.enqueue("note").result(timeout=10)
        broker.client().perform(("SET", key, "1 1024"))
        wait_until(lambda: listened_to(broker) == 1024, "the worker listens to every named shard", 30.0)
        broker.client().perform(("DEL", key))
        wait_until(lambda: listened_to(broker) == 1, "the worker listens to the only shard", 30.0)
        app.enqueue("note").result(timeout=10)
        assert connections(broker) <= MOST_CONNECTIONS, "no more than any worker of many shards has"


def test_a_queue_that_lost_the_shard_map_in_its_first_shard_keeps_its_shards(app: Scheduler, broker: Broker) -> None:
    """Only the first shard has lost the shard map, as in a failover. The others still have it, and are still served."""
    app.grow("default", 3)
    with RunningWorker(app, lease_s=1.0):
        app.enqueue("note").result(timeout=10)
        broker.client().perform(("DEL", keys_of("default").layout))
        seen = run(survey(broker.script_runner, "nobody", [Store(broker.script_runner, "default", 2)]), broker.client())
        assert seen[0].shard_map == ShardMap((1, 3))
        let_pass(2.0, "the worker has read the shard map a few times")
        assert listened_to(broker) == 3
