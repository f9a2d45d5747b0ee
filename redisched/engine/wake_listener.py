"""Waits for wake-ups while its worker is idle. An enqueue wakes one worker, so no worker has to poll.

One command waits for many shards, if the server allows their keys in one command. For a single shard, the waiting
command and a claim are sent together: after the wake-up Redis executes the claim at once, so the worker gets the task
one round trip earlier.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from redisched.engine.claim_stream import ClaimStream
from redisched.engine.claimer import BLOCK_S, Claimer
from redisched.engine.executor import Executor
from redisched.engine.settler import Settler
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.store.broker import AsyncBrokerClient
from redisched.store.operation import AsyncClient, Command
from redisched.store.store import Store

MOST_SPREAD = 8
"""With several listeners, each wait lasts longer, up to so many times, so that all listeners together send few
commands.
"""
NOTHING_S = 1.0
TURN_S = 2
"""How long each wait lasts if a listener has several groups of shards, for which it has to wait in turn."""

Group = tuple[object, int]
"""Shards whose wake lists may stand in one command."""


class WakeListener:
    """Waits for the wake lists of its groups of shards in turn, on a connection of its own.

    `waiting` gives a client for commands that block for so many seconds. `listeners` answers how many listeners this
    worker has. `on_missed` is called when a wake-up may have been lost.
    """

    def __init__(
        self,
        context: WorkerContext,
        client: AsyncClient,
        waiting: Callable[[int], Awaitable[AsyncBrokerClient]],
        claimer: Claimer,
        executor: Executor,
        settler: Settler,
        listeners: Callable[[], int],
        on_missed: Callable[[], None],
    ) -> None:
        self._context = context
        self._client = client
        self._waiting = waiting
        self._claimer = claimer
        self._executor = executor
        self._settler = settler
        self._listeners = listeners
        self._on_missed = on_missed
        self._groups: dict[Group, dict[bytes, ClaimStream]] = {}
        self._latest: ClaimStream | None = None
        self._wait: asyncio.Timeout | None = None

    @property
    def groups(self) -> int:
        """The number of groups of shards for which it waits in turn."""
        return len(self._groups)

    def size(self, group: Group) -> int:
        """The number of shards in a group."""
        return len(self._groups.get(group, ()))

    def add(self, group: Group, store: Store) -> None:
        """Wait for one more shard."""
        stream = ClaimStream(self._context, store, "wake")
        self._groups.setdefault(group, {})[store.keys.wake.encode()] = stream
        self._interrupt()

    def remove(self, group: Group, store: Store) -> bool:
        """Stop waiting for a shard. Answers False while a claim to it has no reply yet; then call this again later."""
        streams = self._groups.get(group, {})
        if streams.pop(store.keys.wake.encode(), None) is not None:
            if not streams:
                del self._groups[group]
            self._interrupt()
        return self._latest is None or self._latest.store is not store

    async def step(self) -> float:
        """Wait for a wake-up, and claim. A listener of a single shard claims even if none came: one may have been
        lost.
        """
        await self._claimer.idle.wait()
        if self._latest is not None and self._latest.is_unanswered:
            await self._claim(self._latest, self._client)
            return 0.0
        if not self._groups:
            return NOTHING_S
        try:
            async with asyncio.timeout(None) as self._wait:
                await self._listen()
        except TimeoutError:
            # `_interrupt` ended the wait, because the shards have changed.
            self._on_missed()
        except BrokerError:
            self._on_missed()
            raise
        finally:
            self._wait = None
        return 0.0

    async def finish(self) -> None:
        """Call after the last step. A claim that got no reply may have been executed, so its tasks are given back."""
        if self._latest is not None and self._latest.is_unanswered:
            self._settler.give_back(await self._latest.claim(1, self._client))

    async def _listen(self) -> None:
        """Wait for the group whose turn it is, and move it to the end of the order."""
        group = next(iter(self._groups))
        streams = self._groups[group] = self._groups.pop(group)
        block_s = TURN_S if len(self._groups) > 1 else int(BLOCK_S * min(self._listeners(), MOST_SPREAD))
        wait: Command = ("BLPOP", *streams, block_s)
        if len(streams) == 1:
            (stream,) = streams.values()
            await self._claim(stream, _AfterWait(await self._waiting(block_s), wait))
            return
        client = await self._waiting(block_s)
        popped = await client.perform(wait)
        self._context.contact()
        if popped is not None:
            await self._claim(streams[popped[0]], self._client)

    async def _claim(self, stream: ClaimStream, client: AsyncClient) -> None:
        # Other listeners of this worker may get a wake-up at the same time, so this one claims only its share.
        share = self._executor.free // max(1, min(self._context.idle_factor, self._listeners()))
        self._latest = stream
        leases = await stream.claim(max(1, share), client)
        self._latest = None
        if self._claimer.idle.is_set():
            self._claimer.woken(stream, leases)
        else:
            self._settler.give_back(self._claimer.woken_late(stream, leases))

    def _interrupt(self) -> None:
        """End the current wait. If a claim was sent with it, or after it, the claim is sent again to get its reply."""
        if self._wait is not None:
            self._wait.reschedule(asyncio.get_running_loop().time())


class _AfterWait:
    """A client that sends a waiting command together with the first command it is given."""

    def __init__(self, client: AsyncBrokerClient, wait: Command) -> None:
        self._client = client
        self._before: tuple[Command, ...] = (wait,)

    async def perform(self, command: Command) -> Any:
        before, self._before = self._before, ()
        return await self._client.perform_last(*before, command)

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return await self._client.perform_all(commands)
