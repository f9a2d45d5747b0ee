"""Chooses TCP ports for servers of tests: they must be free now, and stay free until a server listens and while it is
down.

Several processes choose at the same time. So each keeps a lock on the byte of a file for each port that it has chosen,
which the kernel ends with the process.
"""

import fcntl
import os
import socket
from functools import cache
from pathlib import Path
from random import Random, SystemRandom

LOWEST_PORT = 10_240
LEAST_RANGE = 1_000
"""Where the kernel leaves fewer ports than this below its own, those are chosen from, too."""

_USUAL_FIRST_EPHEMERAL_PORT = 32_768
_MOST_TRIES = 1_000
_RANGE_OF_LINUX = Path("/proc/sys/net/ipv4/ip_local_port_range")


def find_free_port(randomness: Random | None = None) -> int:
    """Return a TCP port of the loopback interface on which no process listens now. While this process lives, no other
    call of this user returns it, in whichever process.

    It is below the ports that the kernel gives to outgoing connections: any of those could be taken by a client before
    the server listens on it, or while the server is down. Raises OSError if no port is free.
    """
    chosen_by = SystemRandom() if randomness is None else randomness
    beyond = max(first_ephemeral_port(), LOWEST_PORT + LEAST_RANGE)
    for _ in range(_MOST_TRIES):
        port = chosen_by.randrange(LOWEST_PORT, beyond)
        if _is_free(port) and _reserve(port):
            return port
    raise OSError(f"no TCP port of 127.0.0.1 between {LOWEST_PORT} and {beyond - 1} is free")


def first_ephemeral_port() -> int:
    """The lowest port that the kernel gives to outgoing connections."""
    try:
        return int(_RANGE_OF_LINUX.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _USUAL_FIRST_EPHEMERAL_PORT


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


_reserved: set[int] = set()


def _reserve(port: int) -> bool:
    """Keep a port from being chosen again. Answers False if another call has it."""
    if port in _reserved:
        return False
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    _reserved.add(port)
    return True


@cache
def _reservations() -> int:
    """The descriptor of the file of all reservations. It is never closed: that would end them."""
    # Not in TMPDIR, which may be another one in each process.
    path = f"/tmp/redisched-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
