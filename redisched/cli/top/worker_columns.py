"""The columns of the table of workers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from rich.text import Text

from redisched.cli.top.columns import Column, Direction
from redisched.cli.top.looks import FAINT, look_of, marked, worker_look
from redisched.cli.top.texts import NOTHING, coarse, compact, sized, steady
from redisched.client.worker_calls import WorkerView
from redisched.model import TaskState
from redisched.store.presence import Presence, ToldTask


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLine:
    """A worker at a moment of the server's time."""

    worker: WorkerView
    now_ms: int

    @property
    def said(self) -> Presence:
        return self.worker.presence


_Column: TypeAlias = Column[WorkerLine]


def task_words(task: ToldTask) -> str:
    """What a worker says of a task: its handler, or its id if it has none."""
    return steady(task.name or task.id)


def _busy(line: WorkerLine) -> Text:
    style = look_of(TaskState.RUNNING).style if line.said.busy else FAINT
    return Text(f"{compact(line.said.busy)}/{compact(line.said.slots)}", style=style)


def _count(heading: str, width: int, rank: int, count: Callable[[WorkerLine], int]) -> _Column:
    def cell(line: WorkerLine) -> Text:
        number = count(line)
        return Text(compact(number), style="" if number else FAINT)

    return Column(heading=heading, width=width, cell=cell, order=count, rank=rank, is_number=True)


def _longest_ms(line: WorkerLine) -> int | None:
    """For how long the task runs that began first."""
    return line.now_ms - line.said.running[0].at_ms if line.said.running else None


def _running(line: WorkerLine) -> Text:
    longest_ms = _longest_ms(line)
    if longest_ms is None:
        return Text(NOTHING, style=FAINT)
    return Text(f"{coarse(longest_ms)} {task_words(line.said.running[0])}")


def _next(line: WorkerLine) -> Text:
    if not line.said.window:
        return Text(NOTHING, style=FAINT)
    first = line.said.window[0]
    due = "due" if first.at_ms <= line.now_ms else f"in {coarse(first.at_ms - line.now_ms)}"
    return Text(f"{due} {task_words(first)}")


def _queues(line: WorkerLine) -> Text:
    more = line.worker.deployment.more_queues
    names = ", ".join(map(steady, line.worker.deployment.queues))
    return Text(f"{names} and {more} more" if more else names)


def _version(line: WorkerLine) -> Text:
    return Text(steady(line.worker.deployment.app_version or line.worker.deployment.version))


WORKER_COLUMNS: tuple[_Column, ...] = (
    Column(
        heading="WORKER",
        width=20,
        cell=lambda line: Text(f"  {steady(line.worker.name)}"),
        order=lambda line: line.worker.name,
        begins=Direction.RISING,
        grows=True,
    ),
    Column(
        heading="STATE",
        width=12,
        cell=lambda line: marked(worker_look(line.said.state), steady(line.said.state)),
        order=lambda line: line.said.state,
        begins=Direction.RISING,
        rank=1,
    ),
    Column(heading="BUSY", width=10, cell=_busy, order=lambda line: line.said.busy, rank=2, is_number=True),
    _count("DUE", 6, 4, lambda line: line.said.due),
    _count("AHEAD", 7, 5, lambda line: line.said.ahead),
    Column(
        heading="  LONGEST RUNNING",
        width=24,
        cell=lambda line: Text("  ") + _running(line),
        order=_longest_ms,
        rank=3,
        grows=True,
    ),
    Column(heading="NEXT IN THE WINDOW", width=24, cell=_next, rank=8, grows=True),
    _count(
        "HANDLERS", 10, 10, lambda line: len(line.worker.deployment.handlers) + line.worker.deployment.more_handlers
    ),
    Column(
        heading="UP",
        width=8,
        cell=lambda line: Text(coarse(line.said.up_ms)),
        order=lambda line: line.said.up_ms,
        rank=6,
        is_number=True,
    ),
    Column(
        heading="MEMORY",
        width=10,
        cell=lambda line: Text(sized(line.said.rss_bytes)),
        order=lambda line: line.said.rss_bytes,
        rank=7,
        is_number=True,
    ),
    Column(heading="  VERSION", width=14, cell=lambda line: Text("  ") + _version(line), rank=11),
    Column(heading="  QUEUES", width=24, cell=lambda line: Text("  ") + _queues(line), rank=9, grows=True),
)
"""At 80 columns those up to rank 5 are shown."""
