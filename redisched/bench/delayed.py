"""Delayed tasks that are due at random moments, and how late each of them started."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redisched.bench.fleet import MeasuredStart
from redisched.bench.jobs import Jobs
from redisched.bench.percentile import p50_and_p99
from redisched.model import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Delayed:
    """When each task is due by the server's clock, which is `server_ahead_s` ahead of this machine's."""

    due_ms: Mapping[int, int]
    server_ahead_s: float

    def late_ms(self, starts: Sequence[MeasuredStart]) -> list[float]:
        """For each start, how many milliseconds it came after the due time; a negative value is too early."""
        return [self._server_ms(start) - self.due_ms[start.task] for start in starts]

    def due_before(self, end: MeasuredStart) -> set[int]:
        """The tasks that were due before a start."""
        return {task for task, due_ms in self.due_ms.items() if due_ms < self._server_ms(end)}

    def _server_ms(self, start: MeasuredStart) -> float:
        return (start.time_s + self.server_ahead_s) * 1e3


def enqueue_delayed(
    jobs: Jobs,
    tasks: range,
    *,
    server_ahead_s: float,
    after_s: float,
    over_s: float,
    priority: Priority = Priority.NORMAL,
) -> Delayed:
    """Enqueue `rec` tasks with random due times within a period that begins after a delay, both in seconds."""
    chance = random.Random(1)
    begin_s = time.time() + server_ahead_s + after_s
    due_ms = {task: round((begin_s + chance.random() * over_s) * 1e3) for task in tasks}
    jobs.app.enqueue_many(
        [
            jobs.rec.options(run_at=moment_ms / 1e3, priority=priority).request(task)
            for task, moment_ms in due_ms.items()
        ]
    )
    return Delayed(due_ms=due_ms, server_ahead_s=server_ahead_s)


def lateness_figures(late_ms: Sequence[float]) -> dict[str, float]:
    """The figures that are published about the lateness of many tasks."""
    return {
        **p50_and_p99(late_ms),
        "max": max(late_ms),
        "early": sum(late < 0 for late in late_ms),
    }
