"""The shape and the colour of each state, as on the dashboard. Colours are those of the terminal's own palette.

Every shape is one column wide, and none has a second form as an emoji.
"""

from typing import NamedTuple

from rich.text import Text

from redisched.model import TaskState
from redisched.orders import WorkerState


class Look(NamedTuple):
    """How a state is shown. The style is one of Rich's."""

    shape: str
    style: str


LOOKS: dict[str, Look] = {
    TaskState.SCHEDULED: Look("\u25cb", "cyan"),
    TaskState.READY: Look("\u25a0", "blue"),
    TaskState.LEASED: Look("\u25a3", "green"),
    TaskState.RUNNING: Look("\u25ba", "bold cyan"),
    TaskState.RETRYING: Look("\u25c6", "yellow"),
    TaskState.SUCCEEDED: Look("\u2713", "green"),
    TaskState.DEAD: Look("\u2717", "red"),
    TaskState.CANCELLED: Look("\u2205", ""),
    TaskState.EXPIRED: Look("\u29d7", ""),
    TaskState.LOST: Look("?", "red"),
}
WORKER_LOOKS: dict[str, Look] = {
    WorkerState.WORKING: Look("\u25cf", "green"),
    WorkerState.QUIET: Look("\u2016", "yellow"),
    WorkerState.DRAINING: Look("\u25bd", "yellow"),
    WorkerState.STOPPING: Look("\u25a1", "yellow"),
}
PAUSED = Look("\u2016", "yellow")
WARNING = Look("\u25b2", "yellow")
BAD = Look("\u2717", "bold red")
_UNKNOWN = Look("\u25cc", "")
FAINT = "dim"


def look_of(state: str) -> Look:
    """How the state of a task is shown, also one that only a later version knows."""
    return LOOKS.get(state, _UNKNOWN)


def worker_look(state: str) -> Look:
    """How the state of a worker is shown."""
    return WORKER_LOOKS.get(state, _UNKNOWN)


def marked(look: Look, words: str) -> Text:
    """Words with a shape before them, both in its colour."""
    return Text(f"{look.shape} {words}", style=look.style)
