"""Sends task requests to Redis: one, many at once, or those of concurrent calls together."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary, ref

from redisched.client.coalescer import Coalescer
from redisched.client.connection import Connection
from redisched.client.reference import TaskRef
from redisched.client.request import TaskRequest
from redisched.config import Durability
from redisched.errors import (
    BrokerUnavailable,
    Conflict,
    DuplicateTask,
    InvalidOption,
    NotDurable,
    QueueFull,
    RedischedError,
)
from redisched.identity import is_given
from redisched.lazy import LazyModule
from redisched.routing.freshness import Freshness
from redisched.routing.shard_router import ShardRouter
from redisched.store.enqueued import Duplicate, Enqueued
from redisched.store.operation import Operation, RetryPolicy
from redisched.store.values import NewTask, Status

if TYPE_CHECKING:
    import asyncio

    from redisched.client import around_enqueue
else:
    asyncio = LazyModule("asyncio")
    around_enqueue = LazyModule("redisched.client.around_enqueue")

_Unsure = (BrokerUnavailable, QueueFull, NotDurable)
"""Errors after which it is not known whether a task has been enqueued, or which of many tasks have."""
_BatchKey: TypeAlias = tuple[str, Durability, Freshness]
"""Queue, durability and freshness. Tasks are sent together only if they agree in all three."""
_LatestUse: TypeAlias = tuple[_BatchKey | None, Callable[[], Any], Coalescer | None]
"""The batch key of the latest call, a weak reference to its event loop, and its coalescer."""


_CREATED = Status.CREATED
"""Asked for each task: to find a member of an enum takes longer than to compare it."""


class Sender:
    """Sends requests. Each call is safe to repeat: a request that has arrived before changes nothing."""

    def __init__(self, connection: Connection, around: Sequence[Callable[..., Any]] = ()) -> None:
        """`around` is the enqueue middleware, which may be registered later."""
        self._connection = connection
        self._around = around
        self._innermost: Sender | None = None
        self._routers = {durable: ShardRouter(connection, durable) for durable in Durability}
        self._coalescers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_BatchKey, Coalescer]] = WeakKeyDictionary()
        self._latest: _LatestUse = (None, lambda: None, None)

    def send(self, request: TaskRequest, freshness: Freshness) -> TaskRef[Any]:
        """Enqueue one task. Raises Conflict, DuplicateTask, InvalidOption, QueueFull, BrokerUnavailable or
        BrokerRefused.
        """
        if self._around:
            plain = self._without_middleware()
            return self._send_around([request], lambda requests: [plain.send(requests[0], freshness)])[0]
        queue, task, durable, _token, _rejects = request
        try:
            status = self._connection.run(self._routers[durable].one(queue, task, freshness), "enqueue")
        except _Unsure as error:
            raise _about([request], error) from error
        return self._reference(request, status)

    async def send_async(self, request: TaskRequest, freshness: Freshness) -> TaskRef[Any]:
        """As `send`; concurrent calls share script calls."""
        if self._around:
            return (await self._send_one_around_async(request, freshness))[0]
        key = (request.queue, request.durable, freshness)
        try:
            if not self._connection.is_open:
                await self._connection.open_async()
            status = await self._coalescer(key).submit(request.task)
        except _Unsure as error:
            raise _about([request], error) from error
        return self._reference(request, status)

    def send_many(self, requests: Iterable[TaskRequest]) -> list[TaskRef[Any]]:
        """Enqueue many tasks, in order. Everything is sent before Conflict, DuplicateTask or InvalidOption is
        raised for one.
        """
        kept = checked(requests)
        if self._around and kept:
            return self._send_around(kept, self._without_middleware().send_many)
        try:
            statuses = self._connection.run(self._enqueue_many(kept), "enqueue_many")
        except _Unsure as error:
            raise _about(kept, error) from error
        return self._references(kept, statuses)

    async def send_many_async(self, requests: Iterable[TaskRequest]) -> list[TaskRef[Any]]:
        """As `send_many`."""
        kept = checked(requests)
        if self._around and kept:
            return await self._send_around_async(kept, self._without_middleware().send_many_async)
        try:
            statuses = await self._connection.run_async(self._enqueue_many(kept))
        except _Unsure as error:
            raise _about(kept, error) from error
        return self._references(kept, statuses)

    async def drain(self) -> None:
        """Return when no script call for concurrent calls of the running event loop is running any more."""
        for coalescer in self._coalescers.get(asyncio.get_running_loop(), {}).values():
            await coalescer.drain()
        if self._innermost is not None:
            await self._innermost.drain()

    def _without_middleware(self) -> "Sender":
        if self._innermost is None:
            self._innermost = Sender(self._connection)
        return self._innermost

    def _send_around(
        self, requests: Sequence[TaskRequest], send_all: Callable[[list[TaskRequest]], list[TaskRef[Any]]]
    ) -> list[TaskRef[Any]]:
        limit = self._connection.settings.payload_limit
        return around_enqueue.send(self._around, requests, limit, send_all, self._references_before)

    async def _send_around_async(
        self, requests: Sequence[TaskRequest], send_all: Callable[[list[TaskRequest]], Awaitable[list[TaskRef[Any]]]]
    ) -> list[TaskRef[Any]]:
        limit = self._connection.settings.payload_limit
        return await around_enqueue.send_async(self._around, requests, limit, send_all)

    async def _send_one_around_async(self, request: TaskRequest, freshness: Freshness) -> list[TaskRef[Any]]:
        plain = self._without_middleware()

        async def send_all(requests: list[TaskRequest]) -> list[TaskRef[Any]]:
            return [await plain.send_async(requests[0], freshness)]

        return await self._send_around_async([request], send_all)

    def _enqueue_many(self, requests: Sequence[TaskRequest]) -> Operation[list[Enqueued]]:
        keys: list[_BatchKey] = []
        tasks: dict[_BatchKey, list[NewTask]] = defaultdict(list)
        for queue, task, durable, token, _rejects in requests:
            key = queue, durable, token.consume()
            keys.append(key)
            tasks[key].append(task)
        statuses: dict[_BatchKey, Iterator[Enqueued]] = {}
        for key, together in tasks.items():
            queue, durable, freshness = key
            retry_policy = self._connection.retry_policy()
            statuses[key] = iter((yield from self._routers[durable].many(queue, together, freshness, retry_policy)))
        return [next(statuses[key]) for key in keys]

    def _coalescer(self, key: _BatchKey) -> Coalescer:
        loop = asyncio.get_running_loop()
        latest_key, latest_loop, coalescer = self._latest
        # Most calls have the same key and loop as the call before. Looking up the coalescer in two dictionaries would
        # take as long as making the request.
        if coalescer is not None and latest_key == key and latest_loop() is loop:
            return coalescer
        coalescer = self._find_coalescer(key, loop)
        self._latest = key, ref(loop), coalescer
        return coalescer

    def _find_coalescer(self, key: _BatchKey, loop: "asyncio.AbstractEventLoop") -> Coalescer:
        of_loop = self._coalescers.setdefault(loop, {})
        coalescer = of_loop.get(key)
        if coalescer is None:
            queue, durable, freshness = key

            def send(tasks: Sequence[NewTask], retry_policy: RetryPolicy) -> Awaitable[Sequence[Enqueued]]:
                operation = self._routers[durable].many(queue, tasks, freshness, retry_policy)
                return self._connection.run_async(operation)

            coalescer = of_loop[key] = Coalescer(send, self._connection.retry_policy())
        return coalescer

    def _references_before(self, requests: Sequence[TaskRequest]) -> list[TaskRef[Any]]:
        """References to tasks that are not sent yet."""
        return [TaskRef(request.id, request.queue, self._connection) for request in requests]

    def _references(self, requests: Sequence[TaskRequest], statuses: Sequence[Enqueued]) -> list[TaskRef[Any]]:
        return [self._reference(request, status) for request, status in zip(requests, statuses, strict=True)]

    def _reference(self, request: TaskRequest, status: Enqueued) -> TaskRef[Any]:
        queue, task, _durable, _token, rejects = request
        if status is _CREATED:
            return TaskRef(task.id, queue, self._connection, True)
        if isinstance(status, Duplicate):
            if rejects is not None:
                raise DuplicateTask(status.id, rejects.label)
            return TaskRef(status.id, queue, self._connection)
        if status is Status.CONFLICT:
            raise Conflict(task.id, queue)
        if status is Status.TOO_LATE:
            raise InvalidOption("delay", f"{task.when} ms", "would run after 2109, the latest there is")
        # If nobody else knows the id and the task is there already, this request has added it before.
        return TaskRef(task.id, queue, self._connection, is_given(task.id))


def checked(requests: Iterable[TaskRequest]) -> list[TaskRequest]:
    """The requests as a list. Raises InvalidOption before any is sent."""
    allowed = "an iterable of requests, as `request` of a handler or of the Scheduler makes them"
    if not isinstance(requests, Iterable):
        raise InvalidOption("requests", requests, allowed)
    kept: list[Any] = list(requests)
    for request in kept:
        if not isinstance(request, TaskRequest):
            raise InvalidOption("requests", request, allowed)
    return kept


def _about(requests: Sequence[TaskRequest], error: BrokerUnavailable | QueueFull | NotDurable) -> RedischedError:
    """The same error, but about these requests, which it carries so that the caller can send them again. The original
    error may be about other tasks that were sent in the same script call.
    """
    for request in requests:
        # The task may have arrived, so the next call must not send the request as one that was never sent.
        request.freshness_token.consume()
    if isinstance(error, NotDurable):
        ids = [request.id for request in requests if request.id in error.task_ids]
        about: BrokerUnavailable | QueueFull | NotDurable = NotDurable(ids, error.owners, error.confirmed, error.wanted)
    else:
        about = error.about([request.id for request in requests])
    about.requests = tuple(requests)
    return about
