"""The tasks of one queue, state by state."""

from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from redisched.cli.pause_text import pause_text
from redisched.cli.top.context import TopContext
from redisched.cli.top.live_screen import LiveScreen, set_text
from redisched.cli.top.looks import BAD, FAINT, PAUSED, look_of, marked
from redisched.cli.top.pausing import ask_to_change_pause
from redisched.cli.top.readings import QueueLine, QueueTasks
from redisched.cli.top.row_table import RowTable
from redisched.cli.top.sorting import ask_to_sort
from redisched.cli.top.sparkline import sparkline
from redisched.cli.top.task_columns import TASK_COLUMNS
from redisched.cli.top.task_screen import TaskScreen
from redisched.cli.top.texts import NOTHING, coarse, compact, rate, steady
from redisched.counted import counted
from redisched.model import TaskState
from redisched.store.view import QueueCounts


class Shelf(NamedTuple):
    """Some of the tasks of a queue: those in these states, shown like the first of them. `field` is their count."""

    name: str
    states: tuple[TaskState, ...]
    field: str

    def count(self, counts: QueueCounts) -> int:
        """How many tasks it has."""
        found: int = getattr(counts, self.field)
        return found


SHELVES = (
    Shelf("leased", (TaskState.LEASED, TaskState.RUNNING), "leased"),
    Shelf("ready", (TaskState.READY,), "ready"),
    Shelf("scheduled", (TaskState.SCHEDULED, TaskState.RETRYING), "scheduled"),
    Shelf("dead", (TaskState.DEAD,), "dead"),
    Shelf("ended", (TaskState.SUCCEEDED, TaskState.CANCELLED, TaskState.EXPIRED, TaskState.LOST), "finished"),
)
_LEASED, _READY, _SCHEDULED, _DEAD, _ENDED = range(len(SHELVES))
_FIRST = (_LEASED, _READY, _DEAD, _SCHEDULED, _ENDED)
"""The screen opens with the first of these that has a task."""


class QueueScreen(LiveScreen):
    """Shows one of the shelves at a time."""

    KEYS = (
        ("Enter", "open"),
        ("\u2190 \u2192", "state"),
        ("s", "sort"),
        ("p", "pause"),
        ("/", "task"),
        ("?", "help"),
        ("Esc", "back"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h,shift+tab", "turn(-1)", "State before", show=False, priority=True),
        Binding("right,l,tab", "turn(1)", "Next state", show=False, priority=True),
        *(Binding(str(at + 1), f"choose({at})", shelf.name, show=False) for at, shelf in enumerate(SHELVES)),
        Binding("s", "sort", "Sort", show=False),
        Binding("p", "pause", "Pause", show=False),
        Binding("escape,backspace", "app.go_back", "Back", show=False),
    ]

    def __init__(self, context: TopContext, queue: str) -> None:
        super().__init__(context, queue)
        self.queue = queue
        self._tasks = RowTable(TASK_COLUMNS, lambda view: view.id, id="tasks")
        self._shelf: int | None = None
        self._line: QueueLine | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="facts")
        yield Static(id="shelves")
        yield self._tasks
        yield Static(id="more")

    async def read_and_show(self) -> None:
        wanted = self._shelf
        found = await self.keyspace.queue_tasks(self.queue, SHELVES[_READY if wanted is None else wanted].states)
        if wanted is None:
            self._shelf = wanted = _shelf_to_begin_with(found.line.counts)
            if wanted != _READY:
                found = await self.keyspace.queue_tasks(self.queue, SHELVES[wanted].states)
        # Meanwhile another shelf may have been asked for; its reading comes next.
        if wanted == self._shelf:
            self.show(found)

    def show(self, found: QueueTasks) -> None:
        """Show a reading."""
        self._line = found.line
        shelf = SHELVES[self._shelf or 0]
        set_text(self.query_one("#facts", Static), _facts(found.line))
        set_text(self.query_one("#shelves", Static), _shelves(found.line.counts, self._shelf))
        self._tasks.show(found.views)
        more = f"The first {len(found.views)}: more with redisched task ls queue:NAME" if found.has_more else ""
        empty = "" if found.views else f"No task is {shelf.name}."
        set_text(self.query_one("#more", Static), Text(more or empty, style=FAINT))

    def on_data_table_row_selected(self) -> None:
        if self._tasks.selected is not None:
            self.app.push_screen(TaskScreen(self.context, self.queue, self._tasks.selected.id))

    def action_turn(self, steps: int) -> None:
        """Show the shelf beside."""
        self.action_choose(((self._shelf or 0) + steps) % len(SHELVES))

    def action_choose(self, at: int) -> None:
        """Show a shelf."""
        self._shelf = at
        if self._line is not None:
            set_text(self.query_one("#shelves", Static), _shelves(self._line.counts, at))
        self.action_read_now()

    @work
    async def action_sort(self) -> None:
        """Choose the column by which the tasks are sorted."""
        await ask_to_sort(self, self._tasks)

    @work
    async def action_pause(self) -> None:
        """Pause or resume the queue."""
        if self._line is not None:
            await ask_to_change_pause(self, self.context, self._line, self.action_read_now)


def _shelf_to_begin_with(counts: QueueCounts | None) -> int:
    if counts is None:
        return _READY
    return next((at for at in _FIRST if SHELVES[at].count(counts)), _READY)


def _facts(line: QueueLine) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    if line.counts is None:
        return text.append_text(marked(BAD, line.trouble))
    paused = pause_text(line.pauses, line.counts.now_ms)
    if paused:
        text.append_text(marked(PAUSED, f"paused {steady(paused)}")).append("\n")
    oldest, wait, run = (
        NOTHING if span is None else coarse(span)
        for span in (line.counts.oldest_ready_ms, line.wait_p95_ms, line.run_p95_ms)
    )
    text.append(f"oldest {oldest}   wait p95 {wait}   run p95 {run}   {rate(line.per_minute)} per min   ")
    text.append(f"{counted(len(line.workers), 'worker')}\n")
    top_ms = max((value for value in line.trend if value is not None), default=None)
    if top_ms is not None:
        text.append("wait p95, last hour ").append(sparkline(line.trend, 40), style="cyan")
        text.append(f" at most {coarse(top_ms)}\n")
    waiting = [one for one in line.counts.priorities if one.ready]
    if len(waiting) > 1:
        text.append(
            "ready by priority  " + "  ".join(f"{one.priority}: {compact(one.ready)}" for one in waiting) + "\n"
        )
    text.rstrip()
    return text


def _shelves(counts: QueueCounts | None, chosen: int | None) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for at, shelf in enumerate(SHELVES):
        look = look_of(shelf.states[0])
        number = "" if counts is None else f" {compact(shelf.count(counts))}"
        text.append(" " if text else "")
        style = "reverse" if at == chosen else look.style
        text.append(f" {look.shape} {shelf.name}{number} ", style=style)
    return text
