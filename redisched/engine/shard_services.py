"""The services of each shard: the worker listens for its wake-ups, reaps it and scrubs it.

A queue may get more shards while workers run. Reapers and surveys read the shard map of the queue, so the worker
notices the new shards and serves them, too. It stops serving a shard that the queue turns out not to have.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from redisched.counted import counted
from redisched.engine.claiming.claimer import Claimer
from redisched.engine.claiming.wake_listeners import WakeListeners
from redisched.engine.logs import log
from redisched.engine.reaper import Reaper
from redisched.engine.scrubber import PolicyWatch, Scrubber
from redisched.engine.service import Service, StartService
from redisched.engine.survey import Survey
from redisched.engine.worker_context import WorkerContext
from redisched.errors import QueueFull
from redisched.shard_map import ShardMap
from redisched.store.broker import AsyncBrokerClient, Broker
from redisched.store.operation import run_async
from redisched.store.store import Store, register
from redisched.store.survey import ShardReport

REGISTER_EVERY_S = 60.0
AT_A_TIME = 8
"""So many shards are reaped or scrubbed at the same time, each on a connection of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServedShard:
    """The services of one shard."""

    reaper: Reaper
    scrubber: Scrubber
    services: tuple[Service, Service]


class ShardServices:
    """The services of all shards of a worker. Shards are added when a queue gets more of them."""

    def __init__(
        self,
        context: WorkerContext,
        broker: Broker,
        client: AsyncBrokerClient,
        claimer: Claimer,
        start_service: StartService,
    ) -> None:
        self._context = context
        self._broker = broker
        self._client = client
        self._claimer = claimer
        self._start_service = start_service
        self._of_shard: dict[Store, _ServedShard] = {}
        self._counts: dict[str, int] = {}
        self._turn = asyncio.Semaphore(AT_A_TIME)
        self._wake_listeners = WakeListeners(context, broker, claimer, start_service)
        self._policy = PolicyWatch(context.clock, client)
        self._survey = Survey(context, client, broker.script_runner, broker.group_of, self)
        self._registered_s = context.clock.monotonic()
        self._looking = start_service("survey", self._look_around, claimer.wake_up_missed)

    def serve(self, queue: str, shard_map: ShardMap) -> None:
        """Serve every shard of a queue. `shard_map` is the one that the queue's first shard has."""
        self._counts[queue] = shard_map.shards
        self._serve_new(queue, shard_map)

    def _serve_new(self, queue: str, shard_map: ShardMap) -> None:
        """Start to serve those shards of a shard map that are not served yet."""
        stores = self._context.stores
        new = [shard for shard in range(shard_map.shards) if (queue, shard) not in stores]
        for shard in new:
            stores[queue, shard] = Store(self._broker.script_runner, queue, shard)
        for shard in new:
            self._join(stores[queue, shard])
        if new and new[0]:
            log.info("queue %s has %s now", queue, counted(shard_map.shards, "shard"))

    @property
    def serves_unknown_shards(self) -> bool:
        """Whether more shards are served than the shard maps in the first shards of the queues have."""
        return len(self._of_shard) > sum(self._counts.values())

    def take_report(self, store: Store, report: ShardReport | None) -> None:
        """Take in what a survey saw in a shard. None means that surveys have ended and each service has to look
        itself.
        """
        served = self._of_shard.get(store)
        if served is None:
            return
        served.reaper.take_report(report)
        served.scrubber.reaper_changed()
        self._claimer.take_report(store, report)
        if report is None or report.shard_map is None:
            return
        if store.shard == 0:
            self.serve(store.queue, report.shard_map)
        elif store.shard >= max(self._counts[store.queue], report.shard_map.shards) and report.size == 0:
            self._leave(store, served)

    async def end(self) -> None:
        """Stop the services of all shards."""
        await self._wake_listeners.end()
        services = [self._looking, *(service for served in self._of_shard.values() for service in served.services)]
        await asyncio.gather(*(service.end(within_s=0.0) for service in services))

    async def close(self) -> None:
        """Close the connections that waited for wake-ups; call after `end`."""
        await self._wake_listeners.close()

    def _join(self, store: Store) -> None:
        first = self._of_shard.get(self._context.stores[store.queue, 0])
        on_shard_map = partial(self._serve_new if first else self.serve, store.queue)
        reaper = Reaper(self._context, store, on_shard_map, first.reaper if first else None)
        scrubber = Scrubber(self._context, store, self._client, reaper, self._policy)
        self._claimer.serve(store)
        self._wake_listeners.serve(store)
        services = (
            self._start_service("reaper", partial(self._in_turn, partial(self._reap, reaper)), reaper.changed),
            self._start_service("scrubber", partial(self._in_turn, scrubber.step), scrubber.changed),
        )
        self._of_shard[store] = _ServedShard(reaper=reaper, scrubber=scrubber, services=services)

    async def _look_around(self) -> float:
        """Survey all shards. While surveys keep the reapers idle, this also does what reapers do once for a worker."""
        delay_s = await self._survey.step()
        if self._survey.is_useful:
            await self._policy.look()
            await self._register()
        return delay_s

    async def _register(self) -> None:
        """Register the queues again from time to time. After a loss of data no other code would do it."""
        now_s = self._context.clock.monotonic()
        if now_s - self._registered_s >= REGISTER_EVERY_S:
            self._registered_s = now_s
            with contextlib.suppress(QueueFull):
                await run_async(register(self._broker.script_runner, list(self._counts)), self._client)

    async def _reap(self, reaper: Reaper) -> float:
        return await run_async(reaper.step(), self._client)

    async def _in_turn(self, step: Callable[[], Awaitable[float]]) -> float:
        async with self._turn:
            return await step()

    def _leave(self, store: Store, served: _ServedShard) -> None:
        """Stop serving an empty shard that no shard map of its queue has."""
        if any(task.queue == store.queue and task.shard == store.shard for task in self._context.in_flight):
            return
        if not (self._wake_listeners.leave(store) and self._claimer.leave(store)):
            return
        for service in served.services:
            service.cancel()
        del self._of_shard[store], self._context.stores[store.queue, store.shard]
        self._context.refused_claims.discard(store)
