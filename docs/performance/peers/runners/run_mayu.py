"""mayu with one worker process, which an interpreter with a global lock makes it use; no results."""

import subprocess
import sys
from pathlib import Path

from mayu import App
from stage import Peer, run, tell_start, url

app = App(broker=url())


@app.task(name="noop", max_retries=3)
def noop(task: int) -> None:
    tell_start(task)


class Mayu(Peer):
    async def enqueue(self, task: int) -> None:
        noop.delay(task)

    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        noop.send(task, countdown=delay_s)

    def work(self) -> None:
        command = Path(sys.executable).with_name("mayu")
        subprocess.run([command, "worker", "run_mayu:app", "--mode", "process", "--processes", "1"], check=True)


if __name__ == "__main__":
    run(Mayu())
