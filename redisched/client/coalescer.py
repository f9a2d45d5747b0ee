"""Combines concurrent calls of `enqueue_async` into few script calls, so that a hundred callers cost little more than
one.

Calls made in the same turn of the event loop go into one script call. Calls that come while a script call is running go
into the next one. Script calls run in an asyncio Task of their own, so that a cancelled caller does not cancel the
calls of others.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from redisched.errors import BrokerUnavailable
from redisched.lazy import LazyModule
from redisched.routing.chunk import CHUNK_TASKS, first_chunk
from redisched.store.enqueued import Enqueued
from redisched.store.operation import RetryPolicy
from redisched.store.values import NewTask

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

_CONCURRENT_CALLS = 4


class _PendingEnqueue(NamedTuple):
    task: NewTask
    answer: "asyncio.Future[Enqueued]"
    began_s: float


class Coalescer:
    """Combines the calls of one event loop that enqueue in one queue.

    `send` makes one script call and repeats it as the given policy says. `retry_policy` holds for every call, counted
    from when that call began.
    """

    def __init__(
        self, send: Callable[[Sequence[NewTask], RetryPolicy], Awaitable[Sequence[Enqueued]]], retry_policy: RetryPolicy
    ) -> None:
        self._send = send
        self._retry_policy = retry_policy
        self._waiting: deque[_PendingEnqueue] = deque()
        """In the order in which they began."""
        self._senders: set[asyncio.Task[None]] = set()

    async def submit(self, task: NewTask) -> Enqueued:
        """Enqueue one task, in a script call that may enqueue others, too."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Enqueued] = loop.create_future()
        self._waiting.append(_PendingEnqueue(task, answer, self._retry_policy.monotonic()))
        # A sender that is not done will take the tasks that wait.
        running = 0
        for sender in self._senders:
            running += not sender.done()
        if running == 0 or (len(self._waiting) > CHUNK_TASKS and running < _CONCURRENT_CALLS):
            sender = loop.create_task(self._send_pending())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await answer

    async def drain(self) -> None:
        """Return when no script call is running any more."""
        if self._senders:
            await asyncio.wait(self._senders)

    async def _send_pending(self) -> None:
        while calls := self._next_batch():
            try:
                # The first call has waited longest, so its remaining time holds for the whole batch.
                retry_policy = self._retry_policy.since(calls[0].began_s)
                statuses = await self._send([call.task for call in calls], retry_policy)
            except BaseException as error:
                for call in calls:
                    if not call.answer.done():
                        call.answer.set_exception(error) if isinstance(error, Exception) else call.answer.cancel()
                if not isinstance(error, Exception):
                    raise
            else:
                for call, status in zip(calls, statuses, strict=True):
                    if not call.answer.done():
                        call.answer.set_result(status)

    def _next_batch(self) -> list[_PendingEnqueue]:
        """The calls for the next script call; none if no call waits. Cancelled calls and calls whose time is over are
        left out and never sent.
        """
        calls: list[_PendingEnqueue] = []
        is_late = True
        while self._waiting and len(calls) < CHUNK_TASKS:
            call = self._waiting.popleft()
            # Calls wait in the order in which they began: if one has time left, all behind it have.
            is_late = is_late and self._refuse_late(call)
            if not call.answer.done():
                calls.append(call)
        count = len(first_chunk([call.task for call in calls]))
        if count < len(calls):
            self._waiting.extendleft(reversed(calls[count:]))
        return calls[:count]

    def _refuse_late(self, call: _PendingEnqueue) -> bool:
        """Whether the time of a call is over. If so, its caller gets the error."""
        try:
            self._retry_policy.since(call.began_s).check()
        except BrokerUnavailable as error:
            if not call.answer.done():
                call.answer.set_exception(error)
            return True
        return False
