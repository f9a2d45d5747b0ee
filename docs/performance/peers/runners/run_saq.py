"""SAQ with a second attempt allowed: a killed worker's job is swept up once its time limit of 10 s is over."""

import asyncio
import math
import time
from collections.abc import Sequence
from typing import Any

from saq import Queue, Worker
from stage import BATCH, Peer, run, tell_start, url


async def noop(_context: dict[str, Any], *, task: int) -> None:
    tell_start(task)


class SAQ(Peer):
    async def open(self) -> None:
        self.queue = Queue.from_url(url())

    async def enqueue(self, task: int) -> None:
        await self.queue.enqueue("noop", task=task, retries=2, ttl=-1)

    async def enqueue_many(self, tasks: Sequence[int]) -> None:
        for first in range(0, len(tasks), BATCH):
            await asyncio.gather(*(self.enqueue(task) for task in tasks[first : first + BATCH]))

    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        moment_s = math.ceil(time.time() + delay_s)
        await self.queue.enqueue("noop", task=task, scheduled=moment_s, retries=2, ttl=-1)

    async def close(self) -> None:
        await self.queue.disconnect()

    def work(self) -> None:
        asyncio.run(self._work())

    async def _work(self) -> None:
        await Worker(Queue.from_url(url()), [noop], concurrency=10).start()


if __name__ == "__main__":
    run(SAQ())
