"""Takes back the tasks of dead worker processes, in a thread of the supervisor.

It has its own thread because Redis may not answer, and the supervisor must still be able to stop. The Redis client is
imported only when the first process has died: most supervisors never need it.
"""

import contextlib
import importlib
import queue
import threading
from typing import TYPE_CHECKING, NamedTuple

from redisched.engine.child_spec import Ready
from redisched.engine.logs import log
from redisched.engine.started import StartedTask

if TYPE_CHECKING:
    from redisched.engine.recovery import BlockingRecovery

STEP_S = 0.5
_MODULE = "redisched.engine.recovery"


class _Death(NamedTuple):
    worker: str
    started: frozenset[StartedTask]
    ready: Ready


class Recoverer:
    """Takes back the tasks of all dead processes of a supervisor."""

    def __init__(self, crash_limit: int) -> None:
        self._crash_limit = crash_limit
        self._deaths: queue.SimpleQueue[_Death | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.recovered = 0
        """The number of tasks that were taken back."""

    def died(self, worker: str, started: set[StartedTask], ready: Ready) -> None:
        """Take back the tasks of a dead worker from now on; `started` are those whose handlers ran."""
        self._deaths.put(_Death(worker, frozenset(started), ready))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="redisched-recoverer", daemon=True)
            self._thread.start()

    def finish(self, within_s: float) -> None:
        """Look once more for tasks of every dead worker, at most `within_s` seconds. Reapers take back the rest when
        the leases end.
        """
        if self._thread is not None:
            self._deaths.put(None)
            self._thread.join(within_s)
            if self._thread.is_alive():
                log.warning("Redis does not answer: tasks of processes that died are taken back when their leases end")

    def _run(self) -> None:
        recoveries: dict[Ready, BlockingRecovery] = {}
        unopened: list[_Death] = []
        is_finishing = False
        while not is_finishing:
            with contextlib.suppress(queue.Empty):
                death = self._deaths.get(timeout=STEP_S)
                is_finishing = death is None
                if death is not None:
                    unopened.append(death)
            unopened = [death for death in unopened if not self._hand_over(death, recoveries)]
            taken_back = [recovery.finish() if is_finishing else recovery.step() for recovery in recoveries.values()]
            self.recovered = sum(taken_back)

    def _hand_over(self, death: _Death, recoveries: "dict[Ready, BlockingRecovery]") -> bool:
        """Give a death to the recovery of its application. Answers False if that cannot be opened yet because the
        process has no free descriptor.
        """
        try:
            if death.ready not in recoveries:
                recoveries[death.ready] = _open_recovery(death.ready, self._crash_limit)
        except OSError as error:
            log.warning("the tasks of %s cannot be taken back yet: %s", death.worker, error)
            return False
        recoveries[death.ready].died(death.worker, death.started)
        return True


def _open_recovery(ready: Ready, crash_limit: int) -> "BlockingRecovery":
    recovery: BlockingRecovery = importlib.import_module(_MODULE).BlockingRecovery(ready, crash_limit)
    return recovery
