"""The columns of a table of tasks."""

from typing import TypeAlias

from rich.text import Text

from redisched.cli.top.columns import Column, Direction
from redisched.cli.top.looks import FAINT, look_of, marked
from redisched.cli.top.texts import NOTHING, coarse, compact, steady
from redisched.model import TaskState
from redisched.records.task import attempts_of
from redisched.store.view import TaskView

_Column: TypeAlias = Column[TaskView]
_LONGEST = 300
"""Of an error so many characters are looked at."""


def moment_of(view: TaskView) -> int | None:
    """Since when a task is in its state, or for one that waits, when it is due."""
    match view.state:
        case TaskState.RUNNING:
            return view.started_ms or None
        case TaskState.LEASED:
            return view.claimed_ms
        case TaskState.DEAD:
            return view.died_ms
        case TaskState.READY | TaskState.SCHEDULED | TaskState.RETRYING:
            return view.run_at_ms
    return view.outcome.ended_ms if view.outcome is not None else None


def _when(view: TaskView) -> Text:
    moment_ms = moment_of(view)
    if moment_ms is None:
        return Text(NOTHING, style=FAINT)
    apart = coarse(abs(moment_ms - view.now_ms))
    if view.state in (TaskState.RUNNING, TaskState.LEASED):
        return Text(f"for {apart}")
    return Text(f"in {apart}" if moment_ms > view.now_ms else f"{apart} ago")


def _priority(view: TaskView) -> Text:
    return Text(NOTHING, style=FAINT) if view.priority is None else Text(str(view.priority))


def _error(view: TaskView) -> Text:
    if view.failure is None:
        return Text("")
    return Text(steady(view.failure.error[:_LONGEST]), style=look_of(TaskState.DEAD).style)


def _attempts(view: TaskView) -> Text:
    count = attempts_of(view)
    return Text(compact(count), style="" if count else FAINT)


TASK_COLUMNS: tuple[_Column, ...] = (
    Column(
        heading="STATE",
        width=12,
        cell=lambda view: marked(look_of(view.state), steady(view.state)),
        order=lambda view: view.state,
        begins=Direction.RISING,
    ),
    Column(
        heading="ID",
        width=22,
        cell=lambda view: Text(steady(view.id)),
        order=lambda view: view.id,
        begins=Direction.RISING,
        rank=1,
        grows=True,
    ),
    Column(
        heading="NAME",
        width=18,
        cell=lambda view: Text(steady(view.name)),
        order=lambda view: view.name,
        begins=Direction.RISING,
        rank=2,
        grows=True,
    ),
    Column(
        heading="PRIO",
        width=6,
        cell=_priority,
        order=lambda view: view.priority,
        begins=Direction.RISING,
        rank=4,
        is_number=True,
    ),
    Column(heading="TRIES", width=7, cell=_attempts, order=attempts_of, rank=5, is_number=True),
    Column(heading="  WHEN", width=13, cell=lambda view: Text("  ") + _when(view), order=moment_of, rank=3),
    Column(
        heading="WORKER", width=20, cell=lambda view: Text(steady(view.worker)), order=lambda view: view.worker, rank=7
    ),
    Column(heading="ERROR", width=30, cell=_error, rank=6, grows=True),
)
"""At 80 columns those up to rank 5 are shown."""
