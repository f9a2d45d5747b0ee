"""The threads of sync handlers, without threads: a handler says how long it works, and a timer waits for that long."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redisched.errors import Interruption
from tests.simulation.lane import Lane, running_lane


@dataclass(frozen=True, slots=True)
class Work:
    """What a simulated sync handler returns at once: how long it takes, and a function for its result.

    `finish` is called with the interruption that ended the work early, or None. Deaf work is interrupted
    only when its time is over, as C code is.
    """

    lasts_s: float
    finish: Callable[[type[Interruption] | None], Any]
    is_deaf: bool = False


class SimulatedCall:
    """One call of a sync handler, as the executor uses it."""

    def __init__(
        self, function: Callable[[], Any], on_end: Callable[["SimulatedCall"], None], loop: Lane, thread: Lane
    ) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self._on_end = on_end
        self._function = function
        self._loop = loop
        self._thread = thread
        self._work: Work | None = None
        self._interruption: type[Interruption] | None = None
        self._has_ended = False
        thread.call_soon(self._begin)

    def interrupt(self, kind: type[Interruption]) -> None:
        """End the call early; only the first interruption counts."""
        self._thread.call_soon(self._be_interrupted, kind)

    def _begin(self) -> None:
        if self._interruption is not None:
            self._end()
            return
        try:
            self._work = self._function()
        except BaseException as error:
            self._deliver(None, error)
        else:
            self._thread.call_later(self._work.lasts_s, self._end)

    def _be_interrupted(self, kind: type[Interruption]) -> None:
        if self._interruption is None:
            self._interruption = kind
            if self._work is not None and not self._work.is_deaf:
                self._end()

    def _end(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        result = None
        error = None if self._interruption is None else self._interruption()
        try:
            if self._work is not None:
                result = self._work.finish(self._interruption)
        except BaseException as raised:
            self._deliver(None, raised)
        else:
            self._deliver(result, error)

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        self._loop.call_soon(self._settle, result, error)

    def _settle(self, result: Any, error: BaseException | None) -> None:
        self.result, self.error = result, error
        self._on_end(self)


class SimulatedThreads:
    """Replaces the executor's threads, in the lane beside that of the event loop."""

    def __init__(self, size: int) -> None:
        self._loop = running_lane()
        assert self._loop.beside is not None
        self._thread = self._loop.beside
        self._is_stopped = False

    def call(self, function: Callable[[], Any], on_end: Callable[[SimulatedCall], None]) -> SimulatedCall:
        def tell(call: SimulatedCall) -> None:
            if not self._is_stopped:
                on_end(call)

        return SimulatedCall(function, tell, self._loop, self._thread)

    def has_ended(self, call: SimulatedCall) -> bool:
        """Never ahead of the event loop, which hears of every end at once."""
        return False

    def stop(self) -> None:
        self._is_stopped = True
