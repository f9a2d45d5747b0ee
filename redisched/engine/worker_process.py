"""One worker process as its supervisor sees it: the supervisor starts it, sends it signals and reads its messages.

The supervisor learns of its death from the kernel, by the process id, and not from a closed pipe: programs that the
worker has started may outlive it and keep every descriptor of it open.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys

from redisched.engine.child_spec import DRAIN, ChildSpec, Message, Work, decode_message
from redisched.engine.identity import worker_name
from redisched.engine.signal_handlers import group_signals_blocked
from redisched.engine.started import StartedTable

_MODULE = "redisched.engine.child"
_LONGEST_MESSAGE_BYTES = 1 << 20


class WorkerProcess:
    """A worker process. It is started when this object is made."""

    def __init__(self, work: Work, table: StartedTable) -> None:
        """Raises OSError if the system has no room for another process or descriptor."""
        suffix = os.urandom(4).hex()
        self.channel, theirs = socket.socketpair()
        try:
            spec = ChildSpec(work=work, name_suffix=suffix, table=table.descriptor, path=tuple(sys.path))
            with group_signals_blocked():
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
        self._received = b""
        self.death = _watch(self._process.pid)
        """A descriptor that becomes readable when the process ends; None if the system does not have such
        descriptors.
        """

    @property
    def process_id(self) -> int:
        """The process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """The exit code, None while the process runs. A negative number is the signal that ended it."""
        return self._process.poll()

    def messages(self) -> list[Message]:
        """The messages that have come since the last call."""
        with contextlib.suppress(OSError):
            while (received := self.channel.recv(65_536)) and len(self._received) < _LONGEST_MESSAGE_BYTES:
                self._received += received
        *lines, self._received = self._received.split(b"\n")
        return [decode_message(line) for line in lines]

    def drain(self) -> None:
        """Tell the process to claim nothing more, and to end when its handlers have ended, however long they run."""
        with contextlib.suppress(OSError):
            self.channel.sendall(DRAIN)

    def terminate(self) -> None:
        """Send SIGTERM, which asks the process to stop."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()

    def close(self) -> None:
        """Wait until the process has ended, and close the descriptors. Call only once it has ended or was killed."""
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
    """The flags of this interpreter that another one needs to behave the same: warnings, optimisation, isolation."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing does
    return flags
