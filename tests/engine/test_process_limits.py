"""When a process has reached a limit of tasks or memory."""

import pytest

from redisched.config import WorkerSettings
from redisched.engine.process_limits import ProcessLimits, draw_limits


@pytest.mark.parametrize(
    ("tasks", "rss_bytes", "reached"),
    [
        (0, 999, None),
        (9, 50, None),
        (10, 50, "has run 10 tasks"),
        (1, 51, "has 0 MB of resident memory after 1 task"),
        (9_999, 0, "has run 9999 tasks"),
    ],
)
def test_a_limit_is_reached_with_the_last_task_or_byte(tasks: int, rss_bytes: int, reached: str | None) -> None:
    assert ProcessLimits(tasks=10, rss_bytes=50).reached(tasks, rss_bytes) == reached


@pytest.mark.parametrize(
    ("given", "chance", "drawn"),
    [(1_000, 0.0, 1_000), (1_000, 0.999, 900), (5, 0.5, 5), (1, 0.999, 1), (None, 0.5, None)],
)
def test_the_limits_of_each_process_are_a_little_lower(given: int | None, chance: float, drawn: int | None) -> None:
    settings = WorkerSettings(max_tasks_per_child=given, max_rss_bytes=given)

    assert draw_limits(settings, lambda: chance) == ProcessLimits(tasks=drawn, rss_bytes=drawn)
