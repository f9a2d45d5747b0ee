"""A name for a worker process: who and where, and never used twice."""

import re
import socket


def worker_name(process_id: int, suffix: str) -> str:
    """Host, process id and a random suffix, without spaces."""
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:60] or "host"
    return f"{host}-{process_id}-{suffix}"
