"""Reads the keyspace for the screens, and does the little that they change. Every read is bounded."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from redisched.cli.top.readings import TREND_MS, Overview, QueueLine, QueueTasks, Recent, recent_of, serves
from redisched.client.async_reader import AsyncReader
from redisched.client.scheduler import Scheduler
from redisched.client.stats import read_stats
from redisched.client.worker_calls import WorkerView, every_worker
from redisched.errors import BrokerRefused, BrokerUnavailable, RedischedError
from redisched.model import TaskState
from redisched.printable import printable
from redisched.records.whole_task import WholeTask, read_whole_task
from redisched.store.inspect import Inspector, find
from redisched.store.operation import Operation
from redisched.store.page import Query
from redisched.store.pausing import QueuePause
from redisched.store.view import QueueCounts, TaskView, total

MOST_QUEUES = 200
"""So many queues are read, the first by name."""
MOST_TASKS = 50
"""So many tasks of a queue are read at once."""
_AT_ONCE = 8
"""So many queues are read at the same time."""


class Keyspace(AsyncReader):
    """What there is of queues, workers and tasks. Its errors are those of redisched.errors."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler)
        self._recent = Recent()
        self.refused = ""
        """Why something besides the queues is left out: the user of Redis may not read it. "" if nothing is."""

    async def read_recent(self) -> None:
        """Read what workers did in the last hour; queues are shown with it from then on."""
        await self.open()
        try:
            self._recent = recent_of(await self.ask(partial(read_stats, self.script_runner, TREND_MS)))
        except BrokerRefused as error:
            self.refused = printable(str(error))

    async def overview(self) -> Overview:
        """All queues and workers."""
        names = await self.queues()
        now_ms = await self.ask(_server_ms)
        workers = await self._readable_workers()
        shown, room = names[:MOST_QUEUES], asyncio.Semaphore(_AT_ONCE)
        lines = await asyncio.gather(*(self._line(name, workers or (), room) for name in shown))
        return Overview(
            now_ms=now_ms,
            queues=tuple(lines),
            queues_in_all=len(names),
            workers=workers or (),
            are_workers_known=workers is not None,
        )

    async def queue_tasks(self, queue: str, states: Sequence[TaskState]) -> QueueTasks:
        """A queue, and its first tasks in these states, in the order of a listing."""
        workers = await self._readable_workers()
        line = await self._line(queue, workers or (), asyncio.Semaphore(1))
        page = await self.ask(partial(self.inspector(queue).page, Query(states=states, limit=MOST_TASKS)))
        now_ms = line.counts.now_ms if line.counts is not None else await self.ask(_server_ms)
        return QueueTasks(line=line, now_ms=now_ms, views=tuple(page.views), has_more=page.next is not None)

    async def workers(self) -> tuple[WorkerView, ...]:
        """All workers that are present. Raises BrokerRefused if the user of Redis may not read them."""
        await self.open()
        return tuple(await self.ask(partial(every_worker, self.script_runner)))

    async def find(self, task_id: str) -> list[TaskView]:
        """The tasks with an id, one from each queue that has one."""
        await self.open()
        return await self.ask(lambda: find(self.script_runner, task_id))

    async def task(self, queue: str, task_id: str) -> tuple[WholeTask, int] | None:
        """Everything known about a task, and how many shards its queue has; None if that does not have it."""
        await self.open()
        return await self.ask(partial(self._whole_task, queue, task_id))

    async def pause(self, queue: str) -> None:
        """Keep workers from taking tasks of a queue."""
        await self.scheduler.queue(queue).pause_async()

    async def resume(self, queue: str) -> None:
        """Let workers take tasks of a queue again."""
        await self.scheduler.queue(queue).resume_async()

    async def _readable_workers(self) -> tuple[WorkerView, ...] | None:
        try:
            return await self.workers()
        except BrokerRefused as error:
            # A user with few rights may read the queues that it uses, and nothing of the workers.
            self.refused = printable(str(error))
            return None

    async def _line(self, name: str, workers: Sequence[WorkerView], room: asyncio.Semaphore) -> QueueLine:
        recent = self._recent
        line = QueueLine(
            name=name,
            recent=recent.queues.get(name),
            minutes=recent.minutes,
            trend=recent.trends.get(name, ()),
            workers=tuple(worker for worker in workers if serves(worker, name)),
        )
        async with room:
            try:
                counts, pauses = await self.ask(partial(_counts_and_pauses, self.inspector(name)))
            except BrokerUnavailable:
                raise
            except RedischedError as error:
                # One queue that is damaged hides no other.
                return replace(line, trouble=printable(str(error)))
        return replace(line, counts=total(counts), shards=len(counts), pauses=tuple(pauses))

    def _whole_task(self, queue: str, task_id: str) -> Operation[tuple[WholeTask, int] | None]:
        inspector = self.inspector(queue)
        view = yield from inspector.task(task_id)
        if view is None:
            return None
        shard_map = yield from inspector.shard_map()
        return (yield from read_whole_task(self.script_runner, view)), shard_map.shards


def _counts_and_pauses(inspector: Inspector) -> Operation[tuple[list[QueueCounts], list[QueuePause | None]]]:
    return (yield from inspector.counts_by_shard()), (yield from inspector.pauses())


def _server_ms() -> Operation[int]:
    seconds, microseconds = yield ("TIME",)
    return int(seconds) * 1_000 + int(microseconds) // 1_000
