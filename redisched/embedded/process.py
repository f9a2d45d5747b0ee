"""Runs one server process: builds its command line, starts it, waits until it is ready, and ends it.

The guardian of a project's server and `PrivateServer` both use this module; they differ only in which process is the
parent of the server.
"""

import os
import signal
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

from redisched.embedded.endpoint import Endpoint, is_ready
from redisched.embedded.polling import poll_until
from redisched.errors import ServerStartFailed

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
MOST_SEARCHED_FIELDS = 64
"""The server stores a hash of up to this many fields as a list, and searches the list from its start at each lookup; a
larger hash gets a hash table. At the server's default of 512 these searches take a tenth of the server's time."""

_TETHER = Path(__file__).with_name("tether.py")
_LOG_TAIL_BYTES = 4096
_LOG_TAIL_LINES = 15


class Persistence(StrEnum):
    """What a server writes to disk."""

    NONE = "none"
    """Nothing: after a restart the server is empty."""
    EVERYSEC = "everysec"
    """Every change, synced once a second: a crash of the machine loses about the last second."""
    ALWAYS = "always"
    """Every change, synced before it is acknowledged."""

    @property
    def server_arguments(self) -> tuple[str, ...]:
        if self is Persistence.NONE:
            return ("--appendonly", "no")
        return ("--appendonly", "yes", "--appendfsync", self.value)


def server_arguments(data_directory: Path, endpoint: Endpoint, persistence: Persistence) -> tuple[str, ...]:
    """Return the command line of a server that keeps every task: no eviction, no snapshots beside the AOF."""
    return (
        *endpoint.server_arguments,
        *("--dir", str(data_directory)),
        *("--save", ""),
        *persistence.server_arguments,
        *("--maxmemory-policy", "noeviction"),
        # Servers before Redis 7 know the setting only under this name; later ones accept it, too.
        *("--hash-max-ziplist-entries", str(MOST_SEARCHED_FIELDS)),
        *("--daemonize", "no"),
    )


def spawn(
    binary: Path,
    arguments: tuple[str, ...],
    *,
    log: Path,
    death_signal: signal.Signals,
    inherited_descriptors: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start a server as a child that receives `death_signal` when the calling thread dies (Linux only).

    Its output is appended to `log`. It runs in a session of its own, so that Ctrl-C in a terminal does not reach it.
    """
    shim = (sys.executable, "-I", "-S", str(_TETHER), str(int(death_signal)), str(os.getpid()))
    with log.open("ab") as output:
        return subprocess.Popen(
            (*shim, str(binary), *arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=inherited_descriptors,
        )


def wait_until_ready(process: subprocess.Popen[bytes], endpoint: Endpoint, log: Path) -> None:
    """Return once the server answers PING. Raises ServerStartFailed if it ends or does not answer in time.

    After the error the process has ended.
    """
    poll_until(lambda: process.poll() is not None or is_ready(endpoint), START_TIMEOUT_S)
    if process.poll() is not None:
        raise ServerStartFailed(f"it ended with exit code {process.returncode}", read_log_tail(log))
    if not is_ready(endpoint):
        end(process)
        raise ServerStartFailed(f"it did not answer within {START_TIMEOUT_S:g} s", read_log_tail(log))


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to save and exit, kill it if it has not ended within 10 s, and wait until it has ended."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def read_log_tail(log: Path) -> str:
    """Return the last lines of a log, or an empty text if there is no log."""
    try:
        with log.open("rb") as lines:
            lines.seek(max(0, log.stat().st_size - _LOG_TAIL_BYTES))
            text = lines.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-_LOG_TAIL_LINES:])
