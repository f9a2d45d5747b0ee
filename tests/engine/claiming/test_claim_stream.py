"""How long a claim stream trusts a lease whose grant was answered late."""

import asyncio
from collections.abc import Iterable
from typing import Any

from redisched.config import Settings, WorkerSettings
from redisched.engine.claiming.claim_stream import ClaimStream
from redisched.engine.leased_task import LeasedTask
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerUnavailable
from redisched.registry import Registry
from redisched.store.operation import Command, ScriptRunner
from redisched.store.store import Store
from tests.engine.leases import NOW_MS, QUEUE, WORKER

LEASE_S = 3.0


class SetClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


class Answering:
    """A client that loses the first replies, and then leases one task."""

    def __init__(self, lost: int) -> None:
        self.lost = lost

    async def perform(self, command: Command) -> Any:
        if self.lost:
            self.lost -= 1
            raise BrokerUnavailable("cut", 0.0)
        return [b"CLAIMED", b"%d" % (NOW_MS * 1000), b"7", b"", b"a", b"0", b"", b"record"]

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        raise AssertionError("a claim is one command")


def context(clock: SetClock) -> WorkerContext:
    return WorkerContext(
        worker=WORKER,
        settings=Settings(),
        worker_settings=WorkerSettings(lease_s=LEASE_S),
        registry=Registry(),
        stores={},
        window=Window(20.0, 100.0),
        started=NoStartedTable(),
        clock=clock,
        random=lambda: 0.5,
    )


def claim(lost: int, pause_s: float) -> LeasedTask:
    """The task leased by a claim whose first replies are lost, with a pause after each."""
    clock, client = SetClock(), Answering(lost)
    stream = ClaimStream(context(clock), Store(ScriptRunner(), QUEUE), "")

    async def try_until_answered() -> list[LeasedTask]:
        while True:
            try:
                return (await stream.claim(1, client)).tasks
            except BrokerUnavailable:
                clock.now_s += pause_s

    return asyncio.run(try_until_answered())[0]


def test_a_lease_is_trusted_from_the_time_of_its_request() -> None:
    assert claim(lost=0, pause_s=0.0).trusted_until_s == 100.0 + 0.9 * LEASE_S


def test_a_task_leased_by_a_repeated_claim_is_renewed_before_its_lease_ends() -> None:
    task = claim(lost=1, pause_s=1.5)

    # The lease may count from the first request on. The lease renewer renews it within a heartbeat of the start.
    assert task.trusted_until_s + WorkerSettings(lease_s=LEASE_S).heartbeat_s <= 100.0 + 0.9 * LEASE_S
