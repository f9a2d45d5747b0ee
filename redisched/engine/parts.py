"""The parts of a worker at work, and the order in which they stop."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from redisched.engine import completion
from redisched.engine.claimer import Claimer
from redisched.engine.executor import Executor
from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.link import Part, quietly
from redisched.engine.logs import log
from redisched.engine.runtime import RunningRenewer
from redisched.engine.services import ShardServices
from redisched.engine.settler import Settler
from redisched.engine.workspace import Workspace
from redisched.store.operation import AsyncClient, run_async
from redisched.store.store import Store

ANSWER_S = 1.0
"""A stopping worker waits so long for each thing that can be left to the end of its leases, should Redis be silent."""
FLUSH_S = 5.0
"""It tries so long to settle what ended."""
AT_A_TIME = 8
"""It passes wake-ups on in so many shards at a time, each on a connection of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that runs in a worker. `claiming`, `settling` and `releasing` are loops; the others are what these
    loops use.
    """

    workspace: Workspace
    client: AsyncClient
    claimer: Claimer
    claiming: Part
    services: ShardServices
    releasing: Part
    executor: Executor
    settler: Settler
    settling: Part
    renewer: LeaseRenewer
    renewing: RunningRenewer

    async def stop(self, grace_s: float) -> None:
        """Stop all. The order matters: nothing new comes in, what waits goes back, what runs may end, what has ended
        is settled, and the leases are kept until then. A silent Redis holds nothing up for more than some seconds.
        """
        self.renewer.worker_stops()
        await self.claiming.end(within_s=ANSWER_S)
        await self.services.end()
        await self.releasing.end(within_s=0.0)
        await wait_until_done(asyncio.gather(self.claimer.finish(self.settler), self.services.finish()), ANSWER_S)
        for task in self.workspace.window.take_all():
            self.settler.add(completion.released(task))
        await wait_until_done(self.executor.drain(), grace_s)
        await self.executor.stop()
        self.settler.hurry(ANSWER_S)
        await wait_until_done(self.settler.flush(), FLUSH_S)
        await self.settling.end(within_s=ANSWER_S)
        self.renewing.stop()
        stores = list(self.workspace.stores.values())
        await wait_until_done(asyncio.gather(*(self._leave(stores) for _ in range(AT_A_TIME))), ANSWER_S)

    async def _leave(self, stores: list[Store]) -> None:
        """Forget this worker's claims, and pass on what it may have been woken for, in shards nobody has seen to."""
        while stores:
            await quietly(run_async(stores.pop().leave(self.workspace.worker), self.client))


async def wait_until_done(work: Awaitable[object], within_s: float) -> None:
    """Wait for work to be done, but not longer than so many seconds."""
    try:
        async with asyncio.timeout(within_s):
            await work
    except TimeoutError:
        log.warning("not everything ended within %g s", within_s)
