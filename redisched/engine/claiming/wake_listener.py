"""Waits for wake-ups while its worker is idle. An enqueue wakes one worker, so no worker has to poll.

One command waits for many shards, if the server allows their keys in one command. For a single shard, the waiting
command and a claim are sent together: after the wake-up Redis executes the claim at once, so the worker gets the task
one round trip earlier.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from redisched.engine.claiming.claimer import Claimer
from redisched.engine.claiming.waiting_clients import WaitingClients
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.store.broker import AsyncBrokerClient
from redisched.store.operation import Command
from redisched.store.store import Store

NOTHING_S = 1.0
TURN_S = 2
"""How long each wait lasts if a listener has several groups of shards, for which it has to wait in turn."""

Group = tuple[object, int]
"""Shards whose wake lists may stand in one command."""


class WakeListener:
    """Waits for the wake lists of its groups of shards in turn, on a connection of its own, and tells the claimer which
    shard was woken.
    """

    def __init__(self, context: WorkerContext, clients: WaitingClients, claimer: Claimer) -> None:
        self._context = context
        self._clients = clients
        self._claimer = claimer
        self._groups: dict[Group, dict[bytes, Store]] = {}
        self._told: Store | None = None
        """The shard of which the claimer was told, until it has claimed from it."""
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
        self._groups.setdefault(group, {})[store.keys.wake.encode()] = store
        self._interrupt()

    def remove(self, group: Group, store: Store) -> bool:
        """Stop waiting for a shard. Answers False while a claim to it has no reply yet; then call this again later."""
        stores = self._groups.get(group, {})
        if stores.pop(store.keys.wake.encode(), None) is not None:
            if not stores:
                del self._groups[group]
            self._interrupt()
        return self._told is not store

    async def step(self) -> float:
        """Wait for a wake-up, and let the claimer claim. For a single shard it claims even if no wake-up came: one may
        have been lost.
        """
        await self._claimer.until_idle()
        if self._told is not None:
            # The claim got no reply.
            await self._tell(self._told, self._claimer.woken(self._told))
            return 0.0
        if not self._groups:
            return NOTHING_S
        try:
            async with asyncio.timeout(None) as self._wait:
                await self._listen()
        except TimeoutError:
            # `_interrupt` ended the wait, because the shards have changed.
            self._claimer.wake_up_missed.set()
        except BrokerError:
            self._claimer.wake_up_missed.set()
            raise
        finally:
            self._wait = None
        return 0.0

    async def _listen(self) -> None:
        """Wait for the group whose turn it is, and move it to the end of the order."""
        group = next(iter(self._groups))
        stores = self._groups[group] = self._groups.pop(group)
        block_s = TURN_S if len(self._groups) > 1 else self._clients.longest_block_s
        wait: Command = ("BLPOP", *stores, block_s)
        if len(stores) == 1:
            (store,) = stores.values()
            client = _AfterWait(await self._clients.get(block_s), wait)
            await self._tell(store, self._claimer.claim_behind(client, store))
            return
        popped = await (await self._clients.get(block_s)).perform(wait)
        self._context.contact()
        # A shard may have been removed while the reply was on its way.
        woken = None if popped is None else stores.get(popped[0])
        if woken is not None:
            await self._tell(woken, self._claimer.woken(woken))

    async def _tell(self, store: Store, claim: Awaitable[None]) -> None:
        self._told = store
        await claim
        self._told = None

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
