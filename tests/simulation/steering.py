"""The referee's part for what changes tasks from outside of their handlers: priority and time, replay, discarding."""

from collections.abc import Callable

from redisched.model import BAND
from tests.chaos.model_limits import moment_of
from tests.simulation.calls import Tasks, check, now_ms_of, rows_of
from tests.simulation.server import Call
from tests.simulation.shadow import Place, Shadow

WIDTH = 3
"""The number of values of a task whose priority or time is changed."""


class Steering:
    """Checks the calls that change tasks."""

    def __init__(self, tasks: Callable[[], Tasks]) -> None:
        self._tasks = tasks
        self.checks: dict[str, Callable[[Call], None]] = {
            "reprioritize": self._reprioritize,
            "revive": self._revive,
            "discard": self._discard,
        }

    def _reprioritize(self, call: Call) -> None:
        for (id, priority, when), status in rows_of(call.arguments, WIDTH, call.reply):
            task = self._task(id, status in (b"ENDED", b"UNKNOWN"))
            if task is None:
                expected = b"UNKNOWN"
            elif not task.is_waiting:
                expected = b"LEASED" if task.place is Place.LEASED else b"ENDED"
            else:
                expected = _change(task, priority, when, now_ms_of(call))
            check(_same(status, expected, task), "a task is changed while it waits", call, id, expected)

    def _revive(self, call: Call) -> None:
        for (id, body), status in rows_of(call.arguments[1:], 2, call.reply):
            task = self._task(id, status != b"ALREADY")
            expected = b"UNKNOWN"
            if task is not None and task.place is Place.DEAD:
                is_taken = any(task.key == other.key and other.lives for other in self._tasks().values() if task.key)
                expected = b"TAKEN" if is_taken and not task.limits.once else task.revive(now_ms_of(call), body)
            elif task is not None and task.place in (Place.WAITING, Place.LEASED):
                expected = b"ALREADY"
            check(_same(status, expected, task), "only a dead task is replayed", call, id, expected)

    def _discard(self, call: Call) -> None:
        retention_ms, *rows = call.arguments
        for (id, _), status in rows_of(rows, 2, call.reply):
            task = self._task(id, status != b"ALREADY")
            expected = b"UNKNOWN" if task is None else b"ALREADY"
            if task is not None and task.place is Place.DEAD:
                task.cancelled_for_ms = int(retention_ms)
                task.end_as_asked(now_ms_of(call))
                expected = b"DISCARDED"
            check(_same(status, expected, task), "only a dead task is discarded", call, id, expected)

    def _task(self, id: bytes, has_ended: bool) -> Shadow | None:
        """A task that is known. If an end was not seen that this answer shows, the referee learns of it."""
        task = self._tasks().get(id)
        if task is not None and task.is_waiting and task.has_ended_unseen and has_ended:
            task.place = Place.DEAD if task.limits.expires_ms is None else Place.EXPIRED
        return None if task is None or task.place is Place.FORGOTTEN else task


def _change(task: Shadow, priority: bytes, when: bytes, now_ms: int) -> bytes:
    run_at_ms = moment_of(when.decode(), now_ms) if when else task.run_at_ms
    limit_ms = task.limits.next_start_ms
    if when and limit_ms is not None and limit_ms <= run_at_ms:
        return b"EXPIRES"
    band = int(priority) if priority else task.score // BAND
    task.score = band * BAND + run_at_ms
    return b"REPRIORITIZED"


def _same(status: bytes, expected: bytes, task: Shadow | None) -> bool:
    """Whether an answer is as expected. Whether a task that ended unseen is still kept, only the server knows."""
    return status == expected or (task is not None and task.has_ended_unseen and status == b"UNKNOWN")
