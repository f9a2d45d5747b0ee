"""The shape and the colour of each state, as on the dashboard. Colours are those of the terminal's own palette.

Every shape is one column wide, and none has a second form as an emoji.
"""

from typing import NamedTuple

from rich.text import Text

from redisched.model import TaskState
from redisched.orders import WorkerState


class Appearance(NamedTuple):
    """How a state is shown. The style is one of Rich's."""

    shape: str
    style: str


LOOKS: dict[str, Appearance] = {
    TaskState.SCHEDULED: Appearance("\u25cb", "cyan"),
    TaskState.READY: Appearance("\u25a0", "blue"),
    TaskState.LEASED: Appearance("\u25a3", "green"),
    TaskState.RUNNING: Appearance("\u25ba", "bold cyan"),
    TaskState.RETRYING: Appearance("\u25c6", "yellow"),
    TaskState.SUCCEEDED: Appearance("\u2713", "green"),
    TaskState.DEAD: Appearance("\u2717", "red"),
    TaskState.CANCELLED: Appearance("\u2205", ""),
    TaskState.EXPIRED: Appearance("\u29d7", ""),
    TaskState.LOST: Appearance("?", "red"),
}
WORKER_LOOKS: dict[str, Appearance] = {
    WorkerState.WORKING: Appearance("\u25cf", "green"),
    WorkerState.QUIET: Appearance("\u2016", "yellow"),
    WorkerState.DRAINING: Appearance("\u25bd", "yellow"),
    WorkerState.STOPPING: Appearance("\u25a1", "yellow"),
}
PAUSED = Appearance("\u2016", "yellow")
WARNING = Appearance("\u25b2", "yellow")
BAD = Appearance("\u2717", "bold red")
_UNKNOWN = Appearance("\u25cc", "")
FAINT = "dim"


def look_of(state: str) -> Appearance:
    """How the state of a task is shown, also one that only a later version knows."""
    return LOOKS.get(state, _UNKNOWN)


def worker_look(state: str) -> Appearance:
    """How the state of a worker is shown."""
    return WORKER_LOOKS.get(state, _UNKNOWN)


def marked(look: Appearance, words: str) -> Text:
    """Words with a shape before them, both in its colour."""
    return Text(f"{look.shape} {words}", style=look.style)
