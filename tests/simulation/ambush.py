"""Kills and stops processes between any two of their calls: just before the server gets one, or just after it."""

from collections import Counter
from collections.abc import Callable
from enum import Enum, auto

from tests.simulation.kernel import Kernel
from tests.simulation.network import Pipe, Receiver
from tests.simulation.process import Process
from tests.simulation.server import digest_of, script_names


class Blow(Enum):
    """What befalls the sender of a request."""

    KILLED_BEFORE = auto()
    """The request never arrives."""
    KILLED_AFTER = auto()
    """It is carried out, and nobody reads the reply."""
    STOPPED = auto()
    """It is carried out, and the sender goes on a while later."""


class Ambush:
    """Stands in front of a server. `find` answers the process of a name, None for one that is spared; `odds` are
    those of each request, `longest_stop_s` is the longest time for which a process is stopped.
    """

    def __init__(
        self,
        kernel: Kernel,
        server: Receiver,
        find: Callable[[str], Process | None],
        *,
        odds: float,
        longest_stop_s: float,
    ) -> None:
        self._kernel = kernel
        self._server = server
        self._find = find
        self._odds = odds
        self._longest_stop_s = longest_stop_s
        self._names = script_names()
        self.blows: Counter[tuple[str, Blow]] = Counter()
        """How often each script was the last call that a process sent before a blow."""

    def rest(self) -> None:
        """Spare everybody from now on."""
        self._odds = 0.0

    def greet(self, pipe: Pipe) -> bool:
        return self._server.greet(pipe)

    def hang_up(self, pipe: Pipe) -> None:
        self._server.hang_up(pipe)

    def receive(self, pipe: Pipe, command: list[bytes]) -> None:
        """A request arrived, and its sender may not live to read the reply."""
        victim = self._find(pipe.caller)
        if victim is None or not victim.is_alive or not self._kernel.chance(self._odds):
            self._server.receive(pipe, command)
            return
        blow = self._kernel.random.choice(tuple(Blow))
        self.blows[self._names.get(digest_of(command), command[0].decode()), blow] += 1
        if blow is not Blow.KILLED_BEFORE:
            self._server.receive(pipe, command)
        if blow is Blow.STOPPED:
            # Mostly for a short time: after a longer one, calls have timed out and are made anew.
            victim.pause(self._longest_stop_s * self._kernel.random.random() ** 3)
        else:
            victim.kill()
