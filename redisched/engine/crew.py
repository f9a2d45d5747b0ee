"""The parts that look after each shard a worker serves: who listens for its wake-ups, reaps it and scrubs it.

A queue may grow while its workers work. Whoever reaps it is told, and the shards that are new get a crew, too.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from redisched.engine.claimer import BLOCK_S, Claimer
from redisched.engine.executor import Executor
from redisched.engine.link import Part, quietly
from redisched.engine.logs import log
from redisched.engine.reaper import Reaper
from redisched.engine.scrubber import Scrubber
from redisched.engine.settler import Settler
from redisched.engine.waker import Waker
from redisched.engine.workspace import Workspace
from redisched.layout import Layout
from redisched.store.broker import AsyncBrokerClient, Broker
from redisched.store.store import Store


class Begin(Protocol):
    """Begins a part of the worker."""

    def __call__(self, name: str, step: Callable[[], Awaitable[float]], /) -> Part: ...


@dataclass(slots=True, kw_only=True)
class Crew:
    """The parts of all shards; more join when a queue grows."""

    workspace: Workspace
    broker: Broker
    client: AsyncBrokerClient
    claimer: Claimer
    executor: Executor
    settler: Settler
    begin: Begin
    _parts: list[Part] = field(default_factory=list)
    _wakers: list[Waker] = field(default_factory=list)
    _reapers: dict[str, Reaper] = field(default_factory=dict)
    _listening: dict[float, AsyncBrokerClient] = field(default_factory=dict)

    def serve(self, queue: str, layout: Layout) -> None:
        """Look after every shard of a queue; nothing happens for those that are looked after."""
        stores = self.workspace.stores
        new = [shard for shard in range(layout.shards) if (queue, shard) not in stores]
        for shard in new:
            stores[queue, shard] = Store(self.broker.dialect, queue, shard)
        for shard in new:
            self._join(stores[queue, shard])
        if new and new[0]:
            log.info("queue %s has grown to %d shards", queue, layout.shards)

    async def end(self) -> None:
        """Stop all parts."""
        for part in self._parts:
            await part.end(within_s=0.0)

    async def finish(self) -> None:
        """Call after `end`: gives back what parts that were cut off may have claimed."""
        await asyncio.gather(*(quietly(waker.finish()) for waker in self._wakers))
        for client in self._listening.values():
            await client.close()

    def _join(self, store: Store) -> None:
        queue = store.queue
        block_s = BLOCK_S * self.workspace.stretch(queue)
        waker = Waker(
            self.workspace, store, self._listener(block_s), block_s, self.claimer, self.executor, self.settler
        )
        first = self._reapers.get(queue)
        reaper = Reaper(self.workspace, store, self.client, partial(self.serve, queue), first)
        self._reapers.setdefault(queue, reaper)
        scrubber = Scrubber(self.workspace, store, self.client, reaper)
        self.claimer.serve(store)
        self._wakers.append(waker)
        self._parts += [
            self.begin("waker", waker.step),
            self.begin("reaper", reaper.step),
            self.begin("scrubber", scrubber.step),
        ]

    def _listener(self, block_s: float) -> AsyncBrokerClient:
        """A client for commands that block for so long."""
        client = self._listening.get(block_s)
        if client is None:
            client = self.broker.open_async_client(block_s + self.broker.timeout_s, "listener")
            self._listening[block_s] = client
        return client
