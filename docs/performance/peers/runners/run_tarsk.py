"""tarsk with its default settings: retries allowed, leases of the task's timeout and a grace, no results."""

import subprocess
import sys
from pathlib import Path

from stage import Peer, run, tell_start, url
from tarsk import App

app = App(broker=url())


@app.task(name="noop", retries=3)
async def noop(task: int) -> None:
    tell_start(task)


class Tarsk(Peer):
    async def enqueue(self, task: int) -> None:
        noop.send(task)

    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        noop.send_in(delay_s, task)

    def work(self) -> None:
        command = Path(sys.executable).with_name("tarsk")
        subprocess.run(
            [command, "worker", "--app", "run_tarsk:app", "--broker", url(), "--queues", "default", "--children", "1"],
            check=True,
        )


if __name__ == "__main__":
    run(Tarsk())
