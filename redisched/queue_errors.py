"""Errors about one queue. Import them from redisched.errors."""

from redisched.server_errors import RedischedError


class DrainTimeout(RedischedError, TimeoutError):
    """Raised by `drain` of a queue that still has tasks when the time is over: so many due ones, and so many that
    workers have.
    """

    def __init__(self, queue: str, ready: int, leased: int, timeout_s: float) -> None:
        self.queue, self.ready, self.leased, self.timeout_s = queue, ready, leased, timeout_s
        super().__init__(
            f"queue {queue} is not drained after {timeout_s:g} s: {ready} tasks are due, and workers have {leased}; "
            "drain it again to wait longer"
        )


class QueueNotEmpty(RedischedError):
    """Raised when a queue is to be removed that has tasks which have not ended, or schedules."""

    def __init__(self, queue: str, waiting: int, leased: int, dead: int) -> None:
        self.queue, self.waiting, self.leased, self.dead = queue, waiting, leased, dead
        super().__init__(
            f"queue {queue} is not empty: {waiting} waiting, {leased} leased and {dead} dead tasks, or schedules; work "
            "them off or delete them first"
        )
