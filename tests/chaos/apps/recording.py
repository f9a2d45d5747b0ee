"""Handlers that write the history which the checker reads, into the folder that HISTORY names."""

import hashlib
import os
import threading
from pathlib import Path

from redisched import Scheduler
from redisched.testing import Recorder

app = Scheduler()
recorder = Recorder(Path(os.environ.get("HISTORY", os.devnull)))


@app.task(name="work", retention=3_600)
def work(rounds: int) -> str:
    """Takes a millisecond or so."""
    with recorder.execution():
        return hashlib.pbkdf2_hmac("sha256", b"task", b"salt", rounds).hex()


@app.task(name="linger", retention=3_600)
def linger(seconds: float) -> None:
    """Takes its time, and nothing of the processor's."""
    with recorder.execution():
        threading.Event().wait(seconds)
