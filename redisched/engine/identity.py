"""A name for a worker process: who and where, and never used twice."""

import os
import re
import socket
from collections.abc import Callable


def worker_name(random: Callable[[], float]) -> str:
    """Host, process id and a random part, without spaces."""
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:60] or "host"
    return f"{host}-{os.getpid()}-{int(random() * 2**32):08x}"
