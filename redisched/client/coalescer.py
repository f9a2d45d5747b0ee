"""Gathers concurrent calls into few script calls: under asyncio, a hundred callers cost little more than one.

Calls made in one turn of the event loop go together; those that come while a script call is under way go with the
next. A script call runs in a task of its own, so that a caller who is cancelled takes nobody's command along.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from redisched.client.chunk import CHUNK_TASKS, first_chunk
from redisched.errors import BrokerUnavailable
from redisched.lazy import LazyModule
from redisched.store.operation import Patience
from redisched.store.values import NewTask, Status

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

_FLIGHTS = 4


class _Call(NamedTuple):
    task: NewTask
    answer: "asyncio.Future[Status]"
    patience: Patience


class Coalescer:
    """The calls of one event loop to one queue. `send` performs one script call, as patiently as it is told; `patience`
    is that of a call that begins.
    """

    def __init__(
        self,
        send: Callable[[Sequence[NewTask], Patience], Awaitable[Sequence[Status]]],
        patience: Callable[[], Patience],
    ) -> None:
        self._send = send
        self._patience = patience
        self._waiting: list[_Call] = []
        self._flights: set[asyncio.Task[None]] = set()

    async def submit(self, task: NewTask) -> Status:
        """Enqueue one task, together with others."""
        loop = asyncio.get_running_loop()
        call = _Call(task, loop.create_future(), self._patience())
        self._waiting.append(call)
        # A flight that is not done will still look who waits.
        under_way = sum(not flight.done() for flight in self._flights)
        if under_way == 0 or (len(self._waiting) > CHUNK_TASKS and under_way < _FLIGHTS):
            flight = loop.create_task(self._fly())
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        return await call.answer

    async def drain(self) -> None:
        """Return when nothing is under way any more."""
        if self._flights:
            await asyncio.wait(self._flights)

    async def _fly(self) -> None:
        while calls := self._board():
            try:
                # The call that has waited longest says how long all may take.
                statuses = await self._send([call.task for call in calls], calls[0].patience)
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

    def _board(self) -> list[_Call]:
        """Take the calls that fly next. Whoever was cancelled meanwhile, or has no time left, stays behind, unsent."""
        for call in self._waiting:
            try:
                call.patience.check()
            except BrokerUnavailable as error:
                if not call.answer.done():
                    call.answer.set_exception(error)
        self._waiting = [call for call in self._waiting if not call.answer.done()]
        count = len(first_chunk([call.task for call in self._waiting[:CHUNK_TASKS]]))
        calls, self._waiting = self._waiting[:count], self._waiting[count:]
        return calls
