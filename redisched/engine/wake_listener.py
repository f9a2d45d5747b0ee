"""Listens for wake-ups while its worker is hungry: one enqueue wakes one worker, and no worker polls.

One command waits for many shards, as far as the server lets a command name their keys. The wait for a single shard and
the claim that follows are sent at once: when the wake-up comes, Redis goes on to the claim by itself, and a task is in
the worker's hands a round trip earlier.
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
"""A wait of one of several listeners lasts longer, up to so many times as long: all together they shall be quiet."""
NOTHING_S = 1.0
TURN_S = 2
"""How long each wait lasts where one listener has to wait for several groups of shards in turn."""

Group = tuple[object, int]
"""Shards whose wake lists may stand in one command."""


class WakeListener:
    """Blocks on the wake lists of groups of shards, each in its turn, on a connection of its own.

    `waiting` gives a client for commands that block for so many seconds. `listeners` says how many there are in this
    worker. `on_missed` is told when a wake-up may have been lost.
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
        """How many groups of shards it waits for in turn."""
        return len(self._groups)

    def size(self, group: Group) -> int:
        """How many shards of a group it waits for."""
        return len(self._groups.get(group, ()))

    def add(self, group: Group, store: Store) -> None:
        """Listen to one more shard."""
        stream = ClaimStream(self._context, store, "wake")
        self._groups.setdefault(group, {})[store.keys.wake.encode()] = stream
        self._interrupt()

    def remove(self, group: Group, store: Store) -> bool:
        """Listen to a shard no more. False while a claim is under way there: then it has to be called again."""
        streams = self._groups.get(group, {})
        if streams.pop(store.keys.wake.encode(), None) is not None:
            if not streams:
                del self._groups[group]
            self._interrupt()
        return self._latest is None or self._latest.store is not store

    async def step(self) -> float:
        """Wait for a wake-up, or for so long that one may have been lost, and claim."""
        await self._claimer.hungry.wait()
        if self._latest is not None and self._latest.is_unanswered:
            await self._claim(self._latest, self._client)
            return 0.0
        if not self._groups:
            return NOTHING_S
        try:
            async with asyncio.timeout(None) as self._wait:
                await self._listen()
        except TimeoutError:
            # Other shards have to be waited for.
            self._on_missed()
        except BrokerError:
            self._on_missed()
            raise
        finally:
            self._wait = None
        return 0.0

    async def finish(self) -> None:
        """Call after the last step: a claim that was cut off may have been carried out, so its tasks are given back."""
        if self._latest is not None and self._latest.is_unanswered:
            self._settler.give_back(await self._latest.claim(1, self._client))

    async def _listen(self) -> None:
        """Wait for a group; the next wait is for another one."""
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
        # Other listeners may be about to wake this worker, too.
        share = self._executor.free // max(1, min(self._context.idle_factor, self._listeners()))
        self._latest = stream
        leases = await stream.claim(max(1, share), client)
        self._latest = None
        if self._claimer.hungry.is_set():
            self._claimer.woken(stream, leases)
        else:
            self._settler.give_back(self._claimer.woken_late(stream, leases))

    def _interrupt(self) -> None:
        """Let the wait under way end. A claim that was sent with it, or came of it, is asked for again."""
        if self._wait is not None:
            self._wait.reschedule(asyncio.get_running_loop().time())


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
