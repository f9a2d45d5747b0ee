"""The screen of `redisched watch`: a bar that moves in place, and the lines of the log above it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from redisched.cli.report_text import counts, left, percent
from redisched.cli.watching import LineCounter, ending_text, state_text
from redisched.client.results import has_ended
from redisched.model import TaskState
from redisched.printable import printable
from redisched.progress import Progress
from redisched.store.reported import Reported
from redisched.store.view import TaskView

REFRESH_PER_SECOND = 4
LEAST_COLUMNS = 60
"""On a narrower terminal the bar has a line of its own."""
_STYLES = {
    TaskState.RUNNING: "cyan",
    TaskState.SUCCEEDED: "green",
    TaskState.RETRYING: "yellow",
    TaskState.CANCELLED: "yellow",
    TaskState.EXPIRED: "yellow",
    TaskState.DEAD: "red",
    TaskState.LOST: "red",
}


class WatchScreen:
    """Shows a task in place. Times go on between two changes."""

    def __init__(self, console: Console, title: str, clock: Callable[[], float]) -> None:
        """`title` is the call of the task, printable."""
        self._console = console
        self._title = title
        self._clock = clock
        self._change: Reported | None = None
        self._changed_s = 0.0
        self._trouble = ""
        self._lines = LineCounter()

    def show(self, change: Reported) -> None:
        # First, as each line that is printed also draws the screen below it.
        self._change, self._changed_s, self._trouble = change, self._clock(), ""
        for line in self._lines.texts(change.log):
            self._console.print(Text(line))

    def say(self, sentence: str) -> None:
        self._trouble = sentence

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._change is None:
            return
        passed_ms = int((self._clock() - self._changed_s) * 1e3)
        view = replace(self._change.view, now_ms=self._change.view.now_ms + passed_ms)
        ended = has_ended(view)
        state = Text(ending_text(view) if ended else state_text(view), style=_STYLES.get(view.state, ""))
        shown: list[RenderableType] = [_one_line(Text(self._title, style="bold")), state if ended else _one_line(state)]
        if self._change.progress is not None:
            shown.append(_bar(view, self._change.progress, options.max_width))
        if self._trouble:
            shown.append(Text(self._trouble, style="yellow"))
        # A terminal writes ^C behind the last line. If that wrapped, the screen would not be drawn again in its place.
        yield from console.render(Group(*shown), options.update(max_width=max(1, options.max_width - 2)))


@contextmanager
def open_screen(console: Console, title: str) -> Iterator[WatchScreen]:
    """Show a task on a terminal until the context ends. What was shown last stays there."""
    screen = WatchScreen(console, title, monotonic)
    with Live(screen, console=console, refresh_per_second=REFRESH_PER_SECOND):
        yield screen


def _bar(view: TaskView, progress: Progress, columns: int) -> RenderableType:
    bar = ProgressBar(total=progress.total, completed=progress.done)
    facts = [percent(progress), counts(progress), left(view, progress)]
    words = _one_line(Text("  ".join(filter(None, facts))))
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=1)
    if columns < LEAST_COLUMNS:
        table.add_row(bar)
        table.add_row(words)
    else:
        table.add_column(no_wrap=True)
        table.add_row(bar, words)
    return Group(table, *([_one_line(Text(printable(progress.note), style="dim"))] if progress.note else []))


def _one_line(text: Text) -> Text:
    text.no_wrap = True
    text.overflow = "ellipsis"
    return text
