"""The faults that hit a world, as far as they excuse a late or lost task.

Promises hold under conditions: a worker keeps its leases if it runs and reaches the server, and learns of a lost one
if it can read replies. The audit asks here before it records a foul.
"""

from tests.simulation.plan import Plan
from tests.simulation.process import Process
from tests.simulation.server import Server
from tests.simulation.shadow import Shadow
from tests.simulation.weather import Fate
from tests.simulation.worker_process import WorkerProcess

PIPELINED_US = 6_000_000
"""How long before its grant a claim may have been sent: behind a wait for a wake-up."""
MOST_CUTS = 8
RETURN_US = 2_500_000
"""How soon a client that could not reach the server tries again."""
LATE_SHARE = 0.1
"""The part of a lease that its holder does not count on."""
SPARED_MS = 4_000
"""The grace after an outage, in whole milliseconds of the server's clock."""


class Circumstances:
    """The faults of one world. `set_back_us` is by how much the server's clock was set back in all; `clock_set_us` when
    it was set last, `set_ahead_us` when it was set ahead last, -1 for never.
    """

    def __init__(self, server: Server, plan: Plan) -> None:
        self._server = server
        self._try_us = 1e6 * plan.try_s
        self._lease_us = 1e6 * plan.lease_s
        self._heartbeat_us = 1e6 * plan.worker_settings.heartbeat_s
        self._workers: dict[str, WorkerProcess] = {}
        self._mishaps: dict[str, list[tuple[int, Fate]]] = {}
        self.clock_set_us = -1
        self.set_back_us = 0
        self.set_ahead_us = -1

    def begins(self, worker: WorkerProcess) -> None:
        """A worker process begins."""
        self._workers[worker.name] = worker

    def clock_was_set(self, ahead_s: float) -> None:
        """The server's clock was set ahead, or back."""
        self.clock_set_us = self._server.at_us()
        self.set_back_us += max(0, int(-1e6 * ahead_s))
        if ahead_s > 0:
            self.set_ahead_us = self.clock_set_us

    def mishap(self, caller: str, fate: Fate) -> None:
        """A message was lost, delayed or repeated."""
        self._mishaps.setdefault(caller, []).append((self._server.at_us(), fate))

    def excuse_loss(self, task: Shadow, has_begun: bool) -> bool:
        """Whether the lease of a task may have ended because of a fault of its holder."""
        since_us = task.claimed_us
        worker = self._workers.get(task.worker)
        if worker is None or not worker.is_alive or task.is_stray:
            return True
        if max(self._server.failed_over_us, self.clock_set_us, worker.disturbed_us()) >= since_us:
            return True
        if not has_begun and self._may_not_know(worker, since_us):
            return True
        # A few cut connections are no excuse: a worker that notices one tries again at once.
        mishaps = [fate for at_us, fate in self._mishaps.get(worker.name, ()) if at_us >= since_us - PIPELINED_US]
        cuts = mishaps.count(Fate.REQUEST_CUT) + mishaps.count(Fate.REPLY_CUT)
        return cuts > MOST_CUTS or Fate.VANISHES in mishaps or Fate.STRAYS in mishaps

    def _may_not_know(self, worker: WorkerProcess, since_us: int) -> bool:
        """Whether a worker may not know that a claim was granted; a task that it has started, it knows of."""
        if worker.is_stopping or worker.busy_until_us >= since_us:
            return True
        return self._server.troubled_us() >= since_us - PIPELINED_US

    def can_hear_since_us(self, name: str) -> int:
        """Since when no fault has kept a worker from reading the server's replies."""
        worker = self._workers[name]
        mishaps = self._mishaps.get(name, [])
        latest_us = mishaps[-1][0] if mishaps else -1
        return max(latest_us, worker.disturbed_us(), self._server.troubled_us(), self.clock_set_us)

    def is_undisturbed(self, caller: str, since_us: int) -> bool:
        """Whether nothing has kept a process other than a worker from the server since a time."""
        mishaps = self._mishaps.get(caller, [])
        return self._server.troubled_us() < since_us and not any(at_us >= since_us for at_us, _ in mishaps)

    def can_be_told_since_us(self, name: str) -> int:
        """Since when the worker could also have told its handlers, which its event loop does."""
        return max(self.can_hear_since_us(name), self._workers[name].busy_until_us)

    def excuse_leftovers(self, process: Process) -> bool:
        """Whether a stopped worker may have left leases: a fault kept it from repeating its claim until then."""
        worker = self._workers[process.name]
        unheard_us = max(self.can_be_told_since_us(worker.name), self._server.failed_over_us)
        return unheard_us > max(0, worker.stopped_us - RETURN_US - self._try_us)

    def knows(self, task: Shadow) -> bool:
        """Whether the holder of a task knows of its lease, as far as it can."""
        worker = self._workers.get(task.worker)
        if worker is None or not worker.is_alive or self._server.failed_over_us >= task.claimed_us:
            return True
        # A worker does not take a lease that it hears of late: it would end before the lease renewer's next round.
        left_us = task.ends_ms * 1000 - self._server.now_us()
        is_too_late = left_us <= self._heartbeat_us + LATE_SHARE * self._lease_us
        return is_too_late or worker.has_in_hand(task.id.decode(), task.token)

    def was_spared(self, task: Shadow, now_us: int) -> bool:
        """Whether no outage ended a lease that had been renewed in time before."""
        if self.clock_set_us >= task.renewed_us:
            return True
        ended_us = task.renewed_us + self._lease_us
        return not any(
            began_us - self._heartbeat_us <= task.renewed_us <= began_us
            and ended_us <= over_us
            and now_us // 1000 < over_us // 1000 + SPARED_MS
            for began_us, over_us in self._server.outages
        )
