"""The window: leased tasks that will start soon, in order. It has no clock, no threads and no I/O.

It makes a worker fast, because slots do not wait for Redis, and punctual, because tasks that fall due soon are there
already. It stays fair to other workers because it is limited in time: it has only tasks that are expected to start
within `window_ms`, and tasks that do not are given back.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import chain
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
        # The best is the last. The tasks of a claim come in order, so sorting takes about one comparison for each task,
        # and a heap would take many.
        self._due: list[_Entry] = []
        self._suspects: list[_Entry] = []
        self._ahead: list[tuple[int, LeasedTask]] = []
        self._running_suspect: LeasedTask | None = None

    def __len__(self) -> int:
        return len(self._due) + len(self._suspects) + len(self._ahead)

    def add(self, tasks: Iterable[LeasedTask], now_ms: float) -> None:
        """Add leased tasks, which are due or will be soon."""
        due = []
        for task in tasks:
            task.arrived_ms = now_ms
            run_at_ms = run_at_of(task.lease.score)
            if run_at_ms > now_ms:
                heappush(self._ahead, (run_at_ms, task))
            else:
                due.append(task)
        self._fall_due(due)

    def pop(self, now_ms: float) -> LeasedTask | None:
        """Remove and answer the best due task; None if there is none. A suspect is answered only while no other suspect
        runs.
        """
        if self._ahead and self._ahead[0][0] <= now_ms:
            self._fall_due(self._pop_fallen_due(now_ms))
        due = self._due
        if self._suspects and self._running_suspect is None and (not due or self._suspects[-1] < due[-1]):
            self._running_suspect = self._suspects.pop()[2]
            return self._running_suspect
        return due.pop()[2] if due else None

    def can_start(self, now_ms: float) -> bool:
        """Whether `pop` would answer a task. Safe from any thread."""
        ahead = next(iter(self._ahead), None)
        if self._due or (ahead is not None and ahead[0] <= now_ms):
            return True
        return bool(self._suspects) and self._running_suspect is None

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
        return self._remove(
            {
                task
                for task in self._tasks()
                if now_ms - max(task.arrived_ms, run_at_of(task.lease.score)) > self._release_after_ms
            }
        )

    def take_all(self) -> list[LeasedTask]:
        """Remove and answer every task."""
        return self._remove(set(self._tasks()))

    @property
    def due(self) -> int:
        """How many tasks wait for a slot, as of the latest look at the time."""
        return len(self._due) + len(self._suspects)

    def first(self, most: int) -> list[LeasedTask]:
        """The first tasks, in the order in which they are expected to start."""
        due = sorted(chain(self._due, self._suspects))[:most]
        ahead = sorted(self._ahead)[: most - len(due)]
        return [*(entry[2] for entry in due), *(entry[1] for entry in ahead)]

    def _tasks(self) -> Iterator[LeasedTask]:
        due = (task for _order, _turn, task in chain(self._due, self._suspects))
        return chain(due, (task for _run_at_ms, task in self._ahead))

    def _pop_fallen_due(self, now_ms: float) -> Iterator[LeasedTask]:
        while self._ahead and self._ahead[0][0] <= now_ms:
            yield heappop(self._ahead)[1]

    def _fall_due(self, tasks: Iterable[LeasedTask]) -> None:
        due: list[_Entry] = []
        suspects: list[_Entry] = []
        for task in tasks:
            (suspects if task.is_suspect else due).append((task.order, task.turn, task))
        _merge(self._due, due)
        _merge(self._suspects, suspects)

    def _remove(self, leaving: set[LeasedTask]) -> list[LeasedTask]:
        if leaving:
            self._due = [entry for entry in self._due if entry[2] not in leaving]
            self._suspects = [entry for entry in self._suspects if entry[2] not in leaving]
            self._ahead = sorted(entry for entry in self._ahead if entry[1] not in leaving)
        return sorted(leaving)


def _merge(entries: list[_Entry], more: list[_Entry]) -> None:
    """Add to entries in descending order. For one task, as they fall due, sorting would compare all entries again."""
    if len(more) == 1:
        low, high = 0, len(entries)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if entries[middle] > more[0] else (low, middle)
        entries.insert(low, more[0])
    elif more:
        entries += more
        entries.sort(reverse=True)
