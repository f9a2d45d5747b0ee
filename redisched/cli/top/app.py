"""The view: its first screen, the keys that every screen has, and its colours."""

from typing import ClassVar

import textual
from rich.segment import Segments
from rich.text import Text
from rich.traceback import Traceback
from textual import work
from textual.app import App
from textual.binding import Binding, BindingType

from redisched.cli.exit_codes import INTERRUPTED
from redisched.cli.top.context import TopContext
from redisched.cli.top.dialogs import Choice, Entry, Help
from redisched.cli.top.help_text import help_text
from redisched.cli.top.overview_screen import OverviewScreen
from redisched.cli.top.styles import STYLES
from redisched.cli.top.task_screen import TaskScreen
from redisched.cli.top.texts import steady
from redisched.errors import RedischedError
from redisched.store.view import TaskView

THEME = "ansi-dark"
"""The colours of the terminal itself, on its own background."""


class TopApp(App[None]):
    """What `redisched top` shows."""

    CSS = STYLES
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit", show=False),
        Binding("ctrl+c", "interrupt", "Quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
        Binding("question_mark", "help", "Help", show=False),
        Binding("slash", "open_task", "Open a task", show=False),
    ]

    def __init__(self, context: TopContext) -> None:
        # Told here, as the filter that takes colours away is chosen by it.
        super().__init__(ansi_color=True)
        self._top = context
        self.theme = THEME

    def on_mount(self) -> None:
        self.push_screen(OverviewScreen(self._top))

    def _fatal_error(self) -> None:
        # What the library shows has the values of variables, and those may be secrets.
        self.bell()
        traceback = Traceback(show_locals=False, suppress=[textual])
        self._exit_renderables.append(Segments(self.console.render(traceback, self.console.options)))
        self._close_messages_no_wait()

    def action_interrupt(self) -> None:
        """End as Ctrl-C ends a program."""
        self.exit(return_code=INTERRUPTED)

    def action_go_back(self) -> None:
        """Go back to the screen before."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def action_help(self) -> None:
        """Show the keys."""
        if not self.screen.is_modal:
            self.push_screen(Help(help_text()))

    @work
    async def action_open_task(self) -> None:
        """Ask for the id of a task, and show that task."""
        if self.screen.is_modal:
            return
        task_id = await self.push_screen_wait(Entry("Open a task", "its id"))
        if task_id is None:
            return
        try:
            found = await self._top.keyspace.find(task_id)
        except RedischedError as error:
            self.notify(steady(str(error)), severity="error", markup=False)
            return
        view = await self._one_of(task_id, found)
        if view is not None:
            self.push_screen(TaskScreen(self._top, view.queue, view.id))

    async def _one_of(self, task_id: str, found: list[TaskView]) -> TaskView | None:
        """The task that is meant: an id is unique only within a queue."""
        if not found:
            sentence = f"Task {steady(task_id)} is unknown: never enqueued, or forgotten."
            self.notify(sentence, severity="warning", markup=False)
            return None
        if len(found) == 1:
            return found[0]
        words = [Text(steady(view.queue)) for view in found]
        chosen = await self.push_screen_wait(Choice("Several queues have this id", words))
        return None if chosen is None else found[chosen]
