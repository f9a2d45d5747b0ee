"""A server for one process, for tests and measurements, which that process can start, kill and restart.

The server is a child of the process that created it. On Linux the kernel kills the server when that process dies, so a
killed test run leaves no server behind.
"""

import secrets
import shutil
import signal
import subprocess
import tempfile
from enum import StrEnum
from pathlib import Path

from redisched.embedded.binary import find_binary
from redisched.embedded.endpoint import Endpoint, LoopbackEndpoint, UnixEndpoint
from redisched.embedded.folders import prepare_socket_path
from redisched.embedded.free_port import find_free_port
from redisched.embedded.lifetime import Lifetime
from redisched.embedded.process import Persistence, end, read_log_tail, server_arguments, spawn, wait_until_ready


class Transport(StrEnum):
    """How clients reach a private server."""

    UNIX_SOCKET = "unix_socket"
    LOOPBACK = "loopback"
    """A free TCP port of the loopback interface, which any user of the machine can open."""


class PrivateServer(Lifetime):
    """A server whose data is in its own folder, by default a temporary one that is deleted on `close`.

    If `directory` is given, its data is kept after `close`. `binary` None means the binary that `find_binary` returns.
    `arguments` are appended to the server's command line. Start it from a thread that lives as long as the server is
    needed: on Linux the kernel kills the server when that thread ends.
    """

    def __init__(
        self,
        *,
        directory: Path | None = None,
        binary: Path | None = None,
        arguments: tuple[str, ...] = (),
        persistence: Persistence = Persistence.EVERYSEC,
        transport: Transport = Transport.UNIX_SOCKET,
    ) -> None:
        self._binary = find_binary() if binary is None else binary
        self._temporary_directories: list[Path] = []
        self.directory = self._make_temporary_directory() if directory is None else directory.resolve()
        self._endpoint = self._choose_endpoint(transport)
        # An empty configuration file: without one, CONFIG REWRITE fails and a Sentinel does not start.
        configuration = self.directory / "server.conf"
        configuration.touch()
        defaults = server_arguments(self.directory, self._endpoint, persistence)
        self._arguments = (str(configuration), *defaults, *arguments)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL for clients; a restart does not change it."""
        return self._endpoint.url

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def log(self) -> str:
        """Everything the server has logged, including before a restart."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def log_tail(self) -> str:
        """The last lines of the server's log."""
        return read_log_tail(self._log)

    def start(self) -> None:
        """Start the server unless it runs, and return when it answers. Raises ServerStartFailed."""
        if self.pid is None:
            self._process = spawn(self._binary, self._arguments, log=self._log, death_signal=signal.SIGKILL)
            wait_until_ready(self._process, self._endpoint, self._log)

    def stop(self) -> None:
        """Let the server save and exit, and return when it has ended."""
        if self._process is not None:
            end(self._process)

    def kill(self) -> None:
        """Kill the server, as kill -9 does, and return when it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """Stop the server if it runs, and start it again on the same data and URL."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop the server and delete its temporary folders. May be called again."""
        self.stop()
        for directory in self._temporary_directories:
            shutil.rmtree(directory, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self.directory / "server.log"

    def _make_temporary_directory(self) -> Path:
        directory = Path(tempfile.mkdtemp(prefix="redisched-")).resolve()
        self._temporary_directories.append(directory)
        return directory

    def _choose_endpoint(self, transport: Transport) -> Endpoint:
        if transport is Transport.LOOPBACK:
            return LoopbackEndpoint(port=find_free_port())
        path = prepare_socket_path(f"private-{secrets.token_hex(8)}")
        self._temporary_directories.append(path.parent)
        return UnixEndpoint(path=path)
