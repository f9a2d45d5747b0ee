"""The tasks whose handlers run in a worker process, each with its slot; tells when the last of them has ended."""

import asyncio
from collections.abc import Iterable

from redisched.engine.leased_task import LeasedTask
from redisched.engine.slot import HandlerSlot


class RunningHandlers(dict[LeasedTask, HandlerSlot]):
    """The event loop changes it, and other threads read it: `unended` is safe from any thread.

    It is a dictionary because every task is added and removed, which costs a dictionary no call of a Python function.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stuck: set[LeasedTask] = set()
        self._drained: asyncio.Future[None] | None = None
        self.is_drain_awaited = False
        """Whether `tell_if_drained` has to be called after each removal."""

    def unended(self) -> list[LeasedTask]:
        """The tasks whose handlers have not ended."""
        return [task for task, slot in list(self.items()) if not slot.has_ended]

    def abandon(self, stuck: Iterable[LeasedTask]) -> None:
        """Stop waiting for handlers that do not end."""
        self._stuck.update(stuck)
        self.tell_if_drained()

    def forget(self, slot: HandlerSlot) -> None:
        """Remove the tasks of a slot."""
        for task in [task for task, other in self.items() if other is slot]:
            del self[task]

    async def drain(self) -> None:
        """Wait until every handler has ended, but for the abandoned ones."""
        if not self._is_drained():
            self._drained = asyncio.get_running_loop().create_future()
            self.is_drain_awaited = True
            await self._drained

    def tell_if_drained(self) -> None:
        """End the wait of `drain` if there is nothing left to wait for."""
        if self._drained is not None and self._is_drained() and not self._drained.done():
            self._drained.set_result(None)

    def _is_drained(self) -> bool:
        return self.keys() <= self._stuck
