"""What a wake listener waits for, and what it tells the claimer."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from redisched.engine.claiming.waiting_clients import MOST_SPREAD, WaitingClients
from redisched.engine.claiming.wake_listener import WakeListener
from redisched.errors import BrokerUnavailable
from redisched.store.operation import Command
from redisched.store.store import Store
from tests.engine.claiming.bench import Bench, LossyClient, on_bench

QUEUES = ("mail", "billing")
GROUP = ("all", 0)


class NotingClient(LossyClient):
    """A client that notes the names of the commands sent together, and can do something when they are answered."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.client)
        self.sent: list[list[str]] = []
        self.on_reply: Callable[[], object] = lambda: None

    async def perform(self, command: Command) -> Any:
        return await self._note(command, reply=super().perform(command))

    async def perform_last(self, *commands: Command) -> Any:
        return await self._note(*commands, reply=super().perform_last(*commands))

    async def _note(self, *commands: Command, reply: Awaitable[Any]) -> Any:
        self.sent.append([str(command[0]) for command in commands])
        answered = await reply
        self.on_reply()
        return answered


class OneClient(WaitingClients):
    """Gives every caller the same client, and notes for how long the caller wants to wait with it."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.broker, lambda: 1)
        self.client = NotingClient(bench)
        self.blocks_s: list[int] = []

    async def get(self, block_s: int) -> NotingClient:
        self.blocks_s.append(block_s)
        return self.client


def listener_of(bench: Bench, clients: WaitingClients) -> WakeListener:
    return WakeListener(bench.context, clients, bench.claimer)


async def listening(bench: Bench, *stores: Store) -> tuple[WakeListener, OneClient]:
    """A listener that waits for these shards in one command. Its worker is idle, and a task of
    any of the shards wakes it.
    """
    clients = OneClient(bench)
    listener = listener_of(bench, clients)
    for store in stores:
        listener.add(GROUP, store)
    await bench.claimer.step()
    assert await bench.is_idle()
    return listener, clients


def test_a_wait_for_one_shard_also_claims_its_tasks() -> None:
    async def use(bench: Bench) -> None:
        listener, clients = await listening(bench, bench.store())
        await bench.enqueue(1)
        assert await listener.step() == 0.0
        ((first, second),) = clients.client.sent
        assert (first, second) == ("BLPOP", "EVALSHA")
        assert len(bench.context.window) == 1

    on_bench(use)


def test_a_listener_of_many_shards_tells_the_claimer_which_has_a_task() -> None:
    async def use(bench: Bench) -> None:
        listener, clients = await listening(bench, *bench.context.stores.values())
        await bench.enqueue(1, queue="billing")
        await listener.step()
        assert clients.client.sent == [["BLPOP"]]
        assert [task.queue for task in bench.context.window.take_all()] == ["billing"]
        assert not bench.claimer.wake_up_missed.is_set()

    on_bench(use, queues=QUEUES)


def test_a_listener_repeats_a_claim_without_a_reply_before_it_waits_again() -> None:
    async def use(bench: Bench) -> None:
        listener, clients = await listening(bench, bench.store())
        await bench.enqueue(1)
        clients.client.losses = 1
        with pytest.raises(BrokerUnavailable):
            await listener.step()
        assert bench.claimer.wake_up_missed.is_set()
        assert len(bench.context.window) == 0
        await listener.step()
        assert len(clients.client.sent) == 1, "the listener has not waited again"
        assert len(bench.context.window) == 1

    on_bench(use)


def test_after_a_wait_without_a_reply_all_shards_are_claimed_from() -> None:
    async def use(bench: Bench) -> None:
        listener, clients = await listening(bench, *bench.context.stores.values())
        await bench.enqueue(2, queue="mail")
        clients.client.losses = 1
        with pytest.raises(BrokerUnavailable):
            await listener.step()
        assert bench.claimer.wake_up_missed.is_set()
        await bench.enqueue(1, queue="billing")
        await listener.step()
        assert clients.client.sent == [["BLPOP"], ["BLPOP"]]
        assert [task.queue for task in bench.context.window.take_all()] == ["billing"]

    on_bench(use, queues=QUEUES)


def test_a_listener_keeps_a_shard_until_its_claim_there_has_a_reply() -> None:
    async def use(bench: Bench) -> None:
        listener, clients = await listening(bench, bench.store())
        await bench.enqueue(1)
        clients.client.losses = 1
        with pytest.raises(BrokerUnavailable):
            await listener.step()
        assert not listener.remove(GROUP, bench.store())
        await listener.step()
        assert listener.remove(GROUP, bench.store())
        assert len(bench.context.window) == 1

    on_bench(use)


def test_a_wake_up_from_a_shard_left_meanwhile_is_dropped() -> None:
    async def use(bench: Bench) -> None:
        listener, clients = await listening(bench, *bench.context.stores.values())
        await bench.enqueue(1, queue="billing")

        def leave() -> None:
            store = bench.store("billing")
            assert listener.remove(GROUP, store)
            assert bench.claimer.leave(store)

        clients.client.on_reply = leave
        await listener.step()
        assert len(bench.context.window) == 0

    on_bench(use, queues=QUEUES)


def test_a_listener_without_shards_sleeps() -> None:
    async def use(bench: Bench) -> None:
        listener, clients = await listening(bench)
        assert await listener.step() > 0
        assert clients.blocks_s == []

    on_bench(use)


def test_several_groups_are_waited_for_briefly_in_turn_and_a_single_group_for_long() -> None:
    async def use(bench: Bench) -> None:
        listener, clients = await listening(bench)
        for number, store in enumerate(bench.context.stores.values()):
            listener.add(("some", number), store)
        for queue in QUEUES:
            await bench.enqueue(1, queue=queue)
            await listener.step()
            await bench.claimer.step()
        assert {task.queue for task in bench.context.window.take_all()} == set(QUEUES)
        short_s = set(clients.blocks_s)
        assert listener.remove(("some", 0), bench.store("mail"))
        await bench.enqueue(1, queue="billing")
        await listener.step()
        assert clients.blocks_s[-1] == clients.longest_block_s
        assert all(block_s < clients.longest_block_s for block_s in short_s)

    on_bench(use, queues=QUEUES)


def test_the_more_listeners_the_longer_each_waits_up_to_a_limit() -> None:
    async def use(bench: Bench) -> None:
        waits_s = [WaitingClients(bench.broker, lambda: listeners).longest_block_s for listeners in (1, 2)]  # noqa: B023
        assert waits_s[1] == 2 * waits_s[0]
        assert WaitingClients(bench.broker, lambda: 1_000).longest_block_s == MOST_SPREAD * waits_s[0]

    on_bench(use)


def test_listeners_that_wait_equally_long_share_a_client() -> None:
    async def use(bench: Bench) -> None:
        clients = WaitingClients(bench.broker, lambda: 1)
        assert await clients.get(8) is await clients.get(8)
        assert await clients.get(2) is not await clients.get(8)
        await clients.close()

    on_bench(use)
