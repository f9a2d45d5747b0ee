"""One task."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from redisched.cli.top.context import TopContext
from redisched.cli.top.live_screen import LiveScreen, set_text
from redisched.cli.top.task_page import task_page
from redisched.errors import UnknownTask


class TaskScreen(LiveScreen):
    """Everything known about a task; the arrow keys scroll."""

    KEYS = (("\u2191 \u2193", "scroll"), ("/", "another task"), ("?", "help"), ("Esc", "back"), ("q", "quit"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "app.go_back", "Back", show=False),
        Binding("j", "scroll_task('down')", "Down", show=False),
        Binding("k", "scroll_task('up')", "Up", show=False),
    ]

    def __init__(self, context: TopContext, queue: str, task_id: str) -> None:
        super().__init__(context, f"{queue} / {task_id}")
        self.queue = queue
        self.task_id = task_id

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="scroll"):
            yield Static(id="task")

    async def read_and_show(self) -> None:
        found = await self.keyspace.task(self.queue, self.task_id)
        if found is None:
            raise UnknownTask(self.task_id)
        task, shards = found
        set_text(self.query_one("#task", Static), task_page(task, shards, self.context.redactor))

    def action_scroll_task(self, where: str) -> None:
        """Scroll by a line."""
        scroll = self.query_one("#scroll", VerticalScroll)
        (scroll.scroll_down if where == "down" else scroll.scroll_up)(animate=False)
