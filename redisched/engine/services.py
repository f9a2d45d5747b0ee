"""What is done for each shard that a worker serves: it is listened to, reaped and scrubbed.

A queue may grow while its workers work. Whoever looks at it is told, and the shards that are new are served, too; those
that were named by mistake are left again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from redisched.engine.claimer import Claimer
from redisched.engine.executor import Executor
from redisched.engine.link import Begin, Part
from redisched.engine.listening import Listening
from redisched.engine.logs import log
from redisched.engine.reaper import Reaper
from redisched.engine.scrubber import PolicyWatch, Scrubber
from redisched.engine.settler import Settler
from redisched.engine.survey import Survey
from redisched.engine.workspace import Workspace
from redisched.errors import QueueFull
from redisched.layout import Layout
from redisched.store.broker import AsyncBrokerClient, Broker
from redisched.store.operation import run_async
from redisched.store.store import Store, register
from redisched.store.survey import Prospect

REGISTER_EVERY_S = 60.0
AT_A_TIME = 8
"""So many shards are reaped or scrubbed at a time, each on a connection of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Services:
    """What is done for one shard."""

    reaper: Reaper
    scrubber: Scrubber
    parts: tuple[Part, Part]


class ShardServices:
    """The services of all shards; more join when a queue grows."""

    def __init__(
        self,
        workspace: Workspace,
        broker: Broker,
        client: AsyncBrokerClient,
        claimer: Claimer,
        executor: Executor,
        settler: Settler,
        begin: Begin,
    ) -> None:
        self._workspace = workspace
        self._broker = broker
        self._client = client
        self._claimer = claimer
        self._begin = begin
        self._of_shard: dict[Store, _Services] = {}
        self._counts: dict[str, int] = {}
        self._turn = asyncio.Semaphore(AT_A_TIME)
        self._look = asyncio.Event()
        self._listening = Listening(workspace, broker, client, claimer, executor, settler, begin, self._look.set)
        self._policy = PolicyWatch(workspace.clock, client)
        self._survey = Survey(workspace, client, broker.dialect, broker.group_of, self)
        self._registered_s = workspace.clock.monotonic()
        self._looking = begin("survey", self._look_around, self._look)

    def serve(self, queue: str, layout: Layout) -> None:
        """Look after every shard of a queue, as its first shard has its layout."""
        self._counts[queue] = layout.shards
        self._grow(queue, layout)

    def _grow(self, queue: str, layout: Layout) -> None:
        """Look after the shards of a layout; nothing happens for those that are looked after."""
        stores = self._workspace.stores
        new = [shard for shard in range(layout.shards) if (queue, shard) not in stores]
        for shard in new:
            stores[queue, shard] = Store(self._broker.dialect, queue, shard)
        for shard in new:
            self._join(stores[queue, shard])
        if new and new[0]:
            log.info("queue %s has grown to %d shards", queue, layout.shards)

    @property
    def is_in_doubt(self) -> bool:
        """Whether it serves more shards than the first of each queue knows of."""
        return len(self._of_shard) > sum(self._counts.values())

    def hear(self, store: Store, prospect: Prospect | None) -> None:
        """Take in what there is to do in a shard; None if it has to look itself from now on."""
        services = self._of_shard.get(store)
        if services is None:
            return
        services.reaper.hear(prospect)
        services.scrubber.reaper_changed()
        self._claimer.hear(store, prospect)
        if prospect is None or prospect.layout is None:
            return
        if store.shard == 0:
            self.serve(store.queue, prospect.layout)
        elif store.shard >= max(self._counts[store.queue], prospect.layout.shards) and prospect.size == 0:
            self._leave(store, services)

    async def end(self) -> None:
        """Stop all services."""
        await self._listening.end()
        parts = [self._looking, *(part for services in self._of_shard.values() for part in services.parts)]
        await asyncio.gather(*(part.end(within_s=0.0) for part in parts))

    async def finish(self) -> None:
        """Call after `end`: gives back what may have been claimed in the last moment."""
        await self._listening.finish()

    def _join(self, store: Store) -> None:
        first = self._of_shard.get(self._workspace.stores[store.queue, 0])
        on_layout = partial(self._grow if first else self.serve, store.queue)
        reaper = Reaper(self._workspace, store, self._client, on_layout, first.reaper if first else None)
        scrubber = Scrubber(self._workspace, store, self._client, reaper, self._policy)
        self._claimer.serve(store)
        self._listening.serve(store)
        parts = (
            self._begin("reaper", partial(self._in_turn, reaper.step), reaper.changed),
            self._begin("scrubber", partial(self._in_turn, scrubber.step), scrubber.changed),
        )
        self._of_shard[store] = _Services(reaper=reaper, scrubber=scrubber, parts=parts)

    async def _look_around(self) -> float:
        """Look at all shards. Where that keeps the reapers at rest, nobody else does what is done once for all."""
        delay_s = await self._survey.step()
        if self._survey.is_of_use:
            await self._policy.look()
            await self._register()
        return delay_s

    async def _register(self) -> None:
        """Make the queues known again: after a loss of data nobody else would."""
        now_s = self._workspace.clock.monotonic()
        if now_s - self._registered_s >= REGISTER_EVERY_S:
            self._registered_s = now_s
            with contextlib.suppress(QueueFull):
                await run_async(register(self._broker.dialect, list(self._counts)), self._client)

    async def _in_turn(self, step: Callable[[], Awaitable[float]]) -> float:
        async with self._turn:
            return await step()

    def _leave(self, store: Store, services: _Services) -> None:
        """Serve a shard no more that holds nothing, and of which no shard of its queue knows."""
        if any(task.queue == store.queue and task.shard == store.shard for task in self._workspace.in_flight):
            return
        if not (self._listening.leave(store) and self._claimer.leave(store)):
            return
        for part in services.parts:
            part.cut_off()
        del self._of_shard[store], self._workspace.stores[store.queue, store.shard]
        self._workspace.refused_claims.discard(store)
