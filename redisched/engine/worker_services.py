"""The services of a running worker, and the order in which they stop."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from redisched.engine import completion
from redisched.engine.claiming.claimer import Claimer
from redisched.engine.executor import Executor
from redisched.engine.introducing import Introducing
from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.logs import log
from redisched.engine.own_task import own_task
from redisched.engine.runtime import RunningRenewer
from redisched.engine.schedules import Schedules
from redisched.engine.service import Service, ignore_broker_errors
from redisched.engine.settler import Settler
from redisched.engine.shard_services import ShardServices
from redisched.engine.worker_context import WorkerContext
from redisched.store.operation import AsyncClient, run_async
from redisched.store.store import Store

ANSWER_S = 1.0
"""If Redis does not answer, a stopping worker waits so long for each call that it can do without: the leases of its
tasks end by themselves.
"""
FLUSH_S = 5.0
"""For so long a stopping worker tries to settle the tasks that ended."""
AT_A_TIME = 8
"""In so many shards at a time a stopping worker wakes another worker, each on a connection of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerServices:
    """Everything that runs in a worker. `claiming`, `releasing`, `reporting`, `introducing` and `settling` are loops;
    the others are what these loops use.
    """

    context: WorkerContext
    client: AsyncClient
    claimer: Claimer
    claiming: Service
    shard_services: ShardServices
    schedules: Schedules
    releasing: Service
    executor: Executor
    reporting: Service
    introducing: Introducing
    settler: Settler
    settling: Service
    renewer: LeaseRenewer
    renewing: RunningRenewer

    async def drain(self, stopping: asyncio.Event) -> None:
        """Claim nothing new, give back the tasks that wait, and wait until running handlers have ended, or until
        `stopping` is set. Call `stop` after this.
        """
        await self._stop_claiming()
        waits: list[asyncio.Task[Any]] = [own_task(self.executor.drain()), own_task(stopping.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def stop(self, grace_s: float) -> None:
        """Stop all services, in this order: claim nothing new, fire no more slots, give back the tasks that wait, let
        running handlers end, settle the tasks that ended, and renew the leases until then. A Redis that does not answer
        delays each step by a few seconds at most.
        """
        self.renewer.worker_stops()
        await self._stop_claiming()
        await wait_until_done(self.executor.drain(), grace_s)
        await self.executor.stop()
        self.settler.limit_tries(ANSWER_S)
        await wait_until_done(self.settler.flush(), FLUSH_S)
        await self.settling.end(within_s=ANSWER_S)
        await self.reporting.end(within_s=0.0)
        self.renewing.stop()
        await wait_until_done(self.introducing.end(), ANSWER_S)
        stores = list(self.context.stores.values())
        await wait_until_done(asyncio.gather(*(self._leave(stores) for _ in range(AT_A_TIME))), ANSWER_S)

    async def _stop_claiming(self) -> None:
        """Claim nothing new, fire no more slots, and give back the tasks that wait. Doing it again changes nothing."""
        await self.claiming.end(within_s=ANSWER_S)
        await self.schedules.end()
        await self.shard_services.end()
        await self.releasing.end(within_s=0.0)
        await wait_until_done(asyncio.gather(self.claimer.finish(), self.shard_services.close()), ANSWER_S)
        for task in self.context.window.take_all():
            self.settler.add(completion.released(task))

    async def _leave(self, stores: list[Store]) -> None:
        """Delete this worker's latest claims in the remaining shards, and wake another worker there: this one may have
        taken a wake-up without claiming.
        """
        while stores:
            await ignore_broker_errors(run_async(stores.pop().leave(self.context.worker), self.client))


async def wait_until_done(work: Awaitable[object], within_s: float) -> None:
    """Wait until the work is done, at most `within_s` seconds. Logs a warning if it is not done by then."""
    try:
        async with asyncio.timeout(within_s):
            await work
    except TimeoutError:
        log.warning("not everything ended within %g s", within_s)
