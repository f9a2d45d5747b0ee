"""Leased tasks that do not start are given back, and the worker looks for others."""

import asyncio
from collections.abc import Callable
from typing import Any

from redisched import Scheduler
from redisched.config import Settings, WorkerSettings
from redisched.engine.completion import Completion
from redisched.engine.prefetch_releaser import PrefetchReleaser
from redisched.engine.settler import Settler
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.store.values import Release
from tests.engine.leases import NOW_MS, WORKER, leased_task


class MovableClock:
    now_s = 10.0

    def monotonic(self) -> float:
        return self.now_s


class Listener(Settler):
    """Keeps the completions it is given."""

    def __init__(self) -> None:
        self.completions: list[Completion] = []

    def add(self, outcome: Completion) -> None:
        self.completions.append(outcome)


def context_at(clock: MovableClock, settings: WorkerSettings) -> WorkerContext:
    context = WorkerContext(
        worker=WORKER,
        settings=Settings(),
        worker_settings=settings,
        registry=Scheduler().registry,
        stores={},
        window=Window(settings.window_ms, settings.release_after_ms),
        started=NoStartedTable(),
        clock=clock,
        random=lambda: 0.0,
    )
    context.server_clock.observe(clock.now_s, clock.now_s, NOW_MS * 1000)
    return context


def released_after(waited_s: float, settings: WorkerSettings, on_room: Callable[[], Any]) -> list[Completion]:
    """The releases of one task that has waited for so long."""
    clock, settler = MovableClock(), Listener()
    context = context_at(clock, settings)
    context.window.add([leased_task("a")], NOW_MS)
    clock.now_s += waited_s
    asyncio.run(_step(PrefetchReleaser(context, settler, on_room)))
    return settler.completions


async def _step(releaser: PrefetchReleaser) -> None:
    assert await releaser.step() > 0


def test_a_task_that_does_not_start_in_time_is_released_and_makes_room() -> None:
    room: list[None] = []
    (released,) = released_after(0.2, WorkerSettings(), lambda: room.append(None))

    assert released.settlement == Release("a", 7, 0)
    assert len(room) == 1


def test_a_task_that_may_still_start_is_kept() -> None:
    room: list[None] = []

    assert released_after(0.09, WorkerSettings(), lambda: room.append(None)) == []
    assert released_after(0.01, WorkerSettings(window_ms=0), lambda: room.append(None)) == []
    assert room == []
