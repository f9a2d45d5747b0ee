"""The columns of the table of queues."""

from collections.abc import Callable
from typing import TypeAlias

from rich.text import Text

from redisched.cli.pause_text import pause_text
from redisched.cli.top.columns import Column, Direction
from redisched.cli.top.findings import LATE_MS
from redisched.cli.top.looks import BAD, FAINT, PAUSED, look_of, marked
from redisched.cli.top.readings import QueueLine
from redisched.cli.top.sparkline import sparkline
from redisched.cli.top.texts import NOTHING, coarse, compact, rate, steady
from redisched.model import TaskState

_TREND_WIDTH = 30
_Column: TypeAlias = Column[QueueLine]


def _name(line: QueueLine) -> Text:
    if line.counts is None:
        return marked(BAD, steady(line.name))
    return marked(PAUSED, steady(line.name)) if line.is_paused else Text(f"  {steady(line.name)}")


def _count(heading: str, width: int, rank: int, count: Callable[[QueueLine], int | None], style: str = "") -> _Column:
    """A column of counts: faint if they are zero, else in the colour of a state."""

    def cell(line: QueueLine) -> Text:
        number = count(line)
        if number is None:
            return Text(NOTHING, style=FAINT)
        return Text(compact(number), style=style if number else FAINT)

    return Column(heading=heading, width=width, cell=cell, order=count, rank=rank, is_number=True)


def _stored(field: str) -> Callable[[QueueLine], int | None]:
    return lambda line: None if line.counts is None else getattr(line.counts, field)


def _in_state(heading: str, width: int, rank: int, state: TaskState, field: str) -> _Column:
    return _count(heading, width, rank, _stored(field), look_of(state).style)


def _span(heading: str, width: int, rank: int, span: Callable[[QueueLine], float | None]) -> _Column:
    return Column(
        heading=heading, width=width, cell=lambda line: _duration(span(line)), order=span, rank=rank, is_number=True
    )


def _duration(milliseconds: float | None, style: str = "") -> Text:
    return Text(NOTHING, style=FAINT) if milliseconds is None else Text(coarse(milliseconds), style=style)


def _oldest(line: QueueLine) -> Text:
    return _duration(_oldest_ms(line), BAD.style if line.oldest_ms >= LATE_MS else "")


def _per_minute(line: QueueLine) -> Text:
    return Text(rate(line.per_minute), style="" if line.per_minute else FAINT)


def _pause(line: QueueLine) -> Text:
    now_ms = line.counts.now_ms if line.counts is not None else 0
    return Text(steady(pause_text(line.pauses, now_ms) or ""), style=PAUSED.style)


def _trend(line: QueueLine) -> Text:
    return Text(f"  {sparkline(line.trend, _TREND_WIDTH)}", style="cyan")


_oldest_ms = _stored("oldest_ready_ms")

QUEUE_COLUMNS: tuple[_Column, ...] = (
    Column(heading="QUEUE", width=18, cell=_name, order=lambda line: line.name, begins=Direction.RISING, grows=True),
    _in_state("READY", 7, 1, TaskState.READY, "ready"),
    _in_state("SCHED", 7, 5, TaskState.SCHEDULED, "scheduled"),
    _in_state("LEASED", 8, 2, TaskState.LEASED, "leased"),
    _count("RUNNING", 9, 10, lambda line: line.told_running, look_of(TaskState.RUNNING).style),
    _count("FAILED", 8, 11, lambda line: line.failed, look_of(TaskState.RETRYING).style),
    _in_state("DEAD", 6, 3, TaskState.DEAD, "dead"),
    _count("FINISHED", 10, 13, _stored("finished")),
    Column(heading="OLDEST", width=8, cell=_oldest, order=_oldest_ms, rank=4, is_number=True),
    _span("WAIT P95", 9, 6, lambda line: line.wait_p95_ms),
    _span("RUN P95", 8, 7, lambda line: line.run_p95_ms),
    Column(heading="PER MIN", width=8, cell=_per_minute, order=lambda line: line.per_minute, rank=8, is_number=True),
    _count("WORKERS", 9, 9, lambda line: len(line.workers)),
    Column(heading="  WAIT P95, LAST HOUR", width=_TREND_WIDTH + 3, cell=_trend, rank=12),
    Column(heading="PAUSED", width=24, cell=_pause, rank=14, grows=True),
)
"""At 80 columns those up to rank 8 are shown."""
