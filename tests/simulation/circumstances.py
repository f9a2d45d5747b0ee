"""What was done to a world, as far as it excuses what came of it.

Promises hold under conditions: a worker keeps its leases if it runs and reaches the server, and is told of a lost one
if it can hear. The audit asks here before it calls something a foul.
"""

from tests.simulation.process import Process
from tests.simulation.server import Server
from tests.simulation.shadow import Shadow
from tests.simulation.weather import Fate
from tests.simulation.worker_process import WorkerProcess

PIPELINED_US = 6_000_000
"""A claim may have been sent so long before it was granted: behind a wait for a wake-up."""


class Circumstances:
    """One world's. `set_back_us` is by how much the server's clock was set back, all in all."""

    def __init__(self, server: Server, try_s: float) -> None:
        self._server = server
        self._try_us = 1e6 * try_s
        self._workers: dict[str, WorkerProcess] = {}
        self._mishaps: dict[str, list[tuple[int, Fate]]] = {}
        self._clock_set_us = -1
        self.set_back_us = 0

    @property
    def clock_is_steady(self) -> bool:
        """Whether no clock was set, so that a lease lasts as long for the server as for its holder."""
        return self._clock_set_us < 0

    def begins(self, worker: WorkerProcess) -> None:
        """A worker process begins."""
        self._workers[worker.name] = worker

    def clock_was_set(self, ahead_s: float) -> None:
        """The server's clock was set ahead, or back."""
        self._clock_set_us = self._server.at_us()
        self.set_back_us += max(0, int(-1e6 * ahead_s))

    def mishap(self, caller: str, fate: Fate) -> None:
        """A message was mistreated."""
        self._mishaps.setdefault(caller, []).append((self._server.at_us(), fate))

    def excuse_loss(self, task: Shadow, has_begun: bool) -> bool:
        """Whether the lease of a task may have ended because of what was done to its holder."""
        since_us = task.claimed_us
        worker = self._workers.get(task.worker)
        if worker is None or not worker.is_alive or task.is_stray:
            return True
        if max(self._server.failed_over_us, self._clock_set_us, worker.disturbed_us()) >= since_us:
            return True
        if not has_begun and self._may_not_know(worker, since_us):
            return True
        # A few connections cut are no excuse.
        mishaps = [fate for at_us, fate in self._mishaps.get(worker.name, ()) if at_us >= since_us - PIPELINED_US]
        return len(mishaps) > 3 or any(fate in (Fate.VANISHES, Fate.STRAYS) for fate in mishaps)

    def _may_not_know(self, worker: WorkerProcess, since_us: int) -> bool:
        """Whether a worker may not have heard that a claim was granted; what it has begun, it knows of."""
        if worker.is_stopping or worker.busy_until_us >= since_us:
            return True
        return self._server.troubled_us() >= since_us - PIPELINED_US

    def can_hear_since_us(self, name: str) -> int:
        """Since when nothing has kept a worker from hearing what the server has to say."""
        worker = self._workers[name]
        mishaps = self._mishaps.get(name, [])
        latest_us = mishaps[-1][0] if mishaps else -1
        return max(latest_us, worker.disturbed_us(), self._server.troubled_us(), self._clock_set_us)

    def excuse_leftovers(self, process: Process) -> bool:
        """Whether a worker that stopped may have left leases behind."""
        worker = self._workers[process.name]
        return (
            max(self.can_hear_since_us(worker.name), worker.busy_until_us)
            > worker.stopped_us - PIPELINED_US - self._try_us
        )
