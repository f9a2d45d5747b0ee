"""What the claimer does when it is told of wake-ups. The tests tell it; there is no listener."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from redisched.errors import BrokerUnavailable
from redisched.store.operation import AsyncClient, Command
from tests.engine.claiming.bench import Bench, on_bench


class HeldBack:
    """A client that sends its commands only once the test allows it, as if they stood behind a wait for a wake-up."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self.is_let_go = asyncio.Event()

    async def perform(self, command: Command) -> Any:
        await self.is_let_go.wait()
        return await self._client.perform(command)

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        raise AssertionError("a claim is one command")


def ids_in_window(bench: Bench) -> list[str]:
    return sorted(task.lease.id for task in bench.context.window.take_all())


def test_an_idle_worker_claims_when_woken_and_does_not_claim_again() -> None:
    async def use(bench: Bench) -> None:
        await bench.claimer.step()
        assert await bench.is_idle()
        await bench.enqueue(1)
        await bench.claimer.woken(bench.store())
        assert len(bench.context.window) == len(bench.context.in_flight) == 1
        assert bench.claimer.changed.is_set()
        bench.lose_replies(9)  # a step that claimed would fail
        assert await bench.claimer.step() > 1
        assert await bench.is_idle()

    on_bench(use, concurrency=2)


def test_no_listener_waits_until_the_claimer_has_looked_for_free_slots() -> None:
    async def use(bench: Bench) -> None:
        await bench.claimer.step()
        await bench.enqueue(1)
        await bench.claimer.woken(bench.store())
        assert not await bench.is_idle()
        await bench.claimer.step()
        assert not await bench.is_idle(), "the only slot is taken"

    on_bench(use, concurrency=1)


def test_tasks_left_after_a_wake_up_are_claimed_by_the_next_step() -> None:
    async def use(bench: Bench) -> None:
        await bench.claimer.step()
        await bench.enqueue(8)
        await bench.claimer.woken(bench.store())
        assert len(bench.context.window) == 2, "with four shards one takes a quarter"
        await bench.claimer.step()
        assert len(bench.context.window) == 8

    on_bench(use, concurrency=8, queues=("default", "mail", "billing", "news"))


def test_late_tasks_are_kept_if_there_is_room_and_the_rest_is_released() -> None:
    async def use(bench: Bench) -> None:
        behind = HeldBack(bench.client)
        claiming = asyncio.ensure_future(bench.claimer.claim_behind(behind, bench.store()))
        await asyncio.sleep(0)
        await bench.enqueue(3)
        await bench.claimer.step()
        assert not await bench.is_idle(), "more is due"
        assert len(bench.context.window) == 2
        assert bench.context.window.pop(bench.context.server_now_ms())
        await bench.enqueue(1)
        behind.is_let_go.set()
        await claiming
        assert len(bench.context.window) == 2, "there was room for one"
        assert len(bench.context.in_flight) == 4
        await bench.settler.step()
        assert len(bench.context.in_flight) == 3
        assert bench.waiting() == 1
        assert bench.wakes() == 1, "another worker is woken for the released task"

    on_bench(use, concurrency=2)


def test_a_claim_behind_a_wait_is_carried_out_even_if_the_worker_claimed_meanwhile() -> None:
    async def use(bench: Bench) -> None:
        behind = HeldBack(bench.client)
        claiming = asyncio.ensure_future(bench.claimer.claim_behind(behind, bench.store()))
        await asyncio.sleep(0)
        for _ in range(2):
            await bench.enqueue(1)
            await bench.claimer.step()
        await bench.enqueue(1)
        behind.is_let_go.set()
        await claiming
        assert len(bench.context.window) == 3

    on_bench(use, concurrency=9)


def test_a_claim_whose_reply_was_lost_is_repeated_and_answered_with_the_same_tasks() -> None:
    async def use(bench: Bench) -> None:
        await bench.claimer.step()
        await bench.enqueue(2)
        bench.lose_replies(1)
        with pytest.raises(BrokerUnavailable):
            await bench.claimer.claim_behind(bench.client, bench.store())
        assert bench.waiting() == 0, "the claim was executed"
        assert len(bench.context.window) == 0
        await bench.enqueue(1)
        await bench.claimer.woken(bench.store())
        assert len(bench.context.window) == 2
        assert bench.waiting() == 1, "the same claim was repeated, and not a new one made"

    on_bench(use, concurrency=9)


def test_a_shard_is_not_left_while_a_claim_has_no_reply() -> None:
    async def use(bench: Bench) -> None:
        bench.lose_replies(1)
        with pytest.raises(BrokerUnavailable):
            await bench.claimer.woken(bench.store())
        assert not bench.claimer.leave(bench.store())
        await bench.claimer.woken(bench.store())
        assert bench.claimer.leave(bench.store())

    on_bench(use)


def test_tasks_claimed_without_a_reply_are_released_at_the_end() -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(1)
        bench.lose_replies(1)
        await bench.claimer.step()
        await bench.enqueue(1)
        bench.lose_replies(1)
        with pytest.raises(BrokerUnavailable):
            await bench.claimer.claim_behind(bench.client, bench.store())
        assert bench.waiting() == 0
        await bench.claimer.finish()
        await bench.settler.step()
        assert bench.waiting() == 2
        assert ids_in_window(bench) == []
        assert not bench.context.in_flight

    on_bench(use)


def test_tasks_of_a_claim_that_never_gets_a_reply_wait_for_the_end_of_their_lease() -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(1)
        bench.lose_replies(2)
        with pytest.raises(BrokerUnavailable):
            await bench.claimer.woken(bench.store())
        await bench.claimer.finish()
        assert not bench.context.in_flight

    on_bench(use)
