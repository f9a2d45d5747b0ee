"""Connections fall silent, are closed by the server, or cannot be opened."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest

from redisched.chaos import Action, Fault, Message, Server
from redisched.client.reference import TaskRef
from redisched.config import Settings
from redisched.embedded import Transport
from redisched.errors import BrokerUnavailable
from redisched.store.broker import connect
from tests.brokers import BrokerKind, binary_of
from tests.chaos.nemesis import Nemesis, Victims
from tests.chaos.nemesis_plan import Disturbance, Habit, draw_plan
from tests.chaos.rig import Rig
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SEED = 1
HASTY = Settings(timeout_s=1.0)
IMPATIENT = Settings(timeout_s=0.3)
NOTICED_S = 30.0
"""A silent connection is given up after 0.4 s here, one that waits for a wake-up after 8 s more; and the wait that was
under way when the line broke may be followed by a whole one.
"""
THREADS = 100
CYCLES = 1_000

every_server = pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])


@pytest.mark.parametrize(
    ("script", "message"), [*product(["enqueue", "claim", "renew", "ack", "reap"], Message), ("BLPOP", Message.REPLY)]
)
def test_t14_a_silent_connection_is_given_up(tmp_path: Path, script: str, message: Message) -> None:
    with (
        Server() as server,
        Rig(tmp_path, server.url, HASTY) as rig,
        rig.worker(lease_s=1.0, concurrency=2) as worker,
    ):
        rig.enqueue_many(1, "work")
        rig.drain()
        # Otherwise the fault could strike the reply about this task, and one more call could say all that is left.
        wait_until(lambda: rig.replies("ack"), "the worker has heard that its task has ended", NOTICED_S)
        calls = rig.proxy.requests[script]
        fault = Fault(message=message, action=Action.BLACK_HOLE, script=script, occurrence=1)
        rig.proxy.set(fault)
        tasks = rig.send([rig.app.request("work"), rig.app.request("hold")])
        # Two calls may be under way before the first is answered.
        wait_until(lambda: rig.proxy.struck == [fault], "the message is lost", NOTICED_S)
        wait_until(lambda: rig.proxy.requests[script] >= calls + 2, "the script is called again", NOTICED_S)
        rig.gate.open()
        assert [task.result(timeout=NOTICED_S) for task in tasks] == [None, None]
        rig.conclude()
        assert not worker.has_ended


@every_server
@pytest.mark.timeout(300)
@pytest.mark.parametrize("duration_s", [2.0, pytest.param(60.0, marks=pytest.mark.chaos)])
def test_t19_connections_that_the_server_closes_repeatedly_cause_no_error(
    tmp_path: Path, kind: BrokerKind, duration_s: float
) -> None:
    plan = draw_plan(SEED, duration_s, {Disturbance.KILL_CLIENTS: Habit(every_s=0.2)})
    with (
        Server(binary=binary_of(kind)) as server,
        Rig(tmp_path, server.url) as rig,
        rig.worker(lease_s=1.0) as worker,
    ):
        tasks: list[TaskRef[object]] = []
        with Nemesis(plan, Victims(server=server), rig.recorder) as nemesis:
            while nemesis.is_at_work:
                tasks += rig.enqueue_many(5, "work")
                tasks[-1].result(timeout=NOTICED_S)
        rig.conclude()
        assert len({task.id for task in tasks}) == sum(task.status() == "succeeded" for task in tasks)
        assert not worker.has_ended


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    """Connections of other clients, closed at the end."""
    with ExitStack() as stack:
        yield stack


def connected(rig: Rig) -> int:
    """How many connections the server has."""
    clients: bytes = rig.direct.client().perform(("CLIENT", "LIST"))
    return len(clients.splitlines())


def allow(rig: Rig, connections: int) -> None:
    """Limit the server to so many connections; open ones stay."""
    rig.direct.client().perform(("CONFIG", "SET", "maxclients", connections))


@every_server
def test_t20_a_redis_without_free_connections_is_an_error_in_time_and_workers_wait_for_it(
    tmp_path: Path, kind: BrokerKind, crowd: ExitStack
) -> None:
    with (
        Server(binary=binary_of(kind), transport=Transport.LOOPBACK) as server,
        Rig(tmp_path, server.url, HASTY) as rig,
        rig.worker(lease_s=1.0) as worker,
    ):
        rig.enqueue_many(1, "work")
        for _ in range(20):
            other = connect(server.url, 5.0)
            other.client().perform(("PING",))
            crowd.callback(other.close)
        allow(rig, 10)
        rig.proxy.cut_all()
        with pytest.raises(BrokerUnavailable, match="max number of clients"):
            rig.enqueue_many(1, "work")
        assert not worker.has_ended
        allow(rig, 1_000)
        (task,) = rig.enqueue_many(1, "work")
        assert task.result(timeout=NOTICED_S) is None
        rig.conclude()


@every_server
def test_t21_a_hundred_threads_on_two_connections_wait_within_the_limit_and_leak_none(
    tmp_path: Path, kind: BrokerKind
) -> None:
    with Server(binary=binary_of(kind)) as server, Rig(tmp_path, server.url, IMPATIENT) as rig:
        rig.enqueue_many(1, "work")
        before = connected(rig)
        refused: list[BrokerUnavailable] = []
        together = threading.Barrier(THREADS)

        def produce(_: int) -> None:
            together.wait()
            for _ in range(CYCLES // THREADS):
                try:
                    rig.enqueue_many(1, "work")
                except BrokerUnavailable as error:
                    refused.append(error)

        allow(rig, before + 1)
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(produce, range(THREADS)))
        assert refused
        assert all(error.waited_s < NOTICED_S for error in refused)
        allow(rig, 1_000)
        assert connected(rig) <= before + 1
        rig.app.close()
        wait_until(lambda: connected(rig) == 1, "all connections are closed")
        with rig.worker():
            rig.conclude()
