"""Redis is killed, restarts, restarts slowly, or restarts without its data."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from redisched import Scheduler
from redisched.chaos import Server
from redisched.chaos.history.record import Start
from redisched.client.reference import TaskRef
from redisched.config import Settings
from redisched.embedded import Persistence
from redisched.errors import BrokerUnavailable
from redisched.model import TaskState
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, binary_of
from tests.chaos.rig import DRAIN_S, Rig
from tests.waiting import let_pass, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.differs_by_server]

RESUME_S = 10.0
"""The promise is 3 s; a busy machine may take longer."""
AT_RISK_S = 2.0
"""Tasks acknowledged within this time before a crash may be lost with AOF everysec."""

every_server = pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])


def wait_for_acks(rig: Rig, beyond: int) -> None:
    """Wait until more tasks are acked than so many."""
    wait_until(lambda: rig.proxy.replies["ack"] > beyond, "more tasks are acked", RESUME_S)


@every_server
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("restarts", "load_s"), [(3, 0.3), pytest.param(30, 10.0, marks=pytest.mark.chaos)])
def test_t12_no_worker_process_ends_and_no_task_is_lost_when_redis_is_killed(
    tmp_path: Path, kind: BrokerKind, restarts: int, load_s: float
) -> None:
    target = "tests.chaos.apps.recording:app"
    with (
        Server(binary=binary_of(kind), persistence=Persistence.ALWAYS) as server,
        Rig(tmp_path, server.url) as rig,
        rig.fleet(target=target, processes=2) as fleet,
        ThreadPoolExecutor(1) as producer,
    ):
        rig.enqueue_many(50, "work", 1_000)
        wait_until(rig.is_drained, "the fleet runs tasks", DRAIN_S)
        workers = fleet.workers()
        for _ in range(restarts):
            loaded_s = time.monotonic() + load_s
            while time.monotonic() < loaded_s:
                rig.enqueue_many(20, "work", 1_000)[-1].result(timeout=RESUME_S)
            server.kill()
            sent = producer.submit(rig.enqueue_many, 20, "work", 1_000)
            server.start()
            acks = rig.proxy.replies["ack"]
            sent.result()
            wait_for_acks(rig, acks)
        rig.conclude()
        assert fleet.workers() == workers
        assert not fleet.has_ended


@every_server
@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.chaos)])
@pytest.mark.timeout(300)
def test_t12_with_aof_everysec_only_the_last_acknowledged_tasks_can_be_lost(kind: BrokerKind, kills: int) -> None:
    acknowledged: list[tuple[float, TaskRef[object]]] = []
    with Server(binary=binary_of(kind), persistence=Persistence.EVERYSEC) as server:
        app = Scheduler(server.url)
        for _ in range(kills):
            loaded_s = time.monotonic() + 1.2 * AT_RISK_S
            while time.monotonic() < loaded_s:
                task = app.enqueue("never.run")
                acknowledged.append((time.monotonic(), task))
            killed_s = time.monotonic()
            server.kill()
            server.start()
            safe = [task for at_s, task in acknowledged if at_s < killed_s - AT_RISK_S]
            assert safe
            assert {task.status() for task in safe} == {TaskState.READY}
            acknowledged = [(at_s, task) for at_s, task in acknowledged if at_s >= killed_s - AT_RISK_S]
        app.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("lease_s", [0.5, pytest.param(5.0, marks=pytest.mark.chaos)])
def test_t13_tasks_running_while_redis_is_away_for_ten_leases_run_once(tmp_path: Path, lease_s: float) -> None:
    running = 500
    with (
        Server(persistence=Persistence.ALWAYS) as server,
        Rig(tmp_path, server.url) as rig,
        rig.worker(lease_s=lease_s, concurrency=running) as worker,
    ):
        tasks = rig.enqueue_many(running, "hold")
        wait_until(lambda: rig.gate.entered == running, "all tasks run", DRAIN_S)
        server.kill()
        let_pass(10 * lease_s, "ten leases are over")
        server.start()
        renewed = rig.proxy.replies["renew"]
        wait_until(lambda: rig.proxy.replies["renew"] > renewed, "leases are renewed", DRAIN_S)
        rig.gate.open()
        rig.conclude()
        assert {task.status() for task in tasks} == {TaskState.SUCCEEDED}
        assert not worker.has_ended
    # The promise is fewer than one in a thousand.
    assert rig.gate.entered == running


@every_server
def test_t15_a_worker_survives_the_loss_of_all_data_and_its_old_tasks_are_refused(
    tmp_path: Path, kind: BrokerKind
) -> None:
    with (
        Server(binary=binary_of(kind), persistence=Persistence.NONE) as server,
        Rig(tmp_path, server.url) as rig,
        rig.worker(lease_s=1.0) as worker,
    ):
        lost = rig.enqueue_many(4, "hold")
        wait_until(lambda: rig.gate.entered == 4, "all tasks run")
        server.kill()
        rig.gate.open()
        server.start()
        (kept,) = rig.enqueue_many(1, "work")
        assert kept.result(timeout=RESUME_S) is None
        rig.drain()
        assert {task.status() for task in lost} == {TaskState.UNKNOWN}
        assert not worker.has_ended
        fences = {record.task: record.fence for record in rig.history() if isinstance(record, Start)}
        assert fences[kept.id] > max(fences[task.id] for task in lost)


def is_loading(broker: Broker) -> bool:
    """Whether a server answers that it loads its data."""
    try:
        broker.client().perform(("PING",))
    except BrokerUnavailable as error:
        return "loading the dataset" in error.reason
    return False


def fill(server: Server, tasks: int) -> None:
    """Give a server much to load: tasks that no worker runs here, and so many commands that loading can be slowed."""
    app = Scheduler(server.url)
    app.enqueue_many(app.request("never.run", queue="other") for _ in range(tasks))
    app.broker.client().perform_all(("SET", "padding", number) for number in range(50_000))
    app.close()


@every_server
@pytest.mark.timeout(600)
@pytest.mark.parametrize("tasks", [1_000, pytest.param(2_000_000, marks=pytest.mark.chaos)])
def test_t18_clients_wait_for_a_redis_that_loads_its_data(tmp_path: Path, kind: BrokerKind, tasks: int) -> None:
    with (
        Server(binary=binary_of(kind), persistence=Persistence.EVERYSEC) as server,
        Rig(tmp_path, server.url, Settings(timeout_s=1.0)) as rig,
        ThreadPoolExecutor(1) as starter,
    ):
        waiting = rig.enqueue_many(100, "work")
        fill(server, tasks)
        server.stop()
        # In microseconds per command: the server loads until the delay is removed.
        (server.directory / "server.conf").write_text("key-load-delay 50\n")
        starting = starter.submit(server.start)
        wait_until(lambda: is_loading(rig.direct), "the server loads its data", DRAIN_S)
        with rig.worker() as worker:
            with pytest.raises(BrokerUnavailable, match="loading the dataset"):
                rig.enqueue_many(1, "work")
            assert not worker.has_ended
            assert is_loading(rig.direct)
            rig.direct.client().perform(("CONFIG", "SET", "key-load-delay", "0"))
            starting.result()
            for task in waiting:
                assert task.result(timeout=DRAIN_S) is None
            rig.conclude()
