"""The first screen: what is wrong, all queues, and all workers."""

from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from redisched.cli.pause_text import pause_text
from redisched.cli.top.columns import cut
from redisched.cli.top.context import TopContext
from redisched.cli.top.findings import Wrong, findings
from redisched.cli.top.live_screen import LiveScreen, set_text
from redisched.cli.top.looks import FAINT, WARNING, look_of, marked
from redisched.cli.top.pausing import ask_to_change_pause
from redisched.cli.top.queue_columns import QUEUE_COLUMNS
from redisched.cli.top.queue_screen import QueueScreen
from redisched.cli.top.readings import Overview, QueueLine
from redisched.cli.top.row_table import RowTable
from redisched.cli.top.sorting import ask_to_sort
from redisched.cli.top.texts import compact, steady
from redisched.cli.top.worker_columns import WORKER_COLUMNS, WorkerLine
from redisched.cli.top.worker_screen import WorkerScreen
from redisched.counted import counted
from redisched.model import TaskState

_TALL = 40
"""A terminal with so many lines shows more than the worst that is wrong."""
_MOST_FINDINGS = 4
RECENT_EVERY_S = 5.0
"""Workers tell so often what they did."""


class OverviewScreen(LiveScreen):
    """Two tables; the line below them tells more of the row under the cursor."""

    KEYS = (
        ("Enter", "open"),
        ("Tab", "workers"),
        ("s", "sort"),
        ("p", "pause"),
        ("/", "task"),
        ("?", "help"),
        ("q", "quit"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "Sort", show=False),
        Binding("p", "pause", "Pause", show=False),
    ]

    def __init__(self, context: TopContext) -> None:
        super().__init__(context)
        self._queues = RowTable(QUEUE_COLUMNS, lambda line: line.name, id="queues", sorted_by="QUEUE")
        self._workers = RowTable(WORKER_COLUMNS, lambda line: line.worker.name, id="workers", sorted_by="WORKER")
        self._recent_read_s: float | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="sums")
        yield Static(id="wrong")
        yield self._queues
        yield self._workers
        yield Static(id="more")

    async def read_and_show(self) -> None:
        now_s = self.context.clock.monotonic()
        if self._recent_read_s is None or now_s - self._recent_read_s >= RECENT_EVERY_S:
            await self.keyspace.read_recent()
            self._recent_read_s = now_s
        self.show(await self.keyspace.overview())

    def show(self, overview: Overview) -> None:
        """Show a reading."""
        set_text(self.query_one("#sums", Static), _sums(overview))
        set_text(self.query_one("#wrong", Static), self._wrong(overview))
        self._queues.show(overview.queues)
        self._workers.show([WorkerLine(worker=worker, now_ms=overview.now_ms) for worker in overview.workers])

    def on_row_table_moved(self) -> None:
        set_text(self.query_one("#more", Static), self._more())

    def on_descendant_focus(self) -> None:
        set_text(self.query_one("#more", Static), self._more())

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        queue, worker = self._queues.selected, self._workers.selected
        if event.data_table is self._queues and queue is not None:
            self.app.push_screen(QueueScreen(self.context, queue.name))
        elif event.data_table is self._workers and worker is not None:
            self.app.push_screen(WorkerScreen(self.context, worker.worker.name))

    @work
    async def action_sort(self) -> None:
        """Choose the column by which the focused table is sorted."""
        await (ask_to_sort(self, self._workers) if self._workers.has_focus else ask_to_sort(self, self._queues))

    @work
    async def action_pause(self) -> None:
        """Pause or resume the queue under the cursor."""
        line = self._queues.selected
        if line is None or self._workers.has_focus:
            self.notify("Move the cursor to a queue first; Tab leads to the other table.", markup=False)
            return
        await ask_to_change_pause(self, self.context, line, self.action_read_now)

    def _wrong(self, overview: Overview) -> Text:
        found = findings(overview)
        if not found:
            return Text(self.keyspace.refused or _usual(overview), style=FAINT)
        shown = found[: 1 if self.size.height < _TALL else _MOST_FINDINGS]
        hidden = len(found) - len(shown)
        lines = [_finding_text(one, self.size.width) for one in shown]
        if hidden:
            more = f"  and {hidden} more"
            lines[-1] = cut(lines[-1], self.size.width - len(more)).append(more, style=FAINT)
        return Text("\n", no_wrap=True).join(lines)

    def _more(self) -> Text:
        if self._workers.has_focus:
            return Text("" if self._workers.selected is None else _of_worker(self._workers.selected), style=FAINT)
        return Text("" if self._queues.selected is None else _of_queue(self._queues.selected), style=FAINT)


def _finding_text(finding: Wrong, width: int) -> Text:
    """What is wrong, and the command that helps if there is room for all of it."""
    words = marked(finding.look, finding.sentence)
    command = f"   {finding.command}" if finding.command else ""
    return words.append(command, style="not bold default") if words.cell_len + len(command) <= width else words


def _usual(overview: Overview) -> str:
    if not overview.queues:
        return "There is no queue yet. Enqueue a task: redisched enqueue NAME ARGUMENTS..."
    return "Nothing is wrong."


def _sums(overview: Overview) -> Text:
    text, sums = Text(no_wrap=True, overflow="ellipsis"), overview.sums
    if sums is not None:
        for state, words, count in (
            (TaskState.READY, "ready", sums.ready),
            (TaskState.SCHEDULED, "scheduled", sums.scheduled),
            (TaskState.LEASED, "leased", sums.leased),
            (TaskState.DEAD, "dead", sums.dead),
        ):
            words_of = marked(look_of(state), f"{compact(count)} {words}")
            text.append_text(words_of if count else Text(words_of.plain, style=FAINT)).append("  ")
    busy = sum(worker.presence.busy for worker in overview.workers)
    slots = sum(worker.presence.slots for worker in overview.workers)
    paused = sum(line.is_paused for line in overview.queues)
    queues = counted(overview.queues_in_all, "queue") + (f", {paused} paused" if paused else "")
    workers = f"{counted(len(overview.workers), 'worker')} {busy}/{slots} busy"
    if len(overview.queues) < overview.queues_in_all:
        # The sums are not of all, so this comes before what may be cut off.
        return text.append(f"the first {len(overview.queues)} of {queues}", style=WARNING.style).append(f"  {workers}")
    return text.append(f"{workers}  {queues}")


def _of_queue(line: QueueLine) -> str:
    name = steady(line.name)
    if line.counts is None:
        return f"{name}: {line.trouble}"
    paused = pause_text(line.pauses, line.counts.now_ms)
    parts = [
        *([f"paused {steady(paused)}"] if paused else []),
        f"{counted(len(line.workers), 'worker')} {'serves' if len(line.workers) == 1 else 'serve'} it",
        *([f"{line.shards} shards"] if line.shards > 1 else []),
        f"{line.counts.finished:,} finished",
    ]
    return f"{name}: {', '.join(parts)}"


def _of_worker(line: WorkerLine) -> str:
    deployment = line.worker.deployment
    names = ", ".join(map(steady, deployment.queues)) or "no queue"
    version = f", {steady(deployment.app_version)}" if deployment.app_version else ""
    return f"{steady(line.worker.name)}: serves {names}; redisched {steady(deployment.version)}{version}"
