"""How a program sees what workers do."""

from datetime import timedelta
from typing import TYPE_CHECKING

from redisched.client.connection import Connection
from redisched.lazy import LazyModule
from redisched.option_checks import check_queue, check_span

if TYPE_CHECKING:
    from redisched.client import stats as statistics
    from redisched.client import worker_calls
    from redisched.client.stats import Stats
    from redisched.client.worker_calls import WorkerCalls
    from redisched.store.operation import Operation
else:
    statistics = LazyModule("redisched.client.stats")
    worker_calls = LazyModule("redisched.client.worker_calls")

HOUR_S = 3_600.0


class Observation:
    """The part of the Scheduler that tells of workers and of what they did."""

    _connection: Connection

    @property
    def workers(self) -> "WorkerCalls":
        """Lists the worker processes that live, and tells one of them to be quiet, to stop or to be replaced."""
        return worker_calls.WorkerCalls(self._connection)

    def stats(self, since: float | timedelta | str = HOUR_S, *, queue: str | None = None) -> "Stats":
        """What workers did lately: in the last hour, or in the last `since`, in seconds or such as "7d", at most 30
        days. Raises InvalidOption.
        """
        self._connection.expect_server()
        return self._connection.run(self._stats(since, queue), "stats")

    async def stats_async(self, since: float | timedelta | str = HOUR_S, *, queue: str | None = None) -> "Stats":
        """As `stats`."""
        self._connection.expect_server()
        return await self._connection.run_async(self._stats(since, queue))

    def _stats(self, since: object, queue: object) -> "Operation[Stats]":
        since_ms = statistics.check_since(check_span("since", since))
        of_queue = None if queue is None else check_queue("queue", queue)
        return statistics.read_stats(self._connection.script_runner, since_ms, of_queue)
