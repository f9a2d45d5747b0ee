"""The lease renewer's thread: it renews every lease of its worker, and no error of a round ends it."""

import threading
from collections.abc import Iterable
from typing import Any

import pytest

from redisched.config import Settings, WorkerSettings
from redisched.engine.lease_renewer import LOOK_S, Interrupt, LeaseRenewer
from redisched.engine.lease_renewer_thread import LeaseRenewerThread
from redisched.engine.leased_task import LeasedTask
from redisched.engine.started import NoStartedTable
from redisched.engine.watchdog import Watchdog
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerUnavailable, CancelRequested
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


class WithRequest:
    """A client of a Redis in whose shards cancellations are requested, or not."""

    def __init__(self, *, is_requested: bool) -> None:
        self._is_requested = is_requested
        self.calls: list[str] = []

    def perform(self, command: Command) -> Any:
        self.calls.append(str(command[0]))
        return int(self._is_requested) if command[0] == "EXISTS" else [b"CANCELLING"]

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        raise AssertionError("the lease renewer sends one command at a time")


def context_of(shards: int, lease_s: float = 0.5) -> WorkerContext:
    return WorkerContext(
        worker=WORKER,
        settings=Settings(),
        worker_settings=WorkerSettings(lease_s=lease_s),
        registry=Registry(),
        stores={(QUEUE, shard): Store(ScriptRunner(), QUEUE, shard) for shard in range(shards)},
        window=Window(20.0, 100.0),
        started=NoStartedTable(),
        clock=StandingClock(),
        random=lambda: 0.0,
    )


def renewer_of(context: WorkerContext, interrupt: Interrupt = lambda _held, _kind: None) -> LeaseRenewer:
    watchdog = Watchdog(context, list, lambda _stuck, _on_begun: None)
    return LeaseRenewer(context, interrupt, watchdog)


def test_a_handler_that_has_just_started_is_told_of_its_cancellation_before_the_next_heartbeat() -> None:
    context, told = context_of(1, lease_s=30.0), []
    task = LeasedTask(leased_task("a").lease, QUEUE, WORKER, 10.0, 1.0)
    renewer = renewer_of(context, lambda task, kind: told.append((task, kind)))
    assert run(renewer.step(), WithRequest(is_requested=True)) == LOOK_S
    context.in_flight.add(task)

    for _ in range(2):
        run(renewer.step(), WithRequest(is_requested=True))

    assert 2 * LOOK_S < 1.0
    assert told == [(task, CancelRequested)]


@pytest.mark.parametrize(("tasks", "calls"), [(0, []), (1, ["EXISTS"])])
def test_without_a_cancellation_a_look_costs_a_shard_in_use_one_command_and_an_idle_one_none(
    tasks: int, calls: list[str]
) -> None:
    context, client = context_of(1, lease_s=30.0), WithRequest(is_requested=False)
    for number in range(tasks):
        context.in_flight.add(LeasedTask(leased_task(str(number)).lease, QUEUE, WORKER, 10.0, 1.0))

    run(renewer_of(context).step(), client)

    assert client.calls == calls


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
