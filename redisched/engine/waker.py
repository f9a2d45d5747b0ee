"""Listens for wake-ups while its worker is hungry: one enqueue wakes one worker, and no worker polls.

The wait and the claim that follows are sent at once: when the wake-up comes, Redis goes on to the claim by itself, and
a task is in the worker's hands a round trip earlier.
"""

from collections.abc import Iterable
from typing import Any

from redisched.engine.claimer import Claimer
from redisched.engine.executor import Executor
from redisched.engine.line import Line
from redisched.engine.settler import Settler
from redisched.engine.workspace import Workspace
from redisched.store.broker import AsyncBrokerClient
from redisched.store.operation import AsyncClient, Command
from redisched.store.store import Store


class Waker:
    """Blocks on the wake list of one shard, for `block_s` at a time, on a connection of its own."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        blocking: AsyncBrokerClient,
        block_s: float,
        claimer: Claimer,
        executor: Executor,
        settler: Settler,
    ) -> None:
        self._workspace = workspace
        self._line = Line(workspace, store, "wake")
        self._blocking = blocking
        self._claimer = claimer
        self._executor = executor
        self._settler = settler
        self._wait: Command = ("BLPOP", store.keys.wake, int(block_s))

    async def step(self) -> float:
        """Wait for a wake-up, or for so long that one may have been lost, and claim."""
        await self._claimer.hungry.wait()
        client: AsyncClient = self._blocking
        if not self._line.is_unanswered:
            client = _AfterWait(self._blocking, self._wait)
        # Other shards of the queue may be about to wake this worker, too.
        share = self._executor.free // self._workspace.stretch(self._line.store.queue)
        leases = await self._line.claim(max(1, share), client)
        if self._claimer.hungry.is_set():
            self._claimer.woken(self._line, leases)
        else:
            self._settler.give_back(self._claimer.woken_late(self._line, leases))
        return 0.0

    async def finish(self) -> None:
        """Call after the last step: a claim that was cut off may have been carried out, so its tasks are given back."""
        if self._line.is_unanswered:
            self._settler.give_back(await self._line.claim(1, self._blocking))


class _AfterWait:
    """Performs the first command it is given once a wait is over; both are sent at once."""

    def __init__(self, client: AsyncBrokerClient, wait: Command) -> None:
        self._client = client
        self._before: tuple[Command, ...] = (wait,)

    async def perform(self, command: Command) -> Any:
        before, self._before = self._before, ()
        return await self._client.perform_last(*before, command)

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return await self._client.perform_all(commands)
