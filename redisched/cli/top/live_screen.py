"""A screen that reads again and again while it is seen."""

import asyncio
from contextlib import suppress
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from redisched.cli.top.context import TopContext
from redisched.cli.top.dialogs import keys_text
from redisched.cli.top.pulse import PulseLine
from redisched.errors import RedischedError

_TICK_S = 1.0


class LiveScreen(Screen[None]):
    """Reads when it is shown, then every few seconds; less often where a reading takes longer than that. While it
    cannot read, it shows what it has read last, and for how long that has been so.
    """

    TITLE_OF_PULSE = ""
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = ()
    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "read_now", "Read now", show=False)]

    def __init__(self, context: TopContext, title: str = "") -> None:
        super().__init__()
        self.context = context
        self.keyspace = context.keyspace
        self._pulse = PulseLine(context, title)
        self._is_seen = asyncio.Event()
        self._is_wanted = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield self._pulse
        with Vertical(id="body"):
            yield from self.compose_body()
        yield Static(keys_text(self.KEYS), id="keys")

    def compose_body(self) -> ComposeResult:
        """What stands between the first line and the keys."""
        raise NotImplementedError

    async def read_and_show(self) -> None:
        """Read once, and show it. Raises RedischedError."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.set_interval(_TICK_S, self._pulse.tell)
        self.run_worker(self._keep_reading(), name="reading")

    def on_screen_resume(self) -> None:
        self._is_seen.set()
        self._is_wanted.set()

    def on_screen_suspend(self) -> None:
        self._is_seen.clear()

    def action_read_now(self) -> None:
        """Read without waiting for the next time."""
        self._is_wanted.set()

    async def _keep_reading(self) -> None:
        clock = self.context.clock
        while True:
            await self._is_seen.wait()
            self._is_wanted.clear()
            began_s = clock.monotonic()
            try:
                await self.read_and_show()
            except RedischedError as error:
                self._pulse.failed(str(error))
            else:
                self._pulse.succeeded()
            # A slow Redis is asked less often: half of the time at most.
            await self._rest(max(self.context.every_s, clock.monotonic() - began_s))

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_wanted.wait()


def set_text(widget: Static, text: Text) -> None:
    """Show a text if it is another one than before."""
    if widget.content != text:
        widget.update(text)
