"""Concurrent calls share script calls; the error of one call does not reach the others."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from redisched.backoff import Backoff
from redisched.client.coalescer import Coalescer
from redisched.client.scheduler import Scheduler
from redisched.errors import BrokerUnavailable, Conflict
from redisched.routing.chunk import CHUNK_TASKS
from redisched.store.enqueued import Enqueued
from redisched.store.operation import RetryPolicy
from redisched.store.values import NewTask, Status
from tests.client.stand_in import StandIn


class Wire:
    """Takes the place of Redis: notes each script call, and lets it end when the test says so."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.answer = asyncio.Event()
        self.error: Exception | None = None
        self.now_s = 0.0

    def retry_policy(self) -> RetryPolicy:
        return RetryPolicy(
            began_s=self.now_s,
            total_s=5.0,
            try_s=2.0,
            backoff=Backoff(base_s=0.0, cap_s=0.0),
            monotonic=lambda: self.now_s,
            random=lambda: 0.0,
        )

    async def send(self, tasks: Sequence[NewTask], retry_policy: RetryPolicy) -> Sequence[Enqueued]:
        self.calls.append([task.id for task in tasks])
        await self.answer.wait()
        if self.error is not None:
            raise self.error
        return [Status.CONFLICT if task.id == "conflict" else Status.CREATED for task in tasks]


def task(id: str) -> NewTask:
    return NewTask(id, 5, "+0", b"")


async def start(coalescer: Coalescer, *ids: str) -> list[asyncio.Task[Enqueued]]:
    """Make these calls, and let the event loop get round to them."""
    callers = [asyncio.create_task(coalescer.submit(task(id))) for id in ids]
    await turns()
    return callers


async def turns() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scene)


def test_calls_of_one_loop_iteration_are_sent_together() -> None:
    async def scene() -> None:
        wire = Wire()
        coalescer = Coalescer(wire.send, wire.retry_policy())
        callers = await start(coalescer, "a", "b")
        callers += await start(coalescer, "c")
        callers += await start(coalescer, "d")
        assert wire.calls == [["a", "b"]]

        wire.answer.set()
        await asyncio.gather(*callers)

        assert wire.calls == [["a", "b"], ["c", "d"]]

    play(scene())


def test_a_call_is_sent_at_once_if_no_other_is_under_way() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.answer.set()
        coalescer = Coalescer(wire.send, wire.retry_policy())

        for id in "abc":
            assert await coalescer.submit(task(id)) is Status.CREATED

        assert wire.calls == [["a"], ["b"], ["c"]]

    play(scene())


def test_many_calls_are_split_and_a_few_parts_are_under_way_at_once() -> None:
    async def scene() -> None:
        wire = Wire()
        coalescer = Coalescer(wire.send, wire.retry_policy())
        callers = await start(coalescer, *(str(number) for number in range(20 * CHUNK_TASKS)))

        assert [len(call) for call in wire.calls] == [CHUNK_TASKS] * 4

        wire.answer.set()
        assert await asyncio.gather(*callers) == [Status.CREATED] * 20 * CHUNK_TASKS
        assert [id for call in wire.calls for id in call] == [str(number) for number in range(20 * CHUNK_TASKS)]

    play(scene())


def test_each_caller_gets_the_answer_to_its_own_call() -> None:
    async def scene() -> None:
        wire = Wire()
        wire.answer.set()
        callers = await start(Coalescer(wire.send, wire.retry_policy()), "a", "conflict", "b")

        assert await asyncio.gather(*callers) == [Status.CREATED, Status.CONFLICT, Status.CREATED]

    play(scene())


def test_an_error_reaches_only_the_calls_that_were_sent_together() -> None:
    async def scene() -> None:
        wire = Wire()
        coalescer = Coalescer(wire.send, wire.retry_policy())
        callers = await start(coalescer, "a", "b")
        wire.error = BrokerUnavailable("gone", 1.0)
        wire.answer.set()

        answers = await asyncio.gather(*callers, return_exceptions=True)
        wire.error = None

        assert [type(answer) for answer in answers] == [BrokerUnavailable, BrokerUnavailable]
        assert await coalescer.submit(task("c")) is Status.CREATED

    play(scene())


def test_a_cancelled_caller_does_not_cancel_the_others() -> None:
    async def scene() -> None:
        wire = Wire()
        coalescer = Coalescer(wire.send, wire.retry_policy())
        in_flight = await start(coalescer, "a", "b")
        waiting = await start(coalescer, "c", "d")

        in_flight[0].cancel()
        waiting[0].cancel()
        await turns()
        wire.answer.set()

        assert [await in_flight[1], await waiting[1]] == [Status.CREATED, Status.CREATED]
        assert wire.calls == [["a", "b"], ["d"]]
        assert in_flight[0].cancelled()
        assert waiting[0].cancelled()

    play(scene())


def test_draining_waits_for_calls_under_way() -> None:
    async def scene() -> None:
        wire = Wire()
        coalescer = Coalescer(wire.send, wire.retry_policy())
        callers = await start(coalescer, "a")
        callers[0].cancel()

        drained = asyncio.create_task(coalescer.drain())
        await turns()
        assert not drained.done()
        wire.answer.set()
        await drained

    play(scene())


def test_concurrent_enqueues_all_arrive_and_errors_reach_their_own_callers(app: Scheduler) -> None:
    @app.task
    def send(number: int) -> None: ...

    async def scene() -> list[Any]:
        calls = [send.enqueue_async(number) for number in range(300)]
        calls.append(send.options(id="taken").enqueue_async(-1))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        await app.close_async()
        return answers

    app.enqueue("other", id="taken")
    *refs, error = asyncio.run(scene())

    worker = StandIn(app, "default")
    arrived = [lease.id for _ in range(4) for lease in worker.lease()]
    assert sorted(arrived) == sorted([*(ref.id for ref in refs), "taken"])
    assert isinstance(error, Conflict)


def test_one_scheduler_serves_one_event_loop_after_another(app: Scheduler) -> None:
    async def scene(number: int) -> str:
        ref = await app.enqueue_async("send", number)
        await app.close_async()
        return ref.id

    ids = [asyncio.run(scene(number)) for number in range(3)]

    assert [lease.id for lease in StandIn(app, "default").lease()] == ids


@pytest.mark.parametrize("turn_count", [0, 1, 2, 3, 5, 8])
def test_cancelling_an_enqueue_leaves_the_connection_usable(app: Scheduler, turn_count: int) -> None:
    async def scene() -> None:
        cancelled = asyncio.create_task(app.enqueue_async("send"))
        for _ in range(turn_count):
            await asyncio.sleep(0)
        cancelled.cancel()
        refs = [await app.enqueue_async("send", number) for number in range(5)]
        assert len({ref.id for ref in refs}) == 5
        await app.close_async()

    play(scene())

    assert len(StandIn(app, "default").lease()) in {5, 6}


def test_the_time_limit_of_a_waiting_call_counts_from_its_beginning() -> None:
    async def scene() -> None:
        wire = Wire()
        coalescer = Coalescer(wire.send, wire.retry_policy())
        (first,) = await start(coalescer, "a")
        (queued,) = await start(coalescer, "b")
        wire.now_s = 4.0
        (fresh,) = await start(coalescer, "c")
        wire.error = BrokerUnavailable("gone", 4.0)
        wire.answer.set()
        await turns()

        for call in (first, queued, fresh):
            with pytest.raises(BrokerUnavailable):
                await call
        # There was no time left for a try of the one that waited; the fresh one was sent.
        assert wire.calls == [["a"], ["c"]]

    play(scene())
