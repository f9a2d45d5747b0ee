"""Which worker of a test is in use in this process; at most one."""

from typing import Protocol

from redisched.client.scheduler import Scheduler


class WorkerOfTest(Protocol):
    """A worker whose block has not ended."""

    @property
    def app(self) -> Scheduler: ...


IN_USE: list[WorkerOfTest] = []
