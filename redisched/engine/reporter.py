"""Sends what handlers tell of their progress to Redis: of all tasks of a worker together, at most twice a second.

What a handler told last is sent before its task is settled.
"""

import asyncio
import contextlib
import math
import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from functools import partial

from redisched.engine.leased_task import LeasedTask
from redisched.engine.report_buffer import Pending, ReportBuffer
from redisched.engine.service import FOREVER_S
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.store.operation import AsyncClient, Operation, run_async
from redisched.store.report import Report
from redisched.store.store import Store
from redisched.store.values import Status

INTERVAL_S = 0.5
BATCH = 50
"""One script call stores at most so many reports. Each may have the bytes of a whole log."""


class Reporter:
    """The buffers of all tasks of a worker. Make it inside the running event loop."""

    def __init__(self, context: WorkerContext, client: AsyncClient) -> None:
        self._context = context
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._told: deque[LeasedTask] = deque()
        self._next_s = -math.inf
        self.changed = asyncio.Event()

    def of(self, task: LeasedTask) -> ReportBuffer:
        """The buffer of a task that runs. Safe from any thread."""
        with self._lock:
            if task.report is None:
                attempt, now_ms = task.lease.attempts + 1, self._context.server_now_ms
                task.report = ReportBuffer(attempt, now_ms, partial(self._note, task))
            return task.report

    async def step(self) -> float:
        """Send what was told since the last step; answers how long to wait, in seconds."""
        now_s = self._context.clock.monotonic()
        if now_s < self._next_s:
            return self._next_s - now_s
        if not self._told:
            return FOREVER_S
        self._next_s = now_s + INTERVAL_S
        by_store: defaultdict[Store, list[LeasedTask]] = defaultdict(list)
        while self._told:
            task = self._told.popleft()
            by_store[self._context.store_of(task)].append(task)
        failure: BrokerError | None = None
        for store, tasks in by_store.items():
            try:
                await run_async(self.sending(store, tasks), self._client)
            except BrokerError as error:
                failure = error
                self._told.extend(tasks)
        if failure is not None:
            raise failure
        return INTERVAL_S

    @staticmethod
    def sending(store: Store, tasks: Iterable[LeasedTask]) -> Operation[None]:
        """Send what was told of tasks of one shard. Lines that were sent and not confirmed are sent again: Redis adds
        none twice.
        """
        found = [(task, task.report, task.report.pending()) for task in tasks if task.report is not None]
        told = [(task, buffer, pending) for task, buffer, pending in found if pending is not None]
        for first in range(0, len(told), BATCH):
            batch = told[first : first + BATCH]
            statuses = yield from store.report([_row(task, pending) for task, _, pending in batch])
            for (_, buffer, pending), status in zip(batch, statuses, strict=True):
                if status is Status.LOST:
                    buffer.close()
                else:
                    buffer.sent(pending)

    def _note(self, task: LeasedTask) -> None:
        self._told.append(task)
        # The loop is closed if a handler goes on in its thread after its worker has ended.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.changed.set)


def _row(task: LeasedTask, pending: Pending) -> Report:
    return Report(task.lease.id, task.lease.token, pending.number, pending.version, pending.progress, pending.lines)
