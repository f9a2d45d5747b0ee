"""Handlers that write down what they do, wait until a test releases them, or end their process."""

import hashlib
import os
from pathlib import Path

from redisched import Scheduler, current_task

app = Scheduler()
HISTORY = Path(os.environ.get("HISTORY", os.devnull))


def note(event: str) -> None:
    """Append a line in one write, so that lines of several processes do not mix."""
    task = current_task()
    line = f"{event} {task.id} {task.fence} {os.getpid()} {task.worker}\n"
    descriptor = os.open(HISTORY, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


@app.task(name="work")
def work(rounds: int) -> str:
    """Takes a millisecond or so."""
    note("start")
    digest = hashlib.pbkdf2_hmac("sha256", b"task", b"salt", rounds)
    note("end")
    return digest.hex()


@app.task(name="hold")
def hold(fifo: str) -> str:
    """Waits until the test writes into a named pipe."""
    note("start")
    word = Path(fifo).read_text()
    note("end")
    return word


@app.task(name="leave")
def leave(code: int) -> None:
    """Ends its process at once, as a crash in a C library would."""
    note("start")
    os._exit(code)
