"""What keeps a worker process from making progress though Redis answers it.

A supervisor and `redisched health` import this, so it needs nothing else.
"""

from enum import IntEnum
from typing import NamedTuple


class Stall(IntEnum):
    """Why a process makes no progress. The numbers stand in the memory that it shares with its supervisor."""

    NONE = 0
    WINDOW = 1
    """Tasks are due in its window and slots are free, but none starts: a handler blocks the event loop."""
    UNCLAIMED = 2
    """Tasks of its queues have been due for long and slots are free, but it claims none."""
    OVERDUE = 3
    """All of its slots are busy with handlers that have run longer than their timeouts."""

    @property
    def word(self) -> str:
        """How it is called in the health file and in metrics."""
        return self.name.lower()


SENTENCES = {
    Stall.WINDOW: "tasks are due in its window and slots are free, but none starts; a handler may block the event loop",
    Stall.UNCLAIMED: "tasks of its queues are ready and slots are free, but it claims none",
    Stall.OVERDUE: "every slot is busy with a handler that has run longer than its timeout",
}


class Stalled(NamedTuple):
    """A process makes no progress, since this monotonic moment."""

    stall: Stall
    since_s: float
