"""Names of worker processes. No name is used twice."""

import re
import socket


def worker_name(process_id: int, suffix: str) -> str:
    """The name, without spaces: host, process id and a random suffix."""
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:60] or "host"
    return f"{host}-{process_id}-{suffix}"
