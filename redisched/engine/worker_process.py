"""One worker process, as its supervisor sees it: started, signalled, listened to, and known to be dead.

Its death is learned from the kernel by its process id, not from a pipe: whatever it started may outlive it, and hold
every descriptor it had.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys

from redisched.engine.child_spec import ChildSpec, Message, Work, decode_message
from redisched.engine.identity import worker_name
from redisched.engine.started import StartedTable

_MODULE = "redisched.engine.child"
_LONGEST_MESSAGE_BYTES = 1 << 20


class WorkerProcess:
    """A process at work, from the moment this is made."""

    def __init__(self, work: Work, table: StartedTable) -> None:
        """Raises OSError where the system has no room for another process or descriptor."""
        suffix = os.urandom(4).hex()
        self.channel, theirs = socket.socketpair()
        try:
            spec = ChildSpec(work=work, name_suffix=suffix, table=table.descriptor, path=tuple(sys.path))
            self._process = subprocess.Popen(
                [sys.executable, *_interpreter_flags(), "-m", _MODULE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(table.descriptor, theirs.fileno()),
            )
            self.channel.sendall(spec.encode())
        except BaseException:
            self.channel.close()
            raise
        finally:
            theirs.close()
        self.channel.setblocking(False)
        self.name = worker_name(self._process.pid, suffix)
        self.is_ready = False
        self._received = b""
        self.death = _watch(self._process.pid)
        """A descriptor that can be read once the process has ended; None where the system has none."""

    @property
    def process_id(self) -> int:
        """The id by which the system knows it."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """How it ended; None while it lives. Negative for the signal that ended it."""
        return self._process.poll()

    def messages(self) -> list[Message]:
        """What it has said since this was asked last."""
        with contextlib.suppress(OSError):
            while (received := self.channel.recv(65_536)) and len(self._received) < _LONGEST_MESSAGE_BYTES:
                self._received += received
        *lines, self._received = self._received.split(b"\n")
        return [decode_message(line) for line in lines]

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def close(self) -> None:
        """Call once it has ended: closes what is kept of it."""
        self._process.wait()
        self.channel.close()
        if self.death is not None:
            os.close(self.death)


def _watch(process_id: int) -> int | None:
    try:
        return os.pidfd_open(process_id)
    except (AttributeError, OSError):
        return None


def _interpreter_flags() -> list[str]:
    """How this interpreter was started, as far as it matters to others: warnings, optimisation, isolation."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing does
    return flags
