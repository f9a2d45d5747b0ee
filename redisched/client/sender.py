"""Puts task requests into Redis, one by one, many at once, or gathered from concurrent calls."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from redisched.client.chunk import chunks
from redisched.client.coalescer import Coalescer
from redisched.client.connection import Connection
from redisched.client.reference import TaskRef
from redisched.client.request import TaskRequest
from redisched.errors import BrokerError, Conflict, InvalidOption
from redisched.store.operation import Operation, persist
from redisched.store.values import NewTask, Status


class Sender:
    """Sends requests, each call safe to repeat: a request that was sent before changes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known_queues: set[str] = set()
        self._coalescers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Coalescer]] = WeakKeyDictionary()

    def send(self, request: TaskRequest) -> TaskRef[Any]:
        """Enqueue one task. Raises Conflict, InvalidOption, QueueFull, BrokerUnavailable or BrokerRefused."""
        return self._reference(request, self._connection.run(self._enqueue_one(request)))

    async def send_async(self, request: TaskRequest) -> TaskRef[Any]:
        """As `send`; concurrent calls share script calls."""
        status = await self._coalescer(request.queue).submit(request.task)
        return self._reference(request, status)

    def send_many(self, requests: Iterable[TaskRequest]) -> list[TaskRef[Any]]:
        """Enqueue many tasks, in order. Everything is sent before Conflict or InvalidOption is raised for one."""
        kept = list(requests)
        return self._references(kept, self._connection.run(self._enqueue_many(kept)))

    async def send_many_async(self, requests: Iterable[TaskRequest]) -> list[TaskRef[Any]]:
        """As `send_many`."""
        kept = list(requests)
        return self._references(kept, await self._connection.run_async(self._enqueue_many(kept)))

    async def drain(self) -> None:
        """Return when nothing gathered on the running event loop is under way any more."""
        for coalescer in self._coalescers.get(asyncio.get_running_loop(), {}).values():
            await coalescer.drain()

    def _enqueue_one(self, request: TaskRequest) -> Operation[Status]:
        """The first try goes the shortest way; what fails there is left to the long one, which may repeat it."""
        queue, task = request
        began_s = self._connection.monotonic()
        if queue in self._known_queues:
            with contextlib.suppress(BrokerError):
                return (yield from self._connection.store(queue).enqueue_loaded(task))
        return (yield from self._enqueue(queue, [task], began_s))[0]

    def _enqueue(self, queue: str, tasks: Sequence[NewTask], began_s: float | None = None) -> Operation[list[Status]]:
        """Patience is that of each script call: how long all of them take depends on how many there are."""
        store = self._connection.store(queue)
        patience = self._connection.patience()
        if queue not in self._known_queues:
            yield from persist(store.register, patience)
            self._known_queues.add(queue)
        statuses: list[Status] = []
        upcoming = deque(chunks(tasks))
        while upcoming:
            # Alone, as it may find that the script is not loaded or Redis away; the others follow at full speed.
            statuses += yield from persist(partial(store.enqueue, upcoming.popleft()), patience, began_s)
            began_s = None
            if upcoming:
                for sent in (yield from store.enqueue_many(upcoming)):
                    statuses += sent
                    upcoming.popleft()
        return statuses

    def _enqueue_many(self, requests: Sequence[TaskRequest]) -> Operation[list[Status]]:
        tasks: dict[str, list[NewTask]] = {}
        for queue, task in requests:
            tasks.setdefault(queue, []).append(task)
        statuses: dict[str, Iterator[Status]] = {}
        for queue, of_queue in tasks.items():
            statuses[queue] = iter((yield from self._enqueue(queue, of_queue)))
        return [next(statuses[queue]) for queue, _task in requests]

    def _coalescer(self, queue: str) -> Coalescer:
        of_loop = self._coalescers.setdefault(asyncio.get_running_loop(), {})
        coalescer = of_loop.get(queue)
        if coalescer is None:

            async def send(tasks: Sequence[NewTask]) -> Sequence[Status]:
                return await self._connection.run_async(self._enqueue(queue, tasks))

            coalescer = of_loop[queue] = Coalescer(send)
        return coalescer

    def _references(self, requests: Sequence[TaskRequest], statuses: Sequence[Status]) -> list[TaskRef[Any]]:
        return [self._reference(request, status) for request, status in zip(requests, statuses, strict=True)]

    def _reference(self, request: TaskRequest, status: Status) -> TaskRef[Any]:
        if status is Status.CONFLICT:
            raise Conflict(request.id, request.queue)
        if status is Status.BEYOND:
            raise InvalidOption("delay", f"{request.task.when} ms", "would run after 2109, the latest there is")
        return TaskRef(request.id, request.queue, self._connection)
