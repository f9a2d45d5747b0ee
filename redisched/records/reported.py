"""What handlers tell of their progress, as records."""

from typing import Any

from redisched.model import TaskState
from redisched.progress import Log, Progress
from redisched.store.view import TaskView


def progress_record(view: TaskView, progress: Progress | None) -> dict[str, Any] | None:
    """Return the progress of a task as a record; None if there is none."""
    if progress is None:
        return None
    left_s = seconds_left(view, progress)
    return {
        "done": progress.done,
        "total": progress.total,
        "fraction": round(progress.fraction, 6),
        "note": progress.note or None,
        "left_s": None if left_s is None else round(left_s, 3),
        "attempt": progress.attempt,
        "at_ms": progress.at_ms,
    }


def log_records(log: Log) -> list[dict[str, Any]]:
    """Return the lines of a log as records."""
    return [
        {"number": line.number, "attempt": line.attempt, "at_ms": line.at_ms, "text": line.text} for line in log.lines
    ]


def seconds_left(view: TaskView, progress: Progress) -> float | None:
    """For how many seconds the task will go on; None if it does not run, or has told nothing in this attempt."""
    is_running = view.state in (TaskState.LEASED, TaskState.RUNNING) and progress.attempt == view.attempts + 1
    return progress.left_s(view.now_ms) if is_running else None
