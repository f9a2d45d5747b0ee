"""The guardian: the process that starts the server of a project and stops it after the last user has left.

The server must outlive each of the processes that use it, so it is the child of none of them. The first user starts
the guardian, which starts the server and restarts it after a crash. When no process holds the users lock any more, the
guardian stops the server and exits. If the guardian itself is killed, the kernel sends its server SIGTERM (Linux only).

`python -m redisched.embedded.guardian` returns as soon as the server is ready; the guardian runs on in the background.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from redisched.embedded.endpoint import UnixEndpoint
from redisched.embedded.locks import FileLock
from redisched.embedded.paths import ServerPaths
from redisched.embedded.process import (
    START_TIMEOUT_S,
    Persistence,
    end,
    server_arguments,
    spawn,
    wait_until_ready,
)
from redisched.embedded.state import ServerState, write_state
from redisched.errors import ServerStartFailed

_POLL_S = 0.1
_LINGER_S = 0.3
_READY = b"ready"
_STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


class Guardian:
    """Runs one server for as long as it has users, or is marked to stay without users."""

    def __init__(self, paths: ServerPaths, endpoint: UnixEndpoint, binary: Path) -> None:
        self._paths = paths
        self._endpoint = endpoint
        self._binary = binary
        self._start_lock = FileLock(paths.start_lock)
        self._users_lock = FileLock(paths.users_lock)
        self._guardian_lock = FileLock(paths.guardian_lock)
        self._server_lock = FileLock(paths.server_lock)
        self._signals = _SignalInbox(_STOP_SIGNALS)

    def start(self) -> subprocess.Popen[bytes]:
        """Return the server once it is ready. Raises ServerStartFailed."""
        # Both locks are free or soon will be: the process that starts a guardian holds the start lock and has checked
        # that no guardian runs. Only a server whose guardian was killed may need a while to end.
        for lock in (self._guardian_lock, self._server_lock):
            if not lock.wait_exclusive(START_TIMEOUT_S):
                raise ServerStartFailed("an earlier server still holds the data", "")
        try:
            return self._start_server()
        except ServerStartFailed:
            self._remove_traces()
            raise

    def watch(self, server: subprocess.Popen[bytes]) -> None:
        """Return once the server is no longer needed and has ended. The locks are still held then."""
        try:
            server = self._restart_while_wanted(server)
        finally:
            self._clean_up(server)

    def _restart_while_wanted(self, server: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        last_used = time.monotonic()
        while True:
            stop_asked = self._signals.wait(_POLL_S)
            if stop_asked or not self._can_be_found():
                return server
            if server.poll() is not None:
                if server.returncode == 0:  # somebody sent it SHUTDOWN
                    return server
                server = self._start_server()
            if not self._shut_out_users():
                last_used = time.monotonic()
            elif time.monotonic() - last_used >= _LINGER_S:
                return server
            else:
                self._let_in_users()

    def _start_server(self) -> subprocess.Popen[bytes]:
        server = spawn(
            self._binary,
            server_arguments(self._paths.data_directory, self._endpoint, Persistence.EVERYSEC),
            log=self._paths.log,
            death_signal=signal.SIGTERM,
            # The server inherits its lock. If the guardian is killed, the lock is held until the server has saved.
            inherited_descriptors=(self._server_lock.descriptor,),
        )
        write_state(self._paths.state, ServerState(pid=server.pid, guardian_pid=os.getpid(), endpoint=self._endpoint))
        wait_until_ready(server, self._endpoint, self._paths.log)
        return server

    def _can_be_found(self) -> bool:
        """Whether clients can still find the server. A logout or a cleanup may have removed its files."""
        return self._guardian_lock.is_in_place() and self._endpoint.path.exists()

    def _shut_out_users(self) -> bool:
        """Take the users lock and the start lock. Return False, with neither held, if the server is still needed.

        A process that joins takes the start lock first. So while the guardian holds both locks, no process can join.
        """
        if not self._users_lock.try_exclusive():
            return False
        if self._start_lock.try_exclusive() and not self._paths.stay_mark.exists():
            return True
        self._let_in_users()
        return False

    def _let_in_users(self) -> None:
        self._start_lock.release()
        self._users_lock.release()

    def _clean_up(self, server: subprocess.Popen[bytes]) -> None:
        if not self._guardian_lock.is_in_place():
            # The data folder was removed, so there is nothing to save. The socket may belong to a later server by now.
            # A server that exits normally deletes its socket path, so this one is killed.
            server.kill()
            server.wait()
            return
        end(server)
        self._remove_traces()

    def _remove_traces(self) -> None:
        for leftover in (self._paths.state, self._paths.stay_mark, self._endpoint.path):
            leftover.unlink(missing_ok=True)
        with suppress(OSError):
            self._endpoint.path.parent.rmdir()


class _SignalInbox:
    """Receives signals through a pipe, so that the guardian can wait for one with a timeout."""

    def __init__(self, numbers: frozenset[signal.Signals]) -> None:
        self._reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        for number in numbers:
            signal.signal(number, lambda *_: None)

    def wait(self, timeout_s: float) -> bool:
        """Return True when a signal has come, or False after `timeout_s` without one."""
        ready, _, _ = select.select([self._reader], [], [], timeout_s)
        return bool(ready)


def main() -> None:
    """Start a guardian in the background; the arguments are DATA_DIRECTORY SOCKET BINARY START_LOCK_DESCRIPTOR.

    Returns once the server is ready. If it does not start, prints the reason and exits with 1.
    """
    data_directory, socket_path, binary, start_lock = sys.argv[1:]
    report_reader, report_writer = os.pipe()
    if os.fork() == 0:
        os.close(report_reader)
        paths = ServerPaths(data_directory=Path(data_directory))
        _detach(paths.log)
        _guard(Guardian(paths, UnixEndpoint(path=Path(socket_path)), Path(binary)), report_writer, int(start_lock))
        return
    os.close(report_writer)
    with os.fdopen(report_reader, "rb") as report:
        outcome = report.read()
    if outcome != _READY:
        sys.exit(outcome.decode() or "its guardian ended early")


def _detach(log: Path) -> None:
    """Redirect standard input, output and error from the terminal; output goes to a new log. The old log is kept."""
    os.umask(0o077)
    if log.exists():
        log.replace(log.with_suffix(".log.before"))
    with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())


def _guard(guardian: Guardian, report: int, start_lock: int) -> None:
    """Start the server, write the outcome to the pipe `report`, and watch the server until it is no longer needed.

    The guardian inherited the start lock of the process that started it. So even if that process dies, no other process
    starts a server at the same time.
    """
    try:
        server = guardian.start()
    except ServerStartFailed as failure:
        os.write(report, failure.reason.encode())
        return
    except OSError as error:
        os.write(report, f"its files cannot be written ({error.strerror})".encode())
        return
    os.write(report, _READY)
    os.close(report)
    os.close(start_lock)
    guardian.watch(server)


if __name__ == "__main__":
    main()
