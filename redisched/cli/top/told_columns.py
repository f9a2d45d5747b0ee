"""The columns of the table of what a worker runs, and what is next in its window."""

from dataclasses import dataclass
from typing import TypeAlias

from rich.text import Text

from redisched.cli.top.columns import Column, Direction
from redisched.cli.top.looks import look_of, marked
from redisched.cli.top.texts import coarse, steady
from redisched.model import TaskState
from redisched.store.presence import ToldTask


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLine:
    """A task of which a worker tells, at a moment of the server's time. Its state is RUNNING, or LEASED if it is in the
    window.
    """

    task: ToldTask
    state: TaskState
    now_ms: int

    @property
    def key(self) -> str:
        return f"{self.task.queue}/{self.task.id}"


_Column: TypeAlias = Column[ToldLine]


def _when(line: ToldLine) -> Text:
    apart = coarse(abs(line.task.at_ms - line.now_ms))
    if line.state is TaskState.RUNNING:
        return Text(f"for {apart}")
    return Text(f"due in {apart}" if line.task.at_ms > line.now_ms else f"due {apart} ago")


TOLD_COLUMNS: tuple[_Column, ...] = (
    Column(heading="STATE", width=12, cell=lambda line: marked(look_of(line.state), line.state)),
    Column(
        heading="ID",
        width=22,
        cell=lambda line: Text(steady(line.task.id)),
        order=lambda line: line.task.id,
        begins=Direction.RISING,
        rank=1,
        grows=True,
    ),
    Column(
        heading="NAME",
        width=16,
        cell=lambda line: Text(steady(line.task.name)),
        order=lambda line: line.task.name,
        begins=Direction.RISING,
        rank=2,
        grows=True,
    ),
    Column(
        heading="QUEUE",
        width=14,
        cell=lambda line: Text(steady(line.task.queue)),
        order=lambda line: line.task.queue,
        begins=Direction.RISING,
        rank=3,
        grows=True,
    ),
    Column(heading="WHEN", width=15, cell=_when, order=lambda line: line.task.at_ms, begins=Direction.RISING, rank=4),
)
