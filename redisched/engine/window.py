"""The window: leased tasks that will start soon, in heaps. It has no clock, no threads and no I/O.

It makes a worker fast, because slots do not wait for Redis, and punctual, because tasks that fall due soon are there
already. It stays fair to other workers because it is limited in time: it has only tasks that are expected to start
within `window_ms`, and tasks that do not are given back.
"""

from heapq import heappop, heappush
from typing import TypeAlias

from redisched.engine.leased_task import LeasedTask
from redisched.model import run_at_of

LARGEST_CLAIM = 200
"""One claim takes at most so many tasks. With more, other clients would wait longer for Redis; with fewer, each task
would cost more.
"""

_Entry: TypeAlias = tuple[int, str, LeasedTask]
"""Order, turn and task. Tuples are compared without calling Python code."""


class Window:
    """Leased tasks; of the due ones the best comes first. All times are the server's, in milliseconds."""

    def __init__(self, window_ms: float, release_after_ms: float) -> None:
        self.window_ms = window_ms
        self._release_after_ms = release_after_ms
        self._due: list[_Entry] = []
        self._suspects: list[_Entry] = []
        self._ahead: list[tuple[int, LeasedTask]] = []
        self._arrived_ms: dict[LeasedTask, float] = {}
        self._running_suspect: LeasedTask | None = None

    def __len__(self) -> int:
        return len(self._arrived_ms)

    def add(self, task: LeasedTask, now_ms: float) -> None:
        """Add a leased task, which is due or will be soon."""
        self._arrived_ms[task] = now_ms
        run_at_ms = run_at_of(task.lease.score)
        if run_at_ms > now_ms:
            heappush(self._ahead, (run_at_ms, task))
        else:
            self._push(task)

    def pop(self, now_ms: float) -> LeasedTask | None:
        """Remove and answer the best due task; None if there is none. A suspect is answered only while no other suspect
        runs.
        """
        while self._ahead and self._ahead[0][0] <= now_ms:
            self._push(heappop(self._ahead)[1])
        heap = self._due
        if self._suspects and self._running_suspect is None and (not heap or self._suspects[0] < heap[0]):
            heap = self._suspects
            self._running_suspect = heap[0][2]
        if not heap:
            return None
        task = heappop(heap)[2]
        del self._arrived_ms[task]
        return task

    def ended(self, task: LeasedTask) -> None:
        """Note that a task from `pop` does not run any more."""
        if task is self._running_suspect:
            self._running_suspect = None

    def next_due_ms(self) -> int | None:
        """When the next task falls due that is not due yet; None if all are."""
        return self._ahead[0][0] if self._ahead else None

    def room(self, free_slots: int, starts_per_ms: float) -> int:
        """How many more due tasks to claim: for the free slots, and for the starts that are expected within the window.

        A claim costs about the same for one task as for many. So while there are tasks for the free slots, this answers
        0 until half of the expected starts are missing, or as many as one claim can bring. Waiting for more would only
        delay urgent tasks.
        """
        expected = int(starts_per_ms * self.window_ms)
        at_hand = len(self._due) + len(self._suspects)
        missing = free_slots + expected - at_hand
        if at_hand >= free_slots and missing < min(expected / 2, LARGEST_CLAIM):
            return 0
        return max(0, missing)

    def take_overdue(self, now_ms: float) -> list[LeasedTask]:
        """Remove and answer the tasks that have been due, and in the window, for longer than `release_after_ms`."""
        late = {
            task
            for task, arrived_ms in self._arrived_ms.items()
            if now_ms - max(arrived_ms, run_at_of(task.lease.score)) > self._release_after_ms
        }
        return self._remove(late)

    def take_all(self) -> list[LeasedTask]:
        """Remove and answer every task."""
        return self._remove(set(self._arrived_ms))

    def _push(self, task: LeasedTask) -> None:
        heappush(self._suspects if task.is_suspect else self._due, (task.order, task.turn, task))

    def _remove(self, leaving: set[LeasedTask]) -> list[LeasedTask]:
        if leaving:
            self._due = sorted(entry for entry in self._due if entry[2] not in leaving)
            self._suspects = sorted(entry for entry in self._suspects if entry[2] not in leaving)
            self._ahead = sorted(entry for entry in self._ahead if entry[1] not in leaving)
            for task in leaving:
                del self._arrived_ms[task]
        return sorted(leaving)
