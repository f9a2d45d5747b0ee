"""redisched with default settings: leases of 30 s, renewed from a thread of their own."""

import asyncio
from collections.abc import Sequence

from stage import Peer, run, tell_start, url

from redisched import Scheduler
from redisched.config import WorkerSettings
from redisched.engine.worker import Worker

app = Scheduler(url())


@app.task(name="noop")
async def noop(task: int) -> None:
    tell_start(task)


class Redisched(Peer):
    async def enqueue(self, task: int) -> None:
        noop.enqueue(task)

    async def enqueue_many(self, tasks: Sequence[int]) -> None:
        app.enqueue_many([noop.request(task) for task in tasks])

    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        noop.options(delay=delay_s).enqueue(task)

    async def close(self) -> None:
        app.close()

    def work(self) -> None:
        asyncio.run(Worker(app, WorkerSettings()).run())


if __name__ == "__main__":
    run(Redisched())
