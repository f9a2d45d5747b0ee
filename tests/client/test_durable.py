"""A durable enqueue returns once the task is stored as durably as required, else raises an error. It can be
repeated.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched import Durability, Scheduler, TaskState
from redisched.chaos import Server, replica_of
from redisched.client.reference import TaskRef
from redisched.config import Settings
from redisched.embedded import Persistence, Transport
from redisched.errors import BrokerMisconfigured, BrokerRefused, InvalidOption, NotDurable
from tests.brokers import SINGLE, BrokerKind, Servers, binary_of, fake_broker
from tests.client.callers import Caller, Manner
from tests.waiting import wait_until

pytestmark = pytest.mark.differs_by_server

HASTY = Settings(timeout_s=1.0)
PROMPT = ("--repl-diskless-sync-delay", "0", "--shutdown-timeout", "0")


@pytest.fixture(params=SINGLE)
def binary(request: pytest.FixtureRequest) -> Path:
    return binary_of(request.param)


@pytest.fixture
def primary(binary: Path) -> Iterator[Server]:
    with Server(binary=binary, transport=Transport.LOOPBACK, arguments=PROMPT) as server:
        yield server


@pytest.fixture
def replica(binary: Path, primary: Server) -> Iterator[Server]:
    with Server(
        binary=binary,
        transport=Transport.LOOPBACK,
        persistence=Persistence.NONE,
        arguments=(*PROMPT, *replica_of(primary)),
    ) as server:
        yield server


@pytest.fixture
def producer(primary: Server) -> Iterator[Scheduler]:
    app = Scheduler(primary.url, settings=HASTY)
    yield app
    app.close()


@pytest.fixture(params=list(Manner))
def call(request: pytest.FixtureRequest, producer: Scheduler) -> Caller:
    return Caller(producer, request.param)


def wait_until_followed(producer: Scheduler) -> None:
    """Wait until the replica takes part."""
    client = producer.broker.client()
    wait_until(lambda: client.perform_all([("SET", "a", 1), ("WAIT", 1, 100)]) == [b"OK", 1], "the replica follows")


def test_a_task_that_a_replica_has_is_durable(producer: Scheduler, replica: Server, call: Caller) -> None:
    wait_until_followed(producer)

    task = call(producer.enqueue, "send", durable="replica")
    many = call(producer.enqueue_many, [producer.request("send", durable=Durability.REPLICA) for _ in range(500)])

    copy = Scheduler(replica.url, settings=HASTY)
    stored = copy.broker.client().perform(("ZCARD", "redisched:{default}:waiting"))
    copy.close()
    assert stored == 1 + len(many)
    assert task.status() is TaskState.READY


def test_a_task_that_no_replica_has_raises_until_one_has_it(producer: Scheduler, replica: Server, call: Caller) -> None:
    wait_until_followed(producer)
    replica.pause()

    for _ in range(2):
        # The second call writes no task, so nothing of it is left to wait for.
        with pytest.raises(NotDurable, match=r"task 'order-1' is enqueued, but only 0 of 1 replicas had it") as failed:
            call(producer.enqueue, "send", id="order-1", durable="replica")
        assert (failed.value.task_ids, failed.value.confirmed, failed.value.wanted) == (("order-1",), 0, 1)
    with pytest.raises(NotDurable, match="and 1 more are enqueued"):
        call(producer.enqueue_many, [producer.request("send", durable="replica") for _ in range(2)])
    replica.resume()
    wait_until_followed(producer)

    task: TaskRef[object] = call(producer.enqueue, "send", id="order-1", durable="replica")
    assert task.status() is TaskState.READY
    assert producer.broker.client().perform(("ZCARD", "redisched:{default}:waiting")) == 3


def test_concurrent_calls_get_errors_about_their_own_tasks(producer: Scheduler) -> None:
    call = Caller(producer, Manner.ASYNC)

    with pytest.raises(NotDurable) as failed:
        call(producer.enqueue, "send", id="order-2", durable="replica")

    assert failed.value.task_id == "order-2"


def test_a_number_of_replicas_above_those_that_exist_can_be_required(primary: Server, replica: Server) -> None:
    app = Scheduler(primary.url, settings=Settings(timeout_s=1.0, durable=Durability.REPLICA, durable_replicas=2))
    wait_until_followed(app)

    with pytest.raises(NotDurable, match="1 of 2 replicas"):
        app.enqueue("send")
    assert app.enqueue("send", durable="none").status() is TaskState.READY
    app.close()


@pytest.fixture
def app_on_disk() -> Iterator[tuple[Scheduler, Server]]:
    with Server(persistence=Persistence.EVERYSEC) as server:
        app = Scheduler(server.url)
        yield app, server
        app.close()


@pytest.mark.parametrize("manner", Manner)
def test_g2_a_task_that_is_on_disk_survives_a_kill_of_the_server(
    app_on_disk: tuple[Scheduler, Server], manner: Manner
) -> None:
    app, server = app_on_disk
    call = Caller(app, manner)
    for _ in range(3):
        tasks = [call(app.enqueue, "send", durable="local")]
        tasks += call(app.enqueue_many, [app.request("send", durable="local") for _ in range(20)])
        server.kill()
        server.start()
        assert {task.status() for task in tasks} == {TaskState.READY}


def test_a_server_without_persistence_is_refused_at_once(servers: Servers) -> None:
    app = Scheduler(broker=servers.broker(BrokerKind.VALKEY))
    with pytest.raises(BrokerMisconfigured, match="CONFIG SET appendonly yes"):
        app.enqueue("send", durable="local")
    app.close()


def test_a_server_that_cannot_wait_for_its_disk_is_refused_at_once(servers: Servers) -> None:
    app = Scheduler(broker=servers.broker(BrokerKind.REDIS))
    with pytest.raises(BrokerRefused, match=r"WAITAOF: unknown command .* durable='local' needs Redis 7\.2"):
        app.enqueue("send", durable="local")
    app.close()


@pytest.mark.parametrize("durable", ["local", "replica"])
def test_a_fake_server_cannot_wait(durable: str) -> None:
    app = Scheduler(broker=fake_broker())
    with pytest.raises(BrokerRefused, match=f"unknown command .* durable='{durable}' needs"):
        app.enqueue_many([app.request("send", durable=Durability(durable))])


@pytest.mark.parametrize("durable", ["everywhere", True, 1, ["local"]])
def test_durability_has_three_values(durable: object) -> None:
    app = Scheduler(broker=fake_broker())
    with pytest.raises(InvalidOption, match=r"durable=.*: one of none, local, replica"):
        app.request("send", durable=durable)  # type: ignore[arg-type]  # what callers without a checker may write


def test_a_handler_and_an_application_may_say_how_durable_their_tasks_are() -> None:
    app = Scheduler(broker=fake_broker(), settings=Settings(durable=Durability.LOCAL))

    @app.task(durable="replica")
    def pay() -> None: ...

    @app.task
    def send() -> None: ...

    ways = [pay.request(), pay.options(durable="none").request(), send.request(), app.request("unheard-of")]
    assert [request.durable for request in ways] == ["replica", "none", "local", "local"]
