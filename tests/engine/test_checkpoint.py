"""Checkpoints of handlers on the event loop and in threads: what one attempt saves, the next one is given."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from redisched import Retry, Scheduler, TaskState, current_task
from redisched.context import TaskContext
from redisched.errors import LeaseLost, NotEncodable, PayloadTooLarge, Undecodable
from redisched.keys import keys_of
from redisched.store.broker import Broker
from tests.engine.running import END_S, RunningWorker, work_off

ATTEMPTS = 4
STATE: dict[str, Any] = {"page": 7, "seen": {1, 2}, "cursor": b"\x00"}


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


def save_and_fail(seen: list[Any]) -> None:
    seen.append(current_task().state)
    if len(seen) < ATTEMPTS:
        current_task().checkpoint({**STATE, "attempt": current_task().attempt})
        raise ValueError("the line is cut")


async def save_and_fail_async(seen: list[Any]) -> None:
    seen.append(current_task().state)
    if len(seen) < ATTEMPTS:
        await current_task().checkpoint_async({**STATE, "attempt": current_task().attempt})
        raise ValueError("the line is cut")


async def save_and_fail_in_a_thread(seen: list[Any]) -> None:
    await asyncio.to_thread(save_and_fail, seen)


@pytest.mark.parametrize("function", [save_and_fail, save_and_fail_async, save_and_fail_in_a_thread])
def test_each_attempt_is_given_what_the_one_before_saved(app: Scheduler, function: Callable[..., Any]) -> None:
    seen: list[Any] = []
    is_async = asyncio.iscoroutinefunction(function)

    async def run_async() -> None:
        await function(seen)

    handler = app.task(name="f", retry=Retry(attempts=ATTEMPTS, backoff=[0]))(
        run_async if is_async else lambda: function(seen)
    )
    task = handler.enqueue()
    with RunningWorker(app):
        task.result(timeout=END_S)

    assert seen == [None, *({**STATE, "attempt": attempt} for attempt in range(1, ATTEMPTS))]
    assert task.status() is TaskState.SUCCEEDED
    assert app.broker.client().perform(("EXISTS", keys_of("default").checkpoints)) == 0


def errors_of(app: Scheduler, save: Callable[[TaskContext], Any]) -> list[BaseException]:
    """What saving raises in a thread of a worker."""
    raised: list[BaseException] = []

    @app.task(name="f")
    def handler() -> None:
        try:
            save(current_task())
        except BaseException as error:
            raised.append(error)

    handler.enqueue()
    work_off(app)
    return raised


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        (threading.Lock(), NotEncodable, "^checkpoint of f=<unlocked"),
        (b"x" * 300_000, PayloadTooLarge, "^checkpoint of f='30000. bytes': at most 262144 bytes"),
    ],
)
def test_a_state_that_cannot_be_kept_is_refused_before_anything_is_sent(
    app: Scheduler, state: Any, error: type[Exception], said: str
) -> None:
    (raised,) = errors_of(app, lambda task: task.checkpoint(state))

    with pytest.raises(error, match=said):
        raise raised
    assert app.broker.client().perform(("EXISTS", keys_of("default").checkpoints)) == 0


def test_a_worker_that_lost_the_task_saves_nothing(app: Scheduler) -> None:
    def save(task: TaskContext) -> None:
        app.broker.client().perform(("HSET", keys_of("default").held, task.id, f"{task.fence + 1} 0 0 another"))
        task.checkpoint("stale")

    (raised,) = errors_of(app, save)

    assert isinstance(raised, LeaseLost)
    assert app.broker.client().perform(("EXISTS", keys_of("default").checkpoints)) == 0


def test_on_the_event_loop_the_blocking_call_is_refused(app: Scheduler) -> None:
    raised: list[Exception] = []

    @app.task(name="f")
    async def handler() -> None:
        try:
            current_task().checkpoint("page 7")
        except RuntimeError as error:
            raised.append(error)

    handler.enqueue()
    work_off(app)

    (error,) = raised
    assert str(error).endswith("await checkpoint_async() instead")


def test_damaged_bytes_raise_an_error_where_the_state_is_asked_for(app: Scheduler) -> None:
    raised: list[Exception] = []

    @app.task(name="f", retry=Retry(attempts=2, backoff=[0]))
    def handler() -> None:
        task = current_task()
        if task.attempt == 1:
            task.checkpoint("page 7")
            app.broker.client().perform(("HSET", keys_of("default").checkpoints, task.id, b"\xc1"))
            raise ValueError("the line is cut")
        try:
            task.state  # noqa: B018
        except Undecodable as error:
            raised.append(error)

    task = handler.enqueue()
    with RunningWorker(app):
        task.result(timeout=END_S)

    assert len(raised) == 1


def test_a_replay_goes_on_from_the_checkpoint_and_other_arguments_begin_anew(app: Scheduler) -> None:
    seen: list[Any] = []

    @app.task(name="f", retry=Retry(attempts=1))
    def handler(order: int) -> None:
        seen.append((order, current_task().state))
        current_task().checkpoint(f"half of {order}")
        raise ValueError("the line is cut")

    task = handler.enqueue(1)
    work_off(app)
    task.replay()
    work_off(app)
    task.replay_with(2)
    work_off(app)

    assert seen == [(1, None), (1, "half of 1"), (2, None)]


def test_outside_of_a_worker_nothing_is_saved() -> None:
    context = TaskContext(
        id="a", name="f", queue="q", attempt=1, max_attempts=1, fence=1, priority=5, run_at_ms=0, worker="w"
    )
    context.checkpoint("page 7")
    asyncio.run(context.checkpoint_async("page 7"))

    assert context.state is None
