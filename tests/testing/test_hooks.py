"""Middleware and events of an application that is tested."""

from collections.abc import Callable
from typing import Any

import pytest

from redisched import Retry, Scheduler, TaskContext, current_task, testing


class Told:
    """An application whose middleware and events note that they were called."""

    def __init__(self) -> None:
        self.app = Scheduler()
        self.notes: list[tuple[Any, ...]] = []
        for event in ("on_success", "on_failure", "on_retry", "on_dead", "on_cancelled"):
            getattr(self.app, event)(self._noting(event))
        self.app.on_worker_start(lambda worker: self.notes.append(("start", worker.queues)))
        self.app.on_worker_stop(lambda worker: self.notes.append(("stop",)))

    def _noting(self, event: str) -> Callable[..., None]:
        if event == "on_cancelled":
            return lambda ctx: self.notes.append((event, ctx.attempt))
        if event == "on_success":
            return lambda ctx, result: self.notes.append((event, ctx.attempt, result))
        return lambda ctx, failure: self.notes.append((event, ctx.attempt, failure.error))


@pytest.fixture
def told() -> Told:
    return Told()


def test_every_event_is_told_once_it_is_settled(told: Told) -> None:
    @told.app.task(name="second", retry=Retry(attempts=2))
    def second(limit: int) -> str:
        if current_task().attempt < limit:
            raise ValueError("no")
        return "yes"

    with testing.worker(told.app) as worker:
        second.enqueue(2)
        second.enqueue(3)
        worker.advance("1m")

    assert told.notes[0] == ("start", ("default",))
    assert told.notes[-1] == ("stop",)
    assert sorted(told.notes[1:-1]) == [
        ("on_dead", 2, "ValueError: no"),
        ("on_failure", 1, "ValueError: no"),
        ("on_failure", 1, "ValueError: no"),
        ("on_failure", 2, "ValueError: no"),
        ("on_retry", 1, "ValueError: no"),
        ("on_retry", 1, "ValueError: no"),
        ("on_success", 2, "yes"),
    ]


def test_an_event_may_be_async_and_enqueue(told: Told) -> None:
    @told.app.task(name="first")
    def first() -> None:
        """Nothing."""

    @told.app.on_success
    async def follow(ctx: TaskContext, result: object) -> None:
        if ctx.name == "first":
            await told.app.enqueue_async("then", queue="default")

    @told.app.task(name="then")
    def then() -> str:
        return "followed"

    with testing.worker(told.app) as worker:
        first.enqueue()
        assert worker.run_until_idle() == 2

    assert ("on_success", 1, "followed") in told.notes


def test_an_event_that_raises_changes_nothing(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    @told.app.on_success
    def fail(ctx: TaskContext, result: object) -> None:
        raise ZeroDivisionError

    @told.app.task(name="first")
    def first() -> int:
        return 1

    with testing.worker(told.app, raise_errors=True):
        assert first.enqueue().result() == 1

    assert "event on_success" in caplog.text


def test_middleware_is_called_around_every_kind_of_handler(told: Told) -> None:
    @told.app.middleware
    async def around(ctx: TaskContext, call_next: Callable[[], Any]) -> Any:
        return [ctx.name, await call_next()]

    @told.app.task(name="sync")
    def sync() -> int:
        return current_task().attempt

    @told.app.task(name="async")
    async def asynchronous() -> int:
        return 2

    with testing.worker(told.app):
        assert sync.enqueue().result() == ["sync", 1]  # type: ignore[comparison-overlap]
        assert asynchronous.enqueue().result() == ["async", 2]  # type: ignore[comparison-overlap]
