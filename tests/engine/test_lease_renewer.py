"""The lease renewer's thread: it renews every lease of its worker, and no error of a round ends it."""

import threading
from collections.abc import Iterable
from typing import Any

from redisched.config import Settings, WorkerSettings
from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.lease_renewer_thread import LeaseRenewerThread
from redisched.engine.leased_task import LeasedTask
from redisched.engine.started import NoStartedTable
from redisched.engine.watchdog import Watchdog
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerUnavailable
from redisched.keys import keys_of
from redisched.registry import Registry
from redisched.store.operation import Command, ScriptRunner, run
from redisched.store.store import Store
from tests.engine.leases import QUEUE, WORKER, leased_task


class StandingClock:
    def monotonic(self) -> float:
        return 10.0


class BrokenOnce:
    """A client that raises an error once; afterwards it renews."""

    def __init__(self) -> None:
        self.calls = 0
        self.closed = False
        self.renewed = threading.Event()

    def perform(self, command: Command) -> Any:
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("a defect")
        self.renewed.set()
        return [b"RENEWED"]

    def close(self) -> None:
        self.closed = True

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        raise AssertionError("the lease renewer sends one command at a time")


class HalfAway(BrokenOnce):
    """A client that reaches every shard but the first."""

    def perform(self, command: Command) -> Any:
        self.calls += 1
        if keys_of(QUEUE).leases in command:
            raise BrokerUnavailable("gone", 0.0)
        return [b"RENEWED"]


def context_of(shards: int) -> WorkerContext:
    return WorkerContext(
        worker=WORKER,
        settings=Settings(),
        worker_settings=WorkerSettings(lease_s=0.5),
        registry=Registry(),
        stores={(QUEUE, shard): Store(ScriptRunner(), QUEUE, shard) for shard in range(shards)},
        window=Window(20.0, 100.0),
        started=NoStartedTable(),
        clock=StandingClock(),
        random=lambda: 0.0,
    )


def renewer_of(context: WorkerContext) -> LeaseRenewer:
    watchdog = Watchdog(context, list, lambda _stuck, _on_begun: None)
    return LeaseRenewer(context, lambda _held, _kind: None, watchdog)


def test_a_shard_that_does_not_answer_does_not_cost_leases_in_other_shards() -> None:
    context = context_of(2)
    tasks = [LeasedTask(leased_task("a").lease, QUEUE, WORKER, 0.0, 1.0, shard) for shard in (0, 1)]
    for task in tasks:
        context.in_flight.add(task)

    delay_s = run(renewer_of(context).step(), HalfAway())

    assert [task.trusted_until_s for task in tasks] == [1.0, 10.0 + 0.9 * 0.5]
    assert delay_s <= context.worker_settings.heartbeat_s


def test_an_error_in_one_round_costs_no_lease() -> None:
    client = BrokenOnce()
    context = context_of(1)
    task = leased_task("a")
    context.in_flight.add(task)

    renewing = LeaseRenewerThread(renewer_of(context), client)
    assert client.renewed.wait(30)
    renewing.stop()

    assert client.closed
    assert task.trusted_until_s == 10.0 + 0.9 * 0.5
