"""Huey takes a task off its list before it runs it: what a killed worker had taken is lost, whatever the settings."""

from huey import RedisHuey
from stage import Peer, run, tell_start, url

app = RedisHuey("peers", url=url(), results=False)


@app.task(name="noop")
def noop(task: int) -> None:
    tell_start(task)


class Huey(Peer):
    async def enqueue(self, task: int) -> None:
        noop(task)

    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        noop.schedule((task,), delay=delay_s)

    def work(self) -> None:
        app.create_consumer(workers=1, worker_type="thread", periodic=False, scheduler_interval=1).run()


if __name__ == "__main__":
    run(Huey())
