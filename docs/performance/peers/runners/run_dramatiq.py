"""Dramatiq acknowledges after the handler; a killed worker's messages return once its heartbeat is a minute old."""

import threading

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from stage import Peer, run, tell_start, url

broker = RedisBroker(url=url())
dramatiq.set_broker(broker)


@dramatiq.actor
def noop(task: int) -> None:
    tell_start(task)


class Dramatiq(Peer):
    async def enqueue(self, task: int) -> None:
        noop.send(task)

    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        noop.send_with_options(args=(task,), delay=round(delay_s * 1e3))

    def work(self) -> None:
        dramatiq.Worker(broker, worker_threads=8, worker_timeout=10).start()
        threading.Event().wait()


if __name__ == "__main__":
    run(Dramatiq())
