"""Turns what handlers tell of their progress into output of the command line: lines for people."""

from redisched.printable import printable
from redisched.progress import LogLine, Progress
from redisched.records.reported import seconds_left
from redisched.store.view import TaskView
from redisched.times import duration, exact

_CLOCK = slice(11, 19)
"""Where the time of day stands in an exact time."""


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
    left_s = seconds_left(view, progress)
    return f"{duration(round(left_s * 1e3))} left" if left_s else ""


def line_text(line: LogLine) -> str:
    """Return a line of a log with its time (UTC), and its attempt unless that is the first."""
    attempt = f"attempt {line.attempt}  " if line.attempt > 1 else ""
    return f"{exact(line.at_ms)[_CLOCK]}  {attempt}{printable(line.text)}"


def dropped_text(count: int) -> str:
    """Return how many lines of a log are not kept."""
    return f"({count} {'line' if count == 1 else 'lines'} before this not kept)"


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"
