"""One worker: what it runs since when, and what is next in its window."""

from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from redisched.cli.top.context import TopContext
from redisched.cli.top.live_screen import LiveScreen, set_text
from redisched.cli.top.looks import FAINT, marked, worker_look
from redisched.cli.top.row_table import RowTable
from redisched.cli.top.sorting import ask_to_sort
from redisched.cli.top.task_screen import TaskScreen
from redisched.cli.top.texts import coarse, sized, steady
from redisched.cli.top.told_columns import TOLD_COLUMNS, ToldLine
from redisched.client.worker_calls import WorkerView
from redisched.errors import UnknownWorker
from redisched.model import TaskState


class WorkerScreen(LiveScreen):
    """What a worker said of itself five seconds ago or less."""

    KEYS = (("Enter", "open"), ("s", "sort"), ("/", "task"), ("?", "help"), ("Esc", "back"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "Sort", show=False),
        Binding("escape,backspace", "app.go_back", "Back", show=False),
    ]

    def __init__(self, context: TopContext, name: str) -> None:
        super().__init__(context, name)
        self._name_of_worker = name
        self._tasks = RowTable(TOLD_COLUMNS, lambda line: line.key, id="told")

    def compose_body(self) -> ComposeResult:
        yield Static(id="facts")
        yield self._tasks
        yield Static(id="more")

    async def read_and_show(self) -> None:
        found = [worker for worker in await self.keyspace.workers() if worker.name == self._name_of_worker]
        if not found:
            raise UnknownWorker(self._name_of_worker)
        self.show(found[0])

    def show(self, worker: WorkerView) -> None:
        """Show a reading."""
        said = worker.presence
        set_text(self.query_one("#facts", Static), _facts(worker))
        told = ((TaskState.RUNNING, said.running), (TaskState.LEASED, said.window))
        self._tasks.show(
            [ToldLine(task=task, state=state, now_ms=worker.seen_ms) for state, tasks in told for task in tasks]
        )
        empty = "" if self._tasks.lines else "It runs nothing, and has nothing in its window."
        hidden = said.busy + said.due + said.ahead - len(self._tasks.lines)
        more = f"{hidden} more of which it does not tell." if hidden > 0 else ""
        set_text(self.query_one("#more", Static), Text(empty or more, style=FAINT))

    def on_data_table_row_selected(self) -> None:
        if self._tasks.selected is not None:
            task = self._tasks.selected.task
            self.app.push_screen(TaskScreen(self.context, task.queue, task.id))

    @work
    async def action_sort(self) -> None:
        """Choose the column by which the tasks are sorted."""
        await ask_to_sort(self, self._tasks)


def _facts(worker: WorkerView) -> Text:
    said, serves = worker.presence, worker.deployment
    state = marked(worker_look(said.state), steady(said.state))
    text = Text(no_wrap=True, overflow="ellipsis").append_text(state)
    text.append(
        f"   {said.busy} of {said.slots} slots busy   window: {said.due} due, {said.ahead} ahead of their time\n"
    )
    text.append(f"host {steady(said.host)}   process {said.pid}   up {coarse(said.up_ms)}   {sized(said.rss_bytes)}\n")
    versions = f"redisched {steady(serves.version)}"
    versions += f"   application {steady(serves.app_version)}" if serves.app_version else ""
    more = f" and {serves.more_queues} more" if serves.more_queues else ""
    return text.append(f"{versions}   queues {', '.join(map(steady, serves.queues))}{more}")
