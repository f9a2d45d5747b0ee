"""RQ with its worker that does not fork: a killed worker's job is found failed later, and retried once."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from redis import Redis
from rq import Queue, Retry, SimpleWorker
from stage import Peer, run, tell_start, url

RETRY = Retry(max=1)


def noop(task: int) -> None:
    tell_start(task)


class RQ(Peer):
    def __init__(self) -> None:
        self.queue = Queue(connection=Redis.from_url(url()))

    async def enqueue(self, task: int) -> None:
        self.queue.enqueue("run_rq.noop", task, retry=RETRY, result_ttl=0)

    async def enqueue_many(self, tasks: Sequence[int]) -> None:
        for first in range(0, len(tasks), 1_000):
            self.queue.enqueue_many(
                [
                    Queue.prepare_data("run_rq.noop", (task,), retry=RETRY, result_ttl=0)
                    for task in tasks[first : first + 1_000]
                ]
            )

    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        self.queue.enqueue_in(timedelta(seconds=delay_s), "run_rq.noop", task, retry=RETRY, result_ttl=0)

    def work(self) -> None:
        logging.disable(logging.WARNING)
        worker = SimpleWorker([self.queue], connection=self.queue.connection, log_job_description=False)
        worker.work(logging_level="ERROR", with_scheduler=True)


if __name__ == "__main__":
    run(RQ())
