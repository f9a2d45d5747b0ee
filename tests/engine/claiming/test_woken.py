"""What the claimer does when it is told of wake-ups, without a listener that tells it."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from redisched.errors import BrokerUnavailable
from redisched.store.operation import AsyncClient, Command
from tests.engine.claiming.bench import Bench, on_bench


class HeldBack:
    """A client that sends its commands when it is let go, as behind a wait for a wake-up."""

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


def test_an_idle_worker_takes_in_what_it_is_woken_for_and_does_not_ask_again() -> None:
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


def test_no_listener_waits_again_before_it_is_known_whether_there_is_still_room() -> None:
    async def use(bench: Bench) -> None:
        await bench.claimer.step()
        await bench.enqueue(1)
        await bench.claimer.woken(bench.store())
        assert not await bench.is_idle()
        await bench.claimer.step()
        assert not await bench.is_idle(), "the only slot is taken"

    on_bench(use, concurrency=1)


def test_what_is_left_after_a_wake_up_is_claimed_by_the_next_step() -> None:
    async def use(bench: Bench) -> None:
        await bench.claimer.step()
        await bench.enqueue(8)
        await bench.claimer.woken(bench.store())
        assert len(bench.context.window) == 2, "with four shards one takes a quarter"
        await bench.claimer.step()
        assert len(bench.context.window) == 8

    on_bench(use, concurrency=8, queues=("default", "mail", "billing", "news"))


def test_what_comes_late_is_kept_as_far_as_there_is_room_and_the_rest_is_given_back() -> None:
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
        assert bench.wakes() == 1, "another worker is woken for it"

    on_bench(use, concurrency=2)


def test_a_claim_behind_a_wait_gets_its_tasks_though_the_worker_has_claimed_meanwhile() -> None:
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
        assert bench.waiting() == 0, "it was executed"
        assert len(bench.context.window) == 0
        await bench.enqueue(1)
        await bench.claimer.woken(bench.store())
        assert len(bench.context.window) == 2
        assert bench.waiting() == 1, "the claim was repeated, not made anew"

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


def test_what_was_claimed_without_a_reply_is_given_back_at_the_end() -> None:
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


def test_a_claim_that_still_gets_no_reply_at_the_end_is_left_to_its_lease() -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(1)
        bench.lose_replies(2)
        with pytest.raises(BrokerUnavailable):
            await bench.claimer.woken(bench.store())
        await bench.claimer.finish()
        assert not bench.context.in_flight

    on_bench(use)
