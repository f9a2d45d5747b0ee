"""Puts task requests into Redis, one by one, many at once, or gathered from concurrent calls."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary, ref

from redisched.client.coalescer import Coalescer
from redisched.client.connection import Connection
from redisched.client.enqueuing import Enqueuing
from redisched.client.reference import TaskRef
from redisched.client.request import Sending, TaskRequest
from redisched.config import Durability
from redisched.errors import BrokerUnavailable, Conflict, InvalidOption, NotDurable, QueueFull, RedischedError
from redisched.lazy import LazyModule
from redisched.store.operation import Operation, RetryPolicy
from redisched.store.values import NewTask, Status

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

_Unsure = (BrokerUnavailable, QueueFull, NotDurable)
"""Errors that leave open whether a task has arrived, or which of many have."""
_Line: TypeAlias = tuple[str, Durability, Sending]
"""What is sent together: tasks of one queue, as durable as each other, and in one way."""
_Latest: TypeAlias = tuple[_Line | None, Callable[[], Any], Coalescer | None]
"""The line of the latest call, a weak reference to its event loop, and its coalescer."""


class Sender:
    """Sends requests, each call safe to repeat: a request that was sent before changes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._enqueuing = {durable: Enqueuing(connection, durable) for durable in Durability}
        self._coalescers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Line, Coalescer]] = WeakKeyDictionary()
        self._latest: _Latest = (None, lambda: None, None)

    def send(self, request: TaskRequest, sending: Sending) -> TaskRef[Any]:
        """Enqueue one task. Raises Conflict, InvalidOption, QueueFull, BrokerUnavailable or BrokerRefused."""
        queue, task, durable, _ = request
        try:
            operation = self._enqueuing[durable].one(queue, task, sending, self._connection.retry_policy())
            status = self._connection.run(operation, "enqueue")
        except _Unsure as error:
            raise _about([request], error) from error
        return self._reference(request, status)

    async def send_async(self, request: TaskRequest, sending: Sending) -> TaskRef[Any]:
        """As `send`; concurrent calls share script calls."""
        line = (request.queue, request.durable, sending)
        try:
            if not self._connection.is_open:
                await self._connection.open_async()
            status = await self._coalescer(line).submit(request.task)
        except _Unsure as error:
            raise _about([request], error) from error
        return self._reference(request, status)

    def send_many(self, requests: Iterable[TaskRequest]) -> list[TaskRef[Any]]:
        """Enqueue many tasks, in order. Everything is sent before Conflict or InvalidOption is raised for one."""
        kept = list(requests)
        try:
            statuses = self._connection.run(self._enqueue_many(kept), "enqueue_many")
        except _Unsure as error:
            raise _about(kept, error) from error
        return self._references(kept, statuses)

    async def send_many_async(self, requests: Iterable[TaskRequest]) -> list[TaskRef[Any]]:
        """As `send_many`."""
        kept = list(requests)
        try:
            statuses = await self._connection.run_async(self._enqueue_many(kept))
        except _Unsure as error:
            raise _about(kept, error) from error
        return self._references(kept, statuses)

    async def drain(self) -> None:
        """Return when nothing gathered on the running event loop is under way any more."""
        for coalescer in self._coalescers.get(asyncio.get_running_loop(), {}).values():
            await coalescer.drain()

    def _enqueue_many(self, requests: Sequence[TaskRequest]) -> Operation[list[Status]]:
        lines = [(queue, durable, novelty.use_up()) for queue, _task, durable, novelty in requests]
        tasks: dict[_Line, list[NewTask]] = {}
        for line, request in zip(lines, requests, strict=True):
            tasks.setdefault(line, []).append(request.task)
        statuses: dict[_Line, Iterator[Status]] = {}
        for line, together in tasks.items():
            queue, durable, sending = line
            retry_policy = self._connection.retry_policy()
            statuses[line] = iter((yield from self._enqueuing[durable].many(queue, together, sending, retry_policy)))
        return [next(statuses[line]) for line in lines]

    def _coalescer(self, line: _Line) -> Coalescer:
        loop = asyncio.get_running_loop()
        latest_line, latest_loop, coalescer = self._latest
        # Most calls are as the one before; to look for its coalescer takes as long as to make its request.
        if coalescer is not None and latest_line == line and latest_loop() is loop:
            return coalescer
        coalescer = self._find_coalescer(line, loop)
        self._latest = line, ref(loop), coalescer
        return coalescer

    def _find_coalescer(self, line: _Line, loop: "asyncio.AbstractEventLoop") -> Coalescer:
        of_loop = self._coalescers.setdefault(loop, {})
        coalescer = of_loop.get(line)
        if coalescer is None:
            queue, durable, sending = line

            async def send(tasks: Sequence[NewTask], retry_policy: RetryPolicy) -> Sequence[Status]:
                operation = self._enqueuing[durable].many(queue, tasks, sending, retry_policy)
                return await self._connection.run_async(operation)

            coalescer = of_loop[line] = Coalescer(send, self._connection.retry_policy())
        return coalescer

    def _references(self, requests: Sequence[TaskRequest], statuses: Sequence[Status]) -> list[TaskRef[Any]]:
        return [self._reference(request, status) for request, status in zip(requests, statuses, strict=True)]

    def _reference(self, request: TaskRequest, status: Status) -> TaskRef[Any]:
        if status is Status.CONFLICT:
            raise Conflict(request.id, request.queue)
        if status is Status.BEYOND:
            raise InvalidOption("delay", f"{request.task.when} ms", "would run after 2109, the latest there is")
        return TaskRef(request.id, request.queue, self._connection)


def _about(requests: Sequence[TaskRequest], error: BrokerUnavailable | QueueFull | NotDurable) -> RedischedError:
    """The same error about these tasks, with what is needed to send them again. It may have been about others that were
    sent together with them.
    """
    for request in requests:
        # Whoever sends it again may find it there.
        request.novelty.use_up()
    if isinstance(error, NotDurable):
        ids = [request.id for request in requests if request.id in error.task_ids]
        about: BrokerUnavailable | QueueFull | NotDurable = NotDurable(ids, error.owners, error.confirmed, error.wanted)
    else:
        about = error.about([request.id for request in requests])
    about.requests = tuple(requests)
    return about
