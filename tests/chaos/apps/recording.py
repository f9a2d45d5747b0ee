"""Handlers that write the history which the checker reads, into the folder that HISTORY names."""

import hashlib
import os
import threading
from pathlib import Path

from redisched import Scheduler
from redisched.chaos import Recorder

app = Scheduler()
RETENTION_S = 21_600
"""Long enough that every task is still found after a long run."""
recorder = Recorder(Path(os.environ.get("HISTORY", os.devnull)))


@app.task(name="work", retention=RETENTION_S)
def work(rounds: int) -> str:
    """Takes a millisecond or so."""
    with recorder.execution():
        return hashlib.pbkdf2_hmac("sha256", b"task", b"salt", rounds).hex()


@app.task(name="linger", retention=RETENTION_S)
def linger(seconds: float) -> None:
    """Sleeps, and so takes no time of the processor."""
    with recorder.execution():
        threading.Event().wait(seconds)
