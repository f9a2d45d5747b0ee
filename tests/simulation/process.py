"""A simulated process: lanes, connections, and all faults of a whole process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from redisched import Scheduler
from redisched.store.broker import Broker
from redisched.store.clients import AsyncServerClient
from tests.simulation.kernel import Kernel
from tests.simulation.lane import Lane, MachineClock
from tests.simulation.network import Connections, Network, Pipe
from tests.simulation.plan import Plan


class Process:
    """One process of a machine, with an application of its own. `loop` runs its event loop, `threads` the rest."""

    def __init__(self, name: str, network: Network, clock: MachineClock, plan: Plan) -> None:
        kernel = network.kernel
        self.name = name
        self.kernel: Kernel = kernel
        self.clock = clock
        self.threads = Lane(kernel, clock)
        self.loop = Lane(kernel, clock, beside=self.threads)
        self.is_alive = True
        self.ended_by_itself = False
        self.on_end: Callable[[], None] = _ignore_end
        self.busy_until_us = -1
        """Until when its event loop is blocked."""
        self._halts = 0
        self._disturbed_us = -1
        self._network = network
        self._connections = Connections(network, name)
        broker = Broker(
            _blocking_is_impossible, lambda try_s, _: AsyncServerClient(self._connections, try_s), plan.try_s
        )
        self.app = Scheduler(settings=plan.settings, broker=broker)
        self.app._connection.monotonic = clock.monotonic
        self.app._connection.random = kernel.random.random

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run its main function; when that returns, the process ends."""
        self.loop.enter()
        self.loop.run(work).add_done_callback(self._ended)

    def kill(self) -> None:
        """End it at once, as SIGKILL does: its connections are closed."""
        self._end(Pipe.hang_up)

    def vanish(self) -> None:
        """End it together with its machine: the server does not learn of it."""
        self._end(Pipe.fall_silent)

    def pause(self, seconds: float) -> None:
        """Stop all of its code for a while, as SIGSTOP does; its clock goes on."""
        self._halts += 1
        for lane in (self.loop, self.threads):
            lane.halt()
        self.kernel.after(seconds * 1e6, self._continue)

    def block(self, seconds: float) -> None:
        """Keep its event loop busy for a while; other threads run."""
        self.loop.halt()
        self.busy_until_us = self.kernel.now_us + int(seconds * 1e6)
        self.kernel.at(self.busy_until_us, self.loop.go_on)

    def isolate(self, seconds: float) -> None:
        """Let nothing pass between it and the server for a while."""
        self._halts += 1
        self._network.unreachable.add(self.name)
        self.kernel.after(seconds * 1e6, self._return)

    def disturbed_us(self) -> int:
        """When a fault last kept it from running or from the server; -1 for never."""
        return self.kernel.now_us if self._halts else self._disturbed_us

    def dispose(self) -> None:
        """Close unfinished coroutines after the end of the world."""
        self.loop.dispose()
        self.threads.dispose()

    def defects(self) -> list[BaseException | str]:
        """Unhandled errors in its code."""
        return [*self.loop.defects, *self.threads.defects]

    def _end(self, leave: Callable[[Pipe], None]) -> None:
        self.is_alive = False
        self.loop.cancel()
        self.threads.cancel()
        self._connections.drop(leave)
        self.on_end()

    def _ended(self, _main: asyncio.Task[None]) -> None:
        self.ended_by_itself = True
        self.kill()

    def _continue(self) -> None:
        self._end_disturbance()
        for lane in (self.loop, self.threads):
            lane.go_on()

    def _return(self) -> None:
        self._end_disturbance()
        self._network.unreachable.discard(self.name)

    def _end_disturbance(self) -> None:
        self._halts -= 1
        self._disturbed_us = self.kernel.now_us


def _ignore_end() -> None:
    """For a process without a supervisor."""


def _blocking_is_impossible(_try_s: float, _part: str) -> Any:
    raise AssertionError("a simulated process may not block")
