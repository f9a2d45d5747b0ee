"""Drives the view without a terminal: presses keys, and reads what is on the screen."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from textual.pilot import Pilot

from redisched.cli.top.app import TopApp
from redisched.cli.top.context import TopContext
from redisched.cli.top.keyspace import Keyspace
from redisched.client.scheduler import Scheduler
from redisched.redaction import Redactor

SMALL = (80, 24)
WIDE = (200, 50)
TIMEOUT_S = 20.0
_BOXED = re.compile("^.*\u2502(.*)\u2502.*$")
"""A line of a dialog, with what is beside it."""


@dataclass
class SetClock:
    """A clock that stands still until a test moves it."""

    now_s: float = 1_000.0

    def monotonic(self) -> float:
        return self.now_s


class Viewer:
    """One view. It reads when a screen is shown, and when the key r is pressed: never by itself."""

    def __init__(self, app: TopApp, pilot: Pilot[Any], clock: SetClock) -> None:
        self.app = app
        self.pilot = pilot
        self.clock = clock

    def lines(self) -> list[str]:
        """The lines of the screen, top first."""
        return [strip.text for strip in self.app.screen._compositor.render_strips(self.app.size)]

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines())

    def line_of(self, words: str) -> str:
        """The first line with these words."""
        return next((line for line in self.lines() if words in line), "")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], object], description: str) -> None:
        """Wait until a condition holds. Raises AssertionError, with what is on the screen."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() >= deadline_s:
                raise AssertionError(f"waited in vain until {description}; on the screen is\n{self.text()}")
            await self.pilot.pause()

    def flat(self) -> str:
        """All that is on the screen as one line, so that it does not matter where a sentence is wrapped."""
        return " ".join(" ".join(_BOXED.sub(r"\1", line) for line in self.lines()).split())

    async def sees(self, *words: str) -> None:
        """Wait until the screen has these words."""
        found = [" ".join(word.split()) for word in words]
        await self.until(lambda: all(word in self.flat() for word in found), f"it shows {words}")

    async def no_more_sees(self, words: str) -> None:
        """Wait until the screen has these words no more."""
        await self.until(lambda: words not in self.text(), f"it no more shows {words!r}")


def view(
    tasks: Scheduler,
    scenario: Callable[[Viewer], Awaitable[None]],
    size: tuple[int, int] = SMALL,
    keyspace: Keyspace | None = None,
    **more: Any,
) -> None:
    """Show the view on a screen of some columns and lines, and let a scenario happen on it."""
    clock = SetClock()
    context = TopContext(
        keyspace=keyspace or Keyspace(tasks),
        place="redis://shop/0",
        every_s=3_600.0,
        clock=clock,
        **{"redactor": Redactor(), **more},
    )

    async def main() -> None:
        app = TopApp(context)
        async with app.run_test(size=size, notifications=True) as pilot:
            await scenario(Viewer(app, pilot, clock))
        await tasks.close_async()

    asyncio.run(main())
