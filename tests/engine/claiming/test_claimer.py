"""What a worker claims, and when it listens for wake-ups. Nothing runs here: what is claimed stays in the window."""

import pytest

from redisched.engine.claiming.claim_stream import ClaimStream
from redisched.engine.claiming.turns import LOOK_AGAIN_S
from redisched.engine.window import LARGEST_CLAIM
from redisched.keys import keys_of
from redisched.store.operation import run_async
from redisched.store.store import Store
from redisched.store.values import NewTask
from tests.engine.claiming.bench import Bench, on_bench
from tests.engine.leases import NOW_MS


def test_a_worker_claims_for_its_free_slots_and_no_more() -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(10)
        await bench.claimer.step()
        await bench.claimer.step()
        assert len(bench.context.window) == len(bench.context.in_flight) == 4

    on_bench(use, concurrency=4)


def test_a_worker_that_found_nothing_listens() -> None:
    async def use(bench: Bench) -> None:
        assert await bench.claimer.step() > 1
        assert await bench.is_idle()
        assert bench.claimer.drained.is_set()

    on_bench(use)


def test_a_worker_without_a_free_slot_does_not_listen() -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(1)
        await bench.claimer.step()
        assert not await bench.is_idle()
        assert not bench.claimer.drained.is_set()

    on_bench(use, concurrency=1)


def test_a_worker_that_claimed_a_task_and_has_a_free_slot_listens() -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(1)
        await bench.claimer.step()
        assert await bench.is_idle()

    on_bench(use, concurrency=2)


def test_a_claim_that_leaves_due_tasks_wakes_another_worker() -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(3)
        bench.broker.client().perform(("DEL", keys_of("default").wake))
        await bench.claimer.step()
        assert bench.wakes("default") == 1

    on_bench(use, concurrency=2)


def test_queues_take_turns_at_being_claimed_from_first() -> None:
    async def use(bench: Bench) -> None:
        for queue in ("mail", "billing"):
            await bench.enqueue(1, queue=queue)
        await bench.claimer.step()
        first = {task.queue for task in bench.context.window.take_all()}
        await bench.claimer.step()
        second = {task.queue for task in bench.context.window.take_all()}
        assert {*first, *second} == {"mail", "billing"}
        assert len(first) == len(second) == 1

    on_bench(use, concurrency=1, queues=("mail", "billing"))


def test_the_claimer_sleeps_no_longer_than_until_the_next_delayed_task() -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(1, delay=1.0)
        assert 0 < await bench.claimer.step() <= 1.0

    on_bench(use)


@pytest.mark.parametrize(("window_ms", "claimed"), [(0, 0), (2_000, 1)])
def test_a_task_that_is_due_soon_is_claimed_early_if_there_is_a_window(window_ms: float, claimed: int) -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(1, delay=1.0)
        await bench.claimer.step()
        assert len(bench.context.window) == claimed

    on_bench(use, window_ms=window_ms)


def test_an_empty_shard_is_not_asked_for_a_while_if_another_has_tasks() -> None:
    async def use(bench: Bench) -> None:
        await bench.enqueue(1_000, queue="mail")
        await bench.claimer.step()
        await bench.enqueue(1, queue="billing")
        claimed = []
        for _ in range(3):
            await bench.claimer.step()
            claimed += [task.queue for task in bench.context.window.take_all()]
        assert set(claimed) == {"mail"}
        bench.elapsed_s = LOOK_AGAIN_S
        for _ in range(2):
            await bench.claimer.step()
        assert "billing" in {task.queue for task in bench.context.window.take_all()}

    on_bench(use, concurrency=LARGEST_CLAIM + 1, queues=("mail", "billing"))


def test_a_worker_asks_every_shard_before_it_sleeps() -> None:
    async def use(bench: Bench) -> None:
        await bench.claimer.step()
        await bench.enqueue(1, queue="billing")
        await bench.claimer.step()
        assert [task.queue for task in bench.context.window.take_all()] == ["billing"]

    on_bench(use, queues=("mail", "billing"))


def test_a_step_without_room_does_not_skip_the_turn_of_a_shard() -> None:
    async def use(bench: Bench) -> None:
        for queue in ("mail", "billing"):
            await bench.enqueue(3, queue=queue)
        claimed = []
        for _ in range(3):
            await bench.claimer.step()
            await bench.claimer.step()
            claimed += [task.queue for task in bench.context.window.take_all()]
        assert claimed in (["mail", "billing", "mail"], ["billing", "mail", "billing"])

    on_bench(use, concurrency=1, queues=("mail", "billing"))


def test_of_equal_priorities_the_task_claimed_first_starts_first() -> None:
    async def use(bench: Bench) -> None:
        await bench.app.grow_async("default", 3)
        context = bench.context
        for shard in (1, 2):
            context.stores["default", shard] = Store(bench.broker.script_runner, "default", shard)
        ids = (("b", 5), ("a", 5), ("c", 0))
        for shard, when in ((2, "@2000"), (0, "@1000")):
            tasks = [NewTask(f"{id}-of-{shard}", priority, when, b"digest-1") for id, priority in ids]
            await run_async(context.stores["default", shard].enqueue(tasks), bench.broker.async_client())
        for shard in (2, 0):
            stream = ClaimStream(context, context.stores["default", shard], "")
            for task in (await stream.claim(9, bench.broker.async_client())).tasks:
                context.window.add([task], NOW_MS)
        started = [due.lease.id for _ in range(6) if (due := context.window.pop(NOW_MS))]
        assert started == ["c-of-2", "c-of-0", "a-of-2", "b-of-2", "a-of-0", "b-of-0"]

    on_bench(use)
