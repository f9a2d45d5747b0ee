"""Gathers concurrent calls into few script calls: under asyncio, a hundred callers cost little more than one.

Calls made in one turn of the event loop go together; those that come while a script call is under way go with the
next. A script call runs in a task of its own, so that a caller who is cancelled takes nobody's command along.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
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
    began_s: float


class Coalescer:
    """The calls of one event loop to one queue. `send` performs one script call, as patiently as it is told; `patience`
    is that of every call, each from its own beginning.
    """

    def __init__(
        self, send: Callable[[Sequence[NewTask], Patience], Awaitable[Sequence[Status]]], patience: Patience
    ) -> None:
        self._send = send
        self._patience = patience
        self._waiting: deque[_Call] = deque()
        """In the order in which they began."""
        self._flights: set[asyncio.Task[None]] = set()

    async def submit(self, task: NewTask) -> Status:
        """Enqueue one task, together with others."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Status] = loop.create_future()
        self._waiting.append(_Call(task, answer, self._patience.monotonic()))
        # A flight that is not done will still look who waits.
        under_way = sum([not flight.done() for flight in self._flights])
        if under_way == 0 or (len(self._waiting) > CHUNK_TASKS and under_way < _FLIGHTS):
            flight = loop.create_task(self._fly())
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        return await answer

    async def drain(self) -> None:
        """Return when nothing is under way any more."""
        if self._flights:
            await asyncio.wait(self._flights)

    async def _fly(self) -> None:
        while calls := self._board():
            try:
                # The call that has waited longest says how long all may take.
                statuses = await self._send([call.task for call in calls], self._patience_of(calls[0]))
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
        """Take the calls that fly next; none ends the flight. Whoever was cancelled meanwhile stays behind, unsent, and
        so does whoever has no time left.
        """
        calls: list[_Call] = []
        is_late = True
        while self._waiting and len(calls) < CHUNK_TASKS:
            call = self._waiting.popleft()
            # Behind one that has time left all others have.
            is_late = is_late and self._refuse_late(call)
            if not call.answer.done():
                calls.append(call)
        count = len(first_chunk([call.task for call in calls]))
        self._waiting.extendleft(reversed(calls[count:]))
        return calls[:count]

    def _refuse_late(self, call: _Call) -> bool:
        """Whether no time is left for a call; its caller is told."""
        try:
            self._patience_of(call).check()
        except BrokerUnavailable as error:
            if not call.answer.done():
                call.answer.set_exception(error)
            return True
        return False

    def _patience_of(self, call: _Call) -> Patience:
        return replace(self._patience, began_s=call.began_s)
