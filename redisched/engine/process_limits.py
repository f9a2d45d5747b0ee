"""When a worker process is to be replaced: after so many tasks, or with so much memory.

Each process draws limits of its own, a little below those of the settings. Otherwise processes that were started
together would reach them together.
"""

from collections.abc import Callable
from dataclasses import dataclass

from redisched.config import WorkerSettings
from redisched.counted import counted

SPREAD = 0.1
"""A process is replaced between nine tenths of a limit and the limit."""
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLimits:
    """The limits of one process; None is no limit."""

    tasks: int | None
    rss_bytes: int | None

    def reached(self, tasks: int, rss_bytes: int) -> str | None:
        """Which limit a process has reached that has run so many tasks and has so much resident memory, as the end of a
        sentence; None while it has reached none.

        A process that has run nothing has reached no limit. If it had, a limit of memory below what the application
        needs would replace processes for ever, and no task would run.
        """
        if not tasks:
            return None
        if self.tasks is not None and tasks >= self.tasks:
            return f"has run {counted(tasks, 'task')}"
        if self.rss_bytes is not None and rss_bytes > self.rss_bytes:
            return f"has {rss_bytes / MEGABYTE:,.0f} MB of resident memory after {counted(tasks, 'task')}"
        return None


def draw_limits(settings: WorkerSettings, random: Callable[[], float]) -> ProcessLimits:
    """The limits of a new process. `random` returns from [0, 1)."""
    share = 1.0 - SPREAD * random()
    tasks, rss_bytes = settings.max_tasks_per_child, settings.max_rss_bytes
    return ProcessLimits(
        tasks=None if tasks is None else max(1, round(tasks * share)),
        rss_bytes=None if rss_bytes is None else round(rss_bytes * share),
    )
