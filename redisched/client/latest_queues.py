"""Remembers in which queue tasks were found, so that the next question about one does not search all queues again."""

from collections import OrderedDict

MOST_TASKS = 1_000


class LatestQueues:
    """The queues of the latest tasks that were found. Safe to share between threads: each step is one atomic
    operation.
    """

    def __init__(self) -> None:
        self._queues: OrderedDict[str, str] = OrderedDict()

    def get(self, task_id: str) -> str | None:
        """The queue of a task; None if it was not found, or so long ago that it is forgotten."""
        return self._queues.get(task_id)

    def __setitem__(self, task_id: str, queue: str) -> None:
        self._queues[task_id] = queue
        if len(self._queues) > MOST_TASKS:
            self._queues.popitem(last=False)

    def __len__(self) -> int:
        return len(self._queues)
