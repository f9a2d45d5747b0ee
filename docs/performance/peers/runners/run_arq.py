"""arq keeps a job queued until it ended; a killed worker's job runs again when its key in Redis runs out."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from arq import create_pool, func
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Worker
from stage import BATCH, Peer, run, tell_start, url

settings = RedisSettings.from_dsn(url())


async def noop(_context: dict[str, Any], task: int) -> None:
    tell_start(task)


class Arq(Peer):
    pool: ArqRedis

    async def open(self) -> None:
        self.pool = await create_pool(settings)

    async def enqueue(self, task: int) -> None:
        await self.pool.enqueue_job("noop", task)

    async def enqueue_many(self, tasks: Sequence[int]) -> None:
        for first in range(0, len(tasks), BATCH):
            await asyncio.gather(*(self.enqueue(task) for task in tasks[first : first + BATCH]))

    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        await self.pool.enqueue_job("noop", task, _defer_by=timedelta(seconds=delay_s))

    async def close(self) -> None:
        await self.pool.aclose()

    def work(self) -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        handler = func(noop, name="noop", keep_result=0)
        Worker([handler], redis_settings=settings, max_jobs=100, poll_delay=0.01, log_results=False).run()


if __name__ == "__main__":
    run(Arq())
