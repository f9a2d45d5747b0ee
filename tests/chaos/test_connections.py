"""Connections fall silent, are closed by the server, or cannot be had."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest

from redisched.client.reference import TaskRef
from redisched.config import Settings
from redisched.embedded import Transport
from redisched.errors import BrokerUnavailable
from redisched.store.broker import connect
from redisched.testing import Action, Fault, Message, Server
from tests.brokers import BrokerKind, binary_of
from tests.chaos.nemesis import Nemesis, Victims
from tests.chaos.nemesis_plan import Disturbance, Habit, draw_plan
from tests.chaos.trial import Trial
from tests.engine.running import RunningWorker
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SEED = 1
HASTY = Settings(timeout_s=1.0)
IMPATIENT = Settings(timeout_s=0.3)
NOTICED_S = 15.0
"""A silent connection is given up after 0.4 s here, and one that waits for a wake-up after 5 s more."""
THREADS = 100
CYCLES = 1_000

every_server = pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])


@pytest.mark.parametrize(
    ("script", "message"), [*product(["enqueue", "claim", "renew", "ack", "reap"], Message), ("BLPOP", Message.REPLY)]
)
def test_t14_a_connection_that_falls_silent_is_given_up(tmp_path: Path, script: str, message: Message) -> None:
    with (
        Server() as server,
        Trial(server, tmp_path, HASTY) as trial,
        RunningWorker(trial.app, lease_s=1.0, concurrency=2) as worker,
    ):
        trial.send(trial.requests("work", 1))
        trial.drain()
        calls = trial.proxy.requests[script]
        fault = Fault(message=message, action=Action.BLACK_HOLE, script=script, occurrence=1)
        trial.proxy.set(fault)
        tasks = trial.send([*trial.requests("work", 1), *trial.requests("hold", 1)])
        wait_until(lambda: trial.proxy.requests[script] >= calls + 2, "it is called again", NOTICED_S)
        assert trial.proxy.struck == [fault]
        trial.gate.open()
        assert [task.result(timeout=NOTICED_S) for task in tasks] == [None, None]
        trial.conclude()
        assert not worker.has_ended


@every_server
@pytest.mark.timeout(300)
@pytest.mark.parametrize("duration_s", [2.0, pytest.param(60.0, marks=pytest.mark.chaos)])
def test_t19_connections_closed_by_the_server_again_and_again_go_unnoticed(
    tmp_path: Path, kind: BrokerKind, duration_s: float
) -> None:
    plan = draw_plan(SEED, duration_s, {Disturbance.KILL_CLIENTS: Habit(every_s=0.2)})
    with (
        Server(binary=binary_of(kind)) as server,
        Trial(server, tmp_path) as trial,
        RunningWorker(trial.app, lease_s=1.0) as worker,
    ):
        tasks: list[TaskRef[object]] = []
        with Nemesis(plan, Victims(server=server), trial.recorder) as nemesis:
            while nemesis.is_at_work:
                tasks += trial.send(trial.requests("work", 5))
                tasks[-1].result(timeout=NOTICED_S)
        trial.conclude()
        assert len({task.id for task in tasks}) == sum(task.status() == "succeeded" for task in tasks)
        assert not worker.has_ended


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    """Connections of others, closed in the end."""
    with ExitStack() as stack:
        yield stack


def connected(trial: Trial) -> int:
    """How many connections the server has."""
    clients: bytes = trial.direct.client().perform(("CLIENT", "LIST"))
    return len(clients.splitlines())


def allow(trial: Trial, connections: int) -> None:
    """Let the server have so many connections; those there are stay."""
    trial.direct.client().perform(("CONFIG", "SET", "maxclients", connections))


@every_server
def test_t20_a_redis_that_takes_no_more_connections_is_an_error_in_time_and_is_waited_for(
    tmp_path: Path, kind: BrokerKind, crowd: ExitStack
) -> None:
    with (
        Server(binary=binary_of(kind), transport=Transport.LOOPBACK) as server,
        Trial(server, tmp_path, HASTY) as trial,
        RunningWorker(trial.app, lease_s=1.0) as worker,
    ):
        trial.send(trial.requests("work", 1))
        for _ in range(20):
            other = connect(server.url, 5.0)
            other.client().perform(("PING",))
            crowd.callback(other.close)
        allow(trial, 10)
        trial.proxy.cut_all()
        with pytest.raises(BrokerUnavailable, match="max number of clients"):
            trial.send(trial.requests("work", 1))
        assert not worker.has_ended
        allow(trial, 1_000)
        (task,) = trial.send(trial.requests("work", 1))
        assert task.result(timeout=NOTICED_S) is None
        trial.conclude()


@every_server
def test_t21_a_hundred_threads_on_two_connections_wait_no_longer_than_they_may_and_leak_none(
    tmp_path: Path, kind: BrokerKind
) -> None:
    with Server(binary=binary_of(kind)) as server, Trial(server, tmp_path, IMPATIENT) as trial:
        trial.send(trial.requests("work", 1))
        before = connected(trial)
        refused: list[BrokerUnavailable] = []
        together = threading.Barrier(THREADS)

        def produce(_: int) -> None:
            together.wait()
            for _ in range(CYCLES // THREADS):
                try:
                    trial.send(trial.requests("work", 1))
                except BrokerUnavailable as error:
                    refused.append(error)

        allow(trial, before + 1)
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(produce, range(THREADS)))
        assert refused
        assert all(error.waited_s < NOTICED_S for error in refused)
        allow(trial, 1_000)
        assert connected(trial) <= before + 1
        trial.app.close()
        wait_until(lambda: connected(trial) == 1, "all connections are closed")
        with RunningWorker(trial.app):
            trial.conclude()
