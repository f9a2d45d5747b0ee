"""Celery in one process without children, acknowledging late: a killed worker's tasks return after an hour."""

from celery import Celery
from stage import Peer, run, tell_start, url

app = Celery("peers", broker=url())
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=64,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="noop")
def noop(task: int) -> None:
    tell_start(task)


class CeleryPeer(Peer):
    async def enqueue(self, task: int) -> None:
        noop.delay(task)

    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        noop.apply_async((task,), countdown=delay_s)

    def work(self) -> None:
        quiet = ("--loglevel=ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat")
        app.worker_main(["worker", "--pool=solo", *quiet])


if __name__ == "__main__":
    run(CeleryPeer())
