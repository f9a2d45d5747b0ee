"""Virtual time and seeded choice: which event happens next, and in which process.

A step runs one callback of one event loop, or lets one event happen, such as the arrival of a message. Time passes
only when no event loop has a callback to run, and then it jumps to the next event.
"""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any, Protocol

SPINNING = 20_000
"""So many steps without a change of time count as endless."""


class Runnable(Protocol):
    """An event loop with callbacks to run."""

    def run_next(self) -> None:
        """Run the first callback."""


class Kernel:
    """The time, the random choices and the agenda of one world. Times are whole microseconds since its beginning."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now_us = 0
        self.steps = 0
        self.runnable: list[Runnable] = []
        self._agenda: list[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = []
        self._appointments = 0
        self._steps_at_rest = 0

    def at(self, time_us: int, callback: Callable[..., object], *arguments: Any) -> None:
        """Call back at a time; a past time means now."""
        self._appointments += 1
        heappush(self._agenda, (max(time_us, self.now_us), self._appointments, callback, arguments))

    def after(self, delay_us: float, callback: Callable[..., object], *arguments: Any) -> None:
        """Call back after a while."""
        self.at(self.now_us + int(delay_us), callback, *arguments)

    def between(self, low: float, high: float) -> float:
        """A number drawn from a range."""
        return low + (high - low) * self.random.random()

    def chance(self, probability: float) -> bool:
        """Whether an event of this probability happens."""
        return self.random.random() < probability

    def step(self) -> None:
        """Do the next thing. Things of the same time run in random order."""
        self.steps += 1
        if self.runnable:
            count = len(self.runnable)
            self.runnable[0 if count == 1 else int(self.random.random() * count)].run_next()
            return
        time_us, _, callback, arguments = heappop(self._agenda)
        if time_us > self.now_us:
            self.now_us = time_us
            self._steps_at_rest = self.steps
        callback(*arguments)

    def run(self, is_over: Callable[[], bool]) -> None:
        """Do steps until a condition holds, which is checked after every step."""
        try:
            while not is_over():
                self.step()
                assert self.steps - self._steps_at_rest < SPINNING, "steps without end while no time passes"
        finally:
            asyncio._set_running_loop(None)
