"""What a settler does with settlements that Redis refuses."""

import asyncio
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from redisched.config import Settings, WorkerSettings
from redisched.engine import completion
from redisched.engine.leased_task import LeasedTask
from redisched.engine.reporter import Reporter
from redisched.engine.settler import Settler
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerRefused
from redisched.registry import Registry
from redisched.store.operation import Command, ScriptRunner
from redisched.store.store import Store
from redisched.store.values import Lease
from tests.engine.leases import QUEUE, WORKER

TASKS = 40
BAD = "task-17"


class StillClock:
    """A clock that stands still."""

    def monotonic(self) -> float:
        return 100.0


class RefusingOne:
    """A client that refuses every command about one task until the test changes that."""

    def __init__(self) -> None:
        self.refuses = True
        self.settled: list[str] = []
        self.calls = 0

    async def perform(self, command: Command) -> Any:
        self.calls += 1
        ids = [str(argument) for argument in command if str(argument).startswith("task-")]
        if self.refuses and BAD in ids:
            raise BrokerRefused("EVALSHA", "not this one")
        self.settled += ids
        return [b"RELEASED"] * len(ids)

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        raise AssertionError("settlements are single commands")


def settler_of(client: RefusingOne, shards: int = 1) -> tuple[Settler, WorkerContext]:
    """A settler that has tasks of each of so many shards to release."""
    context = WorkerContext(
        worker=WORKER,
        settings=Settings(),
        worker_settings=WorkerSettings(),
        registry=Registry(),
        stores={(QUEUE, shard): Store(ScriptRunner(), QUEUE, shard) for shard in range(shards)},
        window=Window(20.0, 100.0),
        started=NoStartedTable(),
        clock=StillClock(),
        random=lambda: 0.5,
    )
    settler = Settler(context, client, Reporter(context, client))
    for number in range(max(TASKS, shards)):
        lease = Lease(f"task-{number}", 7, 0, 0, 0, 0, b"record")
        task = LeasedTask(lease, QUEUE, WORKER, 100.0, 130.0, number % shards)
        context.in_flight.add(task)
        settler.add(completion.released(task))
    return settler, context


def test_a_refused_settlement_is_kept_and_does_not_hold_up_the_others() -> None:
    client = RefusingOne()

    async def use() -> None:
        settler, context = settler_of(client)
        assert await settler.step() > 0
        assert sorted(client.settled) == sorted(f"task-{number}" for number in range(TASKS) if f"task-{number}" != BAD)
        assert [task.lease.id for task in context.in_flight] == [BAD]
        assert client.calls <= 2 * TASKS.bit_length() + 1

    asyncio.run(use())


def test_a_settlement_does_not_cost_more_with_many_shards() -> None:
    few, many = (calls_per_settlement(shards) for shards in (TASKS, 1_024))

    assert many < 2 * few


def calls_per_settlement(shards: int) -> float:
    """How many functions are called per task if there is one task in each shard."""
    client = RefusingOne()
    client.refuses = False
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    async def use() -> None:
        settler, _ = settler_of(client, shards)
        sys.setprofile(count)
        try:
            while len(client.settled) < max(TASKS, shards):
                await settler.step()
        finally:
            sys.setprofile(None)

    asyncio.run(use())
    return counted / len(client.settled)
