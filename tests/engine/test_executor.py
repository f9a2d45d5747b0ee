"""The executor without Redis: which task starts, how it ends, and that a slot survives every handler."""

import asyncio

import pytest

from redisched import Scheduler
from redisched.errors import CancelRequested
from redisched.model import TaskBody
from redisched.store.values import Ack, Bury, FailedAttempt, Release
from tests.engine.executor_bench import Bench, on_bench
from tests.engine.leases import NOW_MS, leased_task


@pytest.fixture
def app() -> Scheduler:
    app = Scheduler()
    app.task(name="add")(lambda a, b: a + b)
    return app


def test_a_task_is_run_and_acked(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        task = bench.give("add", 1, 2)
        completion = await bench.completion()
        assert completion.task is task
        assert isinstance(completion.settlement, Ack)
        assert task.started_ms == NOW_MS
        assert bench.executor.free == 2

    on_bench(app, use)


def test_arguments_that_do_not_fit_count_as_a_failure(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        bench.give("add", 1)
        assert await bench.settlements(1) == {"FailedAttempt"}

    on_bench(app, use)


def test_a_task_whose_lease_is_no_longer_trusted_is_released_unstarted(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        bench.clock.now_s = 27.0
        bench.give("add", 1, 2)
        completion = await bench.completion()
        assert isinstance(completion.settlement, Release)
        assert completion.task.started_ms == 0

    on_bench(app, use)


def test_a_suspect_whose_start_cannot_be_noted_is_released_unstarted(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        bench.still_mine = False
        task = bench.give("add", 1, 2, crashes=1)
        assert await bench.settlements(1) == {"Release"}
        assert task.started_ms == 0

    on_bench(app, use)


def test_suspects_run_one_at_a_time_and_all_of_them_run(app: Scheduler) -> None:
    running, most = 0, 0

    async def suspicious() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    app.task(name="suspicious")(suspicious)

    async def use(bench: Bench) -> None:
        for number in range(5):
            bench.give("suspicious", id=f"s{number}", crashes=1)
        assert await bench.settlements(5) == {"Ack"}

    on_bench(app, use)
    assert most == 1


def test_a_task_starts_at_exactly_its_millisecond(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        bench.give("add", 1, 2, run_at_ms=NOW_MS + 5)
        await bench.turn()
        assert bench.completions.empty()
        bench.clock.now_s += 0.005
        task = (await bench.completion()).task
        assert task.started_ms == NOW_MS + 5

    on_bench(app, use)


def test_due_tasks_cause_no_polling_while_all_slots_are_busy(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        release = asyncio.Event()
        app.task(name="wait")(release.wait)
        for id in "ab":
            bench.give("wait", id=id)
        await bench.turn()
        bench.give("add", 1, 2, id="ahead", run_at_ms=NOW_MS + 5)
        bench.clock.now_s += 0.010
        bench.executor.offer(1)
        asked = bench.window.asked
        await bench.turn(500)
        assert bench.window.asked - asked < 10

        release.set()
        assert await bench.settlements(3) == {"Ack"}

    on_bench(app, use)


def test_a_slot_that_becomes_free_starts_the_next_task_when_due(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        release = asyncio.Event()
        app.task(name="wait")(release.wait)
        for id in "ab":
            bench.give("wait", id=id)
        await bench.turn()
        bench.give("add", 1, 2, id="ahead", run_at_ms=NOW_MS + 5)
        release.set()
        assert await bench.settlements(2) == {"Ack"}
        bench.clock.now_s += 0.005
        assert await bench.settlements(1) == {"Ack"}

    on_bench(app, use)


def test_two_leases_of_the_same_task_may_run_at_the_same_time(app: Scheduler) -> None:
    """The first lease was lost, its handler has not noticed it, and the same worker claimed the task again."""

    async def use(bench: Bench) -> None:
        releases = [asyncio.Event(), asyncio.Event()]

        async def wait(number: int) -> None:
            await releases[number].wait()

        app.task(name="wait")(wait)
        first = bench.give("wait", 0, token=7)
        second = bench.give("wait", 1, token=8)
        await bench.turn()
        assert bench.executor.free == 0
        for release in releases:
            release.set()
        assert {(await bench.completion()).task for _ in releases} == {first, second}

        for id in "bcde":
            bench.give("add", 1, 2, id=id)
        assert await bench.settlements(4) == {"Ack"}
        assert bench.executor.free == 2

    on_bench(app, use)


def test_a_slot_survives_every_handler(app: Scheduler) -> None:
    async def by_itself() -> None:
        raise asyncio.CancelledError

    async def odd() -> None:
        raise StopAsyncIteration

    def leave() -> None:
        raise SystemExit

    for handler in (by_itself, odd, leave):
        app.task(name=handler.__name__)(handler)

    async def use(bench: Bench) -> None:
        for _ in range(3):
            for name in ("by_itself", "odd", "leave"):
                bench.give(name, id=name)
        assert await bench.settlements(9) == {"FailedAttempt"}
        bench.give("add", 1, 2)
        assert await bench.settlements(1) == {"Ack"}

    on_bench(app, use)


def test_a_task_cancelled_before_its_start_never_starts(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        task = leased_task("a", body=TaskBody("add", (1, 2)))
        task.cancelling = True
        bench.window.add([task], NOW_MS)
        bench.executor.offer(1)
        assert await bench.settlements(1) == {"Ack"}
        assert task.started_ms == 0

    on_bench(app, use)


def test_an_interruption_ends_a_running_task_and_a_second_one_is_ignored(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        app.task(name="wait")(asyncio.Event().wait)
        task = bench.give("wait")
        await bench.turn()
        bench.executor.interrupt(task, CancelRequested)
        assert await bench.settlements(1) == {"Ack"}
        bench.executor.interrupt(task, CancelRequested)

    on_bench(app, use)


def test_a_task_with_an_unknown_name_is_released_with_growing_pauses_and_then_buried(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        bench.give("nobody")
        settlement = (await bench.completion()).settlement
        assert isinstance(settlement, Release)
        assert settlement.pause_ms == 500

    on_bench(app, use)


def test_a_record_that_is_not_a_task_is_buried(app: Scheduler) -> None:
    async def use(bench: Bench) -> None:
        task = leased_task("a")
        task.lease = task.lease._replace(record=b"12345678\xc1")
        bench.window.add([task], NOW_MS)
        bench.executor.offer(1)
        assert isinstance((await bench.completion()).settlement, Bury)

    on_bench(app, use)


def test_retries_are_counted_by_the_handlers_own_limit(app: Scheduler) -> None:
    def fail() -> None:
        raise ValueError("no")

    app.task(name="fail", max_attempts=2)(fail)

    async def use(bench: Bench) -> None:
        bench.give("fail")
        assert isinstance((await bench.completion()).settlement, FailedAttempt)
        bench.give("fail", attempts=1)
        assert isinstance((await bench.completion()).settlement, Bury)

    on_bench(app, use)
