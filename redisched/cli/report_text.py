"""Turns what handlers tell of their progress into output of the command line: records for JSON, lines for people."""

from typing import Any

from redisched.cli.times import duration, exact
from redisched.model import TaskState
from redisched.printable import printable
from redisched.progress import Log, LogLine, Progress
from redisched.store.view import TaskView

_CLOCK = slice(11, 19)
"""Where the time of day stands in an exact time."""


def progress_record(view: TaskView, progress: Progress | None) -> dict[str, Any] | None:
    """Return the progress of a task as a record; None if there is none."""
    if progress is None:
        return None
    left_s = _left_s(view, progress)
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


def progress_text(view: TaskView, progress: Progress) -> str:
    """Return the progress of a task as one line, such as: 45 %, 450 of 1000, 12.3 s left, importing."""
    parts = [percent(progress), counts(progress), left(view, progress), printable(progress.note)]
    return ", ".join(filter(None, parts))


def percent(progress: Progress) -> str:
    """Return what part is done. It is 100 % only when all is done."""
    return f"{int(progress.fraction * 100)} %"


def counts(progress: Progress) -> str:
    """Return how much is done of how much."""
    return f"{_number(progress.done)} of {_number(progress.total)}"


def left(view: TaskView, progress: Progress) -> str:
    """Return for how long the task will go on, "" if that is not known or nothing is left to do."""
    left_s = _left_s(view, progress)
    return f"{duration(round(left_s * 1e3))} left" if left_s else ""


def line_text(line: LogLine) -> str:
    """Return a line of a log with its time (UTC), and its attempt unless that is the first."""
    attempt = f"attempt {line.attempt}  " if line.attempt > 1 else ""
    return f"{exact(line.at_ms)[_CLOCK]}  {attempt}{printable(line.text)}"


def dropped_text(count: int) -> str:
    """Return how many lines of a log are not kept."""
    return f"({count} {'line' if count == 1 else 'lines'} before this not kept)"


def _left_s(view: TaskView, progress: Progress) -> float | None:
    """For how many seconds the task will go on; None if it does not run, or has told nothing in this attempt."""
    is_running = view.state in (TaskState.LEASED, TaskState.RUNNING) and progress.attempt == view.attempts + 1
    return progress.left_s(view.now_ms) if is_running else None


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"
