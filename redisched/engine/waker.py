"""Listens for wake-ups while its worker is hungry: one enqueue wakes one worker, and no worker polls."""

from redisched.engine.claimer import BLOCK_S, Claimer
from redisched.engine.workspace import Workspace
from redisched.store.operation import AsyncClient, Command, run_async


class Waker:
    """Blocks on the wake lists of a worker's queues, on a connection of its own."""

    def __init__(self, workspace: Workspace, blocking: AsyncClient, claimer: Claimer) -> None:
        self._blocking = blocking
        self._claimer = claimer
        self._stores = {store.keys.wake.encode(): store for store in workspace.stores.values()}
        self._command: Command = ("BLPOP", *(store.keys.wake for store in workspace.stores.values()), int(BLOCK_S))

    async def step(self) -> float:
        """Wait for a wake-up; one that comes when there is no room any more is passed on to another worker."""
        await self._claimer.hungry.wait()
        popped = await self._blocking.perform(self._command)
        if popped is None:
            return 0.0
        if self._claimer.hungry.is_set():
            self._claimer.changed.set()
        else:
            await run_async(self._stores[bytes(popped[0])].pass_wake(), self._blocking)
        return 0.0
