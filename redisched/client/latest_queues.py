"""In which queue tasks were found of late, so that who asks for one again need not look through all queues again."""

from collections import OrderedDict

MOST_TASKS = 1_000


class LatestQueues:
    """The queues of the tasks that were looked for last. Safe to share between threads: each step is one operation."""

    def __init__(self) -> None:
        self._queues: OrderedDict[str, str] = OrderedDict()

    def get(self, task_id: str) -> str | None:
        """Where a task was, None if that is not known any more."""
        return self._queues.get(task_id)

    def __setitem__(self, task_id: str, queue: str) -> None:
        self._queues[task_id] = queue
        if len(self._queues) > MOST_TASKS:
            self._queues.popitem(last=False)

    def __len__(self) -> int:
        return len(self._queues)
