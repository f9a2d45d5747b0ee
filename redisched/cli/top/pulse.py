"""The first line of a screen: where it reads, and whether what it shows is fresh."""

from rich.text import Text
from textual.widgets import Static

from redisched.cli.top.columns import cut
from redisched.cli.top.context import TopContext
from redisched.cli.top.looks import FAINT, WARNING
from redisched.cli.top.texts import coarse, steady

_GAP = 2
_PATIENCE_S = 3.0
"""A reading that takes longer is waited for: the age of the one before is shown."""


class PulseLine(Static):
    """Says how old the last reading is while the next one fails."""

    def __init__(self, context: TopContext, title: str) -> None:
        super().__init__(id="pulse")
        self._top = context
        self._title = steady(title)
        self._read_s: float | None = None
        self._trouble = ""

    def on_mount(self) -> None:
        self.tell()

    def on_resize(self) -> None:
        self.tell()

    def succeeded(self) -> None:
        """A reading was shown just now."""
        self._read_s, self._trouble = self._top.clock.monotonic(), ""
        self.tell()

    def failed(self, reason: str) -> None:
        """There is no new reading."""
        self._trouble = steady(reason)
        self.tell()

    def tell(self) -> None:
        """Draw the line as it is now."""
        width = self.size.width
        left = Text(f"redisched top  {self._title}", style="bold", no_wrap=True)
        if self._trouble:
            self.update(cut(Text(f"{WARNING.shape} {self._age()}: {self._trouble}", style=WARNING.style), width))
            return
        state = "reading" if self._read_s is None else f"every {self._top.every_s:g} s"
        if self._read_s is not None and self._top.clock.monotonic() - self._read_s > self._top.every_s + _PATIENCE_S:
            state = self._age()
        place = Text(steady(self._top.place), style=FAINT, no_wrap=True)
        right = cut(place, max(0, width - left.cell_len - len(state) - 2 * _GAP)).append(" " * _GAP + state)
        self.update(left.append(" " * max(0, width - left.cell_len - right.cell_len)).append_text(right))

    def _age(self) -> str:
        if self._read_s is None:
            return "nothing read yet"
        return f"last update {coarse(1e3 * (self._top.clock.monotonic() - self._read_s))} ago"
