"""Where a server listens, and asking it over there whether it is ready.

The guardian has to start in a few milliseconds, so the two commands needed here are spoken directly instead of loading
a client library.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_ANSWER_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixEndpoint:
    """A Unix socket that only its owner may open."""

    path: Path

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.path))}"

    @property
    def server_arguments(self) -> tuple[str, ...]:
        return ("--port", "0", "--unixsocket", str(self.path), "--unixsocketperm", "700")

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_ANSWER_TIMEOUT_S)
            connection.connect(str(self.path))
        except BaseException:
            connection.close()
            raise
        return connection


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackEndpoint:
    """A TCP port on the loopback interface, open to every user of the machine: for tests that need TCP."""

    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def server_arguments(self) -> tuple[str, ...]:
        return ("--bind", "127.0.0.1", "--port", str(self.port))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=_ANSWER_TIMEOUT_S)


Endpoint = UnixEndpoint | LoopbackEndpoint


def is_ready(endpoint: Endpoint) -> bool:
    """Whether a server answers PING there. One that still loads its data is not ready; a busy or locked one is."""
    try:
        with endpoint.connect() as connection, connection.makefile("rb") as replies:
            connection.sendall(b"PING\r\n")
            reply = replies.readline()
    except OSError:
        return False
    return reply != b"" and not reply.startswith(b"-LOADING")


def read_version(endpoint: Endpoint) -> str | None:
    """Return the server's name and version, such as "valkey 9.1.2", or None when it does not tell."""
    try:
        with endpoint.connect() as connection, connection.makefile("rb") as replies:
            connection.sendall(b"INFO server\r\n")
            header = replies.readline()
            body = replies.read(int(header[1:])) if header.startswith(b"$") else b""
    except OSError:
        return None
    facts = dict(line.split(":", 1) for line in body.decode().splitlines() if ":" in line)
    for name in ("valkey", "redis"):
        if f"{name}_version" in facts:
            return f"{name} {facts[f'{name}_version']}"
    return None
